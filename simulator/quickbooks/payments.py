"""Builder of payments: money in, and which invoices and credit memos it settles."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

from simulator.quickbooks import errors
from simulator.quickbooks.accounts import balanced, deposit_account, in_own_currency, receivable
from simulator.quickbooks.books import DocumentKey
from simulator.quickbooks.currency import PAR, Exchange, exchange_of
from simulator.quickbooks.errors import FaultError
from simulator.quickbooks.purchases import linked_as
from simulator.quickbooks.state import Applied, Draft, Effects, Record, State
from simulator.quickbooks.validate import require
from simulator.quickbooks.wire import ZERO, JsonObject, money

_SIGNS = {"Invoice": 1, "CreditMemo": -1, "Purchase": 1}
"""Charges and credits: a payment settles charges with the credits that it uses and the money that it brings."""

_SETTLED = {"Invoice": "Invoice", "CreditMemo": "CreditMemo", "Check": "Purchase", "Expense": "Purchase"}
"""TxnType -> entity. A purchase goes by what kind of purchase it is."""

_NOTHING = Applied(ZERO, ZERO)
_NOT_TAKEN_OVER = frozenset(
    {"TotalAmt", "UnappliedAmt", "ExchangeRate", "DocNumber", "LinkedTxn", "TxnTaxDetail", "Line"}
)


def build_payment(state: State, asked: JsonObject, old: Record | None) -> Draft:
    require(asked, ["TotalAmt", "CustomerRef"])
    issued = asked.get("TxnDate") or state.now().date().isoformat()
    exchange = exchange_of(state, asked, issued)
    customer = state.refer("Customer", asked["CustomerRef"])
    total = money(Decimal(asked["TotalAmt"]))
    if total < 0:
        raise errors.fault(errors.negative_amount("TotalAmt"))
    if asked.get("PaymentMethodRef"):
        state.refer("PaymentMethod", asked["PaymentMethodRef"])
    deposit = deposit_account(state, asked, exchange)
    applied = _applied(state, asked, customer, old)
    unapplied = _unapplied(total, applied)
    return Draft(
        asked={**asked, "TxnDate": issued, **exchange.kept},
        shown={
            "ProcessPayment": False,
            **{name: each for name, each in asked.items() if name not in _NOT_TAKEN_OVER},
            "TxnDate": issued,
            "DepositToAccountRef": {"value": deposit},
            **exchange.shown(total),
            "TotalAmt": total,
            "UnappliedAmt": money(unapplied),
            "Line": [_shown_line(state, key, each.amount) for key, each in applied.items()],
        },
        effects=_effects(state, customer, deposit, exchange, total, unapplied, applied),
    )


def _unapplied(total: Decimal, applied: Mapping[DocumentKey, Applied]) -> Decimal:
    charges, credit = (
        sum((each.amount for (kind, _), each in applied.items() if _SIGNS[kind] == sign), ZERO) for sign in (1, -1)
    )
    if charges > total + credit:
        raise errors.business("The amount applied can't be more than the amount received and the credits used.")
    if credit > charges:
        raise errors.business("The credits used can't be more than what they are applied to.")
    return total + credit - charges


def _effects(
    state: State,
    customer: Record,
    deposit: str,
    exchange: Exchange,
    total: Decimal,
    unapplied: Decimal,
    applied: Mapping[DocumentKey, Applied],
) -> Effects:
    """What is settled leaves the receivables at what it came in at; the difference was gained or lost since then."""
    owed = receivable(state, exchange.currency)
    settled = sum((_SIGNS[kind] * each.home for (kind, _), each in applied.items()), exchange.home(unapplied))
    return Effects(
        journal=balanced(state, [(deposit, exchange.home(total)), (owed, -settled)]),
        foreign=in_own_currency(state, [(deposit, total), (owed, -total)]),
        owed={customer.id: -total},
        applied=applied,
    )


def _applied(state: State, asked: JsonObject, customer: Record, old: Record | None) -> Mapping[DocumentKey, Applied]:
    found: dict[DocumentKey, Decimal] = defaultdict(Decimal)
    for line in asked.get("Line") or []:
        found[_open_document(state, _link(line), customer).key] += money(Decimal(line["Amount"]))
    return {key: _settling(state.get(*key), amount, old) for key, amount in found.items()}


def _link(line: JsonObject) -> JsonObject:
    if "Amount" not in line:
        raise FaultError(errors=[errors.required("Line.Amount")])
    links = line.get("LinkedTxn") or []
    if len(links) != 1:
        raise FaultError(errors=[errors.required("Line.LinkedTxn")])
    link: JsonObject = links[0]
    if link.get("TxnType") not in _SETTLED:
        raise errors.cannot_link(f"TxnType {link.get('TxnType')} is not simulated.")
    return link


def _key(line: JsonObject) -> DocumentKey:
    link = _link(line)
    return _SETTLED[link["TxnType"]], str(link.get("TxnId"))


def _open_document(state: State, link: JsonObject, customer: Record) -> Record:
    key = (_SETTLED[link["TxnType"]], str(link.get("TxnId")))
    document = state.find(*key)
    if document is None or key in state.fresh or _txn_type(document) != link["TxnType"]:
        raise errors.not_found()
    if _customer_of(document) != customer.id:
        raise errors.cannot_link("The transaction belongs to another customer.")
    return document


def _txn_type(document: Record) -> str:
    return linked_as(document) if document.entity == "Purchase" else document.entity


def _customer_of(document: Record) -> str | None:
    """A purchase is a customer's only where it has a line on the receivables."""
    if document.entity == "Purchase":
        return next(iter(document.effects.owed), None)
    customer: str = document.shown["CustomerRef"]["value"]
    return customer


def _settling(document: Record, amount: Decimal, old: Record | None) -> Applied:
    """What closes a document takes all that is left of it at home, whatever the cents of earlier parts came to."""
    own = document.links.get(old.id, _NOTHING) if old else _NOTHING
    left = document.open_amount + own.amount
    if amount < 0:
        raise errors.fault(errors.negative_amount("Line.Amount"))
    if amount > left:
        raise errors.business("The amount applied can't be more than the open balance of the transaction.")
    if amount == left:
        return Applied(amount, document.open_at_home + own.home)
    return Applied(amount, money(amount * document.shown.get("ExchangeRate", PAR)))


def _shown_line(state: State, key: DocumentKey, amount: Decimal) -> JsonObject:
    return {"Amount": money(amount), "LinkedTxn": [{"TxnId": key[1], "TxnType": _txn_type(state.get(*key))}]}


def released(asked: JsonObject, key: DocumentKey, amount: Decimal | None = None) -> JsonObject:
    """The payment as asked for, settling that much less of a document, or nothing of it any more.

    What it settled the document with, or by it, goes with it, the latest lines first.
    """
    lines = asked.get("Line") or []
    of_document = [line for line in lines if _key(line) == key]
    lines = _lessened(lines, of_document, by=_sum(of_document) if amount is None else amount)
    charges, credits_ = ([line for line in lines if _SIGNS[_key(line)[0]] == sign] for sign in (1, -1))
    lines = _lessened(lines, charges, by=_sum(charges) - _sum(credits_) - Decimal(asked["TotalAmt"]))
    return {**asked, "Line": _lessened(lines, credits_, by=_sum(credits_) - _sum(charges))}


def _sum(lines: Sequence[JsonObject]) -> Decimal:
    return sum((money(Decimal(line["Amount"])) for line in lines), ZERO)


def _lessened(lines: Sequence[JsonObject], which: Sequence[JsonObject], *, by: Decimal) -> list[JsonObject]:
    kept: list[JsonObject] = []
    left = max(by, ZERO)
    for line in reversed(lines):
        off = min(left, Decimal(line["Amount"])) if line in which else ZERO
        left -= off
        if off < line["Amount"]:
            kept.insert(0, {**line, "Amount": Decimal(line["Amount"]) - off})
    return kept
