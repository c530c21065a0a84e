"""BigCommerce: what is asked, how long it waits, and what each kind of answer is taken for."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cartledger.clients.bigcommerce import BigCommerce
from cartledger.clients.http import BrokenAnswer
from cartledger.errors import (
    BadRecord,
    CartledgerError,
    Forbidden,
    Refused,
    Throttled,
    TryLater,
    Unauthorised,
    Unreachable,
)
from cartledger.refunds import kept, read_refunds
from tests.clients.conftest import Asked, Clock, Reply, Wire, as_json

RECORDED = Path(__file__).parents[3] / "shared" / "data" / "bigcommerce"
SINCE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FULL = {"X-Rate-Limit-Requests-Left": "120", "X-Rate-Limit-Time-Reset-Ms": "15000"}
TRIES = 5


def test_a_page_of_orders(shop: BigCommerce, wire: Wire, clock: Clock) -> None:
    rows = [{"id": 7, "total_inc_tax": "7.1000", "consignments": {"shipping": [{"base_cost": 5.10}]}}]
    wire.replies = [as_json(rows, Date="Mon, 02 Mar 2026 09:32:30 GMT")]

    page = shop.orders(SINCE)

    assert page.rows == [
        {"id": 7, "total_inc_tax": "7.1000", "consignments": {"shipping": [{"base_cost": Decimal("5.1")}]}}
    ]
    assert (page.limit, page.page) == (250, 1)
    assert page.server_time == datetime(2026, 3, 2, 9, 32, 30, tzinfo=UTC)
    assert page.skew == timedelta(seconds=150)
    [asked] = wire.asked
    assert (asked.method, asked.path) == ("GET", "/stores/abc123/v2/orders")
    assert asked.params == {
        "include": "consignments.line_items,fees",
        "consignment_structure": "object",
        "min_date_modified": "2026-03-02T09:00:00+00:00",
        "sort": "date_modified:asc",
        "limit": "250",
        "page": "1",
    }
    assert asked.headers["x-auth-token"] == "shop-token"
    assert asked.headers["accept"] == "application/json"


def test_a_date_of_another_zone_is_sent_as_utc_and_rounded_down(shop: BigCommerce, wire: Wire) -> None:
    wire.replies = [Reply(status=204)]
    shop.orders(datetime(2026, 3, 2, 3, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=-6))), limit=50, page=3)
    assert wire.asked[0].params["min_date_modified"] == "2026-03-02T09:00:00+00:00"
    assert (wire.asked[0].params["limit"], wire.asked[0].params["page"]) == ("50", "3")


def test_the_orders_changed_last(shop: BigCommerce, wire: Wire) -> None:
    wire.replies = [as_json([{"id": 9}, {"id": 7}])]
    assert [row["id"] for row in shop.latest_orders(limit=50).rows] == [9, 7]
    assert wire.asked[0].params == {
        "include": "consignments.line_items,fees",
        "consignment_structure": "object",
        "sort": "date_modified:desc",
        "limit": "50",
        "page": "1",
    }


def test_the_first_order_of_a_time(shop: BigCommerce, wire: Wire) -> None:
    wire.replies = [as_json([{"id": 9}]), Reply(status=204)]
    assert shop.first_order(SINCE) == {"id": 9}
    assert wire.asked[0].params == {
        "min_date_created": "2026-03-02T09:00:00+00:00",
        "sort": "date_created:asc",
        "limit": "1",
    }
    assert shop.first_order(SINCE) is None


def test_a_date_without_a_zone_is_refused(shop: BigCommerce) -> None:
    for call in (shop.orders, shop.first_order, shop.refunds, partial(shop.catalogue, page=1)):
        with pytest.raises(ValueError, match="time zone"):
            call(SINCE.replace(tzinfo=None))


def test_no_content_is_an_empty_page(shop: BigCommerce, wire: Wire, clock: Clock) -> None:
    wire.replies = [Reply(status=204)]
    page = shop.orders(SINCE)
    assert page.rows == []
    assert (page.server_time, page.skew) == (clock.now, timedelta(0))


class LargeAnswersBreak:
    """A store whose answers break off above `most` rows."""

    def __init__(self, most: int, end: str = "cut") -> None:
        self.most = most
        self.end = end

    def __call__(self, asked: Asked) -> Reply:
        limit, page = int(asked.params["limit"]), int(asked.params["page"])
        first = (page - 1) * limit
        whole = as_json([{"id": n} for n in range(first, min(first + limit, 600))])
        if limit <= self.most:
            return whole
        if self.end == "half":
            return Reply(body=whole.body[:1000])
        return Reply(body=whole.body, end=self.end)


@pytest.mark.parametrize("end", ["cut", "half"])
def test_pages_that_break_off_are_asked_for_in_smaller_ones(shop: BigCommerce, wire: Wire, end: str) -> None:
    wire.on = LargeAnswersBreak(100, end)
    page = shop.orders(SINCE)
    assert [asked.params["limit"] for asked in wire.asked] == ["250", "125", "62"]
    assert (page.limit, page.page, len(page.rows)) == (62, 1, 62)


def test_a_smaller_page_begins_at_or_before_the_row_asked_for(shop: BigCommerce, wire: Wire) -> None:
    wire.on = LargeAnswersBreak(100)
    page = shop.orders(SINCE, page=2)
    assert (page.limit, page.page) == (62, 5)
    assert page.rows[0]["id"] <= 250 <= page.rows[-1]["id"]


def test_a_page_is_never_smaller_than_fifty_nor_larger_than_asked(shop: BigCommerce, wire: Wire) -> None:
    wire.on = LargeAnswersBreak(0)
    with pytest.raises(BrokenAnswer):
        shop.orders(SINCE)
    with pytest.raises(BrokenAnswer):
        shop.orders(SINCE, limit=20)
    limits = [asked.params["limit"] for asked in wire.asked]
    assert limits == ["250", "125", "62", "50", "50"] + ["20"] * TRIES


def test_what_may_pass_is_asked_again_with_growing_waits(shop: BigCommerce, wire: Wire, clock: Clock) -> None:
    wire.replies = [
        Reply(status=500),
        Reply(status=503),
        Reply(end="reset"),
        Reply(body=b"<html>"),
        as_json({"time": 7}),
    ]
    assert shop.time() == datetime(1970, 1, 1, 0, 0, 7, tzinfo=UTC)
    for n, slept in enumerate(clock.slept):
        assert 2**n * 0.5 <= slept <= 2**n * 1.5
    assert len(clock.slept) == len(wire.asked) - 1 == 4


def test_an_outage_is_given_back_after_a_few_tries(shop: BigCommerce, wire: Wire) -> None:
    wire.replies = [Reply(status=500)]
    with pytest.raises(Unreachable, match="500"):
        shop.order_statuses()
    assert len(wire.asked) == TRIES


@pytest.mark.parametrize(
    ("headers", "slept"),
    [
        ({"X-Rate-Limit-Time-Reset-Ms": "15000", "X-Rate-Limit-Requests-Left": "35"}, 15.0),
        ({"x-rate-limit-time-reset-ms": "250"}, 0.25),
        ({"X-Retry-After": "12"}, 12.0),
    ],
)
def test_a_throttled_call_waits_as_the_answer_says(
    shop: BigCommerce, wire: Wire, clock: Clock, headers: dict[str, str], slept: float
) -> None:
    wire.replies = [Reply(status=429, headers=headers), as_json([])]
    assert shop.order_statuses() == []
    assert clock.slept == [slept]


def test_a_throttled_call_without_headers_backs_off(shop: BigCommerce, wire: Wire, clock: Clock) -> None:
    wire.replies = [Reply(status=429), Reply(status=429), as_json([])]
    assert shop.order_statuses() == []
    first, second = clock.slept
    assert 0.5 <= first <= 1.5
    assert 1.0 <= second <= 3.0


def test_throttling_without_end_is_given_back(shop: BigCommerce, wire: Wire, clock: Clock) -> None:
    wire.replies = [Reply(status=429, headers={"X-Rate-Limit-Time-Reset-Ms": "30000"})]
    with pytest.raises(Throttled) as caught:
        shop.order_statuses()
    assert caught.value.seconds == 30.0
    assert clock.slept == [30.0] * (TRIES - 1)


def test_a_long_wait_is_given_back_at_once(shop: BigCommerce, wire: Wire, clock: Clock) -> None:
    wire.replies = [Reply(status=429, headers={"X-Retry-After": "3600"})]
    with pytest.raises(Throttled) as caught:
        shop.order_statuses()
    assert (caught.value.seconds, clock.slept, len(wire.asked)) == (3600.0, [], 1)


@pytest.mark.parametrize(
    ("left", "reset", "slept"),
    [
        ("120", "15000", []),
        ("10", "15000", []),
        ("4", "15000", [3.0]),
        ("0", "15000", [15.0]),
        ("soon", "15000", []),
        ("4", "", []),
    ],
)
def test_the_last_calls_of_a_window_are_spread(
    shop: BigCommerce, wire: Wire, clock: Clock, left: str, reset: str, slept: list[float]
) -> None:
    told = {"X-Rate-Limit-Requests-Left": left, "X-Rate-Limit-Time-Reset-Ms": reset}
    wire.replies = [as_json([], **told), as_json([], **FULL), as_json([])]
    for _ in range(3):
        shop.order_statuses()
    assert clock.slept == slept


def test_time_that_has_passed_anyway_is_not_waited_for_again(shop: BigCommerce, wire: Wire, clock: Clock) -> None:
    wire.replies = [as_json([], **{"X-Rate-Limit-Requests-Left": "0", "X-Rate-Limit-Time-Reset-Ms": "15000"})]
    shop.order_statuses()
    clock.now += timedelta(seconds=16)
    shop.order_statuses()
    assert clock.slept == []


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (as_json([{"status": 401, "message": "Unauthorized"}], 401), Unauthorised, "token"),
        (as_json({"status": 403, "title": "You don't have a required scope"}, 403), Forbidden, "“Orders: read-only”"),
        (as_json([{"status": 404, "message": "not found"}], 404), Forbidden, "no store “abc123”"),
        (as_json([{"status": 400, "message": "The field 'sort' is invalid."}], 400), Refused, "The field 'sort'"),
        (as_json({"status": 409, "title": "conflict"}, 409), TryLater, "conflict"),
    ],
)
def test_what_does_not_pass_is_asked_once(
    shop: BigCommerce, wire: Wire, reply: Reply, kind: type[CartledgerError], words: str
) -> None:
    wire.replies = [reply]
    with pytest.raises(kind) as caught:
        shop.orders(SINCE)
    assert words in str(caught.value)
    assert len(wire.asked) == 1


def test_a_redirect_is_followed_by_nobody(shop: BigCommerce, wire: Wire) -> None:
    wire.replies = [Reply(status=301, headers={"Location": "http://elsewhere.example.com/"})]
    with pytest.raises(Unreachable, match="301"):
        shop.store()
    assert {asked.path for asked in wire.asked} == {"/stores/abc123/v2/store"}


def test_each_call_names_the_scope_it_needs(shop: BigCommerce, wire: Wire) -> None:
    wire.replies = [Reply(status=403)]
    for call, scope in (
        (shop.store, "Information & Settings: read-only"),
        (shop.time, "Information & Settings: read-only"),
        (shop.order_statuses, "Orders: read-only"),
        (lambda: shop.order(7), "Orders: read-only"),
        (lambda: shop.order_products(7), "Orders: read-only"),
        (lambda: shop.order_taxes(7), "Orders: read-only"),
        (lambda: shop.transactions(7), "Order Transactions: read-only"),
        (lambda: shop.shipments(7), "Orders: read-only"),
        (shop.variants, "Products: read-only"),
        (lambda: shop.products([7]), "Products: read-only"),
        (lambda: shop.variants_of([7]), "Products: read-only"),
        (lambda: shop.refunds(SINCE), "Orders: read-only"),
        (lambda: shop.refunds_of([7]), "Orders: read-only"),
        (shop.restocks, "Information & Settings: read-only"),
        (shop.takes_stock_late, "Information & Settings: read-only"),
        (lambda: shop.catalogue(SINCE, page=1), "Products: read-only"),
        (shop.tracking, "Products: read-only"),
        (shop.default_location, "Store Locations: read-only"),
        (lambda: shop.check_location(1), "Store Locations: read-only"),
        (lambda: list(shop.inventory(1)), "Store Inventory"),
        (lambda: shop.adjust(1, {"product:7": 1}, reason="test"), "Store Inventory"),
    ):
        with pytest.raises(Forbidden) as caught:
            call()
        assert f"“{scope}”" in caught.value.fix


def test_the_store(shop: BigCommerce, wire: Wire) -> None:
    wire.replies = [as_json({"id": "abc123", "currency": "USD", "logo": []})]
    assert shop.store()["currency"] == "USD"
    assert wire.asked[0].path == "/stores/abc123/v2/store"


def test_one_order(shop: BigCommerce, wire: Wire) -> None:
    wire.replies = [as_json({"id": 7}), as_json([{"status": 404, "message": "gone"}], 404), Reply(status=204)]
    assert [shop.order(7) for _ in range(3)] == [{"id": 7}, None, None]
    assert wire.asked[0].path == "/stores/abc123/v2/orders/7"
    assert wire.asked[0].params == {"include": "consignments.line_items,fees", "consignment_structure": "object"}


class Rows:
    """A v2 or v3 list of `total` rows in pages; v3 counts its pages in `meta` unless told not to."""

    def __init__(self, total: int, *, v3: bool = False, counted: bool = True, page_size: int | None = None) -> None:
        self.total, self.v3, self.counted, self.page_size = total, v3, counted, page_size

    def __call__(self, asked: Asked) -> Reply:
        limit, page = self.page_size or int(asked.params["limit"]), int(asked.params["page"])
        rows = [{"id": n} for n in range((page - 1) * limit, min(page * limit, self.total))]
        if not rows:
            return Reply(status=204)
        if not self.v3:
            return as_json(rows)
        meta = {"pagination": {"total_pages": -(-self.total // limit)}} if self.counted else {}
        return as_json({"data": rows, "meta": meta})


@pytest.mark.parametrize(("total", "calls"), [(0, 1), (51, 1), (250, 2), (251, 2), (600, 3)])
def test_all_lines_and_taxes_of_an_order(shop: BigCommerce, wire: Wire, total: int, calls: int) -> None:
    wire.on = Rows(total)
    assert shop.order_products(7) == [{"id": n} for n in range(total)]
    assert shop.order_taxes(7) == [{"id": n} for n in range(total)]
    products, taxes = wire.asked[:calls], wire.asked[calls:]
    assert {asked.path for asked in products} == {"/stores/abc123/v2/orders/7/products"}
    assert {asked.path for asked in taxes} == {"/stores/abc123/v2/orders/7/taxes"}
    assert {asked.params["details"] for asked in taxes} == {"true"}
    assert [asked.params["page"] for asked in products] == [str(n + 1) for n in range(calls)]
    assert {asked.params["limit"] for asked in wire.asked} == {"250"}


@pytest.mark.parametrize(
    ("rows", "calls"),
    [
        (Rows(0, v3=True), 1),
        (Rows(3, v3=True), 1),
        (Rows(120, v3=True, page_size=50), 3),
        (Rows(250, v3=True), 1),
        (Rows(251, v3=True, counted=False), 2),
        (Rows(250, v3=True, counted=False), 2),
    ],
)
def test_all_transactions_of_an_order(shop: BigCommerce, wire: Wire, rows: Rows, calls: int) -> None:
    wire.on = rows
    assert shop.transactions(7) == [{"id": n} for n in range(rows.total)]
    assert len(wire.asked) == calls
    assert {asked.path for asked in wire.asked} == {"/stores/abc123/v3/orders/7/transactions"}


@pytest.mark.parametrize(("total", "calls"), [(0, 1), (3, 1), (251, 2)])
def test_all_shipments_of_an_order(shop: BigCommerce, wire: Wire, total: int, calls: int) -> None:
    wire.on = Rows(total)
    assert shop.shipments(7) == [{"id": n} for n in range(total)]
    assert len(wire.asked) == calls
    assert {asked.path for asked in wire.asked} == {"/stores/abc123/v2/orders/7/shipments"}


@pytest.mark.parametrize(("total", "calls"), [(0, 1), (250, 1), (251, 2)])
def test_all_variants_of_the_catalogue(shop: BigCommerce, wire: Wire, total: int, calls: int) -> None:
    wire.on = Rows(total, v3=True)
    assert shop.variants() == [{"id": n} for n in range(total)]
    assert {asked.path for asked in wire.asked} == {"/stores/abc123/v3/catalog/variants"}
    assert [asked.params for asked in wire.asked] == [
        {"include_fields": "sku,product_id", "limit": "250", "page": str(n + 1)} for n in range(calls)
    ]


@pytest.mark.parametrize(("total", "calls"), [(0, 1), (250, 1), (251, 2)])
def test_how_the_stock_of_some_products_is_counted(shop: BigCommerce, wire: Wire, total: int, calls: int) -> None:
    wire.on = Rows(total, v3=True)
    assert shop.products([7, 9]) == [{"id": n} for n in range(total)]
    assert {asked.path for asked in wire.asked} == {"/stores/abc123/v3/catalog/products"}
    wanted = {"id:in": "7,9", "include_fields": "inventory_tracking,inventory_level,base_variant_id", "limit": "250"}
    assert [asked.params for asked in wire.asked] == [wanted | {"page": str(n + 1)} for n in range(calls)]


def test_the_variants_of_some_products(shop: BigCommerce, wire: Wire) -> None:
    wire.on = Rows(251, v3=True)
    assert shop.variants_of([7, 9]) == [{"id": n} for n in range(251)]
    assert {asked.path for asked in wire.asked} == {"/stores/abc123/v3/catalog/variants"}
    wanted = {"product_id:in": "7,9", "include_fields": "sku,product_id,inventory_level", "limit": "250"}
    assert [asked.params for asked in wire.asked] == [wanted | {"page": page} for page in ("1", "2")]


def test_variants_of_no_store(shop: BigCommerce, wire: Wire) -> None:
    wire.replies = [Reply(status=404)]
    with pytest.raises(Forbidden, match="knows no store “abc123”"):
        shop.variants()


def test_an_empty_envelope_is_no_transaction(shop: BigCommerce, wire: Wire) -> None:
    wire.replies = [as_json({"data": [], "meta": []})]
    assert shop.transactions(7) == []


def test_a_payment_ledger_that_is_down_is_not_no_transaction(shop: BigCommerce, wire: Wire) -> None:
    wire.replies = [Reply(status=503)]
    with pytest.raises(Unreachable):
        shop.transactions(7)


def test_the_lines_of_an_order_that_is_gone(shop: BigCommerce, wire: Wire) -> None:
    wire.replies = [as_json([{"status": 404, "message": "not found"}], 404)]
    for call in (shop.order_products, shop.order_taxes, shop.transactions, shop.shipments):
        with pytest.raises(BadRecord) as caught:
            call(7)
        assert [problem.code for problem in caught.value.problems] == ["order_gone"]


def refund(number: int, **more: Any) -> dict[str, Any]:
    return {"id": number, "order_id": 7, "created": "2026-03-02T09:00:00+00:00", **more}


def test_a_page_of_refunds(shop: BigCommerce, wire: Wire, clock: Clock) -> None:
    """`meta` says nothing: whoever asks sees by the rows whether there are more."""
    rows = [refund(1, total_amount=20.1), refund(2)]
    wire.replies = [as_json({"data": rows, "meta": {}}, Date="Mon, 02 Mar 2026 09:32:30 GMT"), Reply(status=204)]
    page = shop.refunds(SINCE.replace(microsecond=999_999))
    assert [row["id"] for row in page.rows] == [1, 2]
    assert page.rows[0]["total_amount"] == Decimal("20.1")
    assert page.server_time == datetime(2026, 3, 2, 9, 32, 30, tzinfo=UTC)
    assert shop.refunds(SINCE, page=2).rows == []
    assert {asked.path for asked in wire.asked} == {"/stores/abc123/v3/orders/payment_actions/refunds"}
    since = "2026-03-02T09:00:00+00:00"  # a bare + would have arrived as a space
    assert [asked.params for asked in wire.asked] == [
        {"created:min": since, "limit": "250", "page": "1"},
        {"created:min": since, "limit": "250", "page": "2"},
    ]


@pytest.mark.parametrize("row", [{"id": 1}, {"order_id": 7}, {"id": "1", "order_id": 7}, {"id": 1, "order_id": True}])
def test_a_refund_that_cannot_be_told_from_others_is_no_answer(
    shop: BigCommerce, wire: Wire, row: dict[str, Any]
) -> None:
    wire.replies = [as_json({"data": [refund(2), row], "meta": {}})]
    with pytest.raises(Unreachable, match="without its number or its order's"):
        shop.refunds(SINCE)


def test_the_refunds_of_some_orders_are_asked_for_fifty_orders_at_a_time(shop: BigCommerce, wire: Wire) -> None:
    wire.replies = [as_json({"data": [refund(n)], "meta": {}}) for n in (1, 2, 3)]
    assert [row["id"] for row in shop.refunds_of(range(1, 102))] == [1, 2, 3]
    asked = [[int(number) for number in each.params["order_id:in"].split(",")] for each in wire.asked]
    assert asked == [list(range(1, 51)), list(range(51, 101)), [101]]
    assert shop.refunds_of([]) == []
    assert len(wire.asked) == 3


def stock(restocks: Any) -> Reply:
    return as_json({"data": {"refund_order_stock_adjustment": restocks}, "meta": {}})


YES, NO, INHERITED = (stock(restocks) for restocks in (True, False, None))
NO_CHANNEL = as_json({"status": 404, "title": "no such channel"}, 404)


@pytest.mark.parametrize(
    ("channel", "replies", "restocks"),
    [
        (None, [YES], True),
        (None, [NO], False),
        (1, [NO], False),
        (1, [INHERITED, YES], True),
        (1, [as_json({"data": {}, "meta": {}}), NO], False),
        (1, [NO_CHANNEL, YES], True),
    ],
)
def test_whether_refunded_goods_go_back_to_stock(
    shop: BigCommerce, wire: Wire, channel: int | None, replies: list[Reply], restocks: bool
) -> None:
    """What a channel does not say of its own, the store says for it."""
    wire.replies = list(replies)
    assert shop.restocks(channel) is restocks
    assert {asked.path for asked in wire.asked} == {"/stores/abc123/v3/settings/inventory"}
    own = [] if channel is None else [{"channel_id": "1"}]
    assert [asked.params for asked in wire.asked] == [*own, *[{}] * (len(replies) - len(own))]


@pytest.mark.parametrize("answer", [{"data": {}}, {"data": {"refund_order_stock_adjustment": 1}}, {}, []])
def test_a_store_that_does_not_tell_restocks_neither_way(shop: BigCommerce, wire: Wire, answer: Any) -> None:
    wire.replies = [as_json(answer)]
    with pytest.raises(Unreachable):
        shop.restocks()


@pytest.mark.parametrize("answer", [{}, {"data": {}}, 7, None])
def test_an_answer_of_another_shape_is_no_answer(shop: BigCommerce, wire: Wire, answer: Any) -> None:
    wire.replies = [as_json(answer)]
    for call in (
        shop.order_statuses,
        lambda: shop.orders(SINCE),
        lambda: shop.transactions(7),
        lambda: shop.refunds(SINCE),
    ):
        with pytest.raises(Unreachable):
            call()


@pytest.mark.parametrize("answer", [[], 7, {"time": "now"}])
def test_an_object_of_another_shape_is_no_answer(shop: BigCommerce, wire: Wire, answer: Any) -> None:
    wire.replies = [as_json(answer)]
    with pytest.raises(Unreachable):
        shop.time()


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recordings are not here")
def test_recorded_answers(shop: BigCommerce, wire: Wire) -> None:
    for name, call, ids in (
        ("orders_100_101_102_au.json", lambda: shop.orders(SINCE).rows, [100, 101, 102]),
        ("order_statuses.json", shop.order_statuses, list(range(15))),
        ("transactions.json", lambda: shop.transactions(121), [85926313]),
    ):
        wire.replies = [as_json(json.loads((RECORDED / name).read_text()))]
        assert sorted(row["id"] for row in call()) == ids


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recordings are not here")
def test_a_documented_refund_is_read_and_kept_without_people(shop: BigCommerce, wire: Wire) -> None:
    row = json.loads((RECORDED / "refund_12_store_credit.json").read_text())["data"]
    wire.replies = [as_json({"data": [row], "meta": {}})]
    (told,) = shop.refunds(SINCE).rows
    assert read_refunds([kept(told)]) == read_refunds([told])
    (refund,) = read_refunds([told])
    assert (refund.order_id, refund.total, refund.tax, refund.returned) == (180, 50, 5, 50)
    assert [(payment.provider, payment.offline) for payment in refund.paid] == [("storecredit", True)]
    assert "requires a refund" not in str(kept(told))


def test_what_the_shop_owes_its_customers(shop: BigCommerce, wire: Wire) -> None:
    certificates = [{"id": 24, "status": "active", "balance": "500.0000"}]
    customers = {"data": [{"id": 7, "store_credit_amounts": [{"amount": 43.15}]}], "meta": {}}
    wire.replies = [as_json(certificates), as_json(customers)]

    assert shop.gift_certificates() == certificates
    assert shop.customers_with_credit() == [{"id": 7, "store_credit_amounts": [{"amount": Decimal("43.15")}]}]

    first, second = wire.asked
    assert (first.path, first.params) == ("/stores/abc123/v2/gift_certificates", {"limit": "250", "page": "1"})
    assert (second.path, second.params["include"]) == ("/stores/abc123/v3/customers", "storecredit")


@pytest.mark.parametrize(
    ("ask", "scope"),
    [
        (BigCommerce.gift_certificates, "Marketing: read-only"),
        (BigCommerce.customers_with_credit, "Customers: read-only"),
    ],
)
def test_the_scope_that_is_missing_is_named(shop: BigCommerce, wire: Wire, ask: Any, scope: str) -> None:
    wire.replies = [Reply(status=403, body=b'{"status":403,"title":"no scope"}')]
    with pytest.raises(Forbidden) as caught:
        ask(shop)
    assert scope in caught.value.fix
