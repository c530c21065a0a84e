"""The HTTP face: headers, media types, doors, quotas, time limit, tokens."""

import email.utils
import threading
import xml.etree.ElementTree as ET
from decimal import Decimal

import pytest

from simulator.quickbooks.api import call_name
from simulator.quickbooks.traffic import Quota

D = Decimal
QUERY = "/query?query=select%20count(*)%20from%20Customer"


def codes(answer):
    return [error["code"] for error in answer.json()["Fault"]["Error"]]


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("POST", "/oauth2/v1/tokens/bearer", "token"),
        ("POST", "/quickbooks/oauth2/v1/tokens/bearer", "token"),
        ("POST", "/quickbooks/v3/company/1/batch", "batch"),
        ("GET", "/v3/company/1/query", "query"),
        ("POST", "/v3/company/1/query", "query"),
        ("GET", "/v3/company/1/invoice/12", "read"),
        ("GET", "/v3/company/1/preferences", "read"),
        ("POST", "/v3/company/1/invoice", "create"),
        ("GET", "/v3/company/1/cdc", "cdc"),
        ("GET", "/favicon.ico", "other"),
    ],
)
def test_names_of_calls(method, path, name):
    assert call_name(method, path) == name


def test_an_object_is_written_and_read(http, company):
    made = http.post("/customer?minorversion=75", json={"DisplayName": "Zoë & Söhne"})
    assert made.status_code == 200
    customer = made.json()["Customer"]
    assert http.get(f"/customer/{customer['Id']}").json()["Customer"] == customer
    changed = http.post("/customer", json={**customer, "sparse": True, "Notes": "x"}).json()["Customer"]
    assert (changed["SyncToken"], changed["Notes"], changed["DisplayName"]) == ("1", "x", "Zoë & Söhne")
    assert http.get(f"/companyinfo/{company.realm_id}").json()["CompanyInfo"]["Country"] == "US"


def test_money_is_written_as_numbers_with_two_decimals(http, desk):
    body = {"Line": [{"Amount": 337.5, "DetailType": "SalesItemLineDetail"}]}
    body["Line"][0]["SalesItemLineDetail"] = {"ItemRef": desk.ref("Item", "B"), "Qty": 4.5, "UnitPrice": 75}
    text = http.post("/salesreceipt", json=body).text
    assert '"TotalAmt":337.50,' in text
    assert '"Qty":4.5,"UnitPrice":75,' in text
    assert '"TotalTax":0}' in text


def test_headers_carry_the_companys_clock(http, company, clock):
    company.clock_skew = 900
    answer = http.get("/preferences")
    stated = email.utils.parsedate_to_datetime(answer.headers["date"]).timestamp()
    assert stated == clock.now + 900
    assert answer.headers["intuit-tid"].startswith("1-")
    assert answer.headers["content-type"] == "application/json;charset=utf-8"
    assert len(answer.headers.get_list("date")) == 1


def test_without_the_accept_header_the_answer_is_xml(http):
    answer = http.get("/preferences", headers={"Accept": "*/*"})
    assert answer.headers["content-type"].startswith("application/xml")
    root = ET.fromstring(answer.text)  # noqa: S314 - our own answer
    assert root.tag == "{http://schema.intuit.com/finance/v3}IntuitResponse"


def test_a_query_comes_by_get_or_as_the_body_of_a_post(http):
    assert http.get(QUERY).json()["QueryResponse"] == {"totalCount": 3}
    headers = {"Content-Type": "application/text"}
    posted = http.post("/query", content="select count(*) from Customer", headers=headers)
    assert posted.json()["QueryResponse"] == {"totalCount": 3}
    assert codes(http.post("/query", json="select count(*) from Customer")) == ["2010"]


@pytest.mark.parametrize("body", [b"{", b'{"DisplayName": "\xe9"}', b'{"Balance": NaN}', b"[]", b'"x"'])
def test_bodies_that_are_no_json_object(http, body):
    answer = http.post("/customer", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, codes(answer)) == (400, ["2010"])


def test_a_body_must_say_that_it_is_json(http):
    answer = http.post("/customer", content=b'{"DisplayName": "Petra"}', headers={"Content-Type": "text/plain"})
    assert codes(answer) == ["2010"]


@pytest.mark.parametrize(
    "path", ["/estimate", "/customer/1/send", "/Customer", "/invoice?operation=send", "/salesreceipt?operation=void"]
)
def test_operations_that_are_not_supported(http, path):
    assert codes(http.post(path, json={"Id": "1", "SyncToken": "0"})) == ["500"]


def test_void_and_delete_in_their_recorded_forms(http, desk):
    receipt = desk.receipt(desk.line("B", "10.00"))
    invoice = desk.invoice(desk.line("B", "10.00"), CustomerRef=desk.customer())
    ident = {"SyncToken": "0", "sparse": True}
    voided = http.post("/salesreceipt?operation=update&include=void", json={"Id": receipt["Id"], **ident})
    assert voided.json()["SalesReceipt"]["PrivateNote"] == "Voided"
    voided = http.post("/invoice?operation=void", json={"Id": invoice["Id"], **ident})
    assert voided.json()["Invoice"]["TotalAmt"] == 0
    ident["SyncToken"] = "1"
    deleted = http.post("/invoice?operation=delete", json={"Id": invoice["Id"], **ident})
    assert deleted.json()["Invoice"]["status"] == "Deleted"
    assert codes(http.get(f"/invoice/{invoice['Id']}")) == ["610"]


def test_a_duplicate_number_goes_through_when_asked_for(http, desk):
    body = {"DocNumber": "BC-1", "Line": [{"Amount": 1, "DetailType": "SalesItemLineDetail"}]}
    body["Line"][0]["SalesItemLineDetail"] = {"ItemRef": desk.ref("Item", "B")}
    assert http.post("/salesreceipt", json=body).status_code == 200
    assert codes(http.post("/salesreceipt", json=body)) == ["6140"]
    assert http.post("/salesreceipt?include=allowduplicatedocnum", json=body).status_code == 200


def test_a_repeated_request_is_answered_byte_for_byte(http, company):
    first = http.post("/customer?requestid=r-1", json={"DisplayName": "Petra"})
    again = http.post("/customer?requestid=r-1", json={"DisplayName": "Petra"})
    assert (again.status_code, again.json()) == (200, first.json())
    assert company.counts.written == 1
    assert codes(http.post(f"/customer?requestid={'r' * 51}", json={"DisplayName": "Quill"})) == ["6000"]


# -- doors


def test_tokens_of_nobody_and_of_another_realm(http, company):
    assert http.get(QUERY, headers={"Authorization": ""}).status_code == 401
    other = http.get(QUERY, headers={"Authorization": f"Bearer {company.tokens.issue_access('99')}"})
    assert (other.status_code, other.json()["fault"]["error"][0]["code"]) == (403, "3100")
    elsewhere = http.get(str(http.base_url).replace(company.realm_id, "99") + QUERY.lstrip("/"))
    assert elsewhere.status_code == 403


def test_an_access_token_ends_by_time_or_by_calls(http, company, clock):
    company.tokens.lifetime_calls = 2
    headers = {"Authorization": f"Bearer {company.tokens.issue_access()}"}
    assert [http.get(QUERY, headers=headers).status_code for _ in range(3)] == [200, 200, 401]
    assert http.get(QUERY).status_code == 200
    clock.now += 3600
    assert http.get(QUERY).status_code == 401


def test_a_lapsed_subscription_shuts_the_door(http, company):
    company.subscription_lapsed = True
    assert codes(http.get(QUERY)) == ["7001"]


def test_ten_calls_a_second_then_throttled_in_xml(http, company, clock):
    company.quota = Quota()
    statuses = [http.get(QUERY).status_code for _ in range(11)]
    assert statuses == [200] * 10 + [429]
    refused = http.get(QUERY)
    root = ET.fromstring(refused.text)  # noqa: S314 - our own answer
    error = root.find(".//{*}Error")
    assert (error.get("code"), error.find("{*}Message").text) == (
        "3001",
        "message=ThrottleExceeded; errorCode=003001; statusCode=429",
    )
    company.throttle_body = "json"
    assert codes(http.get(QUERY)) == ["3001"]
    clock.now += 1
    assert http.get(QUERY).status_code == 200
    assert company.report() == {
        "reads": 11,
        "batches": 0,
        "singles": 0,
        "written": 0,
        "throttled": 3,
        "token_refreshes": 0,
        "invalid_grants": 0,
    }


@pytest.mark.parametrize(("path", "admitted"), [("/batch", 40), ("/preferences", 500)])
def test_calls_a_minute(company, clock, path, admitted):
    company.quota = Quota()
    name = "batch" if path == "/batch" else "read"
    passed = 0
    for _ in range(550):
        clock.now += 0.1
        passed += company.traffic.admit(name, clock.now)
    assert passed == admitted


def test_counters_and_the_log_of_calls(http, company):
    http.get(QUERY)
    http.post("/customer?requestid=r-1", json={"DisplayName": "Petra"})
    items = [
        {"bId": "1", "operation": "create", "Customer": {"DisplayName": "Quill"}},
        {"bId": "2", "Query": "select * from Customer"},
        {"bId": "3", "operation": "create", "Customer": {"DisplayName": "Quill"}},
    ]
    http.post("/batch?requestid=r-2", json={"BatchItemRequest": items})
    http.get("/customer/4711")
    assert company.refusals == ["6240"]
    assert [tuple(call) for call in company.calls] == [
        (1, "query", "", 200),
        (2, "create", "r-1", 200),
        (3, "batch", "r-2", 200),
        (4, "read", "", 400),
    ]
    counts = company.report()
    assert (counts["reads"], counts["batches"], counts["singles"], counts["written"]) == (3, 1, 1, 2)
    company.reset_counts()
    assert (company.report()["reads"], company.calls, company.refusals) == (0, [], [])


# -- the server's own time limit


def test_a_request_over_the_limit_gets_a_page_and_commits_nothing(http, company):
    company.cap = 0.05
    company.latency = {"write": 10.0}
    answer = http.post("/customer", json={"DisplayName": "Petra"})
    assert (answer.status_code, answer.headers["content-type"]) == (504, "text/html;charset=utf-8")
    assert company.counts.written == 0


def test_what_a_batch_did_before_the_limit_stays_done(http, company):
    company.cap = 0.25
    company.latency = {"write": 0.1}
    items = [{"bId": str(n), "operation": "create", "Customer": {"DisplayName": f"C {n}"}} for n in range(9)]
    assert http.post("/batch?requestid=r-1", json={"BatchItemRequest": items}).status_code == 504
    done = company.counts.written
    assert 0 < done < 9
    company.cap = 60
    company.latency = {}
    answers = http.post("/batch?requestid=r-1", json={"BatchItemRequest": items}).json()["BatchItemResponse"]
    assert all("Customer" in answer for answer in answers)
    assert company.counts.written == 9


def test_a_request_that_waited_too_long_for_the_company_commits_nothing(http, company):
    company.cap = 0.05
    answers = []
    with company.lock:
        body = {"DisplayName": "Petra"}
        thread = threading.Thread(target=lambda: answers.append(http.post("/customer", json=body)))
        thread.start()
        while not company.counts.singles:
            thread.join(0.01)
        thread.join(2 * company.cap)  # it arrived, and now its time passes while the company is busy
    thread.join()
    assert answers[0].status_code == 504
    assert company.counts.written == 0
