"""A QuickBooks company, settings and orders, each in the wire's own shape, and documents shown as short rows."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cartledger.money import D
from cartledger.records import read_order
from cartledger.settings import Connection
from mapping.case import Case
from mapping.company import read_company
from mapping.decision import Fact, Held, Post
from mapping.facts import Facts
from mapping.sale import decide_sale

ZONE = ZoneInfo("America/Chicago")
ORDERS = Path(__file__).parents[1] / "fixtures" / "orders"

ACCOUNTS = {
    "Clearing": "Bank",
    "PayPal": "Other Current Asset",
    "Sales": "Income",
    "Discounts given": "Income",
    "Gift certificates": "Other Current Liability",
    "Store credit": "Other Current Liability",
    "Office": "Expense",
}
ITEMS = {
    "A": ("Sales", "Inventory"),
    "B": ("Sales", "NonInventory"),
    "BOTTLE": ("Sales", "NonInventory"),
    "GOODS": ("Sales", "NonInventory"),
    "DISC": ("Discounts given", "NonInventory"),
    "GIFT": ("Gift certificates", "NonInventory"),
    "CREDIT": ("Store credit", "NonInventory"),
    "ROUND": ("Office", "Service"),
    "SHIP": ("Sales", "Service"),
    "HANDLING": ("Sales", "Service"),
    "WRAPPING": ("Sales", "Service"),
    "FEE": ("Sales", "Service"),
    "DEFAULT": ("Sales", "Service"),
} | dict.fromkeys(("JOURNAL", "CHAIR", "MUG", "BOWL", "LAMP", "TRAY"), ("Sales", "NonInventory"))
CODES = {"Texas": ["6.25", "2"], "Low": ["4"], "Zero": ["0"], "City": ["1"]}


def _company_json(
    *, automated: bool | None = None, currency: str = "USD", country: str = "US", **forms: Any
) -> dict[str, Any]:
    accounts = [
        {"Id": str(100 + i), "Name": name, "FullyQualifiedName": name, "AccountType": kind, "Active": True}
        for i, (name, kind) in enumerate(ACCOUNTS.items())
    ]
    ids = {account["Name"]: account["Id"] for account in accounts}
    items = [
        {"Id": name, "Name": name, "Sku": f"SKU-{name}", "Type": kind, "Active": True}
        | {"FullyQualifiedName": name, "IncomeAccountRef": {"value": ids[income]}}
        for name, (income, kind) in ITEMS.items()
    ]
    codes, rates = [{"Id": "TAX", "Name": "TAX"}, {"Id": "NON", "Name": "NON"}], []
    for number, (name, percents) in enumerate(CODES.items(), 2):
        own = [{"Id": f"{number}{i}", "RateValue": D(percent)} for i, percent in enumerate(percents)]
        rates += own
        details = [{"TaxRateRef": {"value": rate["Id"]}} for rate in own]
        codes.append({"Id": str(number), "Name": name, "SalesTaxRateList": {"TaxRateDetail": details}})
    return {
        "info": {"Country": country},
        "preferences": {
            "SalesFormsPrefs": {
                "CustomTxnNumbers": True,
                "AllowShipping": True,
                "AllowDiscount": True,
                "DefaultDiscountAccount": ids["Discounts given"],
                **forms,
            },
            "TaxPrefs": {"UsingSalesTax": True, "TaxGroupCodeRef": {"value": "2"}}
            | ({} if automated is None else {"PartnerTaxEnabled": automated}),
            "CurrencyPrefs": {"HomeCurrency": {"value": currency}},
            "AccountingInfoPrefs": {},
        },
        "accounts": accounts,
        "items": items,
        "tax_codes": codes,
        "tax_rates": rates,
        "payment_methods": [{"Id": "7", "Name": "Card", "Active": True}],
        "classes": [],
        "departments": [],
    }


ELSEWHERE = {
    "uk": {
        "GB": "GBP",
        "20.0% S": ["20"],
        "20.0% FR": ["20"],
        "5.5% F": ["5.5"],
        "5.0% R": ["5"],
        "0.0% Z": ["0"],
        "0.0% E": ["0"],
        "0.0% FX": ["0"],
        "Reverse": ["20", "-20"],
        "No VAT": ["0"],
    },
    "au": {"AU": "AUD", "GST": ["10"], "GST free": ["0"], "Export": ["0"], "BAS Excluded": []},
    "ca": {
        "CA": "CAD",
        "GST": ["5"],
        "HST ON": ["13"],
        "GST/QST QC": ["5", "9.975"],
        "GST/PST BC": ["5", "7"],
        "Zero-rated": ["0"],
        "Out of Scope": [],
    },
}
"""Country and currency, then tax codes. The id of a code is its name, that of a rate the code's name and percent."""
OUT_OF_SCOPE = {"uk": "No VAT", "au": "BAS Excluded", "ca": "Out of Scope"}
MAPS = {
    "uk": {"Standard": "20.0% S", "French": "5.5% F", "Reduced": "5.0% R", "none": "0.0% Z", "none @ export": "0.0% E"},
    "au": {"GST": "GST", "none": "GST free", "none @ export": "Export"},
    "ca": {
        "GST": "GST",
        "HST": "HST ON",
        "GST @ CA-Quebec": "GST/QST QC",
        "QST": "GST/QST QC",
        "PST": "GST/PST BC",
        "none": "Zero-rated",
    },
}


def _elsewhere_json(kind: str, **forms: Any) -> dict[str, Any]:
    """A company that takes a tax code on every line."""
    (country, currency), *codes = ELSEWHERE[kind].items()
    raw = _company_json(country=country, currency=currency, **forms)
    raw["preferences"]["TaxPrefs"] = {"UsingSalesTax": True}
    raw["tax_rates"] = [
        {"Id": f"{name} {percent}", "RateValue": D(percent)} for name, percents in codes for percent in percents
    ]
    raw["tax_codes"] = [
        {
            "Id": name,
            "Name": name,
            "SalesTaxRateList": {"TaxRateDetail": [{"TaxRateRef": {"value": f"{name} {each}"}} for each in percents]},
        }
        for name, percents in codes
    ]
    return raw


def _tax_lines(body: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Rate, what it is taken of, and its tax."""
    return [
        (
            line["TaxLineDetail"]["TaxRateRef"]["value"],
            str(line["TaxLineDetail"]["NetAmountTaxable"]),
            str(line["Amount"]),
        )
        for line in body["TxnTaxDetail"]["TaxLine"]
    ]


def _connection(**sections: Any) -> Connection:
    plain: dict[str, Any] = {
        "start_date": "2015-01-01",
        "workflows": ["sales", "payments"],
        "bigcommerce": {"store_hash": "abc123", "access_token": "x"},
        "quickbooks": {"realm_id": "1", "client_id": "x", "client_secret": "x", "refresh_token": "x"},
        "products": {"match_by": "name"},
        "sales": {
            "post_as": "sales_receipt",
            "number_prefix": "BC",
            "statuses": [1, 2, 3, 7, 8, 9, 10, 11],
            "receipt_for_unpaid": True,
            "discount_product": "DISC",
            "gift_card_product": "GIFT",
            "store_credit_product": "CREDIT",
            "handling_item": "HANDLING",
            "wrapping_item": "WRAPPING",
            "fee_item": "FEE",
        },
        "payments": {
            "default_account": "Clearing",
            "methods": {"Credit Card": {"method": "Card"}, "PayPal": {"account": "PayPal"}},
        },
        "tax": {"map": {"*": "Texas"}},
    }
    for name, section in sections.items():
        plain[name] = plain.get(name, {}) | section if isinstance(section, dict) and name != "tax" else section
    return Connection.model_validate(plain)


def _line(
    sku: str, quantity: int, ex: str, *, inc: str | None = None, tax: str = "0", off: str | None = None, **more: Any
) -> dict[str, Any]:
    shares = [{"id": "total-coupon", "amount": off, "code": "SAVE", "target": "order"}] if off else []
    return {
        "product_id": 1,
        "variant_id": 1,
        "name": f"Product {sku}",
        "sku": sku,
        "type": "physical",
        "quantity": quantity,
        "total_ex_tax": ex,
        "total_inc_tax": inc or str(D(ex) + D(tax)),
        "total_tax": tax,
        "applied_discounts": shares,
        **more,
    }


def _charge(name: str, ex: str, tax: str) -> dict[str, str]:
    inc = str(D(ex) + D(tax))
    return {f"{name}_cost_ex_tax": ex, f"{name}_cost_inc_tax": inc, f"{name}_cost_tax": tax}


def _order(
    order_id: int,
    lines: list[dict[str, Any]],
    *,
    subtotal: tuple[str, str, str],
    total: tuple[str, str, str],
    shipping: tuple[str, str] | None = None,
    handling: tuple[str, str] | None = None,
    wrapping: tuple[str, str] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Triples are without tax, tax, with tax; pairs are without tax, tax."""
    charges = {"shipping": shipping, "handling": handling, "wrapping": wrapping}
    sides = ("ex_tax", "tax", "inc_tax")
    raw: dict[str, Any] = {
        "id": order_id,
        "customer_id": 42,
        "date_created": "Fri, 01 May 2026 03:30:00 +0000",
        "date_modified": "Fri, 01 May 2026 04:00:00 +0000",
        "status_id": 11,
        "status": "Awaiting Fulfillment",
        "default_currency_code": "USD",
        "items_total": sum(line["quantity"] for line in lines),
        "payment_method": "Credit Card",
        "payment_status": "captured",
        "order_source": "www",
        "is_deleted": False,
        "billing_address": {
            "first_name": "Ada",
            "last_name": "Byrne",
            "company": "Byrne Looms",
            "street_1": "1 Mill Lane",
            "city": "Austin",
            "state": "Texas",
            "zip": "78701",
            "country": "United States",
            "email": "ada@example.com",
        },
        "products": [{"id": number, **line} for number, line in enumerate(lines, 1)],
    }
    raw |= {f"subtotal_{side}": amount for side, amount in zip(sides, subtotal, strict=True)}
    raw |= {f"total_{side}": amount for side, amount in zip(sides, total, strict=True)}
    for name, charge in charges.items():
        raw |= _charge(name, *charge) if charge else {}
    return raw | more


def _decide(raw: dict[str, Any], **options: Any) -> Any:
    """`taxes` and other facts by name; those that are not given are unread."""
    options = {"connection": _connection(), "customer_id": "9", "zone": ZONE} | options
    company = options.pop("company", None) or read_company(**_company_json())
    facts = Facts(**{fact: tuple(options.pop(fact)) for fact in Fact if options.get(fact) is not None})
    known = {name: value for name, value in options.items() if name not in set(Fact)}
    return decide_sale(Case(order=read_order(raw), company=company, facts=facts, **known))


def _rows(body: dict[str, Any]) -> list[tuple[str, ...]]:
    """Item (its id is its name), quantity × price, amount and code of each line."""
    return [_row(line) for line in body["Line"]]


def _row(line: dict[str, Any]) -> tuple[str, ...]:
    if line["DetailType"] == "DiscountLineDetail":
        code = line["DiscountLineDetail"].get("TaxCodeRef", {"value": ""})
        return ("own discount", "", str(line["Amount"]), code["value"])
    detail = line["SalesItemLineDetail"]
    product = f"{detail['Qty']} × {detail.get('UnitPrice', '?')}" if "Qty" in detail else ""
    return (detail["ItemRef"]["value"], product, str(line["Amount"]), detail["TaxCodeRef"]["value"])


def _posted(decision: Any) -> Any:
    assert isinstance(decision, Post), decision
    return decision.documents[0]


def _codes(decision: Any) -> set[str]:
    assert isinstance(decision, Held), decision
    return {problem.code for problem in decision.problems}


@pytest.fixture
def company_json():
    return _company_json


@pytest.fixture
def make_company():
    return lambda **options: read_company(**_company_json(**options))


@pytest.fixture
def elsewhere_json():
    return _elsewhere_json


@pytest.fixture
def decide_in(decide):
    """Decides an order in a company of "uk", "au" or "ca", under a tax map that fits it unless another is given."""

    def decided(kind, raw, *, tax=None, forms=None, sections=None, **options):
        tax = {"map": MAPS[kind], "out_of_scope": OUT_OF_SCOPE[kind]} | (tax or {})
        country, currency = next(iter(ELSEWHERE[kind].items()))
        address = raw["billing_address"] | {"country_iso2": raw["billing_address"].get("country_iso2", country)}
        raw = raw | {"billing_address": address, "default_currency_code": currency}
        company = options.pop("company", None) or read_company(**_elsewhere_json(kind, **(forms or {})))
        return decide(raw, company=company, connection=_connection(tax=tax, **(sections or {})), **options)

    return decided


@pytest.fixture
def tax_lines():
    return _tax_lines


@pytest.fixture
def make_connection():
    return _connection


@pytest.fixture
def line():
    return _line


@pytest.fixture
def make_order():
    return _order


@pytest.fixture
def decide():
    return _decide


@pytest.fixture
def rows():
    return _rows


@pytest.fixture
def posted():
    """The sale's document of a decision to post."""
    return _posted


@pytest.fixture
def codes():
    """The reasons' codes of a decision to hold."""
    return _codes


@pytest.fixture
def recorded():
    """An order as a shop printed it, with invented people."""
    return lambda name: json.loads((ORDERS / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture
def example(make_order, line):
    """The worked examples of the books by number."""
    orders = {
        "1": make_order(
            1001,
            [
                line("A", 2, "50.00", inc="54.1222", tax="3.71", off="5.00"),
                line("B", 1, "30.00", inc="32.4778", tax="2.23", off="3.00"),
            ],
            subtotal=("80.00", "5.94", "86.60"),
            shipping=("10.00", "0.83"),
            coupon_discount="8.00",
            total=("82.00", "6.77", "88.77"),
        ),
        "4": make_order(
            1004,
            [
                line("GOODS", 1, "20.00", tax="1.65"),
                line("", 1, "50.00", type="giftcertificate", name="$50.00 Gift Certificate"),
            ],
            subtotal=("70.00", "1.65", "71.65"),
            total=("70.00", "1.65", "71.65"),
        ),
        "5": make_order(
            1005,
            [line("GOODS", 1, "80.00", tax="6.60")],
            subtotal=("80.00", "6.60", "86.60"),
            shipping=("5.00", "0.41"),
            total=("85.00", "7.01", "92.01"),
            gift_certificate_amount="50.00",
        ),
        "6": make_order(
            1006,
            [line("GOODS", 1, "60.00", tax="4.95")],
            subtotal=("60.00", "4.95", "64.95"),
            total=("60.00", "4.95", "64.95"),
            store_credit_amount="64.95",
            payment_method="Store Credit",
        ),
        "7": make_order(
            1007,
            [line("GOODS", 1, "100.00", tax="8.00", wrapping_cost_ex_tax="4.00", wrapping_cost_inc_tax="4.32")],
            subtotal=("100.00", "8.00", "108.00"),
            shipping=("12.00", "0"),
            handling=("3.00", "0.24"),
            wrapping=("4.00", "0.32"),
            fees=[
                {"id": 1, "cost_ex_tax": "2.50", "cost_inc_tax": "2.50", "cost_tax": "0", "display_name_merchant": ""}
            ],
            total=("121.50", "8.56", "130.06"),
        ),
    }
    return lambda number: copy.deepcopy(orders[number])
