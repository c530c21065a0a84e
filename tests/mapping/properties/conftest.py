"""Orders by the documented rules of a checkout, in both price modes, made here independently of the simulator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import strategies as st

from mapping.tax.rows import OrderTax

CENT = Decimal("0.01")
FOUR = Decimal("0.0001")
NOTHING = Decimal(0)
Levies = tuple[tuple[str, Decimal], ...]
"""Names and percents of the taxes that are charged together."""


def cent(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def one_tax(*percents: str) -> dict[Decimal, Levies]:
    return {Decimal(percent): ((f"Tax {percent}", Decimal(percent)),) for percent in percents}


PLAIN = one_tax("2.25", "8.25", "20")


@dataclass(frozen=True)
class Priced:
    """One thing charged: what is entered, what is off it, and what the shop prints: without tax, tax, with tax.

    `taxes` are its tax rows: name, percent and amount.
    """

    kind: str
    entered: Decimal
    off: Decimal
    ex: Decimal
    tax: Decimal
    inc: Decimal
    inclusive: bool
    taxes: tuple[tuple[str, Decimal, Decimal], ...]

    @property
    def rate(self) -> Decimal:
        return sum((percent for _, percent, _ in self.taxes), NOTHING)

    @property
    def paid_net(self) -> Decimal:
        return self.entered - self.off - (self.tax if self.inclusive else NOTHING)

    @property
    def actual(self) -> Decimal:
        return self.inc if self.inclusive else self.ex


@dataclass(frozen=True)
class Till:
    """How a shop prices: `inclusive` prices hold their tax; taxes of one thing are rounded `apart` or together."""

    inclusive: bool
    apart: bool

    def price(self, kind: str, entered: Decimal, levies: Levies = (), off: Decimal = NOTHING) -> Priced:
        """Tax on the discounted price, to the cent; the other side is scaled from it."""
        paid = entered - off
        rate = sum((percent for _, percent in levies), NOTHING)
        whole = 100 + (rate if self.inclusive else NOTHING)
        exact = [(name, percent, paid * percent / whole) for name, percent in levies]
        rows = tuple(
            (name, percent, amount.quantize(CENT if self.apart else FOUR, ROUND_HALF_UP))
            for name, percent, amount in exact
        )
        tax = sum((amount for _, _, amount in rows), NOTHING) if self.apart else cent(paid * rate / whole)
        scaled = (tax * entered / paid).quantize(FOUR) if paid else NOTHING
        ex, inc = (entered - scaled, entered) if self.inclusive else (entered, entered + scaled)
        return Priced(kind, entered, off, ex, tax, inc, self.inclusive, rows)


@dataclass(frozen=True)
class Shop:
    """An order as generated: `raw` is what the API would answer, `rows` its tax rows, the rest what is known of it."""

    raw: dict[str, Any]
    rows: tuple[OrderTax, ...]
    things: tuple[Priced, ...]
    inclusive: bool
    total_ex: Decimal
    tax: Decimal
    off: Decimal
    certificate: Decimal
    credit: Decimal
    whole_cents: bool
    shares_printed: bool

    @property
    def tenders(self) -> Decimal:
        return self.certificate + self.credit

    @property
    def fees(self) -> tuple[Priced, ...]:
        return self.of("fee")

    @property
    def taxed_net(self) -> Decimal:
        return sum((thing.paid_net for thing in self.things if thing.tax), NOTHING)

    def of(self, kind: str) -> tuple[Priced, ...]:
        """What was charged of one kind, without what is printed as nothing."""
        return tuple(thing for thing in self.things if thing.kind == kind and (thing.ex, thing.inc) != (0, 0))


def money(low: int, high: int) -> st.SearchStrategy[Decimal]:
    return st.integers(low, high).map(lambda number: Decimal(number) / 100)


def sometimes(strategy: st.SearchStrategy[Any], otherwise: Any) -> st.SearchStrategy[Any]:
    return st.one_of(st.just(otherwise), strategy)


def three(pattern: str, *priced: Priced) -> dict[str, str]:
    sums = {side: sum((getattr(each, side) for each in priced), NOTHING) for side in ("ex", "tax", "inc")}
    return printed(pattern, sums["ex"], sums["tax"], sums["inc"])


def printed(pattern: str, ex: Decimal, tax: Decimal, inc: Decimal) -> dict[str, str]:
    return {pattern.format(side): f"{amount:.4f}" for side, amount in (("ex_tax", ex), ("tax", tax), ("inc_tax", inc))}


@st.composite
def shop_orders(draw: st.DrawFn, taxes: Mapping[Decimal, Levies] = PLAIN) -> Shop:
    """Consistent orders. `taxes` are what things may be taxed with, by their percent together; some are not taxed."""
    till = Till(inclusive=draw(st.booleans()), apart=draw(st.booleans()))
    levies = st.sampled_from([(), *taxes.values()])
    whole_cents = draw(st.booleans())
    goods, off, coupon = draw(_goods(till, levies, whole_cents))
    certificates = [
        till.price("certificate", amount) for amount in draw(sometimes(st.lists(money(100, 20000), max_size=1), []))
    ]
    charges = draw(_charges(till, levies))
    fees = [till.price("fee", draw(money(1, 1000)), draw(levies)) for _ in range(draw(st.sampled_from([0, 0, 1, 2])))]
    lines, everything = [*goods, *certificates], [*goods, *certificates, *charges.values(), *fees]
    tax = sum((thing.tax for thing in everything), NOTHING)
    actual = cent(sum((thing.actual for thing in everything), NOTHING) - off)
    total_ex = actual - tax if till.inclusive else actual
    tenders = draw(_tenders(total_ex + tax))
    shares_printed = draw(st.booleans())
    fees_inside = bool(fees) and draw(st.booleans())
    printed_after = sum(tenders, NOTHING) if draw(st.booleans()) else NOTHING
    raw = draw(_header(till.inclusive)) | {
        **three("subtotal_{}", *lines, *(fees if fees_inside else [])),
        **three("shipping_cost_{}", charges["shipping"]),
        **three("handling_cost_{}", charges["handling"]),
        **three("wrapping_cost_{}", charges["gift-wrapping"]),
        **printed("total_{}", total_ex - printed_after, tax, total_ex + tax - printed_after),
        "discount_amount": f"{off - coupon:.4f}",
        "coupon_discount": f"{coupon:.4f}",
        "gift_certificate_amount": f"{tenders[0]:.4f}",
        "store_credit_amount": f"{tenders[1]:.4f}",
        "fees": [{"id": number, **three("cost_{}", fee)} for number, fee in enumerate(fees)],
        "products": [
            _line(number, thing, draw(st.integers(1, 40)), shares_printed) for number, thing in enumerate(lines)
        ],
    }
    raw["items_total"] = sum(line["quantity"] for line in raw["products"])
    return Shop(
        raw=raw,
        rows=tuple(_rows(goods, charges)),
        things=tuple(everything),
        inclusive=till.inclusive,
        total_ex=total_ex,
        tax=tax,
        off=off,
        certificate=tenders[0],
        credit=tenders[1],
        whole_cents=whole_cents,
        shares_printed=shares_printed,
    )


@st.composite
def _goods(
    draw: st.DrawFn, till: Till, levies: st.SearchStrategy[Levies], whole_cents: bool
) -> tuple[list[Priced], Decimal, Decimal]:
    """Goods, with whole cents off each, never more than the line; what is off them all, and the coupon's part of it."""
    price = money(0, 50000) if whole_cents else st.integers(0, 500000).map(lambda number: Decimal(number) / 10000)
    percent = draw(sometimes(st.integers(1, 100), 0))
    goods = []
    for _ in range(draw(st.integers(1, 6))):
        entered = draw(price)
        share = (entered * percent / 100).quantize(CENT, ROUND_DOWN)
        goods.append(till.price("item", entered, draw(levies), share))
    off = sum((thing.off for thing in goods), NOTHING)
    return goods, off, cent(off * draw(st.integers(0, 4)) / 4)


@st.composite
def _charges(draw: st.DrawFn, till: Till, levies: st.SearchStrategy[Levies]) -> dict[str, Priced]:
    """Shipping, handling and wrapping, each taxed alike or not at all."""
    taxed = draw(levies)
    return {
        kind: till.price(kind, draw(sometimes(money(0, 5000), NOTHING)), draw(st.sampled_from([(), taxed])))
        for kind in ("shipping", "handling", "gift-wrapping")
    }


@st.composite
def _tenders(draw: st.DrawFn, total: Decimal) -> tuple[Decimal, Decimal]:
    """Certificates and store credit redeemed."""
    redeemed = (total * draw(sometimes(st.integers(1, 100), 0)) / 100).quantize(CENT, ROUND_DOWN)
    half = (redeemed / 2).quantize(CENT, ROUND_DOWN)
    return draw(st.sampled_from([(redeemed, NOTHING), (NOTHING, redeemed), (half, redeemed - half)]))


@st.composite
def _header(draw: st.DrawFn, inclusive: bool) -> dict[str, Any]:
    return {
        "id": draw(st.integers(1, 10**9)),
        "customer_id": draw(st.sampled_from([0, 7])),
        "date_created": "Fri, 01 May 2026 03:30:00 +0000",
        "date_modified": "Fri, 01 May 2026 03:30:00 +0000",
        "status_id": 11,
        "default_currency_code": "USD",
        "is_tax_inclusive_pricing": draw(st.sampled_from([True, False, None, inclusive])),
        "payment_method": draw(st.sampled_from(["Credit Card", "PayPal", "Else", ""])),
        "payment_status": draw(st.sampled_from(["captured", "pending", ""])),
        "billing_address": {
            "first_name": draw(st.text(max_size=5)),
            "email": draw(st.sampled_from(["", "a@example.com"])),
        },
    }


def _line(number: int, thing: Priced, quantity: int, shares_printed: bool) -> dict[str, Any]:
    share = [{"id": "x", "amount": f"{thing.off:.4f}", "target": "order"}] if shares_printed and thing.off else []
    return {
        "id": number,
        "name": "Thing",
        "sku": "A",
        "type": "giftcertificate" if thing.kind == "certificate" else "physical",
        "quantity": quantity,
        **three("total_{}", thing),
        "applied_discounts": share,
    }


def _rows(goods: list[Priced], charges: Mapping[str, Priced]) -> list[OrderTax]:
    """A row for each tax of a line or charge, and one of 0 % where there is none; fees have no rows."""
    numbered = [*enumerate(goods), *((None, charge) for charge in charges.values() if charge.entered)]
    return [
        OrderTax(
            name=name,
            class_name="",
            rate=percent,
            amount=amount,
            order_product_id=number,
            line_item_type=thing.kind,
        )
        for number, thing in numbered
        for name, percent, amount in thing.taxes or (("No tax", NOTHING, NOTHING),)
    ]


@pytest.fixture
def orders_of():
    """`orders_of(taxes)`: a strategy of consistent orders."""
    return shop_orders


@pytest.fixture
def taxed_at():
    """Taxes of one name and percent each, as `orders_of` takes them."""
    return one_tax
