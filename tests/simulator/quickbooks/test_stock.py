"""Units on hand: what moves them, which times and tokens move along, and what a person does to stock and items."""

from decimal import Decimal

import pytest

D = Decimal
DAY = {"TxnDate": "2026-06-01"}


@pytest.fixture
def a(desk):
    """The id of the product that is in stock: 100 pieces at 12.00."""
    return desk.ref("Item", "A")["value"]


@pytest.fixture
def look(company, clock):
    """`look(item_id)`: (units, SyncToken, whether it was updated since the last look)."""
    seen = {}

    def look(item_id):
        shown = company.read("Item", item_id)
        moved = shown["MetaData"]["LastUpdatedTime"] != seen.get(item_id, shown["MetaData"]["LastUpdatedTime"])
        seen[item_id] = shown["MetaData"]["LastUpdatedTime"]
        clock.now += 60
        return shown["QtyOnHand"], shown["SyncToken"], moved

    return look


def sale(desk, entity, units):
    line = desk.line("A", 25 * units, qty=units)
    if entity in {"Invoice", "CreditMemo"}:
        return desk.company.create(entity, {"Line": [line], "CustomerRef": desk.ref("Customer", "Quill & Oak Books")})
    return desk.refund(line, **DAY) if entity == "RefundReceipt" else desk.receipt(line, **DAY)


FORMS = {"SalesReceipt": -1, "Invoice": -1, "CreditMemo": 1, "RefundReceipt": 1}


@pytest.mark.parametrize("derived", [True, False])
@pytest.mark.parametrize(("entity", "sign"), FORMS.items())
def test_a_form_moves_units_as_long_as_it_stands(desk, company, look, a, entity, sign, derived):
    """Its time is known to move for new sales only; the company's other habit is that it moves for nothing else."""
    company.derived_times = derived
    assert look(a) == (100, "0", False)
    document = sale(desk, entity, 3)
    assert look(a) == (100 + sign * 3, "0", derived or sign < 0)
    body = {"Id": document["Id"], "sparse": True}
    changed = company.update(entity, {**body, "SyncToken": "0", "Line": [desk.line("A", "125.00", qty=5)]})
    assert look(a) == (100 + sign * 5, "0", derived)
    noted = company.update(entity, {**body, "SyncToken": changed["SyncToken"], "PrivateNote": "a word"})
    assert look(a) == (100 + sign * 5, "0", derived)
    company.delete(entity, {"Id": document["Id"], "SyncToken": noted["SyncToken"]})
    assert look(a) == (100, "0", derived)


@pytest.mark.parametrize("derived", [True, False])
@pytest.mark.parametrize("entity", ["SalesReceipt", "Invoice"])
def test_a_voided_sale_gives_its_units_back(desk, company, look, a, entity, derived):
    company.derived_times = derived
    document = sale(desk, entity, 4)
    assert look(a)[0] == 96
    voided = company.void(entity, {"Id": document["Id"], "SyncToken": document["SyncToken"]})
    assert look(a) == (100, "0", derived)
    again = {"Id": document["Id"], "SyncToken": voided["SyncToken"], "sparse": True}
    company.update(entity, {**again, "Line": [desk.line("A", "25.00", qty=1)]})
    assert look(a) == (99, "0", derived)


def test_a_line_of_another_item_gives_one_back_and_takes_the_other(desk, company, look, a):
    c = company.add_item(name="C", sku="C-1", kind="inventory", quantity=D(10))["Id"]
    receipt = sale(desk, "SalesReceipt", 2)
    assert (look(a)[0], look(c)[0]) == (98, 10)
    body = {"Id": receipt["Id"], "SyncToken": "0", "sparse": True}
    company.update("SalesReceipt", {**body, "Line": [desk.line("C", "5.00", qty=1)]})
    assert (look(a), look(c)) == ((100, "0", True), (9, "0", True))


def test_more_may_be_sold_than_there_is(desk, look, a):
    sale(desk, "SalesReceipt", 151)
    assert look(a)[0] == -51


def test_products_that_nobody_counts_are_not_touched(desk, company, clock):
    before = company.read("Item", desk.ref("Item", "B")["value"])
    clock.now += 60
    desk.receipt(desk.line("B", "5.00", qty=1))
    assert company.read("Item", before["Id"]) == before


# -- what a person does to the stock


def test_units_are_bought_on_account(company, look, a):
    look(a)
    company.receive_units(a, D(8))
    assert look(a) == (108, "0", True)
    balances = company.balances()
    assert (balances["Inventory Asset"], balances["Accounts Payable (A/P)"]) == (108 * 12, -8 * 12)


@pytest.mark.parametrize("found", [D(97), D("103.5"), D(0)])
def test_what_is_counted_is_there_from_then_on(company, look, a, found):
    look(a)
    company.count_units(a, found)
    assert look(a) == (found, "0", True)
    balances = company.balances()
    assert (balances["Inventory Asset"], balances["Inventory Shrinkage"]) == (found * 12, (100 - found) * 12)


@pytest.mark.parametrize("kind", ["us", "us_ast", "uk", "au", "ca", "eur"])
def test_a_sale_by_hand_needs_no_shop(desk_of, kind):
    company = desk_of(kind).company
    a = company.id_of("Item", "A")
    company.reset_counts()
    receipt = company.sell_units(a, D(3), price=D("7.50"))
    assert (receipt["TotalAmt"], receipt["TxnTaxDetail"].get("TotalTax", 0)) == (D("22.50"), 0)
    assert company.entries("SalesReceipt", receipt["Id"])["Undeposited Funds"] == D("22.50")
    assert company.read("Item", a)["QtyOnHand"] == 97
    assert company.report()["written"] == 0


@pytest.mark.parametrize("derived", [True, False])
def test_what_nobody_has_seen_to_move_an_items_time(company, look, a, derived):
    company.derived_times = derived
    look(a)
    company.receive_units(a, D(1))
    assert look(a)[2] is derived
    company.count_units(a, D(50))
    assert look(a)[2] is derived
    company.sell_units(a, D(1))
    assert look(a)[2] is True
    company.order_units(a)
    assert look(a) == (49, "0", True)


def test_only_what_is_counted_and_active_is_moved_by_hand(desk, company, a):
    with pytest.raises(ValueError, match="B is no inventory item"):
        company.receive_units(desk.ref("Item", "B")["value"], D(1))
    company.edit_item(a, Active=False)
    assert desk.refused(company.count_units, a, D(1)) == ["610"]


# -- what a person does to items


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"Name": "Lantern"}, {"Name": "Lantern", "FullyQualifiedName": "Lantern", "Sku": "A-1"}),
        ({"Sku": "A-2"}, {"Name": "A", "Sku": "A-2"}),
        ({"UnitPrice": D("9.95")}, {"UnitPrice": D("9.95"), "QtyOnHand": 97}),
    ],
)
def test_an_edited_item_has_another_token_and_its_units(desk, company, clock, a, changes, shown):
    sale(desk, "SalesReceipt", 3)
    clock.now += 60
    edited = company.edit_item(a, **changes)
    assert edited == {**edited, **shown, "SyncToken": "1", "QtyOnHand": 97}
    assert edited["MetaData"]["LastUpdatedTime"] == company.now().isoformat(timespec="seconds")


def test_an_item_that_becomes_inactive_has_its_stock_written_off(desk, company, a):
    sale(desk, "SalesReceipt", 3)
    gone = company.edit_item(a, Active=False)
    assert (gone["Name"], gone["Active"], gone["QtyOnHand"], gone["SyncToken"]) == ("A (deleted)", False, 0, "1")
    assert company.balances()["Inventory Asset"] == 0
    assert desk.refused(company.create, "Item", {"Name": "A", "IncomeAccountRef": desk.ref("Account", "Sales")}) == [
        "6240"
    ]
    back = company.edit_item(a, Active=True)
    assert (back["Name"], back["Active"], back["QtyOnHand"], back["SyncToken"]) == ("A", True, 0, "2")
    company.count_units(a, D(5))
    assert company.balances()["Inventory Asset"] == 60


def test_the_same_through_the_api(company, a):
    body = {"Id": a, "SyncToken": "0", "sparse": True, "Active": False, "QtyOnHand": 5}
    assert company.update("Item", body)["QtyOnHand"] == 0
    assert sum(company.balances().values()) == 0


def test_a_product_is_counted_from_today_on(desk, company):
    b = desk.ref("Item", "B")["value"]
    desk.receipt(desk.line("B", "5.00", qty=1), TxnDate="2026-06-19")
    counted = company.track_item(b, D(7))
    assert (counted["Id"], counted["Type"], counted["QtyOnHand"], counted["SyncToken"]) == (b, "Inventory", 7, "1")
    assert counted["InvStartDate"] == company.now().date().isoformat()
    desk.receipt(desk.line("B", "5.00", qty=2))
    assert company.read("Item", b)["QtyOnHand"] == 5
    assert desk.refused(desk.receipt, desk.line("B", "5.00", qty=2), TxnDate="2026-06-19") == ["6270"]
    body = {"Id": b, "SyncToken": "1", "sparse": True, "Type": "NonInventory"}
    assert desk.refused(company.update, "Item", body) == ["6000"]


@pytest.mark.parametrize("gone", [False, True])
def test_items_are_merged_with_all_that_they_have_done(desk, company, a, gone):
    twin = company.add_item(name="A twin", sku="A-9", kind="inventory", cost=D(12), quantity=D(20))["Id"]
    receipt = desk.receipt(desk.line("A twin", "10.00", qty=2), desk.line("A", "10.00", qty=1))
    company.receive_units(twin, D(5))
    worth = company.balances()
    company.merge_items(twin, a, gone=gone)
    assert company.balances() == worth
    assert company.read("Item", a)["QtyOnHand"] == 99 + 23
    lines = company.read("SalesReceipt", receipt["Id"])["Line"]
    assert [line["SalesItemLineDetail"]["ItemRef"]["name"] for line in lines[:2]] == ["A", "A"]
    company.edit_document("SalesReceipt", receipt["Id"], PrivateNote="a word")
    assert company.read("Item", a)["QtyOnHand"] == 99 + 23
    company.delete_document("SalesReceipt", receipt["Id"])
    assert company.read("Item", a)["QtyOnHand"] == 100 + 25
    if gone:
        assert desk.refused(company.read, "Item", twin) == ["610"]
    else:
        left = company.read("Item", twin)
        assert (left["Name"], left["Active"], left["QtyOnHand"]) == ("A twin (deleted)", False, 0)
        assert desk.refused(company.update, "Item", {"Id": twin, "SyncToken": "1", "sparse": True}) == ["610"]


def test_only_items_of_one_type_are_merged(desk, company, a):
    assert desk.refused(company.merge_items, desk.ref("Item", "B")["value"], a) == ["6000"]


def test_a_merged_product_without_stock(desk, company):
    old = company.add_item(name="B twin", sku="B-9")["Id"]
    receipt = desk.receipt(desk.line("B twin", "10.00", qty=2))
    company.merge_items(old, desk.ref("Item", "B")["value"])
    line = company.read("SalesReceipt", receipt["Id"])["Line"][0]
    assert line["SalesItemLineDetail"]["ItemRef"] == {"value": desk.ref("Item", "B")["value"], "name": "B"}
