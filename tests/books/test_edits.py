"""Orders that change after they were posted, through the whole road: the smallest change of what stands."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from cartledger.ledger.types import State
from simulator.bigcommerce.editing import edit_address, edit_line
from simulator.bigcommerce.fulfilment import pay, ship
from simulator.bigcommerce.refund_bill import Asked
from simulator.bigcommerce.refunding import refund
from tests.said import REFUNDS, purchase

D = Decimal
RECEIVABLE = "Accounts Receivable (A/R)"
INVOICE = {"sales.post_as": "invoice"}
UNPAID = {"payment_status": ""}
BY_HAND = {
    "payments.methods": {"Bank Deposit": {"account": "Checking", "paid_when": "status"}},
    "payments.paid_statuses": [11],
}
RATES = {"us": ("8.2500", "4.1300", "2.4800", "0.8300"), "uk": ("20.0000", "10.0000", "6.0000", "2.0000")}
A, B = 10011, 10012


@pytest.fixture
def order_1001(make_order, line):
    """2 × A for 50.00, B for 30.00, shipping 10.00, all taxed: 90.00, and 7.44 tax in the US, 18.00 in the UK."""

    def order(kind="us", **more):
        rate, *taxes = RATES[kind]
        a, b, shipping = (
            (net, tax, f"{D(net) + D(tax):.4f}")
            for net, tax in zip(("50.0000", "30.0000", "10.0000"), taxes, strict=True)
        )
        untouched = {"quantity_refunded": 0, "quantity_shipped": 0, "wrapping_cost_tax": "0.0000"}
        rows = [
            {
                "id": number,
                "order_id": 1001,
                "order_product_id": str(number),
                "line_item_type": "item",
                "rate": rate,
                "name": "VAT" if kind == "uk" else "State",
                "class": "Default Tax Class",
                "priority_amount": tax,
                "line_amount": tax,
            }
            for number, tax in zip((A, B), taxes, strict=False)
        ]
        total = ("90.0000", f"{sum(map(D, taxes)):.4f}", f"{90 + sum(map(D, taxes)):.4f}")
        currency = {"currency_code": "GBP", "default_currency_code": "GBP"} if kind == "uk" else {}
        return make_order(
            1001,
            [
                line("A", 2, a, base_price="25.0000", discounted_total_inc_tax=a[2], **untouched),
                line("B", 1, b, base_price="30.0000", discounted_total_inc_tax=b[2], **untouched),
            ],
            subtotal=("80.0000", f"{D(a[1]) + D(b[1]):.4f}", f"{D(a[2]) + D(b[2]):.4f}"),
            shipping=shipping,
            total=total,
            taxes=rows,
            coupons=[],
            is_tax_inclusive_pricing=False,
            **currency,
            **more,
        )

    return order


@pytest.fixture
def opened(open_books, order_1001):
    """Books in which the order is posted."""

    def open_(company="us", settings=None, **more):
        books = open_books(company=company, home_currency=None, **(settings or {}))
        books.add(order_1001("uk" if company == "uk" else "us", **more))
        assert books.sync().posted == 1
        books.sim.reset_counts()
        return books

    return open_


def pay_later(books):
    """The buyer pays the rest a minute after all that was read: the shop dates changes by the second."""
    shop, now = books.sim.shop, books.sim.shop.clock
    shop.clock = lambda: now() + timedelta(minutes=1)
    pay(shop, 1001)


def document(books):
    (found,) = books.documents().values()
    return found


def _said(found, name):
    """A field without what an update moves by itself: tokens, times, and the ids of lines and addresses."""
    value = found.get(name) if name not in ("SyncToken", "MetaData") else None
    parts = value if isinstance(value, list) else [value]
    return [
        {key: each for key, each in part.items() if key != "Id"} if isinstance(part, dict) else part for part in parts
    ]


def calls(books):
    """The shop's, and the company's reads and batches."""
    report = books.sim.report()
    return report["bigcommerce"]["calls"], report["quickbooks"]["reads"], report["quickbooks"]["batches"]


def updates(books):
    """How often the sale's document was changed by the API."""
    found = document(books)
    entity = "Invoice" if "DueDate" in found else "SalesReceipt"
    return books.sim.company.state.get(entity, found["Id"]).updates


def total(books):
    return f"{document(books)['TotalAmt']:.2f}"


def owed(books):
    return f"{document(books)['Balance']:.2f}"


def stands(books, *reasons):
    """What the order is, and that the books balance."""
    assert sum(books.sim.company.balances().values()) == 0
    return books.held() == ({"1001": [*reasons]} if reasons else {})


# -- words, addresses, shipping


@pytest.mark.parametrize("settings", [{}, INVOICE], ids=["receipt", "invoice"])
@pytest.mark.parametrize("company", ["us", "us_ast", "uk"])
def test_another_address_is_one_small_update(opened, company, settings):
    books = opened(company, settings, **UNPAID)
    before = document(books)
    edit_address(books.sim.shop, 1001, street_1="2 Mill Lane", company="Byrne Looms", email="")
    books.sync()
    after = document(books)
    assert {name for name in before | after if _said(before, name) != _said(after, name)} == {"BillAddr", "BillEmail"}
    assert {name: text for name, text in after["BillAddr"].items() if text and name != "Id"} == {
        "Line1": "Ada Byrne",
        "Line2": "Byrne Looms",
        "Line3": "2 Mill Lane",
        "City": "Austin",
        "CountrySubDivisionCode": "Texas",
        "PostalCode": "78701",
        "Country": "United States",
    }
    assert (stands(books), updates(books)) == (True, 1)


def test_an_edit_of_a_receipt_that_nobody_touched_costs_one_call_of_each_side_and_no_read(opened):
    books = opened()
    edit_address(books.sim.shop, 1001, street_1="2 Mill Lane")
    books.sync()
    shop, reads, batches = calls(books)
    assert (shop, reads, batches) == (2, 0, 1)


@pytest.mark.parametrize("settings", [{}, INVOICE], ids=["receipt", "invoice"])
def test_what_is_shipped_says_when_and_how(opened, settings):
    books = opened(settings=settings | {"sales.tracking_numbers": True})
    for address in books.sim.shop.orders[1001].shipping_addresses:
        address["shipping_method"] = "Flat Rate"
    books.sim.shop.set_status(1001, 9)
    books.sync()
    assert updates(books) == 0
    ship(books.sim.shop, 1001, {B: 1})
    books.sync()
    assert updates(books) == 0
    ship(books.sim.shop, 1001, tracking="EX7")
    books.sim.reset_counts()
    books.sync()
    found = document(books)
    shipped = books.sim.shop.clock().date()
    assert abs((shipped - type(shipped).fromisoformat(found["ShipDate"])).days) <= 1
    assert (found["ShipMethodRef"]["value"], "EX7" in found["TrackingNum"]) == ("Flat Rate", True)
    assert (total(books), updates(books), stands(books)) == ("97.44", 1, True)
    assert calls(books) == (3, 0 if settings == {} else 1, 1)
    books.sim.shop.set_status(1001, 10)
    books.sync()
    assert (updates(books), stands(books)) == (1, True)
    books.prove()


def test_settings_that_changed_do_not_travel_along(opened):
    """Account, items and custom fields are others by now; the document gets its new address alone."""
    books = opened(**UNPAID)
    books.sim.company.add_custom_field("Order")
    books.change(
        **{
            "sales.shipping_item": "Handling",
            "payments.default_account": "PayPal clearing",
            "sales.custom_fields": {"Order": "order_id"},
        }
    )
    books.app.lines["demo"].book.forget()
    rows, entries = books.rows("BC-1001"), books.entries("BC-1001")
    edit_address(books.sim.shop, 1001, street_1="2 Mill Lane")
    books.sync()
    assert document(books)["BillAddr"]["Line2"] == "2 Mill Lane"
    assert (books.rows("BC-1001"), books.entries("BC-1001")) == (rows, entries)
    assert not any(field.get("StringValue") for field in document(books)["CustomField"])


# -- lines of what is not paid


@pytest.mark.parametrize(
    ("company", "entries"),
    [
        ("us", {"Sales": "-105.00", "Shipping income": "-10.00", "Sales tax payable": "-9.50", RECEIVABLE: "124.50"}),
        (
            "us_ast",
            {"Sales": "-105.00", "Shipping income": "-10.00", "Sales tax payable": "-9.50", RECEIVABLE: "124.50"},
        ),
        ("uk", {"Sales": "-105.00", "Shipping income": "-10.00", "VAT control": "-23.00", RECEIVABLE: "138.00"}),
    ],
)
def test_lines_of_an_open_invoice_follow_the_order(opened, company, entries):
    books = opened(company, INVOICE, **UNPAID)
    edit_line(books.sim.shop, 1001, A, units=3)
    books.sync()
    assert [row[1:3] for row in books.rows("BC-1001")] == [
        ("3 × 25", "75.00"),
        ("1 × 30", "30.00"),
        ("1 × 10", "10.00"),
    ]
    assert books.entries("BC-1001") == entries
    assert (stands(books), updates(books), owed(books)) == (True, 1, total(books))
    assert calls(books)[1:] == (1, 1)
    books.prove()
    edit_line(books.sim.shop, 1001, A, units=0)
    books.sync()
    assert [row[1:3] for row in books.rows("BC-1001")] == [("1 × 30", "30.00"), ("1 × 10", "10.00")]
    assert (stands(books), updates(books)) == (True, 2)
    books.prove()


def test_an_order_that_loses_its_tax_has_none_left(opened, make_order, line):
    """An update that says nothing of tax would leave it as it was."""
    for company in ("us", "us_ast"):
        books = opened(company, INVOICE, **UNPAID)
        exempt = make_order(
            1001,
            [line("A", 2, ("50.0000", "0", "50.0000")), line("B", 1, ("30.0000", "0", "30.0000"))],
            subtotal=("80.0000", "0", "80.0000"),
            shipping=("10.0000", "0", "10.0000"),
            total=("90.0000", "0", "90.0000"),
            **UNPAID,
        )
        shop = books.sim.shop
        products = [old | new for old, new in zip(shop.orders[1001].products, exempt.pop("products"), strict=True)]
        exempt.pop("date_modified")
        shop.update(1001, **exempt, products=products)
        books.sync()
        assert (total(books), stands(books)) == ("90.00", True)
        assert books.entries("BC-1001") == {"Sales": "-80.00", "Shipping income": "-10.00", RECEIVABLE: "90.00"}


def test_an_open_invoice_is_edited_and_then_paid_between_two_readings(opened):
    """What was captured was the new total."""
    books = opened(settings=INVOICE, **UNPAID)
    edit_line(books.sim.shop, 1001, A, units=3)
    books.sim.shop.orders[1001].transactions.append(purchase(1, "124.50"))
    books.sim.shop.update(1001, payment_status="captured")
    books.sync()
    assert (total(books), owed(books), stands(books)) == ("124.50", "0.00", True)
    assert books.payment_entries("BC-1001") == [{"Card clearing": "124.50", RECEIVABLE: "-124.50"}]
    books.prove()


def test_an_open_invoice_that_was_paid_before_it_was_edited_waits_for_the_difference(opened):
    books = opened(settings=INVOICE, **UNPAID)
    books.sim.shop.orders[1001].transactions.append(purchase(1, "97.44"))
    books.sim.shop.update(1001, payment_status="captured")
    edit_line(books.sim.shop, 1001, A, units=3)
    books.sync()
    assert (total(books), owed(books), stands(books, "edited_after_payment")) == ("97.44", "0.00", True)
    pay_later(books)
    books.sync()
    assert (total(books), owed(books), stands(books)) == ("124.50", "0.00", True)
    books.prove()


# -- lines of what is paid


@pytest.mark.parametrize("settings", [{}, INVOICE], ids=["receipt", "invoice"])
def test_the_difference_of_a_paid_order_waits_for_its_payment(opened, settings):
    books = opened(settings=settings, transactions=[purchase(1, "97.44")])
    rows = books.rows("BC-1001")
    edit_line(books.sim.shop, 1001, A, units=3)
    books.sync()
    assert stands(books, "edited_after_payment")
    assert books.reasons(1001)[0].startswith("The order was edited from 97.44 to 124.50 after ")
    assert (books.rows("BC-1001"), updates(books)) == (rows, 0)

    pay_later(books)
    books.sync()
    assert (total(books), updates(books), stands(books)) == ("124.50", 1, True)
    assert books.sim.company.balances()["Card clearing"] == D("124.50")
    if settings == INVOICE:
        paid = [{"Card clearing": "97.44", RECEIVABLE: "-97.44"}, {"Card clearing": "27.06", RECEIVABLE: "-27.06"}]
        assert books.payment_entries("BC-1001") == paid
        assert owed(books) == "0.00"
    books.prove()


def test_a_receipt_has_one_account_for_all_that_came_in(opened):
    """The difference came by PayPal."""
    books = opened(transactions=[purchase(1, "97.44")])
    edit_line(books.sim.shop, 1001, A, units=3)
    books.sim.shop.orders[1001].transactions.append(purchase(2, "27.06", gateway="paypal"))
    books.sync()
    assert stands(books, "several_payments")
    assert (total(books), updates(books)) == ("97.44", 0)


@pytest.mark.parametrize("settings", [{}, INVOICE], ids=["receipt", "invoice"])
def test_a_paid_order_of_the_same_total_changes_its_lines(opened, settings):
    """B was sent in another colour."""
    books = opened(settings=settings)
    entries = books.entries("BC-1001")
    books.sim.company.add_item(name="B-RED", sku="B-RED")
    books.app.lines["demo"].book.forget()
    shop = books.sim.shop
    lines = [
        row | ({"sku": "B-RED", "name": "Product B, red"} if row["id"] == B else {})
        for row in shop.orders[1001].products
    ]
    shop.update(1001, products=lines)
    books.sync()
    assert [row[0] for row in books.rows("BC-1001")] == ["A", "B-RED", "Shipping"]
    assert (books.entries("BC-1001"), updates(books), stands(books)) == (entries, 1, True)
    books.prove()


def test_an_order_paid_by_hand_tells_nothing_of_the_difference(opened):
    books = opened(settings=INVOICE | BY_HAND, payment_method="Bank Deposit", **UNPAID)
    assert owed(books) == "0.00"
    edit_line(books.sim.shop, 1001, A, units=3)
    books.sync()
    assert stands(books, "edited_after_payment")
    assert (total(books), owed(books), updates(books)) == ("97.44", "0.00", 0)


@pytest.mark.parametrize("settings", [{}, INVOICE], ids=["receipt", "invoice"])
def test_a_unit_taken_back_and_refunded_leaves_the_sale_as_it_was_paid(opened, settings):
    """The document stands at what was paid, the refund takes the unit off; later refunds are booked beside it."""
    books = opened(settings=settings | REFUNDS, transactions=[purchase(1, "97.44")])
    edit_line(books.sim.shop, 1001, A, units=1)
    refund(books.sim.shop, 1001, Asked(amount=D("27.07")))
    books.sync()
    assert (total(books), updates(books), stands(books)) == ("97.44", 0, True)
    assert books.sim.company.balances()["Card clearing"] == D("70.37")
    assert [f"{each['TotalAmt']:.2f}" for each in books.sim.company.objects("RefundReceipt")] == ["27.07"]

    refund(books.sim.shop, 1001, Asked(products={B: 1}))
    books.sync()
    assert (updates(books), stands(books)) == (0, True)
    assert books.sim.company.balances()["Card clearing"] == D("37.89")

    edit_address(books.sim.shop, 1001, street_1="2 Mill Lane")
    books.sync()
    assert (document(books)["BillAddr"]["Line2"], total(books), stands(books)) == ("2 Mill Lane", "97.44", True)
    assert books.state(1001) is State.POSTED


@pytest.mark.parametrize("settings", [{}, INVOICE], ids=["receipt", "invoice"])
@pytest.mark.parametrize("closed", [False, True], ids=["between two readings", "while it is held"])
def test_a_unit_added_paid_and_taken_back_again_is_told(opened, settings, closed):
    """The order is what was posted again, and its refund gives back money that was never booked."""
    books = opened(settings=settings | REFUNDS, transactions=[purchase(1, "97.44")])
    edit_line(books.sim.shop, 1001, A, units=3)
    pay_later(books)
    if closed:
        books.sim.company.close_books("2026-05-31")
        books.app.lines["demo"].book.forget()
        books.sync()
        assert stands(books, "books_closed")
    edit_line(books.sim.shop, 1001, A, units=2)
    back = refund(books.sim.shop, 1001, Asked(products={A: 1}, override=(D("27.06"), D("2.06"))))
    assert back["total_amount"] == D("27.06")
    for _ in range(2):
        books.sync()
        assert stands(books, "paid_too_much")
        assert books.sim.company.objects("RefundReceipt") == []
        assert (total(books), updates(books)) == ("97.44", 0)
        assert books.sim.company.balances()["Card clearing"] == D("97.44")
        assert "124.50 came in for the order, and 97.44 of it" in books.reasons(1001)[0]
        books.app.ledger.retry(books.pair)


def test_a_unit_taken_back_without_a_refund_is_held(opened):
    books = opened(settings=REFUNDS, transactions=[purchase(1, "97.44")])
    refund(books.sim.shop, 1001, Asked(products={B: 1}))
    edit_line(books.sim.shop, 1001, A, units=1)
    books.sync()
    assert stands(books, "edited_after_payment")
    assert (total(books), updates(books)) == ("97.44", 0)
    assert books.sim.company.balances()["Card clearing"] == D("64.96")


def test_redeemed_tenders_stay_as_they_were_made(opened):
    """As a memo they stay one, as lines they stay lines, whatever the settings say since."""
    for made, later in (("credit_memo", "line"), ("line", "credit_memo")):
        books = opened(
            settings=INVOICE | {"sales.tenders_on_invoice": made},
            gift_certificate_amount="20.0000",
            transactions=[purchase(1, "77.44")],
        )
        books.change(**{"sales.tenders_on_invoice": later})
        edit_address(books.sim.shop, 1001, street_1="2 Mill Lane")
        edit_line(books.sim.shop, 1001, A, units=3)
        pay(books.sim.shop, 1001)
        books.sync()
        assert stands(books)
        assert (total(books), owed(books)) == ("124.50" if made == "credit_memo" else "104.50", "0.00")
        assert len(books.sim.company.objects("CreditMemo")) == (made == "credit_memo")
        assert books.sim.company.balances()["Card clearing"] == D("104.50")
        assert books.entries("BC-1001")["Sales"] == "-105.00"


# -- what people did in QuickBooks meanwhile


@pytest.mark.parametrize("settings", [{}, INVOICE], ids=["receipt", "invoice"])
@pytest.mark.parametrize("change", ["address", "ship"])
def test_what_the_bookkeeper_edited_is_left_alone(opened, settings, change):
    books = opened(settings=settings)
    entity = "Invoice" if settings else "SalesReceipt"
    books.sim.company.edit_document(entity, document(books)["Id"], PrivateNote="Call back")
    before = document(books)
    edit_address(books.sim.shop, 1001, city="Dallas") if change == "address" else ship(books.sim.shop, 1001)
    books.sync()
    assert stands(books, "changed_by_hand")
    assert document(books) == before


@pytest.mark.parametrize("settings", [{}, INVOICE], ids=["receipt", "invoice"])
def test_what_the_bookkeeper_edited_stands_where_nothing_needs_a_change(opened, settings):
    books = opened(settings=settings)
    entity = "Invoice" if settings else "SalesReceipt"
    books.sim.company.edit_document(entity, document(books)["Id"], PrivateNote="Call back")
    books.sim.shop.set_status(1001, 10)
    books.sync()
    assert (stands(books), document(books)["PrivateNote"]) == (True, "Call back")


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (
            lambda company, invoice: company.edit_document("Invoice", invoice, PrivateNote="Call back"),
            "changed_by_hand",
        ),
        (lambda company, invoice: company.void_document("Invoice", invoice), "changed_by_hand"),
        (lambda company, invoice: company.delete_document("Invoice", invoice), "deleted_by_hand"),
    ],
    ids=["edited", "voided", "deleted"],
)
def test_lines_of_an_invoice_that_the_bookkeeper_changed(opened, act, reason):
    books = opened(settings=INVOICE, **UNPAID)
    act(books.sim.company, document(books)["Id"])
    before = books.documents()
    edit_line(books.sim.shop, 1001, A, units=3)
    books.sync()
    assert stands(books, reason)
    assert books.documents() == before


def test_lines_of_an_invoice_that_the_bookkeeper_recorded_money_on(opened):
    books = opened(settings=INVOICE, **UNPAID)
    found = document(books)
    books.sim.company.create(
        "Payment",
        {
            "CustomerRef": {"value": found["CustomerRef"]["value"]},
            "TotalAmt": D("40.00"),
            "Line": [{"Amount": D("40.00"), "LinkedTxn": [{"TxnId": found["Id"], "TxnType": "Invoice"}]}],
        },
    )
    edit_line(books.sim.shop, 1001, A, units=3)
    books.sync()
    assert stands(books, "settled_by_hand")
    assert books.reasons(1001) == [
        "The order's total changed, and Invoice BC-1001 owes 57.44 in QuickBooks where 97.44 would be open by what was "
        "recorded here."
    ]
    assert (total(books), updates(books)) == ("97.44", 0)


# -- closed books


CLOSED = "2026-06-30"


@pytest.mark.parametrize("policy", ["hold", "first_open_day"])
def test_a_closed_invoice_keeps_its_lines(opened, policy):
    books = opened(settings=INVOICE | {"closed_books": policy}, **UNPAID)
    books.sim.company.close_books(CLOSED)
    before = document(books)
    edit_line(books.sim.shop, 1001, A, units=3)
    books.app.lines["demo"].book.forget()
    books.sync()
    assert stands(books, "books_closed")
    assert document(books) == before


def test_an_order_of_closed_books_that_ships_is_not_held(opened):
    books = opened()
    books.sim.company.close_books(CLOSED)
    before = document(books)
    ship(books.sim.shop, 1001)
    edit_address(books.sim.shop, 1001, city="Dallas")
    books.app.lines["demo"].book.forget()
    books.sync()
    assert stands(books)
    assert document(books) == before


# -- another currency


def test_an_edit_keeps_the_rate_that_the_invoice_was_booked_at(open_books, order_1001):
    """1.08 USD for a EUR by then, 1.10 by now."""
    books = open_books(company="eur", **INVOICE)
    euro = {
        "currency_code": "EUR",
        "default_currency_code": "EUR",
        "store_default_currency_code": "USD",
        "store_default_to_transactional_exchange_rate": "0.9259260000",
    }
    books.add(order_1001(**euro, **UNPAID))
    assert books.sync().posted == 1
    books.sim.company.create("ExchangeRate", {"SourceCurrencyCode": "EUR", "Rate": D("1.10"), "AsOfDate": "2026-05-02"})
    edit_line(books.sim.shop, 1001, A, units=3)
    books.sync()
    found = document(books)
    assert (total(books), found["ExchangeRate"], found["CurrencyRef"]["value"]) == ("124.50", D("1.08"), "EUR")
    assert stands(books)
    books.prove()
