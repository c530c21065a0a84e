"""What the sales forms refuse, and what they answer with."""

from decimal import Decimal

import pytest

from simulator.quickbooks.company import Company
from simulator.quickbooks.errors import FaultError

D = Decimal


@pytest.fixture
def line(desk):
    return desk.line("B", "10.00", qty="1", price="10")


def text(description):
    return {"DetailType": "DescriptionOnly", "Description": description}


def discount(amount=None, **detail):
    line = {"DetailType": "DiscountLineDetail", "DiscountLineDetail": {"PercentBased": False, **detail}}
    return line if amount is None else {**line, "Amount": D(amount)}


@pytest.mark.parametrize(
    ("header", "codes"),
    [
        ({"DocNumber": "x" * 22}, ["2050"]),
        ({"PrivateNote": "x" * 4001}, ["2050"]),
        ({"DocNumber": "x" * 22, "TxnDate": "2026-02-30"}, ["2050", "2070"]),
        ({"TxnDate": "6 Jan 2026"}, ["2070"]),
        ({"PrintStatus": "Printed"}, ["2170"]),
        ({"ApplyTaxAfterDiscount": "yes"}, ["2230"]),
        ({"BillEmail": {"Address": "nowhere"}}, ["2210"]),
        ({"BillAddr": {"Line1": "x" * 501}}, ["2050"]),
        ({"BillAddr": {"Street": "x"}}, ["2010"]),
        ({"Note": "x"}, ["2010"]),
        ({"PrivateNote": "smile \U0001f600"}, ["2040"]),
        ({"CustomerRef": {"name": "Petra"}}, ["2020"]),
        ({"CustomerRef": {"value": "4711"}}, ["2500"]),
        ({"DepositToAccountRef": {"value": "4711"}}, ["2500"]),
        ({"PaymentMethodRef": {"value": "4711"}}, ["2500"]),
        ({"PaymentRefNum": "x" * 22}, ["2050"]),
        ({"CurrencyRef": {"value": "EUR"}}, ["6000"]),
        ({"EmailStatus": "NeedToSend"}, ["6420"]),
    ],
)
def test_headers_that_are_refused(desk, line, header, codes):
    assert desk.refused(desk.receipt, line, **header) == codes
    assert desk.company.objects("SalesReceipt") == []


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({"DetailType": None}, ["2020"]),
        ({"Amount": None}, ["2020"]),
        ({"Amount": D("10.005")}, ["2140"]),
        ({"Amount": "10.00"}, ["2140"]),
        ({"Amount": D("10.01")}, ["6070"]),
        ({"Description": "x" * 4001}, ["2050"]),
        ({"DetailType": "DepositLineDetail"}, ["6000"]),
        ({"SalesItemLineDetail": {"ItemRef": {"value": "4711"}}}, ["2500"]),
        ({"SalesItemLineDetail": {"ItemRef": {"value": "1"}, "TaxCodeRef": {"value": "2"}}}, ["6100"]),
        ({"SalesItemLineDetail": {"ItemRef": {"value": "1"}, "Price": 10}}, ["2010"]),
        ({"SalesItemLineDetail": {"ItemRef": {"value": "1"}, "UnitPrice": D("0.12345678")}}, ["2110"]),
    ],
)
def test_lines_that_are_refused(desk, line, change, codes):
    changed = {name: each for name, each in {**line, **change}.items() if each is not None}
    assert desk.refused(desk.receipt, changed) == codes


def test_a_form_needs_lines(desk, company):
    assert desk.refused(desk.receipt) == ["2250"]
    assert desk.refused(company.create, "SalesReceipt", {}) == ["2020"]


def test_several_errors_come_in_one_fault(desk, company):
    assert desk.refused(company.create, "Invoice", {"Line": [{}, {"DetailType": "SalesItemLineDetail"}]}) == [
        "2020",  # CustomerRef
        "2020",  # Line.DetailType
        "2020",  # Line.Amount
        "2020",  # Line.SalesItemLineDetail
    ]


@pytest.mark.parametrize(
    ("qty", "price", "amount", "codes"),
    [
        ("128.350", "14.50", "1861.08", None),  # 1861.075 is rounded half up
        ("128.350", "14.50", "1861.07", ["6070"]),
        ("15", "0.5306667", "7.96", None),
        ("3", "3.33", "10.00", ["6070"]),
        ("3", "3.3333333", "10.00", None),
        ("-1", "8", "-8.00", None),
    ],
)
def test_amounts_are_rounded_half_up(desk, qty, price, amount, codes):
    cover = desk.line("B", "5000.00")
    line = desk.line("B", amount, qty=qty, price=price)
    if codes is None:
        assert desk.receipt(cover, line)["TotalAmt"] == D("5000.00") + D(amount)
    else:
        assert desk.refused(desk.receipt, cover, line) == codes


def test_the_refused_amount_is_named_with_a_thousands_separator(desk, company):
    with pytest.raises(FaultError, match=r"Supplied value:1,861\.07$"):
        desk.receipt(desk.line("B", "1861.07", qty="128.35", price="14.5"))


def test_quantity_alone_and_price_alone_stand_as_sent(desk):
    receipt = desk.receipt(desk.line("B", "10.00", qty="3"), desk.line("B", "10.00", price="3.33"))
    details = [line["SalesItemLineDetail"] for line in receipt["Line"][:2]]
    assert [("Qty" in each, "UnitPrice" in each) for each in details] == [(True, False), (False, True)]
    assert receipt["TotalAmt"] == 20


def test_a_total_below_zero_is_refused(desk, line):
    assert desk.refused(desk.receipt, line, desk.line("Discount", "-10.01")) == ["6000"]
    assert desk.receipt(line, desk.line("Discount", "-10.00"))["TotalAmt"] == 0


def test_lines_are_numbered_and_followed_by_a_subtotal(desk, line):
    receipt = desk.receipt(line, text("With thanks"), desk.line("Fee", "2.50"))
    ids = [(each.get("Id"), each.get("LineNum"), each["DetailType"]) for each in receipt["Line"]]
    assert ids == [
        ("1", 1, "SalesItemLineDetail"),
        ("2", 2, "DescriptionOnly"),
        ("3", 3, "SalesItemLineDetail"),
        (None, None, "SubTotalLineDetail"),
    ]
    assert receipt["Line"][3]["Amount"] == D("12.50")
    assert receipt["Line"][0]["SalesItemLineDetail"]["TaxCodeRef"] == {"value": "NON"}


def test_a_line_without_an_item_is_text(desk, line):
    orphan = {"Amount": D("7.00"), "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {}}
    receipt = desk.receipt(line, {**orphan, "Description": "Free text"})
    assert receipt["TotalAmt"] == 10
    assert receipt["Line"][1]["DetailType"] == "DescriptionOnly"


def test_stock_needs_a_quantity_and_a_date_after_its_start(desk):
    assert desk.refused(desk.receipt, desk.line("A", "25.00")) == ["6520"]
    early = desk.line("A", "25.00", qty="1")
    assert desk.refused(desk.receipt, early, TxnDate="2014-12-31") == ["6270"]


def test_selling_below_zero_is_allowed(desk, company):
    desk.receipt(desk.line("A", "2525.00", qty="101", price="25"))
    assert company.query("select * from Item where Name = 'A'")["Item"][0]["QtyOnHand"] == -1


def test_a_sale_moves_the_items_time_and_not_its_token(desk, company, clock):
    before = company.read("Item", company.id_of("Item", "A"))
    clock.now += 60
    desk.receipt(desk.line("A", "25.00", qty="1"))
    after = company.read("Item", before["Id"])
    assert (after["QtyOnHand"], after["SyncToken"]) == (99, before["SyncToken"])
    assert after["MetaData"]["LastUpdatedTime"] > before["MetaData"]["LastUpdatedTime"]
    assert after["MetaData"]["CreateTime"] == before["MetaData"]["CreateTime"]


# -- shipping and discount lines


def test_the_shipping_line_posts_to_the_shipping_account(desk, line):
    receipt = desk.receipt(line, desk.line("SHIPPING_ITEM_ID", "5.00"))
    entries = desk.company.entries("SalesReceipt", receipt["Id"])
    assert (entries["Shipping income"], receipt["TotalAmt"]) == (D("-5.00"), 15)


def test_shipping_lines_that_are_refused(desk, line, company):
    shipping = desk.line("SHIPPING_ITEM_ID", "5.00")
    assert desk.refused(desk.receipt, line, shipping, shipping) == ["6000"]
    assert desk.refused(desk.receipt, line, desk.line("SHIPPING_ITEM_ID", "5.00", qty="1")) == ["2600"]
    company.preferences["SalesFormsPrefs"]["AllowShipping"] = False
    assert desk.refused(desk.receipt, line, shipping) == ["6000"]


def test_a_percentage_is_taken_off_the_subtotal(desk, line):
    receipt = desk.receipt(line, discount(PercentBased=True, DiscountPercent=D("33.3")))
    assert receipt["TotalAmt"] == D("6.67")
    assert desk.company.entries("SalesReceipt", receipt["Id"])["Discounts given"] == D("3.33")


def test_discount_lines_that_are_refused(desk, line, company):
    assert desk.refused(desk.receipt, line, discount("1"), discount("1")) == ["6000"]
    assert desk.refused(desk.receipt, line, discount("-1")) == ["2290"]
    assert desk.refused(desk.receipt, line, discount()) == ["6090"]
    assert desk.refused(desk.receipt, line, discount(PercentBased=True)) == ["6090"]
    company.preferences["SalesFormsPrefs"]["AllowDiscount"] = False
    assert desk.refused(desk.receipt, line, discount("1")) == ["6000"]


# -- accounts, closed books, numbers


@pytest.mark.parametrize("account", ["Sales", "Gift certificates", "Accounts Receivable (A/R)"])
def test_money_is_deposited_to_banks_and_current_assets(desk, line, account):
    assert desk.refused(desk.receipt, line, DepositToAccountRef=desk.ref("Account", account)) == ["6430"]


def test_a_receipt_without_an_account_goes_to_undeposited_funds(desk, line):
    assert desk.receipt(line)["DepositToAccountRef"]["name"] == "Undeposited Funds"


def test_a_refund_needs_an_account(desk, line, company):
    assert desk.refused(company.create, "RefundReceipt", {"Line": [line]}) == ["2020"]


def test_closed_books_stay_closed(desk, line, company):
    old = desk.receipt(line, TxnDate="2026-03-31")
    company.preferences["AccountingInfoPrefs"]["BookCloseDate"] = "2026-03-31"
    change = {"Id": old["Id"], "SyncToken": "0", "sparse": True}
    assert desk.refused(desk.receipt, line, TxnDate="2026-03-31") == ["6210"]
    assert desk.refused(company.update, "SalesReceipt", {**change, "TxnDate": "2026-04-01"}) == ["6210"]
    assert desk.refused(company.void, "SalesReceipt", change) == ["6210"]
    assert desk.refused(company.delete, "SalesReceipt", change) == ["6210"]
    new = desk.receipt(line, TxnDate="2026-04-01")
    back = {"Id": new["Id"], "SyncToken": "0", "sparse": True, "TxnDate": "2026-03-31"}
    assert desk.refused(company.update, "SalesReceipt", back) == ["6210"]


def test_a_number_is_used_once_for_each_type(desk, line, company):
    first = desk.receipt(line, DocNumber="BC-1")
    with pytest.raises(
        Exception, match=rf"DocNumber=BC-1 is assigned to TxnType=Sales Receipt with TxnId={first['Id']}"
    ):
        desk.receipt(line, DocNumber="BC-1")
    assert desk.invoice(line, DocNumber="BC-1", CustomerRef=desk.customer())["DocNumber"] == "BC-1"
    company.warn_duplicates = False
    assert desk.receipt(line, DocNumber="BC-1")["DocNumber"] == "BC-1"


def test_a_number_is_free_again_after_deletion_and_not_after_voiding(desk, line, company):
    first = desk.receipt(line, DocNumber="BC-1")
    company.void("SalesReceipt", {"Id": first["Id"], "SyncToken": "0"})
    assert desk.refused(desk.receipt, line, DocNumber="BC-1") == ["6140"]
    company.delete("SalesReceipt", {"Id": first["Id"], "SyncToken": "1"})
    assert desk.receipt(line, DocNumber="BC-1")["DocNumber"] == "BC-1"


def test_numbers_of_the_sender_or_of_the_company(desk, line, company):
    assert "DocNumber" not in desk.receipt(line)
    assert desk.receipt(line, DocNumber="AUTO_GENERATE")["DocNumber"] == "1001"
    desk.receipt(line, DocNumber="App_1099")
    company.preferences["SalesFormsPrefs"]["CustomTxnNumbers"] = False
    assert desk.receipt(line)["DocNumber"] == "App_1100"
    assert desk.invoice(line, CustomerRef=desk.customer())["DocNumber"] == "App_1101"


# -- invoices


def test_an_invoice_takes_addresses_and_due_date_from_the_customer(desk, line, company):
    address = {"Line1": "1 Mill Road", "City": "Berkeley"}
    customer = company.create("Customer", {"DisplayName": "Mill Road", "BillAddr": address})
    invoice = desk.invoice(line, CustomerRef={"value": customer["Id"]}, TxnDate="2026-01-31")
    assert invoice["BillAddr"] == customer["BillAddr"]
    assert "ShipAddr" not in invoice
    assert invoice["DueDate"] == "2026-03-02"
    terms = desk.ref("Term", "Net 15")
    later = desk.invoice(line, CustomerRef={"value": customer["Id"]}, TxnDate="2026-01-31", SalesTermRef=terms)
    assert later["DueDate"] == "2026-02-15"


@pytest.mark.parametrize("entity", ["Invoice", "CreditMemo"])
def test_forms_on_account_need_a_customer(desk, line, company, entity):
    assert desk.refused(company.create, entity, {"Line": [line]}) == ["2020"]


def test_a_credit_memo_lowers_what_is_owed(desk, line, company):
    customer = desk.customer()
    memo = company.create("CreditMemo", {"Line": [line], "CustomerRef": customer})
    assert memo["RemainingCredit"] == 10
    assert company.read("Customer", customer["value"])["Balance"] == -10
    assert desk.refused(company.void, "CreditMemo", {"Id": memo["Id"], "SyncToken": "0"}) == ["500"]


def test_a_home_currency_other_than_the_dollar():
    company = Company(home_currency="AUD")
    line = {"Amount": 1, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {"ItemRef": {"value": "1"}}}
    receipt = company.create("SalesReceipt", {"Line": [line], "CurrencyRef": {"value": "AUD"}})
    assert receipt["CurrencyRef"] == {"value": "AUD", "name": "Australian Dollar"}
    with pytest.raises(FaultError, match="Multi Currency should be enabled"):
        company.create("SalesReceipt", {"Line": [line], "CurrencyRef": {"value": "USD"}})


def test_classes_and_locations_are_kept_where_they_are_tracked(desk, line, company):
    header = {"ClassRef": desk.ref("Class", "Web"), "DepartmentRef": desk.ref("Department", "Web store")}
    dropped = desk.receipt(line, **header)
    assert not {"ClassRef", "DepartmentRef"} & set(dropped)
    company.preferences["AccountingInfoPrefs"] |= {"ClassTrackingPerTxn": True, "TrackDepartments": True}
    kept = desk.receipt(line, **header)
    assert (kept["ClassRef"]["name"], kept["DepartmentRef"]["name"]) == ("Web", "Web store")
    assert desk.refused(desk.receipt, line, ClassRef={"value": "99"}) == ["2500"]


@pytest.mark.parametrize("place", ["form", "line"])
def test_a_class_is_kept_where_the_company_tracks_it_and_ignored_elsewhere(desk, line, company, place):
    preference = "ClassTrackingPerTxn" if place == "form" else "ClassTrackingPerTxnLine"
    company.preferences["AccountingInfoPrefs"][preference] = True
    web = desk.ref("Class", "Web")
    on_line = {**line, "SalesItemLineDetail": {**line["SalesItemLineDetail"], "ClassRef": web}}
    receipt = desk.receipt(on_line, ClassRef=web)
    kept = {"form": "ClassRef" in receipt, "line": "ClassRef" in receipt["Line"][0]["SalesItemLineDetail"]}
    assert kept == {"form": place == "form", "line": place == "line"}


def test_the_discount_line_has_its_class_where_lines_have_classes(desk, line, company):
    web = desk.ref("Class", "Web")
    discount = {"Amount": 1, "DetailType": "DiscountLineDetail", "DiscountLineDetail": {"ClassRef": web}}
    assert "ClassRef" not in desk.receipt(line, discount)["Line"][-1]["DiscountLineDetail"]
    company.preferences["AccountingInfoPrefs"]["ClassTrackingPerTxnLine"] = True
    assert desk.receipt(line, discount)["Line"][-1]["DiscountLineDetail"]["ClassRef"]["value"] == web["value"]
    discount["DiscountLineDetail"] = {"ClassRef": {"value": "99"}}
    assert desk.refused(desk.receipt, line, discount) == ["2500"]


def test_an_unknown_class_on_a_line_is_refused_where_lines_have_classes(desk, line, company):
    unknown = {**line, "SalesItemLineDetail": {**line["SalesItemLineDetail"], "ClassRef": {"value": "99"}}}
    assert desk.receipt(unknown)["TotalAmt"] == desk.receipt(line)["TotalAmt"]
    company.preferences["AccountingInfoPrefs"]["ClassTrackingPerTxnLine"] = True
    assert desk.refused(desk.receipt, unknown) == ["2500"]


def test_custom_fields_are_the_companys_definitions(desk, line, company):
    assert [company.add_custom_field(name) for name in ("Order", "Channel", "Rep")] == ["1", "2", "3"]
    with pytest.raises(ValueError, match="three"):
        company.add_custom_field("Fourth")
    sent = [
        {"DefinitionId": "2", "Name": "Anything", "Type": "StringType", "StringValue": "Web"},
        {"DefinitionId": "4", "Type": "StringType", "StringValue": "lost"},
    ]
    assert desk.receipt(line, CustomField=sent)["CustomField"] == [
        {"DefinitionId": "1", "Name": "Order", "Type": "StringType"},
        {"DefinitionId": "2", "Name": "Channel", "Type": "StringType", "StringValue": "Web"},
        {"DefinitionId": "3", "Name": "Rep", "Type": "StringType"},
    ]
    sent[0]["StringValue"] = "x" * 32
    assert desk.refused(desk.receipt, line, CustomField=sent) == ["2050"]


def test_a_custom_field_that_is_switched_off_is_not_on_the_form(desk, line, company):
    company.add_custom_field("Channel")
    company.add_custom_field("Rep")
    fields = company.preferences["SalesFormsPrefs"]["CustomField"]
    (switch,) = (each for group in fields for each in group["CustomField"] if each["Name"].endswith("UseSalesCustom1"))
    switch["BooleanValue"] = False
    sent = [{"DefinitionId": "1", "Type": "StringType", "StringValue": "Web"}]
    assert desk.receipt(line, CustomField=sent)["CustomField"] == [
        {"DefinitionId": "2", "Name": "Rep", "Type": "StringType"}
    ]


def test_how_it_was_shipped_is_text(desk, line):
    shipped = {"ShipDate": "2026-05-02", "ShipMethodRef": {"value": "Flat Rate", "name": "Flat Rate"}}
    receipt = desk.receipt(line, **shipped, TrackingNum="x" * 31)
    assert {name: receipt[name] for name in shipped} == shipped
    assert desk.refused(desk.receipt, line, TrackingNum="x" * 32) == ["2050"]


@pytest.mark.parametrize("enabled", [True, False])
def test_cards_are_taken_online_by_companies_that_have_payments(desk, line, company, enabled):
    company.preferences["SalesFormsPrefs"]["ETransactionPaymentEnabled"] = enabled
    invoice = desk.invoice(line, CustomerRef=desk.customer(), AllowOnlineCreditCardPayment=True)
    assert (invoice["AllowOnlineCreditCardPayment"], invoice["AllowOnlineACHPayment"]) == (enabled, False)


def test_the_default_message_is_not_put_on_what_the_api_makes(desk, line, company):
    assert company.preferences["SalesFormsPrefs"]["DefaultCustomerMessage"]
    assert "CustomerMemo" not in desk.receipt(line)
    assert desk.receipt(line, CustomerMemo={"value": "Enjoy"})["CustomerMemo"] == {"value": "Enjoy"}
