"""Accounts that documents post to without naming them, and what they refuse."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from simulator.quickbooks import errors
from simulator.quickbooks.books import Journal, journal
from simulator.quickbooks.currency import Exchange
from simulator.quickbooks.lists import build_account
from simulator.quickbooks.state import Record, State
from simulator.quickbooks.wire import ZERO, JsonObject

_DEPOSIT_ACCOUNTS = {"Bank", "Other Current Asset"}


def deposit_account(state: State, asked: JsonObject, exchange: Exchange) -> str:
    """Where the money goes: Undeposited Funds unless named. Raises 6430 or 6000."""
    account = state.refer("Account", asked.get("DepositToAccountRef") or {"value": state.roles["undeposited"]})
    if account.shown["AccountType"] not in _DEPOSIT_ACCOUNTS:
        raise errors.wrong_account_type("DepositToAccountRef")
    require_currency(state, account, exchange)
    return account.id


def require_currency(state: State, account: Record, exchange: Exchange) -> None:
    if account.shown["CurrencyRef"]["value"] not in {state.home_currency, exchange.currency}:
        raise errors.business("The account must be in the home currency or in the currency of the transaction.")


def receivable(state: State, currency: str) -> str:
    """One a currency, made when it is first needed."""
    if currency == state.home_currency:
        return state.roles["receivable"]
    name = f"Accounts Receivable (A/R) - {currency}"
    body = {"Name": name, "AccountType": "Accounts Receivable", "AccountSubType": "AccountsReceivable"}
    return _own(state, f"receivable {currency}", {**body, "CurrencyRef": {"value": currency}})


def payable(state: State) -> str:
    """Made when it is first needed."""
    name = "Accounts Payable (A/P)"
    return _own(
        state, "payable", {"Name": name, "AccountType": "Accounts Payable", "AccountSubType": "AccountsPayable"}
    )


def shrinkage(state: State) -> str:
    """What counts of the stock find missing, or too much. Made when it is first needed."""
    kind = {"AccountType": "Cost of Goods Sold", "AccountSubType": "SuppliesMaterialsCogs"}
    return _own(state, "shrinkage", {"Name": "Inventory Shrinkage", **kind})


def home_journal(state: State, exchange: Exchange, postings: Iterable[tuple[str, Decimal]]) -> Journal:
    """Postings in a document's currency, each turned into home currency by itself; the cents lost are exchange."""
    return balanced(state, [(account, exchange.home(amount)) for account, amount in postings])


def balanced(state: State, postings: Iterable[tuple[str, Decimal]]) -> Journal:
    """Postings in home currency; what they are off by was gained or lost in exchange."""
    found = list(postings)
    off = sum((amount for _, amount in found), ZERO)
    return journal([*found, (_exchange_account(state), -off)] if off else found)


def in_own_currency(state: State, postings: Iterable[tuple[str, Decimal]]) -> Mapping[str, Decimal]:
    """What postings in a document's currency do to the accounts that are kept in it."""
    found: dict[str, Decimal] = {}
    for account, amount in postings:
        if state.get("Account", account).shown["CurrencyRef"]["value"] != state.home_currency:
            found[account] = found.get(account, ZERO) + amount
    return found


def _exchange_account(state: State) -> str:
    name = "Exchange Gain or Loss"
    return _own(
        state, "exchange", {"Name": name, "AccountType": "Other Expense", "AccountSubType": "ExchangeGainOrLoss"}
    )


def _own(state: State, role: str, body: JsonObject) -> str:
    if role not in state.roles:
        now = state.now()
        record = Record(entity="Account", id=state.new_id("Account"), created=now, updated=now)
        state.put(record, build_account(state, body, None))
        state.roles[role] = record.id
    return state.roles[role]
