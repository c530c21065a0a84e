"""A shop of ordinary orders, and one beside them that something is wrong with."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest

from cartledger.ledger.types import State
from daemon.clock import now
from simulator import Simulator
from simulator.orders import generate

OTHERS = 6
ODD = 5001
"""The order that something is wrong with."""

ADA = {"first_name": "Ada", "last_name": "Byrne", "company": "", "email": "ada@example.com"}
NOTHING = Decimal(0)
PRICE = Decimal(10)


FRAIL = Path(__file__).parent / "frail.py"
PATIENCE = 240


def frail(road: Any, *command: str, **faults: object) -> subprocess.CompletedProcess[str]:
    """`frail.py`, which logs all there is, in a process of its own: `frail(road, "sync", "demo", ROOM=0)`."""
    variables = {f"CARTLEDGER_TEST_{name}": str(value) for name, value in faults.items()}
    return subprocess.run(
        [sys.executable, str(FRAIL), "--config", str(road.config), *command],
        env={**road._environment(), **variables},
        timeout=PATIENCE,
        capture_output=True,
        text=True,
        check=False,
    )


UNHURRIED = {"in_flight_limit": 100}
"""For the section `quickbooks` where the clock is hurried: a call must leave within a thirteenth of it."""


def hurried() -> Callable[[], datetime]:
    """A clock that goes 50 times as fast, for waits of half a minute."""
    began = now()
    return lambda: began + (now() - began) * 50


@pytest.fixture
def shop(make_sim) -> Simulator:
    """A running simulator with ordinary orders of three customers."""
    sim = make_sim()
    sim.fill(orders=OTHERS, customers=3, clean=True)
    return sim


@pytest.fixture(scope="session")
def plain_order() -> Callable[..., dict[str, Any]]:
    """`plain_order(lines=51, rate="8.25", status_id=15)`: Ada's, one bowl for 10.00 a line, in one consignment."""
    (template,) = generate(1, 1, 1, clean=True)

    def order(order_id: int = ODD, *, lines: int = 1, rate: str = "8.25", **header: Any) -> dict[str, Any]:
        tax = (PRICE * Decimal(rate) / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
        extras = ("shipping_cost", "handling_cost", "wrapping_cost")
        money = _triple("subtotal", PRICE * lines, tax * lines) | _triple("total", PRICE * lines, tax * lines)
        for extra in extras:
            money |= _triple(extra, NOTHING, NOTHING)
        none = ("discount_amount", "coupon_discount", "store_credit_amount", "gift_certificate_amount")
        bowl = _line(template, order_id, tax)
        return {
            **template,
            **money,
            **dict.fromkeys(none, "0.0000"),
            "id": order_id,
            "customer_id": 4242,
            "status_id": 11,
            "status": "Awaiting Fulfillment",
            "custom_status": "Awaiting Fulfillment",
            "items_total": lines,
            "shipping_address_count": 1,
            "billing_address": {**template["billing_address"], **ADA},
            "products": [{**bowl, "id": order_id * 1000 + number} for number in range(lines)],
            "shipping_addresses": [],
            "fees": [],
            "coupons": [],
            "taxes": [],
            "transactions": [],
            **header,
        }

    return order


def _triple(name: str, net: Decimal, tax: Decimal) -> dict[str, str]:
    return {f"{name}_ex_tax": f"{net:.4f}", f"{name}_inc_tax": f"{net + tax:.4f}", f"{name}_tax": f"{tax:.4f}"}


def _line(template: dict[str, Any], order_id: int, tax: Decimal) -> dict[str, Any]:
    return {
        **template["products"][0],
        **_triple("total", PRICE, tax),
        **_triple("wrapping_cost", NOTHING, NOTHING),
        "order_address_id": order_id,
        "name": "Bowl",
        "type": "physical",
        "quantity": 1,
        "parent_order_product_id": None,
        "gift_certificate_id": None,
        "applied_discounts": [],
    }


@dataclass(frozen=True, kw_only=True)
class Stands:
    """How one order stands: `why` are its reasons with what to do about them, or the rule that leaves it out."""

    state: State
    codes: list[str]
    why: list[str]


@pytest.fixture
def stands() -> Callable[..., Stands]:
    """`stands(road, 5001)`."""

    def look(road: Any, order_id: int | str = ODD, kind: str = "order") -> Stands:
        found = road.ledger.standing(road.key(order_id) if kind == "order" else _key(road, kind, order_id))
        codes = [problem.code for problem in found.problems]
        return Stands(
            state=found.state,
            codes=codes,
            why=[str(problem) for problem in found.problems] or [found.rule or found.why],
        )

    return look


def _key(road: Any, kind: str, key: int | str) -> Any:
    return type(road.key(ODD))(pair=road.pair, kind=kind, id=str(key))


@pytest.fixture
def others_posted() -> Callable[..., None]:
    """`others_posted(road)`: all orders but the odd one stand in the books, once and to the cent."""

    def check(road: Any, but: int = 1) -> None:
        counts = road.counts()
        assert (counts[State.POSTED], sum(counts.values())) == (OTHERS, OTHERS + but), road.report()
        road.agree()

    return check
