"""Orders that change after they were posted, and held ones that a person mends."""

from __future__ import annotations

from cartledger.ledger.types import State
from tests.road.sentences.conftest import ODD, OTHERS


def documents(sim) -> dict[str, dict]:
    return {one["DocNumber"]: one for one in sim.company.objects("SalesReceipt")}


def test_an_order_that_is_shipped_after_it_was_posted_changes_nothing(shop, make_road, plain_order, stands):
    shop.shop.add_order(plain_order())
    road = make_road(shop)
    road.sync()
    before = documents(shop)
    shop.shop.update(ODD, status_id=2, status="Shipped", custom_status="Shipped")
    synced = road.sync()
    assert (synced.new_or_changed, synced.held, synced.exit_code) == (1, 0, 0)
    assert stands(road).state is State.POSTED
    assert documents(shop) == before


def test_an_order_whose_money_changes_after_it_was_posted_is_held_and_its_document_untouched(
    shop, make_road, plain_order, stands
):
    shop.shop.add_order(plain_order(lines=1))
    road = make_road(shop)
    road.sync()
    before = documents(shop)
    two = plain_order(lines=2)
    kept = ("id", "date_modified", "shipping_addresses")
    shop.shop.update(ODD, **{name: value for name, value in two.items() if name not in kept})
    synced = road.sync()
    assert (synced.held, synced.exit_code) == (1, 1)
    assert stands(road).why == [
        f"The order was edited from 10.83 to 21.66 after SalesReceipt BC-{ODD} was paid, and neither payments nor "
        "refunds in the shop come to the difference. Take the edit back, or record the payment or the refund in the "
        "shop; or change the document in QuickBooks by hand, then use `cartledger held ignore`."
    ]
    assert documents(shop) == before


def test_an_order_that_is_cancelled_after_it_was_posted_is_held_until_somebody_ignores_it(
    shop, make_road, plain_order, stands
):
    shop.shop.add_order(plain_order())
    road = make_road(shop)
    road.sync()
    before = documents(shop)
    shop.shop.update(ODD, status_id=5, status="Cancelled", custom_status="Cancelled")
    road.sync()
    assert stands(road).why == [
        f"SalesReceipt BC-{ODD} stands in QuickBooks, and now: Its status Cancelled (5) is not among sales.statuses. "
        "Void or refund the document in QuickBooks if need be, then use `cartledger held ignore`."
    ]
    assert road.run_cli("held", "ignore", str(ODD), "--why", "refunded by hand").returncode == 0
    assert road.sync().exit_code == 0
    assert (stands(road).state, stands(road).why) == (State.EXCLUDED, ["ignored: refunded by hand"])
    assert documents(shop) == before


def test_a_missing_item_that_is_made_in_quickbooks_lets_a_retry_post_its_order(shop, make_road, plain_order, stands):
    raw = plain_order()
    raw["products"][0]["sku"] = "NEW-1"
    shop.shop.add_order(raw)
    road = make_road(shop, sales={"default_product": None})
    road.sync()
    assert stands(road).codes == ["no_item"]
    shop.company.add_item(name="A new bowl", sku="NEW-1")
    assert road.run_cli("held", "retry", str(ODD)).returncode == 0
    assert (road.sync().held, stands(road).state) == (0, State.POSTED)
    road.agree()


def test_changed_settings_put_held_and_excluded_orders_back_at_the_next_start(shop, make_road, plain_order, stands):
    no_sku, amazon = plain_order(ODD), plain_order(ODD + 1, status_id=7, status="Awaiting Payment")
    no_sku["products"][0].update(sku="", product_id=0, variant_id=0)
    shop.shop.add_order(no_sku)
    shop.shop.add_order(amazon)
    road = make_road(shop, sales={"default_product": None})
    assert (road.sync().held, stands(road, ODD + 1).state) == (1, State.EXCLUDED)
    statuses = ["Awaiting Fulfillment", "Shipped", "Completed", 3, 8, 9, "Awaiting Payment"]
    changed = make_road(
        shop,
        folder=road.folder,
        sales={"default_product": "Unknown product", "statuses": statuses, "post_as": "invoice"},
    )
    synced = changed.sync()
    assert (synced.posted, synced.held, synced.excluded) == (OTHERS + 2, 0, 0)


def test_what_a_person_ignored_stays_ignored_under_other_settings(shop, make_road, plain_order, stands):
    raw = plain_order(status_id=15)
    shop.shop.add_order(raw)
    road = make_road(shop)
    road.sync()
    road.run_cli("held", "ignore", str(ODD), "--why", "a test order")
    changed = make_road(shop, folder=road.folder, sales={"number_prefix": "XY"})
    changed.sync()
    assert (stands(changed).state, stands(changed).why) == (State.EXCLUDED, ["ignored: a test order"])


NAMES_OF_ADA = ("Ada Byrne", *(f"Ada Byrne ({tag})" for tag in ("4242", "4242-2", "4242-3", "4242-4")))
NAME_TAKEN = (
    "Another customer, vendor or employee has this name, perhaps an inactive one. (QuickBooks 6240) "
    "The name supplied already exists. : Another customer, vendor or employee is already using this name. "
    "Please use a different name. Rename one of the two in QuickBooks, then retry."
)


def test_a_customer_that_cannot_be_made_is_mended_in_the_shop(shop, make_road, plain_order, stands, others_posted):
    for name in NAMES_OF_ADA:
        shop.company.create("Vendor", {"DisplayName": name})
    shop.shop.add_order(plain_order())
    road = make_road(shop)
    road.sync()
    assert stands(road, "c4242", "customer").why == [NAME_TAKEN]
    assert stands(road).why == [
        f"Its customer cannot be made: {NAME_TAKEN} Retrying the order tries its customer, too."
    ]
    others_posted(road)
    billing = shop.shop.orders[ODD].header["billing_address"]
    shop.shop.update(ODD, billing_address={**billing, "first_name": "Augusta"})
    assert (road.sync().held, stands(road).state) == (0, State.POSTED)
    road.agree()


def test_a_customer_that_cannot_be_made_is_mended_in_quickbooks(shop, make_road, plain_order, stands):
    vendor, *_ = [shop.company.create("Vendor", {"DisplayName": name}) for name in NAMES_OF_ADA]
    shop.shop.add_order(plain_order())
    road = make_road(shop)
    assert road.sync().held == 1
    shop.company.update("Vendor", {**vendor, "DisplayName": "Ada Byrne, supplier"})
    assert road.run_cli("held", "retry", str(ODD)).stdout == "2 queued again.\n"
    assert (road.sync().held, stands(road).state) == (0, State.POSTED)
    road.agree()
