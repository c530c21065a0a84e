"""What calls cost: reads as Intuit meters them, waits, what is left of a window, and each call as it was answered."""

from __future__ import annotations

import pytest

from cartledger.clients.bigcommerce import BigCommerce
from cartledger.clients.http import Http
from cartledger.clients.quickbooks import BatchItem, QuickBooks
from cartledger.errors import CartledgerError, Throttled, Unreachable
from tests.clients.conftest import Reply, as_json

BATCH = {"BatchItemResponse": [{"bId": "1", "Invoice": {"Id": "7", "SyncToken": "0"}}]}
REFUSED = {"Fault": {"Error": [{"Message": "No such thing", "Detail": "", "code": "610"}], "type": "ValidationFault"}}


class Bill:
    """What a client tells of its calls."""

    def __init__(self):
        self.reads = 0
        self.waits = []
        self.left = []

    def read(self):
        self.reads += 1

    def throttled(self, seconds):
        self.waits.append(seconds)

    def quota_left(self, calls):
        self.left.append(calls)


@pytest.fixture
def bill(quickbooks: QuickBooks, shop: BigCommerce) -> Bill:
    bill = Bill()
    quickbooks._meter = shop._meter = bill
    return bill


def page(objects):
    """A page of so many."""
    return as_json({"QueryResponse": {"Item": [{"Id": str(n)} for n in range(objects)]}})


@pytest.mark.parametrize(("pages", "reads"), [([0], 1), ([3], 1), ([1000, 1000, 5], 3), ([1000, 0], 2)])
def test_each_page_of_a_query_is_a_read(quickbooks, wire, bill, pages, reads):
    wire.replies = list(map(page, pages))
    quickbooks.query("SELECT * FROM Item ORDERBY Id")
    assert bill.reads == reads


def test_single_reads_preferences_and_rates_are_reads(quickbooks, wire, bill):
    wire.replies = [as_json({"Preferences": {}}), as_json({"CompanyInfo": {}}), as_json({"Invoice": {}})]
    quickbooks.preferences()
    quickbooks.company_info()
    quickbooks.read("Invoice", "7")
    assert bill.reads == 3


def test_a_batch_is_none(quickbooks, wire, bill):
    wire.replies = [as_json(BATCH)]
    quickbooks.batch([BatchItem(bid="1", sent=b"{}")], "request-1")
    assert bill.reads == 0


@pytest.mark.parametrize("failure", ["refused", "down", "cut", "throttled"])
def test_what_failed_is_none(quickbooks, wire, bill, failure):
    wire.replies = {
        "refused": [as_json(REFUSED, status=400)],
        "down": [Reply(status=503)],
        "cut": [Reply(body=b'{"QueryResponse": {}}', end="cut")],
        "throttled": [Reply(status=429)],
    }[failure]
    with pytest.raises(CartledgerError):
        quickbooks.query("SELECT * FROM Item ORDERBY Id")
    assert bill.reads == 0


def test_one_that_needed_a_new_token_is_one(quickbooks, wire, bill):
    def answer(asked):
        if asked.path.startswith("/oauth2"):
            facts = {"access_token": "access-2", "refresh_token": "refresh-2", "expires_in": 3600}
            return as_json(facts)
        return page(1) if asked.headers["authorization"] == "Bearer access-2" else as_json({}, status=401)

    wire.on = answer
    quickbooks.query("SELECT * FROM Item ORDERBY Id")
    assert bill.reads == 1


def test_waits_for_quickbooks_are_told_our_own_and_theirs(quickbooks, wire, quota, bill):
    quota.waits["quickbooks:9130:calls"] = [0.25, 0.5]
    wire.replies = [page(1), Reply(status=429), Reply(status=429, headers={"Retry-After": "7"})]
    quickbooks.query("SELECT * FROM Item ORDERBY Id")
    for _ in range(2):
        with pytest.raises(Throttled):
            quickbooks.query("SELECT * FROM Item ORDERBY Id")
    assert bill.waits == [0.25, 0.5, 60, 7]


def test_waits_for_the_shop_are_told_and_what_is_left(shop, wire, clock, bill):
    wire.replies = [
        Reply(status=429, headers={"X-Rate-Limit-Time-Reset-Ms": "3000"}),
        as_json([], X_Rate_Limit_Requests_Left="3", X_Rate_Limit_Time_Reset_Ms="8000"),
        as_json([]),
    ]
    shop.order_statuses()
    shop.order_statuses()
    assert bill.left == [3]
    assert bill.waits == clock.slept == [3, 2]


def test_an_outage_of_the_shop_is_no_wait_for_leave(shop, wire, clock, bill):
    wire.replies = [Reply(status=503), as_json([])]
    shop.order_statuses()
    assert (bill.waits, len(clock.slept)) == ([], 1)


def test_every_call_is_heard_of_as_it_was_answered(http, wire):
    heard = []
    counted = http.heard_by(lambda status, seconds: heard.append((status, seconds >= 0)))
    wire.replies = [Reply(), Reply(status=429), Reply(status=302), Reply(end="reset"), Reply(body=b"half", end="cut")]
    for _ in range(3):
        counted.call("GET", wire.url, deadline=5)
    for _ in range(2):
        with pytest.raises(Unreachable):
            counted.call("GET", wire.url, deadline=5)
    wire.replies = [Reply()]
    http.call("GET", wire.url, deadline=5)
    assert heard == [(200, True), (429, True), (302, True), (None, True), (None, True)]


def test_an_answer_that_is_too_large_is_none(wire):
    heard = []
    wire.replies = [Reply(body=b"x" * 11)]
    with Http(max_body=10) as http, pytest.raises(Unreachable):
        http.heard_by(lambda status, _: heard.append(status)).call("GET", wire.url, deadline=5)
    assert heard == [None]
