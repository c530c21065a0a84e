"""Orders that cannot be posted as they are: one clear sentence with the fix, and the others are posted."""

from __future__ import annotations

from cartledger.ledger.types import State
from tests.road.sentences.conftest import ODD, OTHERS, UNHURRIED, hurried


def change_line(raw, **fields):
    raw["products"][0].update(fields)


ODD_ORDERS = {
    "another currency": (
        lambda raw: raw.update(currency_code="EUR", default_currency_code="EUR"),
        "foreign_currency",
        "The order is in EUR, the company's books are in USD. Switch on multicurrency in QuickBooks (for ever), or "
        "enter the sale by hand and ignore the order.",
    ),
    "status 15": (
        lambda raw: raw.update(status_id=15, status="On Hold", custom_status="On Hold"),
        "unknown_status",
        'The order has the status 15 ("On Hold"), which BigCommerce does not document. '
        "Give the order one of the standard statuses.",
    ),
    "a status nobody knows": (
        lambda raw: raw.update(status_id=-7, status="Beamed up"),
        "unknown_status",
        'The order has the status -7 ("Beamed up"), which BigCommerce does not document. '
        "Give the order one of the standard statuses.",
    ),
    "refunded": (
        lambda raw: raw.update(status_id=4, status="Refunded"),
        "refunded",
        "The order is Refunded (4), and the workflow refunds is off. "
        "Enter sale and refund by hand, then ignore the order.",
    ),
    "a price that is no number": (
        lambda raw: change_line(raw, total_ex_tax="n/a"),
        "unreadable_field",
        "total_ex_tax is 'n/a', which cannot be read. "
        "Correct the order in BigCommerce; it is read again when it changes.",
    ),
    "no SKU": (
        lambda raw: change_line(raw, sku="", name="Engraving", product_id=0, variant_id=0),
        "blank_sku",
        'The line "Engraving" has no SKU. Give the product a SKU in BigCommerce, or set sales.default_product.',
    ),
    "a total that somebody typed in": (
        lambda raw: raw.update(total_inc_tax="99.0000"),
        "totals_do_not_close",
        "The order's totals do not close: with tax 10.83 subtotal = 10.83, printed 99.00; without tax 10.00 subtotal "
        "= 10.00, printed 10.00; tax 0.83 subtotal = 0.83, printed 0.83. Its totals were probably overridden. "
        "Correct the order in BigCommerce, or enter the sale by hand.",
    ),
    "a SKU that no item has": (
        lambda raw: change_line(raw, sku="GONE-1", name="Bowl"),
        "no_item",
        'No QuickBooks item has the SKU "GONE-1" (Bowl). Create the item in QuickBooks, correct the SKU in '
        "BigCommerce, or set products.create_missing or sales.default_product.",
    ),
}


def test_orders_that_cannot_be_posted_are_held_with_the_reason_and_the_fix(
    shop, make_road, plain_order, stands, others_posted
):
    ids = {name: ODD + number for number, name in enumerate(ODD_ORDERS)}
    for name, (change, *_) in ODD_ORDERS.items():
        raw = plain_order(ids[name])
        change(raw)
        shop.shop.add_order(raw)
    road = make_road(shop, sales={"default_product": None})

    synced = road.sync()

    assert (synced.held, synced.waiting, synced.exit_code) == (len(ODD_ORDERS), 0, 1)
    held = {name: stands(road, ids[name]) for name in ODD_ORDERS}
    assert {name: (one.codes, one.why) for name, one in held.items()} == {
        name: ([code], [sentence]) for name, (_, code, sentence) in ODD_ORDERS.items()
    }
    others_posted(road, but=len(ODD_ORDERS))


def test_what_has_no_item_goes_to_the_default_product(shop, make_road, plain_order, stands):
    raw = plain_order()
    change_line(raw, sku="", name="Engraving", product_id=0, variant_id=0)
    shop.shop.add_order(raw)
    road = make_road(shop, sales={"default_product": "Unknown product"})
    road.sync()
    assert stands(road).state is State.POSTED
    road.agree()
    (document,) = [one for one in shop.company.objects("SalesReceipt") if one["DocNumber"] == f"BC-{ODD}"]
    assert document["Line"][0]["SalesItemLineDetail"]["ItemRef"]["name"] == "Unknown product"


def test_more_lines_than_a_list_brings_cost_one_call_more(shop, make_road, plain_order, stands):
    shop.shop.add_order(plain_order(ODD, lines=50))
    shop.shop.add_order(plain_order(ODD + 1, lines=51))
    road = make_road(shop)
    shop.reset_counts()
    road.sync()
    assert shop.report()["bigcommerce"]["calls"] == 3  # two pages, the second one empty, and the lines of one order
    documents = {one["DocNumber"]: one for one in shop.company.objects("SalesReceipt")}
    lines = [len(documents[f"BC-{order_id}"]["Line"]) for order_id in (ODD, ODD + 1)]
    assert lines == [51, 52]  # with the subtotal
    road.agree()


def test_more_taxed_lines_than_a_document_takes_are_held(shop, make_road, plain_order, stands):
    shop.shop.add_order(plain_order(ODD, lines=750))
    shop.shop.add_order(plain_order(ODD + 1, lines=751))
    road = make_road(shop)
    road.sync()
    assert stands(road, ODD).state is State.POSTED
    assert stands(road, ODD + 1).why == [
        "The order has 751 taxed lines; QuickBooks takes 750 on one document. "
        "Enter the sale by hand in two documents, then ignore the order."
    ]
    road.agree()


def test_an_order_that_is_deleted_after_it_was_read_is_posted_from_the_ledger(shop, make_road, plain_order, stands):
    shop.shop.add_order(plain_order())
    road = make_road(shop)
    app = road.app()
    app.lines[road.name].read_shop(lambda _: None)
    shop.shop.delete(ODD)
    road.sync()
    assert stands(road).state is State.POSTED
    assert f"BC-{ODD}" in {one["DocNumber"] for one in shop.company.objects("SalesReceipt")}


def test_an_order_that_is_deleted_before_its_tax_rows_were_read_is_held(shop, make_road, plain_order, stands):
    shop.shop.add_order(plain_order(rate="5.00"))  # of no mapped code: the rows must tell
    road = make_road(shop, tax={"map": {"Tax": "State tax"}})
    app = road.app()
    app.lines[road.name].read_shop(lambda _: None)
    shop.shop.delete(ODD)
    synced = road.sync()
    assert (synced.posted, synced.held) == (OTHERS, 1)
    assert stands(road).why == [
        f"Order {ODD} does not exist in BigCommerce any more. "
        "If the sale stands, enter it by hand; then use `cartledger held ignore`."
    ]


def test_an_order_that_is_deleted_before_all_its_lines_were_read_is_held(shop, make_road, plain_order, stands):
    shop.shop.add_order(plain_order(lines=51))
    clock = shop.shop.clock

    def deleting():
        shop.shop.orders.pop(ODD, None)
        return clock()

    road = make_road(shop)
    shop.shop.clock = deleting
    road.sync()
    held = stands(road)
    assert (held.state, held.codes) == (State.HELD, ["lines_missing"])
    assert held.why == [
        "The order has 51 units, and its lines that were read do not hold as many. "
        "It is read again when it changes in BigCommerce; if it is gone there, use `cartledger held ignore`."
    ]


def test_a_customer_merged_meanwhile(shop, make_road, plain_order, stands):
    road, clock = make_road(shop, quickbooks=UNHURRIED), hurried()
    shop.shop.add_order(plain_order(ODD))
    road.sync(clock=clock)
    loser = shop.company.id_of("Customer", "Ada Byrne")
    who = {"DisplayName": "Ada B.", "PrimaryEmailAddr": {"Address": "ada@example.com"}}
    winner = shop.company.create("Customer", who)["Id"]
    shop.company.merge_customer(loser, winner)
    shop.shop.add_order(plain_order(ODD + 1))
    shop.shop.touch(ODD + 1)
    road.sync(clock=clock)
    found = {one["DocNumber"]: one["CustomerRef"]["value"] for one in shop.company.objects("SalesReceipt")}
    assert (found[f"BC-{ODD}"], found[f"BC-{ODD + 1}"]) == (winner, winner)
    road.agree()
