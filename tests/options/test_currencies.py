"""Orders in other currencies: at which rate they are booked, and to which account their money goes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from mapping.currency import DayRate

DAY = date(2026, 5, 1)
EUR_ACCOUNTS = {"payments.default_accounts": {"EUR": "Card clearing EUR"}}


def foreign(printed="0.9259260000", currency="EUR", store="USD"):
    """What an order in another currency says of it; one unit of the store's currency is `printed` of the order's."""
    return {
        "default_currency_code": currency,
        "store_default_currency_code": store,
        "store_default_to_transactional_exchange_rate": printed,
    }


def rates(*told, day=DAY):
    """What QuickBooks said of the order's day."""
    return {"exchange_rates": tuple(DayRate(day=day, rate=rate and Decimal(rate)) for rate in told)}


@pytest.mark.option("sales.exchange_rate")
@pytest.mark.parametrize(
    ("setting", "printed", "held", "booked"),
    [
        ("company", "0.9259260000", "1.08", "1.08"),
        ("company", "0.9523810000", "1.08", "1.08"),
        ("company", "0.0000000000", "1.08765432", "1.08765432"),
        ("company", "1.0000000000", "0.5", "0.5"),
        ("shop", "0.9259260000", "1.08", "1.08"),
        ("shop", "0.9523810000", "1.08", "1.05"),
        ("shop", "149.2537313433", "0.0067", "0.0067"),
        ("shop", "0.7407407408", "1.08", "1.35"),  # a quarter more than QuickBooks', which is as far as it goes
        ("shop", "1.0500000000", "1.08", "1.05"),  # the other way round, should the shop print it so
        ("shop", "0.0067000000", "0.0067", "0.0067"),
        ("shop", "0.9900000000", "0.97", "0.99"),  # the nearer one where both are possible
        ("shop", "0.9900000000", "1.02", "1.0101"),
    ],
)
def test_the_rate_is_quickbooks_or_the_shops(decide, order, setting, printed, held, booked):
    decided = decide(order(**foreign(printed)), company="eur", facts=rates(held), **{"sales.exchange_rate": setting})
    assert decided.body["CurrencyRef"] == {"value": "EUR"}
    assert decided.body["ExchangeRate"] == Decimal(booked)
    assert decided.total == "64.96"


@pytest.mark.option("sales.exchange_rate")
@pytest.mark.parametrize(
    ("printed", "held", "said"),
    [
        ("0.7400000000", "1.08", "is 0.7400000000; in QuickBooks one EUR is 1.08 USD."),
        ("1.0800000000", "0.0067", "is 1.0800000000; in QuickBooks one EUR is 0.0067 USD."),
        ("0.0000000000", "1.08", "is 0.0000000000; in QuickBooks one EUR is 1.08 USD."),
        ("-0.9259260000", "1.08", "is -0.9259260000; in QuickBooks one EUR is 1.08 USD."),
    ],
)
def test_a_shops_rate_that_is_far_from_quickbooks_is_not_booked(decide, order, printed, held, said):
    decided = decide(order(**foreign(printed)), company="eur", facts=rates(held), **{"sales.exchange_rate": "shop"})
    assert decided.reasons == {"implausible_exchange_rate": f"The shop's exchange rate of USD to EUR {said}"}


@pytest.mark.option("sales.exchange_rate")
@pytest.mark.parametrize("store", ["EUR", "GBP", ""])
def test_the_rates_of_a_shop_that_sells_in_another_currency_say_nothing_of_the_books(decide, order, store):
    raw = order(**foreign("1.0000000000", store=store))
    assert decide(raw, company="eur", facts=rates("1.08")).body["ExchangeRate"] == Decimal("1.08")
    assert decide(raw, company="eur", facts=rates("1.08"), **{"sales.exchange_rate": "shop"}).reasons == {
        "shop_rate_unusable": f"The shop's exchange rates are of {store or 'no currency'}, "
        "the company's books are in USD."
    }


@pytest.mark.parametrize("setting", ["company", "shop"])
@pytest.mark.parametrize(
    ("currency", "told", "booked"),
    [
        ("EUR", None, None),  # QuickBooks refuses to say
        ("EUR", "1", None),  # its answer for what it knows nothing of
        ("EUR", "0", None),
        ("EUR", "-1.08", None),
        ("BSD", "1", "1"),  # pegged to the dollar
        ("FKP", "1", None),  # pegged to another currency than the books'
    ],
)
def test_one_for_one_is_a_rate_only_between_currencies_that_are_pegged(decide, order, setting, currency, told, booked):
    raw = order(**foreign("1.0000000000", currency=currency))
    decided = decide(raw, company="eur", facts=rates(told), **{"sales.exchange_rate": setting})
    if booked:
        assert decided.body["ExchangeRate"] == Decimal(booked)
    else:
        assert decided.reasons == {
            "no_exchange_rate": f"QuickBooks holds no exchange rate of {currency} for 2026-05-01."
        }


@pytest.mark.parametrize("setting", ["company", "shop"])
def test_the_rate_is_asked_for_once_all_else_is_known(decide, order, line, setting):
    """An order that is held for another reason, and one in home currency, cost no call."""
    settings = {"sales.exchange_rate": setting}
    decided = decide(order(**foreign()), company="eur", **settings)
    assert (decided.needs, decided.decision.days) == ("exchange_rates", (DAY,))
    assert "no_item" in decide(order(line("GONE", 1, "5.00"), **foreign()), company="eur", **settings).reasons
    at_home = decide(order(default_currency_code="USD"), company="eur", **settings)
    assert at_home.body["CurrencyRef"] == {"value": "USD"}
    assert "ExchangeRate" not in at_home.body


def test_a_company_of_one_currency_holds_the_order_before_any_rate_is_read(decide, order):
    assert decide(order(**foreign())).reasons == {
        "foreign_currency": "The order is in EUR, the company's books are in USD."
    }


@pytest.mark.option("payments.default_accounts", "payments.methods.*.accounts")
@pytest.mark.parametrize(
    ("currency", "method", "account"),
    [
        ("EUR", "PayPal", "PayPal clearing EUR"),  # the method's of this currency
        ("EUR", "Bank Deposit", "Checking"),  # the method's own: its money is there, whatever the currency
        ("EUR", "Credit Card", "Card clearing EUR"),  # all methods' of this currency
        ("GBP", "Credit Card", "Card clearing"),
        ("USD", "PayPal", "PayPal clearing"),
        ("USD", "Credit Card", "Card clearing"),
    ],
)
@pytest.mark.parametrize("post_as", ["sales_receipt", "invoice"])
def test_the_account_is_the_most_exact_one(decide, order, post_as, currency, method, account):
    methods = {
        "PayPal": {"account": "PayPal clearing", "accounts": {"eur": "PayPal clearing EUR"}},
        "Bank Deposit": {"account": "Checking"},
    }
    decided = decide(
        order(payment_method=method, **foreign(currency=currency)),
        company="eur",
        facts=rates("1.08"),
        **{"sales.post_as": post_as, "payments.methods": methods, "payments.paid_statuses": [11], **EUR_ACCOUNTS},
    )
    where = decided.kinds.index("SalesReceipt" if post_as == "sales_receipt" else "Payment")
    assert decided.name("Account", "DepositToAccountRef", where) == account


@pytest.mark.option("payments.default_accounts")
@pytest.mark.parametrize(
    ("currency", "accounts"), [("GBP", {"GBP": "Card clearing EUR"}), ("USD", {"USD": "Card clearing EUR"})]
)
def test_an_account_in_a_third_currency_holds_the_order(decide, order, currency, accounts):
    raw = order(**foreign(currency=currency))
    decided = decide(raw, company="eur", facts=rates("1.25"), **{"payments.default_accounts": accounts})
    assert decided.reasons.keys() == {"account_currency"}
    assert decided.reasons["account_currency"].startswith(
        f'The account "Card clearing EUR" is in EUR; money in {currency}'
    )


@pytest.mark.parametrize(
    ("ex", "codes"),
    [
        ("1200.0000", None),  # yen: whole ones are fine
        ("5.1250", {"below_a_cent"}),  # dinars have three decimals
    ],
)
def test_currencies_with_other_decimals_than_two(decide, order, line, ex, codes):
    raw = order(line("A", 1, ex), **foreign(currency="JPY")) | {"total_ex_tax": ex, "total_inc_tax": ex}
    decided = decide(raw, company="eur", facts=rates("0.0067"))
    if codes:
        assert decided.reasons.keys() >= codes
    else:
        assert decided.total == "1200.00"
