"""The arithmetic of a BigCommerce checkout, as far as its documentation and printed orders tell it.

The *actual* side of an amount is the one the shop enters: without tax (exclusive) or with it (inclusive). Tax is
taken on the discounted actual price and rounded to the cent for each line and charge. The other side is exact without
discounts; with them it is an estimate, scaled from the tax: `actual ± tax × actual / (actual − discount)`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
FOUR_PLACES = Decimal("0.0001")
ZERO = Decimal(0)


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def printed(amount: Decimal) -> str:
    """An amount as v2 prints it: four decimals."""
    return f"{amount.quantize(FOUR_PLACES, ROUND_HALF_UP):.4f}"


def split(total: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """`total` in cents over `weights`, by largest remainder: the shares sum to it exactly."""
    whole = sum(weights, ZERO)
    if not whole:
        return [ZERO for _ in weights]
    exact = [total * weight / whole for weight in weights]
    shares = [share.quantize(CENT, ROUND_DOWN) for share in exact]
    left = int((total - sum(shares, ZERO)) / CENT)
    for index in sorted(range(len(exact)), key=lambda i: shares[i] - exact[i])[:left]:
        shares[index] += CENT
    return shares


@dataclass(frozen=True, kw_only=True)
class Amounts:
    """One thing charged: shipping, handling, wrapping, a fee, a line. `ex` and `inc` hold what is printed."""

    ex: Decimal = ZERO
    inc: Decimal = ZERO
    tax: Decimal = ZERO

    def __add__(self, other: "Amounts") -> "Amounts":
        return Amounts(ex=self.ex + other.ex, inc=self.inc + other.inc, tax=self.tax + other.tax)

    def actual(self, *, inclusive: bool) -> Decimal:
        return self.inc if inclusive else self.ex


def price(actual: Decimal, rate: Decimal, *, inclusive: bool, discount: Decimal = ZERO) -> Amounts:
    """How `actual` (cents, on the side the shop enters) is printed when `discount` is taken off. `rate` in percent."""
    paid = actual - discount
    tax = cents(paid * rate / (100 + rate)) if inclusive else cents(paid * rate / 100)
    undiscounted = (tax * actual / paid).quantize(FOUR_PLACES, ROUND_HALF_UP) if paid else ZERO
    if inclusive:
        return Amounts(ex=actual - undiscounted, inc=actual, tax=tax)
    return Amounts(ex=actual, inc=actual + undiscounted, tax=tax)


@dataclass(frozen=True, kw_only=True)
class Totals:
    """An order's totals, from sums of printed amounts and the discounts off the whole order."""

    subtotal: Amounts
    shipping: Amounts
    handling: Amounts
    wrapping: Amounts
    fees: Amounts
    discount: Decimal
    coupon: Decimal
    inclusive: bool

    @property
    def total(self) -> Amounts:
        parts = self.subtotal + self.shipping + self.handling + self.wrapping + self.fees
        actual = parts.actual(inclusive=self.inclusive) - self.discount - self.coupon
        if self.inclusive:
            return Amounts(ex=actual - parts.tax, inc=actual, tax=parts.tax)
        return Amounts(ex=actual, inc=actual + parts.tax, tax=parts.tax)
