"""Where the money of each payment method goes, by what the company's accounts and methods are called."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mapping.checks.methods_seen import SeenMethod
from mapping.proposal.money import propose_money
from mapping.proposal.proposed import Open, Proposed

BANK = ("Bank", "Checking")
ACCOUNTS = {"Card clearing": BANK, "PayPal clearing": BANK, "Cash clearing": ("Bank", "CashOnHand"), "Checking": BANK}
UNDEPOSITED = {"Not in the bank yet": ("Other Current Asset", "UndepositedFunds")}
METHODS = ("Visa", "PayPal", "Cash", "Check")
NOW = datetime(2026, 4, 30, tzinfo=UTC)


@pytest.fixture
def proposed(company, make_connection):
    """`proposed("Credit Card", ("PayPal", "EUR"), accounts=…, post_as=…)`: values by setting."""

    def look(*seen, accounts=ACCOUNTS, methods=METHODS, post_as="sales_receipt", several=False, payments=None):
        rows = [
            SeenMethod(
                method=name,
                currency=currency,
                orders=1,
                last=NOW,
                listed=False,
                account=None,
                quickbooks=None,
                paid_when="captured",
            )
            for name, currency in ((one, "USD") if isinstance(one, str) else one for one in seen)
        ]
        plain = {"default_account": None, "methods": {}} | (payments or {})
        connection = make_connection(sales={"post_as": post_as}, payments=plain)
        made = company(accounts=accounts, methods=methods, several=several)
        found = list(propose_money(rows, connection, made))
        return {one.key[1]: one.value if isinstance(one, Proposed) else one for one in found}

    return look


@pytest.mark.parametrize(
    ("accounts", "default"),
    [
        (ACCOUNTS, "Card clearing"),
        ({"Clearing": BANK}, "Clearing"),
        ({"Clearing": BANK, "Merchant Clearing": ("Other Current Asset",)}, "Merchant Clearing"),
        (UNDEPOSITED, "Not in the bank yet"),  # by its kind, whatever the language
        ({**UNDEPOSITED, "Stripe clearing": BANK}, "Stripe clearing"),
        ({"Card clearing": ("Expense",), "Clearing": BANK}, "Clearing"),  # of the wrong type
    ],
)
def test_the_default_account(proposed, accounts, default):
    assert proposed(accounts=accounts)["default_account"] == default


def test_no_account_is_guessed(proposed):
    assert proposed(accounts={"Checking": BANK}) == {
        "default_account": Open(
            key=("payments", "default_account"),
            text="No account is called as one for payments on their way is.",
            fix='Name an account of type Bank or Other Current Asset, or make one ("Card clearing").',
        )
    }


@pytest.mark.parametrize(
    ("method", "row"),
    [
        ("Credit Card", {"method": "Visa"}),  # on the default account
        ("Visa", {"method": "Visa"}),
        ("Stripe", {"method": "Visa"}),
        ("PayPal", {"account": "PayPal clearing", "method": "PayPal"}),
        ("PayPal Commerce Platform", {"account": "PayPal clearing", "method": "PayPal"}),
        ("Cash on Delivery", {"account": "Cash clearing", "method": "Cash"}),
        ("Bank Deposit", {"account": "Not in the bank yet", "method": "Check"}),
        ("Check", {"account": "Not in the bank yet", "method": "Check"}),
        ("Klarna", None),  # nothing of its own: it is not listed, and check says so
    ],
)
def test_each_method_that_was_seen(proposed, method, row):
    found = proposed(method, accounts=ACCOUNTS | UNDEPOSITED)
    assert found.get("methods", {}).get(method) == row


def test_a_method_has_the_account_that_bears_its_name(proposed):
    found = proposed("Klarna", "Afterpay", accounts=ACCOUNTS | {"Klarna clearing": BANK, "Afterpay": BANK})
    assert found["methods"] == {"Klarna": {"account": "Klarna clearing"}, "Afterpay": {"account": "Afterpay"}}


@pytest.mark.parametrize("method", ["Cash on Delivery", "Bank Deposit", "Money Order"])
def test_invoices_of_offline_methods_are_paid_by_their_status(proposed, method):
    assert proposed(method, post_as="invoice")["methods"][method]["paid_when"] == "status"
    assert "paid_when" not in proposed(method)["methods"][method]


@pytest.mark.parametrize("method", ["Test Payment Gateway", "Gift Certificate", "Store Credit", "Amazon", ""])
def test_what_is_no_method_of_sales_is_not_listed(proposed, method):
    assert "methods" not in proposed(method, methods=(method or "clearing",))
    assert "methods" in proposed("Manual", methods=("Manual",))


def test_one_method_in_two_spellings_is_one_row(proposed):
    assert list(proposed("PayPal", "paypal", "PAYPAL")["methods"]) == ["PayPal"]


EUR = {f"{name} EUR": (*BANK, "EUR") for name in ("Card clearing", "PayPal clearing")}


def test_other_currencies_have_the_accounts_that_bear_them(proposed):
    seen = ("Credit Card", ("Credit Card", "EUR"), ("PayPal", "EUR"), ("Cash on Delivery", "EUR"))
    found = proposed(*seen, accounts=ACCOUNTS | EUR, several=True)
    assert found["default_accounts"] == {"EUR": "Card clearing EUR"}
    assert found["methods"]["PayPal"]["accounts"] == {"EUR": "PayPal clearing EUR"}
    assert "accounts" not in found["methods"]["Cash on Delivery"]


def test_a_company_of_one_currency_needs_none_for_others(proposed):
    found = proposed("Credit Card", ("Credit Card", "EUR"), accounts=ACCOUNTS | EUR)
    assert "default_accounts" not in found


def test_what_was_named_stays(proposed):
    found = proposed("PayPal", payments={"default_account": "Checking", "methods": {"PayPal": {"method": "Cash"}}})
    assert found == {}
