"""Every name in a connection's settings against the company, before anything is posted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

from cartledger.errors import Problem
from cartledger.settings import Connection, nearest
from mapping.checks.findings import Finding, at, note, problem, warning
from mapping.checks.named import INCOME, Key, check_item, check_money_account, wrong_type
from mapping.company import Company, TaxCode, TaxMode, fold
from mapping.item import ITEM_ACCOUNTS
from mapping.tax.line_codes import code_with_rate

_LIABILITY = frozenset({"Other Current Liability", "Long Term Liability"})
ITEM_SETTINGS: Mapping[str, frozenset[str] | None] = {
    "default_product": None,
    "gift_card_product": _LIABILITY,
    "store_credit_product": _LIABILITY,
    "discount_product": INCOME,
    "rounding_product": None,
    "shipping_item": None,
    "handling_item": None,
    "wrapping_item": None,
    "fee_item": None,
}
"""The types of account that the item of each setting may post to; None for any."""


def check_connection(connection: Connection, company: Company, *, store_currency: str = "") -> tuple[Finding, ...]:
    """All findings at once. `store_currency` is the shop's default currency, "" where it is not known."""
    return (
        *_check_currency(connection, company, store_currency),
        *_check_closing(connection, company),
        *_check_money_accounts(connection, company),
        *_check_product_accounts(connection, company),
        *_check_items(connection, company),
        *_check_tracking(connection, company),
        *_check_forms(connection, company),
        *_check_custom_fields(connection, company),
        *_check_tax(connection, company),
        *_check_numbers(connection, company),
        *_check_automation(connection, company),
    )


def _check_currency(connection: Connection, company: Company, store_currency: str) -> Iterator[Finding]:
    home = company.home_currency
    if store_currency and store_currency != home and not company.multicurrency:
        text = f"The shop sells in {store_currency}, the company's books are in {home} and know no other currency."
        fix = "Connect the shop's own company, or switch on several currencies in QuickBooks (that is for good)."
        yield problem("foreign_currency", text, fix)
    if company.multicurrency:
        yield from _check_shop_rate(connection, home, store_currency)
        return
    named = {("payments", "default_accounts"): connection.payments.default_accounts} | {
        ("payments", "methods", method, "accounts"): mapped.accounts
        for method, mapped in connection.payments.methods.items()
    }
    named |= {("refunds", "accounts"): connection.refunds.accounts}
    for key, accounts in named.items():
        for currency in accounts:
            text = f"The company keeps its books in {home} alone: orders in {currency} will be held."
            yield warning("one_currency", text, "Switch on several currencies in QuickBooks.", key=(*key, currency))


def _check_shop_rate(connection: Connection, home: str, store_currency: str) -> Iterator[Finding]:
    if connection.sales.exchange_rate == "shop" and store_currency not in ("", home):
        text = f"The shop's exchange rates are of {store_currency}, and the company's books are in {home}."
        fix = 'Set sales.exchange_rate = "company": orders in other currencies will be held.'
        yield problem("shop_rate_unusable", text, fix, key=("sales", "exchange_rate"))


def _check_closing(connection: Connection, company: Company) -> Iterator[Finding]:
    closed = company.book_close_date
    if closed is None:
        return
    first, anew = closed + timedelta(days=1), connection.closed_books == "first_open_day"
    what = f"is booked on {first}, with its own day in the note" if anew else "is held"
    text = f"The company's books are closed up to {closed}: what is heard of a day up to then {what}."
    yield note("closing_date", text, key=("closed_books",))
    if connection.start_date <= closed and not anew:
        text = f"The company's books are closed up to {closed}: orders from {connection.start_date} on till then will "
        fix = f"Set start_date = {first}, or open the books."
        yield warning("books_closed", f"{text}be held.", fix, key=("start_date",))


def _check_money_accounts(connection: Connection, company: Company) -> Iterator[Finding]:
    for key, name, currency in _money_accounts(connection):
        yield from check_money_account(key, name, currency, company)
    for method, mapped in connection.payments.methods.items():
        if mapped.method is not None:
            known = company.payment_method(mapped.method)
            if isinstance(known, Problem):
                yield at(("payments", "methods", method, "method"), known)


def _money_accounts(connection: Connection) -> Iterator[tuple[Key, str, str]]:
    """Setting, account, and the currency of the orders that it is for, "" for the company's own."""
    payments = connection.payments
    if payments.default_account is not None:
        yield ("payments", "default_account"), payments.default_account, ""
    for currency, name in payments.default_accounts.items():
        yield ("payments", "default_accounts", currency), name, currency
    for method, mapped in payments.methods.items():
        if mapped.account is not None:
            yield ("payments", "methods", method, "account"), mapped.account, ""
        for currency, name in mapped.accounts.items():
            yield ("payments", "methods", method, "accounts", currency), name, currency


def _check_product_accounts(connection: Connection, company: Company) -> Iterator[Finding]:
    for section, references in ITEM_ACCOUNTS.items():
        accounts = getattr(connection.products, section)
        for setting, types in references.values() if accounts else ():
            key, found = ("products", section, setting), company.account(getattr(accounts, setting))
            if isinstance(found, Problem):
                yield at(key, found)
            elif found.type not in types:
                yield wrong_type(key, f'the account "{found.name}" is of type {found.type}', types)


def _check_items(connection: Connection, company: Company) -> Iterator[Finding]:
    for setting, types in ITEM_SETTINGS.items():
        name = getattr(connection.sales, setting)
        if name is not None:
            yield from check_item(("sales", setting), name, types, company)


def _check_tracking(connection: Connection, company: Company) -> Iterator[Finding]:
    sales, tracking = connection.sales, company.tracking
    classes = tracking.class_per_document or tracking.class_per_line
    for what, name, look_up, tracked in (
        ("class", sales.class_, company.class_, classes),
        ("location", sales.location, company.location, tracking.locations),
    ):
        if name is None:
            continue
        key, found = ("sales", what), look_up(name)
        if isinstance(found, Problem):
            yield at(key, found)
        if not tracked:
            fix = f"Switch it on there (Advanced, Categories), or take sales.{what} out."
            yield problem(f"{what}_not_tracked", f"{what.title()} tracking is off in QuickBooks.", fix, key=key)


def _check_forms(connection: Connection, company: Company) -> Iterator[Finding]:
    sales = connection.sales
    if sales.shipping_item is None and not company.allows_shipping:
        text = "sales.shipping_item is not set, and the company does not use QuickBooks' shipping field."
        fix = "Set sales.shipping_item, or switch shipping on in QuickBooks under Sales."
        yield problem("no_shipping_item", text, fix)
    if sales.discount_product is None and not company.allows_discount:
        text = "sales.discount_product is not set, and the company does not use QuickBooks' discount field."
        fix = "Set sales.discount_product, or switch discounts on in QuickBooks under Sales."
        yield problem("no_discount_product", text, fix)
    if sales.allow_credit_card_payments and not company.takes_cards:
        text = "The company takes no cards on its invoices, so that the switch does nothing."
        fix = "Set up QuickBooks Payments, or take it out."
        yield warning("takes_no_cards", text, fix, key=("sales", "allow_credit_card_payments"))
    if sales.use_default_customer_message and not company.customer_message:
        text = "The company has no message of its own, so that documents will have none."
        fix = "Write it in QuickBooks under Sales, Messages, or take it out."
        yield warning("no_customer_message", text, fix, key=("sales", "use_default_customer_message"))


def _check_custom_fields(connection: Connection, company: Company) -> Iterator[Finding]:
    for name in connection.sales.custom_fields:
        if fold(name) not in company.custom_fields:
            hint = nearest(name, company.custom_fields)
            text = f'QuickBooks has no custom field "{name}" on sales forms.{hint}'
            fix = "Switch it on in QuickBooks under Sales, or name another one."
            yield problem("no_custom_field", text, "" if hint else fix, key=("sales", "custom_fields", name))


def _check_tax(connection: Connection, company: Company) -> Iterator[Finding]:
    per_line = company.tax_mode is TaxMode.PER_LINE
    for row, name in connection.tax.map.items():
        found = company.tax_code(name)
        without_tax = per_line and connection.tax.split(row)[0] == connection.tax.WITHOUT
        unfit = found if isinstance(found, Problem) else _unfit_code(found, company, without_tax=without_tax)
        if unfit is not None:
            yield at(("tax", "map", row), unfit)
    if company.tax_mode in (TaxMode.PLAIN, TaxMode.PER_LINE) and not connection.tax.map:
        fix = 'Add "*" = "your tax code", or a line for each of the shop\'s taxes (`cartledger taxes` lists them).'
        yield warning("unmapped_tax", "tax.map is empty: orders with tax will be held.", fix)
    if per_line:
        yield from _check_out_of_scope(connection, company)


def _unfit_code(code: TaxCode, company: Company, *, without_tax: bool) -> Problem | None:
    """Why a row of tax.map cannot name this code. With a code on every line, one of 0 % is for lines without tax."""
    if company.automated_tax or (code.percent > 0 and not without_tax):
        return None
    if company.tax_mode is not TaxMode.PER_LINE:
        text = f'The tax code "{code.name}" has a rate of 0 %.'
        return Problem(code="tax_code_without_rate", text=text, fix="Name one with a rate.")
    return None if code.zero else code_with_rate(code)


def _check_out_of_scope(connection: Connection, company: Company) -> Iterator[Finding]:
    name, key = connection.tax.out_of_scope, ("tax", "out_of_scope")
    needing = ("gift_card_product", "store_credit_product", "rounding_product")
    wanted = [f"sales.{setting}" for setting in needing if getattr(connection.sales, setting)]
    wanted += ["refunds.adjustment_product"] if connection.refunds.adjustment_product else []
    if name is None and wanted:
        text = f"tax.out_of_scope is not set: orders with lines of {', '.join(wanted)} will be held."
        yield warning("no_out_of_scope", text, 'Name the tax code of no supply ("No VAT", "BAS Excluded").')
    if name is not None:
        found = company.tax_code(name)
        if isinstance(found, Problem):
            yield at(key, found)
        elif not found.zero:
            yield at(key, code_with_rate(found))


def _check_numbers(connection: Connection, company: Company) -> Iterator[Finding]:
    if connection.sales.automatic_numbers:
        return
    if not connection.sales.number_prefix:
        text = "sales.number_prefix is empty: documents are numbered 1234, like the company's own."
        yield warning("no_number_prefix", text, 'Set it, for instance to "BC".')
    if not company.custom_numbers:
        text = "Custom transaction numbers are off in QuickBooks: its own numbering may go on from the orders' numbers."
        fix = "Switch them on in QuickBooks under Sales, or set sales.automatic_numbers = true."
        yield warning("custom_numbers_off", text, fix)


def _check_automation(connection: Connection, company: Company) -> Iterator[Finding]:
    if company.applies_credits and connection.sales.tenders_on_invoice == "credit_memo":
        text = "QuickBooks applies credits by itself in this company: the memo of one order may pay another invoice."
        fix = 'Switch "Automatically apply credits" off in QuickBooks (Advanced, Automation), or set it to "line".'
        yield problem("applies_credits", text, fix, key=("sales", "tenders_on_invoice"))
