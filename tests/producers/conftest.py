"""A simulated shop, the real client, and a real ledger that nothing is posted from."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cartledger.clients.bigcommerce import BigCommerce
from cartledger.clients.http import Http
from cartledger.ledger.store import Ledger
from cartledger.money import read_json
from cartledger.records import SourceKey, order_version
from producers.orders import ORDER
from producers.reading import Reading, Walk
from producers.shop import read_shop
from simulator import Simulator
from simulator.bigcommerce.refund_bill import Asked
from simulator.bigcommerce.refunding import Payout, refund

PAIR = "sim5tore:1"
BEGUN = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


class Clock:
    """The time of the shop and ours: stands until it is moved."""

    def __init__(self) -> None:
        self.now = BEGUN

    def __call__(self) -> datetime:
        return self.now

    def step(self, **much: float) -> None:
        self.now += timedelta(**much)


@dataclass(kw_only=True)
class World:
    """`sim.shop` is the store, `shop` the client and `ledger` the memory of every reading."""

    sim: Simulator
    clock: Clock
    shop: BigCommerce
    folder: Path
    ledger: Ledger = field(init=False)

    def __post_init__(self) -> None:
        self.new_ledger("ledger")

    def new_ledger(self, name: str, like: str = "") -> None:
        """Another one, empty or with what the one called `like` holds, which is closed."""
        if like:
            shutil.copy(self.folder / f"{like}.db", self.folder / f"{name}.db")
        self.ledger = Ledger.open(self.folder / f"{name}.db", clock=self.clock)

    def order(self, order_id: int, **more: Any) -> None:
        """An order of ten units for 10.00 each, placed now."""
        placed, total = format_datetime(self.clock()), "100.0000"
        line = {"id": order_id * 10, "order_address_id": 1, "parent_order_product_id": None, "quantity": 10}
        line |= {
            "product_id": 7,
            "variant_id": 70,
            "name": "Cup",
            "sku": "CUP",
            "type": "physical",
            "quantity_refunded": 0,
            "is_refunded": False,
        }
        line |= {"total_ex_tax": total, "total_inc_tax": total, "total_tax": "0.0000", "applied_discounts": []}
        header = {"id": order_id, "customer_id": 0, "date_created": placed, "date_modified": placed}
        header |= {"status_id": 11, "payment_method": "Credit Card", "payment_status": "captured", "items_total": 10}
        header |= {"total_ex_tax": total, "total_inc_tax": total, "total_tax": "0.0000"}
        header |= {
            "default_currency_code": "USD",
            "shipping_address_count": 1,
            "billing_address": {"email": "ada@example.com"},
        }
        self.sim.shop.add_order(header | {"products": [line]} | more)

    def refund(self, order_id: int, amount: str = "10.00", *, moves: bool = True) -> dict[str, Any]:
        """The shop's row. Unless it `moves` the order, the order stands as if nothing had happened."""
        asked, card = Asked(amount=Decimal(amount)), Payout(provider="stripe")
        return refund(self.sim.shop, order_id, asked, card, set_status=moves)

    def reading(self, **changes: Any) -> Reading:
        facts = {"pair": PAIR, "shop": self.shop, "memory": self.ledger, "start": BEGUN, "zone": ZoneInfo("UTC")}
        facts |= {"as_sent": False, "refunds": True, "late": False, "clock": self.clock, "on_page": lambda _: None}
        return Reading(**(facts | changes))

    def read(self, **changes: Any) -> Walk:
        return read_shop(self.reading(**changes))

    def calls(self) -> int:
        """How many arrived at the shop since this was asked last."""
        calls = self.sim.report()["bigcommerce"]["calls"]
        self.sim.reset_counts()
        return calls

    def record(self, order_id: int) -> dict[str, Any]:
        """The order as it is remembered."""
        key = SourceKey(pair=PAIR, kind=ORDER, id=str(order_id))
        raw: dict[str, Any] = read_json(self.ledger.unposted(PAIR, ORDER)[key.id])
        if "products" not in raw:  # its lines were not asked for: it counts as what it is
            assert self.ledger.known(PAIR, ORDER, [key.id]) == {key.id: order_version(raw)}
        return raw

    def refunds(self, order_id: int) -> list[int]:
        """The refunds that the order is remembered with."""
        return [row["id"] for row in self.record(order_id).get("refunds", [])]

    def times_read(self, order_id: int) -> int:
        """How many states of the order were remembered."""
        events = self.ledger.events(SourceKey(pair=PAIR, kind=ORDER, id=str(order_id)))
        return [event.what for event in events].count("read")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    clock, http = Clock(), Http()
    with Simulator(quotas=False) as sim:
        sim.shop.clock = clock
        shop = BigCommerce(
            http=http,
            base_url=sim.bigcommerce_url,
            store_hash=sim.shop.store_hash,
            access_token=lambda: sim.shop.access_token,
            clock=clock,
            sleep=lambda _: None,
        )
        world = World(sim=sim, clock=clock, shop=shop, folder=tmp_path)
        yield world
        world.ledger.close()
    http.close()
