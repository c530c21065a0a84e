"""Batches, and request ids single and in batches."""

from decimal import Decimal

import pytest

from simulator.quickbooks.batch import BatchRun, run_batch

D = Decimal


@pytest.fixture
def batch(company):
    def send(*items, requestid=""):
        answer = run_batch(company, {"BatchItemRequest": list(items)}, requestid)
        return {each["bId"]: each for each in answer["BatchItemResponse"]}

    return send


def customer(bid, name):
    return {"bId": bid, "operation": "create", "Customer": {"DisplayName": name}}


def codes(answer):
    return [error["code"] for error in answer["Fault"]["Error"]]


def test_every_item_has_an_outcome_of_its_own(desk, company, batch):
    line = desk.line("B", "10.00")
    receipt = desk.receipt(line, DocNumber="BC-1", PrivateNote="marker")
    invoice = desk.invoice(line, CustomerRef=desk.customer())
    ident = {"Id": receipt["Id"], "SyncToken": "0"}
    answers = batch(
        {"bId": "new", "operation": "create", "SalesReceipt": {"Line": [line], "DocNumber": "BC-2"}},
        {"bId": "twice", "operation": "create", "SalesReceipt": {"Line": [line], "DocNumber": "BC-1"}},
        {"bId": "void", "operation": "update", "optionsData": "void", "SalesReceipt": ident},
        {"bId": "stale", "operation": "update", "SalesReceipt": {**ident, "sparse": True, "PrivateNote": "x"}},
        {"bId": "gone", "operation": "delete", "Invoice": {"Id": invoice["Id"], "SyncToken": "0"}},
        {"bId": "asked", "Query": "select count(*) from SalesReceipt"},
        {"bId": "wrong", "Query": "select"},
    )
    assert answers["new"]["SalesReceipt"]["TotalAmt"] == 10
    assert codes(answers["twice"]) == ["6140"]
    assert answers["void"]["SalesReceipt"]["PrivateNote"] == "Voided - marker"
    assert codes(answers["stale"]) == ["5010"]
    assert answers["gone"]["Invoice"] == {"domain": "QBO", "status": "Deleted", "Id": invoice["Id"]}
    assert answers["asked"]["QueryResponse"] == {"totalCount": 2}
    assert codes(answers["wrong"]) == ["4000"]
    assert (company.counts.reads, company.counts.written) == (2, 6)


def test_a_duplicate_number_is_allowed_where_asked_for(desk, batch, company):
    body = {"Line": [desk.line("B", "10.00")], "DocNumber": "BC-1"}
    item = {"operation": "create", "SalesReceipt": body}
    answers = batch(
        {"bId": "1", **item}, {"bId": "2", **item, "optionsData": "allowduplicatedocnum"}, {"bId": "3", **item}
    )
    assert [("Fault" in each) for each in answers.values()] == [False, False, True]


def test_items_do_not_see_what_other_items_make(desk, batch, company):
    line = desk.line("B", "10.00")
    future = str(max(int(each["Id"]) for each in company.objects("Customer") + company.objects("Employee")) + 1)
    receipt = {"bId": "s", "operation": "create", "SalesReceipt": {"Line": [line], "CustomerRef": {"value": future}}}
    answers = batch(customer("c", "Petra"), receipt)
    assert answers["c"]["Customer"]["Id"] == future
    assert codes(answers["s"]) == ["2500"]
    assert "SalesReceipt" in batch(receipt)["s"]


@pytest.mark.parametrize(
    ("item", "code"),
    [
        ({"operation": "create"}, "2010"),
        ({"operation": "create", "Widget": {}}, "2010"),
        ({"operation": "create", "Customer": {}, "Vendor": {}}, "2010"),
        ({"Customer": {"DisplayName": "X"}}, "2020"),
        ({"operation": "send", "Customer": {}}, "500"),
        ({"operation": "update", "optionsData": "void", "CreditMemo": {"Id": "1", "SyncToken": "0"}}, "500"),
        ({"operation": "create", "Customer": {"Id": "1", "DisplayName": "X"}}, "2600"),
        ({"operation": "update", "Customer": {"DisplayName": "X"}}, "2020"),
        ({"operation": "create", "TaxCode": {"Name": "X"}}, "500"),
    ],
)
def test_items_that_are_refused(batch, item, code):
    assert codes(batch({"bId": "1", **item})["1"])[0] == code


@pytest.mark.parametrize(
    ("items", "code"),
    [
        ([customer(str(n), f"C {n}") for n in range(31)], "1040"),
        ([customer("1", "A"), customer("1", "B")], "2600"),
        ([customer("1", "A"), customer("", "B")], "2020"),
        (["item"], "2010"),
        (None, "2010"),
    ],
)
def test_batches_that_are_refused_as_a_whole(desk, company, items, code):
    assert desk.refused(run_batch, company, {"BatchItemRequest": items}) == [code]
    assert company.counts.written == 0


def test_thirty_items_are_a_full_batch(batch, company):
    assert len(batch(*(customer(str(n), f"Customer {n}") for n in range(30)))) == 30


# -- request ids


def test_a_repeated_single_call_is_answered_as_the_first_time(company):
    first = company.create("Customer", {"DisplayName": "Petra"}, requestid="r-1")
    again = company.create("Customer", {"DisplayName": "Someone Else"}, requestid="r-1")
    assert again == first
    assert company.counts.written == 1


def test_in_a_batch_the_key_is_requestid_and_bid(batch, company):
    first = batch(customer("a", "Petra"), customer("b", "Quill"), requestid="r-1")
    again = batch(customer("b", "Quill"), customer("a", "Petra"), customer("c", "Petra"), requestid="r-1")
    assert again["a"]["Customer"] == first["a"]["Customer"]
    assert again["b"]["Customer"] == first["b"]["Customer"]
    assert codes(again["c"]) == ["6240"]
    assert codes(batch(customer("a", "Petra"), requestid="r-2")["a"]) == ["6240"]


@pytest.mark.parametrize(("memory", "codes_seen"), [(True, []), (False, ["6240"]), (1, ["6240"]), (2, [])])
def test_how_long_a_company_remembers(desk, company, memory, codes_seen):
    company.requestid_memory = memory
    company.create("Customer", {"DisplayName": "Petra"}, requestid="r-1")
    company.create("Customer", {"DisplayName": "Quill"}, requestid="r-2")
    if codes_seen:
        assert desk.refused(company.create, "Customer", {"DisplayName": "Petra"}, requestid="r-1") == codes_seen
    else:
        assert company.create("Customer", {"DisplayName": "Petra"}, requestid="r-1")["DisplayName"] == "Petra"
    assert company.counts.written == 2


@pytest.mark.parametrize("remember", [True, False])
def test_whether_faults_are_remembered(desk, company, remember):
    company.remember_faults = remember
    assert desk.refused(company.create, "Customer", {"DisplayName": "a:b"}, requestid="r-1") == ["2040"]
    if remember:
        assert desk.refused(company.create, "Customer", {"DisplayName": "ab"}, requestid="r-1") == ["2040"]
    else:
        assert company.create("Customer", {"DisplayName": "ab"}, requestid="r-1")["DisplayName"] == "ab"


def test_long_request_ids_are_refused(desk, company, batch):
    assert desk.refused(run_batch, company, {"BatchItemRequest": [customer("1", "A")]}, "r" * 37) == ["6000"]
    answers = batch(customer("12345678901", "Petra"), customer("1234567890", "Quill"), requestid="r" * 36)
    assert codes(answers["12345678901"]) == ["6000"]
    assert "Customer" in answers["1234567890"]
    assert "Customer" in batch(customer("no requestid, long bId", "Nightingale"))["no requestid, long bId"]


def test_an_item_in_flight_elsewhere_is_a_duplicate_request(company, batch):
    with BatchRun(company, {"BatchItemRequest": [customer("a", "Petra")]}, "r-1"):
        answers = batch(customer("a", "Petra"), customer("b", "Quill"), requestid="r-1")
    assert codes(answers["a"]) == ["600"]
    assert "Customer" in answers["b"]
    assert "Customer" in batch(customer("a", "Petra"), requestid="r-1")["a"]


def test_an_ended_subscription_refuses_writes_and_is_not_remembered(desk, company, batch):
    company.subscription_ended = True
    assert codes(batch(customer("a", "Petra"), requestid="r-1")["a"]) == ["6190"]
    assert company.query("select count(*) from Customer") == {"totalCount": 3}
    company.subscription_ended = False
    assert "Customer" in batch(customer("a", "Petra"), requestid="r-1")["a"]
