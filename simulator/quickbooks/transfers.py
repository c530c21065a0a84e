"""Builder of transfers: money from one account of the balance sheet to another."""

from __future__ import annotations

from decimal import Decimal

from simulator.quickbooks import errors
from simulator.quickbooks.accounts import home_journal, in_own_currency
from simulator.quickbooks.currency import exchange_of
from simulator.quickbooks.state import Draft, Effects, Record, State
from simulator.quickbooks.validate import require
from simulator.quickbooks.wire import JsonObject, money

_SIDES = ("FromAccountRef", "ToAccountRef")
_CLASSIFICATIONS = frozenset({"Asset", "Liability", "Equity"})
_OF_PEOPLE = frozenset({"Accounts Receivable", "Accounts Payable"})
_TAKEN_OVER = frozenset({"PrivateNote", *_SIDES})


def build_transfer(state: State, asked: JsonObject, old: Record | None) -> Draft:
    del old
    require(asked, [*_SIDES, "Amount"])
    amount = money(Decimal(asked["Amount"]))
    if amount <= 0:
        raise errors.business("The amount of a transfer must be greater than 0.")
    source, target = (_account(state, asked, side) for side in _SIDES)
    if source is target:
        raise errors.business("Money can't be transferred to the account that it comes from.")
    issued = asked.get("TxnDate") or state.now().date().isoformat()
    exchange = exchange_of(state, asked, issued)
    _check_currencies(state, exchange.currency, source, target)
    postings = [(target.id, amount), (source.id, -amount)]
    return Draft(
        asked={**asked, "TxnDate": issued, **exchange.kept},
        shown={
            **{name: each for name, each in asked.items() if name in _TAKEN_OVER},
            "TxnDate": issued,
            "CurrencyRef": {"value": exchange.currency},
            **exchange.kept,
            "Amount": amount,
        },
        effects=Effects(journal=home_journal(state, exchange, postings), foreign=in_own_currency(state, postings)),
    )


def _account(state: State, asked: JsonObject, side: str) -> Record:
    account = state.refer("Account", asked[side])
    if account.shown["Classification"] not in _CLASSIFICATIONS or account.shown["AccountType"] in _OF_PEOPLE:
        raise errors.wrong_account_type(side)
    return account


def _check_currencies(state: State, currency: str, *accounts: Record) -> None:
    """One foreign currency at a time, and the transfer is in it."""
    foreign = {account.shown["CurrencyRef"]["value"] for account in accounts} - {state.home_currency}
    if len(foreign) > 1:
        raise errors.business("Transactions can have only one foreign currency at a time.")
    if {currency} != (foreign or {state.home_currency}):
        raise errors.business("The currency of the transfer must be the currency of its accounts.")
