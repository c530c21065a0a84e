"""`cartledger why`: everything that is known of one order, wherever it stands."""

from __future__ import annotations

import pytest

from tests.road.commands.conftest import FOREIGN, SHIPPED, STRANGE, with_second_shop


@pytest.fixture
def synced(shop, make_road):
    road = make_road(shop)
    road.sync()
    return road


def test_a_posted_order_with_its_documents(synced, command):
    told = command(synced).facts("why", str(SHIPPED))
    assert (told["connection"], told["kind"], told["id"], told["state"]) == ("demo", "order", str(SHIPPED), "posted")
    assert (told["problems"], told["next_try"], told["waits_for"], told["kept_by"]) == ([], None, None, [])
    number = told["documents"][0]["number"]
    (receipt,) = (one for one in synced.sim.company.objects("SalesReceipt") if one["DocNumber"] == number)
    assert told["documents"] == [
        {
            "part": "document",
            "entity": "SalesReceipt",
            "number": receipt["DocNumber"],
            "id": receipt["Id"],
            "day": receipt["TxnDate"],
            "amount": format(receipt["TotalAmt"], "f"),
            "currency": "USD",
            "customer": receipt["CustomerRef"]["value"],
        }
    ]
    assert [event["what"] for event in told["history"]][-1] == "posted"
    said = command(synced)("why", str(SHIPPED)).stdout
    assert said.startswith(f"order {SHIPPED} of demo, modified ")
    for words in ("is posted.", "SalesReceipt", receipt["DocNumber"], receipt["Id"], told["documents"][0]["amount"]):
        assert words in said


def test_a_held_order_is_told_as_held_show_tells_it(synced, command):
    run = command(synced)
    assert run.facts("why", str(FOREIGN)) == run.facts("held", "show", str(FOREIGN))
    assert run("why", str(STRANGE)).stdout == run("held", "show", str(STRANGE)).stdout


def test_an_order_that_a_rule_leaves_out(synced, command):
    run = command(synced)
    run("held", "ignore", str(STRANGE), "--why", "entered by hand")
    assert run.facts("why", str(STRANGE))["rule"] == "ignored: entered by hand"
    assert "  ignored: entered by hand\n" in run("why", str(STRANGE)).stdout


def test_an_order_that_waits_for_quickbooks(shop, make_road, command):
    road = make_road(shop)
    shop.company.subscription_ended = True
    road.sync()
    told = command(road).facts("why", str(SHIPPED))
    assert told["state"] == "queued"
    disabled, trouble = told["kept_by"]
    assert disabled == "demo posts nothing by itself: `cartledger enable demo`."
    assert trouble.startswith("QuickBooks: The company's subscription has ended. (QuickBooks 6190) Renew ")
    assert "UTC; tried again at 20" in trouble
    said = command(road)("why", str(SHIPPED)).stdout
    assert f"  {trouble}\n" in said
    assert "  Last time: " in said


def test_an_order_whose_answer_was_lost(shop, make_road, command):
    road = make_road(shop)
    run = command(road)
    assert road.start("sync", road.name, place="kill after send 2").wait() < 0  # the first one made customers
    doubts = [order for order in map(str, shop.shop.orders) if _stages(run.facts("why", order)) == ["sending"]]
    assert doubts
    assert "  In doubt: SalesReceipt BC" in (said := run("why", doubts[0]).stdout)
    assert " UTC; it is looked up before anything else.\n" in said


def _stages(told):
    return [part["stage"] for part in told["parts"]]


def test_an_order_that_waits_for_a_held_item(make_sim, make_road, command):
    sim = make_sim()
    sim.fill(orders=1, customers=1, clean=True)
    sim.shop.orders[1001].products[0] |= {"sku": "NEW-1", "product_id": 0, "variant_id": 0}
    products = {"create_missing": True, "noninventory_accounts": {"income": "Web sales", "expense": "Cost"}}
    road = make_road(sim, products=products)
    road.sync()
    run = command(road)
    assert [problem["code"] for problem in run.facts("why", "1001")["problems"]] == ["item_held"]
    item = run.facts("why", "sku:new-1")
    assert (item["kind"], item["state"]) == ("item", "held")


def test_two_shops_may_have_the_same_number(make_sim, make_road, command):
    first, second = make_sim(), make_sim()
    for sim in (first, second):
        sim.fill(orders=1, customers=1, clean=True)
    road = with_second_shop(first, second, make_road)
    run = command(road)
    for name in ("demo", "second"):
        run("sync", name)
    assert run("why", "1001", expect=2).stderr == "1001 is in demo and in second. Say which with --connection NAME.\n"
    assert run.facts("why", "1001", "--connection", "second")["connection"] == "second"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ("77",),
            "There is no order 77 in the ledger. It was not read yet (`cartledger status` tells when the shop was read "
            "last), or is older than start_date.",
        ),
        (
            ("77", "--connection", "dmo"),
            'There is no connection "dmo". Did you mean "demo"? Connections in the file: demo.',
        ),
    ],
)
def test_wrong_use(synced, command, words, sentence):
    assert command(synced)("why", *words, expect=2).stderr == f"{sentence}\n"
