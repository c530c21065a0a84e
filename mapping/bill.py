"""An order's charges and its discount, read together: what every later step asks of them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from cartledger.errors import Problem
from cartledger.money import ZERO
from cartledger.records import Order
from mapping.charges import Charge, charges_of, paid_net
from mapping.discount import Discount, decide_discount
from mapping.finder import Finder
from mapping.totals import Totals


@dataclass(frozen=True, kw_only=True)
class Bill:
    """What an order that closes as `totals` says charges for, less `discount`."""

    order: Order
    totals: Totals
    charges: tuple[Charge, ...]
    discount: Discount

    @property
    def net(self) -> Decimal:
        """What the charges come to before the discount, without tax."""
        return self.totals.total_ex + self.discount.total

    def paid_net(self, position: int) -> Decimal | None:
        """What was paid for one charge without tax, None where the shop does not say how the discount falls on it."""
        charge = self.charges[position]
        if self.discount.shares is None:
            return None if charge.discountable else paid_net(charge, ZERO, self.totals)
        return paid_net(charge, self.discount.shares[position], self.totals)


def read_bill(order: Order, totals: Totals, find: Finder) -> Bill | None:
    """None where the discount cannot be told; whatever is in the way is reported to `find`."""
    charges = charges_of(order, find)
    discount = decide_discount(order, totals, charges)
    if isinstance(discount, Problem):
        find.report(discount)
        return None
    return Bill(order=order, totals=totals, charges=charges, discount=discount)
