"""Builder of payments: money in, and which invoices and credit memos it settles."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from simulator.quickbooks import errors
from simulator.quickbooks.books import DocumentKey, journal
from simulator.quickbooks.errors import FaultError
from simulator.quickbooks.lists import refuse_foreign_currency
from simulator.quickbooks.sales import DEPOSIT_ACCOUNTS
from simulator.quickbooks.state import Draft, Effects, Record, State
from simulator.quickbooks.validate import require
from simulator.quickbooks.wire import ZERO, JsonObject, money

_SIGNS = {"Invoice": 1, "CreditMemo": -1}
_NOT_TAKEN_OVER = frozenset(
    {"TotalAmt", "UnappliedAmt", "ExchangeRate", "DocNumber", "LinkedTxn", "TxnTaxDetail", "Line"}
)


def build_payment(state: State, asked: JsonObject, old: Record | None) -> Draft:
    require(asked, ["TotalAmt", "CustomerRef"])
    refuse_foreign_currency(state, asked)
    customer = state.refer("Customer", asked["CustomerRef"])
    total = money(Decimal(asked["TotalAmt"]))
    if total < 0:
        raise errors.fault(errors.negative_amount("TotalAmt"))
    if asked.get("PaymentMethodRef"):
        state.refer("PaymentMethod", asked["PaymentMethodRef"])
    deposit = _deposit_account(state, asked)
    applied = _applied(state, asked, customer, old)
    unapplied = total - sum((_SIGNS[kind] * amount for (kind, _), amount in applied.items()), ZERO)
    if unapplied < 0:
        raise errors.business("The amount applied can't be more than the amount received and the credits used.")
    issued = asked.get("TxnDate") or state.now().date().isoformat()
    return Draft(
        asked={**asked, "TxnDate": issued},
        shown={
            "ProcessPayment": False,
            **{name: each for name, each in asked.items() if name not in _NOT_TAKEN_OVER},
            "TxnDate": issued,
            "DepositToAccountRef": {"value": deposit},
            "CurrencyRef": {"value": state.home_currency},
            "TotalAmt": total,
            "UnappliedAmt": money(unapplied),
            "Line": [_shown_line(key, amount) for key, amount in applied.items()],
        },
        effects=Effects(
            journal=journal([(deposit, total), (state.roles["receivable"], -total)]),
            owed={customer.id: -total},
            applied=applied,
        ),
    )


def _deposit_account(state: State, asked: JsonObject) -> str:
    account = state.refer("Account", asked.get("DepositToAccountRef") or {"value": state.roles["undeposited"]})
    if account.shown["AccountType"] not in DEPOSIT_ACCOUNTS:
        raise errors.wrong_account_type("DepositToAccountRef")
    return account.id


def _applied(state: State, asked: JsonObject, customer: Record, old: Record | None) -> Mapping[DocumentKey, Decimal]:
    found: dict[DocumentKey, Decimal] = defaultdict(Decimal)
    for line in asked.get("Line") or []:
        for kind, document, amount in _links(line):
            found[kind, document] += amount
    for key, amount in found.items():
        _check_open(state, key, amount, customer, old)
    return dict(found)


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


def _check_open(state: State, key: DocumentKey, amount: Decimal, customer: Record, old: Record | None) -> None:
    document = state.find(*key)
    if document is None or key in state.fresh:
        raise errors.not_found()
    if document.shown["CustomerRef"]["value"] != customer.id:
        raise errors.cannot_link("The transaction belongs to another customer.")
    own = document.links.get(old.id, ZERO) if old else ZERO
    if amount < 0:
        raise errors.fault(errors.negative_amount("Line.Amount"))
    if amount > document.open_amount + own:
        raise errors.business("The amount applied can't be more than the open balance of the transaction.")


def _shown_line(key: DocumentKey, amount: Decimal) -> JsonObject:
    return {"Amount": money(amount), "LinkedTxn": [{"TxnId": key[1], "TxnType": key[0]}]}


def without_link(asked: JsonObject, key: DocumentKey) -> JsonObject:
    """The payment as asked for, no longer settling that document."""
    lines = [line for line in asked.get("Line") or [] if (key[0], key[1]) not in {each[:2] for each in _links(line)}]
    return {**asked, "Line": lines}
