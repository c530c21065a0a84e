"""Buyers and bookkeepers at work: what a trade does to both sides, and what it leaves alone."""

from collections import Counter
from decimal import Decimal

import httpx
import pytest

from simulator import Simulator
from simulator.markets import MARKETS
from simulator.people import people
from simulator.proof import prove
from simulator.quickbooks.lies import Lie
from simulator.stock_proof import shelves
from simulator.trade import RATES, Trade

ONLY_RECEIVED = dict.fromkeys(RATES, 0) | {"receive": 1}
ONLY_SALES = dict.fromkeys(RATES, 0) | {"sell": 1}


@pytest.fixture
def sim():
    with Simulator(seed=2, quotas=False) as sim:
        sim.fill(orders=20, clean=True)
        yield sim


def free(sim):
    """Units that the company has and nobody was promised, by SKU."""
    return {shelf.sku: shelf.free for shelf in shelves(sim.shop, sim.company)}


def scarce(sim, units):
    """Both sides have so many units of each SKU, and nobody was promised any."""
    sim.shop.orders.clear()
    for shelf in shelves(sim.shop, sim.company):
        sim.company.count_units(shelf.item_id, Decimal(units))
    for product in sim.shop.products:
        product["inventory_level"] = units


def test_the_same_seed_gives_the_same_trade():
    said = []
    for _ in range(2):
        with Simulator(seed=2) as sim:
            sim.fill(orders=20, clean=True)
            said.append(sim.trade(steps=60, seed=5))
    assert said[0] == said[1]
    assert set(said[0]["counts"]) == set(RATES)


def test_what_buyers_take_leaves_the_shop_and_nobody_is_promised_it_twice(sim):
    before, levels = free(sim), sim.shop.levels()
    sim.trade(steps=40, rates=ONLY_SALES)
    sold = Counter()
    for number in range(1021, 1061):
        for line in sim.shop.orders[number].products:
            sold[line["sku"]] += line["quantity"]
    assert {sku: before[sku] - now for sku, now in free(sim).items()} == {sku: sold[sku] for sku in before}
    assert {sku: levels[sku] - now for sku, now in sim.shop.levels().items()} == {sku: sold[sku] for sku in levels}
    assert sim.shop.oversold == {}


def test_orders_are_printed_as_the_shop_prints_them(sim):
    sim.trade(steps=5, rates=ONLY_SALES)
    made, old = sim.shop.orders[1021], sim.shop.orders[1001]
    assert set(made.header) == set(old.header)
    assert set(made.products[0]) == set(old.products[0])
    assert made.header["status_id"] == 11
    assert Decimal(made.header["total_inc_tax"]) == Decimal(made.transactions[0]["amount"])
    ids = [line["id"] for order in sim.shop.orders.values() for line in order.products]
    assert len(ids) == len(set(ids))
    buyers = {order.header["customer_id"] for order in sim.shop.orders.values()} - {0}
    assert buyers <= {customer["id"] for customer in sim.shop.customers}


@pytest.mark.parametrize("kind", MARKETS)
@pytest.mark.parametrize("price_mode", ["exclusive", "inclusive"])
def test_every_kind_of_shop_trades(kind, price_mode):
    with Simulator(company=kind) as sim:
        sim.fill(orders=0, price_mode=price_mode)
        assert sum(sim.trade(steps=30)["counts"].values()) == 30
        for order in sim.shop.orders.values():
            lines = sum(Decimal(line["total_inc_tax"]) for line in order.products)
            assert Decimal(order.header["total_inc_tax"]) == lines + Decimal(order.header["shipping_cost_inc_tax"])


def test_buyers_take_no_more_than_the_shop_offers(sim):
    scarce(sim, 2)
    counts = sim.trade(steps=200, rates=ONLY_SALES)["counts"]
    assert 0 < counts["sell"] < 200
    assert set(sim.shop.levels().values()) == {0}
    assert set(free(sim).values()) == {0}
    assert sim.stock_proof()["oversold"] == 0


def test_units_that_the_shop_offered_and_nobody_has_are_oversold(sim):
    scarce(sim, 2)
    for product in sim.shop.products:
        if product["inventory_tracking"] == "product":
            product["inventory_level"] = 5
    sim.trade(steps=300, rates=ONLY_SALES)
    proof = sim.stock_proof()
    assert proof["oversold"] == 3 * proof["skus"]
    assert proof["short"] == str(3 * proof["skus"])


def test_what_the_company_has_fewer_of_is_not_sold_before_the_shop_can_know(sim):
    scarce(sim, 20)
    rates = dict.fromkeys(RATES, 0) | {"sell": 5, "run low": 1, "recount": 3, "sell by hand": 3}
    said = sim.trade(steps=80, rates=rates)["said"]
    lowered = set()
    for sentence in said:
        what, _, rest = sentence.partition(": ")
        if what == "sell":
            assert not lowered & set(rest.replace(",", "").split())
        elif what == "sell by hand":
            lowered.add(rest.split()[1])
        elif rest.split()[1].startswith("-"):
            lowered.add(rest.split()[0])
    assert lowered
    assert sim.stock_proof()["oversold"] == 0


def test_a_delivery_and_a_count_move_the_company_and_not_the_shop(sim):
    before, levels = free(sim), sim.shop.levels()
    [said] = sim.trade(steps=1, rates=ONLY_RECEIVED)["said"]
    _, units, sku = said.split()
    assert free(sim) == {**before, sku: before[sku] + int(units)}
    assert sim.shop.levels() == levels


@pytest.mark.parametrize("seed", range(8))
def test_what_came_in_can_be_sold(seed):
    with Simulator() as sim:
        sim.shop.add_product(sku="LAMP", name="Lamp", price=Decimal(9), tracked=True, stock=12)
        sim.company.add_item(name="Lamp", sku="LAMP", kind="inventory", quantity=Decimal(0))
        trade = Trade(sim.shop, sim.company, people(1, 5, MARKETS["us"].places), seed, rates=ONLY_RECEIVED)
        received = int(trade.step().split()[1])
        trade.rates = {"sell": 1}
        while trade.step():
            pass
        assert sim.shop.oversold.total() == max(0, 12 - received)


def test_by_hand_the_company_sells_what_it_has_and_no_more(sim):
    scarce(sim, 2)
    skus = len(free(sim))
    assert sim.trade(steps=9 * skus, rates=dict.fromkeys(RATES, 0) | {"sell by hand": 1})["counts"] == {
        "sell by hand": 2 * skus
    }
    assert set(free(sim).values()) == {0}


def test_people_count_what_is_there_whatever_the_api_says(sim):
    before = free(sim)
    sim.company.lie = Lie(kind="zero")
    sim.trade(steps=20, rates=dict.fromkeys(RATES, 0) | {"recount": 1})
    assert all(abs(units - before[sku]) <= 40 for sku, units in free(sim).items())


def test_two_skus_run_low_in_a_trade_and_then_have_a_few_units_that_are_free(sim):
    before = free(sim)
    counts = sim.trade(steps=9, rates=dict.fromkeys(RATES, 0) | {"run low": 1})["counts"]
    changed = [units for sku, units in free(sim).items() if units != before[sku]]
    assert counts == {"run low": 2}
    assert len(changed) == 2
    assert all(3 <= units <= 8 for units in changed)


def test_an_order_on_account_waits_for_its_money_or_is_called_off(sim):
    before = free(sim)
    account = dict.fromkeys(RATES, 0) | {"sell on account": 1}
    sim.trade(steps=4, rates=account)
    assert [sim.shop.orders[number].header["status_id"] for number in range(1021, 1025)] == [7] * 4
    assert all(not sim.shop.orders[number].transactions for number in range(1021, 1025))
    sim.trade(steps=1, rates=dict.fromkeys(RATES, 0) | {"pay": 1})
    sim.trade(steps=9, rates=dict.fromkeys(RATES, 0) | {"cancel": 1})
    made = [sim.shop.orders[number] for number in range(1021, 1025)]
    assert sorted(order.header["status_id"] for order in made) == [5, 5, 5, 11]
    [paid] = [order for order in made if order.header["status_id"] == 11]
    sold = Counter()
    for line in paid.products:
        sold[line["sku"]] += line["quantity"]
    assert free(sim) == {sku: units - sold[sku] for sku, units in before.items()}


def test_units_of_an_order_that_was_called_off_can_be_sold_again(sim):
    scarce(sim, 1)
    sim.shop.inventory_settings["refund_order_stock_adjustment"] = True
    rates = dict.fromkeys(RATES, 0) | {"sell on account": 1, "cancel": 3}
    counts = sim.trade(steps=300, rates=rates)["counts"]
    assert counts["cancel"] > 0
    assert sim.stock_proof()["oversold"] == 0


def test_a_trade_begins_when_what_the_shop_accepted_shows(sim):
    sim.shop.adjustment_delay = 3600
    items = [
        {"location_id": 1, "product_id": p["id"], "quantity": 1} for p in sim.shop.products if p["inventory_level"]
    ]
    url = f"{sim.bigcommerce_url}/stores/{sim.shop.store_hash}/v3/inventory/adjustments/absolute"
    answer = httpx.put(url, json={"items": items}, headers={"X-Auth-Token": sim.shop.access_token})
    assert answer.status_code == 200
    sim.trade(steps=200, rates=ONLY_SALES)
    assert set(sim.shop.levels().values()) == {0}


def test_variants_are_sold_by_their_own_level():
    with Simulator() as sim:
        sizes = {"BOWL-S": 1, "BOWL-L": 2}
        sim.shop.add_product(sku="", name="Bowl", price=Decimal(9), tracked=True, variants=sizes)
        for sku, units in sizes.items():
            sim.company.add_item(name=sku, sku=sku, kind="inventory", quantity=Decimal(units))
        trade = Trade(sim.shop, sim.company, people(1, 5, MARKETS["us"].places), 1, rates=ONLY_SALES)
        while trade.step():
            assert min(sim.shop.levels().values()) >= 0
        sold = Counter()
        for order in sim.shop.orders.values():
            for line in order.products:
                sold[line["sku"], line["variant_id"]] += line["quantity"]
    assert sold == {("BOWL-S", 10_001): 1, ("BOWL-L", 20_001): 2}


def test_nothing_happens_where_neither_side_counts_anything():
    with Simulator() as sim:
        assert sim.trade(steps=5) == {"said": [], "counts": {}}


def test_the_books_of_a_trade_need_no_order_of_the_shop(sim):
    sim.trade(steps=60, rates={"sell": 0, "sell on account": 0})
    assert prove(sim.shop, sim.company)["documents"] == 0


def test_a_trade_over_http(sim):
    answer = httpx.post(f"{sim.url}/control/trade", json={"steps": 8, "seed": 3})
    assert answer.status_code == 200
    assert len(answer.json()["said"]) == sum(answer.json()["counts"].values()) == 8
    refused = httpx.post(f"{sim.url}/control/trade", json={"steps": 8, "rates": {"steal": 1}})
    assert (refused.status_code, refused.json()) == (400, {"error": "nothing that happens: ['steal']"})
