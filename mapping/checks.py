"""What `cartledger check` asks of settings, company and catalogue."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cartledger.errors import Problem
from cartledger.settings import Connection
from mapping.company import Account, Company, Item, TaxCode, TaxMode, fold
from mapping.line_codes import code_with_rate

WARNINGS = frozenset({"no_number_prefix", "custom_numbers_off", "unmapped_tax", "no_out_of_scope"})
"""Codes of `check_connection` that do not keep a connection from posting."""

_CLEARING = frozenset({"Bank", "Other Current Asset"})
_LIABILITY = frozenset({"Other Current Liability", "Long Term Liability"})
_INCOME = frozenset({"Income", "Other Income"})


def check_connection(
    connection: Connection, name: str, company: Company, *, store_currency: str = ""
) -> tuple[Problem, ...]:
    """Every name in the settings against the company, all problems at once; see WARNINGS for those that do not block.

    `store_currency` is the shop's default currency, "" where it is not known.
    """
    found = [
        *_check_accounts(connection, company),
        *_check_items(connection, company),
        *_check_fields(connection, company),
        *_check_tax(connection, company),
        *_check_numbers(connection, company),
    ]
    if store_currency and store_currency != company.home_currency:
        text = f"the shop sells in {store_currency}, the company's books are in {company.home_currency}."
        found.append(Problem(code="foreign_currency", text=text, fix="Orders in other currencies are held."))
    return tuple(
        Problem(code=problem.code, text=f"connections.{name}: {problem.text}", fix=problem.fix) for problem in found
    )


def check_catalogue(variants: Iterable[Mapping[str, Any]]) -> tuple[Problem, ...]:
    """Blank SKUs and SKUs that several variants share, in any case; rows of `/v3/catalog/variants`."""
    by_sku: defaultdict[str, list[str]] = defaultdict(list)
    shown: dict[str, str] = {}
    for variant in variants:
        sku = str(variant.get("sku") or "").strip()
        by_sku[fold(sku)].append(f"variant {variant.get('id')} of product {variant.get('product_id')}")
        shown.setdefault(fold(sku), sku)
    blanks = [
        Problem(code="blank_sku", text=f"No SKU: {where}.", fix="Give it a SKU in BigCommerce.")
        for where in by_sku.pop("", [])
    ]
    twins = [
        Problem(
            code="twin_skus",
            text=f'The SKU "{shown[sku]}" is shared by {", ".join(places)}.',
            fix="Give each a SKU of its own.",
        )
        for sku, places in by_sku.items()
        if len(places) > 1
    ]
    return (*blanks, *twins)


def _check_accounts(connection: Connection, company: Company) -> Iterator[Problem]:
    payments = connection.payments
    accounts = {"payments.default_account": payments.default_account} | {
        f'payments.methods."{method}".account': mapped.account for method, mapped in payments.methods.items()
    }
    for setting, name in accounts.items():
        if name is None:
            continue
        found = company.account(name)
        if isinstance(found, Problem):
            yield _at(setting, found)
        elif found.type not in _CLEARING:
            yield _wrong_type(setting, f'the account "{found.name}" is of type {found.type}', _CLEARING)
    for method, mapped in payments.methods.items():
        if mapped.method is not None:
            known = company.payment_method(mapped.method)
            if isinstance(known, Problem):
                yield _at(f'payments.methods."{method}".method', known)


def _check_items(connection: Connection, company: Company) -> Iterator[Problem]:
    for setting, types in _ITEM_SETTINGS.items():
        name = getattr(connection.sales, setting)
        if name is None:
            continue
        at = f"sales.{setting}"
        found = company.item(name)
        if isinstance(found, Problem):
            yield _at(at, found)
        elif found.type == "Group":
            text = f'the item "{found.name}" is a QuickBooks bundle, which a sales line cannot name.'
            yield _at(at, Problem(code="bundle_item", text=text, fix="Name an ordinary item."))
        elif types is not None:
            account = company.accounts_by_id.get(found.income_account)
            if account is None or account.type not in types:
                yield _wrong_type(at, _posts_to(found, account), types)


_ITEM_SETTINGS: Mapping[str, frozenset[str] | None] = {
    "default_product": None,
    "gift_card_product": _LIABILITY,
    "store_credit_product": _LIABILITY,
    "discount_product": _INCOME,
    "rounding_product": None,
    "shipping_item": None,
    "handling_item": None,
    "wrapping_item": None,
    "fee_item": None,
}


def _posts_to(item: Item, account: Account | None) -> str:
    if account is None:
        return f'the item "{item.name}" posts to no known account'
    return f'the item "{item.name}" posts to "{account.name}" of type {account.type}'


def _wrong_type(setting: str, what: str, types: Iterable[str]) -> Problem:
    allowed = " or ".join(sorted(types))
    return Problem(code="wrong_account_type", text=f"{setting}: {what}.", fix=f"It must be {allowed}.")


def _check_fields(connection: Connection, company: Company) -> Iterator[Problem]:
    if connection.sales.shipping_item is None and not company.allows_shipping:
        yield Problem(
            code="no_shipping_item",
            text="sales.shipping_item is not set, and the company does not use QuickBooks' shipping field.",
            fix="Set sales.shipping_item, or switch shipping on in QuickBooks under Sales.",
        )
    if connection.sales.discount_product is None and not company.allows_discount:
        yield Problem(
            code="no_discount_product",
            text="sales.discount_product is not set, and the company does not use QuickBooks' discount field.",
            fix="Set sales.discount_product, or switch discounts on in QuickBooks under Sales.",
        )


def _check_tax(connection: Connection, company: Company) -> Iterator[Problem]:
    per_line = company.tax_mode is TaxMode.PER_LINE
    for key, name in connection.tax.map.items():
        found = company.tax_code(name)
        without_tax = per_line and connection.tax.split(key)[0] == connection.tax.WITHOUT
        problem = found if isinstance(found, Problem) else _unfit_code(found, company, without_tax=without_tax)
        if problem is not None:
            yield _at(f'tax.map."{key}"', problem)
    if company.tax_mode in (TaxMode.PLAIN, TaxMode.PER_LINE) and not connection.tax.map:
        yield Problem(
            code="unmapped_tax",
            text="tax.map is empty: orders with tax will be held.",
            fix='Add "*" = "your tax code", or a line for each of the shop\'s taxes.',
        )
    if per_line:
        yield from _check_out_of_scope(connection, company)


def _unfit_code(code: TaxCode, company: Company, *, without_tax: bool) -> Problem | None:
    """Why a row of tax.map cannot name this code. With a code on every line, one of 0 % is for lines without tax."""
    if company.automated_tax or (code.percent > 0 and not without_tax):
        return None
    if company.tax_mode is not TaxMode.PER_LINE:
        text = f'the tax code "{code.name}" has a rate of 0 %.'
        return Problem(code="tax_code_without_rate", text=text, fix="Name one with a rate.")
    return None if code.zero else code_with_rate(code)


def _check_out_of_scope(connection: Connection, company: Company) -> Iterator[Problem]:
    name = connection.tax.out_of_scope
    needing = ("gift_card_product", "store_credit_product", "rounding_product")
    wanted = [f"sales.{setting}" for setting in needing if getattr(connection.sales, setting)]
    if name is None and wanted:
        text = f"tax.out_of_scope is not set: orders with lines of {', '.join(wanted)} will be held."
        yield Problem(
            code="no_out_of_scope", text=text, fix='Name the tax code of no supply ("No VAT", "BAS Excluded").'
        )
    if name is not None:
        found = company.tax_code(name)
        if isinstance(found, Problem):
            yield _at("tax.out_of_scope", found)
        elif not found.zero:
            yield _at("tax.out_of_scope", code_with_rate(found))


def _check_numbers(connection: Connection, company: Company) -> Iterator[Problem]:
    if not connection.sales.number_prefix:
        yield Problem(
            code="no_number_prefix",
            text="sales.number_prefix is empty: documents are numbered 1234, like the company's own.",
            fix='Set it, for instance to "BC".',
        )
    elif not company.custom_numbers:
        yield Problem(
            code="custom_numbers_off",
            text="sales.number_prefix is set, and custom transaction numbers are off in QuickBooks.",
            fix="Switch them on in QuickBooks under Sales, or your own numbering may continue from ours.",
        )


def _at(setting: str, problem: Problem) -> Problem:
    return Problem(code=problem.code, text=f"{setting}: {problem.text}", fix=problem.fix)
