# ruff: noqa: S608 - the API's own query language, no SQL
"""The query language."""

import datetime as dt
from decimal import Decimal

import pytest

D = Decimal


@pytest.fixture
def receipts(desk):
    """Three receipts, the latest first by date, not by number."""
    amounts = {"BC-1": "10.00", "BC-2": "20.00", "bc-3": "30.00"}
    days = {"BC-1": "2026-03-01", "BC-2": "2026-01-01", "bc-3": "2026-02-01"}
    return [
        desk.receipt(desk.line("B", amount), DocNumber=number, TxnDate=days[number], PrivateNote="a note")
        for number, amount in amounts.items()
    ]


@pytest.mark.parametrize(
    ("condition", "numbers"),
    [
        ("", ["BC-1", "bc-3", "BC-2"]),
        ("where DocNumber = 'bc-2'", ["BC-2"]),
        ("where DocNumber IN ('BC-1', 'BC-3', 'BC-9')", ["BC-1", "bc-3"]),
        ("where DocNumber like 'BC%' and TotalAmt >= '20.00'", ["bc-3", "BC-2"]),
        ("where DocNumber like '%-1'", ["BC-1"]),
        ("WHERE TotalAmt < 30 AND TotalAmt > 10", ["BC-2"]),
        ("where TxnDate <= '2026-02-01'", ["bc-3", "BC-2"]),
        ("where Id in ('1', '3')", ["BC-1", "bc-3"]),
        ("where MetaData.LastUpdatedTime > '2026-01-01T00:00:00-08:00'", ["BC-1", "bc-3", "BC-2"]),
        ("where MetaData.LastUpdatedTime > '2026-12-31T00:00:00Z'", []),
        ("ORDERBY Id", ["BC-1", "BC-2", "bc-3"]),
        ("order by TotalAmt desc", ["bc-3", "BC-2", "BC-1"]),
        ("orderby TxnDate asc, Id STARTPOSITION 2 MAXRESULTS 1", ["bc-3"]),
        ("maxresults 1 startposition 3", ["BC-2"]),
        ("startposition 4", []),
    ],
)
def test_receipts_found(company, receipts, condition, numbers):
    answer = company.query(f"select * from SalesReceipt {condition}")
    assert [each["DocNumber"] for each in answer.get("SalesReceipt", [])] == numbers


def test_entity_names_and_keywords_have_no_case(company, receipts):
    assert company.query("SeLeCt CoUnT(*) FrOm salesreceipt") == {"totalCount": 3}


def test_pages_are_a_hundred_long_unless_asked_and_a_thousand_at_most(desk, company):
    for number in range(101):
        company.create("Class", {"Name": f"Class {number}"})
    assert company.query("select * from Class")["maxResults"] == 100
    assert company.query("select * from Class maxresults 1000")["maxResults"] == 103
    assert desk.refused(company.query, "select * from Class maxresults 1001") == ["4001"]


def test_ids_are_ordered_as_numbers(company):
    ids = [int(each["Id"]) for each in company.query("select * from Account orderby Id")["Account"]]
    assert ids == sorted(ids)
    assert ids[-1] > 10


@pytest.mark.parametrize("entity", ["Customer", "Item", "Account"])
def test_inactive_names_are_shown_on_demand_only(company, entity):
    first = company.objects(entity)[0]
    name = "DisplayName" if entity == "Customer" else "Name"
    total = len(company.objects(entity))
    company.update(entity, {"Id": first["Id"], "SyncToken": "0", "sparse": True, "Active": False})
    count = f"select count(*) from {entity} "
    assert company.query(count) == {"totalCount": total - 1}
    assert company.query(count + "where Active in (true, false)") == {"totalCount": total}
    assert company.query(count + "where Active = false") == {"totalCount": 1}
    assert company.query(count + f"where {name} = '{first[name]}'") == {"totalCount": 0}


def test_items_by_sku_and_stock_changed_since(desk, company, clock):
    clock.now += 3600
    since = company.now().isoformat(timespec="seconds")
    clock.now += 60
    desk.receipt(desk.line("A", "25.00", qty="1"), desk.line("B", "1.00", qty="1"))
    changed = company.query(f"select * from Item where Type = 'Inventory' and Metadata.LastUpdatedTime > '{since}'")
    assert [item["Sku"] for item in changed["Item"]] == ["A-1"]
    assert company.query("select * from Item where Sku = 'b-1'")["Item"][0]["Name"] == "B"


PAGED = "SELECT * FROM Item WHERE Type = 'Inventory' AND Active IN (true, false) ORDERBY Id"


@pytest.fixture
def stock(company, clock):
    """25 inventory items in all, one of them inactive, made a minute apart from one another."""
    for number in range(2, 26):
        clock.now += 60
        made = company.add_item(name=f"A {number:02}", sku=f"A-{number}", kind="inventory", quantity=D(number))
    company.edit_item(made["Id"], Active=False)
    return [item["Id"] for item in company.objects("Item") if item["Type"] == "Inventory"]


def test_stock_is_paged_by_id(company, stock):
    count = company.query(PAGED.removesuffix(" ORDERBY Id").replace("*", "COUNT(*)"))
    assert count == {"totalCount": 25}
    pages = [company.query(f"{PAGED} STARTPOSITION {start} MAXRESULTS 10") for start in (1, 11, 21)]
    assert [(page["startPosition"], page["maxResults"]) for page in pages] == [(1, 10), (11, 10), (21, 5)]
    assert [item["Id"] for page in pages for item in page["Item"]] == stock
    assert company.query(f"{PAGED} STARTPOSITION 26 MAXRESULTS 10") == {}


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("Type = 'inventory'", 24),
        ("Type = 'Inventory' AND Active = true", 24),
        ("Type = 'Inventory' AND Active = false", 1),
        ("Type = 'Inventory' AND Active IN (true, false)", 25),
        ("Type IN ('Inventory', 'NonInventory') AND Sku LIKE 'A-%'", 24),
        ("Type = 'Inventory' AND MetaData.LastUpdatedTime > '{}'", 4),
        ("Type = 'Inventory' AND Active IN (true, false) AND MetaData.LastUpdatedTime > '{}'", 5),
        ("Type = 'Inventory' AND MetaData.LastUpdatedTime >= '{}'", 5),
    ],
)
def test_stock_found(company, stock, clock, condition, found):
    """The time is the company's own, or said with another offset."""
    fifth_last = company.now() - dt.timedelta(minutes=5)
    for moment in (fifth_last, fifth_last.astimezone(dt.UTC)):
        statement = f"select count(*) from Item where {condition.format(moment.isoformat(timespec='seconds'))}"
        assert company.query(statement) == {"totalCount": found}


def test_stock_by_id(company, stock):
    some = stock[3:8]
    listed = ", ".join(f"'{each}'" for each in reversed(some))
    assert [
        item["Id"] for item in company.query(f"select * from Item where Id in ({listed}) orderby Id")["Item"]
    ] == some
    gone = f"select * from Item where Id in ('{stock[-1]}')"
    assert company.query(gone) == {}
    assert company.query(f"{gone} and Active in (true, false)")["maxResults"] == 1


def test_the_filter_by_type_was_reported_to_leak(company, stock):
    company.type_filter = False
    assert {item["Type"] for item in company.query(f"{PAGED} MAXRESULTS 1000")["Item"]} > {"Inventory"}
    everything = len(company.objects("Item"))
    assert company.query("select count(*) from Item where Type = 'Inventory' and Active in (true, false)") == {
        "totalCount": everything
    }


def test_customers_by_email_and_quoted_names(desk, company):
    mail = {"Address": "Orders@quill.example.com"}
    company.create("Customer", {"DisplayName": r"O'Hara \ Quill & Co", "PrimaryEmailAddr": mail})
    by_mail = company.query("select * from Customer where PrimaryEmailAddr = 'orders@quill.example.com'")
    by_name = company.query(r"select * from Customer where DisplayName = 'O\'Hara \\ Quill & Co'")
    assert by_mail["Customer"] == by_name["Customer"]


def test_documents_of_a_customer(desk, company):
    customer = desk.customer()
    desk.receipt(desk.line("B", "1.00"), CustomerRef=customer)
    desk.receipt(desk.line("B", "1.00"))
    statement = f"select count(*) from SalesReceipt where CustomerRef = '{customer['value']}'"
    assert company.query(statement) == {"totalCount": 1}


def test_payments_by_reference(desk, company):
    invoice = desk.invoice(desk.line("B", "9.00"), CustomerRef=desk.customer())
    desk.pay(invoice, "9.00", PaymentRefNum="BC-7")
    assert company.query("select * from Payment where PaymentRefNum = 'BC-7'")["maxResults"] == 1
    assert company.query("select * from Invoice where Balance = '0'")["maxResults"] == 1


def test_tax_codes_begin_with_the_two_pseudo_codes(company):
    codes = company.query("select * from TaxCode orderby Id")["TaxCode"]
    assert {code["Id"] for code in codes} >= {"TAX", "NON", "2"}


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("", "4000"),
        ("delete from Customer", "4000"),
        ("select DocNumber from Invoice", "4000"),
        ("select * from Customer where DisplayName = Petra", "4000"),
        ("select * from Customer where DisplayName = 'Petra", "4000"),
        ("select * from Customer where DisplayName = 'O''Hara'", "4000"),
        ("select * from Customer where DisplayName != 'Petra'", "4000"),
        ("select * from Customer where DisplayName = 'A' or DisplayName = 'B'", "4000"),
        ("select * from Customer where Id in ()", "4000"),
        ("select * from Customer maxresults ten", "4000"),
        ("select * from Customer;", "4000"),
        ("select * from Estimate", "4001"),
        ("select * from Customer where Email = 'x'", "4001"),
        ("select * from SalesReceipt where PrivateNote = 'x'", "4001"),
        ("select * from SalesReceipt where Line.Amount = 1", "4001"),
        ("select * from Payment where DocNumber = 'x'", "4001"),
        ("select * from Vendor where PrimaryEmailAddr = 'x@example.com'", "4001"),
        ("select * from Item where QtyOnHand > 0", "4001"),
        ("select * from Customer where Id > '3'", "4001"),
        ("select * from SalesReceipt where TotalAmt > 'much'", "4001"),
    ],
)
def test_statements_that_are_refused(desk, company, receipts, statement, code):
    assert desk.refused(company.query, statement) == [code]
