"""Answers held against recorded ones: refusals word for word, objects by their properties."""

import re
from decimal import Decimal

import pytest

from simulator.quickbooks.errors import FaultError

D = Decimal

# Properties that depend on what the recording's customer or company had filled in.
FILLED_IN = {"GivenName", "FamilyName", "CompanyName", "PrimaryPhone", "PrimaryEmailAddr", "Mobile", "Fax", "WebAddr"}
GEOCODED = {"Lat", "Long"}


def shape(value, without=frozenset()):
    """The property names, all the way down; of a list, those of all its members together."""
    if isinstance(value, dict):
        return {name: shape(each, without) for name, each in value.items() if name not in without}
    if isinstance(value, list):
        merged = {}
        for each in value:
            merged |= shape(each, without) if isinstance(each, dict) else {}
        return [merged]
    return None


def refusal(act, *args):
    with pytest.raises(FaultError) as caught:
        act(*args)
    return caught.value.as_json()


def without_people(fault):
    """The recorded user's name is that user's."""
    error = fault["Error"][0]
    error["Detail"] = re.sub(r"You and .*? were", "You and X were", error["Detail"])
    error["Detail"] = re.sub(r"time\. .*? finished", "time. X finished", error["Detail"])
    return fault


@pytest.fixture
def numbered(company):
    """The recordings are of companies that number their documents themselves."""
    company.preferences["SalesFormsPrefs"]["CustomTxnNumbers"] = False
    return company


@pytest.fixture
def crew(numbered):
    """A classic custom field, as the recorded companies have."""
    numbered.add_custom_field("Crew #")
    return numbered


ADDRESS = {"Line1": "1 Mill Road", "City": "Berkeley", "CountrySubDivisionCode": "CA", "PostalCode": "94704"}


@pytest.fixture
def customer(crew):
    body = {"DisplayName": "Mill Road Aviary", "BillAddr": ADDRESS, "ShipAddr": ADDRESS}
    return crew.create("Customer", body)


# -- refusals


@pytest.mark.parametrize(
    "name",
    [
        "update_item_error.json",
        "update_preferences_error.json",
        "void_sales_receipt_error.json",
    ],
)
def test_stale_objects(company, recorded, name):
    item = company.create("Customer", {"DisplayName": "Isla Fairweather"})
    stale = refusal(company.update, "Customer", {"Id": item["Id"], "SyncToken": "9", "DisplayName": "Isla"})
    assert without_people(stale) == without_people(recorded(name)["Fault"])


def test_missing_name_of_an_item(company, recorded):
    assert refusal(company.create, "Item", {"Type": "Service"}) == recorded("create_item_error.json")["Fault"]


def test_missing_detail_type_of_a_line(company, recorded):
    fault = refusal(company.create, "SalesReceipt", {"Line": [{}]})
    assert fault == recorded("create_sales_receipt_error.json")["Fault"]


def test_unknown_object(company, recorded):
    assert refusal(company.read, "Item", "4711") == recorded("read_item_error.json")["Fault"]


def test_duplicate_name(company, recorded):
    company.create("Customer", {"DisplayName": "Weiskopf Consulting"})
    fault = refusal(company.create, "Customer", {"DisplayName": "Weiskopf Consulting"})
    assert fault == recorded("vcr_error_validation__00_post_400.json")["Fault"]


def test_unparsable_query(company, recorded):
    assert refusal(company.query, "SELECT * FROM NULL") == recorded("query_error.json")["Fault"]


def test_query_of_an_unknown_entity(company, recorded):
    fault = refusal(company.query, "SELECT * FROM Custmoer")
    assert fault == recorded("vcr_error_400__01_get_400.json")["Fault"]


def test_unknown_property_with_the_list_of_known_ones(http, recorded):
    answer = http.post("/invoice", json={"BadJson": True})
    assert (answer.status_code, answer.json()["Fault"]) == (
        400,
        recorded("vcr_error_400_json__00_post_400.json")["Fault"],
    )


def test_unknown_path(http, company, recorded):
    fault = recorded("vcr_error_500__00_get_400.json")["Fault"]
    fault["Error"][0]["Detail"] = fault["Error"][0]["Detail"].replace("-COMPANY_ID-", company.realm_id)
    answer = http.get("/customer/1/5")
    assert (answer.status_code, answer.json()["Fault"]) == (400, fault)


def test_id_that_is_no_number(http, recorded):
    answer = http.get("/customer/1.5")
    assert (answer.status_code, answer.json()) == (400, recorded("vcr_error_500__01_get_400.json"))


def test_expired_token(http, company, recorded):
    company.tokens.expire_access()
    answer = http.get("/customer/1")
    wanted = recorded("vcr_error_401__00_get_401.json")
    assert answer.status_code == 401
    assert shape(answer.json()) == shape(wanted)
    got, wanted = answer.json()["fault"]["error"][0], wanted["fault"]["error"][0]
    assert (got["message"], got["code"]) == (wanted["message"], wanted["code"])


# -- objects


def test_new_customer(company, recorded):
    shown = company.create("Customer", {"DisplayName": "Doe5, Jane"})
    assert shape(shown) == shape(recorded("vcr_create_customer__00_post_200.json")["Customer"])


def test_full_update_of_a_customer(company, recorded):
    before = company.create("Customer", {"DisplayName": "Doe2, Jane"})
    phone = {"FreeFormNumber": "(415) 444-1234"}
    body = {"DisplayName": "Jack Moe", "PrimaryPhone": phone, "Id": before["Id"], "SyncToken": "0"}
    shown = company.update("Customer", body)
    wanted = recorded("vcr_update_customer__01_post_200.json")["Customer"]
    assert shape(shown) == shape(wanted)
    same = ("SyncToken", "FullyQualifiedName", "DisplayName", "PrintOnCheckName", "PrimaryPhone", "DefaultTaxCodeRef")
    assert [shown[name] for name in same] == [wanted[name] for name in same]


def test_sub_customer(company, recorded):
    parent = company.create("Customer", {"DisplayName": "Freeman Sporting Goods"})
    job = company.create("Customer", {"DisplayName": "0969 Ocean View Road", "ParentRef": {"value": parent["Id"]}})
    page = recorded("vcr_all_alt_select__02_get_200.json")["QueryResponse"]["Customer"]
    wanted = next(each for each in page if each["Job"])
    given = FILLED_IN | {"BillAddr", "ShipAddr"}
    assert shape(job) == shape(wanted, given) | {"DefaultTaxCodeRef": {"value": None}}
    assert (job["FullyQualifiedName"], job["Level"]) == ("Freeman Sporting Goods:0969 Ocean View Road", 1)


def test_new_invoice(crew, customer, recorded):
    wanted = recorded("vcr_create_invoice__00_post_200.json")["Invoice"]
    line = {
        "Amount": D("100.0"),
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"ItemRef": {"value": "1", "name": "Services"}},
    }
    shown = crew.create("Invoice", {"Line": [line], "CustomerRef": {"value": customer["Id"]}})
    assert shape(shown) == shape(wanted, GEOCODED)
    same = ("TotalAmt", "Balance", "PrintStatus", "EmailStatus", "ApplyTaxAfterDiscount", "LinkedTxn", "CustomField")
    assert [shown[name] for name in same] == [wanted[name] for name in same]


def test_voided_invoice(crew, customer, recorded):
    wanted = recorded("vcr_void_invoice__01_post_200.json")["Invoice"]
    line = {
        "Amount": D("100.0"),
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"ItemRef": {"value": "1"}},
    }
    invoice = crew.create("Invoice", {"Line": [line], "CustomerRef": {"value": customer["Id"]}})
    shown = crew.void("Invoice", {"Id": invoice["Id"], "SyncToken": "0"})
    assert shape(shown) == shape(wanted, GEOCODED)
    same = ("SyncToken", "TotalAmt", "Balance", "PrivateNote", "TxnTaxDetail")
    assert [shown[name] for name in same] == [wanted[name] for name in same]
    assert [line["Amount"] for line in shown["Line"]] == [line["Amount"] for line in wanted["Line"]]


def test_deleted_invoice(crew, customer, recorded):
    line = {"Amount": 1, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {"ItemRef": {"value": "1"}}}
    invoice = crew.create("Invoice", {"Line": [line], "CustomerRef": {"value": customer["Id"]}})
    shown = crew.delete("Invoice", {"Id": invoice["Id"], "SyncToken": "0"})
    wanted = recorded("vcr_delete_invoice__01_post_200.json")["Invoice"]
    assert shown == {**wanted, "Id": invoice["Id"]}


def test_full_update_of_a_receipt_keeps_its_number_and_renews_its_line(crew, recorded):
    detail = {"ItemRef": {"value": "1"}, "UnitPrice": 75, "Qty": D("4.5"), "TaxCodeRef": {"value": "NON"}}
    line = {"Description": "Custom", "Amount": D("337.5"), "DetailType": "SalesItemLineDetail"}
    body = {"Line": [{**line, "SalesItemLineDetail": detail}]}
    before = crew.create("SalesReceipt", body)
    shown = crew.update("SalesReceipt", {**body, "Id": before["Id"], "SyncToken": "0"})
    assert shape(shown) == shape(recorded("vcr_update_sales_receipt__01_post_200.json")["SalesReceipt"])
    assert shown["DocNumber"] == before["DocNumber"]
    assert (before["Line"][0]["Id"], shown["Line"][0]["Id"]) == ("1", "2")


def test_receipt_without_custom_fields_and_voided(numbered, recorded):
    detail = {"ItemRef": {"value": "1"}, "UnitPrice": 0, "Qty": 1}
    line = {"Amount": 0, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
    receipt = numbered.create("SalesReceipt", {"Line": [line]})
    # The recording of 2017 is older than the tax block on untaxed sales.
    assert shape(receipt, {"TxnTaxDetail"}) == shape(recorded("create_sales_receipt.json")["SalesReceipt"])
    voided = numbered.void("SalesReceipt", {"Id": receipt["Id"], "SyncToken": "0", "sparse": True})
    wanted = recorded("void_sales_receipt.json")["SalesReceipt"]
    assert shape(voided, {"TxnTaxDetail"}) == shape(wanted)
    assert (voided["PrivateNote"], voided["Line"][0]["SalesItemLineDetail"]["Qty"]) == ("Voided", 0)


def test_new_inventory_item(company, recorded):
    accounts = {
        "IncomeAccountRef": "Sales",
        "ExpenseAccountRef": "Cost of Goods Sold",
        "AssetAccountRef": "Inventory Asset",
    }
    refs = {name: {"value": company.id_of("Account", account)} for name, account in accounts.items()}
    stock = {"Type": "Inventory", "TrackQtyOnHand": True, "QtyOnHand": 10, "InvStartDate": "2015-01-01"}
    shown = company.create("Item", {"Name": "Garden Supplies", **refs, **stock})
    wanted = recorded("create_item.json")["Item"]
    assert shape(shown) == shape(wanted)
    same = ("Taxable", "UnitPrice", "PurchaseCost", "QtyOnHand", "TrackQtyOnHand", "Type", "FullyQualifiedName")
    assert [shown[name] for name in same] == [wanted[name] for name in same]


def test_updated_inventory_item(company, recorded):
    item = company.query("select * from Item where Name = 'A'")["Item"][0]
    body = {"Id": item["Id"], "SyncToken": "0", "sparse": True, "Description": "New", "PurchaseDesc": "Old"}
    shown = company.update("Item", body)
    assert shape(shown, {"Sku"}) == shape(recorded("update_item.json")["Item"])
    assert shape(shown, {"Sku"}) == shape(recorded("read_item.json")["Item"])


def test_service_items_in_a_query(company, recorded):
    wanted = recorded("query.json")["QueryResponse"]
    answer = company.query("select * from Item where Name = 'Shipping'")
    assert shape(answer, {"Item"}) == shape(wanted, {"Item"})
    service = next(each for each in wanted["Item"] if each["Type"] == "Service" and "Description" not in each)
    assert shape(answer["Item"][0]) == shape(service)
    assert shape(answer["Item"][0]) == shape(recorded("items_response.json")[0], {"Description"})


@pytest.mark.parametrize("statement", ["SELECT COUNT(*) FROM Customer", "SELECT count(*) FROM Customer"])
def test_counting(company, recorded, statement):
    wanted = recorded("vcr_all_customers__00_get_200.json")["QueryResponse"]
    assert shape(company.query(statement)) == shape(wanted)


def test_a_page_and_the_empty_one_after_it(company, recorded):
    ids = ", ".join(f"'{customer['Id']}'" for customer in company.objects("Customer"))
    statement = f"SELECT * FROM Customer WHERE Id IN ({ids}) AND Active IN ( true, false ) MAXRESULTS 2 STARTPOSITION "  # noqa: S608 - no SQL
    wanted = recorded("vcr_all_alt_select__01_get_200.json")["QueryResponse"]
    page = company.query(statement + "1")
    assert (page["startPosition"], page["maxResults"]) == (wanted["startPosition"], wanted["maxResults"])
    assert company.query(statement + "9") == recorded("vcr_all_alt_select__04_get_200.json")["QueryResponse"]


def test_apostrophes_in_queries(company, recorded):
    company.create("Customer", {"DisplayName": "Amy's Bird Sanctuary", "BillAddr": ADDRESS, "ShipAddr": ADDRESS})
    answer = company.query(r"SELECT * FROM Customer WHERE DisplayName = 'Amy\'s Bird Sanctuary'")
    wanted = recorded("vcr_get_display_name__00_get_200.json")["QueryResponse"]
    found = shape(answer, {"DefaultTaxCodeRef"})
    assert found == shape(wanted, FILLED_IN | GEOCODED)


def test_customer_by_id(http, customer, recorded):
    answer = http.get(f"/customer/{customer['Id']}").json()
    wanted = recorded("vcr_get_id__00_get_200.json")
    assert shape(answer) == shape(wanted, FILLED_IN | GEOCODED)


def test_deactivated_account(company, recorded):
    account = company.create("Account", {"Name": "Fees Billed", "AccountType": "Income"})
    body = {"Id": account["Id"], "SyncToken": "0", "sparse": True, "Active": False, "Name": "Fees Billed (deleted)"}
    shown = company.update("Account", body)
    wanted = recorded("vcr_deactivate_account__01_post_200.json")["Account"]
    assert shape(shown) == shape(wanted)
    same = ("Name", "FullyQualifiedName", "Active", "Classification", "CurrentBalance", "SubAccount")
    assert [shown[name] for name in same] == [wanted[name] for name in same]
    # The accounts of that other recording come without a currency.
    assert shape(shown, {"CurrencyRef"}) == shape(recorded("account_response.json")[0])


def test_lists_that_are_read_only(company, recorded):
    code = company.read("TaxCode", "2")
    wanted = recorded("tax_code_response.json")[0]
    wanted["PurchaseTaxRateList"]["TaxRateDetail"] = []
    code["SalesTaxRateList"]["TaxRateDetail"][0]["TaxRateRef"]["name"] = None
    assert shape(code) == shape(wanted)
    assert shape(company.read("TaxRate", "3")) == shape(recorded("tax_rate_get_by_id.json"))
    assert shape(company.objects("Department")[0]) == shape(recorded("departments.json")[0])
    assert shape(company.objects("CompanyInfo")[0]) == shape(recorded("company_info.json"))


def test_preferences(http, recorded):
    answer = http.get("/preferences").json()
    wanted = shape(recorded("read_preferences.json"))
    # Names of custom fields stand there only while the fields are used.
    assert missing(wanted, shape(answer)) == ["StringValue", "StringValue"]
    assert missing(shape(recorded("preference_response.json")), shape(answer["Preferences"])) == ["BookCloseDate"]


def missing(wanted, got):
    """Property names that the recording has and the answer does not, wherever they stand."""
    if isinstance(wanted, list):
        return missing(wanted[0], got[0])
    names = []
    for name, each in (wanted or {}).items():
        names += missing(each, got[name]) if name in got else [name]
    return names


def test_batch(company, http, recorded):
    body = {"Line": [{"Amount": 400, "DetailType": "SalesItemLineDetail"}]}
    body["Line"][0]["SalesItemLineDetail"] = {"ItemRef": {"value": "1"}}
    receipt = company.create("SalesReceipt", body)
    stale = {"domain": "QBO", "sparse": True, "Id": receipt["Id"], "SyncToken": "7", "PrivateNote": "x"}
    items = [
        {"bId": "bid1", "operation": "create", "Vendor": {"DisplayName": "Boraski Family Store"}},
        {"bId": "bid2", "operation": "delete", "Invoice": {"Id": "129", "SyncToken": "0"}},
        {"bId": "bid3", "operation": "update", "SalesReceipt": stale},
        {"bId": "bid4", "Query": "select * from SalesReceipt where TotalAmt > '300.00'"},
    ]
    answer = http.post("/batch", json={"BatchItemRequest": items}).json()
    wanted = recorded("vcr_batch_basic__00_post_200.json")
    got, expected = answer["BatchItemResponse"], wanted["BatchItemResponse"]
    assert shape(answer, {"BatchItemResponse"}) == shape(wanted, {"BatchItemResponse"})
    assert shape(got[0]) == shape(expected[0])
    assert got[1] == expected[1]
    assert without_people(got[2]["Fault"]) == without_people(expected[2]["Fault"])
    assert shape(got[3], {"SalesReceipt"}) == shape(expected[3], {"SalesReceipt"})


def test_receipts_in_a_query_have_recorded_properties_only(crew, customer, recorded):
    line = {"Amount": 1, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {"ItemRef": {"value": "1"}}}
    crew.create("SalesReceipt", {"Line": [line], "CustomerRef": {"value": customer["Id"]}, "PrivateNote": "A note."})
    wanted = {}
    for each in recorded("vcr_all_sales_receipts__00_get_200.json")["QueryResponse"]["SalesReceipt"]:
        wanted |= each
    got = crew.query("select * from SalesReceipt")["SalesReceipt"][0]
    assert set(got) <= set(wanted)
