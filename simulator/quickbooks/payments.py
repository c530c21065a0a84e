"""Builder of payments: money in, and which invoices and credit memos it settles."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from simulator.quickbooks import errors
from simulator.quickbooks.accounts import balanced, deposit_account, in_own_currency, receivable
from simulator.quickbooks.books import DocumentKey
from simulator.quickbooks.currency import PAR, Exchange, exchange_of
from simulator.quickbooks.errors import FaultError
from simulator.quickbooks.state import Applied, Draft, Effects, Record, State
from simulator.quickbooks.validate import require
from simulator.quickbooks.wire import ZERO, JsonObject, money

_SIGNS = {"Invoice": 1, "CreditMemo": -1}
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
    unapplied = total - sum((_SIGNS[kind] * each.amount for (kind, _), each in applied.items()), ZERO)
    if unapplied < 0:
        raise errors.business("The amount applied can't be more than the amount received and the credits used.")
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
            "Line": [_shown_line(key, each.amount) for key, each in applied.items()],
        },
        effects=_effects(state, customer, deposit, exchange, total, unapplied, applied),
    )


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
        for kind, document, amount in _links(line):
            found[kind, document] += amount
    return {key: _settling(_open_document(state, key, customer), amount, old) for key, amount in found.items()}


def _links(line: JsonObject) -> Iterator[tuple[str, str, Decimal]]:
    if "Amount" not in line:
        raise FaultError(errors=[errors.required("Line.Amount")])
    links = line.get("LinkedTxn") or []
    if len(links) != 1:
        raise FaultError(errors=[errors.required("Line.LinkedTxn")])
    link: Any = links[0]
    if link.get("TxnType") not in _SIGNS:
        raise errors.cannot_link(f"TxnType {link.get('TxnType')} is not simulated.")
    yield link["TxnType"], str(link.get("TxnId")), money(Decimal(line["Amount"]))


def _open_document(state: State, key: DocumentKey, customer: Record) -> Record:
    document = state.find(*key)
    if document is None or key in state.fresh:
        raise errors.not_found()
    if document.shown["CustomerRef"]["value"] != customer.id:
        raise errors.cannot_link("The transaction belongs to another customer.")
    return document


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


def _shown_line(key: DocumentKey, amount: Decimal) -> JsonObject:
    return {"Amount": money(amount), "LinkedTxn": [{"TxnId": key[1], "TxnType": key[0]}]}


def without_link(asked: JsonObject, key: DocumentKey) -> JsonObject:
    """The payment as asked for, no longer settling that document."""
    lines = [line for line in asked.get("Line") or [] if (key[0], key[1]) not in {each[:2] for each in _links(line)}]
    return {**asked, "Line": lines}
