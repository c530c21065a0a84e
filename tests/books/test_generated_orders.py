"""Generated orders of whole shops, through the whole road: each is posted to the cent, held with a reason, or excluded
by a rule; the books balance and say what the shop says."""

from __future__ import annotations

import os
from collections import defaultdict
from decimal import Decimal
from itertools import product

import pytest

from cartledger.ledger.types import State

LONG = os.environ.get("CARTLEDGER_TEST_PROFILE") == "long"
KINDS = product(("us", "us_ast"), ("exclusive", "inclusive"), ("sales_receipt", "invoice"))
SHOPS = [(*kind, seed) for seed, kind in enumerate(KINDS, 1)]
ORDERS = 1250 if LONG else 60  # of each of the eight shops

REASONS = {
    "foreign currency": {"foreign_currency"},
    "missing SKU": set(),  # it has a default product
    "overridden total": {"totals_do_not_close"},
    "price no number": {"unreadable_field"},
    "unknown status": {"unknown_status"},
    "": set(),
}
POSTED_STATUSES = {2, 3, 8, 9, 10, 11}
RECEIVABLE = "Accounts Receivable (A/R)"


@pytest.fixture(params=SHOPS, ids=lambda shop: "-".join(map(str, shop)))
def shop(request, open_books):
    company, price_mode, post_as, seed = request.param
    books = open_books(company=company, seed=seed, **{"sales.post_as": post_as})
    books.sim.fill(orders=ORDERS, customers=ORDERS // 5, price_mode=price_mode)
    return books, books.sync(), post_as


def test_every_order_is_posted_to_the_cent_or_has_a_reason(shop):
    books, synced, post_as = shop
    assert synced.posted + synced.held + synced.excluded == ORDERS
    headers = {order.id: order.header for order in books.sim.shop.orders.values()}

    reasons = {int(key): set(codes) for key, codes in books.held().items()}
    assert reasons == {order_id: codes for order_id, header in headers.items() if (codes := _expected(header))}

    excluded = {order_id for order_id, header in headers.items() if _is_left_out(header, post_as)}
    posted = headers.keys() - excluded - reasons.keys()
    assert {order_id for order_id in headers if books.state(order_id) is State.EXCLUDED} == excluded
    assert books.documents().keys() == {f"BC-{order_id}" for order_id in posted}

    proof = books.prove()
    assert (proof["posted"], proof["documents"]) == (synced.posted, synced.posted)
    _ask_the_accounts(books, [headers[order_id] for order_id in posted], post_as)


def _expected(header):
    return REASONS[header["staff_notes"].removeprefix("simulator: ")]


def _is_left_out(header, post_as):
    if header["payment_method"] == "Test Payment Gateway":
        return True
    if header["payment_status"] == "authorized" and post_as == "sales_receipt":
        return True
    sold_elsewhere = header["order_source"] in {"amazon", "ebay"}
    unknown = header["status_id"] not in range(15)
    return sold_elsewhere or (header["status_id"] not in POSTED_STATUSES and not unknown)


def _ask_the_accounts(books, headers, post_as):
    """Clearing accounts hold what was paid; the receivable is what is not paid yet; tax is what the shop charged."""
    paid, owed = defaultdict(Decimal), Decimal(0)
    for header in headers:
        money = Decimal(header["total_inc_tax"]) - _redeemed(header)
        if header["payment_method"] == IN_TWO:
            for row in books.sim.shop.orders[header["id"]].transactions:
                if row["gateway"] in ACCOUNT_OF_GATEWAY:
                    paid[ACCOUNT_OF_GATEWAY[row["gateway"]]] += row["amount"]
        elif post_as == "sales_receipt" or header["payment_status"] == "captured":
            paid[_clearing(header)] += money
        else:
            owed += money
    balances = books.sim.company.balances()
    assert {name: balances[name] for name in CLEARING} == {name: paid[name] for name in CLEARING}
    assert balances[RECEIVABLE] == owed
    assert -balances["Sales tax payable"] == sum(Decimal(header["total_tax"]) for header in headers)


IN_TWO = "Credit Card, PayPal"
ACCOUNT_OF_GATEWAY = {"stripe": "Card clearing", "paypalcommerce": "PayPal clearing"}
ACCOUNTS = {"PayPal": "PayPal clearing", "Cash on Delivery": "Cash clearing", "Bank Deposit": "Checking"}
CLEARING = ("Card clearing", *ACCOUNTS.values())


def _clearing(header):
    return ACCOUNTS.get(header["payment_method"], "Card clearing")


def _redeemed(header):
    return Decimal(header["gift_certificate_amount"]) + Decimal(header["store_credit_amount"])
