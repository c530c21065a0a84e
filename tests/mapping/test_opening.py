"""Opening liabilities: what the shop owes, what orders will still move, and the entry, by hand in cents."""

from __future__ import annotations

from datetime import date

import pytest

from cartledger.money import D
from cartledger.records import read_order
from mapping.checks.opening import (
    CERTIFICATES,
    CREDIT,
    Owed,
    ToCome,
    certificates_owed,
    check_opening,
    credit_owed,
    to_come,
)
from mapping.company import read_company

START, TODAY = "2026-01-01", date(2026, 5, 1)
NOTHING = ToCome(sold=D(0), redeemed=D(0), whole=True)


def certificate(balance, status="active", currency="USD"):
    return {"id": 1, "balance": balance, "status": status, "currency_code": currency}


def customer(*amounts):
    return {"id": 1, "store_credit_amounts": [{"amount": D(amount)} for amount in amounts]}


@pytest.fixture
def opened(make_connection, company_json):
    """(level, text, fix) of what is found. `balances` of accounts by name; more keys are the connection's."""

    def check(owed, *, coming=None, balances=None, closed="", shared=False, **sections):
        raw = company_json()
        for account in raw["accounts"]:
            account["CurrentBalance"] = D((balances or {}).get(account["Name"], 0))
        taxes = {"Id": "990", "Name": "Tax payable", "AccountType": "Other Current Liability"}
        raw["accounts"].append(taxes | {"CurrentBalance": D((balances or {}).get("Tax payable", 0))})
        equity = {"Id": "991", "Name": "Anfangsbestand", "AccountType": "Equity"}
        raw["accounts"].append(equity | {"AccountSubType": "OpeningBalanceEquity"})
        if shared:
            sections["sales"] = {"store_credit_product": "GIFT"}
        if closed:
            raw["preferences"]["AccountingInfoPrefs"]["BookCloseDate"] = closed
        connection = make_connection(**{"start_date": START, **sections})
        every = {CERTIFICATES: NOTHING, CREDIT: NOTHING} | (coming or {})
        found = check_opening(connection, read_company(**raw), owed, every, today=TODAY)
        return [(one.level, one.text, one.fix) for one in found]

    return check


def owes(amount, count=1):
    return Owed(amount=D(amount), count=count)


def test_active_certificates_of_the_shops_currency_are_owed():
    rows = [
        certificate("500.0000"),
        certificate("12.5000"),
        certificate("0.0000"),
        certificate("7.0000", status="expired"),
        certificate("7.0000", status="disabled"),
        certificate("7.0000", status="pending"),
        certificate("7.0000", currency="EUR"),
        {"balance": "1.0000", "status": "active"},
    ]
    assert certificates_owed(rows, "USD") == owes("513.50", 3)
    with pytest.raises(ValueError, match="not a decimal number"):
        certificates_owed([certificate("lots")], "USD")


def test_store_credit_of_each_customer():
    rows = [customer("43.15"), customer("0"), customer(), {"id": 2}, customer("1.00", "0.50")]
    assert credit_owed(rows) == owes("44.65", 2)


def test_what_orders_will_still_move(example, line, make_order, make_company):
    foreign = make_order(9, [], subtotal=("0", "0", "0"), total=("0", "0", "0"), default_currency_code="EUR")
    orders = [read_order(example("4")), read_order(example("5")), read_order(example("6"))]
    orders.append(read_order(foreign | {"gift_certificate_amount": "5.00"}))
    company = make_company()
    assert to_come(orders, CERTIFICATES, company, whole=True) == ToCome(sold=D(50), redeemed=D(50), whole=True)
    assert to_come(orders, CREDIT, company, whole=False) == ToCome(sold=D(0), redeemed=D("64.95"), whole=False)


def test_the_entry_of_what_was_owed_before_the_start(opened):
    """Today 750.00 are owed; 50.00 of that was sold and 20.00 were redeemed since: 720.00 on the last day before."""
    coming = {CERTIFICATES: ToCome(sold=D("50.00"), redeemed=D("20.00"), whole=True)}
    assert opened({CERTIFICATES: owes("750.00", 12)}, coming=coming) == [
        (
            "warning",
            "The shop owes 750.00 on 12 gift certificates, with 50.00 sold and 20.00 redeemed in orders still to be "
            'posted; the account "Gift certificates" holds 0.00: 720.00 is not in the books.',
            "Make a journal entry on 2025-12-31, the day before start_date: "
            'debit "Anfangsbestand", credit "Gift certificates" 720.00.',
        )
    ]


def test_nothing_to_say_once_it_is_booked(opened):
    """Before the orders are posted, and when they are."""
    coming = {CERTIFICATES: ToCome(sold=D("50.00"), redeemed=D("20.00"), whole=True)}
    owed = {CERTIFICATES: owes("750.00"), CREDIT: owes("0.00", 0)}
    assert opened(owed, coming=coming, balances={"Gift certificates": "720.00", "Tax payable": "1.00"}) == []
    assert opened(owed, balances={"Gift certificates": "750.00", "Tax payable": "1.00"}) == []


def test_store_credit_has_an_entry_of_its_own(opened):
    ((_, text, fix),) = opened({CREDIT: owes("12.00", 2)})
    assert text.startswith("The shop owes 12.00 in store credit to 2 customers; ")
    assert fix.endswith('debit "Anfangsbestand", credit "Store credit" 12.00.')


def test_too_much_goes_the_other_way(opened):
    found = opened({CERTIFICATES: owes("0.00", 0)}, balances={"Gift certificates": "5.00", "Tax payable": "1.00"})
    ((_, text, fix),) = found
    assert text == (
        'The shop owes nothing on gift certificates; the account "Gift certificates" holds 5.00: '
        "5.00 too much is in the books."
    )
    assert fix.endswith('debit "Gift certificates", credit "Anfangsbestand" 5.00.')


@pytest.mark.parametrize(
    ("gift", "tax", "found"),
    [
        ("50.00", "9.00", 0),
        ("-50.00", "-9.00", 0),  # the company shows what is owed below zero
        ("-50.00", "9.00", 1),
        ("50.00", "-9.00", 1),
        ("50.00", "0.00", 0),
        ("-50.00", "0.00", 0),  # the amount is right, whatever the sign means
        ("49.00", "0.00", 1),
    ],
)
def test_the_other_liabilities_tell_the_side(opened, gift, tax, found):
    owed = {CERTIFICATES: owes("50.00")}
    assert len(opened(owed, balances={"Gift certificates": gift, "Tax payable": tax})) == found


def test_a_side_that_nothing_tells(opened):
    assert opened({CERTIFICATES: owes("50.00")}, balances={"Gift certificates": "-49.00"}) == [
        (
            "warning",
            'The shop owes 50.00 on 1 gift certificate; the account "Gift certificates" holds 49.00, and QuickBooks '
            "does not say on which side.",
            "Look at the account: 50.00 should be owed.",
        )
    ]


def test_one_account_for_both(opened):
    owed = {CERTIFICATES: owes("50.00"), CREDIT: owes("7.00", 2)}
    ((_, text, fix),) = opened(owed, shared=True)
    assert text.startswith("The shop owes 50.00 on 1 gift certificate and 7.00 in store credit to 2 customers; ")
    assert fix.endswith("57.00.")
    assert opened({CERTIFICATES: owes("50.00")}, shared=True) == []  # the other sum could not be read


def test_the_day_is_one_that_is_open(opened):
    ((_, _, fix),) = opened({CERTIFICATES: owes("50.00")}, closed="2026-01-31")
    assert fix.startswith("Make a journal entry on 2026-02-01, the first day after the closed ones: ")
    ((_, _, fix),) = opened({CERTIFICATES: owes("50.00")}, closed="2025-12-30")
    assert fix.startswith("Make a journal entry on 2025-12-31, the day before start_date: ")


def test_a_start_to_come(opened):
    ((_, _, fix),) = opened({CERTIFICATES: owes("50.00")}, start_date="2026-06-01")
    assert fix.startswith("Make a journal entry on 2026-05-31, ")
    assert fix.endswith(" Check again on that day: the figure moves until then.")


def test_orders_that_were_not_looked_at(opened):
    coming = {CERTIFICATES: ToCome(sold=D("50.00"), redeemed=D(0), whole=False)}
    assert opened({CERTIFICATES: owes("750.00", 12)}, coming=coming) == [
        (
            "note",
            "The shop owes 750.00 on 12 gift certificates, with 50.00 sold in orders still to be posted; the account "
            '"Gift certificates" holds 0.00. The opening entry can be told when more of the orders are posted: check '
            "again after a sync.",
            "",
        )
    ]


def test_without_an_item(opened):
    ((level, text, _),) = opened({CERTIFICATES: owes("50.00")}, sales={"gift_card_product": None})
    assert (level, text) == (
        "warning",
        "The shop owes 50.00 on 1 gift certificate, and sales.gift_card_product is not set: orders that redeem it "
        "will be held.",
    )
    assert opened({CERTIFICATES: owes("0.00", 0)}, sales={"gift_card_product": None}) == []


@pytest.mark.parametrize("item", ["A", "NOT THERE"])
def test_an_item_that_is_wrong_is_told_elsewhere(opened, item):
    assert opened({CERTIFICATES: owes("50.00")}, sales={"gift_card_product": item}) == []
