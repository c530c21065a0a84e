"""A backup, weeks of business, a disk that is lost, the backup put back: everything stands once, and to the cent."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from cartledger.ledger.types import State

LIVES = {
    "connection": {"workflows": ["sales", "payments", "refunds"]},
    "refunds": {
        "number_prefix": "R",
        "no_restock_product": "Returned goods",
        "adjustment_product": "Refund adjustments",
    },
}
STOCK = {"connection": {"workflows": ["sales", "payments", "stock"]}}
ORDERS = 40
LEFT_ALONE = {"changed_by_hand", "stands_otherwise"}
OBJECTS = (
    "SalesReceipt",
    "Invoice",
    "Payment",
    "RefundReceipt",
    "CreditMemo",
    "Purchase",
    "Transfer",
    "Customer",
    "Item",
)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "monday.db"


@pytest.fixture
def back_up(file):
    """`back_up(road)`: as a user does it."""

    def run(road):
        assert road.run_cli("backup", str(file)).returncode == 0

    return run


@pytest.fixture
def lose_and_restore(file):
    """`lose_and_restore(road)`: the disk is gone, with whoever used it, and there is the backup."""

    def run(road):
        road.end()
        road._apps.clear()
        path = road.settings().ledger.path
        for each in path.parent.glob(f"{path.name}*"):
            each.unlink()
        assert road.run_cli("restore", str(file)).returncode == 0

    return run


def sell(sim, orders):
    """Orders that come now, whenever they were placed."""
    known = set(sim.shop.orders)
    sim.fill(orders=orders, customers=10, clean=True)
    for number in sim.shop.orders.keys() - known:
        sim.shop.touch(number)


def trade_on(sim):
    """As many orders again; edits, refunds and cancellations of old and new ones."""
    sim.live(steps=20, seed=1)
    sell(sim, ORDERS)
    sim.live(steps=60, seed=2)
    sim.settle()


def books(road):
    company = road.sim.company
    return company.balances(), {entity: len(company.objects(entity)) for entity in OBJECTS}


def proven(road):
    proof = road.sim.proof()
    return proof["duplicates"], proof["difference"], proof["refunds"]["difference"], proof["edits"]["difference"]


@pytest.mark.parametrize(("post_as", "warned"), [("sales_receipt", True), ("invoice", False)])
def test_what_was_posted_since_the_backup_is_found_again(
    make_careless_sim, make_road, back_up, lose_and_restore, post_as, warned
):
    """Whether or not the company warns of numbers that are taken."""
    sim = make_careless_sim()
    sim.company.warn_duplicates = warned
    sim.fill(orders=ORDERS, customers=10, clean=True)
    road = make_road(sim, **LIVES, sales={"post_as": post_as})
    road.sync()
    back_up(road)
    trade_on(sim)
    road.sync()
    stood, states = books(road), road.states()
    lose_and_restore(road)
    assert sum(road.counts().values()) == ORDERS
    road.sync()
    assert books(road) == stood
    assert proven(road) == (0, "0.00", "0.00", "0.00")
    now = road.states()
    assert now.keys() == states.keys()
    held = {one.key.id: {problem.code for problem in one.problems} for one in road.ledger.held(road.pair)}
    left_alone = [number for number in now if now[number] != states[number]]
    assert all(now[number] is State.HELD and held[str(number)] & LEFT_ALONE for number in left_alone)
    assert len(left_alone) * 10 < len(now)


def test_what_was_planned_before_and_sent_after_the_backup_is_found_again(
    make_careless_sim, make_road, back_up, lose_and_restore
):
    sim = make_careless_sim()
    sim.fill(orders=6, customers=3, clean=True)
    road = make_road(sim)
    assert road.start("sync", road.name, place="kill after plan 4").wait() < 0
    back_up(road)
    road.sync()
    road.agree()
    stood = books(road)
    lose_and_restore(road)
    assert road.counts()[State.POSTED] < 6
    assert road.sync().waiting == 0
    assert books(road) == stood
    road.agree()


def test_a_restored_ledger_posts_nothing_by_itself(make_careless_sim, make_road, back_up, lose_and_restore):
    sim = make_careless_sim()
    sim.fill(orders=3, customers=3, clean=True)
    road = make_road(sim, connection={"interval": "1h"})
    road.sync()
    road.enable()
    back_up(road)
    lose_and_restore(road)
    running = road.start("run")
    road.until(lambda: bool(running.said("started")))
    assert running.said("started") == [
        f"Started; it reads and decides, and posts nothing until `cartledger enable {road.name}`."
    ]
    assert running.stop() == 0


def test_a_token_that_ended_since_the_backup_needs_a_person_and_nothing_else(
    make_sim, make_road, back_up, lose_and_restore
):
    sim = make_sim()
    sim.company.tokens.rotate_every = 1
    sim.fill(orders=3, customers=3, clean=True)
    road = make_road(sim)
    road.sync()
    back_up(road)
    road.connect_again()
    road.sync()
    sim.company.tokens.revoke()
    sell(sim, 3)
    lose_and_restore(road)
    assert [trouble.partition(":")[0] for trouble in road.sync().troubles] == ["QuickBooks"]
    road.connect_again()
    assert road.sync().exit_code == 0
    road.agree()


# -- stock


@pytest.fixture
def followed(make_careless_sim, make_road):
    """A road whose first levels were approved and show in the shop."""
    sim = make_careless_sim()
    sim.fill(orders=4, customers=2, clean=True)
    sim.shop.adjustment_time = 0
    road = make_road(sim, **STOCK)
    road.sync()
    approve(road)
    sim.shop.land()
    return road


def approve(road):
    app = road.app()
    app.ledger.permit(road.pair, app.owner, timedelta(minutes=1))
    approved = app.level_writer(app.lines[road.name]).approve(
        app.ledger.waiting_proposal(road.pair), "somebody", lambda _: None
    )
    app.ledger.end_permit(road.pair, app.owner)
    return approved


def item(road):
    """The company's id of an item whose stock both sides count."""
    tracked = next(each["sku"] for each in road.sim.shop.products if each["inventory_tracking"] == "product")
    [found] = [each["Id"] for each in road.sim.company.objects("Item") if each.get("Sku") == tracked]
    return found


def levels_agree(road):
    road.sim.shop.land()
    proof = road.sim.stock_proof("BC-{id}")
    assert (proof["above"], proof["below"], proof["oversold"]) == (0, 0, 0), proof["rows"]
    assert proof["equal"] == proof["skus"] > 0


def test_levels_that_were_written_since_the_backup_are_not_believed_to_be_those_of_then(
    followed, back_up, lose_and_restore
):
    """QuickBooks says what it said then, so that a ledger that believes its levels sees nothing to write."""
    road = followed
    back_up(road)
    road.sim.company.receive_units(item(road), Decimal(7))
    assert road.sync().levels_written == 1
    road.sim.shop.land()
    road.sim.company.receive_units(item(road), Decimal(-7))
    lose_and_restore(road)
    assert road.sync().levels_written >= 1
    levels_agree(road)


def test_stock_that_moved_with_orders_since_the_backup_is_followed_again(followed, back_up, lose_and_restore):
    road = followed
    back_up(road)
    for seed in range(3):
        road.sim.trade(steps=12, seed=seed)
        road.sync()
    lose_and_restore(road)
    road.sync()
    road.sync()
    levels_agree(road)
    assert proven(road)[:2] == (0, "0.00")


def test_levels_that_waited_for_a_person_are_shown_again_not_written(
    make_careless_sim, make_road, back_up, lose_and_restore
):
    sim = make_careless_sim()
    sim.fill(orders=4, customers=2, clean=True)
    road = make_road(sim, **STOCK)
    assert road.sync().stock_held
    first = road.ledger.waiting_proposal(road.pair)
    back_up(road)
    lose_and_restore(road)
    assert road.ledger.waiting_proposal(road.pair) is None
    assert road.sync().stock_held
    assert road.ledger.waiting_proposal(road.pair).id > first.id
    assert sim.shop.adjustments == []
