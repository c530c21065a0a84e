"""What the settings of refunds need of the company, before anything goes back."""

from __future__ import annotations

from collections.abc import Iterator

from cartledger.errors import Problem
from cartledger.settings import Connection
from mapping.checks.findings import Finding, note, warning
from mapping.checks.named import INCOME, Key, check_item, check_money_account
from mapping.company import Account, Company

_RESTOCKS = "The store puts refunded goods back to stock, and so do their refunds in QuickBooks."
_RESTOCKS_NOT = "The store puts no refunded goods back to stock: their refunds name refunds.no_restock_product."


def check_refunds(connection: Connection, company: Company, *, restocks: bool | None) -> Iterator[Finding]:
    """All findings at once, none without the workflow. `restocks`: whether the store puts refunded goods back to stock,
    None where that was not asked or told."""
    if not connection.records_refunds:
        return
    for key, name, currency in _accounts(connection):
        yield from check_money_account(key, name, currency, company)
        yield from _check_clearing(key, name, connection, company, currency=currency or company.home_currency)
    yield from _check_products(connection, company)
    yield from _check_open_invoices(connection, company)
    if connection.refunds.restock == "shop" and restocks is not None:
        yield note("restocking", _RESTOCKS if restocks else _RESTOCKS_NOT, key=("refunds", "restock"))


def _accounts(connection: Connection) -> Iterator[tuple[Key, str, str]]:
    """Setting, account, and the currency of the orders that it is for, "" for the company's own."""
    refunds = connection.refunds
    if refunds.account is not None:
        yield ("refunds", "account"), refunds.account, ""
    for currency, name in refunds.accounts.items():
        yield ("refunds", "accounts", currency), name, currency


def _check_clearing(
    key: Key, name: str, connection: Connection, company: Company, *, currency: str
) -> Iterator[Finding]:
    """A payment provider pays out what came less what went back: of one clearing account only where both are on it."""
    account = company.account(name)
    if isinstance(account, Problem):
        return
    payments = connection.payments
    names = {payments.of(method, currency).account for method in ("", *payments.methods)}
    found = (company.account(each) for each in sorted(filter(None, names)))
    others = {each.id: each.name for each in found if isinstance(each, Account) and each.id != account.id}
    if others:
        *first, last = (f'"{each}"' for each in others.values())
        came = f"{', '.join(first)} and {last}" if first else last
        text = f'Money comes to {came}, and refunds leave "{account.name}": payouts will not tie to what these hold.'
        fix = "Take it out, and refunds leave the account of the sale's payment method."
        yield warning("refund_account_differs", text, fix, key=key)


def _check_products(connection: Connection, company: Company) -> Iterator[Finding]:
    for setting in ("no_restock_product", "adjustment_product"):
        name = getattr(connection.refunds, setting)
        if name is not None:
            yield from check_item(("refunds", setting), name, INCOME, company, counted=False)
    if connection.refunds.adjustment_product is None:
        text = "refunds.adjustment_product is not set: refunds of an amount without goods will be held."
        yield warning("no_adjustment_product", text, "Set it to an item that posts to sales returns.")


def _check_open_invoices(connection: Connection, company: Company) -> Iterator[Finding]:
    """What goes back of an invoice that is not wholly paid needs a credit memo, and money an account to leave from."""
    if connection.sales.post_as == "sales_receipt" and connection.payments.multi_tender == "hold":
        return
    if company.applies_credits and connection.sales.tenders_on_invoice == "line":
        text = "QuickBooks applies credits by itself in this company: refunds of unpaid invoices will be held."
        fix = 'Switch "Automatically apply credits" off in QuickBooks (Advanced, Automation).'
        yield warning("applies_credits", text, fix)
    receivable = company.receivable(company.home_currency)
    if isinstance(receivable, Problem):
        several = "no" if receivable.code == "no_receivable" else "several"
        text = f"QuickBooks has {several} active accounts of type Accounts Receivable in {company.home_currency}: "
        yield warning(
            receivable.code, f"{text}refunds of partly paid invoices will be held.", "Leave exactly one active."
        )
