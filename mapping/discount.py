"""Order-level discounts and coupons without tax, and how they fall on what was charged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from cartledger.errors import Problem
from cartledger.money import CENT, ZERO, cents
from cartledger.records import Order
from mapping.charges import Charge, paid_net, shares_of
from mapping.totals import Totals, breakdown, lines_subtotal


@dataclass(frozen=True, kw_only=True)
class Discount:
    """`total` is net, whole cents, not negative; `shares` are the printed ones of each charge on the actual side,
    None where the shop does not say how the discount falls on the lines."""

    total: Decimal
    shares: tuple[Decimal, ...] | None


def decide_discount(order: Order, totals: Totals, charges: tuple[Charge, ...]) -> Discount | Problem:
    """The order's discount without tax.

    Exclusive: as printed. Inclusive: what lies between the printed net figures and the net total; those figures are
    scaled by the shop, so that taking the printed (gross) discount off them would be wrong.
    """
    off = cents(order.discount + order.coupon)
    if off == 0:
        return Discount(total=ZERO, shares=(ZERO,) * len(charges))
    shares = shares_of(charges, off)
    known = None if shares is None else tuple(shares)
    if not totals.inclusive:
        return Discount(total=off, shares=known)
    before = cents(sum(nets(charges, known, totals), ZERO))
    discount = Discount(total=before + _missing_lines(order, totals) - totals.total_ex, shares=known)
    return _refusal(order, discount, off, charges) or discount


def nets(charges: Sequence[Charge], shares: Sequence[Decimal] | None, totals: Totals) -> list[Decimal]:
    """What each charge comes to without tax, before the discount whose `shares` these are.

    Taken from the actual side. Only of what a discount falls on there is no actual net figure: the shop scales it.
    """
    discounted = [charge.discountable for charge in charges] if shares is None else map(bool, shares)
    return [
        max(ZERO, charge.printed.inc - charge.printed.tax) if totals.inclusive and not off else charge.printed.ex
        for charge, off in zip(charges, discounted, strict=True)
    ]


def net_shares(
    amounts: Sequence[Decimal], discount: Discount, charges: Sequence[Charge], totals: Totals
) -> list[Decimal]:
    """How much of the net discount falls on each charge, as weights; `amounts` are the charges as booked.

    Where the shop's shares are not known: by what was charged for goods, and for everything if that is not enough.
    """
    if discount.shares is not None:
        rows = zip(amounts, charges, discount.shares, strict=True)
        return [
            max(ZERO, amount - paid_net(charge, share, totals)) if share else ZERO for amount, charge, share in rows
        ]
    goods = [amount if charge.discountable else ZERO for amount, charge in zip(amounts, charges, strict=True)]
    return goods if sum(goods, ZERO) >= discount.total else list(amounts)


def _missing_lines(order: Order, totals: Totals) -> Decimal:
    """What the lines lack against the header: booked as rounding, never hidden in the discount."""
    lines = sum((totals.side(line.total) for line in order.lines), ZERO)
    return cents(lines_subtotal(order, totals) - lines)


def _refusal(order: Order, discount: Discount, off: Decimal, charges: Sequence[Charge]) -> Problem | None:
    if not 0 <= discount.total <= off:
        return Problem(
            code="discount_out_of_bounds",
            text=f"Without tax the discount would be {discount.total}, of {off} with tax: {breakdown(order)}",
            fix="Correct the order in BigCommerce, or enter the sale by hand.",
        )
    if discount.shares is None:
        return None
    rows = [_expected(charge, share) for charge, share in zip(charges, discount.shares, strict=True) if share]
    expected, slack = (sum(column, ZERO) for column in zip(*rows, strict=True))
    if abs(discount.total - expected) <= slack:
        return None
    return Problem(
        code="discount_shares_disagree",
        text=f"Without tax the discount is {discount.total} by the totals and {expected:.2f} by the lines: "
        f"{breakdown(order)}",
        fix="Correct the order in BigCommerce, or enter the sale by hand.",
    )


def _expected(charge: Charge, share: Decimal) -> tuple[Decimal, Decimal]:
    """A line's share without tax, at the tax that the line bears, and how far the tax's own rounding may move it."""
    paid = charge.printed.inc - share
    if paid <= 0:
        return charge.printed.ex, CENT
    return share * (paid - charge.printed.tax) / paid, CENT * (1 + share / paid)
