"""QuickBooks: what goes over the wire, and what each kind of answer is taken for."""

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cartledger.clients.faults import Fault
from cartledger.clients.http import Http
from cartledger.clients.oauth import Tokens
from cartledger.clients.quickbooks import BatchItem, QuickBooks, batch_item_bytes, quote, select
from cartledger.errors import (
    CartledgerError,
    CompanyReadOnly,
    Forbidden,
    Refused,
    Throttled,
    TryLater,
    Unauthorised,
    Unreachable,
)
from tests.clients.conftest import Asked, Clock, Quota, Reply, Store, Wire, as_json

RECORDED = Path(__file__).parents[3] / "shared" / "data" / "quickbooks"
CALLS, BATCHES = "quickbooks:9130:calls", "quickbooks:9130:batches"
REQUEST_ID = "0b5c2f2e-6f0b-4d5a-9f3e-2f6a3c1d7e90"
HTML = Reply(status=200, body=b"<!DOCTYPE html><html>Sign in</html>", headers={"Content-Type": "text/html"})
THROTTLED = b"""<IntuitResponse xmlns="http://schema.intuit.com/finance/v3"><Fault type="SERVICE"><Error code="3001">
<Message>message=ThrottleExceeded; errorCode=003001; statusCode=429</Message></Error></Fault></IntuitResponse>"""
UNAUTHORISED = as_json(
    {
        "fault": {
            "error": [{"message": "m", "detail": "Token expired: access-1", "code": "3200"}],
            "type": "AUTHENTICATION",
        }
    },
    401,
)


def refused(code: str, status: int = 400, detail: str = "") -> Reply:
    return as_json(
        {"Fault": {"Error": [{"Message": "m", "Detail": detail, "code": code}], "type": "ValidationFault"}}, status
    )


def items(*bids: str) -> list[BatchItem]:
    body = {"DocNumber": "BC-1", "TotalAmt": Decimal("7.10"), "PrivateNote": "Crème brûlée ☃"}
    return [BatchItem(bid=bid, sent=batch_item_bytes(bid, "create", "SalesReceipt", body)) for bid in bids]


def test_one_item_of_a_batch_is_written_with_decimals_and_unicode() -> None:
    [item] = items("a")
    assert item.sent.decode() == (
        '{"bId":"a","operation":"create","SalesReceipt":'
        '{"DocNumber":"BC-1","TotalAmt":7.10,"PrivateNote":"Crème brûlée ☃"}}'
    )


def test_a_void_is_an_update_with_an_option() -> None:
    assert json.loads(batch_item_bytes("v", "void", "SalesReceipt", {"Id": "6", "SyncToken": "0"})) == {
        "bId": "v",
        "operation": "update",
        "optionsData": "void",
        "SalesReceipt": {"Id": "6", "SyncToken": "0"},
    }


def test_a_batch_goes_out_as_the_stored_bytes_and_comes_back_by_bid(quickbooks: QuickBooks, wire: Wire) -> None:
    wire.replies = [
        as_json(
            {
                "BatchItemResponse": [
                    {"Fault": {"Error": [{"Message": "Stale", "code": "5010"}], "type": "ValidationFault"}, "bId": "b"},
                    {"SalesReceipt": {"Id": "300", "TotalAmt": 7.1}, "bId": "a", "Warnings": {"Warning": []}},
                ],
                "time": "2026-03-02T01:30:00.000-08:00",
            }
        )
    ]
    sent = items("a", "b")

    answer = quickbooks.batch(sent, REQUEST_ID)

    assert answer.results["a"] == {"Id": "300", "TotalAmt": Decimal("7.1")}
    assert answer.results["b"] == Fault(code="5010", message="Stale", type="ValidationFault")
    assert answer.missing == ()
    [asked] = wire.asked
    assert (asked.method, asked.path) == ("POST", "/v3/company/9130/batch")
    assert asked.params == {"requestid": REQUEST_ID}
    assert asked.body == b'{"BatchItemRequest":[' + sent[0].sent + b"," + sent[1].sent + b"]}"
    assert asked.headers["content-type"] == "application/json; charset=utf-8"
    assert asked.headers["accept"] == "application/json"
    assert asked.headers["authorization"] == "Bearer access-1"


def test_items_without_an_answer_are_missing(quickbooks: QuickBooks, wire: Wire) -> None:
    wire.replies = [
        as_json(
            {
                "BatchItemResponse": [
                    {"SalesReceipt": {"Id": "1"}, "bId": "a"},
                    {"bId": "b"},
                    {"Fault": {"type": "ValidationFault"}, "bId": "c"},
                    {"SalesReceipt": {"Id": "2"}},
                    {"SalesReceipt": {"Id": "3"}, "bId": "stranger"},
                    {"Warnings": {"Warning": []}, "bId": "e"},
                    None,
                ]
            }
        )
    ]
    answer = quickbooks.batch(items("a", "b", "c", "d", "e"), REQUEST_ID)
    assert dict(answer.results) == {"a": {"Id": "1"}}
    assert answer.missing == ("b", "c", "d", "e")


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recordings are not here")
def test_a_recorded_batch(quickbooks: QuickBooks, wire: Wire) -> None:
    recorded = json.loads((RECORDED / "vcr_batch_basic__00_post_200.json").read_text())
    wire.replies = [as_json(recorded["response_body"])]
    sent = [
        BatchItem(bid=item["bId"], sent=json.dumps(item).encode())
        for item in recorded["request_body"]["BatchItemRequest"]
    ]
    answer = quickbooks.batch(sent, REQUEST_ID)
    assert answer.results["bid1"]["Id"] == "71"  # type: ignore[index]
    assert [answer.results[bid].code for bid in ("bid2", "bid3")] == ["610", "5010"]  # type: ignore[union-attr]
    assert answer.results["bid4"]["SalesReceipt"][0]["DocNumber"] == "1008"  # type: ignore[index]
    assert json.loads(wire.asked[0].body) == recorded["request_body"]


NOT_EXECUTED = [
    (Reply(status=429, body=THROTTLED), Throttled),
    (refused("3001", 429), Throttled),
    (Reply(status=429, body=b"<html>slow down</html>"), Throttled),
    (Reply(status=403, body=THROTTLED), Throttled),
    (refused("3001", 200), Throttled),
    (UNAUTHORISED, Unauthorised),
    (Reply(status=401), Unauthorised),
    (refused("3100", 401), Forbidden),
    (refused("3202", 403), Forbidden),
    (Reply(status=403, body=b"<html>no</html>"), Forbidden),
    (refused("9999", 403), Forbidden),
    (refused("6190", 403), CompanyReadOnly),
    (refused("6190", 200), CompanyReadOnly),
    (refused("7001"), CompanyReadOnly),
    (refused("2010"), Refused),
    (refused("1040"), Refused),
    (refused("9999", 200), Refused),
    (refused("5010"), TryLater),
    (refused("150"), Unreachable),
]
UNKNOWN = [
    (refused("600"), TryLater),
    (refused("6000", detail="An unexpected error occurred. Please wait a few minutes and try again."), TryLater),
    (refused("10000"), TryLater),
    (refused("10000", 500), Unreachable),
    (Reply(status=500), Unreachable),
    (Reply(status=503, body=b"<html>busy</html>"), Unreachable),
    (Reply(status=504, body=b"<html>late</html>"), Unreachable),
    (Reply(status=404, body=b"<html>not here</html>"), Unreachable),
    (Reply(status=302, headers={"Location": "http://portal.example.com"}), Unreachable),
    (Reply(status=204), Unreachable),
    (HTML, Unreachable),
    (as_json([1]), Unreachable),
    (as_json({"time": "now"}), Unreachable),
    (as_json({"BatchItemResponse": {}}), Unreachable),
    (as_json({"Fault": {"Error": []}}), Unreachable),
    (Reply(body=b'{"BatchItemResponse":[{"SalesRec'), Unreachable),
    (Reply(body=b'{"BatchItemResponse":[]}', end="cut"), Unreachable),
    (Reply(end="reset"), Unreachable),
]


@pytest.mark.parametrize(("reply", "kind"), NOT_EXECUTED)
def test_batches_that_were_not_executed(
    quickbooks: QuickBooks, wire: Wire, reply: Reply, kind: type[CartledgerError]
) -> None:
    wire.on = renewing(lambda _: reply)
    with pytest.raises(CartledgerError) as caught:
        quickbooks.batch(items("a"), REQUEST_ID)
    assert type(caught.value) is kind
    assert not caught.value.in_doubt


@pytest.mark.parametrize(("reply", "kind"), UNKNOWN)
def test_batches_that_may_have_been_executed(
    quickbooks: QuickBooks, wire: Wire, reply: Reply, kind: type[CartledgerError]
) -> None:
    wire.replies = [reply]
    with pytest.raises(kind) as caught:
        quickbooks.batch(items("a"), REQUEST_ID)
    assert caught.value.in_doubt


def test_a_batch_that_gets_no_connection_was_not_executed(quickbooks: QuickBooks, wire: Wire) -> None:
    wire.close()
    with pytest.raises(Unreachable) as caught:
        quickbooks.batch(items("a"), REQUEST_ID)
    assert not caught.value.in_doubt


def renewing(answer: Callable[[Asked], Reply]) -> Callable[[Asked], Reply]:
    """Gives out the second pair of tokens, and for the rest what `answer` says."""

    def reply(asked: Asked) -> Reply:
        if asked.path == "/oauth2/v1/tokens/bearer":
            return as_json({"access_token": "access-2", "refresh_token": "refresh-2", "expires_in": 3600})
        return answer(asked)

    return reply


def test_a_refused_token_is_renewed_and_the_same_batch_goes_out_again(
    quickbooks: QuickBooks, wire: Wire, store: Store
) -> None:
    stored_when_used: list[str] = []

    def company(asked: Asked) -> Reply:
        if asked.headers["authorization"] == "Bearer access-1":
            return UNAUTHORISED
        assert store.token is not None
        stored_when_used.append(store.token.access)
        return as_json({"BatchItemResponse": [{"SalesReceipt": {"Id": "1"}, "bId": "a"}]})

    wire.on = renewing(company)
    assert quickbooks.batch(items("a"), REQUEST_ID).results == {"a": {"Id": "1"}}
    first, renewal, second = wire.asked
    assert (first.path, first.params, first.body) == (second.path, second.params, second.body)
    assert renewal.path == "/oauth2/v1/tokens/bearer"
    assert second.headers["authorization"] == "Bearer access-2"
    assert stored_when_used == ["access-2"]


def test_a_refusal_of_every_new_token_is_for_a_person(quickbooks: QuickBooks, wire: Wire) -> None:
    wire.on = renewing(lambda _: UNAUTHORISED)
    with pytest.raises(Unauthorised, match="cartledger connect quickbooks"):
        quickbooks.query(select("Item"))
    assert len(wire.asked) == 1 + 3 * 2


def test_a_throttled_call_says_how_long_to_wait(quickbooks: QuickBooks, wire: Wire) -> None:
    for headers, seconds in (({"Retry-After": "7"}, 7.0), ({}, 60.0), ({"Retry-After": "soon"}, 60.0)):
        wire.replies = [Reply(status=429, body=THROTTLED, headers=headers)]
        with pytest.raises(Throttled) as caught:
            quickbooks.count("Item")
        assert caught.value.seconds == seconds


def test_a_5xx_quotes_what_support_asks_for(quickbooks: QuickBooks, wire: Wire) -> None:
    wire.replies = [Reply(status=503, headers={"Intuit_Tid": "1-5f734f0e", "Content-Type": "text/html; charset=utf-8"})]
    with pytest.raises(Unreachable, match=r"status 503, text/html, intuit_tid 1-5f734f0e"):
        quickbooks.preferences()


BATCH_ANSWER = as_json({"BatchItemResponse": [{"SalesReceipt": {"Id": "1"}, "bId": "a"}]})


def test_quotas_are_waited_for(quickbooks: QuickBooks, wire: Wire, quota: Quota, clock: Clock) -> None:
    wire.replies = [BATCH_ANSWER]
    quota.waits = {CALLS: [0.25], BATCHES: [1.5, 0.5]}
    quickbooks.batch(items("a"), REQUEST_ID)
    assert clock.slept == [1.5, 0.5, 0.25]
    assert quota.taken == [BATCHES, CALLS]


def test_reads_take_no_quota_of_batches(quickbooks: QuickBooks, wire: Wire, quota: Quota) -> None:
    wire.replies = [as_json({"QueryResponse": {"totalCount": 3}})]
    quickbooks.count("Item")
    assert quota.taken == [CALLS]


def test_the_busiest_minute_stays_under_the_limits(quickbooks: QuickBooks, wire: Wire, quota: Quota) -> None:
    wire.replies = [BATCH_ANSWER]
    quickbooks.batch(items("a"), REQUEST_ID)
    per_second, burst = quota.rates[CALLS]
    assert burst + per_second <= 10
    assert burst + 60 * per_second <= 500
    per_second, burst = quota.rates[BATCHES]
    assert 38 <= burst + 60 * per_second <= 40


def test_a_turn_is_taken_beforehand(quickbooks: QuickBooks, wire: Wire, quota: Quota, clock: Clock) -> None:
    wire.replies = [BATCH_ANSWER]
    quota.waits = {BATCHES: [45.0]}
    turn = quickbooks.turn()
    assert (wire.asked, clock.slept) == ([], [45.0])
    assert quickbooks.batch(items("a"), REQUEST_ID, turn).missing == ()
    assert quota.taken == [BATCHES, CALLS]


def test_a_batch_that_would_leave_too_late_stays_here(
    quickbooks: QuickBooks, wire: Wire, quota: Quota, clock: Clock
) -> None:
    quota.waits = {BATCHES: [10.0]}
    with pytest.raises(TryLater) as caught:
        quickbooks.batch(items("a"), REQUEST_ID)
    assert not caught.value.in_doubt
    assert wire.asked == []


def test_a_batch_that_was_marked_as_sent_too_long_ago_stays_here(
    quickbooks: QuickBooks, wire: Wire, clock: Clock
) -> None:
    turn = quickbooks.turn()
    with pytest.raises(TryLater) as caught:
        quickbooks.batch(items("a"), REQUEST_ID, turn, sent_at=clock.now - timedelta(seconds=11))
    assert not caught.value.in_doubt
    assert wire.asked == []


def test_a_renewal_that_takes_too_long_sends_nothing_again(quickbooks: QuickBooks, wire: Wire, clock: Clock) -> None:
    def company(_: Asked) -> Reply:
        clock.now += timedelta(seconds=11)
        return UNAUTHORISED

    wire.on = renewing(company)
    with pytest.raises(TryLater) as caught:
        quickbooks.batch(items("a"), REQUEST_ID)
    assert not caught.value.in_doubt
    assert [asked.path for asked in wire.asked].count("/v3/company/9130/batch") == 1


def test_a_batch_that_is_not_answered_is_given_up_and_in_doubt(
    wire: Wire, http: Http, tokens: Tokens, quota: Quota, clock: Clock
) -> None:
    hasty = QuickBooks(
        http=http,
        base_url=wire.url,
        realm_id="9130",
        tokens=tokens,
        quota=quota,
        in_flight=timedelta(seconds=1),
        clock=clock,
        sleep=clock.sleep,
    )
    wire.replies = [Reply(end="hang")]
    with pytest.raises(Unreachable, match="did not answer") as caught:
        hasty.batch(items("a"), REQUEST_ID)
    assert caught.value.in_doubt


@pytest.mark.parametrize(
    ("sent", "request_id"),
    [
        ([], REQUEST_ID),
        (items(*(str(n) for n in range(31))), REQUEST_ID),
        (items("a", "a"), REQUEST_ID),
        (items("a"), ""),
        (items("a"), REQUEST_ID + "x"),
        (items(""), REQUEST_ID),
        (items("12345678901"), REQUEST_ID),
        ([BatchItem(bid="a", sent=b" " * 1_000_001)], REQUEST_ID),
    ],
)
def test_a_batch_that_breaks_a_limit_is_not_sent(
    quickbooks: QuickBooks, wire: Wire, sent: list[BatchItem], request_id: str
) -> None:
    with pytest.raises(ValueError, match=r"batch|bId"):
        quickbooks.batch(sent, request_id)
    assert wire.asked == []


def test_a_query_reads_all_pages(quickbooks: QuickBooks, wire: Wire, quota: Quota) -> None:
    page = [{"Id": str(n), "UnitPrice": 7.1} for n in range(1000)]
    wire.replies = [
        as_json({"QueryResponse": {"startPosition": 1, "Item": page, "maxResults": 1000}}),
        as_json({"QueryResponse": {"Item": page, "startPosition": 1001, "maxResults": 1000, "totalCount": 2001}}),
        as_json({"QueryResponse": {"Item": page[:1], "startPosition": 2001, "maxResults": 1}}),
    ]
    rows = quickbooks.query(select("Item", f"Name IN ({quote('Nuts & bolts')}) AND Active IN (true, false)"))
    assert len(rows) == 2001
    assert rows[-1] == {"Id": "0", "UnitPrice": Decimal("7.1")}
    where = "SELECT * FROM Item WHERE Name IN ('Nuts & bolts') AND Active IN (true, false) ORDERBY Id"
    assert [asked.body.decode() for asked in wire.asked] == [
        f"{where} STARTPOSITION 1 MAXRESULTS 1000",
        f"{where} STARTPOSITION 1001 MAXRESULTS 1000",
        f"{where} STARTPOSITION 2001 MAXRESULTS 1000",
    ]
    assert {(asked.method, asked.path, asked.headers["content-type"]) for asked in wire.asked} == {
        ("POST", "/v3/company/9130/query", "application/text")
    }
    assert quota.taken == [CALLS] * 3


def item_pages(*sizes: int, told: int | None = None) -> list[Reply]:
    """Pages of so many items each, which QuickBooks counts itself."""
    return [
        as_json({"QueryResponse": {"Item": [{"Id": str(n)} for n in range(size)], "maxResults": told or size}})
        for size in sizes
    ]


@pytest.mark.parametrize(
    ("sizes", "expected", "calls"),
    [
        ((1000, 1000, 0), None, 3),
        ((1000, 1000), 2000, 2),
        ((1000, 1000), 1999, 2),
        ((1000, 1000, 1), 2001, 3),
        ((1000, 400), 2000, 2),
        ((3,), 3, 1),
        ((), 0, 0),
    ],
)
def test_no_page_is_asked_for_beyond_what_is_expected(
    quickbooks: QuickBooks, wire: Wire, sizes: tuple[int, ...], expected: int | None, calls: int
) -> None:
    wire.replies = item_pages(*sizes)
    assert [len(page) for page in quickbooks.pages(select("Item"), expected=expected)] == list(sizes)
    assert len(wire.asked) == calls


def test_pages_are_asked_for_one_by_one(quickbooks: QuickBooks, wire: Wire) -> None:
    wire.replies = item_pages(1000, 1)
    pages = quickbooks.pages(select("Item"))
    assert len(next(pages)) == 1000
    assert len(wire.asked) == 1
    assert len(next(pages)) == 1


@pytest.mark.parametrize(("size", "told"), [(3, 4), (3, 2), (999, 1000), (0, 5)])
def test_a_page_that_does_not_hold_what_it_says_is_no_answer(
    quickbooks: QuickBooks, wire: Wire, size: int, told: int
) -> None:
    wire.replies = item_pages(size, told=told)
    with pytest.raises(Unreachable, match=f"{told} objects on a page with {size}"):
        quickbooks.query(select("Item"))


@pytest.mark.parametrize(
    "statement", ["select * from customer", "SELECT * FROM Customer WHERE DisplayName = 'from Item'"]
)
def test_rows_are_found_by_the_entity_of_the_statement(quickbooks: QuickBooks, wire: Wire, statement: str) -> None:
    wire.replies = [as_json({"QueryResponse": {"Customer": [{"Id": "3"}], "startPosition": 1, "maxResults": 1}})]
    assert quickbooks.query(statement) == [{"Id": "3"}]


def test_names_beyond_latin_1_are_found_by_pattern(quickbooks: QuickBooks, wire: Wire) -> None:
    kept = ["Ada", "Zoë O'Brien", "Jan Włodarski", "JAN WŁODARSKI", "Jan Wrodarski", "李 珊珊", "A B"]

    def company(asked: Asked) -> Reply:
        statement = asked.body.decode()
        if max(statement) > "\xff":
            return refused("4000", detail="QueryParserError: Lexical error at line 1.")
        rows = [{"DisplayName": name} for name in kept if "LIKE" in statement]
        return as_json({"QueryResponse": {"Customer": rows} if rows else {}})

    wire.on = company
    found = quickbooks.find(
        "Customer", "DisplayName", ["Jan Włodarski", "Zoë O'Brien", "Ada", "李 珊珊", "Ada"], "Active IN (true, false)"
    )
    assert [row["DisplayName"] for row in found] == ["Jan Włodarski", "JAN WŁODARSKI", "李 珊珊"]
    asked = [each.body.decode().partition(" WHERE ")[2].partition(" ORDERBY ")[0] for each in wire.asked]
    assert asked == [
        r"DisplayName IN ('Ada', 'Zoë O\'Brien') AND Active IN (true, false)",
        "DisplayName LIKE 'Jan W%odarski' AND Active IN (true, false)",
        "DisplayName LIKE '% %' AND Active IN (true, false)",
    ]


def test_a_statement_without_an_entity_is_not_sent(quickbooks: QuickBooks, wire: Wire) -> None:
    with pytest.raises(ValueError, match="no entity"):
        quickbooks.query("SELECT 7")
    assert wire.asked == []


def test_nothing_to_find_asks_nothing(quickbooks: QuickBooks, wire: Wire) -> None:
    assert quickbooks.find("Customer", "DisplayName", []) == []
    assert wire.asked == []


def test_an_empty_result_has_no_key(quickbooks: QuickBooks, wire: Wire) -> None:
    wire.replies = [as_json({"QueryResponse": {}, "time": "now"})]
    assert quickbooks.query(select("Customer")) == []


@pytest.mark.parametrize("answer", [{"time": "now"}, {"QueryResponse": []}, {"QueryResponse": None}])
def test_a_query_without_a_result_is_no_answer(quickbooks: QuickBooks, wire: Wire, answer: Any) -> None:
    wire.replies = [as_json(answer)]
    with pytest.raises(Unreachable):
        quickbooks.query(select("Customer"))


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("plain", "'plain'"),
        ("O'Brien's", r"'O\'Brien\'s'"),
        ("back\\slash", r"'back\\slash'"),
        ("\\' OR 1=1", r"'\\\' OR 1=1'"),
        ("", "''"),
    ],
)
def test_string_literals(text: str, literal: str) -> None:
    assert quote(text) == literal


def test_a_count(quickbooks: QuickBooks, wire: Wire) -> None:
    wire.replies = [as_json({"QueryResponse": {"totalCount": 123}})]
    assert quickbooks.count("Invoice", "TxnDate >= '2026-03-01'") == 123
    assert wire.asked[0].body == b"SELECT COUNT(*) FROM Invoice WHERE TxnDate >= '2026-03-01'"


def test_a_count_without_a_number_is_no_answer(quickbooks: QuickBooks, wire: Wire) -> None:
    wire.replies = [as_json({"QueryResponse": {}})]
    with pytest.raises(Unreachable):
        quickbooks.count("Invoice")


def test_single_reads(quickbooks: QuickBooks, wire: Wire) -> None:
    wire.replies = [
        as_json({"CompanyInfo": {"Country": "US"}}),
        as_json({"Preferences": {"SalesFormsPrefs": {}}}),
        as_json({"SalesReceipt": {"Id": "17"}}),
    ]
    assert quickbooks.company_info() == {"Country": "US"}
    assert quickbooks.preferences() == {"SalesFormsPrefs": {}}
    assert quickbooks.read("SalesReceipt", "17") == {"Id": "17"}
    assert [(asked.method, asked.path) for asked in wire.asked] == [
        ("GET", "/v3/company/9130/companyinfo/9130"),
        ("GET", "/v3/company/9130/preferences"),
        ("GET", "/v3/company/9130/salesreceipt/17"),
    ]


def test_what_does_not_exist_reads_as_none(quickbooks: QuickBooks, wire: Wire) -> None:
    wire.replies = [refused("610")]
    assert quickbooks.read("SalesReceipt", "17") is None


def test_another_refusal_of_a_read_is_raised(quickbooks: QuickBooks, wire: Wire) -> None:
    wire.replies = [refused("2030")]
    with pytest.raises(Refused):
        quickbooks.read("SalesReceipt", "1.5")


def test_an_answer_about_something_else_is_no_answer(quickbooks: QuickBooks, wire: Wire) -> None:
    wire.replies = [as_json({"Invoice": {"Id": "17"}})]
    with pytest.raises(Unreachable):
        quickbooks.read("SalesReceipt", "17")
