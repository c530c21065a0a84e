"""What of an order's transactions is money: rows as the shop prints them."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from cartledger.errors import BadRecord
from mapping.transactions import money_in, read_transactions


def row(number, amount, event="purchase", **more):
    return {
        "id": number,
        "order_id": "1001",
        "event": event,
        "method": "credit_card",
        "amount": Decimal(amount),
        "currency": "USD",
        "gateway": "stripe",
        "gateway_transaction_id": f"pay_{number}",
        "date_created": f"2026-05-0{number}T15:30:00+00:00",
        "test": False,
        "status": "ok",
        "reference_transaction_id": None,
        **more,
    }


CAPTURED = [row(1, "20.00", "authorization"), row(2, "20.00", "capture", reference_transaction_id=1)]


@pytest.mark.parametrize(
    ("rows", "money"),
    [
        ([], []),
        ([row(1, "20.00")], [(1, "20.00")]),
        ([row(1, "20.00", "authorization")], []),
        (CAPTURED, [(2, "20.00")]),
        ([row(2, "8.00"), row(1, "12.00")], [(1, "12.00"), (2, "8.00")]),
        ([row(1, "20.00", status="error"), row(2, "20.00")], [(2, "20.00")]),
        ([row(1, "20.00", test=True)], []),
        ([row(1, "20.00", currency="EUR"), row(2, "5.00")], [(2, "5.00")]),
        ([row(1, "15.00", method="gift_certificate"), row(2, "5.00", gateway="storecredit")], []),
        ([row(1, "20.00"), row(2, "20.00", "void", reference_transaction_id=1)], []),
        ([row(1, "20.00"), row(2, "20.00", "void", status="error", reference_transaction_id=1)], [(1, "20.00")]),
        ([row(1, "20.00"), row(2, "20.00", "refund", reference_transaction_id=1)], [(1, "20.00")]),
        ([row(1, "20.00", "pending")], []),
        ([row(1, "20.00", "pending"), row(2, "20.00", "settled")], [(2, "20.00")]),
        ([row(1, "20.00"), row(2, "20.00", "settled")], [(1, "20.00")]),
        ([row(1, "20.00"), row(2, "9.00", "settled", gateway="ach")], [(1, "20.00"), (2, "9.00")]),
    ],
)
def test_what_is_money(rows, money):
    assert [(each.id, f"{each.amount:.2f}") for each in money_in(read_transactions(rows), "USD")] == money


def test_a_recorded_row():
    """A shop's answer, its texts made up."""
    text = """{"id": 85926313, "order_id": "121", "event": "purchase", "method": "nonce", "amount": 1,
        "currency": "USD", "gateway": "squarev2", "gateway_transaction_id": "pN5K|qwnA", "status": "ok", "test": false,
        "fraud_review": false, "reference_transaction_id": null, "date_created": "2018-05-08T15:06:12+00:00",
        "credit_card": {}, "gift_certificate": {}, "store_credit": {}, "offline": {}, "custom": {},
        "payment_instrument_token": "qws", "payment_method_id": "squarev2.card"}"""
    (one,) = read_transactions([json.loads(text, parse_float=Decimal)])
    assert (one.id, one.amount, one.moment.isoformat()) == (85926313, Decimal("1.00"), "2018-05-08T15:06:12+00:00")
    assert (one.names, one.reference, one.acts_on) == (("squarev2.card", "squarev2"), "pN5K|qwnA", None)
    assert (one.redeems, one.worked) == (False, True)


@pytest.mark.parametrize(
    "change", [{"amount": "n/a"}, {"date_created": "yesterday"}, {"id": None}, {"reference_transaction_id": "x"}]
)
def test_a_row_that_cannot_be_read_is_no_missing_money(change):
    with pytest.raises(BadRecord) as caught:
        read_transactions([row(1, "20.00") | change])
    assert [problem.code for problem in caught.value.problems] == ["unreadable_transaction"]
