"""What happens to a shop's orders after they were placed: seeded steps of one order each, and what they came to."""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from simulator.bigcommerce import fulfilment, journal
from simulator.bigcommerce.editing import edit_address, edit_line
from simulator.bigcommerce.refund_bill import Asked, Bill
from simulator.bigcommerce.refund_figures import counts, went_back
from simulator.bigcommerce.refunding import Payout, decline, refund
from simulator.bigcommerce.store import STATUS_NAMES, Json, Order, Store
from simulator.pricing import ZERO, cents

_UNPAID = (1, 7)
_OPEN = (3, 9, 11)
_PAID = (2, 3, 8, 9, 10, 11, 14)
_OFF = (0, 5, 6)

RATES: Mapping[str, int] = {
    "capture": 36,
    "pay": 24,
    "ship": 90,
    "ship a part": 18,
    "complete": 24,
    "edit a line": 36,
    "edit a line paid by hand": 0,
    "pay the difference": 90,
    "take a unit back": 18,
    "edit an address": 18,
    "cancel": 24,
    "refund a unit": 30,
    "refund an amount": 12,
    "refund shipping": 9,
    "refund to store credit": 9,
    "refund the rest": 12,
    "decline a refund": 6,
    "dispute": 1,
    "refunded by hand": 1,
    "archive": 1,
}
"""How often each thing happens where it can, against the others."""
_ENOUGH = 30
"""Chances among which one is taken."""


class Lives:
    """Takes one step after the other in the lives of a store's orders; its clock dates them. The same seed on the same
    orders gives the same lives. `rates` replace those of `RATES`; a thing at 0 never happens. `happened` counts them.

    What `generate` made odd stays as it is. An order whose lines or money are news of these Lives is not called off,
    disputed, archived or refunded by hand by them, and no unit of it is taken back: whoever reads the shop in between
    has seen what it came to.
    """

    def __init__(self, store: Store, seed: int, rates: Mapping[str, int] | None = None) -> None:
        wanted = rates or {}
        if not wanted.keys() <= RATES.keys():
            msg = f"nothing that happens: {sorted(wanted.keys() - RATES.keys())}"
            raise ValueError(msg)
        self.store = store
        self.source = random.Random(f"lives {seed}")
        self.rates = {name: rate for name, rate in {**RATES, **wanted}.items() if rate}
        self.happened: Counter[str] = Counter()
        self._news: set[int] = set()

    def step(self) -> str:
        """Does one thing to one order and says what, "" where nothing can happen to any."""
        with self.store.lock:
            chances = self._chances()
            if not chances:
                return ""
            [(name, scene)] = self.source.choices(chances, [self.rates[name] for name, _ in chances])
            return self._do(name, scene)

    def _chances(self) -> "list[tuple[str, Scene]]":
        """What can happen to a few orders, so that one with little left to do seldom does it."""
        orders = [order for _, order in sorted(self.store.orders.items()) if _lives(order)]
        found: list[tuple[str, Scene]] = []
        for order in self.source.sample(orders, len(orders)):
            scene = Scene(store=self.store, source=self.source, order=order, news=order.id in self._news)
            found += [(name, scene) for name in self.rates if _THINGS[name].can(scene)]
            if len(found) >= _ENOUGH:
                break
        return found

    def _do(self, name: str, scene: "Scene") -> str:
        self.happened[name] += 1
        if name in _NEWS:
            self._news.add(scene.order.id)
        return f"order {scene.order.id}: {_THINGS[name].do(scene)}"


def _lives(order: Order) -> bool:
    return not order.header["is_deleted"] and not order.header.get("staff_notes")


def settle(store: Store) -> list[str]:
    """Everybody who still owes what an edit added pays it. Says what was paid."""
    with store.lock:
        orders = [order for _, order in sorted(store.orders.items()) if _lives(order) and short(order)]
        return [f"order {order.id}: {_pay_the_difference(store, order)}" for order in orders]


def short(order: Order) -> bool:
    """Whether providers took some of what a sold order comes to, and not all: an edit made it more."""
    return order.header["status_id"] in _PAID and 0 < fulfilment.received(order) < fulfilment.due(order)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One order, and the chance that decides about it. `news`: its lines or its money changed a moment ago."""

    store: Store
    source: random.Random
    order: Order
    news: bool = False

    @property
    def status(self) -> int:
        return int(self.order.header["status_id"])

    @property
    def refunds(self) -> list[Json]:
        return [row for row in self.store.refunds if row["order_id"] == self.order.id and counts(row)]

    @property
    def rest(self) -> Asked:
        return Bill(self.order, self.refunds).rest()

    @property
    def by_hand(self) -> bool:
        """Whether a sold order was paid past the providers, or by certificates alone."""
        if self.status in _UNPAID or fulfilment.reserved(self.order):
            return False
        return not fulfilment.received(self.order)

    @property
    def settled(self) -> bool:
        """Whether nothing is open that somebody would see to first."""
        return not self.news and not short(self.order)

    @property
    def left(self) -> Decimal:
        """What can be given back: nothing before all of the money came in."""
        if self.status not in _PAID or fulfilment.reserved(self.order) or short(self.order):
            return ZERO
        return cents(Decimal(self.order.header["total_inc_tax"]) - went_back(self.refunds))

    @property
    def editable(self) -> list[Json]:
        """Lines that nothing happened to yet, of an order that is not settled."""
        if self.status not in (*_UNPAID, 9, 11):
            return []
        return [
            line
            for line in self.order.products
            if line["type"] != "giftcertificate" and line["parent_order_product_id"] is None
            if not line["quantity_refunded"] and not line["quantity_shipped"]
        ]

    @property
    def returnable(self) -> list[Json]:
        """Lines of which one unit can go back at its price, since providers took all of the order's money, which is
        more than that."""
        if self.news or self.refunds or fulfilment.received(self.order) != fulfilment.due(self.order):
            return []
        return [
            line
            for line in self.editable
            if line["quantity"] > 1 and not line["applied_discounts"]
            if Decimal(line["total_inc_tax"]) <= fulfilment.received(self.order)
        ]

    @property
    def declinable(self) -> list[Json]:
        """Refunds whose one payment a provider can refuse. None of an order that had too much: who is refused that has
        paid for what was taken back."""
        if fulfilment.received(self.order) > fulfilment.due(self.order):
            return []
        rows = [row for row in self.refunds if len(row["payments"]) == 1]
        return [row for row in rows if _can_refuse(row["payments"][0])]


def _can_refuse(payment: Json) -> bool:
    return not payment["offline"] and not payment["is_declined"] and payment["provider_id"] not in journal.TENDERS


@dataclass(frozen=True)
class _Thing:
    """`can` says whether it can happen to an order, `do` does it and says what it did."""

    can: Callable[[Scene], Any]
    do: Callable[[Scene], str]


def _capture(scene: Scene) -> str:
    row = fulfilment.capture(scene.store, scene.order.id)
    return f"{row['amount']} captured"


def _pay(scene: Scene) -> str:
    fulfilment.pay(scene.store, scene.order.id)
    return "paid"


def _can_pay(scene: Scene) -> bool:
    """By hand, or the rest of what a provider took in part."""
    if scene.status not in _UNPAID or fulfilment.reserved(scene.order):
        return False
    received = fulfilment.received(scene.order)
    return not received or received < fulfilment.due(scene.order)


def _ship(scene: Scene) -> str:
    made = fulfilment.ship(scene.store, scene.order.id)
    return f"sent in {len(made)} parcels"


def _ship_a_part(scene: Scene) -> str:
    line_id = scene.source.choice(list(fulfilment.unsent(scene.order)))
    fulfilment.ship(scene.store, scene.order.id, {line_id: 1})
    return f"one unit of line {line_id} sent"


def _can_ship(scene: Scene) -> bool:
    return scene.status in _OPEN and bool(fulfilment.unsent(scene.order))


def _can_ship_a_part(scene: Scene) -> bool:
    return _can_ship(scene) and sum(fulfilment.unsent(scene.order).values()) > 1


def _edit_line(scene: Scene) -> str:
    line = scene.source.choice(scene.editable)
    edit_line(scene.store, scene.order.id, line["id"], units=line["quantity"] + 1)
    return f"line {line['id']} has {line['quantity']} units now"


def _pay_the_difference(store: Store, order: Order) -> str:
    owed = fulfilment.due(order) - fulfilment.received(order)
    fulfilment.pay(store, order.id)
    return f"{owed:.2f} paid on top"


def _take_a_unit_back(scene: Scene) -> str:
    """The line is sold with a unit less, which lowers the order's totals, and what was paid for the unit goes back: as
    an amount, which bears no tax, or as a unit with its tax."""
    line, order = scene.source.choice(scene.returnable), scene.order
    before = [Decimal(order.header[name]) for name in ("total_inc_tax", "total_tax")]
    edit_line(scene.store, order.id, line["id"], units=line["quantity"] - 1)
    after = [Decimal(order.header[name]) for name in ("total_inc_tax", "total_tax")]
    total, tax = (cents(was - now) for was, now in zip(before, after, strict=True))
    asked = Asked(products={line["id"]: 1}, override=(total, tax)) if tax else Asked(amount=total)
    return f"line {line['id']} has {line['quantity']} units left, {_refunded(refund(scene.store, order.id, asked))}"


def _edit_address(scene: Scene) -> str:
    number = scene.source.randrange(1, 200)
    edit_address(scene.store, scene.order.id, street_1=f"{number} Other Street")
    return "another billing address"


def _can_cancel(scene: Scene) -> bool:
    """Before it is paid, or before it is sent where nothing came in by the shop's own books."""
    waits = scene.status in (9, 11) and not scene.refunds and not journal.money_in(scene.order)
    return scene.settled and (scene.status in _UNPAID or waits)


def _cancel(scene: Scene) -> str:
    fulfilment.cancel(scene.store, scene.order.id)
    return "cancelled"


def _refund_unit(scene: Scene) -> str:
    return _refunded(refund(scene.store, scene.order.id, _one_unit(scene)))


def _one_unit(scene: Scene) -> Asked:
    return _at_most_what_is_left(scene, Asked(products={scene.source.choice(list(scene.rest.products)): 1}))


def _at_most_what_is_left(scene: Scene, asked: Asked) -> Asked:
    """What went back without goods before leaves less than they come to: then the rest is an amount, too. The shop
    would cut the money down and not the tax."""
    _, figures = Bill(scene.order, scene.refunds).of(asked)
    return asked if figures.total <= scene.left else Asked(amount=scene.left)


def _refund_amount(scene: Scene) -> str:
    amount = min(scene.left, Decimal(scene.source.randrange(100, 1000)) / 100)
    return _refunded(refund(scene.store, scene.order.id, Asked(amount=amount)))


def _refund_shipping(scene: Scene) -> str:
    asked = _at_most_what_is_left(scene, Asked(shipping=scene.rest.shipping))
    return _refunded(refund(scene.store, scene.order.id, asked))


def _refund_to_credit(scene: Scene) -> str:
    return _refunded(refund(scene.store, scene.order.id, _one_unit(scene), Payout(provider="storecredit")))


def _refund_rest(scene: Scene) -> str:
    return _refunded(refund(scene.store, scene.order.id, _at_most_what_is_left(scene, scene.rest)))


def _decline(scene: Scene) -> str:
    row = scene.source.choice(scene.declinable)
    decline(scene.store, row["id"])
    return f"refund {row['id']} declined"


def _refunded(row: Json) -> str:
    providers = ", ".join(payment["provider_id"] for payment in row["payments"])
    return f"refund {row['id']} of {row['total_amount']:.2f}, tax {row['total_tax']:.2f}, to {providers or 'nobody'}"


def _status(status_id: int) -> Callable[[Scene], str]:
    def change(scene: Scene) -> str:
        scene.store.set_status(scene.order.id, status_id)
        return f"{STATUS_NAMES[status_id]} by hand"

    return change


def _archive(scene: Scene) -> str:
    scene.store.archive(scene.order.id)
    return "archived"


_THINGS: Mapping[str, _Thing] = {
    "capture": _Thing(lambda s: s.status not in _OFF and fulfilment.reserved(s.order), _capture),
    "pay": _Thing(_can_pay, _pay),
    "ship": _Thing(_can_ship, _ship),
    "ship a part": _Thing(_can_ship_a_part, _ship_a_part),
    "complete": _Thing(lambda s: s.status == 2, _status(10)),
    "edit a line": _Thing(lambda s: s.editable and not s.by_hand, _edit_line),
    "edit a line paid by hand": _Thing(lambda s: s.editable and s.by_hand, _edit_line),
    "pay the difference": _Thing(lambda s: short(s.order), lambda s: _pay_the_difference(s.store, s.order)),
    "take a unit back": _Thing(lambda s: s.returnable, _take_a_unit_back),
    "edit an address": _Thing(lambda s: s.status in (*_UNPAID, *_OPEN), _edit_address),
    "cancel": _Thing(_can_cancel, _cancel),
    "refund a unit": _Thing(lambda s: s.left and s.rest.products, _refund_unit),
    "refund an amount": _Thing(lambda s: s.left, _refund_amount),
    "refund shipping": _Thing(lambda s: s.left and s.rest.shipping, _refund_shipping),
    "refund to store credit": _Thing(
        lambda s: s.left and s.rest.products and s.order.header["customer_id"], _refund_to_credit
    ),
    "refund the rest": _Thing(lambda s: s.left and s.rest != Asked(), _refund_rest),
    "decline a refund": _Thing(lambda s: s.declinable, _decline),
    "dispute": _Thing(lambda s: s.settled and s.status in _PAID and s.order.transactions, _status(13)),
    "refunded by hand": _Thing(lambda s: s.settled and s.status in (2, 10) and not s.refunds, _status(4)),
    "archive": _Thing(lambda s: s.settled and s.status in (*_OFF, 4, 10), _archive),
}
_NEWS = frozenset(
    {"capture", "pay", "pay the difference", "edit a line", "edit a line paid by hand", "take a unit back"}
)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """An order's money as the shop has it, in the order's currency.

    `received` and `returned` are by provider, certificates and store credit among them; money by hand is only in what
    was returned. `refunds` is what came back by refunds, declined payments left out. `owed` is what the transactions
    leave of what is to be paid, less than nothing where too much came in; an order that is off owes nothing.
    """

    order_id: int
    currency: str
    received: Mapping[str, Decimal] = field(default_factory=dict)
    returned: Mapping[str, Decimal] = field(default_factory=dict)
    refunds: Decimal = ZERO
    owed: Decimal = ZERO


def standings(store: Store) -> list[Standing]:
    """Every order's, by id."""
    with store.lock:
        return [_standing(order, store.refunds) for _, order in sorted(store.orders.items())]


def _standing(order: Order, refunds: list[Json]) -> Standing:
    own = [row for row in refunds if row["order_id"] == order.id]
    off = order.header["status_id"] in _OFF
    return Standing(
        order_id=order.id,
        currency=order.header["default_currency_code"],
        received=_by_name((row["gateway"], journal.amount(row)) for row in journal.money_in(order)),
        returned=_by_name((payment["provider_id"], payment["amount"]) for payment in _payments(own)),
        refunds=went_back(own),
        owed=ZERO if off else fulfilment.due(order) - fulfilment.received(order),
    )


def _payments(refunds: list[Json]) -> Iterable[Json]:
    return (payment for row in refunds for payment in row["payments"] if not payment["is_declined"])


def _by_name(rows: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for name, amount in rows:
        found[name] = found.get(name, ZERO) + amount
    return found
