"""A seeded generator of BigCommerce orders whose printed figures close to the cent, in both price modes.

The order of decisions follows a checkout: buyer, lines, discounts, delivery, extras, tenders, payment. The arithmetic
is pricing.py's, the printed shape printing.py's. The same arguments give the same orders.
"""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from itertools import count, cycle, islice
from typing import Any
from zoneinfo import ZoneInfo

from simulator.drafts import Destination, Draft, Fee, Item, Payment
from simulator.goods import Product, catalogue
from simulator.markets import US, Levies, Market, flat
from simulator.people import people
from simulator.pricing import ZERO, Amounts, cents, price, printed, split
from simulator.printing import print_order

Json = dict[str, Any]

NOW = datetime(2026, 4, 30, 12, tzinfo=UTC)
ZONE = ZoneInfo("America/Chicago")
"""The shop's days, on which it sends what was ordered."""

CARD = Payment(name="Credit Card", status="captured", gateway="stripe", event="purchase")
AUTHORISED = Payment(name="Credit Card", status="authorized", gateway="stripe", event="authorization")
TAKEN_LATER = Payment(name="Credit Card", status="captured", gateway="stripe", event="authorization")
PAYPAL = Payment(
    name="PayPal", status="captured", gateway="paypalcommerce", method="electronic_wallet", event="purchase"
)
CASH = Payment(name="Cash on Delivery", status="pending")
BANK = Payment(name="Bank Deposit", status="pending")
TEST = Payment(name="Test Payment Gateway", status="captured", gateway="testgateway", event="purchase")
DECLINED = Payment(name="Credit Card", status="declined")
IN_TWO = Payment(
    name="Credit Card, PayPal",
    status="captured",
    gateway="stripe",
    event="purchase",
    other=PAYPAL,
    share=Decimal("0.4"),
)
IN_PART = Payment(name="Credit Card", status="captured", gateway="stripe", event="purchase", share=Decimal("0.5"))

_POSTED = {11: 40, 9: 14, 2: 16, 10: 18, 3: 2, 8: 2}
_OTHERS = {7: 4, 0: 2, 5: 1, 6: 1}
_PAYMENTS = {CARD: 52, PAYPAL: 25, AUTHORISED: 8, CASH: 8, BANK: 7}
_TAKEN_LATER = 0.01
_PAYMENT_OF_STATUS = {0: DECLINED, 6: DECLINED, 7: BANK}


def generate(
    seed: int,
    orders: int,
    customers: int = 100,
    price_mode: str = "exclusive",
    currency: str = "USD",
    *,
    now: datetime = NOW,
    days: int = 7,
    first_id: int = 1001,
    market: Market = US,
    rates: dict[str, Decimal] | None = None,
    clean: bool = False,
    share_odd: float = 0.05,
    big_orders: int = 0,
    big_lines: int = 60,
) -> list[Json]:
    """`orders` raw v2 orders, created in the `days` before `now`, ids rising with the time of creation.

    `price_mode` is "exclusive" or "inclusive"; `currency` is the shop's. `market` says where buyers live, how they are
    taxed and in what they pay; `rates` are percents by tax class in place of its taxes. `clean` leaves out what no
    books take: unposted statuses, market places, the test gateway, money that was reserved only, and the odd; and
    orders that are paid in two ways or in part. `share_odd` is the share of orders that
    must be held (foreign currency, unknown status, overridden totals, a price that is no number, no SKU); which it is
    stands in `staff_notes`. The last `big_orders` of them have `big_lines` lines each.
    """
    if price_mode not in ("exclusive", "inclusive"):
        raise ValueError(price_mode)
    checkout = _Checkout(
        seed,
        customers,
        now=now,
        inclusive=price_mode == "inclusive",
        currency=currency,
        market=market,
        levies=None if rates is None else flat(rates),
        clean=clean,
    )
    moments = checkout.moments(orders, now, timedelta(days=days))
    oddities = cycle(_ODDITIES)
    found = []
    for number, (created, modified) in enumerate(moments):
        lines = big_lines if number >= orders - big_orders else None
        raw = print_order(checkout.order(first_id + number, created, modified, lines))
        if not clean and checkout.source.random() < share_odd:
            _make_odd(raw, *next(oddities))
        found.append(raw)
    return found


class _Checkout:
    """Takes the decisions, one order after the other, from one source of chance."""

    def __init__(
        self,
        seed: int,
        customers: int,
        *,
        now: datetime,
        inclusive: bool,
        currency: str,
        market: Market,
        levies: Levies | None,
        clean: bool,
    ) -> None:
        self.source = random.Random(f"orders {seed}")
        self.tenders = random.Random(f"tenders {seed}")
        self.now = now
        self.people = people(seed, customers, market.places)
        self.products = catalogue(seed)
        self.inclusive = inclusive
        self.currency = currency
        self.levies = levies
        self.clean = clean
        self.line_ids = count(5001)
        self.address_ids = count(3001)
        self.fee_ids = count(1)
        self.certificate_ids = count(1)

    def order(self, order_id: int, created: datetime, modified: datetime, lines: int | None) -> Draft:
        draft = self._begin(order_id, created, modified)
        levies = draft.person.place.levies if self.levies is None else self.levies
        self._tax(draft, levies if self._happens(0.85) else {})
        self._add_lines(draft, lines or self.source.choices((1, 2, 3, 4, 7), (40, 28, 18, 10, 4))[0])
        self._discount(draft)
        self._deliver(draft)
        self._add_extras(draft)
        self._pay(draft)
        return draft

    def _tax(self, draft: Draft, levies: Levies) -> None:
        draft.rates = {name: sum((levy.percent for levy in taxes), ZERO) for name, taxes in levies.items()}
        draft.levies = {draft.rates[name]: taxes for name, taxes in levies.items()}
        draft.charge_rate = draft.rates.get("standard", ZERO)

    def moments(self, orders: int, now: datetime, span: timedelta) -> Iterator[tuple[datetime, datetime]]:
        """Creation and modification of each order, on one day: some share a second, and of one day a part was edited
        in one bulk edit."""
        seconds = sorted(self.source.randrange(int(span.total_seconds())) for _ in range(orders))
        for index in range(1, orders):
            if self._happens(0.1):
                seconds[index] = seconds[index - 1]
        start, bulk_edit = now - span, now - span / 7
        for second in seconds:
            created = start + timedelta(seconds=second)
            later = min(now, created + timedelta(seconds=self.source.randrange(6 * 3600)), _end_of_day(created))
            edited = self._happens(0.5) and later < bulk_edit <= _end_of_day(created)
            yield created, bulk_edit if edited else later

    def _happens(self, chance: float) -> bool:
        return self.source.random() < chance

    def _pick(self, weights: dict[Any, int]) -> Any:
        return self.source.choices(list(weights), list(weights.values()))[0]

    def _begin(self, order_id: int, created: datetime, modified: datetime) -> Draft:
        person = self.source.choice(self.people)
        foreign = person.place.currency not in (None, self.currency)
        return Draft(
            order_id=order_id,
            person=person,
            created=created,
            modified=modified,
            status_id=self._pick(_POSTED if self.clean else _POSTED | _OTHERS),
            inclusive=self.inclusive,
            currency=person.place.currency or self.currency,
            store_currency=self.currency,
            exchange=person.place.exchange if foreign else Decimal(1),
            source=self._pick({"www": 80, "manual": 8, "mobile": 9} | ({} if self.clean else {"amazon": 2, "ebay": 1})),
        )

    def _add_lines(self, draft: Draft, lines: int) -> None:
        kind = self._pick({"digital": 5, "any": 20, "physical": 75})
        offered = [p for p in self.products if kind in ("any", p.kind)]
        for product in islice(cycle(self.source.sample(offered, len(offered))), lines):
            rate = draft.rates.get(product.tax, ZERO)
            draft.items.append(self._item(product, self._quantity(), self._unit(product), rate))
            if product.kind == "physical" and self._happens(0.03):
                draft.items.append(self._bundled(draft.items[-1]))
        if self._happens(0.03):
            draft.items.append(self._certificate())

    def _item(self, product: Product, quantity: int, unit: Decimal, rate: Decimal) -> Item:
        return Item(
            line_id=next(self.line_ids),
            product=product,
            quantity=quantity,
            unit=unit,
            rate=rate,
            inclusive=self.inclusive,
        )

    def _quantity(self) -> int:
        return self.source.choices((1, 2, 3, 6, 12), (60, 22, 10, 5, 3))[0]

    def _unit(self, product: Product) -> Decimal:
        """The price, or one with a bulk discount in it, which has sub-cent digits."""
        if not self._happens(0.1):
            return product.price
        return (product.price * self.source.choice((Decimal("0.9333"), Decimal("0.8571")))).quantize(Decimal("0.0001"))

    def _bundled(self, parent: Item) -> Item:
        """The child of a pick list: its own SKU, no money of its own."""
        product = self.source.choice([p for p in self.products if p.kind == "physical"])
        child = self._item(product, parent.quantity, ZERO, ZERO)
        child.parent = parent.line_id
        return child

    def _certificate(self) -> Item:
        amount = Decimal(self.source.choice((25, 50, 100)))
        product = Product(
            product_id=0,
            variant_id=0,
            sku="",
            name=f"${amount}.00 Gift Certificate",
            price=amount,
            tax="exempt",
            kind="giftcertificate",
            tracked=False,
        )
        item = self._item(product, 1, amount, ZERO)
        item.certificate = next(self.certificate_ids)
        return item

    def _discount(self, draft: Draft) -> None:
        if self._happens(0.15):
            draft.discount = self._share_out(draft, _give_discount)
        if self._happens(0.15):
            draft.coupon = self._share_out(draft, _give_coupon)
            draft.coupon_code = self.source.choice(("SAVE10", "SPRING", "THANKYOU"))

    def _share_out(self, draft: Draft, give: Callable[[Item, Decimal], None]) -> Decimal:
        """An amount or a percentage off, over the lines in proportion to what they come to. Returns what came off."""
        items = [item for item in draft.items if item.discountable]
        goods = sum((item.total for item in items), ZERO)
        off = cents(goods * self.source.choice((Decimal("0.10"), Decimal("0.15"), Decimal("0.3333"))))
        if self._happens(0.4):
            off = min(off, Decimal(5))
        for item, share in zip(items, split(off, [item.total for item in items]), strict=True):
            give(item, share)
        return off

    def _deliver(self, draft: Draft) -> None:
        physical = [item for item in draft.items if item.product.kind == "physical"]
        if not physical:
            return
        if self._happens(0.05):
            for item in physical:
                item.pickup_method = 1
            return
        addresses = 2 if len(physical) > 1 and self._happens(0.06) else 1
        rate = draft.charge_rate if self._happens(0.6) else ZERO
        draft.destinations = [self._destination(rate) for _ in range(addresses)]
        for index, item in enumerate(physical):
            item.address_id = draft.destinations[index % addresses].address_id

    def _destination(self, rate: Decimal) -> Destination:
        base = Decimal(self.source.choice((0, 495, 750, 1000, 1299))) / 100
        charged = ZERO if self._happens(0.1) else base
        handling = Decimal(3) if self._happens(0.05) else ZERO
        return Destination(
            address_id=next(self.address_ids),
            base=base,
            shipping=price(charged, rate, inclusive=self.inclusive),
            handling=price(handling, rate, inclusive=self.inclusive),
        )

    def _add_extras(self, draft: Draft) -> None:
        for item in draft.items:
            if item.product.kind == "physical" and item.discountable and self._happens(0.04):
                item.wrapping = self._charge(Decimal("3.50"), draft.charge_rate)
        if self._happens(0.06):
            rate = draft.charge_rate if self._happens(0.5) else ZERO
            fee = self._charge(Decimal("2.50"), rate)
            draft.fees.append(Fee(fee_id=next(self.fee_ids), name="Small order fee", amounts=fee))

    def _charge(self, amount: Decimal, rate: Decimal) -> Amounts:
        return price(amount, rate, inclusive=self.inclusive)

    def _pay(self, draft: Draft) -> None:
        self._redeem(draft)
        draft.payment = self._payment(draft)

    def _redeem(self, draft: Draft) -> None:
        """Certificates and store credit are tenders: the order's totals stay as they are. None pays for another."""
        whole = self._happens(0.02)
        sells = any(item.certificate for item in draft.items)
        if not sells and (whole or self._happens(0.05)):
            draft.certificate_redeemed = draft.due if whole else min(draft.due, Decimal(20))
        if draft.person.customer_id and self._happens(0.04):
            draft.credit_redeemed = draft.due if self._happens(0.3) else min(draft.due, Decimal("12.34"))

    def _payment(self, draft: Draft) -> Payment:
        if not draft.due:
            name = "Store Credit" if draft.credit_redeemed else "Gift Certificate"
            return Payment(name=name, status="captured")
        if draft.source in ("amazon", "ebay"):
            return Payment(name=draft.source.capitalize(), status="captured")
        if draft.status_id in _PAYMENT_OF_STATUS:
            return _PAYMENT_OF_STATUS[draft.status_id]
        choice: Payment = self._pick(_PAYMENTS | ({} if self.clean else {TEST: 1}))
        return self._otherwise(draft, choice)

    def _otherwise(self, draft: Draft, choice: Payment) -> Payment:
        """Some money is only reserved at first and taken later, some never; some comes in two ways, or in part."""
        chance = self.tenders.random()
        if choice is AUTHORISED:
            return CARD if self.clean else choice
        if choice is not CARD:
            return choice
        if chance < _TAKEN_LATER:
            return self._taken_later(draft)
        if not self.clean and chance < 2 * _TAKEN_LATER:
            return IN_TWO
        if not self.clean and chance < 3 * _TAKEN_LATER:
            draft.status_id = 1
            return IN_PART
        return choice

    def _taken_later(self, draft: Draft) -> Payment:
        captured = draft.created + timedelta(days=1, seconds=self.tenders.randrange(86400))
        if captured > self.now:
            return CARD
        draft.captured, draft.modified = captured, max(draft.modified, captured)
        return TAKEN_LATER


def _end_of_day(moment: datetime) -> datetime:
    tomorrow = moment.astimezone(ZONE).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), ZONE).astimezone(UTC) - timedelta(seconds=1)


def _give_discount(item: Item, share: Decimal) -> None:
    item.discount = share


def _give_coupon(item: Item, share: Decimal) -> None:
    item.coupon = share


def _foreign_currency(raw: Json) -> None:
    known = {raw["default_currency_code"], raw["store_default_currency_code"]}
    foreign = next(code for code in ("GBP", "EUR") if code not in known)
    raw["currency_code"] = raw["default_currency_code"] = foreign
    raw["store_default_to_transactional_exchange_rate"] = "0.9259260000"


def _unknown_status(raw: Json) -> None:
    raw.update(status_id=15, status="On Hold", custom_status="On Hold")


def _overridden_total(raw: Json) -> None:
    total = printed(Decimal(raw["total_inc_tax"]) + Decimal("100.01"))
    raw.update(total_ex_tax=total, total_inc_tax=total)


def _price_no_number(raw: Json) -> None:
    raw["products"][0].update(price_ex_tax="n/a", price_inc_tax="n/a", total_ex_tax="n/a", total_inc_tax="n/a")


def _missing_sku(raw: Json) -> None:
    raw["products"][0].update(product_id=0, variant_id=0, sku="", name="Custom engraving")


_ODDITIES: tuple[tuple[str, Callable[[Json], None]], ...] = (
    ("foreign currency", _foreign_currency),
    ("missing SKU", _missing_sku),
    ("overridden total", _overridden_total),
    ("price no number", _price_no_number),
    ("unknown status", _unknown_status),
)


def _make_odd(raw: Json, name: str, change: Callable[[Json], None]) -> None:
    """An odd order is one that would be booked but for its oddity."""
    raw.update(status_id=11, status="Awaiting Fulfillment", custom_status="Awaiting Fulfillment", order_source="www")
    change(raw)
    raw["staff_notes"] = f"simulator: {name}"
