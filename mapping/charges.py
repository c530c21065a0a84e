"""What an order charges for, each with the item it is booked on: lines, shipping, handling, wrapping, fees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from cartledger.money import ZERO
from cartledger.records import AppliedDiscount, Money3, Order, OrderLine
from mapping.finder import SHIPPING_ITEM, Finder
from mapping.text import DESCRIPTION_LIMIT, clean, cut
from mapping.totals import Totals

ONE = Decimal(1)


class Kind(StrEnum):
    """What is charged for. The shop's tax rows call the first four so (`line_item_type`); the others have no rows."""

    ITEM = "item"
    SHIPPING = "shipping"
    HANDLING = "handling"
    WRAPPING = "gift-wrapping"
    FEE = "fee"
    CERTIFICATE = "gift certificate"


@dataclass(frozen=True, kw_only=True)
class Charge:
    """One thing that the order charges for; `printed` is what the shop prints of it, before order-level discounts.

    `quantity` is None for QuickBooks' own shipping field, which takes none. `discounts` are this charge's shares of
    order-level discounts; `discountable` charges take part when those have to be guessed. `line` is the shop's id of an
    order line, None for what is charged for the whole order, of which fees have an id, too (`fee`). `parts` are the
    things in it that the shop taxed apart.
    """

    kind: Kind
    item: str
    description: str
    quantity: Decimal | None
    printed: Money3
    discounts: tuple[AppliedDiscount, ...] = ()
    discountable: bool = False
    line: int | None = None
    fee: int | None = None
    parts: int = 1

    @property
    def taxed(self) -> bool:
        return self.printed.tax != 0


def charges_of(order: Order, find: Finder) -> tuple[Charge, ...]:
    """In the order of the document. Bundled children stay, with 0.00, because their stock moves."""
    return (*_lines(order, find), *_extras(order, find))


def shares_of(charges: tuple[Charge, ...], off: Decimal) -> list[Decimal] | None:
    """Each charge's share of the order-level discounts (`off`), actual side; None where the shop's do not add up.

    A discount aimed at a product may already be in the line's price, so those are left out if that makes the sum.
    """
    for targets in ((), ("product",)):
        shares = [
            sum((discount.amount for discount in charge.discounts if discount.target not in targets), ZERO)
            for charge in charges
        ]
        if sum(shares, ZERO) == off:
            return shares
    return None


def paid_net(charge: Charge, share: Decimal, totals: Totals) -> Decimal:
    """What was paid for the charge, without tax: exact on either side."""
    if totals.inclusive:
        return charge.printed.inc - share - charge.printed.tax
    return charge.printed.ex - share


def _lines(order: Order, find: Finder) -> Iterator[Charge]:
    for line in order.lines:
        if line.quantity == 0 and line.total == Money3():
            continue
        if line.is_gift_certificate:
            item = find.item("gift_card_product", what="a gift certificate sold")
            yield Charge(
                kind=Kind.CERTIFICATE,
                item=item,
                description=_words(line.name),
                quantity=line.quantity,
                printed=line.total,
                line=line.id,
            )
            continue
        item, by_default = find.product(line)
        yield Charge(
            kind=Kind.ITEM,
            item=item,
            description=_description(line, with_sku=by_default),
            quantity=line.quantity,
            printed=line.total,
            discounts=line.discounts,
            discountable=True,
            line=line.id,
        )


def _extras(order: Order, find: Finder) -> Iterator[Charge]:
    if order.shipping != Money3():
        item = find.shipping()
        quantity = None if item == SHIPPING_ITEM else ONE
        yield Charge(
            kind=Kind.SHIPPING,
            item=item,
            description="Shipping",
            quantity=quantity,
            printed=order.shipping,
            parts=order.deliveries,
        )
    if order.handling != Money3():
        item = find.item("handling_item", what="handling")
        yield Charge(
            kind=Kind.HANDLING,
            item=item,
            description="Handling",
            quantity=ONE,
            printed=order.handling,
            parts=order.deliveries,
        )
    if order.wrapping != Money3():
        item = find.item("wrapping_item", what="gift wrapping")
        yield Charge(
            kind=Kind.WRAPPING,
            item=item,
            description="Gift wrapping",
            quantity=ONE,
            printed=order.wrapping,
            parts=sum(line.wrapping != Money3() for line in order.lines),
        )
    for fee in order.fees:
        if fee.amount != Money3():
            item = find.item("fee_item", what="a fee")
            yield Charge(
                kind=Kind.FEE,
                item=item,
                description=_words(fee.name),
                quantity=ONE,
                printed=fee.amount,
                fee=fee.id,
            )


def _description(line: OrderLine, *, with_sku: bool) -> str:
    options = f" ({', '.join(line.options)})" if line.options else ""
    sku = f"{line.sku}: " if with_sku and line.sku else ""
    return _words(f"{sku}{line.name}{options}")


def _words(text: str) -> str:
    return cut(clean(text), DESCRIPTION_LIMIT)
