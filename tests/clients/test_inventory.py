"""The shop's stock: which location, what is on hand there, and what becomes of levels that are set."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from cartledger.clients.bigcommerce import BigCommerce
from cartledger.clients.faults import units_named
from cartledger.clients.http import Http
from cartledger.clients.inventory import InventoryRow
from cartledger.errors import CartledgerError, Forbidden, Refused, Throttled, TryLater, Unauthorised, Unreachable
from tests.clients.conftest import Clock, Reply, Wire, as_json

ITEMS = "/stores/abc123/v3/inventory/items"
LOCATIONS = "/stores/abc123/v3/inventory/locations"
ABSOLUTE = "/stores/abc123/v3/inventory/adjustments/absolute"
TRIES = 5
TRACKED_BY_PRODUCT = "[Item with variant_id 106 is tracked by product, please update stock by product id]"


def envelope(rows: list[dict[str, Any]], total_pages: int = 1) -> Reply:
    return as_json({"data": rows, "meta": {"pagination": {"total_pages": total_pages}}})


def problem(title: str, status: int = 422, errors: Any = None) -> Reply:
    return as_json(
        {"status": status, "title": title, "type": "https://example.com/", "errors": errors or {}},
        status,
        **{"Content-Type": "application/problem+json"},
    )


def location(number: int, **more: Any) -> dict[str, Any]:
    return {"id": number, "code": f"BC-LOCATION-{number}", "label": "Back room", "enabled": True, **more}


def test_the_default_location(shop: BigCommerce, wire: Wire) -> None:
    wire.replies = [envelope([location(3)])]
    assert shop.default_location() == 3
    [asked] = wire.asked
    assert (asked.method, asked.path, asked.params["is_default"]) == ("GET", LOCATIONS, "true")


def test_a_location_of_the_store(shop: BigCommerce, wire: Wire) -> None:
    wire.replies = [envelope([location(4), location(5)])]
    shop.check_location(5)
    assert (wire.asked[0].path, wire.asked[0].params["location_id:in"]) == (LOCATIONS, "5")


@pytest.mark.parametrize(
    ("rows", "code", "words"),
    [
        ([], "no_location", "no default location. Name one in stock.location"),
        ([location(3, enabled=False)], "location_disabled", "location 3 is disabled"),
    ],
)
def test_a_default_location_that_keeps_no_stock(
    shop: BigCommerce, wire: Wire, rows: list[dict[str, Any]], code: str, words: str
) -> None:
    wire.replies = [envelope(rows)]
    with pytest.raises(Refused) as caught:
        shop.default_location()
    assert caught.value.codes == (code,)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([], "no_location"),
        ([location(4)], "no_location"),
        ([location(5, enabled=False)], "location_disabled"),
    ],
)
def test_a_named_location_that_keeps_no_stock(
    shop: BigCommerce, wire: Wire, rows: list[dict[str, Any]], code: str
) -> None:
    wire.replies = [envelope(rows)]
    with pytest.raises(Refused) as caught:
        shop.check_location(5)
    assert caught.value.codes == (code,)
    assert "stock.location" in str(caught.value)


def test_a_location_without_an_id_is_no_answer(shop: BigCommerce, wire: Wire) -> None:
    wire.replies = [envelope([{"label": "Back room"}])]
    with pytest.raises(Unreachable):
        shop.default_location()


def row(sku: str | None, *, product: int = 111, variant: int | None = 74, on_hand: int = 11) -> dict[str, Any]:
    """As documented: what may be sold is 1 less than what is on hand."""
    return {
        "identity": {"sku": sku, "variant_id": variant, "product_id": product, "sku_id": None},
        "locations": [
            {"location_id": 1, "available_to_sell": 98, "total_inventory_onhand": 99, "location_enabled": True},
            {
                "location_id": 3,
                "available_to_sell": on_hand - 1,
                "total_inventory_onhand": on_hand,
                "location_enabled": True,
                "settings": {"safety_stock": 1},
            },
        ],
    }


def test_what_a_location_has_of_everything(shop: BigCommerce, wire: Wire) -> None:
    wire.replies = [envelope([row("SM13")], 2), envelope([row(None, product=112, variant=None, on_hand=-2)], 2)]
    rows = shop.inventory(3)
    assert next(rows) == InventoryRow(sku="SM13", variant_id=74, product_id=111, on_hand=11)
    assert len(wire.asked) == 1  # a page at a time
    assert list(rows) == [InventoryRow(sku="", variant_id=None, product_id=112, on_hand=-2)]
    assert {asked.path for asked in wire.asked} == {ITEMS}
    assert [asked.params for asked in wire.asked] == [
        {"location_id:in": "3", "limit": "1000", "page": "1"},
        {"location_id:in": "3", "limit": "1000", "page": "2"},
    ]


def test_a_unit_that_was_never_kept_at_the_location_has_nothing_there(shop: BigCommerce, wire: Wire) -> None:
    wire.replies = [envelope([row("SM13")])]
    assert [each.on_hand for each in shop.inventory(2)] == [0]


def test_what_a_location_has_of_some_skus(shop: BigCommerce, wire: Wire) -> None:
    """The filter may know more SKUs than were asked for; letters of either case are one SKU."""
    wire.replies = [envelope([row("sm13 "), row("SM14", variant=75)])]
    assert [each.sku for each in shop.inventory(3, ["SM13", "A&B"])] == ["sm13 "]
    assert wire.asked[0].params == {"location_id:in": "3", "sku:in": "SM13,A&B", "limit": "1000", "page": "1"}


@pytest.mark.parametrize(
    ("skus", "calls"),
    [
        ([f"S{n}" for n in range(100)], [100]),
        ([f"S{n}" for n in range(101)], [100, 1]),
        ([f"{n:02}" + "x" * 98 for n in range(50)], [29, 21]),
        (["é" * 600, "S1"], [1, 1]),
    ],
)
def test_addresses_are_kept_short(shop: BigCommerce, wire: Wire, skus: list[str], calls: list[int]) -> None:
    wire.replies = [envelope([])]
    assert list(shop.inventory(3, skus)) == []
    asked = [asked.params["sku:in"].split(",") for asked in wire.asked]
    assert [len(some) for some in asked] == calls
    assert [sku for some in asked for sku in some] == skus


def test_a_sku_with_a_comma_is_looked_for_in_all_the_stock(shop: BigCommerce, wire: Wire) -> None:
    wire.replies = [envelope([row("lamp, red"), row("SM13"), row("lamp", variant=76)])]
    assert [each.sku for each in shop.inventory(3, ["LAMP, RED", "SM13"])] == ["lamp, red", "SM13"]
    assert "sku:in" not in wire.asked[0].params


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"identity": {"product_id": 1}, "locations": None},
        {"identity": None, "locations": []},
        {"identity": {"sku": "SM13"}, "locations": []},
        {"identity": {"product_id": "111"}, "locations": []},
        {"identity": {"product_id": 111, "variant_id": "74"}, "locations": []},
        {"identity": {"product_id": 111}, "locations": [{"location_id": 3}]},
        {"identity": {"product_id": 111}, "locations": [{"location_id": 3, "total_inventory_onhand": 1.5}]},
    ],
)
def test_stock_of_another_shape_is_no_answer(shop: BigCommerce, wire: Wire, told: dict[str, Any]) -> None:
    wire.replies = [envelope([told])]
    with pytest.raises(Unreachable):
        list(shop.inventory(3))


@pytest.mark.parametrize(
    "accepted",
    [
        as_json({"transaction_id": "e8d2"}),
        as_json({"data": {"id": "adj_1"}, "meta": {}}),
        as_json({}),
        as_json({"transaction_id": "e8d2"}, 201),
        as_json({"transaction_id": "e8d2"}, 202),
        Reply(status=204),
    ],
)
def test_levels_are_set(shop: BigCommerce, wire: Wire, accepted: Reply) -> None:
    wire.replies = [accepted]
    shop.adjust(3, {"product:111": 7, "variant:74": 0}, reason="QuickBooks, 12:00")
    [asked] = wire.asked
    assert (asked.method, asked.path, asked.params) == ("PUT", ABSOLUTE, {})
    assert (asked.headers["content-type"], asked.headers["x-auth-token"]) == ("application/json", "shop-token")
    assert json.loads(asked.body) == {
        "reason": "QuickBooks, 12:00",
        "items": [
            {"location_id": 3, "product_id": 111, "quantity": 7},
            {"location_id": 3, "variant_id": 74, "quantity": 0},
        ],
    }


def test_a_call_sets_at_most_two_thousand_levels(shop: BigCommerce, wire: Wire) -> None:
    wire.replies = [as_json({"transaction_id": "e8d2"})]
    levels = {f"variant:{n}": 1 for n in range(2_001)}
    for wrong in (levels, {}, {"SM13": 1}, {"sku:SM13": 1}, {"product:x": 1}):
        with pytest.raises(ValueError, match=r"1 to 2000|neither"):
            shop.adjust(3, wrong, reason="test")
    assert wire.asked == []
    levels.popitem()
    shop.adjust(3, levels, reason="test")
    assert len(json.loads(wire.asked[0].body)["items"]) == 2_000


def test_a_throttled_writing_waits_and_goes_out_again(shop: BigCommerce, wire: Wire, clock: Clock) -> None:
    throttled = Reply(status=429, headers={"X-Rate-Limit-Time-Reset-Ms": "15000"})
    wire.replies = [throttled, throttled, as_json({"transaction_id": "e8d2"})]
    shop.adjust(3, {"product:111": 7}, reason="test")
    assert clock.slept == [15.0, 15.0]
    assert len({asked.body for asked in wire.asked}) == 1


@pytest.mark.parametrize(
    ("reply", "kind", "in_doubt", "calls"),
    [
        (Reply(status=429, headers={"X-Rate-Limit-Time-Reset-Ms": "1000"}), Throttled, False, TRIES),
        (Reply(status=429, headers={"X-Retry-After": "3600"}), Throttled, False, 1),
        (Reply(status=401), Unauthorised, False, 1),
        (Reply(status=403), Forbidden, False, 1),
        (Reply(status=404), Forbidden, False, 1),
        (problem("Another adjustment is under way.", 409), TryLater, False, 1),
        (problem("The store is locked.", 423), TryLater, False, 1),
        (problem(TRACKED_BY_PRODUCT), Refused, False, 1),
        (problem("JSON data is missing or invalid", 400), Refused, False, 1),
        (Reply(status=500), Unreachable, True, 1),
        (Reply(status=503), Unreachable, True, 1),
        (Reply(status=504), Unreachable, True, 1),
        (Reply(status=499), Unreachable, True, 1),
        (Reply(status=301), Unreachable, True, 1),
        (Reply(status=207), Unreachable, True, 1),
        (Reply(end="reset"), Unreachable, True, 1),
        (Reply(body=b'{"transaction_id": "e8d2"}', end="cut"), Unreachable, True, 1),
        (Reply(body=b"<html>"), Unreachable, True, 1),
    ],
)
def test_levels_that_were_not_set_or_nobody_knows(
    shop: BigCommerce, wire: Wire, reply: Reply, kind: type[CartledgerError], in_doubt: bool, calls: int
) -> None:
    wire.replies = [reply]
    with pytest.raises(kind) as caught:
        shop.adjust(3, {"product:111": 7}, reason="test")
    assert caught.value.in_doubt is in_doubt
    assert len(wire.asked) == calls


@pytest.mark.parametrize(("reset", "calls"), [("30000", 2), ("25000", 3), ("60000", 1)])
def test_a_writing_that_waits_too_long_does_not_go_out_any_more(
    shop: BigCommerce, wire: Wire, reset: str, calls: int
) -> None:
    """Whoever waits for its end knows when it can no longer be carried out."""
    wire.replies = [Reply(status=429, headers={"X-Rate-Limit-Time-Reset-Ms": reset})]
    with pytest.raises(TryLater) as caught:
        shop.adjust(3, {"product:111": 7}, reason="test")
    assert not caught.value.in_doubt
    assert len(wire.asked) == calls


def test_a_writing_that_cannot_leave_within_the_quota_stays_here(shop: BigCommerce, wire: Wire) -> None:
    used_up = {"X-Rate-Limit-Requests-Left": "0", "X-Rate-Limit-Time-Reset-Ms": "3600000"}
    wire.replies = [as_json({"data": {}}, **used_up)]
    shop.takes_stock_late()
    with pytest.raises(TryLater):
        shop.adjust(3, {"product:111": 7}, reason="test")
    assert [asked.method for asked in wire.asked] == ["GET"]


def test_a_connection_that_fails_leaves_no_doubt(shop: BigCommerce, wire: Wire) -> None:
    wire.close()
    with pytest.raises(Unreachable) as caught:
        shop.adjust(3, {"product:111": 7}, reason="test")
    assert not caught.value.in_doubt


@pytest.fixture
def impatient(wire: Wire, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[BigCommerce]:
    monkeypatch.setattr("cartledger.clients.store_calls.DEADLINE", 0.2)
    with Http(connect_timeout=5.0) as http:
        yield BigCommerce(
            http=http, base_url=wire.url, store_hash="abc123", access_token=lambda: "t", clock=clock, sleep=clock.sleep
        )


def test_an_answer_that_does_not_come_leaves_a_doubt(impatient: BigCommerce, wire: Wire) -> None:
    wire.replies = [Reply(end="hang")]
    with pytest.raises(Unreachable) as caught:
        impatient.adjust(3, {"product:111": 7}, reason="test")
    assert caught.value.in_doubt
    assert len(wire.asked) == 1


def test_a_refusal_says_whom_it_means(shop: BigCommerce, wire: Wire) -> None:
    wire.replies = [problem(TRACKED_BY_PRODUCT)]
    with pytest.raises(Refused) as caught:
        shop.adjust(3, {"variant:106": 7}, reason="test")
    assert caught.value.codes == ("422",)
    assert [one.code for one in caught.value.problems] == ["bigcommerce_422"]
    assert caught.value.detail == TRACKED_BY_PRODUCT
    assert "refused to take the new levels" in str(caught.value)
    assert units_named(caught.value) == {"variant:106"}


def test_a_long_refusal_names_all_of_them(shop: BigCommerce, wire: Wire) -> None:
    """What people read is cut; the last id of that would be another one's."""
    wire.replies = [
        problem(f"Items with identity: [{', '.join(f'variant_id {n}' for n in range(1000, 1500))}] unknown")
    ]
    with pytest.raises(Refused) as caught:
        shop.adjust(3, {"variant:1000": 7}, reason="test")
    assert units_named(caught.value) == {f"variant:{n}" for n in range(1000, 1500)}
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    ("said", "named"),
    [
        (TRACKED_BY_PRODUCT, {"variant:106"}),
        ("[Item with product_id 111 is tracked by variant, please update stock by variant id]", {"product:111"}),
        ("Items with identity: [product_id 113] requires absolute adjustment before relative", {"product:113"}),
        ("Items with identity: [sku RE-130] requires absolute adjustment before relative", {"RE-130"}),
        ("Items with identity: [sku RE-130, sku Blue lamp, large] are unknown", {"RE-130", "Blue lamp, large"}),
        (
            "Items with identity: [variant_id 7, product_id 9, sku A-1, variant_id 8] not found",
            {"variant:7", "product:9", "A-1", "variant:8"},
        ),
        (
            "[Item with variant_id 106 is tracked by product, please update stock by product id, "
            "Item with variant_id 107 is tracked by product, please update stock by product id]",
            {"variant:106", "variant:107"},
        ),
        (
            "[Item with sku A-1 is tracked by product, please update stock by product id, "
            "Item with sku B-2 is tracked by product, please update stock by product id]",
            {"A-1", "B-2"},
        ),
        ("Variant IDs: 106, 107 do not exist", {"variant:106", "variant:107"}),
        ('Product id "9" does not exist', {"product:9"}),
        ("sku product_id 7", {"product_id 7"}),
        ("Payload contains invalid fields", set()),
        ("Invalid product id", set()),
        ("", set()),
    ],
)
def test_what_a_refusal_names(said: str, named: set[str]) -> None:
    assert units_named(Refused([], detail=said)) == named


@pytest.mark.parametrize(
    ("told", "late"), [("order_completed_or_shipped", True), ("order_placed", False), (None, False)]
)
def test_when_the_store_takes_the_units_of_an_order(
    shop: BigCommerce, wire: Wire, told: str | None, late: bool
) -> None:
    wire.replies = [as_json({"data": {"update_stock_behavior": told}, "meta": {}})]
    assert shop.takes_stock_late() is late
    assert wire.asked[0].path == "/stores/abc123/v3/settings/inventory"
