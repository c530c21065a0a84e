"""`cartledger stock`: what would be written, what waits for a person, and what they do about it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from simulator.quickbooks.lies import Lie
from tests.road.commands.conftest import with_second_shop

HELD = 1001
"""The order of the shop that buys 2 of A, and is held."""

SHOWN = {
    "sku": "A",
    "old": 5,
    "on_hand": "20",
    "allocated": "2",
    "new": 18,
}
RECEIVED = {"sku": "A", "old": 18, "on_hand": "70", "allocated": "2", "new": 68}
STOCK = {"workflows": ["sales", "payments", "stock"]}


@pytest.fixture
def sim(make_sim):
    """A is to rise and B to fall, C is right as it is; D has two items, E is tracked in the shop alone. Of A the shop
    took two units for an order that cannot be read."""
    sim = make_sim()
    for sku, level in {"A": 5, "B": 9, "C": 4, "D": 3, "E": 8}.items():
        sim.shop.add_product(sku=sku, name=f"Thing {sku}", price=Decimal(10), tracked=True, stock=level)
    for name, sku, on_hand in (("A", "A", 20), ("B", "B", 7), ("C", "C", 4), ("D", "D", 3), ("D again", "D", 3)):
        sim.company.add_item(name=name, sku=sku, kind="inventory", cost=Decimal(4), quantity=Decimal(on_hand))
    sim.fill(orders=1, customers=1, clean=True)
    buy(sim, HELD, "A", 2)
    sim.company.reset_counts()
    return sim


def buy(sim, order_id, sku, units):
    """The order has units of one SKU, and a total that does not close."""
    product = next(each for each in sim.shop.products if each["sku"] == sku)
    ids = {"product_id": product["id"], "variant_id": product["variants"][0]["id"]}
    line = sim.shop.orders[order_id].products[0] | {"sku": sku, "quantity": units, **ids}
    sim.shop.update(order_id, products=[line], status_id=11, status="Awaiting Fulfillment", total_inc_tax="0.01")


@pytest.fixture
def road(sim, make_road):
    return make_road(sim, connection=STOCK)


@pytest.fixture
def waiting(road):
    """The first run waits for a person."""
    synced = road.sync()
    assert (synced.held, synced.levels_written) == (1, 0)
    return road


def written(road):
    """What the shop was told, one call after the other, by product."""
    names = {product["id"]: product["sku"] for product in road.sim.shop.products}
    return [{names[row["product_id"]]: row["quantity"] for row in call.items} for call in road.sim.shop.adjustments]


def item(road, name):
    """The id of the company's item."""
    return next(each["Id"] for each in road.sim.company.objects("Item") if each["Name"] == name)


def short(change):
    return {name: change[name] for name in SHOWN}


# -- plan


def test_what_would_be_written_and_what_speaks_against_it(road, command):
    facts = command(road).facts("stock", "plan", "demo")
    assert [short(change) for change in facts["changes"]] == [
        SHOWN,
        {"sku": "B", "old": 9, "on_hand": "7", "allocated": "0", "new": 7},
    ]
    assert [change["sure"] for change in facts["changes"]] == [False, True]
    assert (facts["skus"], facts["units"], facts["units_going"]) == (3, 18, 2)
    assert facts["skipped"] == [{"sku": "D", "why": "Several QuickBooks items have this SKU."}]
    assert [one["code"] for one in facts["stopped_by"]] == ["first_stock_run"]
    assert (facts["waiting"], facts["unreadable"], facts["left_out"]) == (None, [], [])
    assert written(road) == []
    assert road.sim.company.report()["written"] == 0


def test_for_a_person(road, command):
    shown = command(road)("stock", "plan", "demo").stdout
    assert [
        [cell.strip() for cell in line.split("│")] for line in shown.splitlines() if line.startswith(("A ", "B "))
    ] == [
        ["A", "~5", "20", "2", "18"],
        ["B", "9", "7", "–", "7"],
    ]
    assert "~ Not sure, since" in shown
    assert "SKUs on both sides: 3; 2 of 18 units in the shop would go." in shown
    assert "None of them is written before a person approves." in shown
    assert "Make sure that QuickBooks' quantities are right, then approve." in shown


def test_a_safety_stock_is_told_beside_the_levels(sim, make_road, command):
    road = make_road(sim, connection={**STOCK, "stock": {"safety_stock": 3}})
    road.sync()
    run = command(road)
    for words in (["plan", "demo"], ["show"], ["show", "1"]):
        shown = run("stock", *words).stdout
        assert "without the 3 units of each SKU that stock.safety_stock keeps back" in " ".join(shown.split())
    assert run.facts("stock", "plan", "demo")["kept_back"] == run.facts("stock", "show", "1")["kept_back"] == 3


def test_many_are_counted_beyond_the_first(make_sim, make_road, command):
    sim = make_sim()
    for number in range(40):
        sku = f"S-{number:02d}"
        sim.shop.add_product(sku=sku, name=sku, price=Decimal(10), tracked=True, stock=1)
        sim.company.add_item(name=sku, sku=sku, kind="inventory", quantity=Decimal(2))
    road = make_road(sim, connection=STOCK)
    run = command(road)
    road.sync()
    for words in (["plan", "demo"], ["show"]):
        shown = run("stock", *words).stdout
        assert "S-29" in shown
        assert "S-30" not in shown
        assert "… and 10 more; --json has all." in shown
    assert len(run.facts("stock", "plan", "demo")["changes"]) == 40
    assert "S-39" in run("stock", "show", "1").stdout


def test_orders_that_are_left_out_stay_reserved_until_somebody_says_that_they_are_not(road, command):
    road.sim.shop.update(HELD, status_id=7, status="Awaiting Payment", custom_status="Awaiting Payment")
    run = command(road)
    assert road.sync().excluded == 1
    rule = road.ledger.standing(road.key(HELD)).rule
    facts = run.facts("stock", "plan", "demo")
    assert facts["left_out"] == [{"order": str(HELD), "units": {"A": "2"}, "rule": rule}]
    assert f"{HELD}" in run("stock", "plan", "demo").stdout
    assert "2 × A" in run("stock", "plan", "demo").stdout

    assert run("stock", "adjusted", str(HELD)).stdout == "1 noted; their units are reserved no longer.\n"
    facts = run.facts("stock", "plan", "demo")
    assert (facts["left_out"], facts["changes"][0]["allocated"], facts["changes"][0]["new"]) == ([], "0", 20)
    assert run("stock", "adjusted", str(HELD), expect=2).stderr == (
        f"No units of order {HELD} are reserved. `cartledger stock plan` shows which are.\n"
    )


def test_so_do_those_of_a_product_that_the_shop_does_not_count_and_that_is_the_same_item(road, command):
    road.sim.shop.add_product(sku="a", name="Thing A, made to order", price=Decimal(10))
    buy(road.sim, HELD, "a", 2)
    road.sim.shop.update(HELD, status_id=7, status="Awaiting Payment", custom_status="Awaiting Payment")
    run = command(road)
    road.sync()
    rule = road.ledger.standing(road.key(HELD)).rule
    facts = run.facts("stock", "plan", "demo")
    assert facts["left_out"] == [{"order": str(HELD), "units": {"A": "2"}, "rule": rule}]
    assert (facts["changes"][0]["allocated"], facts["changes"][0]["new"]) == ("2", 18)
    run("stock", "adjusted", str(HELD))
    facts = run.facts("stock", "plan", "demo")
    assert (facts["left_out"], facts["changes"][0]["allocated"], facts["changes"][0]["new"]) == ([], "0", 20)


def test_a_stock_that_cannot_be_read_as_a_whole(road, command):
    road.sim.company.lie = Lie(kind="half_page")
    run = command(road)
    facts = run.facts("stock", "plan", "demo", expect=1)
    assert [one["code"] for one in facts["unreadable"]] == ["incomplete_stock"]
    assert facts["waiting"] is None
    assert "demo: the stock cannot be read as a whole" in run("stock", "plan", "demo", expect=1).stdout
    road.sim.company.lie = None
    assert run.facts("stock", "plan", "demo")["unreadable"] == []


# -- show


def test_what_waits_is_shown_with_every_level(waiting, command):
    run = command(waiting)
    (one,) = run.facts("stock", "show")["demo"]
    assert next(short(change) for change in one["changes"]) == SHOWN
    assert (one["id"], one["state"], one["levels"], one["written"]) == (1, "waiting", 2, 0)
    assert [reason["code"] for reason in one["reasons"]] == ["first_stock_run"]
    for words in (["demo"], ["1"], ["demo", "1"], []):
        shown = run("stock", "show", *words).stdout
        assert "demo: number 1 waits for you since " in shown
        assert "Write exactly these: cartledger stock approve 1" in shown
        assert "18" in shown


def test_nothing_waits(road, command):
    assert command(road)("stock", "show").stdout == "demo: nothing waits for a person.\n"


# -- approve


def test_approved_is_what_was_shown(waiting, command):
    run = command(waiting)
    assert run("stock", "approve", "1").stdout == "demo: 2 levels written.\n"
    assert written(waiting) == [{"A": 18, "B": 7}]
    (one,) = run.facts("stock", "show")["demo"]
    assert (one["state"], one["written"], "changes" in one) == ("approved", 2, False)
    assert waiting.sync().levels_written == 0

    said = run("stock", "approve", "1", expect=2).stderr
    assert said.startswith(f"1 of demo does not wait any more: approved by {one['who']}, ")
    assert len(written(waiting)) == 1


def test_nothing_newer_is_written(waiting, command):
    waiting.sim.company.receive_units(item(waiting, "A"), Decimal(50))
    run = command(waiting)
    assert run("stock", "approve", "1").stdout == "demo: 2 levels written.\n"
    assert written(waiting) == [{"A": 18, "B": 7}]
    facts = run.facts("stock", "plan", "demo")
    assert ([short(change) for change in facts["changes"]], facts["stopped_by"]) == ([RECEIVED], [])
    assert waiting.sync().levels_written == 1
    assert written(waiting)[1:] == [{"A": 68}]


def test_what_was_sold_meanwhile_is_left_out_and_named(waiting, command):
    buy(waiting.sim, HELD, "A", 3)
    shown = command(waiting)("stock", "approve", "1").stdout
    assert shown == (
        "demo: 1 levels written.\nLeft out, since there is less by now: A (18). They follow with the next reading.\n"
    )
    assert written(waiting) == [{"B": 7}]
    waiting.sync()
    assert written(waiting)[1:] == [{"A": 17}]


def test_so_is_what_was_sold_over_the_counter(waiting, command):
    waiting.sim.company.sell_units(item(waiting, "B"), Decimal(1))
    shown = command(waiting)("stock", "approve", "1").stdout
    assert "Left out, since there is less by now: B (7)." in shown
    assert written(waiting) == [{"A": 18}]


def test_skus_that_lost_their_quantity_are_shown_and_more_of_them_are_asked_about_again(waiting, command):
    run = command(waiting)
    run("stock", "approve", "1")
    for name in ("A", "B"):
        waiting.sim.company.edit_item(item(waiting, name), Active=False)
    assert waiting.sync().stock_held
    (one, _) = run.facts("stock", "show")["demo"]
    assert (one["id"], one["lost"], [reason["code"] for reason in one["reasons"]]) == (2, ["A", "B"], ["mass_zero"])
    for words in (["2"], ["demo"]):
        assert (
            "QuickBooks says no quantity of these any more, and their levels stay as they are: A, B.\n"
            in run("stock", "show", *words).stdout
        )

    waiting.sim.company.edit_item(item(waiting, "C"), Active=False)
    assert run("stock", "approve", "2").stdout == (
        "demo: 0 levels written.\nNot agreed to, since it was not shown: QuickBooks says no quantity of C any more. "
        "The next reading asks about these if they are too many.\n"
    )
    assert waiting.sync().stock_held
    assert run.facts("stock", "show", "3")["lost"] == ["C"]
    assert run("stock", "approve", "3").stdout == "demo: 0 levels written.\n"
    assert not waiting.sync().stock_held
    assert written(waiting) == [{"A": 18, "B": 7}]


def test_nothing_is_written_while_quickbooks_cannot_be_read(waiting, command):
    waiting.sim.faults.add(side="quickbooks", call="query", kind="status", status=403, nth=1)
    said = command(waiting)("stock", "approve", "1", expect=1).stderr.splitlines()[-1]
    assert said.startswith("Nothing was written, since the stock cannot be read as a whole. ")
    assert written(waiting) == []


def test_what_the_shop_refuses_is_told_in_its_words(waiting, command):
    product = next(each for each in waiting.sim.shop.products if each["sku"] == "A")
    product["inventory_tracking"] = "none"
    shown = command(waiting)("stock", "approve", "1", expect=1).stdout
    assert shown.startswith("demo: 1 levels written.\n")
    assert "Refused by the shop" in shown
    assert f"product_id {product['id']}" in shown
    assert written(waiting) == [{"B": 7}]


def test_one_that_was_broken_off_goes_on(waiting, command):
    waiting.sim.faults.add(side="bigcommerce", call="adjust", kind="drop_before", nth=1)
    run = command(waiting)
    said = run("stock", "approve", "1", expect=1).stderr
    assert said.endswith("The shop has taken 0 of the 2 levels. `cartledger stock approve 1` goes on.\n")
    assert run("stock", "approve", "1").stdout == "demo: 2 levels written.\n"
    assert written(waiting) == [{"A": 18, "B": 7}]


def test_whoever_is_at_it_is_waited_for(waiting):
    lease = f"stock:{waiting.pair}"
    assert waiting.ledger.lease(lease, "another", timedelta(hours=1))
    process = waiting.start("stock", "approve", "1")
    waiting.until(lambda: "Somebody else is writing levels of this shop." in process.log.read_text())
    assert written(waiting) == []
    waiting.ledger.unlease(lease, "another")
    assert process.wait() == 0
    assert "demo: 2 levels written.\n" in process.log.read_text()
    assert written(waiting) == [{"A": 18, "B": 7}]


# -- reject


def test_rejected_nothing_is_written_and_nobody_is_asked_again(waiting, command):
    run = command(waiting)
    assert run("stock", "reject", "1").stdout == "1 of demo is rejected; nothing was written.\n"
    waiting.sync()
    (one,) = run.facts("stock", "show")["demo"]
    assert (one["state"], written(waiting)) == ("rejected", [])
    shown = run("stock", "show").stdout
    assert f"rejected by {one['who']}" in shown
    assert "demo: nothing waits for a person." in shown
    waiting.sim.shop.reset_counts()
    for word in ("reject", "approve"):
        assert "1 of demo does not wait any more: rejected by " in run("stock", word, "1", expect=2).stderr
    assert waiting.sim.shop.calls == 0


# -- several shops


def test_each_shop_has_its_own(sim, make_sim, make_road, command):
    """The second shop has no workflow stock."""
    road = with_second_shop(sim, make_sim(), make_road, connection=STOCK)
    road.sync()
    run = command(road)
    assert {name: len(ones) for name, ones in run.facts("stock", "show").items()} == {"demo": 1, "second": 0}
    assert run.facts("stock", "show", "second") == {"second": []}
    assert run.facts("stock", "show", "1")["connection"] == "demo"
    assert run("stock", "show", "second", "1", expect=2).stderr == (
        "1 is of demo, not of second. `cartledger stock show` lists all.\n"
    )


# -- wrong use

NOT_THERE = "There is no 7 among what waits for a person. `cartledger stock show` lists all."
WRONG_USE = {
    "show 7": NOT_THERE,
    "show demo 7": NOT_THERE,
    "approve 7": NOT_THERE,
    "reject 7": NOT_THERE,
    "show dmo": 'There is no connection "dmo". Did you mean "demo"? Connections in the file: demo.',
    "plan dmo": 'There is no connection "dmo". Did you mean "demo"? Connections in the file: demo.',
    "adjusted 77": "There is no order 77 in the ledger. `cartledger stock plan` shows which count.",
    f"adjusted {HELD}": f"Order {HELD} is held: its units are QuickBooks' business once it is posted. If you entered "
    "it by hand, first `cartledger held ignore` it.",
}


def test_wrong_use_is_one_sentence_and_does_nothing(waiting, command):
    run = command(waiting)
    said = {words: run("stock", *words.split(), expect=2).stderr for words in WRONG_USE}
    assert said == {words: f"{sentence}\n" for words, sentence in WRONG_USE.items()}
    assert waiting.ledger.proposal(1).state == "waiting"
    assert written(waiting) == []


def test_there_is_nothing_to_decide_about_a_stock_that_cannot_be_read(road, command):
    road.sim.company.lie = Lie(kind="half_page")
    run = command(road)
    run("stock", "plan", "demo", expect=1)
    for word in ("approve", "reject"):
        said = run("stock", word, "1", expect=2).stderr
        assert said.startswith("1 of demo says that the stock cannot be read as a whole: ")
    assert "approve" not in run("stock", "show").stdout


NOT_KEPT = 'The stock of demo is not kept. Add "stock" to its workflows; the first levels wait for your approval.\n'


def test_without_the_workflow(sim, make_road, command):
    run = command(make_road(sim))
    assert run("stock", "plan", "demo", expect=2).stderr == NOT_KEPT
    assert run("stock", "show").stdout == "demo: nothing waits for a person.\n"


def test_nothing_is_approved_once_the_workflow_is_off(waiting, command):
    waiting.config.write_text(waiting.config.read_text().replace(', "stock"', ""))
    run = command(waiting)
    assert run("stock", "approve", "1", expect=2).stderr == NOT_KEPT
    assert written(waiting) == []
    assert run("stock", "reject", "1").exit_code == 0
