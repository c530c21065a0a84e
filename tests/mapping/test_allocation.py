"""What the shop took from its stock for an order, line by line."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from cartledger.money import D
from mapping.allocation import allocation_of

CHICAGO = ZoneInfo("America/Chicago")
START = date(2026, 4, 1)
PENDING, SHIPPED, REFUNDED, CANCELLED, DECLINED, COMPLETED, PARTLY_REFUNDED = 1, 2, 4, 5, 6, 10, 14
INCOMPLETE = 0


def line(quantity, product_id=77, variant_id=91, **more):
    return {"id": 1, "quantity": quantity, "product_id": product_id, "variant_id": variant_id} | more


def row(*lines, status=PENDING, created="Wed, 01 Apr 2026 12:00:00 +0000", **more):
    dates = {"date_created": created, "date_modified": "Thu, 02 Apr 2026 08:00:00 +0000"}
    return {"id": 1001, "status_id": status, "products": list(lines)} | dates | more


def allocated(raw, *, as_sent=False):
    return allocation_of(raw, start=START, zone=CHICAGO, as_sent=as_sent)


def test_an_order():
    found = allocated(row(line(2)))
    assert (found.order_id, found.units) == ("1001", {"product:77": D(2), "variant:91": D(2)})
    assert allocated(row(line(2, sku=" MUG-1 "))).units == {"product:77": 2, "sku:77:91:mug-1": 2, "variant:91": 2}
    assert found.created == datetime(2026, 4, 1, 12, 0, tzinfo=UTC)
    assert found.modified == datetime(2026, 4, 2, 8, 0, tzinfo=UTC)
    assert (found.booked, found.booked_at) == (None, None)


@pytest.mark.parametrize(
    ("lines", "units"),
    [
        ([line(2), line(3)], {"product:77": 5, "variant:91": 5}),
        ([line(2), line(3, variant_id=92)], {"product:77": 5, "variant:91": 2, "variant:92": 3}),
        ([line(2, variant_id=0)], {"product:77": 2}),
        ([line(2, variant_id=None)], {"product:77": 2}),
        ([line(2, product_id=0, variant_id=0)], {}),  # entered by hand, a gift certificate
        ([line(2, product_id=0, variant_id=0, sku="Mug")], {"sku:0:0:mug": 2}),
        ([line(2, sku="Mug"), line(3, sku="MUG")], {"product:77": 5, "sku:77:91:mug": 5, "variant:91": 5}),
        ([line(2, sku="Mug"), line(3, sku="Cup")],
         {"product:77": 5, "sku:77:91:cup": 3, "sku:77:91:mug": 2, "variant:91": 5}),
        ([line(2, sku=None), line(3, sku=" ")], {"product:77": 5, "variant:91": 5}),
        ([line(2, 0, 0, sku=4711)], {"sku:0:0:4711": 2}),
        ([line(0, sku="Mug"), line("many", sku="Mug")], {}),
        ([line(0)], {}),
        ([line("many"), line(1, 5, 6)], {"product:5": 1, "variant:6": 1}),
        ([line(1, "x"), line(1, 5, 6)], {"product:5": 1, "variant:6": 1}),
        # a bundle and what is in it: each counts for itself
        ([line(1, 70, 90), line(4, parent_order_product_id=1)],
         {"product:70": 1, "product:77": 4, "variant:90": 1, "variant:91": 4}),
        ([line(1, 70, 90, sku="SET"), line(4, 0, 0, sku="MUG", parent_order_product_id=1)],
         {"product:70": 1, "sku:0:0:mug": 4, "sku:70:90:set": 1, "variant:90": 1}),
        ([], {}),
    ],
)  # fmt: skip
def test_lines(lines, units):
    assert allocated(row(*lines)).units == {unit: D(number) for unit, number in units.items()}


@pytest.mark.parametrize(
    ("status", "takes"),
    [(status, status not in {INCOMPLETE, CANCELLED, DECLINED}) for status in range(15)],
)
def test_every_status_but_those_of_orders_that_never_left(status, takes):
    found = allocated(row(line(1), status=status))
    assert bool(found.units) is takes
    assert bool(found.named) is (status in {CANCELLED, DECLINED})


@pytest.mark.parametrize(
    ("created", "takes"),
    [
        ("Wed, 01 Apr 2026 05:00:00 +0000", True),  # midnight in Chicago
        ("Wed, 01 Apr 2026 04:59:59 +0000", False),
        ("Tue, 31 Mar 2026 23:00:00 -0700", True),
    ],
)
def test_what_was_sold_before_the_start_belongs_to_the_quantities_that_quickbooks_began_with(created, takes):
    found = allocated(row(line(1), created=created))
    assert (bool(found.units), bool(found.named)) == (takes, not takes)


@pytest.mark.parametrize(
    ("status", "more", "returned"),
    [
        (PENDING, {}, False),
        (SHIPPED, {}, False),
        (COMPLETED, {}, False),
        (REFUNDED, {}, True),
        (PARTLY_REFUNDED, {}, True),
        (COMPLETED, {"refunds": [{"id": 1}]}, True),
    ],
)
def test_refunds_keep_the_units_taken_but_may_have_moved_the_shops_stock(status, more, returned):
    first = allocated(row(line(1), status=status, **more))
    second = allocated(row(line(1), status=status, **more) | {"date_modified": "Fri, 03 Apr 2026 08:00:00 +0000"})
    assert first.units == second.units == {"product:77": D(1), "variant:91": D(1)}
    assert (first.returns != second.returns, first.returns != "") == (returned, returned)


BEFORE, AFTER = "Wed, 25 Mar 2026 12:00:00 +0000", "Fri, 03 Apr 2026 12:00:00 +0000"


@pytest.mark.parametrize(
    ("created", "status", "shipped", "units"),
    [
        (BEFORE, PENDING, "", 2),
        (BEFORE, PENDING, None, 2),
        (BEFORE, SHIPPED, AFTER, 2),
        (BEFORE, SHIPPED, BEFORE, 0),
        (BEFORE, PARTLY_REFUNDED, BEFORE, 0),
        (BEFORE, COMPLETED, "", 0),
        (BEFORE, SHIPPED, "soon", 0),
        (AFTER, COMPLETED, "", 2),
        (AFTER, PENDING, "", 2),
        (BEFORE, CANCELLED, "", 0),
    ],
)
def test_where_documents_bear_a_later_day_goods_that_had_not_left_by_then_are_taken(created, status, shipped, units):
    """They leave QuickBooks when the document is made, which is after the quantities that it began with."""
    found = allocated(row(line(2), status=status, created=created, date_shipped=shipped), as_sent=True)
    assert found.units.get("product:77", 0) == units
