"""Reading what BigCommerce writes: strings and numbers, empty objects for null, four buckets, two spellings."""

import json

import pytest

from cartledger.errors import BadRecord
from cartledger.money import D
from cartledger.records import (
    NotAMessage,
    SourceKey,
    content_hash,
    order_version,
    read_message,
    read_order,
    with_lines,
    write_message,
)

LINE = {
    "id": 7,
    "product_id": 3,
    "variant_id": 4,
    "name": "Mug",
    "sku": "MUG-1",
    "type": "physical",
    "quantity": 2,
    "total_ex_tax": "20.0000",
    "total_inc_tax": "21.6500",
    "total_tax": "1.6500",
    "applied_discounts": [{"id": "coupon", "amount": D("1.5"), "code": "TEN", "target": "order"}],
    "product_options": [{"display_name": "Size", "display_value": "S"}],
    "parent_order_product_id": None,
}
ORDER = {
    "id": 1001,
    "customer_id": 5,
    "date_created": "Tue, 28 Apr 2026 13:06:44 +0000",
    "date_modified": "Tue, 28 Apr 2026 13:18:40 +0000",
    "date_shipped": "",
    "status_id": 11,
    "status": "Awaiting Fulfillment",
    "subtotal_ex_tax": "20.0000",
    "subtotal_inc_tax": "21.6500",
    "subtotal_tax": "1.6500",
    "total_ex_tax": "20.0000",
    "total_inc_tax": "21.6500",
    "total_tax": "1.6500",
    "items_total": 2,
    "default_currency_code": "USD",
    "payment_status": "Captured",
    "payment_provider_id": {},
    "is_tax_inclusive_pricing": False,
    "billing_address": {"first_name": "Ada", "last_name": "Long", "email": "ada@example.com", "zip": "10001"},
    "fees": [{"id": 1, "display_name_merchant": "Rush", "cost_exc_tax": "2.5", "cost_inc_tax": "2.5", "cost_tax": "0"}],
    "consignments": {"shipping": [{"first_name": "Ada", "city": "Austin", "line_items": [LINE]}]},
}


def test_an_order_is_read_into_decimals_and_aware_times():
    order = read_order(ORDER)
    assert (order.total.ex, order.total.inc, order.total.tax) == (D("20"), D("21.65"), D("1.65"))
    assert order.created.isoformat() == "2026-04-28T13:06:44+00:00"
    assert order.shipped is None
    assert order.payment_reference == ""
    assert order.payment_status == "captured"
    assert order.billing.email == "ada@example.com"
    assert order.ship_to.city == "Austin"
    (line,) = order.lines
    assert (line.sku, line.quantity, line.discounts[0].amount) == ("MUG-1", 2, D("1.5"))
    assert line.options == ("Size: S",)
    assert order.fees[0].amount.ex == D("2.5")
    assert not order.lines_incomplete


@pytest.mark.parametrize(
    "consignments",
    [
        {"pickups": [{"line_items": [LINE]}]},
        {"downloads": [{"line_items": LINE}]},
        {"email": {"gift_certificates": [{"line_items": [LINE]}]}},
        [{"shipping": [{"line_items": [LINE]}], "pickups": []}],
    ],
    ids=["pickup", "download as a bare object", "gift certificate", "legacy array"],
)
def test_lines_are_found_in_every_bucket_and_both_shapes(consignments):
    assert [line.sku for line in read_order({**ORDER, "consignments": consignments}).lines] == ["MUG-1"]


def test_stubs_of_what_was_not_asked_for_are_no_lines_and_no_fees():
    stub = {"url": "https://api.example.com/x", "resource": "/x"}
    order = read_order({**ORDER, "fees": stub, "consignments": {"shipping": [{"line_items": [stub]}]}})
    assert order.lines == order.fees == ()
    assert order.lines_incomplete


def test_a_warning_says_that_lines_are_missing_until_all_are_laid_in():
    cut = {**ORDER, "consignments": {"shipping": [{"line_items": [LINE], "__warning__": {"message": "Not all"}}]}}
    assert read_order(cut).lines_incomplete
    assert not read_order(with_lines(cut, [LINE])).lines_incomplete


def test_bundled_children_may_or_may_not_count_as_units():
    child = {**LINE, "id": 8, "parent_order_product_id": 7, "total_ex_tax": "0", "total_inc_tax": "0", "total_tax": "0"}
    both = {"shipping": [{"line_items": [LINE, child]}]}
    assert not read_order({**ORDER, "consignments": both}).lines_incomplete
    assert not read_order({**ORDER, "consignments": both, "items_total": 4}).lines_incomplete
    assert read_order({**ORDER, "consignments": both, "items_total": 3}).lines_incomplete


def test_everything_that_cannot_be_read_is_named_at_once():
    bad = {**ORDER, "total_inc_tax": "twelve", "date_created": "yesterday", "status_id": "eleven"}
    with pytest.raises(BadRecord) as caught:
        read_order(bad)
    assert [problem.text for problem in caught.value.problems] == [
        "date_created is 'yesterday', which cannot be read.",
        "status_id is 'eleven', which cannot be read.",
        "total_inc_tax is 'twelve', which cannot be read.",
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"status_id": 2},
        {"total_inc_tax": "21.6600"},
        {"billing_address": {**ORDER["billing_address"], "last_name": "Short"}},
        {"consignments": {"shipping": [{"line_items": [{**LINE, "quantity": 3}]}]}},
        {"is_deleted": True},
        {"payment_status": "refunded"},
        {"fees": []},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_can_change_a_document_changes_the_version(change):
    assert order_version({**ORDER, **change}) != order_version(ORDER)


@pytest.mark.parametrize(
    "change",
    [
        {"date_modified": "Wed, 29 Apr 2026 08:00:00 +0000"},
        {"a_field_of_tomorrow": 1},
        {"ip_address": "203.0.113.9"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_cannot_change_a_document_changes_no_version(change):
    assert order_version({**ORDER, **change}) == order_version(ORDER)


def test_the_hash_of_a_content_does_not_depend_on_its_order():
    assert content_hash({"a": D("7.10"), "b": [1]}) == content_hash({"b": [1], "a": D("7.1")})
    assert content_hash({"a": 1}) != content_hash({"a": 2})


def test_a_message_is_a_key_and_nothing_else():
    key = SourceKey(pair="abc:123", kind="order", id="1001")
    assert read_message(write_message(key)) == key
    assert set(json.loads(write_message(key))) == {"schema", "pair", "kind", "id"}


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff\x00", b"[]", b"null", b'"text"', b"{}", b'{"schema":2,"pair":"a","kind":"order","id":"1"}',
     b'{"schema":1,"pair":"a","kind":"order","id":1}', b'{"schema":1,"pair":"","kind":"order","id":"1"}'],
)  # fmt: skip
def test_other_bytes_are_no_message(body):
    with pytest.raises(NotAMessage):
        read_message(body)
