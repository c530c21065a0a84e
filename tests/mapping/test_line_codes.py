"""Which code a line bears where every line has one: told by its rate, by the order's tax rows, or held."""

from __future__ import annotations

import pytest

from cartledger.money import D
from mapping.company import read_company
from mapping.decision import Fact, Needs
from mapping.tax.rows import OrderTax


def row(name, rate, amount="1.00", *, class_name="Default Tax Class", line=1, kind="item"):
    return OrderTax(
        name=name,
        class_name=class_name,
        rate=D(rate),
        amount=D(amount),
        order_product_id=line if kind == "item" else None,
        line_item_type=kind,
    )


@pytest.fixture
def one_line(make_order, line):
    def order(net, tax, country="GB", state="", sku="A"):
        total = str(D(net) + D(tax))
        raw = make_order(1, [line(sku, 1, net, tax=tax)], subtotal=(net, tax, total), total=(net, tax, total))
        raw["billing_address"] |= {"country_iso2": country, "state": state}
        return raw

    return order


@pytest.fixture
def code_of(decide_in, posted, rows):
    """The code of an order's first line."""
    return lambda kind, raw, **options: rows(posted(decide_in(kind, raw, **options)).body)[0][3]


VAT = {"map": {"VAT": "20.0% S", "Reduced": "5.0% R", "none": "0.0% Z"}}
TWINS = {"map": {"VAT": "20.0% S", "OSS": "20.0% FR"}}


@pytest.mark.parametrize(
    ("net", "tax", "code"),
    [
        ("100.00", "20.00", "20.0% S"),
        ("100.00", "5.00", "5.0% R"),
        ("100.00", "0.00", "0.0% Z"),
        ("0.06", "0.01", "20.0% S"),
        ("1.27", "0.26", "20.0% S"),  # 1.53 with tax holds 0.255; on 1.27 it would be 0.25
    ],
)
def test_the_rate_tells_the_code(code_of, one_line, net, tax, code):
    assert code_of("uk", one_line(net, tax), tax=VAT) == code


@pytest.mark.parametrize(
    ("net", "tax", "table"),
    [
        ("100.00", "19.00", VAT),  # the rate of no code
        ("100.00", "20.00", TWINS),  # the rate of two
        ("0.10", "0.01", {"map": {"Reduced": "5.0% R", "French": "5.5% F"}}),  # cents that two rates give
        ("0.02", "0.00", VAT),  # a tax that rounds to nothing, or none
        ("100.00", "0.00", {"map": {"Books": "0.0% Z", "none": "0.0% E"}}),  # the class tells the code
    ],
)
def test_rows_are_read_where_the_rate_does_not_tell(decide_in, one_line, net, tax, table):
    assert decide_in("uk", one_line(net, tax), tax=table) == Needs(fact=Fact.TAXES)


def test_rows_are_read_where_it_is_not_known_what_was_paid(decide_in, make_order, line, posted, rows):
    """10.00 off, and the shop does not say of which of the two lines."""
    order = make_order(
        1,
        [line("A", 1, "50.00", tax="9.00"), line("B", 1, "50.00", tax="2.25")],
        subtotal=("100.00", "11.25", "111.25"),
        coupon_discount="10.00",
        total=("90.00", "11.25", "101.25"),
    )
    assert decide_in("uk", order, tax=VAT) == Needs(fact=Fact.TAXES)
    taxes = [row("VAT", "20", "9.00"), row("VAT", "5", "2.25", class_name="Reduced", line=2)]
    assert rows(posted(decide_in("uk", order, tax=VAT, taxes=taxes)).body)[:2] == [
        ("A", "1 × 50.00", "50.00", "20.0% S"),
        ("B", "1 × 50.00", "50.00", "5.0% R"),
    ]


@pytest.mark.parametrize(
    ("table", "taxes", "code"),
    [
        ({"VAT": "20.0% S", "OSS": "20.0% FR"}, [row("oss", "20.0000")], "20.0% FR"),
        ({"VAT": "20.0% S", "Default Tax Class": "20.0% FR"}, [row("VAT", "20")], "20.0% S"),
        ({"Standard": "20.0% S", "Default Tax Class": "20.0% FR"}, [row("VAT", "20")], "20.0% FR"),
        ({"Standard": "20.0% S", "*": "20.0% FR"}, [row("VAT", "20")], "20.0% FR"),
        ({"VAT": "5.0% R", "Standard": "20.0% S", "*": "20.0% FR"}, [row("VAT", "20")], "20.0% FR"),
        ({"VAT": "20.0% S", "OSS": "20.0% FR"}, [row("OSS", "0")], "20.0% FR"),
        ({"VAT": "20.0% S", "OSS": "20.0% FR"}, [row("VAT", "20"), row("OSS", "20", line=2)], "20.0% S"),
    ],
)
def test_rows_are_mapped_by_name_then_class_then_every_and_by_their_rate(code_of, one_line, table, taxes, code):
    assert code_of("uk", one_line("100.00", "20.00"), tax={"map": table}, taxes=taxes) == code


def test_shipping_has_rows_by_its_kind(make_order, line, decide_in, posted, rows):
    order = make_order(
        1,
        [line("A", 1, "50.00", tax="10.00")],
        subtotal=("50.00", "10.00", "60.00"),
        shipping=("5.00", "1.00"),
        total=("55.00", "11.00", "66.00"),
    )
    taxes = [row("VAT", "20"), row("OSS", "20", kind="shipping"), row("OSS", "20", kind="shipping")]
    receipt = posted(decide_in("uk", order, tax=TWINS, taxes=taxes))
    assert [code for *_, code in rows(receipt.body)] == ["20.0% S", "20.0% FR"]


def test_a_fee_has_no_rows_and_takes_the_code_of_the_goods(make_order, line, decide_in, posted, rows, codes):
    fee = {"id": 1, "cost_ex_tax": "2.50", "cost_inc_tax": "3.00", "cost_tax": "0.50", "display_name_merchant": "Box"}
    order = make_order(
        1,
        [line("A", 1, "50.00", tax="10.00")],
        subtotal=("50.00", "10.00", "60.00"),
        fees=[fee],
        total=("52.50", "10.50", "63.00"),
    )
    receipt = posted(decide_in("uk", order, tax=TWINS, taxes=[row("OSS", "20")]))
    assert [code for *_, code in rows(receipt.body)] == ["20.0% FR", "20.0% FR"]
    odd = order | {"total_tax": "10.30", "total_inc_tax": "62.80", "fees": [fee | {"cost_tax": "0.30"}]}
    decision = decide_in("uk", odd, tax=TWINS, taxes=[row("OSS", "20")])
    assert codes(decision) == {"unmapped_tax"}
    assert decision.problems[0].text == (
        'The shop charged 0.30 tax on "Box" to GB and names no tax; no tax code of tax.map gives that amount, '
        "or several do."
    )


def test_rows_of_a_tax_that_rounds_to_nothing(code_of, one_line):
    raw = one_line("0.02", "0.00")
    assert code_of("uk", raw, tax=VAT, taxes=[row("VAT", "20", "0.00")]) == "20.0% S"
    assert code_of("uk", raw, tax=VAT, taxes=[row("VAT", "0", "0.00")]) == "0.0% Z"
    assert code_of("uk", raw, tax=VAT, taxes=[]) == "0.0% Z"


def test_two_rows_of_one_line_are_one_compound_code(code_of, one_line):
    raw = one_line("100.00", "12.01", country="CA", state="British Columbia")
    taxes = [row("GST", "5", "5.00"), row("PST", "7", "7.01")]
    assert code_of("ca", raw, tax={"map": {"GST": "GST", "PST": "GST/PST BC"}}, taxes=taxes) == "GST/PST BC"
    assert code_of("ca", raw, tax={"map": {"*": "GST/PST BC"}}, taxes=taxes) == "GST/PST BC"


def test_rows_tell_what_each_rate_of_a_compound_code_took(one_line, decide_in, posted, tax_lines):
    raw = one_line("100.00", "12.01", country="CA")
    taxes = [row("GST", "5", "5.00"), row("PST", "7", "7.01")]
    receipt = posted(decide_in("ca", raw, tax={"map": {"*": "GST/PST BC"}}, taxes=taxes))
    assert tax_lines(receipt.body) == [("GST/PST BC 5", "100.00", "5.00"), ("GST/PST BC 7", "100.00", "7.01")]


GST_AND_PST = {"map": {"*": "GST/PST BC"}}


@pytest.mark.parametrize(
    ("net", "tax", "taxes"),
    [
        ("10.00", "1.20", ("0.50", "0.70")),
        ("14.50", "1.75", ("0.73", "1.02")),  # each rounded by itself, and so does the larger remainder share it out
        ("3.50", "0.42", None),  # 0.175 and 0.245: the cent may be either's
        ("14.50", "1.74", None),  # 0.725 and 1.015 rounded as one
    ],
)
def test_two_taxes_are_told_apart_where_every_rounding_agrees(one_line, decide_in, posted, tax_lines, net, tax, taxes):
    decided = decide_in("ca", one_line(net, tax, "CA", "British Columbia"), tax=GST_AND_PST)
    if taxes is None:
        assert decided == Needs(fact=Fact.TAXES)
    else:
        assert tuple(amount for _, _, amount in tax_lines(posted(decided).body)) == taxes


def test_the_taxes_of_a_fee_are_shared_out_without_a_row(decide_in, make_order, line, posted, tax_lines):
    fee = {"id": 1, "cost_ex_tax": "3.50", "cost_inc_tax": "3.92", "cost_tax": "0.42", "display_name_merchant": "Fee"}
    same = ("10.00", "1.20", "11.20")
    raw = make_order(
        1, [line("A", 1, "10.00", tax="1.20")], subtotal=same, fees=[fee], total=("13.50", "1.62", "15.12")
    )
    raw["billing_address"] |= {"country_iso2": "CA"}
    decided = decide_in("ca", raw, tax=GST_AND_PST)
    assert [amount for _, _, amount in tax_lines(posted(decided).body)] == ["0.68", "0.94"]


@pytest.mark.parametrize(
    ("charge", "addresses", "wrapped", "read"),
    [
        ("shipping", 1, ("0.00", "0.00"), False),
        ("shipping", 2, ("0.00", "0.00"), True),
        ("handling", 1, ("0.00", "0.00"), False),
        ("handling", 2, ("0.00", "0.00"), True),
        ("wrapping", 2, ("10.00", "0.00"), False),
        ("wrapping", 1, ("5.00", "5.00"), True),
    ],
)
def test_what_was_taxed_in_several_parts_is_told_by_its_rows(
    decide_in, make_order, line, charge, addresses, wrapped, read
):
    """Of 10.00 in all, 1.20 is 0.50 and 0.70, but of two parts of it each may be rounded otherwise."""
    lines = [line("A", 1, "50.00", wrapping_cost_ex_tax=cost, wrapping_cost_inc_tax=cost) for cost in wrapped]
    same = ("100.00", "0.00", "100.00")
    raw = make_order(1, lines, subtotal=same, total=("110.00", "1.20", "111.20"), **{charge: ("10.00", "1.20")})
    raw["shipping_address_count"] = addresses
    raw["billing_address"] |= {"country_iso2": "CA"}
    decided = decide_in("ca", raw, tax={"map": {"PST": "GST/PST BC", "none": "Zero-rated"}})
    assert (decided == Needs(fact=Fact.TAXES)) == read


@pytest.mark.parametrize(
    ("country", "table", "code"),
    [
        ("DE", {"VAT": "20.0% S"}, None),
        ("DE", {"VAT": "20.0% S", "Mehrwertsteuer": "20.0% FR"}, "20.0% FR"),
        ("DE", {"VAT @ DE": "20.0% S"}, None),
        ("DE", {"*": "20.0% S"}, "20.0% S"),
        ("GB", {"VAT": "20.0% S"}, "20.0% S"),
    ],
)
def test_another_country_s_tax_of_the_same_rate_is_not_taken_for_ours(
    decide_in, code_of, one_line, country, table, code
):
    """20 % of Germany's is no VAT of the company's: abroad the tax rows are read, and name it."""
    raw, taxes = one_line("100.00", "20.00", country), [row("Mehrwertsteuer", "20")]
    if code:
        assert code_of("uk", raw, tax={"map": table}, taxes=taxes) == code
    else:
        assert decide_in("uk", raw, tax={"map": table}) == Needs(fact=Fact.TAXES)
        (problem,) = decide_in("uk", raw, tax={"map": table}, taxes=taxes).problems
        assert problem.code == "unmapped_tax"
        assert "Mehrwertsteuer" in problem.text
        assert "20 %" in problem.text
        assert "DE" in problem.text


@pytest.mark.parametrize(
    ("country", "state", "code"),
    [
        ("CA", "Quebec", "GST/QST QC"),
        ("ca", "QUEBEC ", "GST/QST QC"),
        ("CA", "Ontario", "HST ON"),
        ("CA", "Yukon", "GST"),
        ("", "Ontario", "GST/PST BC"),
    ],
)
def test_the_most_exact_row_of_a_tax_counts(code_of, one_line, country, state, code):
    """One tax in five places, each with another rate: the amount fits the code of the right row only."""
    table = {
        "VAT": "GST/PST BC",
        "vat @ ca-quebec": "GST/QST QC",
        "VAT@CA-Ontario": "HST ON",
        "VAT @ CA": "GST",
        "VAT @ domestic": "GST/PST BC",
    }
    rates = {"GST/QST QC": "14.98", "HST ON": "13.00", "GST": "5.00", "GST/PST BC": "12.00"}
    assert code_of("ca", one_line("100.00", rates[code], country, state), tax={"map": table}) == code


ABROAD = {"none": "0.0% Z", "none @ domestic": "No VAT", "none @ eu": "0.0% E", "none @ export": "0.0% FX"}


@pytest.mark.parametrize(
    ("home", "country", "code"),
    [
        ("GB", "GB", "No VAT"),
        ("UK", "GB", "No VAT"),
        ("GB", "FR", "0.0% E"),
        ("GB", "US", "0.0% FX"),
        ("GB", "", "0.0% Z"),
        ("DE", "DE", "No VAT"),
        ("DE", "FR", "0.0% E"),
        ("DE", "GB", "0.0% FX"),
    ],
)
def test_destinations_of_lines_without_tax(code_of, one_line, elsewhere_json, home, country, code):
    company = read_company(**elsewhere_json("uk") | {"info": {"Country": home}})
    assert code_of("uk", one_line("9.00", "0", country), tax={"map": ABROAD}, company=company) == code


@pytest.mark.parametrize(("home", "code"), [("GB", "0.0% FX"), ("DE", "0.0% Z")])
def test_into_the_eu_is_an_export_only_from_outside(code_of, one_line, elsewhere_json, home, code):
    company = read_company(**elsewhere_json("uk") | {"info": {"Country": home}})
    table = {"map": {name: to for name, to in ABROAD.items() if "eu" not in name}}
    assert code_of("uk", one_line("9.00", "0", "FR"), tax=table, company=company) == code


def test_goods_go_where_they_are_shipped_to(code_of, one_line):
    raw = one_line("9.00", "0", "GB")
    shipped = raw | {"consignments": [{"shipping": [{"country_iso2": "US", "line_items": []}]}]}
    assert code_of("uk", shipped, tax={"map": ABROAD}) == "0.0% FX"


@pytest.mark.parametrize(
    ("table", "code"),
    [
        ({"Books": "0.0% Z", "none": "0.0% E"}, "0.0% Z"),
        ({"Books @ export": "0.0% Z", "none": "0.0% E"}, "0.0% E"),
        ({"Books": "20.0% S", "none": "0.0% E"}, "0.0% E"),
        ({"Food": "0.0% Z", "*": "0.0% E"}, "0.0% E"),
        ({"Food": "0.0% Z", "none": "0.0% FX", "*": "0.0% E"}, "0.0% FX"),
    ],
)
def test_lines_without_tax_take_their_class_then_none_then_every(code_of, one_line, table, code):
    taxes = [row("VAT", "0", "0", class_name="Books")]
    assert code_of("uk", one_line("9.00", "0"), tax={"map": table}, taxes=taxes) == code


@pytest.mark.parametrize(
    ("net", "tax", "table", "taxes", "code", "text"),
    [
        (
            "100.00",
            "19.00",
            {"Reduced": "5.0% R"},
            [row("USt", "19.0000", "19.00")],
            "unmapped_tax",
            'The tax "USt" (class "Default Tax Class", 19 %) on "Product A" to DE is not mapped to a QuickBooks '
            "tax code.",
        ),
        (
            "100.00",
            "19.00",
            {"USt": "20.0% S"},
            [row("USt", "19", "19.00")],
            "tax_rate_differs",
            'The tax "USt" (class "Default Tax Class", 19 %) on "Product A" to DE is mapped to the QuickBooks tax code '
            '"20.0% S", which has 20 %.',
        ),
        (
            "100.00",
            "19.00",
            {"*": "20.0% S"},
            [],
            "unmapped_tax",
            'The shop charged 19.00 tax on "Product A" to DE and names no tax; no tax code of tax.map gives that '
            "amount, or several do.",
        ),
        (
            "100.00",
            "0.00",
            {"*": "20.0% S", "none @ domestic": "0.0% Z"},
            None,
            "unmapped_tax",
            '"Product A" to DE bears no tax, and tax.map has no row for lines without tax there.',
        ),
        (
            "100.00",
            "0.00",
            {"Books": "0.0% Z", "none": "Reverse"},
            [row("USt", "0", "0", class_name="Food")],
            "unmapped_tax",
            '"Product A" to DE (class "Food") bears no tax, and tax.map has no row for lines without tax there.',
        ),
        (
            "100.00",
            "19.00",
            {"* @ DE": "20.0% SS"},
            None,
            "no_tax_code",
            'tax.map."* @ DE": QuickBooks has no tax code "20.0% SS". Did you mean "20.0% S"?',
        ),
    ],
)
def test_what_holds_an_order_is_named(decide_in, one_line, net, tax, table, taxes, code, text):
    decision = decide_in("uk", one_line(net, tax, "DE"), tax={"map": table}, taxes=taxes)
    assert [(problem.code, problem.text) for problem in decision.problems][:1] == [(code, text)]
    assert decision.problems[0].fix or code == "no_tax_code"


def test_a_row_of_another_destination_holds_nothing(code_of, one_line):
    table = {"map": {"*": "20.0% S", "* @ US": "No such code"}}
    assert code_of("uk", one_line("100.00", "20.00"), tax=table) == "20.0% S"


def test_everything_that_is_missing_shows_in_one_look(decide_in, make_order, line, codes):
    order = make_order(
        1,
        [line("NOWHERE", 1, "10.00"), line("", 1, "50.00", type="giftcertificate")],
        subtotal=("60.00", "0", "60.00"),
        total=("60.00", "0", "60.00"),
    )
    assert codes(decide_in("uk", order, tax={"map": {}, "out_of_scope": None})) == {
        "no_item",
        "unmapped_tax",
        "no_out_of_scope",
    }


def test_what_is_missing_elsewhere_spares_the_reading_of_rows(decide_in, one_line, codes):
    assert codes(decide_in("uk", one_line("100.00", "19.00", sku="NOWHERE"), tax=VAT)) == {"no_item"}
