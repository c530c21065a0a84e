"""People, products and the other lists: names, inactivity, merging."""

from decimal import Decimal

import pytest

from simulator.quickbooks.errors import FaultError

D = Decimal


@pytest.mark.parametrize("other", ["Vendor", "Employee"])
def test_a_name_is_unique_across_the_lists_of_people(desk, company, other):
    company.create(other, {"DisplayName": "Juniper Halloway"})
    with pytest.raises(FaultError, match=r"Another customer, vendor or employee is already using this name") as caught:
        company.create("Customer", {"DisplayName": "juniper halloway "})
    assert caught.value.errors[0].code == "6240"


def test_an_inactive_name_is_still_taken(desk, company):
    customer = company.create("Customer", {"DisplayName": "Juniper Halloway"})
    gone = company.update("Customer", {"Id": customer["Id"], "SyncToken": "0", "sparse": True, "Active": False})
    assert (gone["DisplayName"], gone["Active"]) == ("Juniper Halloway (deleted)", False)
    assert desk.refused(company.create, "Customer", {"DisplayName": "Juniper Halloway"}) == ["6240"]
    back = company.update("Customer", {"Id": customer["Id"], "SyncToken": "1", "sparse": True, "Active": True})
    assert back["DisplayName"] == "Juniper Halloway"


def test_whether_accents_tell_two_names_apart_is_a_matter_of_the_company(desk, company):
    company.create("Vendor", {"DisplayName": "José Halloway"})
    assert company.create("Customer", {"DisplayName": "Jose Halloway"})["DisplayName"] == "Jose Halloway"
    company.accents_count = False
    assert desk.refused(company.create, "Customer", {"DisplayName": "JOSÈ Halloway"}) == ["6240"]


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ({}, ["6080"]),
        ({"DisplayName": "Mill: Road"}, ["2040"]),
        ({"DisplayName": "x" * 501}, ["2050"]),
        ({"DisplayName": "Mill", "GivenName": "x" * 101}, ["2050"]),
        ({"DisplayName": "Mill", "Notes": "x" * 2001}, ["2050"]),
        ({"DisplayName": "Mill", "PrimaryEmailAddr": {"Address": "mill.example.com"}}, ["2210"]),
        ({"DisplayName": "Mill", "PrimaryPhone": {"FreeFormNumber": "5" * 31}}, ["2050"]),
        ({"DisplayName": "Mill", "CurrencyRef": {"value": "EUR"}}, ["6000"]),
        ({"DisplayName": "Mill", "Email": "mill@example.com"}, ["2010"]),
        ({"DisplayName": "Mill", "ParentRef": {"value": "4711"}}, ["2500"]),
    ],
)
def test_customers_that_are_refused(desk, company, body, codes):
    assert desk.refused(company.create, "Customer", body) == codes


def test_a_name_is_made_of_its_parts(company):
    shown = company.create("Customer", {"Title": "Dr", "GivenName": "Juniper", "FamilyName": "Halloway"})
    assert (shown["DisplayName"], shown["FullyQualifiedName"]) == ("Dr Juniper Halloway",) * 2


def test_a_customer_with_a_balance_stays_active(desk, company):
    customer = desk.customer()
    desk.invoice(desk.line("B", "1.00"), CustomerRef=customer)
    change = {"Id": customer["value"], "SyncToken": "0", "sparse": True, "Active": False}
    assert desk.refused(company.update, "Customer", change) == ["6220"]


def test_a_sparse_update_keeps_and_a_full_one_clears(company):
    phone = {"FreeFormNumber": "555-0100"}
    customer = company.create("Customer", {"DisplayName": "Mill", "PrimaryPhone": phone, "Notes": "marker"})
    change = {"Id": customer["Id"], "SyncToken": "0", "sparse": True, "CompanyName": "Mill Ltd"}
    sparse = company.update("Customer", change)
    assert (sparse["PrimaryPhone"], sparse["Notes"], sparse["CompanyName"]) == (phone, "marker", "Mill Ltd")
    full = company.update("Customer", {"Id": customer["Id"], "SyncToken": "1", "DisplayName": "Mill"})
    assert not {"PrimaryPhone", "Notes", "CompanyName"} & set(full)
    assert full["SyncToken"] == "2"


def test_an_object_read_and_sent_back_whole_is_accepted(desk, company):
    customer = desk.customer()
    shown = company.read("Customer", customer["value"])
    assert company.update("Customer", shown)["SyncToken"] == "1"
    invoice = desk.invoice(desk.line("B", "1.00"), CustomerRef=customer)
    again = company.update("Invoice", invoice)
    assert (again["TotalAmt"], again["Line"]) == (invoice["TotalAmt"], invoice["Line"])


def test_updates_that_are_refused(desk, company):
    customer = company.read("Customer", desk.customer()["value"])
    assert desk.refused(company.update, "Customer", {"DisplayName": "X", "SyncToken": "0"}) == ["2020"]
    assert desk.refused(company.update, "Customer", {"DisplayName": "X", "Id": customer["Id"]}) == ["2020"]
    assert desk.refused(company.update, "Customer", {"Id": "1.5", "SyncToken": "0"}) == ["2030"]
    assert desk.refused(company.update, "Customer", {"Id": "4711", "SyncToken": "0"}) == ["610"]
    assert desk.refused(company.update, "Customer", {**customer, "SyncToken": "1"}) == ["5010"]


def test_inactive_references_are_not_found(desk, company):
    item = desk.ref("Item", "B")
    line = desk.line("B", "1.00")
    company.update("Item", {"Id": item["value"], "SyncToken": "0", "sparse": True, "Active": False})
    assert desk.refused(desk.receipt, line) == ["610"]
    customer = desk.customer()
    company.update("Customer", {"Id": customer["value"], "SyncToken": "0", "sparse": True, "Active": False})
    assert desk.refused(desk.receipt, desk.line("Fee", "1.00"), CustomerRef=customer) == ["610"]


def test_a_merged_customer(desk, company):
    loser, winner = desk.customer("Petra N."), desk.customer("Petra Nightingale")
    invoice = desk.invoice(desk.line("B", "100.00"), CustomerRef=loser)
    desk.pay(invoice, "40.00")
    company.merge_customer(loser["value"], winner["value"])
    gone = company.read("Customer", loser["value"])
    assert (gone["DisplayName"], gone["Active"], gone["Balance"]) == ("Petra N. (deleted)", False, 0)
    assert company.read("Customer", winner["value"])["Balance"] == 60
    assert company.read("Invoice", invoice["Id"])["CustomerRef"]["name"] == "Petra Nightingale"
    assert desk.refused(desk.receipt, desk.line("Fee", "1.00"), CustomerRef=loser) == ["610"]


def test_a_merged_customer_that_is_gone(desk, company):
    loser, winner = desk.customer("Petra N."), desk.customer("Petra Nightingale")
    receipt = desk.receipt(desk.line("Fee", "1.00"), CustomerRef=loser)
    company.merge_customer(loser["value"], winner["value"], gone=True)
    assert desk.refused(company.read, "Customer", loser["value"]) == ["610"]
    assert company.read("SalesReceipt", receipt["Id"])["CustomerRef"]["value"] == winner["value"]
    assert desk.refused(desk.receipt, desk.line("Fee", "1.00"), CustomerRef=loser) == ["2500"]


# -- products


@pytest.fixture
def stock(desk):
    """An inventory item, complete."""
    return {
        "Name": "Lantern",
        "Type": "Inventory",
        "IncomeAccountRef": desk.ref("Account", "Sales"),
        "ExpenseAccountRef": desk.ref("Account", "Cost of Goods Sold"),
        "AssetAccountRef": desk.ref("Account", "Inventory Asset"),
        "TrackQtyOnHand": True,
        "QtyOnHand": 10,
        "InvStartDate": "2026-01-01",
        "PurchaseCost": D("1.50"),
    }


def test_opening_stock_is_booked(company, stock):
    before = company.balances()["Inventory Asset"]
    item = company.create("Item", stock)
    assert company.entries("Item", item["Id"]) == {"Inventory Asset": D(15), "Opening Balance Equity": D(-15)}
    assert company.balances()["Inventory Asset"] == before + 15


@pytest.mark.parametrize(("begins", "units", "codes"), [("01", 10, ["6210"]), ("01", 0, []), ("02", 10, [])])
def test_no_stock_begins_in_closed_books(desk, company, stock, begins, units, codes):
    company.preferences["AccountingInfoPrefs"]["BookCloseDate"] = "2026-02-01"
    item = stock | {"InvStartDate": f"2026-02-{begins}", "QtyOnHand": units}
    if codes:
        assert desk.refused(company.create, "Item", item) == codes
    else:
        assert company.create("Item", item)["QtyOnHand"] == units


def test_a_quantity_sent_later_is_the_level_from_then_on(desk, company, stock):
    item = company.create("Item", stock)
    desk.receipt(desk.line("Lantern", "3.00", qty="3"))
    change = {"Id": item["Id"], "SyncToken": "0", "sparse": True}
    assert company.update("Item", {**change, "Description": "Tin"})["QtyOnHand"] == 7
    assert company.update("Item", {**change, "SyncToken": "1", "QtyOnHand": 20})["QtyOnHand"] == 20
    assert sum(company.balances().values()) == 0
    assert company.entries("Item", item["Id"])["Inventory Asset"] == D("34.50")  # 10 + 13 pieces at 1.50


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({"Name": None}, ["2020"]),
        ({"Name": "x" * 101}, ["2050"]),
        ({"Name": "a:b"}, ["2040"]),
        ({"Name": "B"}, ["6240"]),
        ({"Sku": "x" * 101}, ["2050"]),
        ({"IncomeAccountRef": None, "AssetAccountRef": None}, ["2020", "2020"]),
        ({"QtyOnHand": None, "InvStartDate": None}, ["2020", "2020"]),
        ({"TrackQtyOnHand": False}, ["6000"]),
        ({"Type": "Group"}, ["500"]),
        ({"Type": "Gadget"}, ["2170"]),
    ],
)
def test_inventory_that_is_refused(desk, company, stock, change, codes):
    body = {name: each for name, each in {**stock, **change}.items() if each is not None}
    assert desk.refused(company.create, "Item", body) == codes


def test_the_accounts_of_inventory_are_of_their_kind(desk, company, stock):
    for name in ("IncomeAccountRef", "ExpenseAccountRef", "AssetAccountRef"):
        wrong = {**stock, name: desk.ref("Account", "Card clearing")}
        assert desk.refused(company.create, "Item", wrong) == ["6430"]


def test_inventory_stays_inventory_and_needs_the_feature(desk, company, stock):
    item = company.create("Item", stock)
    change = {**stock, "Id": item["Id"], "SyncToken": "0", "Type": "Service"}
    assert desk.refused(company.update, "Item", change) == ["6000"]
    company.preferences["ProductAndServicesPrefs"]["QuantityOnHand"] = False
    assert desk.refused(company.create, "Item", {**stock, "Name": "Wick"}) == ["6000"]


@pytest.mark.parametrize(
    ("kind", "change", "shown"),
    [
        ("us", {"UnitPrice": D("9.95")}, {"UnitPrice": D("9.95")}),
        ("us", {"UnitPrice": D("0.1234567")}, {"UnitPrice": D("0.1234567")}),
        ("us", {"UnitPrice": 0}, {"UnitPrice": 0}),
        ("us", {"Description": "A tin lantern"}, {"Description": "A tin lantern"}),
        ("us", {"Sku": "L-2", "Name": "Tin lantern"}, {"Sku": "L-2", "Name": "Tin lantern"}),
        ("uk", {"UnitPrice": D("12.50"), "SalesTaxIncluded": True}, {"UnitPrice": D("12.5"), "SalesTaxIncluded": True}),
        ("au", {"SalesTaxIncluded": False}, {"SalesTaxIncluded": False}),
    ],
)
def test_a_sparse_update_of_an_item_changes_what_it_says(desk_of, kind, change, shown):
    company = desk_of(kind).company
    before = company.edit_item(company.id_of("Item", "A"), UnitPrice=5, Description="old", PurchaseDesc="theirs")
    after = company.update("Item", {"Id": before["Id"], "SyncToken": "1", "sparse": True, **change})
    renamed = {"FullyQualifiedName": shown["Name"]} if "Name" in shown else {}
    assert after == {**before, **shown, **renamed, "SyncToken": "2"}


def test_a_text_that_is_sent_empty_is_cleared(company):
    item = company.edit_item(company.id_of("Item", "A"), Description="old")
    body = {"Id": item["Id"], "SyncToken": "1", "sparse": True, "Description": ""}
    assert "Description" not in company.update("Item", body)


def test_a_full_update_of_an_item_clears_the_rest_and_keeps_its_units(desk, company, stock):
    item = company.create("Item", stock | {"Sku": "L-1", "Description": "Tin", "UnitPrice": 5})
    desk.receipt(desk.line("Lantern", "5.00", qty=1))
    quiet = {name: each for name, each in stock.items() if name != "QtyOnHand"}
    full = company.update("Item", {**quiet, "Id": item["Id"], "SyncToken": "0"})
    assert not {"Sku", "Description"} & set(full)
    assert (full["UnitPrice"], full["QtyOnHand"]) == (0, 9)
    nameless = {name: each for name, each in stock.items() if name != "Name"}
    assert desk.refused(company.update, "Item", {**nameless, "Id": item["Id"], "SyncToken": "1"}) == ["2020"]
    bare = {"Name": "Lantern", "Type": "Inventory", "Id": item["Id"], "SyncToken": "1"}
    assert desk.refused(company.update, "Item", bare) == ["2020"] * 5


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({"SyncToken": "1"}, ["5010"]),
        ({"Name": "b"}, ["6240"]),
        ({"Name": "a:b"}, ["2040"]),
        ({"Name": "x" * 101}, ["2050"]),
        ({"Name": ""}, ["2020"]),
        ({"Type": "NonInventory"}, ["6000"]),
        ({"Type": "Service"}, ["6000"]),
        ({"TrackQtyOnHand": False}, ["6000"]),
        ({"IncomeAccountRef": {"value": "4711"}}, ["2500"]),
        ({"IncomeAccountRef": "Card clearing"}, ["6430"]),
        ({"ExpenseAccountRef": "Sales"}, ["6430"]),
        ({"AssetAccountRef": "Checking"}, ["6430"]),
        ({"UnitPrice": D("0.12345678")}, ["2110"]),
        ({"UnitPrice": D(100_000_000_000)}, ["2110"]),
        ({"UnitPrice": "9.95"}, ["2110"]),
        ({"Description": "x" * 4001}, ["2050"]),
        ({"Description": "a lantern \U0001f3ee"}, ["2040"]),
        ({"SalesTaxIncluded": True}, ["6000"]),
        ({"Price": 5}, ["2010"]),
    ],
)
def test_item_updates_that_are_refused(desk, company, change, codes):
    before = company.read("Item", company.id_of("Item", "A"))
    named = {
        name: desk.ref("Account", each) if name.endswith("AccountRef") and isinstance(each, str) else each
        for name, each in change.items()
    }
    body = {"Id": before["Id"], "SyncToken": "0", "sparse": True, **named}
    assert desk.refused(company.update, "Item", body) == codes
    assert company.read("Item", before["Id"]) == before


@pytest.mark.parametrize("name", ["A", "B"])
def test_an_inactive_item_is_only_made_active_again(desk, company, name):
    item = company.edit_item(company.id_of("Item", name), Active=False)
    body = {"Id": item["Id"], "SyncToken": "1", "sparse": True}
    for change in ({"UnitPrice": 5}, {"Name": "Other"}, {"Active": False}):
        assert desk.refused(company.update, "Item", {**body, **change}) == ["610"]
    assert company.update("Item", {**body, "Active": True, "UnitPrice": 5})["UnitPrice"] == 5


def test_a_service_needs_an_income_account(desk, company):
    assert desk.refused(company.create, "Item", {"Name": "Polishing"}) == ["2020"]


@pytest.mark.parametrize(
    ("entity", "body"),
    [
        ("Account", {"Name": "Tips", "AccountType": "Income"}),
        ("Class", {"Name": "Market"}),
        ("Department", {"Name": "Market"}),
        ("PaymentMethod", {"Name": "Voucher"}),
        ("Term", {"Name": "Net 60", "DueDays": 60}),
    ],
)
def test_small_lists_are_created_once(desk, company, entity, body):
    shown = company.create(entity, body)
    assert (shown["Name"], shown["Active"]) == (body["Name"], True)
    assert desk.refused(company.create, entity, body) == ["6240"]


@pytest.mark.parametrize("entity", ["TaxCode", "TaxRate", "TaxAgency", "CompanyInfo", "Preferences"])
def test_some_lists_are_only_read(desk, company, entity):
    assert desk.refused(company.create, entity, {"Name": "X"}) == ["500"]


def test_names_cannot_be_deleted(desk, company):
    customer = desk.customer()
    assert desk.refused(company.delete, "Customer", {"Id": customer["value"], "SyncToken": "0"}) == ["500"]


def test_the_special_products_post_where_they_say(company):
    income = {item["Name"]: item["IncomeAccountRef"]["name"] for item in company.objects("Item")}
    assert (
        income.items()
        >= {
            "Discount": "Discounts given",
            "Gift certificate": "Gift certificates",
            "Store credit": "Store credit",
            "Rounding": "Rounding",
            "Returned": "Sales returns",
            "Unknown product": "Sales",
        }.items()
    )


def test_a_liability_that_is_owed_is_shown_above_zero_or_below(desk, company):
    desk.receipt(desk.line("Gift certificate", 50))

    def shown():
        return company.read("Account", company.id_of("Account", "Gift certificates"))["CurrentBalance"]

    assert shown() == 50
    company.liabilities_below_zero = True
    assert shown() == -50
    assert company.read("Account", company.id_of("Account", "Undeposited Funds"))["CurrentBalance"] == 50
