"""Orders go on living: any sequence of steps leaves a shop whose figures agree."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from simulator.bigcommerce.editing import totals
from simulator.bigcommerce.fulfilment import cancel, capture, unsent
from simulator.bigcommerce.refund_bill import Asked
from simulator.bigcommerce.refunding import Payout, decline, refund
from simulator.bigcommerce.store import Store
from simulator.lives import RATES, Lives, standings
from simulator.orders import generate


def a_shop(seed, orders=60, **kinds):
    moment = datetime(2026, 5, 1, tzinfo=UTC)

    def tick():
        nonlocal moment
        moment += timedelta(minutes=7)
        return moment

    shop = Store(clock=tick)
    for raw in generate(seed, orders, share_odd=0, **kinds):
        shop.add_order(raw)
    return shop


def live(shop, seed, steps=400, rates=None):
    lives = Lives(shop, seed, rates)
    return [lives.step() for _ in range(steps)]


def given_back(order, provider):
    wanted = (provider, "refund", "ok")
    return sum(row["amount"] for row in order.transactions if (row["gateway"], row["event"], row["status"]) == wanted)


@pytest.mark.parametrize("mode", ["exclusive", "inclusive"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_after_any_life_the_figures_agree(seed, mode):
    shop = a_shop(seed, price_mode=mode)
    live(shop, seed)
    assert shop.refunds
    for standing in standings(shop):
        order = shop.orders[standing.order_id]
        total = Decimal(order.header["total_inc_tax"])
        assert {name: order.header[name] for name in totals(order)} == totals(order)
        assert 0 <= standing.refunds <= total
        assert sum(standing.returned.values()) == standing.refunds
        for provider, amount in standing.received.items():
            given = given_back(order, provider)
            assert given == standing.returned.get(provider, 0)
            assert provider == "storecredit" or given <= amount
        assert all(0 <= line["quantity_refunded"] <= line["quantity"] for line in order.products)
        assert all(units > 0 for units in unsent(order).values())


def test_refunded_orders_came_back_whole():
    shop = a_shop(4)
    live(shop, 4, rates={"refunded by hand": 0, "decline a refund": 0, "edit a line": 0})
    whole = [s for s in standings(shop) if shop.orders[s.order_id].header["status_id"] == 4]
    assert whole
    assert all(s.refunds == Decimal(shop.orders[s.order_id].header["total_inc_tax"]) for s in whole)


def test_the_same_seed_gives_the_same_lives():
    first, again, other = (live(a_shop(5), seed, 80) for seed in (1, 1, 2))
    assert first == again != other


def test_everything_that_can_happen_does():
    said = " ".join(each for seed in range(3) for each in live(a_shop(seed, 80), seed, 600))
    words = (
        *("captured", ": paid", "sent in 1 parcels", "one unit of line", "Completed by hand", "units now"),
        *("another billing address", "cancelled", "to stripe", "to storecredit", "to custom", "declined"),
        *("Disputed by hand", "Refunded by hand", "archived"),
    )
    assert [word for word in words if word not in said] == []


def test_what_is_rated_at_nothing_never_happens_and_an_end_is_said():
    shop = a_shop(6, 10)
    said = live(shop, 6, 100, {name: 0 for name in RATES if name != "ship"})
    assert all("sent in" in each for each in said if each)
    assert said[-1] == ""
    with pytest.raises(ValueError, match="nothing that happens"):
        Lives(shop, 1, {"explode": 1})


@pytest.fixture
def reserved():
    """A shop with one order whose money is reserved."""
    shop = Store(clock=lambda: datetime(2026, 5, 1, tzinfo=UTC))
    orders = (raw for raw in generate(7, 300) if raw["customer_id"] and raw["status_id"] == 11)
    return shop, shop.add_order(next(raw for raw in orders if raw["payment_status"] == "authorized"))


def test_an_order_that_is_off_owes_nothing(reserved):
    shop, order = reserved
    cancel(shop, order.id)
    assert [standing.owed for standing in standings(shop)] == [0]


def test_nothing_is_given_back_of_money_that_is_only_reserved(reserved):
    shop, _ = reserved
    refunds = {name: 1 for name in RATES if name.startswith("refund ")}
    assert Lives(shop, 1, {**dict.fromkeys(RATES, 0), **refunds}).step() == ""


def test_what_an_order_stands_at_in_cents(reserved):
    shop, order = reserved
    total = Decimal(order.header["total_inc_tax"])
    [before] = standings(shop)
    assert (before.received, before.returned, before.refunds, before.owed) == ({}, {}, 0, total)
    capture(shop, order.id)
    refund(shop, order.id, Asked(amount=Decimal("3.00")))
    refund(shop, order.id, Asked(amount=Decimal("2.00")), Payout(provider="storecredit"))
    decline(shop, refund(shop, order.id, Asked(amount=Decimal("1.00")))["id"])
    [after] = standings(shop)
    assert (after.received, after.owed, after.refunds) == ({"stripe": total}, 0, Decimal("5.00"))
    assert after.returned == {"stripe": Decimal("3.00"), "storecredit": Decimal("2.00")}
