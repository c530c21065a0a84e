"""Rows of tax.map for the taxes that the last orders bear, and the code of what is no supply."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cartledger.errors import Problem
from cartledger.records import Order
from cartledger.settings import Connection
from mapping.checks.taxes_seen import needs_map, rows_to_add, taxes_seen
from mapping.company import Company, Miss, TaxMode, find
from mapping.proposal.proposed import Found, Open, Proposed
from mapping.tax.rows import OrderTax

_NO_SUPPLY = ("No VAT", "BAS Excluded", "Out of Scope", "No Tax", "Not reportable")
_MAP = ("tax", "map")

Samples = Sequence[tuple[Sequence[Order], Sequence[OrderTax]]]
"""Orders that are taxed alike, and the tax rows of the first."""


def propose_taxes(samples: Samples, connection: Connection, company: Company) -> Iterator[Found]:
    """What `connection` says already stays."""
    if not needs_map(company) or connection.tax.map:
        return
    wanted = rows_to_add(taxes_seen(samples, connection, company), connection, company)
    rows = {key: code for key, code in wanted.items() if not isinstance(company.tax_code(code), Problem)}
    if company.tax_mode is TaxMode.PER_LINE:
        yield from _no_supply(connection, company)
    elif not wanted:
        rows = _of_any_tax(connection, company)
    if rows:
        yield Proposed(key=_MAP, value=rows, why="the company's tax codes of these rates")
    for key in wanted.keys() - rows.keys():
        yield Open(
            key=(*_MAP, key), text=f"The company has no tax code, or several, for this: {wanted[key]}.", fix="Name it."
        )
    if not wanted and not rows:
        yield Open(key=_MAP, text="None of the last orders bears a tax.", fix="Name the code of each tax to come.")


def _of_any_tax(connection: Connection, company: Company) -> dict[str, str]:
    """Without a taxed order to learn from: the code that the company itself begins with."""
    codes = {code.id: code for found in company.tax_codes.values() for code in found}
    default = codes.get(company.default_tax_code)
    return {connection.tax.EVERY: default.name} if default and default.percent else {}


def _no_supply(connection: Connection, company: Company) -> Iterator[Found]:
    if connection.tax.out_of_scope:
        return
    found = [code for name in _NO_SUPPLY if not isinstance(code := find(company.tax_codes, name), Miss) and code.zero]
    key = ("tax", "out_of_scope")
    if found:
        yield Proposed(key=key, value=found[0].name, why="by its name")
    else:
        text = "No tax code is called as that of no supply is: orders with certificates or rounding are held."
        yield Open(key=key, text=text, fix='Name it ("No VAT", "BAS Excluded").')
