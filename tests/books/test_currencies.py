"""Orders in other currencies through the whole road: rates, accounts and customers, in the cents of both currencies."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from consumers.rates import RateBook
from daemon.demos.settings import NAME
from mapping.currency import DayRate

D = Decimal
RECEIVABLE_EUR = "Accounts Receivable (A/R) - EUR"
GAIN = "Exchange Gain or Loss"
LATER = "Mon, 04 May 2026 15:30:00 +0000"
JANE = {"first_name": "Jane", "last_name": "Doe", "email": "jane@example.com"}
EUR = {
    "currency_code": "EUR",
    "default_currency_code": "EUR",
    "store_default_currency_code": "USD",
    "store_default_to_transactional_exchange_rate": "0.9259260000",
}
GBP = EUR | {"currency_code": "GBP", "default_currency_code": "GBP"}


@pytest.fixture
def order_1011(make_order, line):
    """Goods for 100.00 EUR and shipping for 20.00 EUR: `order_1011(date_modified=…)`."""

    def order(order_id=1011, currency=EUR, **more):
        goods = ("100.0000", "0.0000", "100.0000")
        return make_order(
            order_id,
            [line("GOODS", 1, goods)],
            subtotal=goods,
            shipping=("20.0000", "0.0000", "20.0000"),
            total=("120.0000", "0.0000", "120.0000"),
            buyer=JANE,
            **currency,
            **more,
        )

    return order


@pytest.fixture
def open_eur(open_books):
    """A US company that has 1.08 USD for one EUR since 2015, and from 4 May 2026 on 1.10."""

    def open_(company="eur", **changes):
        books = open_books(company=company, **changes)
        hold_rate(books, "1.10", "2026-05-04")
        return books

    return open_


def hold_rate(books, rate, day, currency="EUR"):
    books.sim.company.create("ExchangeRate", {"SourceCurrencyCode": currency, "Rate": D(rate), "AsOfDate": day})


def captured(amount, day):
    """The shop's row of a payment that came in by card."""
    return {
        "id": 7,
        "order_id": "1011",
        "event": "purchase",
        "method": "credit_card",
        "amount": float(amount),
        "currency": "EUR",
        "gateway": "stripe",
        "gateway_transaction_id": "pay_7",
        "status": "ok",
        "test": False,
        "fraud_review": False,
        "date_created": f"{day}T15:30:00+00:00",
        "payment_method_id": "stripe.card",
        "reference_transaction_id": None,
    }


def worth(document):
    """Currency, rate, total, and total at home."""
    return (
        document["CurrencyRef"]["value"],
        *(str(document[name]) for name in ("ExchangeRate", "TotalAmt", "HomeTotalAmt")),
    )


def reads(books):
    return books.sim.report()["quickbooks"]["reads"]


# -- worked example 11


def test_11_a_receipt_in_euro(open_eur, order_1011):
    books = open_eur()
    books.add(order_1011())
    assert books.sync().posted == 1
    assert worth(books.documents()["BC-1011"]) == ("EUR", "1.08", "120.00", "129.60")
    assert books.rows("BC-1011") == [("GOODS", "1 × 100", "100.00", "NON"), ("Shipping", "1 × 20", "20.00", "NON")]
    assert books.entries("BC-1011") == {"Card clearing EUR": "129.60", "Sales": "-108.00", "Shipping income": "-21.60"}
    assert books.sim.company.foreign_balances()["Card clearing EUR"] == 120
    assert books.customers()["Jane Doe (EUR)"]["CurrencyRef"]["value"] == "EUR"
    books.prove()


def test_11_an_invoice_paid_on_a_day_of_a_better_rate(open_eur, order_1011):
    books = open_eur(**{"sales.post_as": "invoice"})
    books.add(order_1011(date_modified=LATER, transactions=[captured("120.00", "2026-05-04")]))
    assert books.sync().posted == 1
    assert worth(books.documents()["BC-1011"]) == ("EUR", "1.08", "120.00", "129.60")
    assert books.entries("BC-1011") == {RECEIVABLE_EUR: "129.60", "Sales": "-108.00", "Shipping income": "-21.60"}
    (payment,) = books.sim.company.objects("Payment")
    assert (payment["TxnDate"], *worth(payment)[:3]) == ("2026-05-04", "EUR", "1.1", "120.00")
    assert books.payment_entries("BC-1011") == [
        {"Card clearing EUR": "132.00", RECEIVABLE_EUR: "-129.60", GAIN: "-2.40"}
    ]
    assert books.documents()["BC-1011"]["Balance"] == 0
    assert books.sim.company.balances()[RECEIVABLE_EUR] == 0
    books.prove()


# -- the shop's rate


def test_the_shops_rate_is_turned_round_and_serves_the_payment_too(open_eur, order_1011):
    books = open_eur(**{"sales.post_as": "invoice", "sales.exchange_rate": "shop"})
    raw = order_1011(date_modified=LATER, transactions=[captured("120.00", "2026-05-04")])
    books.add(raw | {"store_default_to_transactional_exchange_rate": "0.9523810000"})
    assert books.sync().posted == 1
    assert worth(books.documents()["BC-1011"]) == ("EUR", "1.05", "120.00", "126.00")
    assert books.payment_entries("BC-1011") == [{"Card clearing EUR": "126.00", RECEIVABLE_EUR: "-126.00"}]


def test_a_shop_that_sells_in_another_currency_than_the_books(open_eur, order_1011, plain_order):
    """Its own rates are of its own currency: QuickBooks' is taken."""
    books = open_eur()
    own = EUR | {"store_default_currency_code": "EUR", "store_default_to_transactional_exchange_rate": "1.0000000000"}
    into_usd = {"store_default_currency_code": "EUR", "store_default_to_transactional_exchange_rate": "1.1200000000"}
    books.add(order_1011(currency=own), plain_order(1012, **into_usd))
    assert books.sync().posted == 2
    assert worth(books.documents()["BC-1011"])[:2] == ("EUR", "1.08")
    assert worth(books.documents()["BC-1012"])[:2] == ("USD", "1")
    books.prove()


# -- rates are read once


def test_a_rate_is_read_once_for_a_currency_and_a_day(open_eur, order_1011):
    one, books = open_eur(), open_eur()
    one.add(order_1011())
    one.sync()
    books.add(*(order_1011(number) for number in range(1011, 1041)), order_1011(1041, date_created=LATER))
    assert books.sync().posted == 31
    assert reads(books) == reads(one) + 1
    books.add(order_1011(1042))
    assert books.sync().posted == 32
    assert reads(books) == reads(one) + 1
    assert {worth(document)[1] for document in books.documents().values()} == {"1.08", "1.1"}


def test_a_rate_that_is_corrected_later_changes_nothing_that_stands(open_eur, order_1011):
    books = open_eur()
    books.add(order_1011())
    books.sync()
    hold_rate(books, "1.30", "2026-05-01")
    books.app.ledger.drop_reference(books.pair, "exchange rate EUR 2026-05-01")
    books.sim.shop.set_status(1011, 2)
    assert (books.sync().new_or_changed, books.held()) == (1, {})
    assert worth(books.documents()["BC-1011"])[1] == "1.08"


def test_no_rate_is_booked_at_one_and_a_rate_that_was_entered_is_taken(open_eur, order_1011):
    books = open_eur()
    books.add(order_1011(currency=GBP))
    books.sync()
    assert books.held() == {"1011": ["no_exchange_rate"]}
    assert books.reasons(1011) == ["QuickBooks holds no exchange rate of GBP for 2026-05-01."]
    assert not [name for name in books.customers() if "Jane" in name]
    hold_rate(books, "1.25", "2026-05-01", "GBP")
    later = rate_book(books, timedelta(minutes=2)).rates("GBP", [date(2026, 5, 1)])
    assert later == (DayRate(day=date(2026, 5, 1), rate=D("1.25")),)
    assert books.app.ledger.retry(books.pair, code="no_exchange_rate") == 1
    assert books.sync().posted == 1
    assert worth(books.documents()["BC-1011"]) == ("GBP", "1.25", "120.00", "150.00")
    assert books.entries("BC-1011")["Card clearing"] == "150.00"


def test_a_company_that_has_rates_of_some_days_only(open_eur, order_1011):
    """The other days answer 1, which is no rate."""
    books = open_eur()
    books.sim.company.carries_rates = False
    books.add(order_1011(date_modified=LATER), order_1011(1012, date_created=LATER, date_modified=LATER))
    assert (books.sync().posted, books.held()) == (1, {"1011": ["no_exchange_rate"]})
    assert worth(books.documents()["BC-1012"])[1] == "1.1"


def rate_book(books, later=timedelta(0)):
    """The rates that the program knows, so much later."""
    app = books.app
    return RateBook(
        pair=books.pair, ledger=app.ledger, quickbooks=app.lines[NAME].quickbooks, clock=lambda: app.clock() + later
    )


@pytest.mark.parametrize(("currency", "after", "asked"), [("EUR", 600, 0), ("GBP", 0, 0), ("GBP", 2, 1), ("XXX", 2, 1)])
def test_a_rate_is_known_for_good_and_that_there_is_none_for_a_minute(open_eur, currency, after, asked):
    books = open_eur()
    day = date(2026, 5, 1)
    first = rate_book(books).rates(currency, [day])
    books.sim.reset_counts()
    assert rate_book(books, timedelta(minutes=after)).rates(currency, [day]) == first
    assert reads(books) == asked


# -- what QuickBooks answers


def test_a_company_that_takes_no_rate_but_its_own_books_what_was_asked_for(open_eur, order_1011):
    books = open_eur()
    books.sim.company.honours_exchange_rate = False
    books.add(order_1011())
    assert books.sync().posted == 1
    assert worth(books.documents()["BC-1011"])[1] == "1.08"


@pytest.mark.parametrize(("printed", "codes"), [("0.9523810000", ["exchange_rate_differs"]), ("0.9300000000", [])])
def test_and_voids_what_was_not(open_eur, order_1011, printed, codes):
    """1/0.952381 is 1.05, and 1/0.93 within a hundredth of 1.08."""
    books = open_eur(**{"sales.exchange_rate": "shop"})
    books.sim.company.honours_exchange_rate = False
    books.add(order_1011() | {"store_default_to_transactional_exchange_rate": printed})
    books.sync()
    assert books.held() == ({"1011": codes} if codes else {})
    (receipt,) = books.sim.company.objects("SalesReceipt")
    assert receipt["TotalAmt"] == (0 if codes else 120)


# -- who and where


def test_one_buyer_in_two_currencies_is_two_customers(open_eur, order_1011, plain_order):
    books = open_eur()
    books.add(order_1011(), plain_order(1012, buyer=JANE), order_1011(1013))
    assert books.sync().posted == 3
    ids = {name: customer["Id"] for name, customer in books.customers().items() if name.startswith("Jane")}
    assert ids.keys() == {"Jane Doe", "Jane Doe (EUR)"}
    bought = {number: document["CustomerRef"]["value"] for number, document in books.documents().items()}
    assert bought == {
        "BC-1011": ids["Jane Doe (EUR)"],
        "BC-1012": ids["Jane Doe"],
        "BC-1013": ids["Jane Doe (EUR)"],
    }
    assert books.prove()["totals"].keys() == {"EUR", "USD"}


def test_lost_answers_in_two_currencies(open_eur, order_1011, plain_order):
    books = open_eur(**{"sales.post_as": "invoice"})
    books.sim.company.requestid_memory = False
    books.sim.faults.add(side="quickbooks", call="batch", kind="drop_after", every=2)
    books.add(order_1011(), plain_order(1012, buyer=JANE), order_1011(1013, date_created=LATER, date_modified=LATER))
    assert books.sync().posted == 3
    proof = books.prove()
    assert (proof["documents"], len(books.sim.company.objects("Payment"))) == (3, 3)
    assert worth(books.documents()["BC-1013"]) == ("EUR", "1.1", "120.00", "132.00")


def test_documents_that_the_ledger_has_forgotten_stand_at_the_rate_they_have(open_eur, order_1011):
    books = open_eur()
    books.add(order_1011())
    books.sync()
    books.lose_the_ledger()
    hold_rate(books, "1.30", "2026-05-01")
    assert (books.sync().posted, books.held()) == (1, {})
    assert worth(books.documents()["BC-1011"])[1] == "1.08"


def test_tax_and_discount_in_euro(open_eur, make_order, line):
    """100.00 less 10.00 with 8.25 % of the rest: what is owed to the state is owed at home."""
    books = open_eur()
    books.add(
        make_order(
            1011,
            [line("GOODS", 1, ("100.0000", "7.4300", "108.2556"), off="10.0000")],
            subtotal=("100.0000", "7.4300", "108.2600"),
            total=("90.0000", "7.4300", "97.4300"),
            coupon_discount="10.0000",
            **EUR,
        )
    )
    assert books.sync().posted == 1
    document = books.documents()["BC-1011"]
    assert (*worth(document), str(document["TxnTaxDetail"]["TotalTax"])) == ("EUR", "1.08", "97.43", "105.22", "7.43")
    assert books.entries("BC-1011") == {
        "Card clearing EUR": "105.22",
        "Discounts given": "10.80",
        "Sales": "-108.00",
        "Sales tax payable": "-8.02",
    }


def test_a_company_of_one_currency_holds_the_order(open_books, order_1011):
    books = open_books()
    books.add(order_1011())
    books.sync()
    assert books.held() == {"1011": ["foreign_currency"]}
