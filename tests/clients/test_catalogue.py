"""The shop's catalogue: which products are asked for, in which order, and how a walk ends."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from cartledger.clients.bigcommerce import BigCommerce
from cartledger.errors import Unreachable
from tests.clients.conftest import Asked, Clock, Reply, Wire, as_json

SINCE = datetime(2026, 3, 2, 9, 0, 0, 999_999, tzinfo=UTC)
FIELDS = "name,sku,price,inventory_tracking,date_modified,variants"


def pages(rows: list[dict[str, Any]], of: int) -> Reply:
    return as_json({"data": rows, "meta": {"pagination": {"total_pages": of}}}, Date="Mon, 02 Mar 2026 09:32:30 GMT")


def test_a_page_of_products(shop: BigCommerce, wire: Wire) -> None:
    row = {"id": 7, "sku": "LAMP", "price": 10.1, "variants": [{"id": 71, "sku": "LAMP-R", "price": None}]}
    wire.replies = [pages([row], 3)]

    page = shop.catalogue(SINCE, page=2)

    assert page.rows == [{**row, "price": Decimal("10.1")}]
    assert (page.more, page.limit, page.page) == (True, 250, 2)
    assert page.server_time == datetime(2026, 3, 2, 9, 32, 30, tzinfo=UTC)
    assert not shop.catalogue(SINCE, page=3).more
    first, second = wire.asked
    assert first.path == "/stores/abc123/v3/catalog/products"
    wanted = {
        "date_modified:min": "2026-03-02T09:00:00+00:00",
        "sort": "date_modified",
        "direction": "asc",
        "include": "variants",
        "include_fields": FIELDS,
        "limit": "250",
    }
    assert (first.params, second.params) == (wanted | {"page": "2"}, wanted | {"page": "3"})


def test_a_page_with_too_many_variants_is_asked_for_in_smaller_ones(shop: BigCommerce, wire: Wire) -> None:
    def answer(asked: Asked) -> Reply:
        limit, page = int(asked.params["limit"]), int(asked.params["page"])
        whole = pages([{"id": n} for n in range((page - 1) * limit, page * limit)], 9)
        return whole if limit <= 62 else Reply(body=whole.body, end="cut")

    wire.on = answer
    page = shop.catalogue(SINCE, page=2)
    assert [asked.params["limit"] for asked in wire.asked] == ["250", "125", "62"]
    assert (page.limit, page.page, len(page.rows)) == (62, 5, 62)
    assert page.rows[0]["id"] <= 250 <= page.rows[-1]["id"]
    assert shop.catalogue(SINCE, page=page.page + 1, limit=page.limit).rows[0]["id"] == page.rows[-1]["id"] + 1


def test_a_store_that_does_not_tell_the_time_is_taken_to_have_ours(shop: BigCommerce, wire: Wire, clock: Clock) -> None:
    wire.replies = [as_json({"data": [], "meta": {}})]
    page = shop.catalogue(SINCE, page=1)
    assert (page.rows, page.more, page.server_time) == ([], False, clock.now)


class Products:
    """Products with the ids `ids`, which go away as they are `deleted` before the second call."""

    def __init__(self, *ids: int, deleted: frozenset[int] = frozenset()) -> None:
        self.ids, self.deleted, self.calls = ids, deleted, 0

    def __call__(self, asked: Asked) -> Reply:
        there = [n for n in self.ids if not (self.calls and n in self.deleted)]
        self.calls += 1
        if "id:in" in asked.params:
            found = [n for n in there if str(n) in asked.params["id:in"].split(",")]
        else:
            found = [n for n in there if n > int(asked.params["id:greater"])]
        rows = [{"id": n, "inventory_tracking": ("none", "product", "variant")[n % 3]} for n in found[:250]]
        return as_json({"data": rows, "meta": {"pagination": {"total_pages": -(-len(found) // 250)}}})


@pytest.mark.parametrize(("total", "calls"), [(0, 1), (250, 1), (251, 2), (600, 3)])
def test_how_the_stock_of_all_products_is_counted(shop: BigCommerce, wire: Wire, total: int, calls: int) -> None:
    wire.on = Products(*range(1, total + 1))
    told = shop.tracking()
    assert list(told) == list(range(1, total + 1))
    assert [told[n] for n in (1, 2, 3) if told] == (["product", "variant", "none"] if told else [])
    assert {asked.path for asked in wire.asked} == {"/stores/abc123/v3/catalog/products"}
    wanted = {"sort": "id", "direction": "asc", "include_fields": "inventory_tracking", "limit": "250", "page": "1"}
    assert [asked.params for asked in wire.asked] == [wanted | {"id:greater": str(250 * n)} for n in range(calls)]


def test_a_deletion_meanwhile_hides_no_other_product(shop: BigCommerce, wire: Wire) -> None:
    wire.on = Products(*range(1, 602), deleted=frozenset(range(1, 200)))
    assert list(shop.tracking()) == list(range(1, 602))


@pytest.mark.parametrize("rows", [[{"id": 5}, {"id": 7}], [{"id": 6}], []])
def test_a_store_that_goes_on_without_further_products_ends_the_walk(
    shop: BigCommerce, wire: Wire, rows: list[dict[str, int]]
) -> None:
    wire.replies = [pages([{"id": 7}], 2), pages(rows, 2)]
    with pytest.raises(Unreachable, match="no further products"):
        shop.tracking()
    assert len(wire.asked) == 2


def test_how_the_stock_of_named_products_is_counted_a_hundred_a_call(shop: BigCommerce, wire: Wire) -> None:
    wire.on = Products(*range(1, 102))
    assert shop.tracking([1, 2, 3, 900]) == {1: "product", 2: "variant", 3: "none"}
    assert wire.asked[0].params["id:in"] == "1,2,3,900"
    assert len(shop.tracking(range(1, 202))) == 101
    assert [len(asked.params["id:in"].split(",")) for asked in wire.asked[1:]] == [100, 100, 1]
