"""An order as decided, before it is printed in BigCommerce's shape: who, what, at which price, paid how."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from simulator.goods import Product
from simulator.markets import Levy
from simulator.people import Person
from simulator.pricing import ZERO, Amounts, Totals, cents, price


@dataclass(kw_only=True)
class Item:
    """One line. `unit` may have sub-cent digits, the line's total has not. `rate` in percent.

    `discount` and `coupon` are this line's shares, on the side the shop enters. `parent` is the line that a
    zero-priced bundled child belongs to; `certificate` is set on a gift certificate sold.
    """

    line_id: int
    product: Product
    quantity: int
    unit: Decimal
    rate: Decimal
    inclusive: bool
    address_id: int = 0
    pickup_method: int = 0
    parent: int | None = None
    certificate: int | None = None
    discount: Decimal = ZERO
    coupon: Decimal = ZERO
    wrapping: Amounts = field(default_factory=Amounts)

    @property
    def total(self) -> Decimal:
        return cents(self.unit * self.quantity)

    @property
    def shares(self) -> Decimal:
        return self.discount + self.coupon

    @property
    def amounts(self) -> Amounts:
        return price(self.total, self.rate, inclusive=self.inclusive, discount=self.shares)

    @property
    def discountable(self) -> bool:
        return self.certificate is None and self.parent is None


@dataclass(frozen=True, kw_only=True)
class Destination:
    """One shipping address with what is charged for it. `base` is the shipping cost before any reduction."""

    address_id: int
    base: Decimal
    shipping: Amounts
    handling: Amounts


@dataclass(frozen=True, kw_only=True)
class Fee:
    fee_id: int
    name: str
    amounts: Amounts


@dataclass(frozen=True, kw_only=True)
class Payment:
    """A way to pay as the shop shows it. `event` is the transaction's, "" where the shop records none.

    `share` is the part of what is due that came in so, `other` the way that the rest came in, if it did.
    """

    name: str
    status: str
    gateway: str = ""
    method: str = "credit_card"
    event: str = ""
    other: "Payment | None" = None
    share: Decimal = Decimal(1)


@dataclass(kw_only=True)
class Draft:
    """One order. `charge_rate` is the tax on shipping, handling, wrapping and fees where they are taxed, in percent.

    `rates` are percents by tax class, `levies` the taxes that each consists of. One unit of `store_currency` is
    `exchange` of the order's own `currency`. `captured` is when reserved money was taken, None where it was at once.
    """

    order_id: int
    person: Person
    created: datetime
    modified: datetime
    status_id: int
    inclusive: bool
    currency: str
    store_currency: str
    exchange: Decimal
    charge_rate: Decimal = ZERO
    rates: Mapping[str, Decimal] = field(default_factory=dict)
    levies: Mapping[Decimal, Sequence[Levy]] = field(default_factory=dict)
    source: str = "www"
    items: list[Item] = field(default_factory=list)
    destinations: list[Destination] = field(default_factory=list)
    fees: list[Fee] = field(default_factory=list)
    discount: Decimal = ZERO
    coupon: Decimal = ZERO
    coupon_code: str = ""
    certificate_redeemed: Decimal = ZERO
    credit_redeemed: Decimal = ZERO
    captured: datetime | None = None
    payment: Payment = field(default_factory=lambda: Payment(name="Manual", status=""))

    @property
    def totals(self) -> Totals:
        return Totals(
            subtotal=_sum(item.amounts for item in self.items),
            shipping=_sum(d.shipping for d in self.destinations),
            handling=_sum(d.handling for d in self.destinations),
            wrapping=_sum(item.wrapping for item in self.items),
            fees=_sum(fee.amounts for fee in self.fees),
            discount=self.discount,
            coupon=self.coupon,
            inclusive=self.inclusive,
        )

    @property
    def due(self) -> Decimal:
        """What is left to pay after certificates and store credit."""
        return self.totals.total.inc - self.certificate_redeemed - self.credit_redeemed


def _sum(amounts: Iterable[Amounts]) -> Amounts:
    return sum(amounts, Amounts())
