"""Which code a tax leads to, and what the rows are called that are missing."""

from __future__ import annotations

import pytest

from cartledger.money import D
from cartledger.records import read_order
from mapping.checks.taxes_seen import rows_to_add, taxes_seen
from mapping.company import read_company
from mapping.tax.rows import OrderTax


def row(name, rate, *, class_name="Default", line=1):
    return OrderTax(
        name=name, class_name=class_name, rate=D(rate), amount=D(1), order_product_id=line, line_item_type="item"
    )


@pytest.fixture
def seen(make_order, line, make_connection, make_company, elsewhere_json):
    """(tax names, place, code, by its rate) of each, and the rows to add."""

    def look(tax, *samples, kind="us"):
        """`samples` are a place ("GB", "CA/Quebec") and its tax rows."""
        found = []
        for number, (place, rows) in enumerate(samples, 1):
            country, _, state = place.partition("/")
            raw = make_order(number, [line("A", 1, "5.00", tax="1")], subtotal=("5", "1", "6"), total=("5", "1", "6"))
            raw["billing_address"] = raw["billing_address"] | {"country_iso2": country, "state": state}
            found.append(([read_order(raw)], rows))
        company = make_company() if kind == "us" else read_company(**elsewhere_json(kind))
        connection = make_connection(tax={"map": tax})
        every = taxes_seen(found, connection, company)
        shown = [(" + ".join(t.name for t in one.taxes), one.place, one.code, one.by_rate) for one in every]
        return shown, rows_to_add(every, connection, company)

    return look


@pytest.mark.parametrize(
    ("tax", "rows", "code", "by_rate"),
    [
        ({"*": "Texas"}, [row("Sales Tax", "8.25")], "Texas", False),
        ({"sales tax": "Low"}, [row("Sales Tax", "8.25")], "Low", False),  # the amount is explicit, whatever the rate
        ({"default": "Low"}, [row("Sales Tax", "8.25")], "Low", False),
        ({"other": "Texas"}, [row("Sales Tax", "8.25")], "Texas", True),
        ({"other": "Low"}, [row("Sales Tax", "8.25")], "", False),
        ({"state": "Texas", "city": "Texas"}, [row("State", "6.25"), row("City", "2")], "Texas", False),
        ({"state": "Texas", "city": "City"}, [row("State", "6.25"), row("City", "1")], "", False),
        ({"state": "Low"}, [row("State", "6.25"), row("City", "2")], "", False),
    ],
)
def test_one_code_a_document(seen, tax, rows, code, by_rate):
    shown, _ = seen(tax, ("US/Texas", rows))
    assert [one[1:] for one in shown] == [("US-Texas", code, by_rate)]


@pytest.mark.parametrize(
    ("tax", "place", "rows", "code", "by_rate"),
    [
        ({"VAT": "20.0% S"}, "GB", [row("VAT", "20")], "20.0% S", False),
        ({"VAT": "20.0% S"}, "GB", [row("VAT", "5")], "", False),
        ({"VAT": "20.0% S", "x": "5.0% R"}, "GB", [row("VAT", "5")], "5.0% R", True),
        ({"VAT": "20.0% S", "x": "20.0% FR"}, "GB", [row("VAT", "20")], "20.0% S", False),
        ({"a": "20.0% S", "b": "20.0% FR"}, "GB", [row("VAT", "20")], "", False),
        ({"VAT @ FR": "5.5% F"}, "FR", [row("VAT", "5.5")], "5.5% F", False),
        ({"VAT @ FR": "5.5% F"}, "GB", [row("VAT", "5.5")], "", False),
        ({"Books": "0.0% Z"}, "GB", [row("VAT", "0", class_name="Books")], "0.0% Z", False),
    ],
)
def test_a_code_on_every_line(seen, tax, place, rows, code, by_rate):
    shown, _ = seen(tax, (place, rows), kind="uk")
    assert [one[1:] for one in shown] == [(place, code, by_rate)]


def test_taxes_on_one_line_belong_together_and_those_of_others_do_not(seen):
    rows = [row("GST", "5"), row("QST", "9.975"), row("GST", "5", line=2), row("GST", "5", line=3)]
    shown, missing = seen({"GST": "GST"}, ("CA/Quebec", rows), kind="ca")
    assert shown == [("GST + QST", "CA-Quebec", "", False), ("GST", "CA-Quebec", "GST", False)]
    assert missing == {"QST": "GST/QST QC"}
    assert seen({}, ("CA/Quebec", rows), kind="ca")[1] == {"QST": "GST/QST QC", "GST": "GST"}


@pytest.mark.parametrize(
    ("tax", "samples", "missing"),
    [
        ({}, [("GB", [row("VAT", "20")])], {"VAT": "20.0% S"}),  # not 20.0% FR
        ({}, [("GB", [row("VAT", "5")])], {"VAT": "5.0% R"}),
        ({"vat": "20.0% S"}, [("FR", [row("VAT", "5.5")])], {"VAT @ FR": "5.5% F"}),
        ({}, [("GB", [row("VAT", "5")]), ("FR", [row("VAT", "5.5")])], {"VAT": "5.0% R", "VAT @ FR": "5.5% F"}),
        ({}, [("FR", [row("VAT", "5"), row("VAT", "5.5", line=2)])], {"VAT": "5.0% R", "VAT 5.5 %": "5.5% F"}),
        ({}, [("GB", [row("VAT", "5")]), ("FR", [row("VAT", "5")])], {"VAT": "5.0% R"}),
        ({"none": "0.0% Z"}, [], {}),
    ],
)
def test_what_missing_rows_are_called(seen, tax, samples, missing):
    assert seen(tax, *samples, kind="uk")[1] == missing
