"""What counts as the right level of a SKU that shop and company both count."""

from datetime import UTC, datetime
from decimal import Decimal

import httpx
import pytest

from simulator import Simulator
from simulator.bigcommerce.stock import counted
from simulator.bigcommerce.store import Store
from simulator.quickbooks.company import Company
from simulator.stock_proof import prove, shelves

MOMENT = datetime(2026, 4, 28, 14, tzinfo=UTC)
UNTOUCHED = {"oversold": 0, "short": "0", "written": 0, "changed": 0, "parallel": 0}


@pytest.fixture
def shop():
    store = Store(clock=lambda: MOMENT)
    store.add_product(sku="LAMP", name="Lamp", price=Decimal(9), product_id=1, tracked=True, stock=20)
    return store


@pytest.fixture
def company():
    made = Company(kind="us", clock=MOMENT.timestamp)
    made.add_item(name="Lamp", sku="lamp", kind="inventory", cost=Decimal(3), quantity=Decimal(20))
    return made


@pytest.fixture
def order(shop):
    """An order 1, 2, … of so many lamps that took its units, and did not touch the level: the test says that."""

    def place(order_id, units, status_id=11, sku="LAMP"):
        line = {"id": order_id, "product_id": 1, "variant_id": 10_001, "sku": sku, "quantity": units}
        return shop.add_order({"id": order_id, "status_id": status_id, "channel_id": 1}, products=[line])

    return place


@pytest.fixture
def book(company):
    """A receipt of so many lamps with this number and note."""

    def write(units, number="", note=""):
        item = {"value": company.id_of("Item", "Lamp")}
        detail = {"ItemRef": item, "Qty": units, "UnitPrice": 9, "TaxCodeRef": {"value": "NON"}}
        line = {"Amount": 9 * units, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
        body = {"Line": [line], "DocNumber": number, "PrivateNote": note, "CurrencyRef": {"value": "USD"}}
        return company.create("SalesReceipt", {name: value for name, value in body.items() if value})

    return write


@pytest.fixture
def set_level(shop):
    def write(level):
        shop.accept([(1, item, level) for item in counted(shop.products)], reason="", items=[])

    return write


def standing(shop, company):
    [shelf] = shelves(shop, company)
    return shelf.level, shelf.on_hand, shelf.missing, shelf.right


def test_without_orders_the_level_is_what_is_on_hand(shop, company):
    assert standing(shop, company) == (20, 20, 0, 20)
    assert prove(shop, company) == {"skus": 1, "equal": 1, "above": 0, "below": 0, **UNTOUCHED, "rows": []}


@pytest.mark.parametrize(
    ("status_id", "missing"),
    [(11, 3), (7, 3), (2, 3), (10, 3), (14, 3), (4, 3), (15, 3), (0, 0), (5, 0), (6, 0)],
)
def test_an_order_that_no_document_holds_is_missing_unless_it_took_nothing_or_is_off(
    shop, company, order, status_id, missing
):
    order(1, 3, status_id)
    assert standing(shop, company) == (20, 20, missing, 20 - missing)


@pytest.mark.parametrize(("number", "note"), [("BC-1", ""), ("BC-1-S", ""), ("X", "cartledger:sim5tore:order:1")])
def test_an_order_that_is_booked_is_in_the_quantity_on_hand(shop, company, order, book, number, note):
    order(1, 3)
    book(3, number, note)
    assert standing(shop, company) == (20, 17, 0, 17)


def test_a_sale_by_hand_is_no_order(shop, company, order, book):
    order(1, 3)
    book(4, "1001")
    assert standing(shop, company) == (20, 16, 3, 13)


def test_of_an_order_that_grew_after_it_was_booked_the_rest_is_missing(shop, company, order, book):
    order(1, 5)
    order(2, 2)
    book(3, "BC-1")
    book(4, "BC-2")
    assert standing(shop, company) == (20, 13, 2, 11)


def test_a_voided_document_holds_nothing(shop, company, order, book):
    order(1, 3)
    made = book(3, "BC-1", "cartledger:sim5tore:order:1")
    company.void("SalesReceipt", {"Id": made["Id"], "SyncToken": made["SyncToken"], "sparse": True})
    assert standing(shop, company) == (20, 20, 3, 17)


def test_the_number_may_follow_another_pattern(shop, company, order, book):
    order(1, 3)
    book(3, "WEB1")
    assert prove(shop, company, "WEB{id}")["rows"] == [{"sku": "LAMP", "level": 20, "on_hand": "17", "missing": "0"}]
    assert prove(shop, company)["rows"] == [{"sku": "LAMP", "level": 20, "on_hand": "17", "missing": "3"}]


@pytest.mark.parametrize(
    ("level", "counts"),
    [(17, (1, 0, 0)), (18, (0, 1, 0)), (16, (0, 0, 1))],
)
def test_levels_are_equal_above_or_below(shop, company, order, set_level, level, counts):
    order(1, 3)
    set_level(level)
    proof = prove(shop, company)
    assert tuple(proof[name] for name in ("equal", "above", "below")) == counts


def test_fractions_are_cut_off_and_no_level_is_right_below_zero(shop, company, order, set_level):
    lamp = company.id_of("Item", "Lamp")
    company.count_units(lamp, Decimal("5.75"))
    set_level(5)
    assert prove(shop, company)["equal"] == 1
    order(1, 8)
    set_level(0)
    assert prove(shop, company) == {
        "skus": 1,
        "equal": 1,
        "above": 0,
        "below": 0,
        **UNTOUCHED,
        "short": "2.25",
        "rows": [],
    }


def test_what_is_still_arriving_counts_as_there(shop, company, set_level):
    shop.adjustment_delay = 60
    set_level(12)
    assert standing(shop, company)[0] == 12
    assert shop.levels()["LAMP"] == 20


@pytest.mark.parametrize(
    "spoil",
    [
        lambda shop, company: shop.products[0].update(inventory_tracking="none"),
        lambda shop, company: shop.products[0].update(sku="TORCH"),
        lambda shop, company: company.edit_item(company.id_of("Item", "Lamp"), Active=False),
        lambda shop, company: company.add_item(name="Lamp 2", sku="LAMP", kind="inventory", quantity=Decimal(1)),
    ],
    ids=["untracked in the shop", "another SKU", "inactive in the company", "two items of one SKU"],
)
def test_what_only_one_side_counts_is_not_looked_at(shop, company, spoil):
    spoil(shop, company)
    assert prove(shop, company)["skus"] == 0


def test_writes_are_counted_by_level_and_by_item():
    with Simulator(quotas=False) as sim:
        sim.shop.add_product(sku="LAMP", name="Lamp", price=Decimal(9), tracked=True)
        url = f"{sim.bigcommerce_url}/stores/{sim.shop.store_hash}/v3/inventory/adjustments/absolute"
        for quantity in (5, 6):
            item = {"location_id": 1, "product_id": 1, "quantity": quantity}
            httpx.put(url, json={"items": [item]}, headers={"X-Auth-Token": sim.shop.access_token})
        proof = httpx.get(f"{sim.url}/control/stock").json()
    assert (proof["written"], proof["changed"], proof["skus"]) == (2, 1, 0)
