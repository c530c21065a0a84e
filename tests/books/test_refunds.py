"""Refunds of sales that were paid, through the whole road, in debits and credits asked of the company."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from cartledger.ledger.types import State
from simulator.bigcommerce.refund_bill import Asked, Bill
from simulator.bigcommerce.refund_figures import counts
from simulator.bigcommerce.refunding import Payout, decline, refund, refund_rest
from tests.said import REFUNDS

SHOP = {"is_tax_inclusive_pricing": False, "store_default_to_transactional_exchange_rate": "1.0000000000"}
CARD = Payout(provider="stripe")


@pytest.fixture
def open_refunds(open_books):
    """`open_refunds(**changes) -> Books` that follow refunds; goods called A are in stock and cost 12.00."""

    def opened(company="us", **changes):
        books = open_books(company=company, **REFUNDS | changes)
        at(books, "2026-05-20T16:00")
        books.sim.company.add_item(name="A", sku="A", kind="inventory", cost=Decimal("12.00"), quantity=Decimal(100))
        return books

    return opened


@pytest.fixture
def order_1001(make_order, line):
    """Example 1a: 88.77, 6.77 of it tax."""

    def order(**more):
        return make_order(
            1001,
            [
                refundable(line("A", 2, ("50.0000", "3.7100", "54.1222"), off="5.0000"), "48.7100"),
                refundable(line("B", 1, ("30.0000", "2.2300", "32.4778"), off="3.0000"), "29.2300"),
            ],
            subtotal=("80.0000", "5.9400", "86.6000"),
            shipping=("10.0000", "0.8300", "10.8300"),
            total=("82.0000", "6.7700", "88.7700"),
            coupon_discount="8.0000",
            **SHOP | more,
        )

    return order


def refundable(raw, paid_for):
    """What the shop works refunds of a line out from."""
    return {**raw, "quantity_refunded": 0, "is_refunded": False, "discounted_total_inc_tax": paid_for}


def at(books, moment):
    """Sets the shop's clock, by which refunds are dated."""
    books.sim.shop.clock = lambda: datetime.fromisoformat(moment).replace(tzinfo=UTC)


def give_back(books, *ways, order_id=1001, **asked):
    """A unit of the first line, unless told otherwise; by card."""
    what = Asked(**asked or {"products": {order_id * 10 + 1: 1}})
    return refund(books.sim.shop, order_id, what, *(ways or (CARD,)))


def entries(books, number, entity="RefundReceipt"):
    (document,) = [each for each in books.sim.company.objects(entity) if each.get("DocNumber") == number]
    return _texts(books, entity, document)


def _texts(books, entity, document):
    found = books.sim.company.entries(entity, document["Id"]).items()
    return {account: f"{amount:.2f}" for account, amount in found if amount}


def dates(books):
    return {each["DocNumber"]: each["TxnDate"] for each in books.sim.company.objects("RefundReceipt")}


def proven(books):
    """As many refunds as the proof counts, none of which is off."""
    proof = books.prove()
    assert proof["refunds"]["difference"] == "0.00", proof
    return proof["refunds"]["count"]


RETURNED = {"Card clearing": "-24.36", "Sales returns": "22.50", "Sales tax payable": "1.86"}


@pytest.mark.parametrize("company", ["us", "us_ast"])
@pytest.mark.parametrize("post_as", ["sales_receipt", "invoice"])
def test_example_8_and_10a_a_unit_of_a_sale_that_is_paid(open_refunds, order_1001, company, post_as):
    books = open_refunds(company, **{"sales.post_as": post_as})
    books.add(order_1001())
    books.sync()
    give_back(books)
    books.sync()
    assert entries(books, "R-1001") == RETURNED
    assert (dates(books), proven(books)) == ({"R-1001": "2026-05-20"}, 1)
    if post_as == "invoice":
        assert books.documents()["BC-1001"]["Balance"] == 0


def test_goods_that_are_put_back_are_in_stock_again(open_refunds, order_1001):
    books = open_refunds(**{"refunds.restock": "always"})
    books.add(order_1001())
    books.sync()
    give_back(books)
    books.sync()
    assert entries(books, "R-1001") == {
        "Card clearing": "-24.36",
        "Sales": "22.50",
        "Sales tax payable": "1.86",
        "Inventory Asset": "12.00",
        "Cost of Goods Sold": "-12.00",
    }
    (on_hand,) = [item["QtyOnHand"] for item in books.sim.company.objects("Item") if item["Name"] == "A"]
    assert on_hand == 100 - 2 + 1


def test_a_refund_before_its_order_was_ever_seen_comes_with_it(open_refunds, order_1001):
    books = open_refunds()
    books.add(order_1001())
    give_back(books)
    books.sync()
    assert (entries(books, "R-1001"), books.state(1001)) == (RETURNED, State.POSTED)


def test_example_9_several_in_a_row_over_days_and_months(open_refunds, order_1001):
    books = open_refunds()
    books.add(order_1001())
    books.sync()
    give_back(books)
    at(books, "2026-06-01T03:00")
    give_back(books, amount=Decimal("10.00"))
    books.sync()
    at(books, "2026-07-02T16:00")
    refund_rest(books.sim.shop, 1001, CARD)
    books.sync()
    assert dates(books) == {"R-1001": "2026-05-20", "R-1001-2": "2026-05-31", "R-1001-3": "2026-07-02"}
    assert entries(books, "R-1001-2") == {"Card clearing": "-10.00", "Sales returns": "10.00"}
    # left of its things are 64.41 (22.50 + 27.00, shipping 10.00, tax 4.91), and of the order 10.00 less
    assert entries(books, "R-1001-3") == {
        "Card clearing": "-54.41",
        "Sales returns": "39.50",
        "Shipping income": "10.00",
        "Sales tax payable": "4.91",
    }
    assert proven(books) == 3
    assert books.sim.company.balances()["Card clearing"] == 0


def test_declined_then_retried(open_refunds, order_1001):
    books = open_refunds()
    books.add(order_1001())
    books.sync()
    give_back(books, Payout(provider="stripe", declined="No"))
    give_back(books)
    books.sync()
    assert (dates(books), entries(books, "R-1001"), books.state(1001)) == (
        {"R-1001": "2026-05-20"},
        RETURNED,
        State.POSTED,
    )


def test_what_is_declined_after_it_was_posted_is_taken_out_again(open_refunds, order_1001):
    books = open_refunds()
    books.add(order_1001())
    books.sync()
    first = give_back(books)
    books.sync()
    decline(books.sim.shop, first["id"])
    give_back(books)
    books.sync()
    assert list(dates(books)) == ["R-1001-2"]
    assert (entries(books, "R-1001-2"), proven(books)) == (RETURNED, 1)


@pytest.mark.parametrize(
    ("ways", "money"),
    [
        ((Payout(provider="storecredit"),), {"Store credit": "-24.36"}),
        ((Payout(provider="giftcertificate"),), {"Gift certificates": "-24.36"}),
        (
            (Payout(provider="stripe", amount=Decimal("4.36")), Payout(provider="storecredit")),
            {"Store credit": "-20.00", "Card clearing": "-4.36"},
        ),
    ],
)
def test_to_store_credit_and_certificates(open_refunds, order_1001, ways, money):
    books = open_refunds()
    books.add(order_1001())
    books.sync()
    give_back(books, *ways)
    books.sync()
    assert entries(books, "R-1001") == {"Sales returns": "22.50", "Sales tax payable": "1.86", **money}
    assert proven(books) == 1


def test_from_two_accounts(open_refunds, order_1001):
    books = open_refunds()
    books.add(order_1001())
    books.sync()
    give_back(books, Payout(provider="stripe", amount=Decimal("20.00")), Payout(provider="paypal"))
    books.sync()
    assert entries(books, "R-1001") == RETURNED
    (transfer,) = books.sim.company.objects("Transfer")
    assert _texts(books, "Transfer", transfer) == {"Card clearing": "4.36", "PayPal clearing": "-4.36"}
    balances = books.sim.company.balances()
    assert (balances["Card clearing"], balances["PayPal clearing"]) == (Decimal("68.77"), Decimal("-4.36"))
    books.sync()
    assert len(books.sim.company.objects("Transfer")) == 1


def test_an_order_that_was_free(open_refunds, make_order, line):
    books = open_refunds(**{"refunds.restock": "always"})
    free = refundable(line("A", 2, ("50.0000", "0.0000", "50.0000"), off="50.0000"), "0.0000")
    gross, nothing = ("50.0000", "0.0000", "50.0000"), ("0.0000", "0.0000", "0.0000")
    books.add(make_order(1001, [free], subtotal=gross, total=nothing, discount_amount="50.0000", **SHOP))
    books.sync()
    give_back(books)
    books.sync()
    assert entries(books, "R-1001") == {"Inventory Asset": "12.00", "Cost of Goods Sold": "-12.00"}
    assert proven(books) == 1


def test_a_bundle_comes_back_with_what_is_in_it(open_refunds, make_order, line):
    books = open_refunds(**{"refunds.restock": "always"})
    kit = refundable(line("KIT", 2, ("40.0000", "0.0000", "40.0000")), "40.0000")
    part = line("A", 6, ("0.0000", "0.0000", "0.0000"), parent_order_product_id=10011)
    same = ("40.0000", "0.0000", "40.0000")
    books.add(make_order(1001, [kit, refundable(part, "0.0000")], subtotal=same, total=same, items_total=2, **SHOP))
    books.sync()
    give_back(books)
    books.sync()
    assert entries(books, "R-1001") == {
        "Card clearing": "-20.00",
        "Sales": "20.00",
        "Inventory Asset": "36.00",
        "Cost of Goods Sold": "-36.00",
    }


def test_a_refund_of_a_sale_before_the_first_day(open_refunds, order_1001):
    books = open_refunds(start_date="2026-05-10")
    books.add(order_1001())
    give_back(books)
    books.sync()
    assert entries(books, "R-1001") == RETURNED
    (receipt,) = books.sim.company.objects("RefundReceipt")
    assert "Its sale was before 2026-05-10, the first day that is kept here." in receipt["PrivateNote"]
    assert books.documents() == {}
    assert books.state(1001) is State.POSTED


def test_another_refund_of_an_order_waits_for_none_that_is_held(open_refunds, order_1001):
    books = open_refunds()
    books.add(order_1001())
    books.sync()
    give_back(books, tax_adjustment=Decimal("1.00"))
    give_back(books)
    books.sync()
    assert (books.held(), entries(books, "R-1001-2")) == ({"1001": ["refund_of_tax"]}, RETURNED)
    assert books.reasons(1001) == ["Refund 1 gives back 1.00 tax and nothing else."]


def test_refunded_by_hand_alone_is_never_guessed(open_refunds, order_1001):
    books = open_refunds()
    books.add(order_1001(status_id=4, status="Refunded"))
    books.sync()
    assert (books.held(), books.documents()) == ({"1001": ["refunded_without_refunds"]}, {})


def test_money_that_comes_in_waits_where_a_status_tells_of_a_refund_that_is_none(open_refunds, order_1001):
    """What is held is left as it is. Once the shop has the refund, both are booked."""
    books = open_refunds(**{"sales.post_as": "invoice"})
    books.add(order_1001(payment_status="authorized"))
    books.sync()
    books.sim.shop.update(1001, status_id=4, status="Refunded", payment_status="captured")
    books.sync()
    assert (books.held(), books.payment_entries("BC-1001")) == ({"1001": ["refunded_without_refunds"]}, [])
    give_back(books)
    books.sync()
    assert (books.held(), entries(books, "R-1001")) == ({}, RETURNED)
    paid = {"Card clearing": "88.77", "Accounts Receivable (A/R)": "-88.77"}
    assert books.payment_entries("BC-1001") == [paid]


def test_a_refund_after_an_edit(open_refunds, order_1001):
    """B became two for 60.00 before it was paid; the refund is of what the order says then."""
    books = open_refunds()
    books.add(order_1001(customer_message="Before"))
    books.sync()
    books.sim.shop.update(1001, customer_message="After")
    books.sync()
    give_back(books)
    books.sync()
    assert (entries(books, "R-1001"), proven(books)) == (RETURNED, 1)


# Elsewhere


def test_several_rates_with_tax_in_the_price(open_refunds, make_order, line):
    """Example 3: of 238.50 paid, 108.00 bear 18.00, 94.50 bear 4.50, and 36.00 none."""
    books = open_refunds("uk", home_currency="GBP")
    inclusive = {"default_currency_code": "GBP", "currency_code": "GBP", **SHOP, "is_tax_inclusive_pricing": True}
    books.add(
        make_order(
            1003,
            [
                refundable(line("LAMP", 1, ("100.0000", "18.0000", "120.0000"), off="12.0000"), "108.0000"),
                refundable(line("FUEL", 1, ("100.0000", "4.5000", "105.0000"), off="10.5000"), "94.5000"),
                refundable(line("BOOK", 2, ("40.0000", "0.0000", "40.0000"), off="4.0000"), "36.0000"),
            ],
            subtotal=("240.0000", "22.5000", "265.0000"),
            total=("216.0000", "22.5000", "238.5000"),
            discount_amount="26.5000",
            **inclusive,
        )
    )
    books.sync()
    give_back(books, order_id=1003, products={10031: 1, 10033: 1})
    refund_rest(books.sim.shop, 1003, CARD)
    books.sync()
    assert entries(books, "R-1003") == {"Card clearing": "-126.00", "Sales returns": "108.00", "VAT control": "18.00"}
    assert entries(books, "R-1003-2") == {"Card clearing": "-112.50", "Sales returns": "108.00", "VAT control": "4.50"}
    assert proven(books) == 2


def test_example_11_in_another_currency_at_the_rate_of_its_own_day(open_refunds, make_order, line):
    books = open_refunds("eur")
    rate = {"SourceCurrencyCode": "EUR", "Rate": Decimal("1.12"), "AsOfDate": "2026-05-20"}
    books.sim.company.create("ExchangeRate", rate)
    goods = ("100.0000", "0.0000", "100.0000")
    euro = {
        "currency_code": "EUR",
        "default_currency_code": "EUR",
        "store_default_currency_code": "USD",
        "is_tax_inclusive_pricing": False,
        "store_default_to_transactional_exchange_rate": "0.9259260000",
    }
    sold = refundable(line("GOODS", 5, goods), "100.0000")
    books.add(make_order(1011, [sold], subtotal=goods, total=goods, **euro))
    books.sync()
    give_back(books, order_id=1011)
    give_back(books, Payout(provider="stripe", amount=Decimal("15.00")), Payout(provider="paypal"), order_id=1011)
    books.sync()
    assert entries(books, "R-1011") == {"Card clearing EUR": "-22.40", "Sales returns": "22.40"}
    (transfer,) = books.sim.company.objects("Transfer")
    assert _texts(books, "Transfer", transfer) == {"Card clearing EUR": "5.60", "PayPal clearing EUR": "-5.60"}
    for receipt in books.sim.company.objects("RefundReceipt"):
        assert (receipt["TotalAmt"], receipt["CurrencyRef"]["value"]) == (20, "EUR")
        assert receipt["ExchangeRate"] == Decimal("1.12")


# Whole shops


SHOPS = [
    ("us", "exclusive", "sales_receipt"),
    ("us_ast", "inclusive", "sales_receipt"),
    ("uk", "inclusive", "sales_receipt"),
    ("au", "exclusive", "invoice"),
    ("ca", "exclusive", "sales_receipt"),
    ("eur", "exclusive", "sales_receipt"),
]


@pytest.mark.parametrize(("company", "mode", "post_as"), SHOPS)
def test_whatever_whole_shops_give_back_is_in_the_books_to_the_cent(open_books, company, mode, post_as):
    books = open_books(company=company, **REFUNDS | {"sales.post_as": post_as})
    books.sim.fill(orders=40, customers=8, price_mode=mode, clean=True)
    books.sync()
    source = random.Random(company)
    shop = books.sim.shop
    paid = [order for order in shop.orders.values() if order.header["payment_status"] == "captured"]
    for order in source.sample(paid, min(12, len(paid))):
        line = source.choice([*Bill(order, []).rest().products])
        refund(shop, order.id, Asked(products={line: 1}))
        if Bill(order, shop.refunds[-1:]).rest() != Asked():
            refund_rest(shop, order.id)
    books.sync()
    assert books.held() == {}
    assert proven(books) == sum(counts(row) for row in shop.refunds) > 12
    assert books.prove()["tax_by_rate_difference"] in (None, "0.00")  # None: the company says no rates
