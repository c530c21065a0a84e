"""`cartledger methods`: how the shop's last orders were paid, and what the settings make of it."""

from __future__ import annotations

import pytest

PLACED = "Fri, 01 May 2026 {:02}:00:00 +0000"


@pytest.fixture
def run(make_sim, make_road, command):
    """Five orders: three by card (in two spellings), one on delivery, one that nobody mapped."""
    sim = make_sim()
    sim.fill(orders=5, customers=2, clean=True)
    ways = ("Credit Card", "credit card", "Cash on Delivery", "Klarna", "Credit Card")
    for hour, (order_id, way) in enumerate(zip(sorted(sim.shop.orders), ways, strict=True)):
        sim.shop.update(order_id, payment_method=way, date_created=PLACED.format(hour))
    methods = {
        "Credit Card": {"method": "Visa"},
        "Cash on Delivery": {"account": "Cash clearing", "method": "Cash", "paid_when": "status"},
        "Bank Deposit": {"account": "Checking", "paid_when": "never"},
    }
    return sim, command(
        make_road(sim, sales={"post_as": "invoice"}, payments={"default_account": "Card clearing", "methods": methods})
    )


def test_each_method_with_its_account_the_most_used_first(run):
    sim, methods = run
    facts = methods.facts("methods")
    assert facts["demo"]["orders"] == 5
    keys = ("method", "orders", "last", "listed", "account", "quickbooks", "paid_when")
    assert [tuple(one[key] for key in keys) for one in facts["demo"]["methods"]] == [
        ("Credit Card", 3, "2026-05-01T04:00:00+00:00", True, "Card clearing", "Visa", "captured"),
        ("Cash on Delivery", 1, "2026-05-01T02:00:00+00:00", True, "Cash clearing", "Cash", "status"),
        ("Klarna", 1, "2026-05-01T03:00:00+00:00", False, "Card clearing", None, "captured"),
        ("Bank Deposit", 0, None, True, "Checking", None, "never"),
    ]
    assert (sim.report()["bigcommerce"]["calls"], sim.report()["quickbooks"]["written"]) == (1, 0)


def test_what_is_not_mapped_is_said(run):
    _, methods = run
    lines = methods("methods", "demo").stdout.splitlines()
    assert lines[0].rstrip() == "demo: payment methods of the last 5 orders"
    (klarna,) = [line for line in lines if "Klarna" in line]
    assert [cell.strip() for cell in klarna.split("│")] == [
        *("Klarna", "1", "2026-05-01", "not mapped: Card clearing", "–", "captured"),
    ]
    assert lines[-1] == "demo: what is not mapped can be, under [connections.demo.payments.methods]."


def test_each_currency_by_itself_and_nothing_of_what_was_redeemed(run):
    sim, methods = run
    sim.shop.update(1002, currency_code="EUR", default_currency_code="EUR")
    total = sim.shop.orders[1004].header["total_inc_tax"]
    sim.shop.update(1004, gift_certificate_amount=total)
    found = [(one["method"], one["currency"], one["orders"]) for one in methods.facts("methods")["demo"]["methods"]]
    assert found[:3] == [("Credit Card", "USD", 2), ("Cash on Delivery", "USD", 1), ("credit card", "EUR", 1)]
    assert found[3:] == [("Bank Deposit", "", 0)]
    lines = methods("methods").stdout.splitlines()
    names = [line.split("│")[0].strip() for line in lines if line.count("│") > 1]
    assert names == ["Credit Card, USD", "Cash on Delivery, USD", "credit card, EUR", "Bank Deposit"]


def test_an_unknown_connection_is_wrong_use(run):
    _, methods = run
    assert "demo" in methods("methods", "dmeo", expect=2).output
