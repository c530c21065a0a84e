"""Which code each charge bears in companies that take a real tax code on every line.

The rate tells it where it can: the one code of tax.map at the destination whose rates give the shop's tax to the cent.
Where it cannot, the order's tax rows tell it, which are read for such orders only. Charges without tax take a row for
their class, or for all lines without tax; what is no supply takes tax.out_of_scope.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from cartledger.errors import Problem
from cartledger.money import ZERO, cents, split
from mapping.bill import Bill
from mapping.charges import Charge, Kind
from mapping.company import TaxCode
from mapping.decision import Fact, Needs
from mapping.finder import Finder
from mapping.tax.coding import NO_CODE, Coded, Coding
from mapping.tax.rows import OrderTax
from mapping.tax.tax_map import TaxMap, read_tax_map

HUNDRED = Decimal(100)


@dataclass(frozen=True, kw_only=True)
class _Case:
    """A charge, what was paid for it without tax (None: not known), and its own tax rows (None: unread)."""

    charge: Charge
    net: Decimal | None
    rows: tuple[OrderTax, ...] | None

    @property
    def tax(self) -> Decimal:
        return cents(self.charge.printed.tax)


class _Open:
    """The charge alone does not tell its code; those of the others may."""


_Answer = TaxCode | Problem | Needs | _Open


def code_charges(bill: Bill, taxes: Sequence[OrderTax] | None, find: Finder) -> Coding | Needs:
    """The codes of an order's charges; what is missing is reported to `find`. `taxes` are None while unread."""
    table, problems = read_tax_map(find.connection, find.company, bill.order)
    for problem in problems:
        find.report(problem)
    outside = _out_of_scope(find)
    cases = [
        _Case(charge=charge, net=bill.paid_net(i), rows=_rows_of(charge, taxes))
        for i, charge in enumerate(bill.charges)
    ]
    answers = [outside if case.charge.kind is Kind.CERTIFICATE else _answer(case, table) for case in cases]
    if any(isinstance(answer, Needs) for answer in answers):
        return Needs(fact=Fact.TAXES)
    used = tuple(dict.fromkeys(answer for answer in answers if isinstance(answer, TaxCode) and answer is not outside))
    told = [
        _by_the_others(case, table, used, outside) if isinstance(answer, _Open) else answer
        for case, answer in zip(cases, answers, strict=True)
    ]
    coded = tuple(_coded(case, answer, find) for case, answer in zip(cases, told, strict=True))
    return Coding(charges=coded, no_supply=outside)


def _out_of_scope(find: Finder) -> TaxCode | Problem:
    name = find.connection.tax.out_of_scope
    if name is None:
        return Problem(
            code="no_out_of_scope",
            text="The order has lines that are no supply (a gift certificate, store credit or rounding), and "
            "tax.out_of_scope is not set.",
            fix='Set tax.out_of_scope to the QuickBooks tax code of such lines ("No VAT", "BAS Excluded").',
        )
    found = find.company.tax_code(name)
    if isinstance(found, Problem):
        return Problem(code=found.code, text=f"tax.out_of_scope: {found.text}", fix=found.fix)
    if not found.zero:
        problem = code_with_rate(found)
        return Problem(code=problem.code, text=f"tax.out_of_scope: {problem.text}", fix=problem.fix)
    return found


def code_with_rate(code: TaxCode) -> Problem:
    """Why a code cannot stand on a line without tax."""
    rates = " and ".join(f"{_percent(rate.percent)} %" for rate in code.rates)
    text = f'the tax code "{code.name}" has a rate of {rates}.'
    return Problem(code="tax_code_with_rate", text=text, fix="Name one of 0 %.")


def _rows_of(charge: Charge, taxes: Sequence[OrderTax] | None) -> tuple[OrderTax, ...] | None:
    """The rows of a line by its id, those of other charges by their kind; fees have none."""
    if taxes is None:
        return None
    if charge.kind is Kind.ITEM:
        return tuple(row for row in taxes if row.line_item_type == Kind.ITEM and row.order_product_id == charge.line)
    return tuple(row for row in taxes if row.line_item_type == charge.kind)


def _answer(case: _Case, table: TaxMap) -> _Answer:
    if case.charge.taxed:
        return _of_taxed(case, table)
    if case.net == 0:  # nothing is paid, so that any code gives the right tax
        return table.untaxed(case.rows or ()) or _Open()
    return _of_untaxed(case, table)


def _of_taxed(case: _Case, table: TaxMap) -> _Answer:
    fitting = _fitting(case, table.charging)
    told = len(fitting) == 1 and table.tells_by_rate(fitting[0])
    if told and (case.rows is not None or _shares_are_plain(case, fitting[0])):
        return fitting[0]
    if case.rows is None:
        return Needs(fact=Fact.TAXES)
    charged = _distinct(case.rows)
    if charged:
        return _by_rows(case, charged, table)
    return fitting[0] if len(fitting) == 1 else _Open()


def _of_untaxed(case: _Case, table: TaxMap) -> _Answer:
    """A tax that rounds to nothing is a tax all the same: its rows tell it."""
    rounded_away = _fitting(case, table.charging)
    if case.rows is None and (rounded_away or table.tells_classes_apart):
        return Needs(fact=Fact.TAXES)
    rows = case.rows or ()
    charged = _distinct(row for row in rows if row.rate > 0)
    if rounded_away and charged:
        return _by_rows(case, charged, table)
    return table.untaxed(rows) or _no_row_without_tax(case, table)


def _fitting(case: _Case, codes: Sequence[TaxCode]) -> list[TaxCode]:
    """The codes whose rates give the charge's tax to the cent, together or each by itself."""
    if case.net is None:
        return []
    return [
        code
        for code in codes
        if any(
            case.tax in (_together(code, base, whole), sum(_apart(code, base, whole)))
            for base, whole in _bases(case, code)
        )
    ]


def _bases(case: _Case, code: TaxCode) -> tuple[tuple[Decimal, Decimal], ...]:
    """What a shop may have computed the tax on, and the percent of it that this is: without tax, and with it."""
    if case.net is None:
        return ()
    return (case.net, HUNDRED), (case.net + case.charge.printed.tax, HUNDRED + code.percent)


def _together(code: TaxCode, base: Decimal, whole: Decimal) -> Decimal:
    return cents(base * code.percent / whole)


def _apart(code: TaxCode, base: Decimal, whole: Decimal) -> tuple[Decimal, ...]:
    return tuple(cents(base * rate.percent / whole) for rate in code.rates)


def _distinct(rows: Iterable[OrderTax]) -> tuple[OrderTax, ...]:
    """Each tax that was charged once; an order that is sent to two addresses has its shipping taxes twice."""
    charged = {row.key: row for row in rows if row.rate or row.amount}
    return tuple(charged.values())


def _by_rows(case: _Case, rows: Sequence[OrderTax], table: TaxMap) -> TaxCode | Problem:
    """The first code that a row of the charge is mapped to and that has the rate of them all."""
    mapped = [code for row in rows for code in table.named(row)]
    rate = sum((row.rate for row in rows), ZERO)
    right = [code for code in mapped if code.percent == rate] if rate else _fitting(case, mapped)
    if right:
        return right[0]
    return _other_rate(case, rows, mapped[0], table) if mapped else _unmapped(case, rows, table)


def _by_the_others(
    case: _Case, table: TaxMap, used: Sequence[TaxCode], outside: TaxCode | Problem
) -> TaxCode | Problem:
    """A charge that is not paid for takes any code, a tax without a row the one in use of several of its rate."""
    if case.charge.taxed:
        fitting = _fitting(case, table.charging)
        in_use = [code for code in fitting if code in used]
        one_rate = len({code.percent for code in fitting}) == 1
        return in_use[0] if one_rate and len(in_use) == 1 else _unnamed(case, table)
    usable = [*used, *([outside] if isinstance(outside, TaxCode) else []), *table.charging]
    return usable[0] if usable else _no_row_without_tax(case, table)


def _coded(case: _Case, answer: _Answer, find: Finder) -> Coded:
    if isinstance(answer, TaxCode):
        return Coded(code=answer, taxes=_shares(case, answer))
    if isinstance(answer, Problem):
        find.report(answer)
    return Coded(code=NO_CODE)


def _shares(case: _Case, code: TaxCode) -> tuple[Decimal, ...]:
    """The shop's tax for each rate of the code: by its rows, else as the rates give it, else by largest remainder."""
    if len(code.rates) < 2:
        return (case.charge.printed.tax,) * len(code.rates)
    told = tuple(sum((row.amount for row in case.rows or () if row.rate == rate.percent), ZERO) for rate in code.rates)
    exact = [told] if sum(told) == case.tax else _given(case, code)
    return exact[0] if exact else tuple(split(case.tax, [rate.percent for rate in code.rates]))


def _given(case: _Case, code: TaxCode) -> list[tuple[Decimal, ...]]:
    """What each rate gives by itself, on either base, where that makes the charge's tax."""
    given = [_apart(code, base, whole) for base, whole in _bases(case, code)]
    return [shares for shares in given if sum(shares) == case.tax]


def _shares_are_plain(case: _Case, code: TaxCode) -> bool:
    """Whether every way to round gives each rate the same: that is so where the rates by themselves give the charge's
    tax. The shop does not say which way it takes, so that elsewhere its rows must be read; fees have none."""
    if len(code.rates) < 2 or case.charge.kind is Kind.FEE:
        return True
    return case.charge.parts == 1 and bool(_given(case, code))


def _what(case: _Case, table: TaxMap) -> str:
    where = f" to {table.place}" if table.place else ""
    return f'"{case.charge.description}"{where}'


def _percent(rate: Decimal) -> str:
    return f"{rate.normalize():f}"


def _key(name: str, table: TaxMap) -> str:
    return f'"{name} @ {table.place}"' if table.place else f'"{name}"'


def _unmapped(case: _Case, rows: Sequence[OrderTax], table: TaxMap) -> Problem:
    taxes = " and ".join(map(str, rows))
    return Problem(
        code="unmapped_tax",
        text=f"The tax {taxes} on {_what(case, table)} is not mapped to a QuickBooks tax code.",
        fix=f'Add "{rows[0].name}", "{rows[0].class_name}" or {_key(rows[0].name, table)} to tax.map.',
    )


def _other_rate(case: _Case, rows: Sequence[OrderTax], code: TaxCode, table: TaxMap) -> Problem:
    taxes = " and ".join(map(str, rows))
    return Problem(
        code="tax_rate_differs",
        text=f"The tax {taxes} on {_what(case, table)} is mapped to the QuickBooks tax code "
        f'"{code.name}", which has {_percent(code.percent)} %.',
        fix=f"Add {_key(rows[0].name, table)} or its class to tax.map, with a code of that rate.",
    )


def _unnamed(case: _Case, table: TaxMap) -> Problem:
    return Problem(
        code="unmapped_tax",
        text=f"The shop charged {case.tax} tax on {_what(case, table)} and names no tax; "
        "no tax code of tax.map gives that amount, or several do.",
        fix="Map the taxes of the shop in tax.map, or correct the order in BigCommerce.",
    )


def _no_row_without_tax(case: _Case, table: TaxMap) -> Problem:
    classes = ", ".join(f'"{row.class_name}"' for row in case.rows or () if row.class_name)
    known = f" (class {classes})" if classes else ""
    return Problem(
        code="unmapped_tax",
        text=f"{_what(case, table)}{known} bears no tax, and tax.map has no row for lines without tax there.",
        fix=f'Add "{table.without}" or {_key(table.without, table)} to tax.map, with a code of 0 %.',
    )
