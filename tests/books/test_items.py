"""Items that the books lack: one is made for each SKU, whoever asks for it and whatever becomes of the answer."""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest

from cartledger.errors import SettingsWrong
from cartledger.ledger.types import State
from cartledger.records import SourceKey
from simulator.bigcommerce.refund_bill import Asked
from simulator.bigcommerce.refunding import Payout, refund
from tests.said import REFUNDS

MAKE = {
    "products.create_missing": True,
    "products.inventory_accounts": {"income": "Sales", "asset": "Inventory Asset", "cogs": "Cost of Goods Sold"},
    "products.noninventory_accounts": {"income": "Sales", "expense": "Cost of Goods Sold"},
}
STORE = {**MAKE, "products.opening_quantity": "store"}


@pytest.fixture
def open_shop(open_books):
    """Books that make items, and a shop with: a bowl that is counted (7), a lamp in two colours that are counted (4
    and 9), a mug that is not."""

    def opened(**options):
        books = open_books(**{**MAKE, **options})
        shop = books.sim.shop
        shop.add_product(sku="BOWL", name="Oak bowl", price=Decimal(20), product_id=7, tracked=True, stock=7)
        variants = {"LAMP-R": 4, "LAMP-B": 9}
        shop.add_product(sku="", name="Lamp", price=Decimal(20), product_id=8, tracked=True, variants=variants)
        shop.add_product(sku="MUG", name="Mug", price=Decimal(20), product_id=9)
        return books

    return opened


@pytest.fixture
def sold(make_order, line):
    """`sold(1001, ("BOWL", 7, 3), …)`: an order of 20.00 a unit; (SKU, product, units)."""
    names = {7: "Oak bowl", 8: "Lamp", 9: "Mug"}

    def order(number, *lines, **more):
        units = sum(each[2] for each in lines)
        same = (f"{units * 20}.00", "0", f"{units * 20}.00")
        rows = [
            line(
                sku,
                count,
                (f"{count * 20}.00", "0", f"{count * 20}.00"),
                product_id=product,
                name=names.get(product, f"Product {sku}"),
            )
            for sku, product, count in lines
        ]
        return make_order(number, rows, subtotal=same, total=same, **more)

    return order


def items(books, *fields):
    """The items that were made, by SKU: those that the company began with have none."""
    made = {}
    for item in books.sim.company.objects("Item"):
        if "Sku" in item:
            assert item["Sku"] not in made
            made[item["Sku"]] = tuple(item.get(field) for field in fields)
    return made


def test_one_item_for_each_sku_however_many_orders_ask(open_shop, sold):
    books = open_shop()
    for number in range(1001, 1041):
        books.add(sold(number, ("BOWL", 7, 1), ("LAMP-R", 8, 2), ("MUG", 9, 1), ("bowl", 7, 1)), items=False)
    assert books.sync().posted == 40
    assert {sku.upper(): row for sku, row in items(books, "Name", "Type", "QtyOnHand").items()} == {
        "BOWL": ("Oak bowl", "Inventory", -80),
        "LAMP-R": ("Lamp", "Inventory", -80),
        "MUG": ("Mug", "NonInventory", None),
    }
    assert books.rows("BC-1001")[3][0] == "Oak bowl"
    books.prove()


@pytest.mark.option("products.create_missing")
@pytest.mark.parametrize(
    ("match_by", "names"),
    [
        ("sku", {"LAMP-R": "Lamp", "LAMP-B": "Lamp (LAMP-B)", "X-1": "Product X-1"}),
        ("name", {"LAMP-R": "LAMP-R", "LAMP-B": "LAMP-B", "X-1": "X-1"}),
    ],
)
def test_names_of_items_that_are_made(open_shop, sold, match_by, names):
    books = open_shop(**{"products.match_by": match_by})
    books.add(sold(1001, ("LAMP-R", 8, 1)), sold(1002, ("LAMP-B", 8, 1), ("X-1", 0, 1)), items=False)
    assert books.sync().posted == 2
    found = items(books, "Name")
    assert {sku: name for sku, (name,) in found.items()} in (
        names,
        # Whichever of two variants comes first has the product's name.
        names | {"LAMP-R": "Lamp (LAMP-R)", "LAMP-B": "Lamp"},
    )
    assert {item["Name"] for item in books.sim.company.objects("Item")} >= {row[0] for row in books.rows("BC-1002")}


@pytest.mark.parametrize(("sku", "product"), [("MUG", 9), ("ENGRAVING", 0), ("GONE", 4711)])
def test_what_the_shop_does_not_count_or_does_not_have_any_more_is_no_stock(open_shop, sold, sku, product):
    books = open_shop()
    books.add(sold(1001, (sku, product, 1)), items=False)
    assert books.sync().posted == 1
    assert items(books, "Type", "TrackQtyOnHand") == {sku: ("NonInventory", False)}


def test_two_variants_of_one_sku_are_one_item(open_shop, sold):
    books = open_shop(**STORE)
    books.sim.shop.products[1]["variants"][1]["sku"] = "lamp-r"
    books.add(sold(1001, ("LAMP-R", 8, 1)), sold(1002, ("lamp-r", 8, 2)), items=False)
    assert books.sync().posted == 2
    ((quantity,),) = items(books, "QtyOnHand").values()
    assert quantity == 4 + 9


def test_accounts_that_a_person_changed_stay(open_shop, sold):
    books = open_shop()
    books.add(sold(1001, ("BOWL", 7, 1)), items=False)
    books.sync()
    company = books.sim.company
    (item,) = [each for each in company.objects("Item") if each.get("Sku") == "BOWL"]
    income = {"IncomeAccountRef": {"value": company.id_of("Account", "Fee income")}}
    company.update("Item", {"Id": item["Id"], "SyncToken": item["SyncToken"], "sparse": True, **income})
    books.app.lines["demo"].book.forget()
    books.add(sold(1002, ("BOWL", 7, 1)), sold(1003, ("MUG", 9, 1)), items=False)
    assert books.sync().posted == 3
    assert books.entries("BC-1002")["Fee income"] == "-20.00"
    assert items(books, "SyncToken")["BOWL"] == ("1",)


def test_another_process_knows_what_was_made_without_reading_the_lists_again(open_shop, sold):
    books = open_shop()
    books.add(sold(1001, ("BOWL", 7, 1)), items=False)
    books.sync()
    books.app.close()
    books.app = books.open_app()
    books.sim.reset_counts()
    books.add(sold(1002, ("BOWL", 7, 1)), items=False)
    assert books.sync().posted == 2
    assert books.sim.report()["quickbooks"]["reads"] == 0
    assert len(items(books)) == 1


def test_a_lost_ledger_finds_the_items_again(open_shop, sold):
    books = open_shop(**STORE)
    books.add(sold(1001, ("BOWL", 7, 3), ("LAMP-R", 8, 1)), items=False)
    books.sync()
    before = items(books, "Id", "SyncToken", "QtyOnHand")
    books.lose_the_ledger()
    assert books.sync().posted == 1
    assert items(books, "Id", "SyncToken", "QtyOnHand") == before
    assert books.prove()["documents"] == 1


def test_an_item_that_a_person_made_meanwhile_is_taken(open_shop, sold):
    books = open_shop()
    books.add(sold(1001, ("MUG", 9, 1)), items=False)
    books.sync()
    books.sim.company.add_item(name="By hand", sku="BOWL")
    books.sim.reset_counts()
    books.add(sold(1002, ("BOWL", 7, 1)), items=False)
    assert books.sync().posted == 2
    assert books.sim.report()["bigcommerce"]["calls"] == 2
    assert books.rows("BC-1002") == [("By hand", "1 × 20", "20.00", "NON")]


def renamed(books, sku, **changes):
    (item,) = [each for each in books.sim.company.objects("Item") if each.get("Sku") == sku]
    asked = {"Id": item["Id"], "SyncToken": item["SyncToken"], "sparse": True, **changes}
    books.sim.company.update("Item", asked)
    books.app.lines["demo"].book.forget()
    return item["Id"]


def test_an_item_of_ours_that_is_called_otherwise_now_is_still_the_one(open_shop, sold):
    books = open_shop()
    books.add(sold(1001, ("BOWL", 7, 1)), items=False)
    books.sync()
    item = renamed(books, "BOWL", Sku="B-100", Name="Bowl of oak")
    books.add(sold(1002, ("BOWL", 7, 1)), items=False)
    assert books.sync().posted == 2
    assert items(books, "Id") == {"B-100": (item,)}


def test_an_item_of_ours_that_is_inactive_now_holds_the_order_and_no_other_is_made(open_shop, sold):
    books = open_shop()
    books.add(sold(1001, ("BOWL", 7, 1)), items=False)
    books.sync()
    renamed(books, "BOWL", Sku="B-100", Active=False)
    books.add(sold(1002, ("BOWL", 7, 1)), items=False)
    assert books.sync().held == 1
    assert books.held() == {"1002": ["inactive_item"]}
    assert list(items(books)) == ["B-100"]


def test_a_name_that_the_query_language_cannot_say_and_another_item_has_gets_the_sku(open_shop, sold):
    books = open_shop()
    books.sim.shop.products[2]["name"] = "Łódź mug"
    books.sim.company.add_item(name="Łódź mug", sku="OTHER")
    order = sold(1001, ("MUG", 9, 1))
    order["products"][0]["name"] = "Łódź mug"
    books.add(order, items=False)
    assert books.sync().posted == 1
    assert items(books, "Name") == {"OTHER": ("Łódź mug",), "MUG": ("Łódź mug (MUG)",)}


def test_without_the_accounts_an_order_is_held_and_the_others_go_on(open_shop, sold):
    books = open_shop(**{"products.inventory_accounts": {"income": "Sales", "asset": "Checking", "cogs": "Sales"}})
    books.add(sold(1001, ("BOWL", 7, 1), ("MUG", 9, 1)), sold(1002, ("MUG", 9, 1)), items=False)
    books.sync()
    assert books.state(1002) is State.POSTED
    assert books.held() == {"1001": ["item_held"], "sku:bowl": ["wrong_account_type", "wrong_account_type"]}
    assert books.reasons(1001) == [
        'The item "BOWL" cannot be made: products.inventory_accounts.asset: the account "Checking" is of type Bank. '
        "It must be Other Current Asset. products.inventory_accounts.cogs: "
        'the account "Sales" is of type Income. It must be Cost of Goods Sold.'
    ]
    assert list(items(books)) == ["MUG"]


def test_under_other_settings_what_was_held_is_made(open_shop, sold):
    wrong = {"income": "Sales", "asset": "Checking", "cogs": "Cost of Goods Sold"}
    books = open_shop(**{"products.inventory_accounts": wrong})
    books.add(sold(1001, ("BOWL", 7, 1)), items=False)
    assert books.sync().held == 1
    books.change(**{"products.inventory_accounts": MAKE["products.inventory_accounts"]})
    assert books.sync().posted == 1
    assert books.held() == {}


@pytest.mark.option("products.opening_quantity")
@pytest.mark.parametrize(("opening", "left"), [("zero", -3), ("store", 7)])
def test_stock_begins_with_nothing_or_with_what_the_shop_has_and_the_books_will_sell(open_shop, sold, opening, left):
    """The shop shows 7, and 3 were sold that are still to be posted: 10 to begin with, and 7 when they are."""
    books = open_shop(**{"products.opening_quantity": opening})
    books.add(sold(1001, ("BOWL", 7, 2)), sold(1002, ("bowl", 7, 1)), items=False)
    assert books.sync().posted == 2
    assert list(items(books, "QtyOnHand").values()) == [(left,)]
    books.prove()


@pytest.mark.parametrize(("status", "left"), [(11, 4), (2, 7)])
def test_units_that_a_shop_takes_when_it_ships_are_still_among_what_it_has(open_shop, sold, status, left):
    books = open_shop(**STORE)
    books.sim.shop.inventory_settings["update_stock_behavior"] = "order_completed_or_shipped"
    books.add(sold(1001, ("BOWL", 7, 3), status_id=status), items=False)
    assert books.sync().posted == 1
    assert items(books, "QtyOnHand")["BOWL"] == (left,)


STOCK = {"workflows": ["sales", "payments", "stock"]}


def test_where_stock_is_kept_it_begins_with_what_the_shop_has(open_shop, sold):
    """Else the shop would have nothing of it as soon as its levels follow."""
    books = open_shop(**STOCK)
    books.add(sold(1001, ("BOWL", 7, 3), ("LAMP-R", 8, 1)), items=False)
    books.sync()
    assert items(books, "QtyOnHand") == {"BOWL": (7,), "LAMP-R": (4,)}
    assert books.app.ledger.waiting_proposal(books.pair) is None


def test_stock_that_no_level_follows_begins_with_nothing(open_shop, sold):
    """Red and blue lamps are counted together."""
    books = open_shop(**STOCK)
    [lamp] = [each for each in books.sim.shop.products if each["name"] == "Lamp"]
    lamp["inventory_tracking"] = "product"
    books.add(sold(1001, ("LAMP-R", 8, 1)), items=False)
    assert books.sync().posted == 1
    assert items(books, "QtyOnHand") == {"LAMP-R": (-1,)}
    assert books.app.ledger.stock_levels(books.pair) == []


def test_where_stock_is_kept_nobody_can_have_it_begin_with_nothing(open_shop):
    with pytest.raises(SettingsWrong, match='is "zero": with workflow "stock" the shop would have nothing'):
        open_shop(**STOCK | {"products.opening_quantity": "zero"})


@pytest.mark.parametrize(
    ("restock", "puts_back", "left"),
    [("shop", True, 8), ("shop", False, 7), ("always", True, 8), ("never", True, 8)],
)
def test_stock_that_begins_after_a_refund_is_what_the_shop_has(open_shop, sold, restock, puts_back, left):
    """Of ten bowls three were sold, and one came back."""
    books = open_shop(**STORE | REFUNDS | {"refunds.restock": restock})
    shop = books.sim.shop
    shop.inventory_settings["refund_order_stock_adjustment"] = puts_back
    [bowl] = [each for each in shop.products if each["sku"] == "BOWL"]
    bowl["inventory_level"] = bowl["variants"][0]["inventory_level"] = 7 + puts_back
    printed = {"is_tax_inclusive_pricing": False, "store_default_to_transactional_exchange_rate": "1.0000000000"}
    books.add(sold(1001, ("BOWL", 7, 3), **printed), items=False)
    line = shop.orders[1001].products[0]
    line["discounted_total_inc_tax"] = line["total_inc_tax"]
    refund(shop, 1001, Asked(products={line["id"]: 1}), Payout(provider="stripe"))
    assert books.sync().held == 0
    assert items(books, "QtyOnHand")["BOWL"] == (left,)


def test_stock_counts_what_is_held_or_waits_and_leaves_out_what_is_never_posted(open_shop, sold):
    books = open_shop(**STORE)
    unmapped = {"store_credit_amount": "1.0000", "total_inc_tax": "999.00"}
    books.add(
        sold(1001, ("BOWL", 7, 3)),
        sold(1002, ("BOWL", 7, 2), **unmapped),
        sold(1003, ("BOWL", 7, 4), status_id=7, status="Awaiting Payment"),
        sold(1004, ("BOWL", 7, 5), status_id=5, status="Cancelled"),
        sold(1005, ("BOWL", 7, 6), order_source="amazon"),
        sold(1006, ("BOWL", 7, 1), date_created="Fri, 01 May 2009 15:30:00 +0000"),
        items=False,
    )
    synced = books.sync()
    assert (synced.posted, synced.held, synced.excluded) == (1, 1, 4)
    assert items(books, "QtyOnHand") == {"BOWL": (7 + 3 + 2 + 4 - 3,)}


def while_hanging(books, do):
    """A sync during which `do` is done as soon as a call hangs."""
    syncing = threading.Thread(target=books.sync)
    syncing.start()
    while not books.sim.faults.held:
        assert syncing.is_alive()
        syncing.join(0.01)
    do(syncing)
    books.sim.faults.release()
    syncing.join()


def test_an_order_that_comes_while_the_stock_is_read_counts_once(open_shop, sold):
    """It is among the orders, and the stock that was read before them does not know of it: both are read again."""
    books = open_shop(**STORE)
    books.add(sold(1001, ("BOWL", 7, 3)), items=False)
    books.sim.faults.add(side="bigcommerce", call="catalog_products", kind="hang", nth=1, executed=True)

    def another_is_sold(_):
        books.add(sold(1002, ("BOWL", 7, 1)), items=False)
        books.sim.shop.products[0]["inventory_level"] = 6

    while_hanging(books, another_is_sold)
    assert books.sync().posted == 2
    assert items(books, "QtyOnHand") == {"BOWL": (6,)}


def test_no_stock_begins_before_the_backlog_is_read(open_books):
    """The second page of the orders does not come until an item of the first one waits for it."""
    books = open_books(**STORE, **{"sales.post_as": "invoice"})
    books.sim.fill(orders=600, customers=20, clean=True, days=365, items=False)
    books.sim.faults.cap = 60
    books.sim.faults.add(side="bigcommerce", call="orders", kind="hang", nth=2, executed=True)
    sources = [SourceKey(pair=books.pair, kind="item", id=f"sku:{p['sku'].lower()}") for p in books.sim.shop.products]

    def an_item_waits(syncing):
        while not any(
            event.detail.get("why") == "the shop's orders are still being read"
            for source in sources
            for event in books.app.ledger.events(source)
        ):
            assert syncing.is_alive()
            assert not items(books) or all(kind != "Inventory" for (kind,) in items(books, "Type").values())
            syncing.join(0.05)

    while_hanging(books, an_item_waits)
    assert (books.state(1001), books.held()) == (State.POSTED, {})
    stock = {sku: quantity for sku, (quantity,) in items(books, "QtyOnHand").items() if quantity is not None}
    assert len(stock) > 10
    assert set(stock.values()) == {500}
    assert books.prove()["documents"] == 600


def test_what_was_posted_on_the_default_product_is_sold_already(open_books, sold):
    books = open_books()
    books.sim.shop.add_product(sku="BOWL", name="Oak bowl", price=Decimal(20), product_id=7, tracked=True, stock=7)
    books.add(sold(1001, ("BOWL", 7, 3)), items=False)
    assert books.sync().posted == 1
    books.change(**STORE)
    books.sim.shop.touch(1001)
    books.add(sold(1002, ("BOWL", 7, 1)), items=False)
    assert books.sync().posted == 2
    assert items(books, "QtyOnHand") == {"BOWL": (7,)}


FAULTS = (
    {"kind": "drop_after"},
    {"kind": "drop_before"},
    {"kind": "missing"},
    {"kind": "commit_late", "late_calls": 3},
    {"kind": "status", "status": 500, "executed": False},
)


def each_loss():
    """By name only what is told apart by it: where the answer is lost and the item is there."""
    for memory in (True, False):
        for match_by, faults in (("sku", FAULTS), ("name", FAULTS[:1])):
            for fault in faults:
                remembered = "remembered" if memory else "forgotten"
                yield pytest.param(fault, memory, match_by, id=f"{fault['kind']}, ids {remembered}, by {match_by}")


@pytest.mark.parametrize(("fault", "memory", "match_by"), list(each_loss()))
def test_a_lost_answer_makes_no_second_item(open_shop, sold, fault, memory, match_by):
    books = open_shop(**STORE, **{"products.match_by": match_by})
    books.sim.company.requestid_memory = memory
    books.add(sold(1001, ("BOWL", 7, 3), ("LAMP-R", 8, 1)), sold(1002, ("LAMP-B", 8, 1), ("MUG", 9, 1)), items=False)
    books.sim.faults.add(side="quickbooks", call="batch", nth=1, **fault)
    assert books.sync().posted == 2
    quantities = items(books, "QtyOnHand")
    assert quantities == {"BOWL": (7,), "LAMP-R": (4,), "LAMP-B": (9,), "MUG": (None,)}
    if fault["kind"] == "drop_after":
        history = books.app.ledger.events(SourceKey(pair=books.pair, kind="item", id="sku:bowl"))
        assert [event.what for event in history if event.what in ("unknown", "sent again")] == ["unknown"]
    assert books.prove()["documents"] == 2
