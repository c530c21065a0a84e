"""What a refund comes to: each thing's share of what was paid for it, the last refund of a thing taking the rest.

Amounts are in the order's currency. The *entered* side is the one on which the shop enters prices: with tax where the
order's prices have tax in them, else without.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from simulator.bigcommerce.store import Json, Order
from simulator.pricing import ZERO, cents


@dataclass(frozen=True, kw_only=True)
class Figures:
    """`total` is with `tax`."""

    total: Decimal = ZERO
    tax: Decimal = ZERO

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(total=self.total + other.total, tax=self.tax + other.tax)


@dataclass(frozen=True, kw_only=True)
class Charged:
    """What was paid for one thing after every discount, on the entered side, and the tax on it."""

    entered: Decimal
    tax: Decimal
    inclusive: bool

    def part(self, done: Decimal, more: Decimal, whole: Decimal) -> Figures:
        """The share of `more` of `whole`, after `done` of it went back: shares of a whole sum to it exactly."""
        entered = _share(self.entered, done, more, whole)
        tax = _share(self.tax, done, more, whole)
        return Figures(total=entered if self.inclusive else entered + tax, tax=tax)

    def amount(self, done: Decimal, more: Decimal) -> Figures:
        """The same for an amount on the entered side."""
        return self.part(done, more, self.entered)


def _share(of: Decimal, done: Decimal, more: Decimal, whole: Decimal) -> Decimal:
    return cents(of * (done + more) / whole) - cents(of * done / whole)


def line_paid(order: Order, line: Json) -> Charged:
    paid, tax = Decimal(line["discounted_total_inc_tax"]), Decimal(line["total_tax"])
    return _charged(order, paid - tax, paid, tax)


def wrapping_paid(order: Order, line: Json) -> Charged:
    return _costs(order, line, "wrapping_cost_")


def shipping_paid(order: Order, address: Json) -> Charged:
    return _costs(order, address, "cost_")


def handling_paid(order: Order, address: Json) -> Charged:
    return _costs(order, address, "handling_cost_")


def fee_paid(order: Order, fee: Json) -> Charged:
    return _costs(order, {"cost_ex_tax": fee.get("cost_exc_tax"), **fee}, "cost_")


def _costs(order: Order, row: Json, prefix: str) -> Charged:
    return _charged(order, *(Decimal(row[f"{prefix}{side}"]) for side in ("ex_tax", "inc_tax", "tax")))


def _charged(order: Order, ex: Decimal, inc: Decimal, tax: Decimal) -> Charged:
    inclusive = bool(order.header["is_tax_inclusive_pricing"])
    return Charged(entered=inc if inclusive else ex, tax=tax, inclusive=inclusive)


def went_back(refunds: Iterable[Json]) -> Decimal:
    """The money of these refunds that no provider declined."""
    paid = (payment for refund in refunds for payment in refund["payments"] if not payment["is_declined"])
    return sum((Decimal(str(payment["amount"])) for payment in paid), ZERO)


def counts(refund: Json) -> bool:
    """Whether a refund took anything back: not if all of its payments were declined."""
    payments = refund["payments"]
    return not payments or any(not payment["is_declined"] for payment in payments)
