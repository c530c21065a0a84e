"""`cartledger held`: what is shown, and what a person does about it."""

from __future__ import annotations

import pytest

from cartledger.ledger.types import State
from tests.road.commands.conftest import FOREIGN, SHIPPED, STRANGE, with_second_shop

FOREIGN_FACTS = {
    "kind": "order",
    "id": str(FOREIGN),
    "problems": [
        {
            "code": "foreign_currency",
            "text": "The order is in EUR, the company's books are in USD.",
            "fix": "Switch on multicurrency in QuickBooks (for ever), or enter the sale by hand and ignore the order.",
        }
    ],
}


@pytest.fixture
def synced(shop, make_road):
    road = make_road(shop)
    assert road.sync().held == 2
    return road


def test_list_by_cause(synced, command):
    shown = command(synced)("held", "list").stdout
    assert shown.startswith("demo: held")
    assert "foreign_currency" in shown
    assert str(STRANGE) in shown
    assert 'The order has the status 15 ("On [hold] :pause:"), which' in " ".join(shown.split())
    assert "cartledger held show ORDER" in shown


def test_of_many_the_first_are_named(make_sim, make_road, command):
    sim = make_sim()
    sim.fill(orders=4, customers=2, clean=True)
    for order_id in sim.shop.orders:
        sim.shop.update(order_id, status_id=15, status="On Hold", date_created="Tue, 20 Jan 2026 12:00:00 +0000")
    road = make_road(sim)
    assert road.sync().held == 4
    lines = [line.split("│") for line in command(road)("held", "list").stdout.splitlines()]
    causes = [[cell.strip() for cell in cells][:2] for cells in lines if len(cells) == 3]
    assert causes[:2] == [["unknown_status", "4"], ["1001, 1002, 1003 …", ""]]


def test_facts(synced, command):
    (facts,) = [one for one in command(synced).facts("held", "list")["demo"] if one["id"] == str(FOREIGN)]
    assert facts.pop("modified")
    assert facts == FOREIGN_FACTS
    shown = command(synced).facts("held", "show", str(FOREIGN))
    assert {name: shown[name] for name in FOREIGN_FACTS} == FOREIGN_FACTS
    assert [event["what"] for event in shown["history"]] == ["read", "claimed", "held"]
    assert shown["history"][-1]["codes"] == ["foreign_currency"]


def test_one_with_its_history(synced, command):
    shown = command(synced)("held", "show", str(STRANGE)).stdout
    first, reason, fix, *history = shown.splitlines()
    assert first.startswith(f"order {STRANGE} of demo, modified ")
    assert reason == '  The order has the status 15 ("On [hold] :pause:"), which BigCommerce does not document.'
    assert fix == "    Give the order one of the standard statuses."
    assert any("codes=unknown_status" in line for line in history)


def test_retry_of_one_of_a_cause_and_of_all(synced, command):
    run = command(synced)
    assert run("held", "retry", str(FOREIGN)).stdout == "1 queued again.\n"
    assert synced.counts()[State.QUEUED] == 1
    assert synced.sync().held == 2
    assert run("held", "retry", "--cause", "unknown_status").stdout == "1 queued again.\n"
    assert synced.sync().held == 2
    assert run("held", "retry", "--all").stdout == "2 queued again.\n"
    synced.sim.shop.update(FOREIGN, currency_code="USD", default_currency_code="USD")
    assert synced.sync().held == 1


def test_retry_of_an_order_tries_the_items_it_is_held_for(make_sim, make_road, command):
    """A SKU may look like an order's number."""
    sim = make_sim()
    sim.fill(orders=1, customers=1, clean=True)
    line = sim.shop.orders[1001].products[0] | {"sku": "1001", "product_id": 0, "variant_id": 0}
    sim.shop.orders[1001].products[0] = line
    products = {
        "create_missing": True,
        "noninventory_accounts": {"income": "Web sales", "expense": "Cost of Goods Sold"},
    }
    road = make_road(sim, products=products)
    run = command(road)
    assert road.sync().held == 1
    assert {(one["kind"], one["id"]) for one in run.facts("held", "list")["demo"]} == {
        ("order", "1001"),
        ("item", "sku:1001"),
    }
    shown = run.facts("held", "show", "1001")
    assert [problem["code"] for problem in shown["problems"]] == ["item_held"]
    assert [problem["code"] for problem in run.facts("held", "show", "sku:1001")["problems"]] == ["no_account"]

    sim.company.create("Account", {"Name": "Web sales", "AccountType": "Income"})
    assert run("held", "retry", "1001").stdout == "2 queued again.\n"
    assert road.sync().posted == 1
    road.agree()


def test_ignored_for_good(synced, command):
    run = command(synced)
    assert run("held", "ignore", str(FOREIGN), str(STRANGE), "--why", "entered by hand").stdout == "2 excluded.\n"
    assert run("held", "list").stdout == "Nothing is held.\n"
    assert run.facts("held", "list") == {"demo": []}
    assert synced.sync().exit_code == 0
    assert run("held", "retry", "--all").stdout == "0 queued again.\n"
    standing = synced.ledger.standing(synced.key(FOREIGN))
    assert (standing.state, standing.rule) == (State.EXCLUDED, "ignored: entered by hand")


WRONG_USE = {
    f"show {SHIPPED}": f"Order {SHIPPED} of demo is not held, it is posted. `cartledger held list` shows what is held.",
    "show 77": "There is no order 77 in the ledger. `cartledger held list` shows what is held.",
    f"retry {FOREIGN} 77": "There is no order 77 in the ledger. `cartledger held list` shows what is held.",
    "retry --cause unknown_state": 'Nothing is held for the cause "unknown_state". Did you mean "unknown_status"? '
    "`cartledger held list` shows the causes.",
    "list --connection dmo": 'There is no connection "dmo". Did you mean "demo"? Connections in the file: demo.',
}


def test_wrong_use_is_one_sentence_and_does_nothing(synced, command):
    run = command(synced)
    said = {words: run("held", *words.split(), expect=2).stderr for words in WRONG_USE}
    assert said == {words: f"{sentence}\n" for words, sentence in WRONG_USE.items()}
    assert synced.counts()[State.HELD] == 2


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["retry"], "Error: Name orders, or a --cause, or --all."),
        (["retry", "1001", "--all"], "Error: Name orders, or a --cause, or --all."),
        (["ignore", "1001"], "Error: Missing option '--why'."),
        (["ignore", "--why", "x"], "Error: Missing argument 'ORDER...'."),
    ],
)
def test_words_that_are_missing(shop, make_road, command, words, sentence):
    assert command(make_road(shop))("held", *words, expect=2).stderr.splitlines()[-1] == sentence


def test_two_shops_with_the_same_numbers(shop, make_sim, make_road, command):
    """The second shop posts into the same company; its order 1001 is held, too."""
    other = make_sim()
    other.fill(orders=2, customers=1, clean=True)
    other.shop.update(FOREIGN, status_id=15)
    road = with_second_shop(shop, other, make_road)
    assert road.sync().held == 2
    road.name = "second"
    assert road.sync().held == 1

    run = command(road)
    assert run("held", "show", str(FOREIGN), expect=2).stderr == (
        f"{FOREIGN} is held in demo and in second. Say which with --connection NAME.\n"
    )
    assert run.facts("held", "show", str(FOREIGN), "--connection", "second")["problems"][0]["code"] == "unknown_status"
    assert list(run.facts("held", "list", "--connection", "second")) == ["second"]
    assert run("held", "retry", "--all", "--connection", "second").stdout == "1 queued again.\n"
    assert run("held", "ignore", str(FOREIGN), "--why", "test").stdout == "1 excluded.\n"
