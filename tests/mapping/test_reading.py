"""Orders as the shop's JSON says them, where it says them oddly."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cartledger.money import read_json, write_json
from cartledger.records import order_version, read_order


def test_a_date_of_no_known_zone_is_utc(example):
    order = read_order(example("1") | {"date_created": "Fri, 01 May 2026 03:30:00 -0000"})
    assert order.created == datetime(2026, 5, 1, 3, 30, tzinfo=UTC)


def test_half_a_surrogate_pair_is_kept_and_has_a_version(example):
    order = example("1")
    order["billing_address"]["first_name"] = "Ada \ud83d"
    assert read_json(write_json(order).encode()) == order
    assert order_version(order) != order_version(example("1"))


def test_other_texts_are_written_as_they_are():
    assert write_json({"name": "Żółć 🌻"}) == '{"name":"Żółć 🌻"}'


@pytest.mark.parametrize("junk", [True, 7, "none", {"url": "…", "resource": "/orders/1/fees"}])
def test_what_is_no_list_holds_nothing(example, junk):
    order = example("1") | {"fees": junk}
    order["products"][0]["applied_discounts"] = junk
    read = read_order(order)
    assert read.fees == ()
    assert read.lines[0].discounts == ()


def test_lines_that_are_no_objects_are_missing_lines(example):
    order = example("1")
    order["products"].append("a line")
    assert len(read_order(order).lines) == 2
