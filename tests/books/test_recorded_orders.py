"""Orders as real shops printed them, through the whole road into both kinds of company, equal to the cent.

The project's own fixtures carry invented people, and lines where the recordings lack them. The recordings themselves
are read too where they lie beside the repository.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

RECEIVABLE = "Accounts Receivable (A/R)"
RECORDINGS = Path(__file__).parents[3] / "shared" / "data" / "bigcommerce"
INVOICES = {
    "sales.post_as": "invoice",
    "sales.statuses": [1, 7, 10, 11],
    "sales.sources": ["www", "manual", "external", "test"],
}

# Number: total, tax, still owed, day.
US_DOCUMENTS = {
    "BC-113": ("138.95", "0.00", "138.95", "2018-01-17"),
    "BC-218": ("69.84", "5.31", "69.84", "2019-03-05"),
    "BC-247": ("1008.74", "76.88", "0.00", "2019-06-20"),
    "BC-519": ("2400.00", "125.12", "2400.00", "2026-04-28"),
}
AU_DOCUMENTS = {
    "BC-101": ("109.00", "0.00", "109.00", "2020-08-27"),
    "BC-102": ("10.83", "0.83", "10.83", "2020-08-27"),
}
OVERRIDDEN = (
    "The order's totals do not close: with tax 361.95 subtotal = 361.95, printed 361.95; "
    "without tax 336.32 subtotal = 336.32, printed 361.95; tax 25.63 subtotal = 25.63, printed 0.00."
)


@pytest.fixture(params=["us", "us_ast"])
def open_company(request, open_books):
    def opened(currency="USD"):
        return open_books(company=request.param, home_currency=currency, **INVOICES)

    return opened


def facts(books):
    return {number: _facts(document) for number, document in books.documents().items()}


def _facts(document):
    tax = (document.get("TxnTaxDetail") or {}).get("TotalTax", 0)
    amounts = (document["TotalAmt"], tax, document["Balance"])
    return (*(f"{amount:.2f}" for amount in amounts), document["TxnDate"])


def test_a_usd_company_books_its_own_and_holds_the_others(open_company, recorded):
    books = open_company()
    books.add(*(recorded(name) for name in ("113", "218", "247", "519", "101", "102", "100_overridden")))
    synced = books.sync()
    assert (synced.posted, synced.held, synced.excluded) == (4, 3, 0)
    assert facts(books) == US_DOCUMENTS
    assert books.rows("BC-113") == [
        ("LAMP", "1 × 100", "100.00", "NON"),
        ("TRAY", "1 × 43.95", "43.95", "NON"),
        ("Discount", "1 × -5", "-5.00", "NON"),
    ]
    assert books.rows("BC-218") == [
        ("MUG", "2 × 15.67", "31.34", "TAX"),
        ("BOWL", "2 × 15.67", "31.34", "TAX"),
        ("Shipping", "1 × 11.09", "11.09", "TAX"),
        ("Discount", "1 × -9.24", "-9.24", "TAX"),
    ]
    assert books.rows("BC-247") == [
        ("JOURNAL", "1 × 41.57", "41.57", "TAX"),
        ("CHAIR", "10 × 88.29", "882.90", "TAX"),
        ("Shipping", "1 × 7.39", "7.39", "TAX"),
    ]
    assert books.rows("BC-519") == [
        ("BOTTLE", "10 × 236.967", "2369.67", "TAX"),
        ("Discount", "1 × -94.79", "-94.79", "TAX"),
    ]
    assert books.payment_entries("BC-247") == [{"Card clearing": "1008.74", RECEIVABLE: "-1008.74"}]
    assert books.held() == {
        "101": ["foreign_currency"],
        "102": ["foreign_currency"],
        "100": ["totals_do_not_close"],
    }
    assert books.reasons(101) == ["The order is in AUD, the company's books are in USD."]
    assert books.reasons(100) == [OVERRIDDEN]
    assert books.prove()["balances"][RECEIVABLE] == "2608.79"  # 138.95 + 69.84 + 2400.00


def test_an_aud_company_books_the_others(open_company, recorded):
    books = open_company("AUD")
    books.add(recorded("101"), recorded("102"), recorded("247"))
    synced = books.sync()
    assert (synced.posted, synced.held, synced.excluded) == (2, 1, 0)
    assert facts(books) == AU_DOCUMENTS
    assert books.rows("BC-101") == [("LAMP", "1 × 109", "109.00", "NON")]
    assert books.rows("BC-102") == [("MUG", "1 × 10", "10.00", "TAX")]
    assert {document["CurrencyRef"]["value"] for document in books.documents().values()} == {"AUD"}
    assert books.held() == {"247": ["foreign_currency"]}
    assert books.prove()["balances"][RECEIVABLE] == "119.83"


def read(name):
    found = json.loads((RECORDINGS / f"{name}.json").read_text(encoding="utf-8"))
    return found if isinstance(found, list) else [found]


def with_invented_line(raw):
    """One line that comes to what the header says of its lines: the recording has none."""
    off = Decimal(raw["discount_amount"]) + Decimal(raw["coupon_discount"])
    shares = [{"id": "total-coupon", "amount": f"{off}", "name": "", "code": None, "target": "order"}]
    line = {
        "id": 1,
        "product_id": 1,
        "name": "Sundries",
        "sku": "SUNDRIES",
        "type": "physical",
        "order_address_id": 1,
        "quantity": raw["items_total"],
        **{f"total_{side}": raw[f"subtotal_{side}"] for side in ("ex_tax", "inc_tax", "tax")},
        "parent_order_product_id": None,
        "gift_certificate_id": None,
        "applied_discounts": shares if off else [],
        "product_options": [],
    }
    return {**raw, "products": [line]}


needs_recordings = pytest.mark.skipif(not RECORDINGS.is_dir(), reason="no recordings beside the repository")


@needs_recordings
def test_the_recordings_themselves_in_a_usd_company(open_company):
    books = open_company()
    names = ("order_113_coupon_untaxed", "order_218_inclusive_coupon_discount", "order_247_us_exclusive")
    books.add(*(with_invented_line(raw) for name in names for raw in read(name)))
    books.add(*(with_invented_line(raw) for raw in read("orders_100_overridden_total")))
    books.add(*(with_invented_line(raw) for raw in read("orders_100_101_102_au") if raw["id"] != 100))
    (order_519,) = read("order_519_inclusive_manual_discount")
    books.add(
        order_519 | {"products": read("order_519_products"), "shipping_addresses": read("order_519_shipping_addresses")}
    )
    synced = books.sync()
    assert (synced.posted, synced.held, synced.excluded) == (4, 3, 0)
    assert facts(books) == US_DOCUMENTS
    assert books.held() == {
        "101": ["foreign_currency"],
        "102": ["foreign_currency"],
        "100": ["totals_do_not_close"],
    }
    assert books.reasons(100) == [OVERRIDDEN]
    assert [row[1:] for row in books.rows("BC-519")] == [
        ("10 × 236.967", "2369.67", "TAX"),
        ("1 × -94.79", "-94.79", "TAX"),
    ]
    assert books.prove()["balances"][RECEIVABLE] == "2608.79"


@needs_recordings
def test_the_recordings_themselves_in_an_aud_company(open_company):
    books = open_company("AUD")
    books.add(*(with_invented_line(raw) for raw in read("orders_100_101_102_au")))
    synced = books.sync()
    assert (synced.posted, synced.held, synced.excluded) == (2, 0, 1)
    assert facts(books) == AU_DOCUMENTS
    assert books.prove()["balances"][RECEIVABLE] == "119.83"
