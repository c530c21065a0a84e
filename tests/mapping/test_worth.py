"""What the shop says that an order comes to: kept in the history, so that days can be compared without the records."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from cartledger.money import read_json
from mapping.worth import worth_of

RECORDED = Path(__file__).parents[1] / "fixtures" / "orders"


def recorded(name: str):
    return read_json((RECORDED / name).read_text())


def test_an_order_comes_to_its_total_with_tax():
    row = recorded("101.json")
    found = worth_of(row)
    assert found["total"] == Decimal(str(row["total_inc_tax"])).quantize(Decimal("0.01"))
    assert found["currency"] == row["currency_code"]
    assert found["status"] == row["status_id"]


@pytest.mark.parametrize("printed", ["after", "before"])
def test_redeemed_certificates_are_part_of_the_total_however_the_shop_prints_it(printed):
    row = {
        "id": 1,
        "customer_id": 0,
        "date_created": "Mon, 05 Jan 2026 10:00:00 +0000",
        "date_modified": "Mon, 05 Jan 2026 10:00:00 +0000",
        "status_id": 11,
        "currency_code": "USD",
        "subtotal_ex_tax": "50.00",
        "subtotal_inc_tax": "50.00",
        "total_ex_tax": "50.00" if printed == "before" else "38.00",
        "total_inc_tax": "50.00" if printed == "before" else "38.00",
        "gift_certificate_amount": "12.00",
    }
    found = worth_of(row)
    assert (found["total"], found["redeemed"]) == (Decimal("50.00"), Decimal("12.00"))
    assert found["placed"] == "2026-01-05T10:00:00+00:00"


@pytest.mark.parametrize("total", ["nothing", "1" + "0" * 40])
def test_figures_that_nobody_can_reckon_with_are_not_told(total):
    assert worth_of(recorded("101.json") | {"total_inc_tax": total}) == {}


def test_nobody_is_named():
    row = recorded("101.json")
    told = json.dumps(worth_of(row), default=str)
    people = {str(value) for value in row["billing_address"].values() if len(str(value)) > 3}
    assert not [word for word in people if word in told]
