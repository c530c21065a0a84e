"""A shop of ordinary orders, and one beside them that something is wrong with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from cartledger.ledger.types import State
from simulator import Simulator
from simulator.drafts import Destination, Draft, Item, Payment
from simulator.goods import Product, catalogue
from simulator.people import Person
from simulator.pricing import Amounts
from simulator.printing import print_order

OTHERS = 6
ODD = 5001
"""The order that something is wrong with."""

CREATED = datetime(2026, 4, 29, 15, 30, tzinfo=UTC)
ADA = Person(
    customer_id=4242,
    first_name="Ada",
    last_name="Byrne",
    company="",
    email="ada@example.com",
    phone="555 0100",
    street="1 Mill Lane",
    city="Austin",
    state="Texas",
    zip="78701",
)


@pytest.fixture
def shop(make_sim) -> Simulator:
    """A running simulator with ordinary orders of three customers."""
    sim = make_sim()
    sim.fill(orders=OTHERS, customers=3, clean=True)
    return sim


@pytest.fixture(scope="session")
def plain_order() -> Callable[..., dict[str, Any]]:
    """`plain_order(lines=51, rate="8.25", buyer=…, status_id=15)`: one of each line, in one consignment."""
    return _plain_order


def _plain_order(
    order_id: int = ODD, *, lines: int = 1, rate: str = "8.25", buyer: Person = ADA, **header: Any
) -> dict[str, Any]:
    product = next(one for one in catalogue(1) if one.kind == "physical" and one.tax == "standard")
    draft = Draft(
        order_id=order_id,
        person=buyer,
        created=CREATED,
        modified=CREATED,
        status_id=11,
        inclusive=False,
        currency="USD",
        charge_rate=Decimal(0),
        items=[_item(order_id * 1000 + number, product, rate, order_id) for number in range(lines)],
        destinations=[
            Destination(address_id=order_id, base=Decimal(0), shipping=Amounts(), handling=Amounts()),
        ],
        payment=Payment(name="Credit Card", status="captured", gateway="stripe", event="purchase"),
    )
    return {**print_order(draft), **header}


def _item(line_id: int, product: Product, rate: str, address_id: int) -> Item:
    return Item(
        line_id=line_id,
        product=product,
        quantity=1,
        unit=Decimal("10.00"),
        rate=Decimal(rate),
        inclusive=False,
        address_id=address_id,
    )


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
