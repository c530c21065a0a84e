"""Orders go on living: any sequence of steps leaves a shop whose figures agree."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from simulator.bigcommerce.editing import edit_line, totals
from simulator.bigcommerce.fulfilment import cancel, capture, unsent
from simulator.bigcommerce.refund_bill import Asked
from simulator.bigcommerce.refunding import Payout, decline, refund
from simulator.bigcommerce.store import Store
from simulator.lives import RATES, Lives, settle, standings
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
    rare = dict.fromkeys(("dispute", "refunded by hand", "archive"), 9)
    said = " ".join(each for seed in range(3) for each in live(a_shop(seed, 80), seed, 500, rare))
    words = (
        *("captured", ": paid", "sent in 1 parcels", "one unit of line", "Completed by hand", "units now"),
        *("another billing address", "cancelled", "to stripe", "to storecredit", "to custom", "declined"),
        *("Disputed by hand", "Refunded by hand", "archived", "paid on top", "units left, refund"),
    )
    assert [word for word in words if word not in said] == []


def test_what_is_rated_at_nothing_never_happens_and_an_end_is_said():
    shop = a_shop(6, 10)
    said = live(shop, 6, 100, {name: 0 for name in RATES if name != "ship"})
    assert all("sent in" in each for each in said if each)
    assert said[-1] == ""
    with pytest.raises(ValueError, match="nothing that happens"):
        Lives(shop, 1, {"explode": 1})


def only(*names):
    return {**dict.fromkeys(RATES, 0), **dict.fromkeys(names, 1)}


def test_what_happened_is_counted_by_kind():
    lives = Lives(a_shop(7, 10), 7, only("ship", "complete"))
    said = [each for each in (lives.step() for _ in range(30)) if each]
    shipped = sum("sent in" in each for each in said)
    assert lives.happened == {"ship": shipped, "complete": len(said) - shipped}
    assert 0 < shipped < len(said) < 30


def test_an_order_with_little_left_to_do_seldom_does_it():
    shop = a_shop(7, 30)
    for order in shop.orders.values():
        shop.set_status(order.id, 10)
    last = next(order for order in shop.orders.values() if unsent(order) or order.shipments)
    last.shipments.clear()
    shop.set_status(last.id, 11)
    rates = {**only("archive"), "ship": 10_000}
    assert Lives(shop, 1, rates).step().startswith(f"order {last.id}: sent")


@pytest.fixture
def shop_of():
    """A shop with one order, the first of many that is as asked for."""

    def shop(wanted, seed=7):
        shop = Store(clock=lambda: datetime(2026, 5, 1, tzinfo=UTC))
        return shop, shop.add_order(next(raw for raw in generate(seed, 300, share_odd=0) if wanted(raw)))

    return shop


def is_money(row):
    return row["event"] in ("purchase", "capture") and row["gateway"] not in ("giftcertificate", "storecredit")


def by_card(raw):
    """Paid by a provider alone, not sent yet, with a taxed line of several units without a discount."""
    plain = [line for line in raw["products"] if line["quantity"] > 1 and not line["applied_discounts"]]
    gateways = {row["gateway"] for row in raw["transactions"]}
    paid = raw["payment_status"] == "captured" and gateways in ({"stripe"}, {"paypalcommerce"})
    return raw["status_id"] == 11 and paid and any(Decimal(line["total_tax"]) for line in plain)


def by_hand(raw):
    return raw["status_id"] == 11 and raw["payment_method"] == "Cash on Delivery" and not raw["transactions"]


def test_whoever_paid_a_provider_pays_there_what_an_edit_added(shop_of):
    shop, order = shop_of(by_card)
    paid, before = Decimal(order.header["total_inc_tax"]), len(order.transactions)
    line = order.products[0]
    edit_line(shop, order.id, line["id"], units=line["quantity"] + 1)
    owed = Decimal(order.header["total_inc_tax"]) - paid
    assert [standing.owed for standing in standings(shop)] == [owed]
    assert Lives(shop, 1, only("pay the difference")).step() == f"order {order.id}: {owed:.2f} paid on top"
    added = order.transactions[before:]
    assert [(row["event"], row["gateway"], row["amount"]) for row in added] == [
        ("purchase", order.transactions[0]["gateway"], owed)
    ]
    assert (order.header["status_id"], order.header["payment_status"]) == (11, "captured")
    assert [standing.owed for standing in standings(shop)] == [0]
    assert Lives(shop, 1, only("pay the difference")).step() == ""


def test_who_owes_a_difference_gets_nothing_back_and_is_not_called_off(shop_of):
    shop, order = shop_of(by_card)
    line = order.products[0]
    edit_line(shop, order.id, line["id"], units=line["quantity"] + 1)
    ends = [name for name in RATES if name.startswith(("refund", "take"))]
    assert Lives(shop, 1, only(*ends, "cancel", "dispute", "archive")).step() == ""
    assert len(settle(shop)) == 1
    assert Lives(shop, 1, only("refund an amount")).step()


def test_what_was_paid_in_part_at_the_checkout_is_no_difference_of_an_edit(shop_of):
    shop, order = shop_of(lambda raw: raw["status_id"] == 1 and raw["transactions"])
    assert standings(shop)[0].owed > 0
    assert Lives(shop, 1, only("pay the difference")).step() == ""
    assert settle(shop) == []
    assert Lives(shop, 1, only("cancel")).step() == f"order {order.id}: cancelled"


def test_settling_pays_what_is_owed_of_sold_orders_and_nothing_else():
    shop = a_shop(8, 120)
    live(shop, 8, 300, {"pay the difference": 0, "edit a line": 20})
    owing = {s.order_id for s in standings(shop) if s.owed > 0 and any(s.received.values())}
    sold = {i for i in owing if shop.orders[i].header["status_id"] not in (0, 1, 4, 5, 6, 7, 13)}
    sold = {i for i in sold if any(map(is_money, shop.orders[i].transactions))}
    said = settle(shop)
    assert {int(each.split()[1].strip(":")) for each in said} == sold != set()
    assert all(s.owed == 0 for s in standings(shop) if s.order_id in sold)
    assert settle(shop) == []


def untaxed(raw):
    """By card, without any tax."""
    return by_card({**raw, "products": [{**line, "total_tax": "1"} for line in raw["products"]]}) and not raw["taxes"]


@pytest.mark.parametrize(
    ("wanted", "kind", "units", "taxed"), [(by_card, "PRODUCT", 1, True), (untaxed, "ORDER", 0, False)]
)
def test_a_unit_taken_back_lowers_the_order_by_what_is_refunded(shop_of, wanted, kind, units, taxed):
    shop, order = shop_of(lambda raw: wanted(raw) and len(raw["products"]) == 1)
    before = {name: Decimal(order.header[name]) for name in ("total_inc_tax", "total_tax")}
    [line] = order.products
    sold = line["quantity"]
    assert "units left, refund" in Lives(shop, 1, only("take a unit back")).step()
    [row] = shop.refunds
    assert row["total_amount"] > row["total_tax"]
    assert bool(row["total_tax"]) is taxed
    assert Decimal(order.header["total_inc_tax"]) == before["total_inc_tax"] - row["total_amount"]
    assert Decimal(order.header["total_tax"]) == before["total_tax"] - row["total_tax"]
    assert (line["quantity"], line["quantity_refunded"]) == (sold - 1, units)
    assert [(item["item_type"], item.get("quantity", 0)) for item in row["items"]] == [(kind, units)]
    [after] = standings(shop)
    assert sum(after.received.values()) - after.refunds == Decimal(order.header["total_inc_tax"])
    assert (after.owed, order.header["status_id"]) == (-row["total_amount"], 14)
    assert Lives(shop, 1, only("take a unit back", "decline a refund")).step() == ""


def test_a_unit_of_a_line_with_a_discount_is_not_taken_back(shop_of):
    """An edited line loses its discount: one unit less could cost more."""
    shop, _ = shop_of(lambda raw: by_card(raw) and len(raw["products"]) == 1)
    [order] = shop.orders.values()
    order.products[0]["applied_discounts"] = [{"id": "coupon", "amount": "1.00"}]
    assert Lives(shop, 1, only("take a unit back")).step() == ""
    order.products[0]["applied_discounts"] = []
    assert "units left, refund" in Lives(shop, 1, only("take a unit back")).step()


def all_taxed(raw):
    taxed = all(Decimal(line["total_tax"]) for line in raw["products"])
    return by_card(raw) and raw["customer_id"] and taxed and Decimal(raw["shipping_cost_tax"])


@pytest.mark.parametrize("what", ["refund a unit", "refund shipping", "refund the rest", "refund to store credit"])
def test_never_more_goes_back_than_is_left(shop_of, what):
    """Where goods or shipping would come to more, it is an amount, without tax."""
    shop, _ = shop_of(all_taxed)
    assert Lives(shop, 1, only(what)).step()
    assert shop.refunds[0]["total_tax"] > 0
    shop, order = shop_of(all_taxed)
    refund(shop, order.id, Asked(amount=Decimal(order.header["total_inc_tax"]) - Decimal("0.10")))
    assert Lives(shop, 1, only(what)).step()
    row = shop.refunds[1]
    assert (row["total_amount"], row["total_tax"]) == (Decimal("0.10"), 0)
    assert [item["item_type"] for item in row["items"]] == ["ORDER"]


@pytest.mark.parametrize(
    "payouts",
    [
        [Payout(provider="storecredit")],
        [Payout(provider="custom", offline=True)],
        [Payout(provider="storecredit", amount=Decimal(1)), Payout(provider="stripe")],
    ],
)
def test_only_a_provider_refuses_a_refund_and_all_of_it(shop_of, payouts):
    shop, order = shop_of(lambda raw: by_card(raw) and raw["customer_id"])
    refund(shop, order.id, Asked(amount=Decimal("3.00")), *payouts)
    assert Lives(shop, 1, only("decline a refund")).step() == ""
    refund(shop, order.id, Asked(amount=Decimal("2.00")), Payout(provider="stripe"))
    assert Lives(shop, 1, only("decline a refund")).step() == f"order {order.id}: refund 2 declined"
    assert Lives(shop, 1, only("decline a refund")).step() == ""


def test_orders_paid_by_hand_are_edited_only_where_that_is_asked_for(shop_of):
    shop, order = shop_of(by_hand)
    assert Lives(shop, 1, only("edit a line", "take a unit back")).step() == ""
    assert "units now" in Lives(shop, 1, only("edit a line paid by hand")).step()
    assert settle(shop) == []
    assert Lives(shop, 1, only("pay the difference")).step() == ""
    card, _ = shop_of(by_card)
    assert Lives(card, 1, only("edit a line paid by hand")).step() == ""
    assert order.header["payment_status"] == "pending"


def test_what_waits_to_be_sent_is_called_off_only_where_no_provider_took_money(shop_of):
    assert Lives(shop_of(by_card)[0], 1, only("cancel")).step() == ""
    shop, order = shop_of(by_hand)
    assert Lives(shop, 1, only("cancel")).step() == f"order {order.id}: cancelled"


def test_what_certificates_paid_is_not_called_off(shop_of):
    shop, _ = shop_of(lambda raw: raw["status_id"] == 11 and raw["payment_method"] == "Gift Certificate", seed=2)
    assert Lives(shop, 1, only("cancel", "edit a line", "take a unit back")).step() == ""


def test_no_unit_is_taken_back_by_the_lives_that_were_paid_for_it(shop_of):
    shop, order = shop_of(lambda raw: raw["transactions"] and by_card({**raw, "payment_status": "captured"}), seed=7)
    for row in order.transactions:
        row["event"] = "authorization"
    lives = Lives(shop, 1, only("capture", "take a unit back"))
    assert [lives.step().endswith("captured"), lives.step()] == [True, ""]
    assert "units left, refund" in Lives(shop, 1, only("take a unit back")).step()


def test_an_order_is_not_edited_and_called_off_by_the_same_lives(shop_of):
    shop, _ = shop_of(by_hand)
    lives = Lives(shop, 1, only("edit a line paid by hand", "cancel"))
    lives.rates["edit a line paid by hand"] = 10**9
    assert ["units now" in lives.step() for _ in range(3)] == [True] * 3
    del lives.rates["edit a line paid by hand"]
    assert lives.step() == ""
    assert "cancelled" in Lives(shop, 1, only("cancel")).step()


def test_odd_orders_stay_as_they_are():
    shop = Store(clock=lambda: datetime(2026, 5, 1, tzinfo=UTC))
    for raw in generate(9, 200, share_odd=1):
        shop.add_order(raw)
    odd = {i for i, order in shop.orders.items() if order.header["staff_notes"]}
    said = [each for each in live(shop, 9, 50) if each]
    assert odd == shop.orders.keys()
    assert said == []


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
