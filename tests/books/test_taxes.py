"""Taxes through the whole road, in every kind of company and in both price modes: the lines' codes, each rate's tax and
the accounts where it is owed, by hand in cents. Prices with tax and without make the same document.
"""

from __future__ import annotations

import pytest

POUNDS, AUSTRALIAN, CANADIAN = (
    {"default_currency_code": code, "currency_code": code} for code in ("GBP", "AUD", "CAD")
)
BRITISH = {"tax.map": {"Standard": "20.0% S", "Reduced": "5.0% R", "none": "0.0% Z"}, "tax.out_of_scope": "No VAT"}


@pytest.fixture
def written(open_books):
    """`written(order, company="uk", …) -> Books` that hold this one order."""

    def write(raw, **settings):
        books = open_books(home_currency=raw["default_currency_code"], **settings)
        books.add(raw)
        assert (books.sync().posted, books.held()) == (1, {})
        books.prove()
        return books

    return write


def rows(books, number="BC-1001"):
    """Item, amount and the tax code's name of each line."""
    names = {code["Id"]: code["Name"] for code in books.sim.company.objects("TaxCode")}
    return [(item, amount, names[code]) for item, _, amount, code in books.rows(number)]


def tax_rows(books, number="BC-1001"):
    """Percent, what it is taken of, and its tax."""
    return [
        (
            f"{line['TaxLineDetail']['TaxPercent'].normalize():f}",
            f"{line['TaxLineDetail']['NetAmountTaxable']:.2f}",
            f"{line['Amount']:.2f}",
        )
        for line in books.documents()[number]["TxnTaxDetail"]["TaxLine"]
    ]


@pytest.fixture
def british(make_order, line):
    """A coupon of 10 % off goods at 20 %, 5 % and 0 %; shipping at 20 %."""
    return {
        "exclusive": make_order(
            1001,
            [
                line("LAMP", 2, ("100.0000", "18.0000", "120.0000"), off="10.0000"),
                line("FUEL", 1, ("20.0000", "0.9000", "21.0000"), off="2.0000"),
                line("BOOK", 1, ("40.0000", "0.0000", "40.0000"), off="4.0000"),
            ],
            subtotal=("160.0000", "18.9000", "181.0000"),
            shipping=("10.0000", "2.0000", "12.0000"),
            total=("154.0000", "20.9000", "174.9000"),
            coupon_discount="16.0000",
            **POUNDS,
        ),
        "inclusive": make_order(
            1001,
            [
                line("LAMP", 2, ("100.0000", "18.0000", "120.0000"), off="12.0000"),
                line("FUEL", 1, ("20.0000", "0.9000", "21.0000"), off="2.1000"),
                line("BOOK", 1, ("40.0000", "0.0000", "40.0000"), off="4.0000"),
            ],
            subtotal=("160.0000", "18.9000", "181.0000"),
            shipping=("10.0000", "2.0000", "12.0000"),
            total=("154.0000", "20.9000", "174.9000"),
            coupon_discount="18.1000",
            **POUNDS,
        ),
    }


@pytest.mark.parametrize("mode", ["exclusive", "inclusive"])
def test_three_british_rates_a_coupon_and_taxed_shipping(written, british, mode):
    books = written(british[mode], company="uk", **BRITISH)
    assert rows(books) == [
        ("LAMP", "100.00", "20.0% S"),
        ("FUEL", "20.00", "5.0% R"),
        ("BOOK", "40.00", "0.0% Z"),
        ("Shipping", "10.00", "20.0% S"),
        ("Discount", "-10.00", "20.0% S"),
        ("Discount", "-2.00", "5.0% R"),
        ("Discount", "-4.00", "0.0% Z"),
    ]
    assert tax_rows(books) == [("20", "100.00", "20.00"), ("5", "18.00", "0.90"), ("0", "36.00", "0.00")]
    assert books.entries("BC-1001") == {
        "Card clearing": "174.90",
        "Discounts given": "16.00",
        "Sales": "-160.00",
        "Shipping income": "-10.00",
        "VAT control": "-20.90",
    }


@pytest.fixture
def australian(make_order, line):
    """A coupon of 10 % off taxed and free goods; taxed shipping."""
    lamp, shipping = ("100.0000", "9.0000", "110.0000"), ("10.0000", "1.0000", "11.0000")
    food = line("FOOD", 3, ("30.0000", "0.0000", "30.0000"), off="3.0000")
    sums = {"subtotal": ("130.0000", "9.0000", "140.0000"), "total": ("127.0000", "10.0000", "137.0000")}
    return {
        mode: make_order(
            1001,
            [line("LAMP", 1, lamp, off=off), food],
            shipping=shipping,
            coupon_discount=coupon,
            **sums,
            **AUSTRALIAN,
        )
        for mode, off, coupon in (("exclusive", "10.0000", "13.0000"), ("inclusive", "11.0000", "14.0000"))
    }


@pytest.mark.parametrize("mode", ["exclusive", "inclusive"])
def test_australian_goods_with_gst_and_free_of_it(written, australian, mode):
    settings = {"tax.map": {"GST": "GST", "none": "GST free"}, "tax.out_of_scope": "BAS Excluded"}
    books = written(australian[mode], company="au", **settings)
    assert rows(books) == [
        ("LAMP", "100.00", "GST"),
        ("FOOD", "30.00", "GST free"),
        ("Shipping", "10.00", "GST"),
        ("Discount", "-10.00", "GST"),
        ("Discount", "-3.00", "GST free"),
    ]
    assert tax_rows(books) == [("10", "100.00", "10.00"), ("0", "27.00", "0.00")]
    assert books.entries("BC-1001") == {
        "Card clearing": "137.00",
        "Discounts given": "13.00",
        "Sales": "-130.00",
        "Shipping income": "-10.00",
        "GST payable": "-10.00",
    }


QUEBEC = {"country": "Canada", "country_iso2": "CA", "state": "Quebec"}
CODES = {"HST": "HST ON", "GST": "GST", "QST": "GST/QST QC", "PST": "GST/PST BC", "none": "Zero-rated"}
FEDERAL = {"tax.map": CODES, "tax.out_of_scope": "Out of Scope"}


@pytest.fixture
def quebec(make_order, line):
    """A coupon of 10 % off goods with both taxes, with one and with none; shipping with both."""
    shipping = {"exclusive": ("10.0000", "1.5000", "11.5000"), "inclusive": ("10.0000", "1.5000", "11.5000")}
    goods = {
        "exclusive": [
            line("LAMP", 1, ("100.0000", "13.4800", "114.9778"), off="10.0000"),
            line("BOOK", 2, ("40.0000", "1.8000", "42.0000"), off="4.0000"),
            line("MILK", 1, ("20.0000", "0.0000", "20.0000"), off="2.0000"),
        ],
        "inclusive": [
            line("LAMP", 1, ("100.0019", "13.4800", "114.9800"), off="11.5000"),
            line("BOOK", 2, ("40.0000", "1.8000", "42.0000"), off="4.2000"),
            line("MILK", 1, ("20.0000", "0.0000", "20.0000"), off="2.0000"),
        ],
    }
    subtotal = {
        "exclusive": ("160.0000", "15.2800", "176.9778"),
        "inclusive": ("160.0019", "15.2800", "176.9800"),
    }
    return {
        mode: make_order(
            1001,
            goods[mode],
            subtotal=subtotal[mode],
            shipping=shipping[mode],
            total=("154.0000", "16.7800", "170.7800"),
            coupon_discount=coupon,
            buyer=QUEBEC,
            **CANADIAN,
        )
        for mode, coupon in (("exclusive", "16.0000"), ("inclusive", "17.7000"))
    }


@pytest.mark.parametrize("mode", ["exclusive", "inclusive"])
def test_compound_canadian_taxes_are_owed_to_two_agencies(written, quebec, mode):
    books = written(quebec[mode], company="ca", **FEDERAL)
    assert rows(books) == [
        ("LAMP", "100.00", "GST/QST QC"),
        ("BOOK", "40.00", "GST"),
        ("MILK", "20.00", "Zero-rated"),
        ("Shipping", "10.00", "GST/QST QC"),
        ("Discount", "-10.00", "GST/QST QC"),
        ("Discount", "-4.00", "GST"),
        ("Discount", "-2.00", "Zero-rated"),
    ]
    assert tax_rows(books) == [("5", "136.00", "6.80"), ("9.975", "100.00", "9.98"), ("0", "18.00", "0.00")]
    assert books.entries("BC-1001") == {
        "Card clearing": "170.78",
        "Discounts given": "16.00",
        "Sales": "-160.00",
        "Shipping income": "-10.00",
        "GST/HST payable": "-6.80",
        "QST payable": "-9.98",
    }


@pytest.mark.parametrize(
    ("state", "tax", "code", "owed"),
    [
        ("Ontario", "13.00", "HST ON", {"GST/HST payable": "-13.00"}),
        ("Alberta", "5.00", "GST", {"GST/HST payable": "-5.00"}),
        ("British Columbia", "12.00", "GST/PST BC", {"GST/HST payable": "-5.00", "PST payable": "-7.00"}),
        ("Quebec", "14.98", "GST/QST QC", {"GST/HST payable": "-5.00", "QST payable": "-9.98"}),
    ],
)
def test_what_each_province_takes(written, make_order, line, state, tax, code, owed):
    total = ("100.00", tax, f"1{tax.zfill(5)}")
    buyer = QUEBEC | {"state": state}
    raw = make_order(1001, [line("LAMP", 1, total)], subtotal=total, total=total, buyer=buyer, **CANADIAN)
    books = written(raw, company="ca", **FEDERAL)
    assert rows(books) == [("LAMP", "100.00", code)]
    assert books.entries("BC-1001") == {"Card clearing": total[2], "Sales": "-100.00", **owed}


def tax_row(name, rate, amount, line, *, of_class="Default Tax Class"):
    """As `/orders/{id}/taxes` shows the tax of an order line."""
    return {
        "id": line,
        "order_product_id": line,
        "line_item_type": "item",
        "name": name,
        "class": of_class,
        "rate": rate,
        "line_amount": amount,
    }


@pytest.mark.parametrize(
    ("country", "code"), [("GB", "Exempt"), ("US", "0.0% Z"), ("FR", "No VAT"), ("IE", "No VAT"), ("", "Exempt")]
)
def test_goods_without_tax_by_their_class_at_home_and_by_where_they_go(written, plain_order, country, code):
    table = {"Standard": "20.0% S", "Education": "Exempt", "none @ export": "0.0% Z", "none @ eu": "No VAT"}
    table |= {"Education @ export": "0.0% Z", "Education @ eu": "No VAT"}
    raw = plain_order(1001, sku="BOOK", buyer={"country_iso2": country}, **POUNDS)
    raw["taxes"] = [tax_row("No tax", "0.0000", "0.0000", raw["products"][0]["id"], of_class="Education")]
    books = written(raw, company="uk", **BRITISH | {"tax.map": table})
    assert rows(books) == [("BOOK", "20.00", code)]
    assert tax_rows(books) == [("0", "20.00", "0.00")]


CALIFORNIA = {"country": "United States", "country_iso2": "US", "state": "CA"}


@pytest.mark.parametrize(("mode", "off"), [("exclusive", "10.0000"), ("inclusive", "10.8256")])
def test_automated_tax_takes_the_shops_amount_with_shipping(written, make_order, line, mode, off):
    """The engine would take 9.25 % there, and the tax of QuickBooks' own shipping field on top of what is sent."""
    raw = make_order(
        1001,
        [line("LAMP", 1, ("100.0000", "7.4300", "108.2556"), off=off)],
        subtotal=("100.0000", "7.4300", "108.2556"),
        shipping=("10.0000", "0.8300", "10.8300"),
        total=("100.0000", "8.2600", "108.2600"),
        coupon_discount=off,
        buyer=CALIFORNIA,
    )
    books = written(raw, company="us_ast", without=("shipping_item",))
    document = books.documents()["BC-1001"]
    assert (f"{document['TotalAmt']:.2f}", f"{document['TxnTaxDetail']['TotalTax']:.2f}") == ("108.26", "8.26")
    assert books.entries("BC-1001") == {
        "Card clearing": "108.26",
        "Discounts given": "10.00",
        "Sales": "-100.00",
        "Shipping income": "-10.00",
        "Sales tax payable": "-8.26",
    }


def test_automated_tax_stays_away_from_an_order_without_tax(written, plain_order):
    books = written(plain_order(1001, buyer=CALIFORNIA), company="us_ast")
    assert rows(books) == [("GOODS", "20.00", "NON")]
    assert books.entries("BC-1001") == {"Card clearing": "20.00", "Sales": "-20.00"}


@pytest.mark.parametrize(
    ("company", "currency", "table", "sentence"),
    [
        (
            "uk",
            "GBP",
            {"Reduced": "5.0% R", "none": "0.0% Z"},
            'The tax "VAT" (class "Default Tax Class", 20 %) on "Product LAMP" to GB is not mapped to a QuickBooks tax '
            "code.",
        ),
        (
            "us",
            "USD",
            {"Ohio": "Eight percent"},
            'The tax "VAT" (class "Default Tax Class", 20 %) of an order to GB is not mapped to a QuickBooks tax code.',
        ),
    ],
)
def test_an_unmapped_tax_holds_its_order_before_customer_and_number(
    open_books, make_order, line, plain_order, company, currency, table, sentence
):
    here = {"default_currency_code": currency, "currency_code": currency}
    british = {"country_iso2": "GB", "first_name": "Bo", "last_name": "Quill", "email": "bo@example.com"}
    total = ("10.0000", "2.0000", "12.0000")
    taxed = make_order(
        1001, [line("LAMP", 1, total)], subtotal=total, total=total, customer_id=43, buyer=british, **here
    )
    taxed["taxes"] = [tax_row("VAT", "20.0000", "2.0000", taxed["products"][0]["id"])]
    books = open_books(company=company, home_currency=currency, without=('"*"', '"VAT"'), **{"tax.map": table})
    books.add(taxed, plain_order(1002, **here))
    assert books.sync().posted == 1
    assert (books.held(), books.reasons(1001)) == ({"1001": ["unmapped_tax"]}, [sentence])
    assert set(books.documents()) == {"BC-1002"}
    assert "Ada Byrne" in books.customers()
    assert "Bo Quill" not in books.customers()
