"""Whether somebody changed what stands in QuickBooks, and whether what was to be changed stands: asked of a simulated
company, which answers in recorded shapes."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mapping.standing import standing_hash, wanted_stands
from simulator.quickbooks.company import Company

D = Decimal
RECEIVABLE = "Accounts Receivable (A/R)"
DAY = {"TxnDate": "2026-05-01"}


class Desk:
    """A company of a kind with one document of each entity that is written for an order; sales on invoices are partly
    paid by `pay`."""

    def __init__(self, kind):
        self.company = Company(kind=kind)
        self.coded = not self.company.state.country.pseudo_codes
        self.company.add_item(name="A", sku="A")
        self.customer = self.ref("Customer", "Ada")

    def ref(self, entity, name):
        if entity == "Customer" and name not in {each["DisplayName"] for each in self.company.objects("Customer")}:
            self.company.create("Customer", {"DisplayName": name})
        return {"value": self.company.id_of(entity, name)}

    def line(self, amount="50.00", quantity=2):
        code = self.ref("TaxCode", "20.0% S") if self.coded else {"value": "TAX"}
        detail = {"ItemRef": self.ref("Item", "A"), "Qty": quantity, "UnitPrice": D(amount) / quantity}
        described = {"Description": "Product A", "Amount": D(amount), "DetailType": "SalesItemLineDetail"}
        return {**described, "SalesItemLineDetail": {**detail, "TaxCodeRef": code}}

    def taxed(self):
        if self.coded:
            return {"GlobalTaxCalculation": "TaxExcluded"}
        code = self.company.objects("TaxCode")[2]["Id"]
        block = {"TxnTaxCodeRef": {"value": code}, "TotalTax": D("4.13")}
        if self.company.kind == "us":
            rate = {"TaxRateRef": {"value": "3"}, "PercentBased": True, "TaxPercent": D("8.25")}
            block["TaxLine"] = [
                {"Amount": D("4.13"), "DetailType": "TaxLineDetail", "TaxLineDetail": {**rate, "NetAmountTaxable": 50}}
            ]
        return {"TxnTaxDetail": block}

    def form(self, entity, **header):
        money = {"DepositToAccountRef": self.ref("Account", "Card clearing")}
        body = {
            **DAY,
            "CustomerRef": self.customer,
            "Line": [self.line()],
            **self.taxed(),
            "BillEmail": {"Address": "ada@example.com"},
            "BillAddr": {"Line1": "Ada Byrne", "Line2": "1 Mill Lane", "City": "Austin"},
            "ShipAddr": {"Line1": "Ada Byrne", "City": "Austin"},
            "CustomerMemo": {"value": "Thank you"},
            "PrivateNote": "BigCommerce order 1001.\ncartledger:abc:order:1001",
            **({} if entity in ("Invoice", "CreditMemo") else money),
            **header,
        }
        return self.company.create(entity, body)

    def payment(self, invoice, amount):
        linked = [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]
        header = {**DAY, "CustomerRef": self.customer, "TotalAmt": D(amount)}
        money = {"DepositToAccountRef": self.ref("Account", "Card clearing")}
        line = {"Amount": D(amount), "LinkedTxn": linked}
        return self.company.create("Payment", {**header, **money, "Line": [line], "PrivateNote": "Order 1001"})

    def purchase(self):
        kind = "AccountBasedExpenseLineDetail"
        untaxed = {"GlobalTaxCalculation": "NotApplicable"} if self.coded else {}
        line = {"Amount": D("40.00"), "DetailType": kind, kind: {"AccountRef": self.ref("Account", RECEIVABLE)}}
        header = {**DAY, "PaymentType": "Cash", "AccountRef": self.ref("Account", "Card clearing"), **untaxed}
        whose = {"EntityRef": {**self.customer, "type": "Customer"}}
        return self.company.create("Purchase", {**header, **whose, "Line": [line], "PrivateNote": "Order 1001"})

    def transfer(self):
        accounts = {
            "FromAccountRef": self.ref("Account", "Card clearing"),
            "ToAccountRef": self.ref("Account", "PayPal clearing"),
        }
        return self.company.create("Transfer", {**DAY, **accounts, "Amount": D("5.00"), "PrivateNote": "Order 1001"})

    def made(self, entity):
        match entity:
            case "Payment":
                return self.payment(self.form("Invoice"), "10.00")
            case "Purchase":
                return self.purchase()
            case "Transfer":
                return self.transfer()
        return self.form(entity)

    def hash_now(self, entity, made):
        return standing_hash(self.company.read(entity, made["Id"]))


FORMS = ("SalesReceipt", "Invoice", "CreditMemo", "RefundReceipt")
ENTITIES = (*FORMS, "Payment", "Purchase", "Transfer")


@pytest.fixture(params=["us", "us_ast", "uk"])
def desk(request):
    return Desk(request.param)


@pytest.mark.parametrize("entity", ENTITIES)
def test_what_nobody_touched_reads_as_it_was_answered(desk, entity):
    made = desk.made(entity)
    stood = standing_hash(made)
    assert desk.hash_now(entity, made) == stood
    queried = next(each for each in desk.company.objects(entity) if each["Id"] == made["Id"])
    assert standing_hash(queried) == stood


@pytest.mark.parametrize("entity", ENTITIES)
def test_names_in_lists_and_merged_customers_are_nothing_of_the_document(desk, entity):
    made = desk.made(entity)
    stood = standing_hash(made)
    for listed, name, field in (("Customer", "Ada", "DisplayName"), ("Item", "A", "Name")):
        row = desk.company.read(listed, desk.company.id_of(listed, name))
        desk.company.update(
            listed, {"Id": row["Id"], "SyncToken": row["SyncToken"], "sparse": True, field: f"{name} renamed"}
        )
    assert desk.hash_now(entity, made) == stood
    desk.company.merge_customer(desk.customer["value"], desk.ref("Customer", "Bo")["value"])
    assert desk.hash_now(entity, made) == stood


def test_what_is_paid_or_deposited_is_the_same_invoice_or_receipt(desk):
    invoice = desk.form("Invoice")
    desk.payment(invoice, "10.00")
    now = desk.company.read("Invoice", invoice["Id"])
    assert now["SyncToken"] != invoice["SyncToken"]
    assert standing_hash(now) == standing_hash(invoice)
    receipt = desk.form("SalesReceipt", DepositToAccountRef=desk.ref("Account", "Undeposited Funds"))
    desk.company.deposit(("SalesReceipt", receipt["Id"]))
    now = desk.company.read("SalesReceipt", receipt["Id"])
    assert now["SyncToken"] != receipt["SyncToken"]
    assert standing_hash(now) == standing_hash(receipt)


def edits(desk, entity):
    """What a bookkeeper may change of a document, by what it is."""
    yield "day", {"TxnDate": "2026-05-02"}
    yield "note", {"PrivateNote": "Call back"}
    if entity in FORMS:
        yield "amount", {"Line": [desk.line("52.00")]}
        yield "quantity", {"Line": [desk.line(quantity=4)]}
        yield "words of a line", {"Line": [desk.line() | {"Description": "Product B"}]}
        yield "another line", {"Line": [desk.line(), {"Description": "Hello", "DetailType": "DescriptionOnly"}]}
        yield "item", {"Line": [desk.line() | {"SalesItemLineDetail": other_item(desk)}]}
        yield "number", {"DocNumber": "B-7"}
        yield "address", {"ShipAddr": {"Line1": "Ada Byrne", "City": "Dallas"}}
        yield "no address", {"BillAddr": None}
        yield "e-mail", {"BillEmail": {"Address": "ada@example.org"}}
        yield "message", {"CustomerMemo": {"value": "Thanks"}}
        yield "shipping", {"ShipDate": "2026-05-03"}
        yield "tracking", {"TrackingNum": "EX1"}
    if entity in ("SalesReceipt", "RefundReceipt", "Payment"):
        yield "account", {"DepositToAccountRef": desk.ref("Account", "PayPal clearing")}
        yield "method", {"PaymentMethodRef": desk.ref("PaymentMethod", "PayPal")}
        yield "reference", {"PaymentRefNum": "ch_7"}
    if entity == "Invoice":
        yield "due date", {"DueDate": "2026-07-01"}
    if entity == "Payment":
        yield "amount", {"TotalAmt": D("12.00")}
        yield "link", {"Line": []}
    if entity == "Purchase":
        yield "account", {"AccountRef": desk.ref("Account", "Checking")}
    if entity == "Transfer":
        yield "amount", {"Amount": D("6.00")}
        yield "account", {"ToAccountRef": desk.ref("Account", "Checking")}


def other_item(desk):
    desk.company.add_item(name="B", sku="B")
    return desk.line()["SalesItemLineDetail"] | {"ItemRef": desk.ref("Item", "B")}


@pytest.mark.parametrize("entity", ENTITIES)
def test_every_edit_shows(desk, entity):
    seen = set()
    for what, changes in edits(desk, entity):
        made = desk.made(entity)
        desk.company.edit_document(entity, made["Id"], **changes)
        assert desk.hash_now(entity, made) != standing_hash(made), what
        seen.add(what)
    assert {"day", "note"} < seen


@pytest.mark.parametrize("entity", FORMS)
def test_custom_fields_and_voids_show(desk, entity):
    number = desk.company.add_custom_field("PO")
    made = desk.form(entity)
    field = {"DefinitionId": number, "Type": "StringType", "StringValue": "2026-07"}
    desk.company.edit_document(entity, made["Id"], CustomField=[field])
    assert desk.hash_now(entity, made) != standing_hash(made)
    if entity in ("SalesReceipt", "Invoice"):
        made = desk.form(entity)
        desk.company.void_document(entity, made["Id"])
        assert desk.hash_now(entity, made) != standing_hash(made)


def test_what_quickbooks_has_of_an_item_or_of_a_map_is_not_looked_at(desk):
    made = desk.form("Invoice")
    looked_up = made | {
        "Line": [
            line
            | {
                "SalesItemLineDetail": line["SalesItemLineDetail"]
                | {"ItemAccountRef": {"value": "45"}, "TaxClassificationRef": {"value": "EUC-1"}}
            }
            if "SalesItemLineDetail" in line
            else line
            for line in made["Line"]
        ],
        "BillAddr": made["BillAddr"] | {"Id": "77", "Lat": "30.2", "Long": "-97.7", "Line3": ""},
        "EmailStatus": "EmailSent",
        "PrintStatus": "PrintComplete",
    }
    assert standing_hash(looked_up) == standing_hash(made)


# -- whether a change stands


def update_of(desk):
    """A change of everything that an order's document may change in."""
    return {
        "Id": "1",
        "SyncToken": "0",
        "sparse": True,
        "CurrencyRef": {"value": desk.company.home_currency},
        "BillAddr": {"Line1": "Bo", "Line2": "", "Line3": "", "City": "Dallas", "PostalCode": ""},
        "BillEmail": {"Address": "bo@example.com"},
        "ShipDate": "2026-05-04",
        "ShipMethodRef": {"value": "Flat Rate", "name": "Flat Rate"},
        "TrackingNum": "EX1",
        "CustomerMemo": {"value": "Ring twice"},
        "PrivateNote": "BigCommerce order 1001.\ncartledger:abc:order:1001",
        "Line": [desk.line("30.00", 3), desk.line("20.00", 1)],
        **desk.taxed(),
        "ShippingTaxIncludedInTotalTax": True,
        "ApplyTaxAfterDiscount": True,
    }


OTHERS = {
    "BillAddr": {"Line1": "Bo", "City": "Houston"},
    "BillEmail": {"Address": "bo@example.org"},
    "ShipDate": "2026-05-05",
    "ShipMethodRef": {"value": "Express"},
    "TrackingNum": "EX2",
    "CustomerMemo": {"value": "Ring once"},
    "PrivateNote": "Call back",
}


@pytest.mark.parametrize("entity", ["SalesReceipt", "Invoice"])
def test_a_change_stands_once_it_was_made(desk, entity):
    made = desk.form(entity)
    body = update_of(desk) | {"Id": made["Id"]}
    assert not wanted_stands(body, made)
    row = desk.company.update(entity, body)
    assert wanted_stands(body, row)
    assert wanted_stands(body, desk.company.read(entity, made["Id"]))


@pytest.mark.parametrize("field", OTHERS)
def test_a_change_does_not_stand_where_a_field_is_another_one(desk, field):
    made = desk.form("Invoice")
    body = update_of(desk) | {"Id": made["Id"]}
    desk.company.update("Invoice", body)
    desk.company.edit_document("Invoice", made["Id"], **{field: OTHERS[field]})
    assert not wanted_stands(body, desk.company.read("Invoice", made["Id"]))


@pytest.mark.parametrize(
    "lines",
    [
        lambda desk: [desk.line("30.00", 3)],
        lambda desk: [desk.line("20.00", 1), desk.line("30.00", 3)],
        lambda desk: [desk.line("30.00", 3), desk.line("20.01", 1)],
        lambda desk: [desk.line("30.00", 2), desk.line("20.00", 1)],
        lambda desk: [desk.line("30.00", 3), desk.line("20.00", 1), desk.line("1.00", 1)],
        lambda desk: [desk.line("30.00", 3), desk.line("20.00", 1) | {"Description": "Product B"}],
    ],
)
def test_a_change_does_not_stand_where_lines_are_others(desk, lines):
    made = desk.form("Invoice")
    body = update_of(desk) | {"Id": made["Id"]}
    desk.company.update("Invoice", body)
    desk.company.edit_document("Invoice", made["Id"], Line=lines(desk))
    assert not wanted_stands(body, desk.company.read("Invoice", made["Id"]))


def test_what_is_to_be_cleared_is_clear():
    body = {
        "ShipDate": None,
        "TrackingNum": "",
        "BillEmail": {"Address": ""},
        "CustomField": [],
        "BillAddr": {"City": ""},
    }
    unfilled = {"CustomField": [{"DefinitionId": "1", "Name": "PO", "Type": "StringType"}]}
    assert wanted_stands(body, unfilled)
    assert wanted_stands(body, {"BillAddr": {"Id": "7"}, "BillEmail": {"Address": ""}})
    for field in ("ShipDate", "TrackingNum"):
        assert not wanted_stands(body, unfilled | {field: "2026-05-01"})
    assert not wanted_stands(body, {"CustomField": [{"DefinitionId": "1", "StringValue": "2026-07"}]})
    assert not wanted_stands(body, {"BillAddr": {"City": "Austin"}})


def test_a_discount_on_the_whole_stands_wherever_quickbooks_puts_it(desk):
    off = {"Amount": D("5.00"), "DetailType": "DiscountLineDetail"}
    detail = {"PercentBased": False, **({"TaxCodeRef": desk.ref("TaxCode", "20.0% S")} if desk.coded else {})}
    lines = [desk.line("30.00", 3), off | {"DiscountLineDetail": detail}, desk.line("20.00", 1)]
    made = desk.form("Invoice")
    untaxed = {"TxnTaxDetail": {"TotalTax": 0}} if not desk.coded else {}
    body = {"Id": made["Id"], "SyncToken": made["SyncToken"], "sparse": True, "Line": lines} | untaxed
    row = desk.company.update("Invoice", body)
    assert wanted_stands({"Line": lines}, row)
    assert not wanted_stands({"Line": [lines[0], lines[1] | {"Amount": D("6.00")}, lines[2]]}, row)
    assert not wanted_stands({"Line": [lines[0], lines[2]]}, row)


def test_tax_is_looked_at_by_its_amounts(desk):
    made = desk.form("Invoice")
    total = made["TxnTaxDetail"]["TotalTax"]
    assert wanted_stands({"TxnTaxDetail": {"TxnTaxCodeRef": {"value": "99"}, "TotalTax": total}}, made)
    assert not wanted_stands({"TxnTaxDetail": {"TotalTax": total + D("0.01")}}, made)
    lines = [line | {"Amount": line["Amount"] + D("0.01")} for line in made["TxnTaxDetail"]["TaxLine"]]
    assert not wanted_stands({"TxnTaxDetail": {"TotalTax": total, "TaxLine": lines}}, made)
