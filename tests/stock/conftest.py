from __future__ import annotations

import random

import pytest

from tests.books.conftest import open_books  # noqa: F401 - a fixture
from tests.books.lives.conftest import SOLD, WAITING
from tests.books.lives.world import Mortal
from tests.said import REFUNDS
from tests.stock.walk import IN_FLIGHT, Clock, Walk

LEVELS = {"A": 20, "B": 9, "C": 30, "D": 6, "E": 14, "S": 12, "M": 8, "L": 10}
"""The last three are variants of one product."""

ONCE_A_DAY = 1000  # refreshes of the token


@pytest.fixture
def make_world(open_books):  # noqa: F811 - pytest's way
    """`make_world({"stock.safety_stock": 2}, seed=1)`: a shop, a company and the program, and nothing in stock."""

    def make(settings, *, seed=1, **about):
        clock = Clock()
        options = {"clock": clock, "sleep": clock.sleep, "open_ledger": Mortal.open}
        stock = {"workflows": ["sales", "payments", "refunds", "stock"], "quickbooks.in_flight_limit": IN_FLIGHT}
        books = open_books(seed=seed, options=options, **REFUNDS | stock | settings)
        books.sim.shop.adjustment_time = 0
        books.sim.company.tokens.rotate_every = ONCE_A_DAY
        return Walk(books=books, clock=clock, seed=seed, **about)

    return make


@pytest.fixture
def make_walk(make_world):
    """`make_walk(seed)`: nothing has happened yet. The seed draws how shop, company and program are set."""

    def make(seed: int) -> Walk:
        source = random.Random(f"kind {seed}")
        safety = source.choice((0, 0, 0, 2))
        late = source.random() < 0.15
        post_as = source.choice(("sales_receipt", "invoice", "invoice"))
        settings = {
            "sales.post_as": post_as,
            "sales.statuses": (*SOLD, *WAITING) if post_as == "invoice" and source.random() < 0.6 else SOLD,
            "refunds.restock": source.choice(("never", "always", "shop")),
            "stock.safety_stock": safety,
            "stock.max_zero_percent": source.choice((10, 40, 100)),
            "stock.max_drop_percent": source.choice((10, 40, 100)),
        }
        walk = make_world(settings, seed=seed, safety=safety, late=late, dies=source.random() < 0.7)
        walk.shop.inventory_settings.update(
            update_stock_behavior="order_completed_or_shipped" if late else "order_placed",
            edit_order_stock_adjustment=source.random() < 0.7,
            refund_order_stock_adjustment=source.random() < 0.5,
        )
        walk.company.requestid_memory = source.random() < 0.5
        walk.company.derived_times = source.random() < 0.7
        walk.company.type_filter = source.random() < 0.8
        walk.stock_up(LEVELS)
        return walk

    return make
