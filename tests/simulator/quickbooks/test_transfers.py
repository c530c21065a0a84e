"""Transfers: money from one account of the balance sheet to another, at home and abroad."""

from decimal import Decimal

import pytest

D = Decimal


def transfer(desk, source, target, amount, **header):
    sides = {"FromAccountRef": desk.ref("Account", source), "ToAccountRef": desk.ref("Account", target)}
    return desk.company.create("Transfer", {**sides, "Amount": D(amount), **header})


@pytest.mark.parametrize("target", ["PayPal clearing", "Store credit", "Opening Balance Equity", "Undeposited Funds"])
def test_it_moves_money_and_nothing_else(desk, company, target):
    made = transfer(desk, "Card clearing", target, "10.00", TxnDate="2026-06-03", PrivateNote="R-1001")
    assert company.entries("Transfer", made["Id"]) == {target: D("10.00"), "Card clearing": D("-10.00")}
    names = ("Amount", "TxnDate", "PrivateNote", "SyncToken")
    assert [made[name] for name in names] == [10, "2026-06-03", "R-1001", "0"]
    assert (made["FromAccountRef"]["name"], made["ToAccountRef"]["name"]) == ("Card clearing", target)


def test_what_is_refused(desk, company):
    def refused(*args, **header):
        return desk.refused(transfer, desk, *args, **header)

    assert refused("Card clearing", "Card clearing", "1.00") == ["6000"]
    assert refused("Card clearing", "PayPal clearing", "0") == ["6000"]
    assert refused("Card clearing", "PayPal clearing", "-1.00") == ["6000"]
    assert refused("Card clearing", "Sales", "1.00") == ["6430"]
    assert refused("Accounts Receivable (A/R)", "Card clearing", "1.00") == ["6430"]
    assert refused("Card clearing", "PayPal clearing", "1.00", FromAccountRef={"value": "4711"}) == ["2500"]
    assert refused("Card clearing", "PayPal clearing", "1.00", TotalAmt=1) == ["2010"]
    assert desk.refused(company.create, "Transfer", {}) == ["2020"] * 3
    assert company.objects("Transfer") == []


def test_it_is_changed_deleted_and_never_voided(desk, company):
    made = transfer(desk, "Card clearing", "PayPal clearing", "10.00")
    change = {"Id": made["Id"], "SyncToken": "0", "sparse": True, "Amount": D("12.00")}
    assert company.update("Transfer", change)["ToAccountRef"]["name"] == "PayPal clearing"
    assert company.balances()["PayPal clearing"] == 12
    assert desk.refused(company.void, "Transfer", {"Id": made["Id"], "SyncToken": "1"}) == ["500"]
    company.delete("Transfer", {"Id": made["Id"], "SyncToken": "1"})
    assert company.balances()["PayPal clearing"] == 0


EUR = {"CurrencyRef": {"value": "EUR"}, "ExchangeRate": D("1.10")}


@pytest.mark.parametrize(
    ("source", "target", "foreign"),
    [
        ("Card clearing EUR", "PayPal clearing EUR", {"Card clearing EUR": -10, "PayPal clearing EUR": 10}),
        ("Card clearing EUR", "Checking", {"Card clearing EUR": -10}),
        ("Checking", "Card clearing EUR", {"Card clearing EUR": 10}),
    ],
)
def test_in_another_currency_it_is_worth_what_the_rate_says(desk_of, source, target, foreign):
    euro = desk_of("eur")
    made = transfer(euro, source, target, "10.00", **EUR)
    assert euro.company.entries("Transfer", made["Id"]) == {source: D("-11.00"), target: D("11.00")}
    assert {name: each for name, each in euro.company.foreign_balances().items() if each} == foreign


def test_its_currency_is_that_of_its_accounts(desk_of):
    euro = desk_of("eur")
    euro.company.create("Account", {"Name": "Pounds", "AccountType": "Bank", "CurrencyRef": {"value": "GBP"}})
    home = {"CurrencyRef": {"value": "USD"}}
    assert euro.refused(transfer, euro, "Checking", "PayPal clearing", "10.00", **EUR) == ["6000"]
    assert euro.refused(transfer, euro, "Card clearing EUR", "Checking", "10.00", **home) == ["6000"]
    with pytest.raises(euro.FaultError, match="only one foreign currency at a time"):
        transfer(euro, "Card clearing EUR", "Pounds", "10.00", **EUR)
    assert euro.refused(transfer, euro, "Card clearing EUR", "Checking", "10.00") == ["2020"]
    made = transfer(euro, "Checking", "PayPal clearing", "10.00", **home)
    assert made["ExchangeRate"] == 1
