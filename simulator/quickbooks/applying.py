"""What the company settles by itself, the oldest first: with AutoApplyPayments open invoices by payments that nobody
linked, with AutoApplyCredit by credit memos, for which it makes payments of nothing."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from simulator.quickbooks.payments import build_payment
from simulator.quickbooks.state import Record, State
from simulator.quickbooks.wire import ZERO


def apply_payments(state: State, made: Record) -> None:
    """After an invoice or a payment was made."""
    if not state.preference("SalesFormsPrefs", "AutoApplyPayments"):
        return
    customer = made.shown.get("CustomerRef")
    if made.entity == "Payment":
        for invoice in _of(state, "Invoice", customer):
            _settle(state, made, invoice)
    if made.entity == "Invoice":
        for payment in _of(state, "Payment", customer):
            _settle(state, payment, made)
            if payment.id in made.links:
                payment.sync_token += 1


def apply_credits(state: State, made: Record) -> None:
    """After an invoice or a credit memo was made."""
    if not state.preference("SalesFormsPrefs", "AutoApplyCredit"):
        return
    customer = made.shown.get("CustomerRef")
    if made.entity == "CreditMemo":
        for invoice in _of(state, "Invoice", customer):
            _use(state, made, memo=made, invoice=invoice)
    if made.entity == "Invoice":
        for memo in _of(state, "CreditMemo", customer):
            _use(state, made, memo=memo, invoice=made)


def _use(state: State, made: Record, *, memo: Record, invoice: Record) -> None:
    amount = min(memo.open_amount, invoice.open_amount)
    if amount <= 0:
        return
    asked = {
        **{name: made.shown[name] for name in ("CustomerRef", "TxnDate", "CurrencyRef")},
        "TotalAmt": ZERO,
        "PrivateNote": "Created by QB Online to link credits to charges.",
        "Line": [
            {"Amount": amount, "LinkedTxn": [{"TxnId": each.id, "TxnType": each.entity}]} for each in (invoice, memo)
        ],
    }
    draft = build_payment(state, asked, None)
    now = state.now()
    state.put(Record(entity="Payment", id=state.new_id("Payment"), created=now, updated=now), draft)


def _of(state: State, entity: str, customer: object) -> Iterator[Record]:
    """What the running batch has made cannot be seen yet."""
    found = [each for each in state.records(entity) if each.shown.get("CustomerRef") == customer]
    yield from sorted((each for each in found if each.key not in state.fresh), key=_age)


def _age(record: Record) -> tuple[str, int]:
    return record.shown["TxnDate"], int(record.id)


def _settle(state: State, payment: Record, invoice: Record) -> None:
    amount = min(Decimal(payment.shown["UnappliedAmt"]), invoice.open_amount)
    if amount > 0:
        line = {"Amount": amount, "LinkedTxn": [{"TxnId": invoice.id, "TxnType": "Invoice"}]}
        asked = {**payment.asked, "Line": [*(payment.asked.get("Line") or []), line]}
        state.put(payment, build_payment(state, asked, payment))
