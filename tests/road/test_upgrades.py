"""A ledger of an earlier version is brought up to date by the first command, and goes on where it was."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from cartledger.ledger.schema import STEPS, prepare
from cartledger.ledger.types import State
from simulator.bigcommerce.editing import edit_address
from simulator.bigcommerce.refund_bill import Asked
from simulator.bigcommerce.refunding import Payout, refund

EARLIER = range(1, len(STEPS))
HELD, EDITED, REFUNDED = 1001, 1002, 1003
ORDERS = 6
STOCK = {"connection": {"workflows": ["sales", "payments", "stock"]}}
LIVES = {
    "connection": {"workflows": ["sales", "payments", "refunds"]},
    "refunds": {
        "number_prefix": "R",
        "no_restock_product": "Returned goods",
        "adjustment_product": "Refund adjustments",
    },
}


def set_back(road, step):
    """The ledger as the version with so many steps would have left it: its tables and columns, with the same rows."""
    road.end()
    road._apps.clear()
    path = road.settings().ledger.path
    now = path.rename(path.with_name("of-today.db"))
    prepare(path, STEPS[:step])
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("ATTACH ? AS today", (str(now),))
        tables = [name for (name,) in db.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")]
        for table in (name for name in tables if not name.startswith(("sqlite_", "_sqlite"))):
            columns = ", ".join(name for _, name, *_ in db.execute(f"PRAGMA main.table_info({table})"))
            db.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM today.{table}")  # noqa: S608 - our names
    now.unlink()


def copies(road):
    return sorted(each.name for each in road.folder.glob("cartledger.db.*"))


def documents(road):
    return {each["DocNumber"]: each for each in road.sim.company.objects("SalesReceipt")}


@pytest.fixture
def upgraded(make_careless_sim, make_road):
    """`upgraded(step, **sections)`: five orders were posted and one was held by that version; then it was replaced. No
    command was called yet."""

    def make(step, **sections):
        sim = make_careless_sim()
        sim.fill(orders=ORDERS, customers=3, clean=True)
        sim.shop.update(HELD, currency_code="EUR", default_currency_code="EUR")
        before = make_road(sim)
        assert (before.sync().posted, before.counts()[State.HELD]) == (ORDERS - 1, 1)
        set_back(before, step)
        return make_road(sim, folder=before.folder, **sections)

    return make


@pytest.mark.parametrize("step", EARLIER)
def test_what_was_posted_stays_posted_and_what_was_held_is_held(upgraded, step):
    road = upgraded(step)
    stood, states = documents(road), dict.fromkeys(road.sim.shop.orders, State.POSTED) | {HELD: State.HELD}
    for number in road.sim.shop.orders:
        road.sim.shop.touch(number)
    synced = road.sync()
    assert (synced.read, synced.troubles, synced.waiting) == (ORDERS, (), 0)
    assert (road.states(), documents(road)) == (states, stood)
    assert copies(road) == [f"cartledger.db.before-{step + 1}"]
    road.agree()


@pytest.mark.parametrize("step", EARLIER)
def test_the_copy_of_before_can_be_put_back_and_brought_up_to_date_again(upgraded, step):
    road = upgraded(step)
    road.sync()
    road.end()
    road._apps.clear()
    copy = road.folder / f"cartledger.db.before-{step + 1}"
    assert road.run_cli("restore", str(copy)).returncode == 0
    assert (road.sync().posted, road.counts()[State.HELD]) == (ORDERS - 1, 1)
    road.agree()


@pytest.mark.parametrize("step", EARLIER)
def test_orders_that_were_posted_then_go_on(upgraded, step):
    road = upgraded(step, **LIVES)
    edit_address(road.sim.shop, EDITED, street_1="2 Mill Lane")
    refund(road.sim.shop, REFUNDED, Asked(amount=5), Payout(provider="stripe"))
    road.sync()
    assert road.states()[EDITED] is State.POSTED, road.ledger.held(road.pair)
    assert "2 Mill Lane" in documents(road)[f"BC-{EDITED}"]["BillAddr"].values()
    assert len(road.sim.company.objects("RefundReceipt")) == 1
    proof = road.sim.proof()
    assert (proof["duplicates"], proof["difference"], proof["refunds"]["difference"]) == (0, "0.00", "0.00")


@pytest.mark.parametrize("step", EARLIER)
def test_units_of_orders_that_were_known_before_there_was_stock_are_kept_back(upgraded, step):
    """The held one; those that are posted are in QuickBooks' quantities."""
    road = upgraded(step, **STOCK)
    assert road.sync().stock_held
    [allocation] = road.ledger.allocations(road.pair, road.ledger.clock())
    assert (allocation.order_id, allocation.booked) == (str(HELD), None)
    lines = road.sim.shop.orders[HELD].products
    products = {unit: units for unit, units in allocation.units.items() if unit.startswith("product:")}
    assert products == {f"product:{line['product_id']}": line["quantity"] for line in lines}
