"""What the company says is not believed when it cannot be true: nothing is written, there is one alert, and who
approves gets exactly what was shown."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import pytest

from cartledger.errors import WrongUse
from cartledger.stock import ProposalState
from daemon.by_hand.approving import approve_with_progress
from daemon.demos.settings import NAME
from daemon.running.supervisor import Crew, Producing
from simulator.quickbooks.lies import Lie
from tests.stock.walk import A_ROUND, Walk

FEW, TWO_PAGES = 40, 1100
ITEMS_READ_EACH_TIME = {"stock.interval": '"15m"', "stock.sweep": '"15m"', "stock.recheck": '"100h"'}
ROUNDS = 3
RISEN, FALLEN = "S-0002", "S-0004"
ALERTS = ("stock_held", "read_failed")
ALL_CLEAR = ("stock_released", "read_again")


class Naps(threading.Event):
    """What a run sleeps on. Time passes at once, and somebody works on what is due; after each three rounds the next
    of `then` happens, and after those three more."""

    def __init__(self, walk: Walk, *then: Callable[[], None]) -> None:
        super().__init__()
        self._walk, self._then = walk, [*then]
        self._until = walk.clock() + ROUNDS * A_ROUND

    def wait(self, timeout: float | None = None) -> bool:
        self._walk.believe()
        self._walk.work("stock")
        self._walk.clock.skip(timedelta(seconds=timeout or 0))
        if self._walk.clock() > self._until:
            self._until += ROUNDS * A_ROUND
            self._then.pop(0)() if self._then else self.set()
        return self.is_set()


@dataclass(kw_only=True)
class Shop:
    """A shop whose levels have followed for a while."""

    walk: Walk
    caplog: pytest.LogCaptureFixture

    def run(self, *then: Callable[[], None]) -> None:
        """`cartledger run` for three rounds, and for three more after each of `then` has happened."""
        naps = Naps(self.walk, *then)
        Producing(self.walk.app, [NAME], Crew(quiet=naps)).read_stock_for_ever(NAME)
        self.walk.look()

    def said(self, *actions: str) -> list[str]:
        """The actions of what was logged since this was asked last."""
        found = [action for record in self.caplog.records if (action := getattr(record, "action", "")) in actions]
        self.caplog.clear()
        return found

    def written(self) -> list[list[tuple[str, int]]]:
        """SKU and level, of each call that the shop took."""
        walk = self.walk
        names = {unit: sku for sku, unit in walk.units.items()}
        return [[(names[_unit(row)], row["quantity"]) for row in each.items] for each in walk.shop.adjustments]

    def waiting(self):
        return self.walk.app.ledger.waiting_proposal(self.walk.pair)

    def shown(self, number: int) -> list[tuple[str, int]]:
        return [(change.label, change.new) for change in self.walk.app.ledger.proposed(number)]

    def approve(self, proposal):
        approved = approve_with_progress(self.walk.app, self.walk.line(), proposal)
        self.walk.look()
        return approved

    def trade(self) -> None:
        """Of two SKUs something is to be written, whatever else happens."""
        self.walk.company.receive_units(self.walk.items[RISEN], Decimal(5))
        self.walk.company.count_units(self.walk.items[FALLEN], Decimal(9))

    def changes(self) -> list[tuple[str, int]]:
        return [(RISEN, 18), (FALLEN, 9)]


def _unit(row) -> str:
    return f"product:{row['product_id']}" if "product_id" in row else f"variant:{row['variant_id']}"


@pytest.fixture
def new_shop(make_world, caplog):
    """`new_shop(40)`: with so many SKUs, ten of each in the shop and 13 in the company; nothing was read yet."""

    def make(skus=FEW):
        caplog.set_level(logging.INFO, "cartledger")
        walk = make_world(ITEMS_READ_EACH_TIME)
        walk.stock_up({f"S-{number:04d}": 10 for number in range(skus)})
        walk.app.begin()
        walk.app.ledger.switch(walk.pair, enabled=True, who="ann")
        return Shop(walk=walk, caplog=caplog)

    return make


@pytest.fixture
def shop(new_shop):
    """The same after a person has approved the first levels, which show."""

    def make(skus=FEW):
        made = new_shop(skus)
        made.walk.begin()
        made.walk.shop.adjustments.clear()
        made.caplog.clear()
        return made

    return make


# What goes wrong, and how it is right again.


def lie(**facts) -> tuple[Callable, Callable]:
    def begins(walk: Walk) -> None:
        walk.company.lie = Lie(**facts)

    def ends(walk: Walk) -> None:
        walk.company.lie = None

    return begins, ends


def throttled(walk: Walk) -> None:
    """Never from the first question on."""
    for number in range(2, 100):
        walk.sim.faults.add(side="quickbooks", call="query", kind="throttled", nth=number)


def let_through(walk: Walk) -> None:
    walk.sim.faults.clear()


def gone(walk: Walk) -> list[str]:
    return [item_id for _, item_id in sorted(walk.items.items())[10:20]]


def made_inactive(walk: Walk) -> None:
    for item_id in gone(walk):
        walk.company.edit_item(item_id, Active=False)


def made_active(walk: Walk) -> None:
    """Their quantity was written off with it."""
    for item_id in gone(walk):
        walk.company.edit_item(item_id, Active=True)
        walk.company.count_units(item_id, Decimal(13))


CASES = {
    "all zero": (FEW, *lie(kind="zero"), {"mass_zero", "mass_drop"}, 40),
    "30 % zero": (FEW, *lie(kind="zero", every=3), {"mass_zero", "mass_drop"}, 14),
    "nulls": (FEW, *lie(kind="null"), {"mass_zero"}, 0),
    "half a page missing": (TWO_PAGES, *lie(kind="half_page", page=2), {"incomplete_stock"}, 0),
    "half a page missing in a whole one": (TWO_PAGES, *lie(kind="half_page", echo="page"), None, 0),
    "nothing there": (FEW, *lie(kind="empty"), {"mass_zero"}, 0),
    "429 in the middle": (TWO_PAGES, throttled, let_through, None, 0),
    "another company": (FEW, *lie(kind="other_company"), {"other_company"}, 0),
    "items made inactive": (FEW, made_inactive, made_active, {"mass_zero"}, 2),
}
"""How many SKUs there are, what begins and ends, which reasons wait for a person, and how many levels."""


@pytest.mark.parametrize("name", list(CASES))
def test_nothing_is_written_and_one_alert_is_given_and_one_all_clear(shop, name):
    skus, begins, ends, codes, count = CASES[name]
    shop = shop(skus)
    begins(shop.walk)
    shop.trade()

    def is_over() -> None:
        waiting = shop.waiting()
        assert (shop.written(), len(shop.said(*ALERTS, *ALL_CLEAR))) == ([], 1)
        assert (waiting and {reason.code for reason in waiting.reasons}) == codes
        assert waiting is None or waiting.count == count
        ends(shop.walk)

    shop.run(is_over)
    assert (shop.written(), shop.waiting()) == ([shop.changes()], None)
    assert len(shop.said(*ALERTS, *ALL_CLEAR)) == 1


BELIEVED = ("all zero", "30 % zero", "items made inactive")


@pytest.mark.parametrize("name", BELIEVED)
def test_who_approves_gets_exactly_what_was_shown(shop, name):
    """Though it is true after all, or the person errs; and nothing is shown again."""
    skus, begins, *_ = CASES[name]
    shop = shop(skus)
    begins(shop.walk)
    shop.trade()
    shop.run()
    waiting = shop.waiting()
    shown = shop.shown(waiting.id)
    shop.walk.company.receive_units(shop.walk.items["S-0000"], Decimal(1))
    approved = shop.approve(waiting)
    assert (shop.written(), approved.written.count, approved.left_out) == ([shown], len(shown), [])
    shop.said(*ALERTS)
    shop.walk.company.lie = None
    shop.run()
    assert (shop.waiting(), shop.said(*ALERTS)) == (None, [])
    shop.walk.shop.land()
    assert shop.walk.shop.levels()["S-0000"] == 14
    shop.walk.look()


def test_who_approves_that_quantities_are_gone_is_asked_no_more(shop):
    shop = shop()
    shop.walk.company.lie = Lie(kind="null", every=2)
    shop.trade()
    shop.run()
    waiting = shop.waiting()
    assert shop.approve(waiting).written.count == waiting.count == len(shop.written()[0])
    shop.said(*ALERTS)
    shop.run()
    assert (shop.waiting(), shop.said(*ALERTS), len(shop.written())) == (None, [], 1)


@pytest.mark.parametrize("name", ["half a page missing", "another company"])
def test_there_is_nothing_to_approve_of_what_was_not_read(shop, name):
    skus, begins, *_ = CASES[name]
    shop = shop(skus)
    begins(shop.walk)
    shop.trade()
    shop.run()
    waiting = shop.waiting()
    with pytest.raises(WrongUse, match="There is nothing to decide"):
        shop.approve(waiting)
    assert shop.written() == []


def test_who_rejects_is_asked_again_only_when_all_was_read_again(new_shop):
    shop = new_shop()
    shop.run()
    waiting = shop.waiting()
    assert {reason.code for reason in waiting.reasons} == {"first_stock_run"}
    assert shop.walk.app.ledger.settle_proposal(waiting.id, ProposalState.REJECTED, "ann")
    with pytest.raises(WrongUse, match="does not wait any more: rejected by ann"):
        shop.approve(shop.walk.app.ledger.proposal(waiting.id))
    shop.run()
    again = shop.waiting()
    assert (shop.written(), again.id) == ([], waiting.id + 1)


def test_the_first_levels_wait_for_a_person_however_few_they_are(new_shop):
    shop = new_shop()
    for _, item_id in sorted(shop.walk.items.items())[1:]:
        shop.walk.company.count_units(item_id, Decimal(10))
    shop.run()
    waiting = shop.waiting()
    assert (shop.said(*ALERTS), shop.written(), shop.shown(waiting.id)) == (["stock_held"], [], [("S-0000", 13)])
    shop.approve(waiting)
    shop.trade()
    shop.run()
    assert shop.written() == [[("S-0000", 13)], [("S-0002", 15), ("S-0004", 9)]]


def test_a_second_person_is_told_that_somebody_has_approved(new_shop):
    shop = new_shop()
    shop.run()
    waiting = shop.waiting()
    shop.approve(waiting)
    with pytest.raises(WrongUse, match="does not wait any more: approved by"):
        shop.approve(waiting)
    assert len(shop.written()) == 1


@pytest.mark.parametrize("tells", ["all", "none"])
def test_one_sku_of_two_thousand_that_the_shop_refuses_keeps_none_of_the_others_back(shop, tells):
    shop = shop(2000)
    walk = shop.walk
    walk.shop.tells_refused = tells
    for item_id in walk.items.values():
        walk.company.receive_units(item_id, Decimal(1))
    (gone,) = [product for product in walk.shop.products if product["sku"] == "S-0777"]
    walk.shop.products.remove(gone)
    shop.run()
    written = [change for call in shop.written() for change in call]
    assert sorted(written) == [(sku, 14) for sku in sorted(walk.items) if sku != "S-0777"]
    assert shop.said("levels_refused") == ["levels_refused"]
