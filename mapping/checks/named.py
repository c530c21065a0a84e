"""What settings name, accounts and items, against what the company has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cartledger.errors import Problem
from mapping.checks.findings import Finding, at, problem
from mapping.company import Account, Company, Item

Key = tuple[str, ...]

INCOME = frozenset({"Income", "Other Income"})

_CLEARING = frozenset({"Bank", "Other Current Asset"})


def check_money_account(key: Key, name: str, currency: str, company: Company) -> Iterator[Finding]:
    """One that money comes to or leaves; `currency` of the orders that it is for, "" for the company's own."""
    found, home = company.account(name), company.home_currency
    if isinstance(found, Problem):
        yield at(key, found)
    elif found.type not in _CLEARING:
        yield wrong_type(key, f'the account "{found.name}" is of type {found.type}', _CLEARING)
    elif found.currency not in {"", home, currency or home}:
        text = f'The account "{found.name}" is kept in {found.currency}.'
        allowed = f"{currency} or {home}" if currency else home
        yield problem("account_currency", text, f"It must be kept in {allowed}.", key=key)


def check_item(
    key: Key, name: str, types: frozenset[str] | None, company: Company, *, counted: bool = True
) -> Iterator[Finding]:
    """One that lines name. `types` are those of accounts that it may post to, None for any; `counted`: it may be one
    whose stock QuickBooks keeps."""
    found = company.item(name)
    if isinstance(found, Problem):
        yield at(key, found)
    elif found.type == "Group":
        text = f'The item "{found.name}" is a QuickBooks bundle, which a sales line cannot name.'
        yield problem("bundle_item", text, "Name an ordinary item.", key=key)
    elif found.type == "Inventory" and not counted:
        text = f'QuickBooks keeps the stock of the item "{found.name}", and nothing goes back to stock by it.'
        yield problem("inventory_item", text, "Name a service or a non-inventory item.", key=key)
    elif types is not None:
        account = company.accounts_by_id.get(found.income_account)
        if account is None or account.type not in types:
            yield wrong_type(key, _posts_to(found, account), types)


def _posts_to(item: Item, account: Account | None) -> str:
    if account is None:
        return f'the item "{item.name}" posts to no known account'
    return f'the item "{item.name}" posts to "{account.name}" of type {account.type}'


def wrong_type(key: Key, what: str, types: Iterable[str]) -> Finding:
    allowed = " or ".join(sorted(types))
    return problem("wrong_account_type", f"{what[0].upper()}{what[1:]}.", f"It must be {allowed}.", key=key)
