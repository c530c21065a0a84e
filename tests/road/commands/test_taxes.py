"""`cartledger taxes`: what the shop's last orders bear, and the rows of tax.map."""

from __future__ import annotations

from collections import Counter

import pytest

UK = {"out_of_scope": "No VAT", "map": {"none": "0.0% Z"}}
CANADA = {"out_of_scope": "Out of Scope", "map": {"GST": "GST"}}
MOST_READ = 25
PAGE, COMPANY = 1, 9  # calls


@pytest.fixture
def make_shop(make_sim, make_road, command):
    """`make_shop("uk", tax)`: the command line on a shop of 60 orders, and its simulator."""

    def make(kind, tax=None, **fill):
        sim = make_sim(company=kind)
        sim.fill(**{"orders": 60, "customers": 12, "clean": True, **fill})
        return command(make_road(sim, **({"tax": tax} if tax else {}))), sim

    return make


def state(order):
    """Where it goes; what is not shipped goes to the buyer."""
    return (order.shipping_addresses or [order.header["billing_address"]])[0]["state"]


def places(sim):
    """How many orders with tax go to each state, by the shop's own tax rows."""
    return Counter(state(order) for order in sim.shop.orders.values() if order.taxes)


def rows(run, expect=0):
    """The table: tax, class, percent, place, orders, example, code."""
    lines = run("taxes", expect=expect).stdout.splitlines()
    return [[cell.strip() for cell in line.split("│")] for line in lines if "│" in line]


def test_every_tax_with_its_code(make_shop):
    run, sim = make_shop("us")
    lines = run("taxes").stdout.splitlines()
    assert lines[0].rstrip() == "demo: taxes of the last 60 orders"
    assert [cell.strip() for cell in lines[1].split("┃")] == [
        *("tax", "class", "%", "to", "orders", "example", "tax code"),
    ]
    told = {row[3]: row[4] for row in rows(run)}
    assert told == {f"US-{place}": str(count) for place, count in places(sim).items()}
    assert {(row[0], row[1], row[2], row[6]) for row in rows(run)} == {
        ("Tax", "Default Tax Class", "8.25", "State tax"),
    }
    assert sim.report()["quickbooks"]["written"] == 0


def test_an_example_goes_there_and_bears_it(make_shop):
    run, sim = make_shop("ca")
    for seen in run.facts("taxes", expect=1)["demo"]["taxes"]:
        order = sim.shop.orders[seen["example"]]
        assert seen["place"] == f"CA-{state(order)}"
        names = {tax["name"] for tax in seen["taxes"]}
        assert names <= {row["name"] for row in order.taxes}
        assert names or any(line["total_tax"] == "0.0000" for line in order.products)


def test_what_is_not_mapped_and_the_rows_to_add(make_shop):
    run, _ = make_shop("uk", UK)
    assert {(row[0], row[2], row[3], row[6]) for row in rows(run, expect=1)} == {
        ("VAT", "20", "GB", "not mapped"),
        ("VAT", "5", "GB", "not mapped"),
        ("none", "0", "GB", "0.0% Z"),
    }
    assert run("taxes", expect=1).stdout.splitlines()[-3:] == [
        "demo: to be added under [connections.demo.tax.map]:",
        '    "VAT" = "20.0% S"',
        '    "VAT 5 %" = "5.0% R"',
    ]


def test_taxes_that_are_charged_together_become_one_code(make_shop):
    run, _ = make_shop("ca", CANADA, orders=120)
    assert {(row[0], row[2], row[3], row[6]) for row in rows(run, expect=1)} == {
        ("GST + PST", "5 + 7", "CA-British Columbia", "not mapped"),
        ("GST + QST", "5 + 9.975", "CA-Quebec", "not mapped"),
        ("HST", "13", "CA-Ontario", "not mapped"),
        *(("GST", "5", f"CA-{place}", "GST") for place in ("British Columbia", "Ontario", "Quebec")),
        *(("none", "0", f"CA-{place}", "not mapped") for place in ("British Columbia", "Ontario", "Quebec")),
    }
    assert run.facts("taxes", expect=1)["demo"]["missing"] == {
        "PST": "GST/PST BC",
        "QST": "GST/QST QC",
        "HST": "HST ON",
        "none": "Zero-rated",  # not Exempt, nor Out of Scope
    }


@pytest.mark.parametrize(
    ("kind", "scope", "without"), [("uk", "No VAT", "0.0% Z"), ("ca", "Out of Scope", "Zero-rated"), ("us", None, "")]
)
def test_with_these_rows_nothing_is_missing_and_check_agrees(kind, scope, without, make_sim, make_road, command):
    sim = make_sim(company=kind)
    sim.fill(orders=60, customers=12, clean=True)
    none = {"map": {}} | ({"out_of_scope": scope} if scope else {})
    missing = command(make_road(sim, tax=none)).facts("taxes", expect=1)["demo"]["missing"]
    tax = none | {"map": missing | ({"none": without} if without else {})}
    run = command(make_road(sim, tax=tax))
    assert run.facts("taxes")["demo"]["missing"] == {}
    assert "unmapped_tax" not in {fact["code"] for fact in run.facts("check")["demo"]}
    assert "60 would be posted, 0 held" in run.facts("check")["demo"][-1]["text"]


def test_a_company_that_needs_no_map(make_shop):
    run, _ = make_shop("us_ast", {"map": {}})
    assert {row[6] for row in rows(run)} == {"–"}
    assert run("taxes").stdout.splitlines()[-1] == "demo: this company needs no tax.map."
    facts = run.facts("taxes")["demo"]
    assert (facts["needs_map"], facts["missing"], facts["taxes"][0]["code"]) == (False, {}, None)


def test_few_calls_however_many_orders(make_shop):
    run, sim = make_shop("uk", UK, orders=300, customers=120)
    sim.reset_counts()
    facts = run.facts("taxes", expect=1)["demo"]
    report = sim.report()
    assert report["bigcommerce"]["calls"] <= PAGE + MOST_READ
    assert report["quickbooks"]["reads"] == COMPANY
    assert facts["orders"] == 250
    left = facts["not_looked_at"]
    said = f"demo: the taxes of {left} orders were not looked at." in run("taxes", expect=1).stdout
    assert said == (left > 0)


def test_one_connection_or_all_of_them(make_shop):
    run, _ = make_shop("us")
    assert run.facts("taxes", "demo") == run.facts("taxes")
    assert run("taxes", "dmo", expect=2).stderr == (
        'There is no connection "dmo". Did you mean "demo"? Connections in the file: demo.\n'
    )


def test_a_shop_without_orders(make_shop):
    run, _ = make_shop("us", orders=0)
    assert run.facts("taxes")["demo"] == {
        "orders": 0,
        "not_looked_at": 0,
        "needs_map": True,
        "taxes": [],
        "missing": {},
    }


def test_orders_that_cannot_be_read_are_passed_over(make_shop):
    run, sim = make_shop("us", orders=6)
    sim.shop.update(1001, total_ex_tax="n/a")
    assert run.facts("taxes")["demo"]["orders"] == 5
