"""What tells two decisions of one document apart: field by field, and only what the shop says."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from mapping.fingerprint import changed_fields, hash_of, of_day, own_day, with_groups

D = Decimal
LINE = {
    "Description": "Product A",
    "Amount": D("50.00"),
    "DetailType": "SalesItemLineDetail",
    "SalesItemLineDetail": {"ItemRef": {"value": "1"}, "Qty": 2, "UnitPrice": D("25"), "TaxCodeRef": {"value": "TAX"}},
}
BODY = {
    "DocNumber": "BC-1",
    "TxnDate": "2026-05-01",
    "CustomerRef": {"value": "9"},
    "CurrencyRef": {"value": "USD"},
    "BillAddr": {"Line1": "Ada Byrne"},
    "Line": [LINE],
    "TxnTaxDetail": {"TotalTax": D("4.13")},
    "DepositToAccountRef": {"value": "100"},
    "PrivateNote": "Order 1",
}
SAID = {"charges": ["A", 2], "accounts": "Card", "address": "Mill Lane", "shipping": None, "words": "hello"}


def line(**detail):
    return [LINE | {"SalesItemLineDetail": LINE["SalesItemLineDetail"] | detail}]


@pytest.mark.parametrize(
    ("said", "body", "changed"),
    [
        ({}, {}, set()),
        ({"charges": ["A", 3]}, {"Line": line(Qty=3)}, {"Line"}),
        ({}, {"Line": line(ItemRef={"value": "2"})}, set()),
        ({"charges": ["A", 3]}, {}, set()),
        ({"charges": ["A", 2], "words": "bye"}, {"Line": line(Qty=3), "PrivateNote": "Order 1."}, {"PrivateNote"}),
        ({"accounts": "PayPal"}, {"DepositToAccountRef": {"value": "101"}}, {"DepositToAccountRef"}),
        ({}, {"DepositToAccountRef": {"value": "101"}}, set()),
        ({"address": "High Street"}, {"BillAddr": {"Line1": "Bo"}}, {"BillAddr"}),
        ({"shipping": "2026-05-02"}, {"ShipDate": "2026-05-02"}, {"ShipDate"}),
        (
            {"address": "High Street"},
            {"BillAddr": {"Line1": "Bo"}, "ShipAddr": {"Line1": "Bo"}, "ShipDate": "2026-05-02"},
            {"BillAddr", "ShipAddr"},
        ),
        ({}, {"DocNumber": "BC-1-S", "TxnDate": "2026-05-09", "CustomerRef": {"value": "7"}}, set()),
        ({"charges": 0}, {"DocNumber": "BC-1-S", "TxnDate": "2026-05-09", "CustomerRef": {"value": "7"}}, set()),
        ({"charges": 0}, {"Line": line(ClassRef={"value": "1"}), "ClassRef": {"value": "1"}}, set()),
    ],
)
def test_a_field_changed_where_the_shop_says_other_things_and_it_is_another_one(said, body, changed):
    before, now = hash_of("Invoice", BODY, SAID), hash_of("Invoice", BODY | body, SAID | said)
    assert changed_fields(before, now) == changed


def test_a_field_that_is_not_there_any_more_changed():
    shorter = {name: value for name, value in BODY.items() if name != "BillAddr"}
    before = hash_of("Invoice", BODY, SAID)
    now = hash_of("Invoice", shorter, SAID | {"address": ""})
    assert changed_fields(before, now) == {"BillAddr"}


@pytest.mark.parametrize(
    ("body", "changed"),
    [
        ({"Line": line(Qty=3)}, {"Line"}),
        ({"Line": line(ItemRef={"value": "2"}, UnitPrice=D("25.0"))}, set()),
        ({"TxnTaxDetail": {"TotalTax": D("4.14")}}, {"Line"}),
        ({"DepositToAccountRef": {"value": "101"}}, set()),
        ({"PrivateNote": "Order 2"}, {"PrivateNote"}),
    ],
)
def test_of_a_form_that_says_nothing_of_the_shop_its_body_tells(body, changed):
    assert changed_fields(hash_of("CreditMemo", BODY, {}), hash_of("CreditMemo", BODY | body, {})) == changed


def test_the_hash_of_an_earlier_version_tells_nothing():
    now = hash_of("Invoice", BODY, SAID)
    for earlier in ("", "0123456789abcdef0123456789abcdef"):
        assert changed_fields(earlier, now) is changed_fields(now, earlier) is None


def test_groups_that_were_left_as_they_were_still_differ_later():
    before = hash_of("Invoice", BODY, SAID)
    later = {"Line": line(Qty=3), "BillAddr": {"Line1": "Bo"}}
    now = hash_of("Invoice", BODY | later, SAID | {"charges": ["A", 3], "address": "High Street"})
    written = of_day(with_groups(now, before, frozenset({"charges"})), date(2026, 4, 30))
    assert changed_fields(before, written) == {"BillAddr"}
    assert changed_fields(written, now) == {"Line"}
    assert changed_fields(with_groups(now, before, frozenset()), now) == set()


def test_the_day_that_a_document_is_of_goes_along_and_changes_nothing():
    text = hash_of("Invoice", BODY, SAID)
    dated = of_day(text, date(2026, 4, 30))
    assert (own_day(text), own_day(dated), of_day(text, None)) == (None, date(2026, 4, 30), text)
    assert changed_fields(text, dated) == set()
    changed = of_day(hash_of("Invoice", BODY | {"BillAddr": {}}, SAID | {"address": ""}), date(2026, 4, 30))
    assert changed_fields(dated, changed) == {"BillAddr"}


def test_a_payment_is_not_another_one_for_what_it_settles():
    payment = {"TotalAmt": D("50.00"), "TxnDate": "2026-05-01", "Line": [{"Amount": D("50.00")}]}
    same = payment | {"Line": [], "TxnDate": "2026-05-02"}
    assert hash_of("Payment", payment, {}) == hash_of("Payment", same, {})
    assert hash_of("Payment", payment, {}) != hash_of("Payment", payment | {"TotalAmt": D("51.00")}, {})
    assert hash_of("Transfer", payment, {}) != hash_of("Transfer", same, {})


def test_the_day_that_a_document_is_of_stays_through_every_change():
    own = date(2026, 4, 30)
    first = of_day(hash_of("Invoice", BODY, SAID), own)
    for kept in (frozenset(), frozenset({"charges"})):
        assert own_day(of_day(with_groups(first, first, kept), own)) == own
