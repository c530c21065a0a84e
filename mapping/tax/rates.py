"""Tax rate by rate in companies with a code on every line: the tax block, and cents laid so that it needs no override.

QuickBooks takes the amounts that are sent. Where it computes them itself it is reported to do so in two ways: for each
rate on the sum of its lines, and for each line alone. Where the amounts leave a choice, the one is taken for which both
ways give the shop's tax.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from typing import Any

from cartledger.errors import Problem
from cartledger.money import CENT, ZERO, cents
from mapping.bill import Bill
from mapping.charges import ONE
from mapping.company import TaxCode, TaxRate
from mapping.tax.coding import Coding
from mapping.tax.us import tax_line

Priced = tuple[Decimal, TaxCode]
"""A line's amount without tax and its code."""


@dataclass(frozen=True, kw_only=True)
class Taxes:
    """The shop's tax on one document: in whole, by rate as printed, and how many things bear each rate, since a shop
    may round the tax of each."""

    total: Decimal
    by_rate: Mapping[TaxRate, Decimal]
    things: Mapping[TaxRate, Decimal]


def taxes_of(bill: Bill, coding: Coding) -> Taxes:
    """The whole sale's."""
    return Taxes(total=bill.totals.tax, by_rate=shop_taxes(coding), things=_things(bill, coding))


def shop_taxes(coding: Coding) -> dict[TaxRate, Decimal]:
    """The shop's tax for each rate, as printed (order currency)."""
    taxes: dict[TaxRate, Decimal] = {}
    for coded in coding.charges:
        for rate, tax in zip(coded.code.rates, coded.taxes, strict=True):
            taxes[rate] = taxes.get(rate, ZERO) + tax
    return taxes


def bases(lines: Iterable[Priced]) -> dict[TaxRate, Decimal]:
    """What each rate is taken of."""
    found: dict[TaxRate, Decimal] = {}
    for amount, code in lines:
        for rate in code.rates:
            found[rate] = found.get(rate, ZERO) + amount
    return found


def distance(lines: Sequence[Priced], taxes: Mapping[TaxRate, Decimal]) -> Decimal:
    """How far QuickBooks' two ways are from `taxes`, all rates together; 0 when saving the form changes nothing."""
    return sum(
        (
            abs(cents(base * rate.percent / 100) - taxes.get(rate, ZERO))
            + abs(_line_by_line(lines, rate) - taxes.get(rate, ZERO))
            for rate, base in bases(lines).items()
        ),
        ZERO,
    )


def lay(
    parts: Sequence[Decimal],
    amounts: Sequence[Decimal],
    coding: Coding,
    measure: Callable[[Sequence[Decimal]], Decimal],
) -> list[Decimal]:
    """`amounts` (`parts` in whole cents) with cents moved from one to another while that lessens what `measure` says.

    Only parts that are no whole cents may move, between the cents below and above them. Parts on which a cent has the
    same effect are tried once.
    """
    found, best = list(amounts), measure(amounts)
    while best:
        tried = [(measure(moved), moved) for moved in _moves(parts, found, coding)]
        least, moved = min(tried, key=lambda trial: trial[0], default=(best, found))
        if least >= best:
            break
        found, best = moved, least
    return found


def tax_detail(lines: Sequence[Priced], taxes: Taxes) -> dict[str, Any] | Problem:
    """TxnTaxDetail with a line for each rate, also where its tax is 0.00; they sum to the shop's tax exactly.

    A tax that no rounding explains (a cent for each thing sold at the rate) is refused: the code cannot be its code.
    """
    total, based = taxes.total, bases(lines)
    computed = {rate: cents(base * rate.percent / 100) for rate, base in based.items()}
    amounts = _whole(taxes.by_rate, computed, total)
    for rate, amount in amounts.items():
        if abs(amount - computed[rate]) > CENT * taxes.things.get(rate, ZERO):
            return _unexplained(rate, amount, computed[rate])
    if sum(amounts.values(), ZERO) != total:
        text = f"The order has {total} tax, and no line that bears any."
        return Problem(code="line_taxes_do_not_sum", text=text, fix="Correct the order in BigCommerce.")
    return {"TotalTax": total, "TaxLine": [tax_line(rate, amount, based[rate]) for rate, amount in amounts.items()]}


def _things(bill: Bill, coding: Coding) -> dict[TaxRate, Decimal]:
    """How many things were sold at each rate."""
    units: dict[TaxRate, Decimal] = {}
    for charge, coded in zip(bill.charges, coding.charges, strict=True):
        for rate in coded.code.rates:
            units[rate] = units.get(rate, ZERO) + max(ONE, charge.quantity or ONE)
    return units


def _line_by_line(lines: Iterable[Priced], rate: TaxRate) -> Decimal:
    return sum((cents(amount * rate.percent / 100) for amount, code in lines if rate in code.rates), ZERO)


def _whole(
    taxes: Mapping[TaxRate, Decimal], computed: Mapping[TaxRate, Decimal], total: Decimal
) -> dict[TaxRate, Decimal]:
    """The shop's taxes in whole cents; a cent that its total has more or less goes where QuickBooks would put it."""
    amounts = {rate: cents(taxes.get(rate, ZERO)) for rate in computed}
    bearing = [rate for rate in amounts if rate.percent > 0]
    missing = total - sum(amounts.values(), ZERO)
    step = CENT if missing > 0 else -CENT
    for _ in range(int(abs(missing) / CENT) if bearing else 0):
        shortest = max(bearing, key=lambda rate: (computed[rate] - amounts[rate]) * step)
        amounts[shortest] += step
    return amounts


def _moves(parts: Sequence[Decimal], amounts: Sequence[Decimal], coding: Coding) -> Iterable[list[Decimal]]:
    """The amounts with a cent taken from one that was rounded up and given to one that was rounded down."""
    up, down = {}, {}
    for i, (part, amount, coded) in enumerate(zip(parts, amounts, coding.charges, strict=True)):
        if amount < part:
            up[_effect(amount, CENT, coded.code)] = i
        elif amount > part:
            down[_effect(amount, -CENT, coded.code)] = i
    for gaining, losing in product(up.values(), down.values()):
        moved = list(amounts)
        moved[gaining] += CENT
        moved[losing] -= CENT
        yield moved


def _effect(amount: Decimal, step: Decimal, code: TaxCode) -> tuple[object, ...]:
    """What moving a cent does to the tax of a line alone."""
    percents = [rate.percent / 100 for rate in code.rates]
    return (code.id, *(cents((amount + step) * percent) - cents(amount * percent) for percent in percents))


def _unexplained(rate: TaxRate, amount: Decimal, computed: Decimal) -> Problem:
    return Problem(
        code="tax_rate_differs",
        text=f"The shop charged {amount} tax where the rate of {rate.percent} % gives {computed}.",
        fix="Map the tax to the code of its rate in tax.map, or correct the order in BigCommerce.",
    )
