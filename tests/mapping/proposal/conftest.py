"""A company in the API's own JSON, made of a few names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import pytest

from cartledger.money import D
from mapping.company import Company, read_company

Make = Callable[..., Company]
NOTHING: Mapping[str, Any] = MappingProxyType({})


@pytest.fixture
def company() -> Make:
    """`company(accounts={"Card clearing": ("Bank", "Checking")}, items={"Shipping": "Sales"}, …)`.

    Accounts are type and kind, or these and a currency; items name their income account, or that and their type; tax
    codes their percents.
    """
    return _company


def _company(
    *,
    accounts: Mapping[str, tuple[str, ...]] = NOTHING,
    items: Mapping[str, str | tuple[str, str]] = NOTHING,
    skus: Mapping[str, str] = NOTHING,
    methods: tuple[str, ...] = (),
    codes: Mapping[str, list[str]] = NOTHING,
    inactive: tuple[str, ...] = (),
    country: str = "US",
    home: str = "USD",
    several: bool = False,
    tax: dict[str, Any] | None = None,
) -> Company:
    every = {"Sales": ("Income", "SalesOfProductIncome"), **accounts}
    ids = {name: str(100 + number) for number, name in enumerate(every)}
    rates = [{"Id": f"{name} {percent}", "RateValue": D(percent)} for name, own in codes.items() for percent in own]
    plain = tax if tax is not None else {"UsingSalesTax": True, "TaxGroupCodeRef": {"value": "none"}}
    return read_company(
        info={"Country": country},
        preferences={
            "TaxPrefs": plain,
            "CurrencyPrefs": {"HomeCurrency": {"value": home}, "MultiCurrencyEnabled": several},
        },
        accounts=[_account(ids[name], name, *facts) for name, facts in every.items()],
        items=[_item(name, facts, skus, ids, inactive) for name, facts in items.items()],
        tax_codes=[
            {
                "Id": name,
                "Name": name,
                "SalesTaxRateList": {"TaxRateDetail": [{"TaxRateRef": {"value": f"{name} {each}"}} for each in own]},
            }
            for name, own in codes.items()
        ],
        tax_rates=rates,
        payment_methods=[{"Id": name, "Name": name} for name in methods],
        classes=[],
        departments=[],
    )


def _account(account_id: str, name: str, kind: str, subtype: str = "", currency: str = "") -> dict[str, Any]:
    kept_in = {"CurrencyRef": {"value": currency}} if currency else {}
    return {"Id": account_id, "Name": name, "AccountType": kind, "AccountSubType": subtype, **kept_in}


def _item(
    name: str, facts: str | tuple[str, str], skus: Mapping[str, str], ids: dict[str, str], inactive: tuple[str, ...]
) -> dict[str, Any]:
    income, kind = (facts, "Service") if isinstance(facts, str) else facts
    return {
        "Id": name,
        "Name": name,
        "Sku": skus.get(name, ""),
        "Type": kind,
        "Active": name not in inactive,
        "IncomeAccountRef": {"value": ids[income]},
    }
