"""Which orders are posted, and the day and number that their documents bear."""

from __future__ import annotations

import pytest


@pytest.mark.option("sales.statuses")
@pytest.mark.parametrize(
    ("statuses", "posted"),
    [
        (None, {2, 3, 8, 9, 10, 11, 14}),
        (["Shipped", "completed", 11], {2, 10, 11, 14}),
        (["Pending", "Awaiting Payment", "Manual Verification Required", "Disputed"], {1, 7, 12, 13, 14}),
    ],
)
def test_orders_of_these_statuses_and_those_refunded_in_part(decide, order, statuses, posted):
    changes = {"sales.post_as": "invoice", **({"sales.statuses": statuses} if statuses else {})}
    decided = {s: decide(order(status_id=s), facts={"transactions": ()}, **changes) for s in range(15)}
    assert {status for status, each in decided.items() if type(each.decision).__name__ == "Post"} == posted
    assert decided[0].rule == "Incomplete (0): an abandoned checkout is no sale."
    assert decided[5].rule == "Its status Cancelled (5) is not among sales.statuses."
    assert decided[4].reasons == {"refunded": "The order is Refunded (4), and the workflow refunds is off."}


@pytest.mark.option("start_date")
@pytest.mark.parametrize(
    ("placed", "start_date", "day"),
    [
        ("Fri, 01 May 2026 04:59:59 +0000", "2026-04-30", "2026-04-30"),
        ("Fri, 01 May 2026 04:59:59 +0000", "2026-05-01", None),
        ("Fri, 01 May 2026 05:00:00 +0000", "2026-05-01", "2026-05-01"),
    ],
)
def test_orders_from_this_day_on_as_chicago_counts_days(decide, order, placed, start_date, day):
    decided = decide(order(date_created=placed), start_date=start_date)
    if day is None:
        assert decided.rule == f"Placed on 2026-04-30, before start_date {start_date}."
    else:
        assert decided.body["TxnDate"] == day


@pytest.mark.option("workflows")
@pytest.mark.parametrize(
    ("workflows", "post_as", "kinds"),
    [
        (["sales"], "sales_receipt", ["SalesReceipt"]),
        (["sales", "payments"], "sales_receipt", ["SalesReceipt"]),
        (["sales"], "invoice", ["Invoice"]),
        (["sales", "payments"], "invoice", ["Invoice", "Payment"]),
    ],
)
def test_invoices_have_payments_with_the_workflow_payments(decide, order, workflows, post_as, kinds):
    decided = decide(order(), **{"workflows": workflows, "sales.post_as": post_as})
    assert (decided.kinds, decided.total) == (kinds, "64.96")


@pytest.mark.option("sales.number_prefix")
@pytest.mark.parametrize(
    ("prefix", "order_id", "number"),
    [("BC", 1001, "BC-1001"), ("", 1001, "1001"), ("SHOP123456", 4294967295, "SHOP123456-4294967295")],
)
def test_the_prefix_and_a_hyphen_stand_before_the_orders_number(decide, order, prefix, order_id, number):
    assert decide(order(id=order_id), **{"sales.number_prefix": prefix}).body["DocNumber"] == number


@pytest.mark.option("sales.number_prefix")
def test_a_number_that_is_longer_than_quickbooks_takes_is_held(decide, order):
    decided = decide(order(id=42949672950), **{"sales.number_prefix": "SHOP123456"})
    assert decided.reasons == {
        "number_too_long": "The number SHOP123456-42949672950 is longer than QuickBooks' 21 characters."
    }


@pytest.mark.option("sales.receipt_for_unpaid")
@pytest.mark.parametrize(
    ("payment_status", "without", "allowed"),
    [
        ("captured", "64.96", "64.96"),
        ("pending", "64.96", "64.96"),
        ("", "64.96", "64.96"),
        ("authorized", None, "64.96"),
        ("declined", None, "64.96"),
    ],
)
def test_a_receipt_of_money_that_did_not_come_is_left_out_unless_allowed(
    decide, order, payment_status, without, allowed
):
    raw = order(payment_status=payment_status)
    decided = decide(raw)
    if without is None:
        assert decided.rule == f'A sales receipt says that the money came in: its payment is "{payment_status}".'
    else:
        assert (decided.kinds, decided.total) == (["SalesReceipt"], without)
    decided = decide(raw, **{"sales.receipt_for_unpaid": True})
    assert (decided.kinds, decided.total) == (["SalesReceipt"], allowed)
