"""Trade on both sides at once: buyers in the shop, deliveries, counts and a till in the company. Seeded steps."""

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from itertools import count
from typing import Any

from simulator.bigcommerce import fulfilment
from simulator.bigcommerce.stock import counted
from simulator.bigcommerce.store import Order, Store
from simulator.drafts import Destination, Draft, Item, Payment
from simulator.goods import Product
from simulator.people import Person
from simulator.pricing import price
from simulator.printing import print_order
from simulator.quickbooks.company import Company
from simulator.stock_proof import Shelf, shelves

Json = dict[str, Any]

RATES: Mapping[str, int] = {
    "sell": 50,
    "sell on account": 15,
    "pay": 10,
    "cancel": 6,
    "receive": 8,
    "recount": 4,
    "run low": 2,
    "sell by hand": 8,
}
"""How often each thing happens where it can, against the others."""
_CARD = Payment(name="Credit Card", status="captured", gateway="stripe", event="purchase")
_BANK = Payment(name="Bank Deposit", status="pending")
_LOW = 12
"""Of a SKU with so few units left buyers want more than of others."""
_RUN_LOW = 2
"""SKUs of one trade that are counted down to a few units."""


@dataclass(kw_only=True)
class Stand:
    """One SKU in a trade. `level` is what the shop offers, `free` are units that the company has promised to nobody;
    `lowered`: the company has fewer than the shop can know of."""

    shelf: Shelf
    level: int
    free: Decimal
    lowered: bool = False

    @property
    def sku(self) -> str:
        return self.shelf.sku


class Trade:
    """Takes one step after the other; the shop's clock dates them. The same seed on the same two sides gives the same
    trade. `rates` replace those of `RATES`. `happened` counts them.

    A trade begins when all that the shop accepted shows. Buyers take no more than the shop offers, and nothing that
    the company has counted down or sold by hand within the same trade: the shop cannot know of that yet. What they take
    beyond the units that the company has promised to nobody is added to the shop's `oversold`.
    `number` is what the company's documents are numbered with.
    """

    def __init__(
        self,
        shop: Store,
        company: Company,
        buyers: Sequence[Person],
        seed: int,
        *,
        number: str = "BC-{id}",
        rates: Mapping[str, int] | None = None,
    ) -> None:
        wanted = rates or {}
        if not wanted.keys() <= RATES.keys():
            msg = f"nothing that happens: {sorted(wanted.keys() - RATES.keys())}"
            raise ValueError(msg)
        self.shop = shop
        self.company = company
        self.buyers = buyers
        self.source = random.Random(f"trade {seed}")
        self.rates = {name: rate for name, rate in {**RATES, **wanted}.items() if rate}
        self.happened: Counter[str] = Counter()
        shop.land()
        self.shelves = {
            shelf.sku: Stand(shelf=shelf, level=shelf.level, free=shelf.free)
            for shelf in shelves(shop, company, number)
        }
        self.lines = count(1 + max((line["id"] for o in shop.orders.values() for line in o.products), default=5000))
        self.addresses = count(
            1 + max((row["id"] for o in shop.orders.values() for row in o.shipping_addresses), default=3000)
        )

    def step(self) -> str:
        """Does one thing and says what, "" where nothing can happen."""
        with self.shop.lock, self.company.lock:
            able = [name for name in self.rates if _THINGS[name].can(self)]
            if not able:
                return ""
            [name] = self.source.choices(able, [self.rates[each] for each in able])
            self.happened[name] += 1
            return f"{name}: {_THINGS[name].do(self)}"

    # -- what there is to choose from

    def offered(self) -> list[Stand]:
        """What buyers can take now."""
        levels = self.shop.levels()
        for stand in self.shelves.values():
            stand.level = levels[stand.sku]
        return [stand for stand in self.shelves.values() if stand.level and not stand.lowered]

    def stands(self, least: int = 0) -> list[Stand]:
        """Of which at least so many units are free."""
        return [stand for stand in self.shelves.values() if stand.free >= least]

    def waiting(self) -> list[Order]:
        """Orders that wait for their money by bank."""
        return [
            order
            for _, order in sorted(self.shop.orders.items())
            if order.header["status_id"] == fulfilment.AWAITING_PAYMENT and not order.header.get("staff_notes")
            if order.header["payment_method"] == _BANK.name and not order.transactions
        ]

    def choose(self, stands: list[Stand]) -> Stand:
        return self.source.choice(stands)


@dataclass(frozen=True, kw_only=True)
class _Thing:
    can: Callable[[Trade], object]
    do: Callable[[Trade], str]


def _sell(trade: Trade, payment: Payment, status_id: int) -> str:
    offered = trade.offered()
    weights = [6 if stand.level <= _LOW else 1 for stand in offered]
    wanted = {stand.sku: stand for stand in trade.source.choices(offered, weights, k=trade.source.choice((1, 1, 2, 3)))}
    bought = {sku: min(stand.level, trade.source.choice((1, 1, 2, 3))) for sku, stand in wanted.items()}
    order = trade.shop.sell(_order(trade, bought, payment, status_id))
    _register(trade.shop, order)
    for sku, units in bought.items():
        beyond = units - max(Decimal(0), wanted[sku].free)
        wanted[sku].free -= units
        if beyond > 0:
            trade.shop.oversold[sku] += int(beyond.to_integral_value(ROUND_CEILING))
    return f"order {order.id}, " + ", ".join(f"{units} {sku}" for sku, units in bought.items())


def _order(trade: Trade, bought: Mapping[str, int], payment: Payment, status_id: int) -> Json:
    person = trade.source.choice(trade.buyers)
    now = trade.shop.clock()
    inclusive = trade.shop.price_mode == "inclusive"
    levies = person.place.levies["standard"]
    rate = sum((levy.percent for levy in levies), Decimal(0))
    destination = Destination(
        address_id=next(trade.addresses),
        base=Decimal(5),
        shipping=price(Decimal(5), rate, inclusive=inclusive),
        handling=price(Decimal(0), rate, inclusive=inclusive),
    )
    goods = {item.sku: (item.product, item.variant) for item in counted(trade.shop.products)}
    draft = Draft(
        order_id=1 + max(trade.shop.orders, default=1000),
        person=person,
        created=now,
        modified=now,
        status_id=status_id,
        inclusive=inclusive,
        currency=person.place.currency or trade.shop.currency,
        store_currency=trade.shop.currency,
        exchange=person.place.exchange,
        charge_rate=rate,
        rates={"standard": rate},
        levies={rate: levies},
        payment=payment,
        destinations=[destination],
    )
    for sku, units in bought.items():
        draft.items.append(
            Item(
                line_id=next(trade.lines),
                product=_product(sku, *goods[sku]),
                quantity=units,
                unit=Decimal(str(goods[sku][0]["price"])),
                rate=rate,
                inclusive=inclusive,
                address_id=destination.address_id,
            )
        )
    return print_order(draft)


def _product(sku: str, product: Json, variant: Json | None) -> Product:
    return Product(
        product_id=product["id"],
        variant_id=variant["id"] if variant else 0,
        sku=sku,
        name=product["name"],
        price=Decimal(str(product["price"])),
        tax="standard",
        kind=product["type"],
        tracked=True,
    )


def _register(shop: Store, order: Order) -> None:
    number = order.header["customer_id"]
    if number and all(customer["id"] != number for customer in shop.customers):
        shop.add_customer(customer_id=number, billing=order.header["billing_address"])


def _pay(trade: Trade) -> str:
    order = trade.source.choice(trade.waiting())
    fulfilment.pay(trade.shop, order.id)
    return f"order {order.id}"


def _cancel(trade: Trade) -> str:
    """The units are free again; whether the shop puts them back by itself is its own setting."""
    order = trade.source.choice(trade.waiting())
    fulfilment.cancel(trade.shop, order.id)
    for line in order.products:
        if line["sku"] in trade.shelves:
            trade.shelves[line["sku"]].free += line["quantity"]
    return f"order {order.id}"


def _receive(trade: Trade) -> str:
    stand = trade.choose(trade.stands())
    units = trade.source.randrange(1, 25)
    trade.company.receive_units(stand.shelf.item_id, Decimal(units))
    stand.free += units
    return f"{units} {stand.sku}"


def _recount(trade: Trade) -> str:
    stand = trade.choose(trade.stands(3))
    return _count(trade, stand, trade.source.choice((-2, -1, 1, 2)))


def _run_low(trade: Trade) -> str:
    """All but a few units turn out to be gone."""
    stand = trade.choose(trade.stands(_LOW + 1))
    return _count(trade, stand, trade.source.randrange(3, 9) - int(stand.free))


def _count(trade: Trade, stand: Stand, change: int) -> str:
    on_hand = trade.company.state.get("Item", stand.shelf.item_id).running
    trade.company.count_units(stand.shelf.item_id, on_hand + change)
    stand.free += change
    stand.lowered |= change < 0
    return f"{stand.sku} {change:+d}"


def _by_hand(trade: Trade) -> str:
    stand = trade.choose(trade.stands(1))
    trade.company.sell_units(stand.shelf.item_id, Decimal(1))
    stand.free -= 1
    stand.lowered = True
    return f"1 {stand.sku}"


_THINGS: Mapping[str, _Thing] = {
    "sell": _Thing(can=Trade.offered, do=lambda t: _sell(t, _CARD, fulfilment.AWAITING_FULFILMENT)),
    "sell on account": _Thing(can=Trade.offered, do=lambda t: _sell(t, _BANK, fulfilment.AWAITING_PAYMENT)),
    "pay": _Thing(can=Trade.waiting, do=_pay),
    "cancel": _Thing(can=Trade.waiting, do=_cancel),
    "receive": _Thing(can=Trade.stands, do=_receive),
    "recount": _Thing(can=lambda t: t.stands(3), do=_recount),
    "run low": _Thing(can=lambda t: t.stands(_LOW + 1) and t.happened["run low"] < _RUN_LOW, do=_run_low),
    "sell by hand": _Thing(can=lambda t: t.stands(1), do=_by_hand),
}
