"""What happens to a shop's orders beyond `simulator.lives`, and what a bookkeeper does to their documents."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from simulator.bigcommerce import fulfilment, journal
from simulator.bigcommerce.dates import parse
from simulator.bigcommerce.editing import edit_address, edit_line
from simulator.bigcommerce.refund_bill import Asked, Bill, RefundRefusedError
from simulator.bigcommerce.refunding import Payout, decline, refund, refund_rest
from simulator.lives import Lives, Scene
from simulator.pricing import cents
from simulator.quickbooks.errors import FaultError
from tests.books.lives.papers import Paper, papers
from tests.books.lives.world import World

YOUNG = timedelta(days=2)
"""A payment that is declined later than that is not heard of: refunds are read again for three days."""

Thing = Callable[[Scene], str]


def _pay_back(scene: Scene, asked: Asked, *payouts: Payout, **how: Any) -> str:
    row = refund(scene.store, scene.order.id, asked, *payouts, **how)
    ways = ", ".join(f"{each['amount']:.2f} {each['provider_id']}" for each in row["payments"])
    return f"refund {row['id']} of {row['total_amount']:.2f}, tax {row['total_tax']:.2f}: {ways}"


def _unit(scene: Scene) -> int:
    return scene.source.choice(list(scene.rest.products))


def _keep_a_fee(scene: Scene) -> str:
    line = _unit(scene)
    return _pay_back(scene, Asked(products={line: 1}, deductions={line: Decimal("0.50")}))


def _in_two_ways(scene: Scene) -> str:
    tender = next(each for each in journal.tenders(scene.order) if each.left > 2)
    amount = min(scene.left, tender.left, Decimal(7))
    ways = Payout(provider="storecredit", amount=Decimal(1)), Payout(provider=tender.provider)
    return _pay_back(scene, Asked(amount=amount), *ways)


def _can_in_two_ways(scene: Scene) -> bool:
    return scene.order.header["customer_id"] and any(each.left > 2 for each in journal.tenders(scene.order))


def _to_a_certificate(scene: Scene) -> str:
    return _pay_back(scene, Asked(products={_unit(scene): 1}), Payout(provider="giftcertificate"))


def _charges(scene: Scene) -> str:
    rest = scene.rest
    return _pay_back(scene, Asked(wrapping=rest.wrapping, handling=rest.handling, fees=rest.fees))


def _at_their_word(scene: Scene) -> str:
    """Some cents less than it would be, the tax as it would be."""
    line = _unit(scene)
    _, figures = Bill(scene.order, scene.refunds).of(Asked(products={line: 1}))
    total = max(figures.tax, figures.total - Decimal("0.30"))
    return _pay_back(scene, Asked(products={line: 1}, override=(total, figures.tax)))


def _status_stays(scene: Scene) -> str:
    return _pay_back(scene, Asked(products={_unit(scene): 1}), set_status=False)


def _declined_at_once(scene: Scene) -> str:
    way = journal.tenders(scene.order)[0].provider
    return _pay_back(scene, Asked(products={_unit(scene): 1}), Payout(provider=way, declined="No"))


def _tax_alone(scene: Scene) -> str:
    return _pay_back(scene, Asked(tax_adjustment=Decimal("0.01")))


def _decline(scene: Scene) -> str:
    row = scene.source.choice(_young(scene))
    decline(scene.store, row["id"])
    return f"refund {row['id']} declined"


def _young(scene: Scene) -> list[dict[str, Any]]:
    since = scene.store.clock() - YOUNG
    return [row for row in scene.declinable if parse(row["created"]) >= since]


def _reprice(scene: Scene) -> str:
    line = scene.source.choice(scene.editable)
    price = cents(Decimal(line["base_price"]) * Decimal(scene.source.choice(("0.90", "1.10"))))
    edit_line(scene.store, scene.order.id, line["id"], unit_price=price)
    return f"line {line['id']} costs {price} now"


def _drop(scene: Scene) -> str:
    line = scene.source.choice(scene.editable)
    edit_line(scene.store, scene.order.id, line["id"], units=0)
    return f"line {line['id']} taken away"


def _readdress(scene: Scene) -> str:
    address = scene.order.shipping_addresses[0]
    edit_address(scene.store, scene.order.id, address["id"], street_1=f"{scene.source.randrange(99)} New Street")
    return "another shipping address"


def _called_off(scene: Scene) -> str:
    scene.store.set_status(scene.order.id, fulfilment.CANCELLED)
    return "cancelled, whatever was paid"


def _repaid(scene: Scene) -> str:
    set_status = scene.source.random() < 0.5
    row = refund_rest(scene.store, scene.order.id, set_status=set_status)
    return f"refund {row['id']} of the rest, {row['total_amount']:.2f}, status {'follows' if set_status else 'stays'}"


def _can_be_repaid(scene: Scene) -> bool:
    return scene.status == fulfilment.CANCELLED and bool(journal.money_in(scene.order)) and scene.rest != Asked()


def _unpaid(scene: Scene) -> bool:
    """Nothing came in by the shop's own books, and nothing is said to have."""
    return not journal.money_in(scene.order) and scene.order.header["payment_status"] == "pending"


def _goods(scene: Scene) -> Any:
    return scene.left and scene.rest.products


EXTRAS: Mapping[str, tuple[int, Callable[[Scene], Any], Thing]] = {
    "keep a fee": (3, lambda s: _goods(s) and s.left > 1, _keep_a_fee),
    "two ways": (3, lambda s: s.left > 2 and _can_in_two_ways(s), _in_two_ways),
    "to a certificate": (2, _goods, _to_a_certificate),
    "charges": (4, lambda s: s.left and (s.rest.wrapping or s.rest.handling or s.rest.fees), _charges),
    "at their word": (2, _goods, _at_their_word),
    "status stays": (3, _goods, _status_stays),
    "declined at once": (3, lambda s: _goods(s) and journal.tenders(s.order), _declined_at_once),
    "tax alone": (1, lambda s: s.left and Decimal(s.order.header["total_tax"]), _tax_alone),
    "decline": (3, _young, _decline),
    "reprice": (3, lambda s: s.editable and _unpaid(s), _reprice),
    "drop a line": (2, lambda s: len(s.editable) > 1 and _unpaid(s), _drop),
    "call off": (1, lambda s: s.status in (9, 11), _called_off),
    "repay": (6, _can_be_repaid, _repaid),
    "readdress": (2, lambda s: s.status in (9, 11) and s.order.shipping_addresses, _readdress),
}
"""How often, whether it can happen, and what is done."""


@dataclass(kw_only=True)
class Shopkeeper:
    """Takes steps in the shop, one order each. `told` is what happened to each order, `known` how much of it the books
    knew when all was quiet last."""

    world: World
    source: random.Random
    rates: Mapping[str, int]
    told: dict[int, list[str]] = field(default_factory=dict)
    known: Mapping[int, int] = field(default_factory=dict)

    def steps(self, number: int) -> None:
        """Each with Lives of its own: whatever one thing leads to may happen before anybody reads the shop."""
        for _ in range(number):
            if self.source.random() < 0.25:
                self._extra()
            else:
                rates = {"decline a refund": 0, **self.rates}
                said = Lives(self.world.shop, self.source.randrange(10**9), rates).step()
                if said:
                    number, _, what = said.removeprefix("order ").partition(": ")
                    self.tell(int(number), what)

    def move(self, order_id: int) -> None:
        """The buyer has another address, which changes the sale's document."""
        edit_address(self.world.shop, order_id, street_1=f"{self.source.randrange(99)} Far Street")
        self.tell(order_id, "the buyer moved")

    def _extra(self) -> None:
        shop = self.world.shop
        with shop.lock:
            orders = [each for _, each in sorted(shop.orders.items()) if not each.header["is_deleted"]]
            orders = [each for each in orders if not each.header.get("staff_notes")]
            for order in self.source.sample(orders, len(orders)):
                scene = Scene(store=shop, source=self.source, order=order)
                can = [name for name, (_, possible, _) in EXTRAS.items() if possible(scene)]
                if can:
                    [name] = self.source.choices(can, [EXTRAS[name][0] for name in can])
                    self._do(name, scene)
                    return

    def _do(self, name: str, scene: Scene) -> None:
        try:
            self.tell(scene.order.id, f"{name}: {EXTRAS[name][2](scene)}")
        except RefundRefusedError:
            return

    def tell(self, order_id: int, what: str) -> None:
        day = self.world.clock().date()
        self.told.setdefault(order_id, []).append(f"{day} {what}")

    def all_is_known(self) -> None:
        self.known = {order_id: len(told) for order_id, told in self.told.items()}


@dataclass(frozen=True, kw_only=True)
class Touch:
    """What a bookkeeper did to a document, and how it looked after that; None where it is gone. `told` is how much had
    happened to its order when all was quiet last."""

    what: str
    paper: Paper
    left: Mapping[str, Any] | None
    told: int


@dataclass(kw_only=True)
class Bookkeeper:
    """Does one thing at a time to a document of ours. `touches` are what was done, `known` the markers of what was
    touched, `by_hand` ids of payments entered by a person."""

    world: World
    source: random.Random
    keeper: Shopkeeper
    deeds: tuple[str, ...]
    touches: list[Touch] = field(default_factory=list)
    known: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)

    @property
    def touched(self) -> dict[int, Touch]:
        return {touch.paper.order_id: touch for touch in self.touches}

    def step(self) -> None:
        """On an order that nobody has touched yet."""
        found = [each for each in papers(self.world, self.known) if each.order_id not in self.touched]
        what = self.source.choice(self.deeds)
        able = [each for each in found if DEEDS[what][0](each)]
        if not able:
            return
        paper = self.source.choice(able)
        self.known[paper.entity, paper.id] = (paper.kind, paper.number)
        try:
            with self.world.by_hand():
                DEEDS[what][1](self.world, paper)
        except FaultError:
            return
        after = [each for each in papers(self.world, self.known) if (each.entity, each.id) == (paper.entity, paper.id)]
        left = after[0].lasting if after else None
        self.touches.append(Touch(what=what, paper=paper, left=left, told=self.keeper.known.get(paper.order_id, 0)))
        if self.source.random() < 0.6:
            self.keeper.move(paper.order_id)


_FORMS = ("SalesReceipt", "Invoice", "CreditMemo", "RefundReceipt")


def _edit(**changes: Any) -> Callable[[World, Paper], None]:
    return lambda world, paper: world.company.edit_document(paper.entity, paper.id, **changes)


def _note(world: World, paper: Paper) -> None:
    world.company.edit_document(paper.entity, paper.id, PrivateNote="Looked at.")


def _redate(world: World, paper: Paper) -> None:
    day = date.fromisoformat(paper.shown["TxnDate"]) + timedelta(days=1)
    world.company.edit_document(paper.entity, paper.id, TxnDate=day.isoformat())


def _add_a_line(world: World, paper: Paper) -> None:
    line = next(each for each in paper.shown["Line"] if each["DetailType"] == "SalesItemLineDetail")
    detail = {**line["SalesItemLineDetail"], "Qty": 1, "UnitPrice": Decimal(1)}
    detail.pop("TaxInclusiveAmt", None)
    more = {"Amount": Decimal(1), "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
    lines = [each for each in paper.shown["Line"] if each["DetailType"] != "SubTotalLineDetail"]
    world.company.edit_document(paper.entity, paper.id, Line=[*lines, more])


def _void(world: World, paper: Paper) -> None:
    world.company.void_document(paper.entity, paper.id)


def _delete(world: World, paper: Paper) -> None:
    world.company.delete_document(paper.entity, paper.id)


def _pay(world: World, paper: Paper) -> None:
    amount = min(Decimal(5), Decimal(paper.shown["Balance"]))
    link = {"TxnId": paper.id, "TxnType": "Invoice"}
    body = {name: paper.shown[name] for name in ("CustomerRef", "CurrencyRef", "ExchangeRate") if name in paper.shown}
    body |= {"TotalAmt": amount, "Line": [{"Amount": amount, "LinkedTxn": [link]}], "PrivateNote": "By hand"}
    world.company.create("Payment", body)


def _reconcile(world: World, paper: Paper) -> None:
    world.company.reconcile(paper.entity, paper.id)


DEEDS: Mapping[str, tuple[Callable[[Paper], Any], Callable[[World, Paper], None]]] = {
    "says something on": (lambda p: p.entity in _FORMS, _edit(CustomerMemo={"value": "Thank you, from us"})),
    "writes another note on": (lambda p: p.entity != "Transfer", _note),
    "dates anew": (lambda p: p.entity in _FORMS, _redate),
    "adds a line to": (lambda p: p.entity in _FORMS and p.total, _add_a_line),
    "voids": (lambda p: p.entity in ("SalesReceipt", "Invoice", "Payment") and not p.voided, _void),
    "deletes": (lambda p: True, _delete),
    "enters a payment of": (lambda p: p.entity == "Invoice" and p.shown["Balance"], _pay),
    "reconciles": (lambda p: p.entity != "CreditMemo", _reconcile),
}
"""On which documents, and how."""
