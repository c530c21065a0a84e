"""The whole catalogue in the books: an item for each SKU, made once, that follows the shop where it is told to."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from cartledger.ledger.types import Cursor, State
from cartledger.records import SourceKey
from producers.products import WHOLE, WHOLE_EVERY
from simulator.quickbooks import errors, writes

ACCOUNTS = {
    "products.inventory_accounts": {"income": "Sales", "asset": "Inventory Asset", "cogs": "Cost of Goods Sold"},
    "products.noninventory_accounts": {"income": "Sales", "expense": "Cost of Goods Sold"},
}
ALL = {"products.create_missing": True, "products.sync": "all", **ACCOUNTS}
FOLLOW = {**ALL, "products.update": ["price", "description"]}


@pytest.fixture
def open_shop(open_books):
    """Books that make items of the whole catalogue: a bowl that is counted (7 in stock), a lamp in two colours that are
    counted (4 and 9), a mug that is not, and a voucher without a SKU."""

    def opened(*, bare=False, **options):
        books = open_books(**{**ALL, **options})
        shop = books.sim.shop
        if not bare:
            shop.add_product(sku="BOWL", name="Oak bowl", price=Decimal("20.50"), product_id=7, tracked=True, stock=7)
            variants = {"LAMP-R": 4, "LAMP-B": 9}
            shop.add_product(sku="", name="Lamp", price=Decimal(35), product_id=8, tracked=True, variants=variants)
            shop.add_product(sku="MUG", name="Mug", price=Decimal(8), product_id=9)
            shop.add_product(sku="", name="Voucher", price=Decimal(50), product_id=10)
        return books

    return opened


def product(books, number):
    (found,) = [each for each in books.sim.shop.products if each["id"] == number]
    return found


def change(books, number, **fields):
    """A product that is touched in the shop."""
    now = books.sim.shop.clock().isoformat(timespec="seconds")
    product(books, number).update(fields, date_modified=now)


def read_wholly_again(books):
    """As if a day had passed since the catalogue was read as a whole."""
    cursor = books.app.ledger.cursor(books.pair, WHOLE)
    long_ago = cursor.polled_at - WHOLE_EVERY - timedelta(seconds=1)
    books.app.ledger.set_cursor(books.pair, WHOLE, Cursor(watermark=cursor.watermark, polled_at=long_ago))


def items(books, *fields):
    """Items that bear a SKU, by it: there is one for each."""
    made = {}
    for item in books.sim.company.objects("Item"):
        if "Sku" in item and item["Active"]:
            assert item["Sku"] not in made
            made[item["Sku"]] = tuple(item.get(field) for field in fields) if len(fields) > 1 else item.get(fields[0])
    return made


def item(books, sku):
    (found,) = [each for each in books.sim.company.objects("Item") if each.get("Sku") == sku and each["Active"]]
    return found


def history(books, sku):
    key = SourceKey(pair=books.pair, kind="item", id=f"sku:{sku.lower()}")
    return [event.what for event in books.app.ledger.events(key)]


@pytest.mark.option("products.sync")
@pytest.mark.parametrize(
    ("sync", "skus"), [("all", ["BOWL", "LAMP-B", "LAMP-R", "MUG"]), ("sold", ["BOWL"])], ids=["all", "sold"]
)
def test_every_sku_gets_an_item_or_only_those_that_are_sold(open_shop, plain_order, sync, skus):
    books = open_shop(**{"products.sync": sync})
    books.add(plain_order(1001, sku="BOWL"), items=False)
    assert books.sync().posted == 1
    assert sorted(items(books, "Id")) == skus
    books.prove()


def test_what_the_items_of_a_catalogue_are(open_shop):
    books = open_shop()
    books.sync()
    made = items(books, "Name", "Type", "QtyOnHand", "Description", "UnitPrice")
    lamps = {made.pop("LAMP-R"), made.pop("LAMP-B")}
    assert made == {
        "BOWL": ("Oak bowl", "Inventory", 0, "Oak bowl", 0),
        "MUG": ("Mug", "NonInventory", None, "Mug", 0),
    }
    # The sources go by their SKUs: that of LAMP-B comes first.
    assert lamps == {("Lamp", "Inventory", 0, "Lamp", 0), ("Lamp (LAMP-R)", "Inventory", 0, "Lamp", 0)}


def test_items_of_a_catalogue_begin_with_the_stock_of_the_shop(open_shop):
    books = open_shop(**{"products.opening_quantity": "store"})
    books.sync()
    assert items(books, "QtyOnHand") == {"BOWL": 7, "LAMP-R": 4, "LAMP-B": 9, "MUG": None}


def test_nothing_is_done_for_a_catalogue_that_is_as_it_was(open_shop):
    books = open_shop(**FOLLOW)
    books.sync()
    before = items(books, "Id", "SyncToken")
    books.sim.reset_counts()
    read_wholly_again(books)
    books.sync()
    assert items(books, "Id", "SyncToken") == before
    quickbooks = books.sim.report()["quickbooks"]
    assert (quickbooks["reads"], quickbooks["batches"]) == (0, 0)


def test_a_thousand_items_cost_few_reads_and_are_made_once_whatever_happens(open_shop):
    """9 reads to know the company, 1 of all its items, and 2 for the last few that wait."""
    books = open_shop(bare=True)
    for number in range(1000):
        books.sim.shop.add_product(sku=f"S-{number}", name=f"Thing {number % 400}", price=Decimal(5))
    books.sim.reset_counts()
    books.sync()
    assert len(items(books, "Id")) == 1000
    report = books.sim.report()
    assert report["quickbooks"]["reads"] <= 9 + 1 + 4
    assert report["quickbooks"]["batches"] <= 40
    # The store, its orders, and 5 pages of products: 4 of 250 that begin with the last one of the page before.
    assert report["bigcommerce"]["calls"] <= 8
    once = ["read", "claimed", "planned", "sent", "answered", "posted"]
    assert all(history(books, f"S-{number}") == once for number in range(1000))


def test_an_order_does_not_wait_for_a_whole_catalogue(open_shop, plain_order):
    books = open_shop(bare=True)
    for number in range(900):
        books.sim.shop.add_product(sku=f"S-{number}", name=f"Thing {number}", price=Decimal(5))
    books.app.lines["demo"].read_products(lambda _: None)
    books.add(plain_order(1001, sku="NEW"), items=False)
    books.sync()
    written = [item["Sku"] for item in books.sim.company.objects("Item") if "Sku" in item]
    assert len(written) == 901
    assert written.index("NEW") < 700


@pytest.mark.parametrize("memory", [True, False], ids=["remembered", "forgotten"])
def test_items_of_a_catalogue_are_made_once_though_every_third_answer_is_lost(open_shop, memory):
    books = open_shop(bare=True, **FOLLOW)
    books.sim.company.requestid_memory = memory
    for number in range(200):
        books.sim.shop.add_product(sku=f"S-{number}", name=f"Thing {number % 50}", price=Decimal(number))
    books.sim.faults.add(side="quickbooks", call="batch", kind="drop_after", every=3)
    books.sync()
    assert len(items(books, "Id")) == 200
    assert all(price == int(sku[2:]) for sku, price in items(books, "UnitPrice").items())


def test_what_was_begun_goes_on_after_the_process_was_stopped(open_shop):
    books = open_shop(bare=True)
    for number in range(200):
        books.sim.shop.add_product(sku=f"S-{number}", name="Thing", price=Decimal(5))
    books.sim.faults.add(side="quickbooks", call="batch", kind="status", status=503, executed=False, nth=3)
    books.app.lines["demo"].read_products(lambda _: None)
    books.app.close()
    books.app = books.open_app()
    books.sync()
    assert len(items(books, "Id")) == 200


def test_a_lost_ledger_finds_the_items_of_the_catalogue_again(open_shop):
    books = open_shop(**FOLLOW)
    books.sync()
    before = items(books, "Id", "SyncToken")
    books.lose_the_ledger()
    books.sync()
    assert items(books, "Id", "SyncToken") == before


def test_an_order_of_something_in_the_catalogue_needs_no_other_item(open_shop, plain_order):
    books = open_shop()
    books.add(plain_order(1001, sku="bowl"), items=False)
    books.sync()
    books.add(plain_order(1002, sku="LAMP-R"), items=False)
    assert books.sync().posted == 2
    assert (
        sorted(items(books, "Id")) == ["BOWL", "LAMP-B", "LAMP-R", "MUG"] or sorted(items(books, "Id"))[0] == "LAMP-B"
    )


# What follows the shop


@pytest.mark.option("products.update")
@pytest.mark.parametrize(
    ("update", "price", "description"),
    [
        ([], "0", "Oak bowl"),
        (["price"], "24.99", "Oak bowl"),
        (["description"], "0", "Bowl of oak"),
        (["price", "description"], "24.99", "Bowl of oak"),
    ],
)
def test_what_of_an_item_follows_the_shop(open_shop, update, price, description):
    books = open_shop(**{"products.update": update})
    books.sync()
    assert item(books, "BOWL")["UnitPrice"] == (Decimal("20.5") if "price" in update else 0)
    change(books, 7, price=Decimal("24.99"), name="Bowl of oak")
    books.sync()
    bowl = item(books, "BOWL")
    assert (bowl["Name"], bowl["UnitPrice"], bowl["Description"]) == ("Oak bowl", Decimal(price), description)
    assert int(bowl["SyncToken"]) == bool(update)


def test_a_price_of_a_bookkeeper_stays_until_the_shop_has_another_one(open_shop):
    books = open_shop(**FOLLOW)
    books.sync()
    books.sim.company.edit_item(item(books, "BOWL")["Id"], UnitPrice=Decimal(99), PurchaseCost=Decimal(3))
    change(books, 7, name="Bowl")
    change(books, 9, price=Decimal("8.00"))
    books.sync()
    bowl = item(books, "BOWL")
    assert (bowl["UnitPrice"], bowl["Description"], bowl["PurchaseCost"]) == (99, "Bowl", 3)
    change(books, 7, price=Decimal("21.00"))
    books.sync()
    bowl = item(books, "BOWL")
    assert (bowl["UnitPrice"], bowl["PurchaseCost"], bowl["QtyOnHand"]) == (21, 3, 0)


def test_what_was_made_by_hand_keeps_its_price_until_the_shop_has_another_one(open_shop):
    books = open_shop(**FOLLOW)
    made = books.sim.company.add_item(name="By hand", sku="BOWL")
    books.sim.company.edit_item(made["Id"], UnitPrice=Decimal(77))
    books.sync()
    assert (item(books, "BOWL")["Id"], item(books, "BOWL")["UnitPrice"]) == (made["Id"], 77)
    change(books, 7, price=Decimal(22))
    books.sync()
    assert (item(books, "BOWL")["Name"], item(books, "BOWL")["UnitPrice"]) == ("By hand", 22)


def test_prices_do_not_follow_before_they_are_told_to(open_shop):
    """What changed while products.update was not set is not made up for."""
    books = open_shop()
    books.sync()
    change(books, 7, price=Decimal(22))
    books.sync()
    books.change(**FOLLOW)
    books.sync()
    assert item(books, "BOWL")["UnitPrice"] == 0
    change(books, 7, price=Decimal(23))
    books.sync()
    assert item(books, "BOWL")["UnitPrice"] == 23


def test_a_price_that_comes_back_after_others_that_did_not_follow_is_sent_again(open_shop):
    books = open_shop(**FOLLOW)
    books.sync()
    for update, price, shown in ((FOLLOW, 22, 22), (ALL, 23, 22), (FOLLOW, 22, 22), (FOLLOW, 23, 23)):
        books.change(**{"products.update": []} | update)
        change(books, 7, price=Decimal(price))
        books.sync()
        assert item(books, "BOWL")["UnitPrice"] == shown


def test_an_item_that_an_order_wanted_first_gets_its_price_from_the_catalogue(open_shop, plain_order):
    books = open_shop(**FOLLOW)
    books.add(plain_order(1001, sku="VASE"), items=False)
    books.sync()
    assert item(books, "VASE")["UnitPrice"] == 0
    books.sim.shop.add_product(sku="VASE", name="Vase", price=Decimal(12), product_id=11)
    books.sync()
    assert item(books, "VASE")["UnitPrice"] == 12


@pytest.mark.parametrize(
    ("company", "mode", "told"),
    [("us", "exclusive", None), ("us_ast", "exclusive", None), ("uk", "inclusive", True), ("au", "exclusive", False)],
)
def test_whether_prices_are_with_tax(open_shop, company, mode, told):
    books = open_shop(company=company, home_currency=None, **FOLLOW)
    books.sim.shop.price_mode = mode
    books.sync()
    assert items(books, "UnitPrice", "SalesTaxIncluded")["BOWL"] == (Decimal("20.5"), told)


def test_prices_in_another_currency_than_the_books_are_left_out(open_shop):
    books = open_shop(**FOLLOW)
    books.sim.shop.currency = "EUR"
    books.sync()
    change(books, 7, price=Decimal(30), name="Bowl")
    books.sync()
    assert items(books, "UnitPrice", "Description")["BOWL"] == (0, "Bowl")


def test_a_variant_has_its_own_price_or_its_products(open_shop):
    books = open_shop(**FOLLOW)
    product(books, 8)["variants"][0]["price"] = Decimal("40.1234567")
    books.sync()
    assert items(books, "UnitPrice")["LAMP-R"] == Decimal("40.1234567")
    assert items(books, "UnitPrice")["LAMP-B"] == 35
    product(books, 8)["variants"][1]["price"] = Decimal("0.00")
    read_wholly_again(books)
    books.sync()
    assert items(books, "UnitPrice")["LAMP-B"] == 0


LOST = (
    {"kind": "drop_after"},
    {"kind": "drop_before"},
    {"kind": "missing"},
    {"kind": "commit_late", "late_calls": 3},
    {"kind": "status", "status": 500, "executed": False},
    {"kind": "status", "status": 500, "executed": True},
)


@pytest.mark.parametrize("fault", LOST, ids=lambda fault: f"{fault['kind']} {fault.get('executed', '')}")
@pytest.mark.parametrize("memory", [True, False], ids=["remembered", "forgotten"])
def test_a_lost_answer_changes_a_price_once(open_shop, fault, memory):
    books = open_shop(**FOLLOW)
    books.sync()
    books.sim.company.requestid_memory = memory
    change(books, 7, price=Decimal(22))
    books.sim.faults.add(side="quickbooks", call="batch", nth=1, **fault)
    books.sync()
    bowl = item(books, "BOWL")
    assert (bowl["UnitPrice"], bowl["SyncToken"]) == (22, "1")
    assert books.held() == {}


# What people do to the items


def test_an_item_that_was_edited_meanwhile_is_read_once_and_changed(open_shop):
    books = open_shop(**FOLLOW)
    books.sync()
    books.sim.company.edit_item(item(books, "BOWL")["Id"], Name="Bowl no. 1", PurchaseCost=Decimal(4))
    books.sim.reset_counts()
    change(books, 7, price=Decimal(22))
    books.sync()
    bowl = item(books, "BOWL")
    assert (bowl["Name"], bowl["UnitPrice"], bowl["PurchaseCost"]) == ("Bowl no. 1", 22, 4)
    quickbooks = books.sim.report()["quickbooks"]
    assert (quickbooks["reads"], quickbooks["batches"]) == (1, 2)


def test_a_change_that_is_refused_for_ever_is_held(open_shop, monkeypatch):
    """QuickBooks shows the very token that it refuses."""
    books = open_shop(**FOLLOW)
    books.sync()
    change(books, 7, price=Decimal(22))

    def refuse(state, entity, body):
        raise errors.stale("somebody")

    monkeypatch.setattr(writes, "_current", refuse)
    books.sim.reset_counts()
    books.sync()
    assert books.held() == {"sku:bowl": ["keeps_failing"]}
    quickbooks = books.sim.report()["quickbooks"]
    assert (quickbooks["reads"], quickbooks["batches"]) == (8, 8)


def test_an_item_that_bears_another_sku_by_now_is_still_the_one(open_shop, plain_order):
    books = open_shop(**FOLLOW)
    books.sync()
    number = item(books, "BOWL")["Id"]
    books.sim.company.edit_item(number, Sku="B-100")
    change(books, 7, price=Decimal(22))
    books.add(plain_order(1001, sku="BOWL"), items=False)
    books.app.lines["demo"].book.forget()
    assert books.sync().posted == 1
    assert (item(books, "B-100")["Id"], item(books, "B-100")["UnitPrice"]) == (number, 22)
    assert "BOWL" not in items(books, "Id")


@pytest.mark.parametrize("gone", [False, True], ids=["inactive", "not there any more"])
def test_an_item_that_went_into_another_one_is_followed_there(open_shop, plain_order, gone):
    books = open_shop(**FOLLOW)
    books.sync()
    other = books.sim.company.add_item(name="Bowls", sku="BOWLS", kind="inventory")
    ours = item(books, "BOWL")["Id"]
    books.sim.company.merge_items(ours, other["Id"], gone=gone)
    books.sim.company.edit_item(other["Id"], Sku="BOWL")
    books.app.lines["demo"].book.forget()
    change(books, 7, price=Decimal(22))
    books.add(plain_order(1001, sku="BOWL"), items=False)
    assert books.sync().posted == 1
    assert (item(books, "BOWL")["Id"], item(books, "BOWL")["UnitPrice"]) == (other["Id"], 22)
    change(books, 7, price=Decimal(23))
    books.sync()
    assert item(books, "BOWL")["UnitPrice"] == 23
    assert books.held() == {}


def test_an_item_that_was_made_anew_to_be_counted_is_the_one_from_then_on(open_shop, plain_order):
    books = open_shop(**FOLLOW)
    books.sync()
    company = books.sim.company
    company.edit_item(item(books, "MUG")["Id"], Active=False)
    counted = company.add_item(name="Mug, counted", sku="MUG", kind="inventory")
    books.app.lines["demo"].book.forget()
    change(books, 9, price=Decimal(9))
    books.add(plain_order(1001, sku="MUG"), items=False)
    assert books.sync().posted == 1
    assert (item(books, "MUG")["Id"], item(books, "MUG")["UnitPrice"]) == (counted["Id"], 9)


def test_an_item_that_is_inactive_keeps_its_price_and_no_other_one_is_made(open_shop):
    books = open_shop(**FOLLOW)
    books.sync()
    number = item(books, "MUG")["Id"]
    books.sim.company.edit_item(number, Active=False)
    change(books, 9, price=Decimal(9))
    books.sync()
    assert books.held() == {"sku:mug": ["inactive_item"]}
    assert "MUG" not in items(books, "Id")
    books.sim.company.edit_item(number, Active=True)
    books.app.ledger.retry(books.pair)
    books.sync()
    assert (item(books, "MUG")["Id"], item(books, "MUG")["UnitPrice"], books.held()) == (number, 9, {})


# What the shop does to its SKUs


def test_another_sku_is_another_item_and_the_old_one_is_left(open_shop):
    books = open_shop(**FOLLOW)
    books.sync()
    before = item(books, "MUG")
    change(books, 9, sku="CUP", variants=[product(books, 9)["variants"][0] | {"sku": "CUP"}])
    books.sync()
    assert item(books, "MUG") == before
    assert (item(books, "CUP")["Name"], item(books, "CUP")["UnitPrice"]) == ("Mug (CUP)", 8)
    (left,) = books.app.ledger.left_items(books.pair)
    assert (left.sku, left.item_id, left.product_id) == ("MUG", before["Id"], 9)


def test_a_product_that_is_deleted_leaves_its_item_and_is_told_of(open_shop):
    books = open_shop()
    books.sync()
    before = items(books, "Id", "SyncToken")
    books.sim.shop.products.remove(product(books, 8))
    books.sync()
    assert books.app.ledger.left_items(books.pair) == []
    read_wholly_again(books)
    books.sync()
    assert items(books, "Id", "SyncToken") == before
    left = books.app.ledger.left_items(books.pair)
    assert [(each.sku, each.product_id, each.name) for each in left] == [("LAMP-B", 8, "Lamp"), ("LAMP-R", 8, "Lamp")]
    assert history(books, "LAMP-R")[-1] == "gone in the shop"
    assert books.app.ledger.catalogue_counts(books.pair).skus == 2


def test_a_product_that_comes_back_has_its_item(open_shop):
    books = open_shop()
    books.sync()
    gone = product(books, 9)
    books.sim.shop.products.remove(gone)
    read_wholly_again(books)
    books.sync()
    books.sim.shop.products.append(gone)
    change(books, 9)
    books.sync()
    assert books.app.ledger.left_items(books.pair) == []
    assert len(items(books, "Id")) == 4


def test_a_sku_of_two_products_is_held_with_both_names_until_it_is_one_products(open_shop):
    books = open_shop()
    books.sim.shop.add_product(sku="mug", name="Tin mug", price=Decimal(4), product_id=12)
    books.sync()
    assert books.held() == {"sku:mug": ["sku_of_several"]}
    (held,) = books.app.ledger.held(books.pair)
    assert held.problems[0].text == (
        'Several products of the shop have the SKU "MUG": Mug (product 9) and Tin mug (product 12).'
    )
    assert "MUG" not in items(books, "Id")
    books.sim.shop.products.remove(product(books, 9))
    read_wholly_again(books)
    books.sync()
    assert (books.held(), item(books, "mug")["Name"]) == ({}, "Tin mug")


def test_an_order_of_a_sku_of_two_products_says_why_it_is_held(open_shop, plain_order):
    books = open_shop()
    books.sim.shop.add_product(sku="MUG", name="Tin mug", price=Decimal(4), product_id=12)
    books.sync()
    books.add(plain_order(1001, sku="MUG"), plain_order(1002, sku="MUG"), items=False)
    books.sync()
    assert books.state(1001) is State.HELD
    assert "Mug (product 9) and Tin mug (product 12)" in books.reasons(1002)[0]
    assert "MUG" not in items(books, "Id")


def test_two_variants_of_one_product_may_share_a_sku(open_shop):
    books = open_shop()
    product(books, 8)["variants"][1]["sku"] = "lamp-r"
    books.sync()
    assert sorted(items(books, "Id")) == ["BOWL", "LAMP-R", "MUG"]


def test_what_has_no_sku_is_counted_and_left_alone(open_shop):
    books = open_shop()
    product(books, 8)["variants"][1]["sku"] = ""
    books.sync()
    counts = books.app.ledger.catalogue_counts(books.pair)
    assert (counts.products, counts.skus, counts.with_item, counts.without_sku) == (4, 3, 3, 2)
