"""What a person does in the company's pages, and what of it the API is refused afterwards."""

from decimal import Decimal

import pytest

D = Decimal
RECEIVABLE = "Accounts Receivable (A/R)"


@pytest.fixture
def documents(desk, company):
    """One of each kind of transaction, all of 2026-05-20; entity -> id."""
    day = {"TxnDate": "2026-05-20"}
    customer = desk.customer()
    receipt = desk.receipt(desk.line("B", "10.00"), **day)
    invoice = desk.invoice(desk.line("B", "10.00"), CustomerRef=customer, **day)
    sides = {
        "FromAccountRef": desk.ref("Account", "Card clearing"),
        "ToAccountRef": desk.ref("Account", "PayPal clearing"),
    }
    deposited = desk.receipt(desk.line("B", "10.00"), **day)
    made = {
        "SalesReceipt": receipt,
        "Invoice": invoice,
        "CreditMemo": desk.memo(desk.line("B", "10.00"), CustomerRef=customer, **day),
        "RefundReceipt": desk.refund(desk.line("Returned", "10.00"), **day),
        "Payment": desk.pay(invoice, "10.00", **day),
        "Purchase": desk.send_back(customer, desk.spent(RECEIVABLE, "10.00"), **day),
        "Transfer": company.create("Transfer", {**sides, "Amount": 10, **day}),
        "Deposit": company.deposit(("SalesReceipt", deposited["Id"]), day="2026-05-20"),
    }
    return {entity: each["Id"] for entity, each in made.items()}


KINDS = ["SalesReceipt", "Invoice", "CreditMemo", "RefundReceipt", "Payment", "Purchase", "Transfer", "Deposit"]
VOIDED = ["SalesReceipt", "Invoice", "Payment"]


def identity(company, entity, record_id):
    again = {"PaymentType": "Cash"} if entity == "Purchase" else {}
    return {"Id": record_id, "SyncToken": company.read(entity, record_id)["SyncToken"], "sparse": True, **again}


# -- void and delete


@pytest.mark.parametrize("entity", KINDS)
def test_what_can_be_voided(desk, company, documents, entity):
    body = identity(company, entity, documents[entity])
    if entity in VOIDED:
        company.void(entity, body)
        assert company.entries(entity, documents[entity]) == {}
        assert company.read(entity, documents[entity])["TotalAmt"] == 0
    else:
        before = company.read(entity, documents[entity])
        assert desk.refused(company.void, entity, body) == ["500"]
        assert company.read(entity, documents[entity]) == before


@pytest.mark.parametrize("entity", KINDS)
def test_what_is_deleted_is_gone(desk, company, documents, entity):
    record_id = documents[entity]
    answer = company.delete(entity, identity(company, entity, record_id))
    assert answer == {"domain": "QBO", "status": "Deleted", "Id": record_id}
    assert desk.refused(company.read, entity, record_id) == ["610"]
    assert desk.refused(company.update, entity, {"Id": record_id, "SyncToken": "0"}) == ["610"]
    assert desk.refused(company.delete, entity, {"Id": record_id, "SyncToken": "0"}) == ["610"]
    found = company.query(f"select * from {entity}").get(entity, [])  # noqa: S608 - the API's own language
    assert record_id not in [each["Id"] for each in found]
    assert company.entries(entity, record_id) == {}


@pytest.mark.parametrize("entity", ["CreditMemo", "RefundReceipt", "Purchase", "Transfer", "Deposit"])
def test_over_http_single_and_in_a_batch(http, company, documents, entity):
    record_id = documents[entity]
    path, body = f"/{entity.lower()}", identity(company, entity, record_id)
    assert http.get(f"{path}/{record_id}").json()[entity]["Id"] == record_id
    assert http.post(path, params={"operation": "void"}, json=body).json()["Fault"]["Error"][0]["code"] == "500"
    voiding = {"bId": "1", "operation": "update", "optionsData": "void", entity: body}
    deleting = {"bId": "2", "operation": "delete", entity: {"Id": record_id, "SyncToken": body["SyncToken"]}}
    answers = http.post("/batch", json={"BatchItemRequest": [voiding, deleting]}).json()["BatchItemResponse"]
    assert answers[0]["Fault"]["Error"][0]["code"] == "500"
    assert answers[1][entity] == {"domain": "QBO", "status": "Deleted", "Id": record_id}
    gone = http.get(f"{path}/{record_id}")
    assert (gone.status_code, gone.json()["Fault"]["Error"][0]["code"]) == (400, "610")
    again = http.post(path, params={"operation": "delete"}, json=deleting[entity])
    assert again.json()["Fault"]["Error"][0]["code"] == "610"


# -- closed books


@pytest.mark.parametrize("entity", KINDS)
def test_nothing_of_a_closed_day_is_written(desk, company, documents, entity):
    company.close_books("2026-05-20")
    record_id = documents[entity]
    before = company.read(entity, record_id)
    body = identity(company, entity, record_id)
    assert desk.refused(company.update, entity, {**body, "PrivateNote": "x"}) == ["6210"]
    assert desk.refused(company.update, entity, {**body, "TxnDate": "2026-06-01"}) == ["6210"]
    assert desk.refused(company.delete, entity, body) == ["6210"]
    if entity in VOIDED:
        assert desk.refused(company.void, entity, body) == ["6210"]
    assert company.read(entity, record_id) == before
    company.close_books("2026-05-19")
    assert desk.refused(company.update, entity, {**body, "TxnDate": "2026-05-19"}) == ["6210"]
    assert company.update(entity, {**body, "PrivateNote": "x"})["PrivateNote"] == "x"


@pytest.mark.parametrize("entity", [each for each in KINDS if each != "Deposit"])
def test_nothing_new_is_dated_on_a_closed_day(desk, company, documents, entity):
    company.close_books("2026-05-20")
    shown = company.read(entity, documents[entity])
    server = {"Id", "SyncToken", "MetaData", "LinkedTxn", "Balance", "DocNumber"}
    body = {name: each for name, each in shown.items() if name not in server}
    if entity == "Payment":
        body["Line"] = []
    count = len(company.objects(entity))
    assert desk.refused(company.create, entity, body) == ["6210"]
    assert len(company.objects(entity)) == count
    assert company.create(entity, {**body, "TxnDate": "2026-05-21"})["TxnDate"] == "2026-05-21"


def test_books_are_opened_again(desk, company):
    company.close_books("2026-05-20")
    assert desk.refused(desk.receipt, desk.line("B", "10.00"), TxnDate="2026-05-20") == ["6210"]
    company.close_books(None)
    assert desk.receipt(desk.line("B", "10.00"), TxnDate="2026-05-20")["TotalAmt"] == 10


def test_what_an_invoice_of_a_closed_month_owes_is_settled_in_an_open_one(desk, company, documents):
    customer = company.read("Invoice", documents["Invoice"])["CustomerRef"]
    invoice = desk.invoice(desk.line("B", "10.00"), CustomerRef=customer, TxnDate="2026-05-20")
    company.close_books("2026-05-31")
    memo = desk.memo(desk.line("B", "10.00"), CustomerRef=customer, TxnDate="2026-06-03")
    links = [desk.link(invoice, "10.00"), desk.link(memo, "10.00", "CreditMemo")]
    desk.apply(customer, *links, TxnDate="2026-06-03")
    assert company.read("Invoice", invoice["Id"])["Balance"] == 0


def test_a_quantity_is_no_more_adjusted_in_closed_books(desk, company):
    item = company.query("select * from Item where Name = 'A'")["Item"][0]
    company.close_books("2026-05-20")
    body = {"Id": item["Id"], "SyncToken": item["SyncToken"], "sparse": True}
    for closed in ({"QtyOnHand": 99}, {"QtyOnHand": 99, "InvStartDate": "2026-05-20"}):
        assert desk.refused(company.update, "Item", {**body, **closed}) == ["6210"]
    assert company.update("Item", {**body, "Description": "A lantern"})["QtyOnHand"] == 100
    body["SyncToken"] = "1"
    assert company.update("Item", {**body, "QtyOnHand": 99, "InvStartDate": "2026-05-21"})["QtyOnHand"] == 99


# -- documents changed by hand


def test_an_edited_document_has_another_token(desk, company, documents):
    company.reset_counts()
    edited = company.edit_document("RefundReceipt", documents["RefundReceipt"], PrivateNote="by hand")
    assert (edited["SyncToken"], edited["PrivateNote"], edited["TotalAmt"]) == ("1", "by hand", 10)
    stale = {"Id": documents["RefundReceipt"], "SyncToken": "0", "sparse": True, "PrivateNote": "ours"}
    assert desk.refused(company.update, "RefundReceipt", stale) == ["5010"]
    assert company.report()["written"] == 0


def test_an_edited_purchase_keeps_its_kind(company, documents):
    assert company.edit_document("Purchase", documents["Purchase"], PrivateNote="x")["PaymentType"] == "Cash"


def test_a_document_voided_or_deleted_by_hand(desk, company, documents):
    assert company.void_document("SalesReceipt", documents["SalesReceipt"])["PrivateNote"] == "Voided"
    company.delete_document("RefundReceipt", documents["RefundReceipt"])
    assert desk.refused(company.read, "RefundReceipt", documents["RefundReceipt"]) == ["610"]


# -- the bank's statement


@pytest.mark.parametrize("guards", [False, True])
def test_what_is_reconciled_is_locked_where_the_company_guards_it(desk, company, documents, guards):
    company.guards_reconciled = guards
    record_id = documents["RefundReceipt"]
    before = company.read("RefundReceipt", record_id)
    company.reconcile("RefundReceipt", record_id)
    assert company.read("RefundReceipt", record_id) == before
    body = {"Id": record_id, "SyncToken": "0"}
    if guards:
        assert desk.refused(company.update, "RefundReceipt", {**body, "sparse": True, "PrivateNote": "x"}) == ["6480"]
        assert desk.refused(company.delete, "RefundReceipt", body) == ["6480"]
    else:
        assert company.delete("RefundReceipt", body)["status"] == "Deleted"
