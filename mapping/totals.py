"""Which of an order's two sides is actual, and what its printed totals mean.

The shop prints every amount without and with tax, and only one side is exact. The exact side is found by closing:
parts less discounts must be the printed total to the cent. Two facts are not settled in the shop's documentation and
are read off the order here, and nowhere else: whether fees are part of the subtotal (tried as an addend first), and
whether the totals are printed before or after redeemed certificates and store credit (tried as before first).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import product

from cartledger.errors import Problem
from cartledger.money import ZERO, cents
from cartledger.records import Money3, Order


@dataclass(frozen=True, kw_only=True)
class Totals:
    """One reading of an order's totals: whole cents, order currency, before redeemed tenders are taken off."""

    inclusive: bool
    fees_inside: bool
    after_tenders: bool
    total_ex: Decimal
    total_inc: Decimal
    tax: Decimal

    def side(self, amount: Money3) -> Decimal:
        """The actual figure of an amount's two."""
        return amount.inc if self.inclusive else amount.ex


def read_totals(order: Order) -> Totals | Problem:
    """The reading in which the order closes, or why there is none (`totals_do_not_close`, `totals_ambiguous`).

    Readings that the lines fit best go first. Where both sides close, no discount carries tax and they say the same;
    the order's own hint decides then. Readings that say different totals are not chosen between.
    """
    closing = [reading for reading in _readings(order) if _closes(order, reading)]
    nearest = min((_lines_off(order, reading) for reading in closing), default=None)
    fitting = [reading for reading in closing if _lines_off(order, reading) == nearest]
    if not fitting:
        return Problem(
            code="totals_do_not_close",
            text=f"The order's totals do not close: {breakdown(order)}",
            fix="Its totals were probably overridden. Correct the order in BigCommerce, or enter the sale by hand.",
        )
    if len({reading.total_inc for reading in fitting}) > 1:
        return Problem(
            code="totals_ambiguous",
            text=f"The order's totals can be read as printed before and after redeemed tenders: {breakdown(order)}",
            fix="Enter the sale by hand, then ignore the order.",
        )
    return min(fitting, key=lambda reading: _doubt(order, reading))


def lines_subtotal(order: Order, totals: Totals) -> Decimal:
    """What the lines must come to on the actual side, as the header says."""
    fees = totals.side(fees_of(order)) if totals.fees_inside else ZERO
    return totals.side(order.subtotal) - fees


def fees_of(order: Order) -> Money3:
    return _sum(fee.amount for fee in order.fees)


def breakdown(order: Order) -> str:
    """The printed figures of both sides and of the tax, and how far each is off."""
    with_tax, without = (
        _equation(
            side,
            [(getattr(amount, name), what) for what, amount in _parts(order)],
            [(order.discount, "discount"), (order.coupon, "coupon")],
            getattr(order.total, name),
        )
        for side, name in (("with tax", "inc"), ("without tax", "ex"))
    )
    tax = _equation("tax", [(amount.tax, what) for what, amount in _parts(order)], [], order.total.tax)
    tenders = f"; redeemed certificates and store credit {cents(order.tenders)}" if order.tenders else ""
    return f"{with_tax}; {without}; {tax}{tenders}."


def _readings(order: Order) -> Iterator[Totals]:
    for inclusive, fees_inside, after_tenders in product((False, True), repeat=3):
        if (order.fees or not fees_inside) and (order.tenders or not after_tenders):
            yield _reading(order, inclusive=inclusive, fees_inside=fees_inside, after_tenders=after_tenders)


def _reading(order: Order, *, inclusive: bool, fees_inside: bool, after_tenders: bool) -> Totals:
    tax = cents(order.total.tax)
    redeemed = order.tenders if after_tenders else ZERO
    actual = cents((order.total.inc if inclusive else order.total.ex) + redeemed)
    return Totals(
        inclusive=inclusive,
        fees_inside=fees_inside,
        after_tenders=after_tenders,
        total_ex=actual - tax if inclusive else actual,
        total_inc=actual if inclusive else actual + tax,
        tax=tax,
    )


def _closes(order: Order, reading: Totals) -> bool:
    charged = reading.side(
        _sum(amount for what, amount in _parts(order) if not (reading.fees_inside and what == "fees"))
    )
    actual, other = (
        (reading.total_inc, reading.total_ex) if reading.inclusive else (reading.total_ex, reading.total_inc)
    )
    printed_other = cents(order.total.ex if reading.inclusive else order.total.inc)
    return (
        cents(charged - order.discount - order.coupon) == actual
        and printed_other in (other, other - cents(order.tenders))
        and _tax_closes(order)
    )


def _tax_closes(order: Order) -> bool:
    """The tax of fees may stand beside the other taxes or in the subtotal's, like the fees themselves."""
    parts = _sum(amount for _, amount in _parts(order)).tax
    return cents(order.total.tax) in (cents(parts), cents(parts - fees_of(order).tax))


def _lines_off(order: Order, reading: Totals) -> Decimal:
    lines = sum((reading.side(line.total) for line in order.lines), ZERO)
    return abs(cents(lines - lines_subtotal(order, reading)))


def _doubt(order: Order, reading: Totals) -> tuple[bool, bool, bool]:
    unexpected = order.inclusive_hint is not None and reading.inclusive != order.inclusive_hint
    return unexpected, reading.fees_inside, reading.after_tenders


def _parts(order: Order) -> tuple[tuple[str, Money3], ...]:
    return (
        ("subtotal", order.subtotal),
        ("shipping", order.shipping),
        ("handling", order.handling),
        ("wrapping", order.wrapping),
        ("fees", fees_of(order)),
    )


def _sum(amounts: Iterable[Money3]) -> Money3:
    ex = inc = tax = ZERO
    for amount in amounts:
        ex, inc, tax = ex + amount.ex, inc + amount.inc, tax + amount.tax
    return Money3(ex=ex, inc=inc, tax=tax)


def _equation(side: str, plus: list[tuple[Decimal, str]], minus: list[tuple[Decimal, str]], printed: Decimal) -> str:
    terms = " + ".join(f"{cents(amount)} {what}" for amount, what in plus if amount) or "0.00"
    terms += "".join(f" − {cents(amount)} {what}" for amount, what in minus if amount)
    result = sum((amount for amount, _ in plus), ZERO) - sum((amount for amount, _ in minus), ZERO)
    return f"{side} {terms} = {cents(result)}, printed {cents(printed)}"
