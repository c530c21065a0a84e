"""Sales tax on a US document: which code, and the block that carries the shop's tax to the cent.

US companies take one code a document, and TAX or NON on a line (`mapping.tax.coding`). Where a real code stands on
every line, `mapping.tax.line_codes` and `mapping.tax.rates` do this work.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cartledger.errors import Problem
from cartledger.money import cents, split
from mapping.company import Company, TaxCode, TaxRate, fold
from mapping.decision import Fact, Held, Needs
from mapping.tax.rows import OrderTax

EVERY = "*"
"""The key of tax.map that stands for every tax that is not listed."""


@dataclass(frozen=True, kw_only=True)
class Taxed:
    """A charge that bears tax. `net` is what was paid for it without tax, None where that is not known."""

    net: Decimal | None
    tax: Decimal


def decide_code(
    taxed: Sequence[Taxed],
    taxes: Sequence[OrderTax] | None,
    mapping: Mapping[str, str],
    company: Company,
    *,
    place: str,
) -> TaxCode | Needs | Held:
    """The one code of a taxed US document.

    Automated: the engine puts its own code in place of ours, so any valid one will do. Plain: the one that the map
    names for every tax; else the code whose rate gives each charge's tax to the cent; else what the order's tax rows
    say, which have to be read first. `place` is where the order goes, for people ("US").
    """
    codes, problems = _mapped_codes(mapping, company)
    if problems:
        return Held(problems=tuple(problems))
    distinct = {code.id: code for code in codes.values()}
    if company.automated_tax:
        return _any_code(codes, distinct, company)
    if EVERY in codes and len(distinct) == 1:
        return codes[EVERY]
    found = [_inferred(charge, list(distinct.values())) for charge in taxed]
    if not all(found):
        if taxes is None:
            return Needs(fact=Fact.TAXES)
        return _by_rows(taxes, codes, place)
    return _only([code for code in found if code is not None])


def tax_block(code: TaxCode, total: Decimal, base: Decimal, company: Company) -> dict[str, Any]:
    """TxnTaxDetail for `total` tax on `base` (document currency).

    Automated: the explicit amount is honoured and spread by the engine. Plain: a code alone was reported to leave the
    sale untaxed, so the lines say what each rate takes; they sum to `total` exactly.
    """
    block: dict[str, Any] = {"TxnTaxCodeRef": {"value": code.id}, "TotalTax": total}
    if company.automated_tax:
        return block
    amounts = split(total, [rate.percent for rate in code.rates])
    lines = [tax_line(rate, amount, base) for rate, amount in zip(code.rates, amounts, strict=True)]
    return {**block, "TaxLine": lines}


def tax_line(rate: TaxRate, amount: Decimal, base: Decimal) -> dict[str, Any]:
    """What one rate takes of `base`."""
    return {
        "Amount": amount,
        "DetailType": "TaxLineDetail",
        "TaxLineDetail": {
            "TaxRateRef": {"value": rate.id},
            "PercentBased": True,
            "TaxPercent": rate.percent,
            "NetAmountTaxable": base,
        },
    }


def unusable_code(code: TaxCode, company: Company) -> Problem | None:
    """Why this code cannot carry tax, if so."""
    if company.automated_tax or code.percent > 0:
        return None
    return Problem(
        code="tax_code_without_rate",
        text=f'The shop charged tax, and the QuickBooks tax code "{code.name}" has a rate of 0 %.',
        fix="Map the tax to a code with its rate in tax.map.",
    )


def _mapped_codes(mapping: Mapping[str, str], company: Company) -> tuple[dict[str, TaxCode], list[Problem]]:
    """Codes by folded key of tax.map, and a problem for each name that the company does not have."""
    codes, problems = {}, []
    for key, name in mapping.items():
        found = company.tax_code(name)
        if isinstance(found, Problem):
            problems.append(Problem(code=found.code, text=f'tax.map."{key}": {found.text}', fix=found.fix))
        else:
            codes[fold(key)] = found
    return codes, problems


def _any_code(codes: Mapping[str, TaxCode], distinct: Mapping[str, TaxCode], company: Company) -> TaxCode | Held:
    if EVERY in codes:
        return codes[EVERY]
    if len(distinct) == 1:
        return next(iter(distinct.values()))
    real = [code for found in company.tax_codes.values() for code in found if code.active and code.taxable]
    default = [code for code in real if code.id == company.default_tax_code]
    if default or real:
        return (default or real)[0]
    text = "The company has no tax code that an explicit tax amount could be sent with."
    return Held(problems=(Problem(code="no_tax_code", text=text, fix="Finish the sales tax setup in QuickBooks."),))


def _inferred(charge: Taxed, codes: Sequence[TaxCode]) -> TaxCode | None:
    if charge.net is None:
        return None
    fitting = [code for code in codes if cents(charge.net * code.percent / 100) == cents(charge.tax)]
    return fitting[0] if len(fitting) == 1 else None


def _by_rows(taxes: Sequence[OrderTax], codes: Mapping[str, TaxCode], place: str) -> TaxCode | Held:
    charged = [row for row in taxes if row.amount != 0]
    found = [_mapped(row, codes) for row in charged]
    unmapped = {row.key: row for row, code in zip(charged, found, strict=True) if code is None}
    if unmapped:
        return Held(problems=tuple(_unmapped(unmapped.values(), place)))
    if not charged:
        return codes.get(EVERY) or Held(problems=(_NO_ROWS,))
    return _only([code for code in found if code is not None])


def _mapped(row: OrderTax, codes: Mapping[str, TaxCode]) -> TaxCode | None:
    return codes.get(fold(row.name)) or codes.get(fold(row.class_name)) or codes.get(EVERY)


def _unmapped(taxes: Iterable[OrderTax], place: str) -> Iterator[Problem]:
    where = f" of an order to {place}" if place else ""
    for row in taxes:
        yield Problem(
            code="unmapped_tax",
            text=f"The tax {row}{where} is not mapped to a QuickBooks tax code.",
            fix=f'Add "{row.name}" or "{row.class_name}" to tax.map, or "*" for every tax.',
        )


_NO_ROWS = Problem(
    code="unmapped_tax",
    text="The order is taxed, and the shop names no tax of it.",
    fix='Add "*" to tax.map, with one code, for taxes without a name.',
)


def _only(codes: Sequence[TaxCode]) -> TaxCode | Held:
    distinct = {code.id: code.name for code in codes}
    if len(distinct) == 1:
        return codes[0]
    names = ", ".join(f'"{name}"' for name in sorted(distinct.values()))
    problem = Problem(
        code="mixed_tax_codes",
        text=f"The order's taxes map to several QuickBooks tax codes ({names}); a US document takes one.",
        fix="Map the order's taxes to one and the same code (a combined rate).",
    )
    return Held(problems=(problem,))
