"""Every consistent order under settings that can book everything.

Each is posted with every identity met to the cent; each that was tampered with is posted so too, or held with a
reason; none raises.
"""

from __future__ import annotations

from contextlib import suppress
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartledger.errors import BadRecord
from cartledger.records import read_order
from mapping.case import Case
from mapping.decision import Excluded, Held, Needs, Post
from mapping.facts import UNREAD
from mapping.sale import decide_sale

CENT = Decimal("0.01")
NOTHING = Decimal(0)


def cent(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def signed(line: dict[str, Any]) -> Decimal:
    return -line["Amount"] if line["DetailType"] == "DiscountLineDetail" else line["Amount"]


def assert_exact(shop, post: Post) -> None:
    sale, *payments = post.documents
    lines = sum((signed(line) for line in sale.body["Line"]), NOTHING)
    tax = sale.body.get("TxnTaxDetail", {}).get("TotalTax", NOTHING)
    assert tax == shop.tax
    assert lines + tax == sale.amount
    assert sale.amount + shop.tenders == shop.total_ex + shop.tax
    assert lines + shop.tenders == shop.total_ex
    assert all(payment.amount == payment.body["TotalAmt"] == sale.amount for payment in payments)
    tax_lines = sale.body.get("TxnTaxDetail", {}).get("TaxLine", [])
    assert sum((line["Amount"] for line in tax_lines), NOTHING) == (shop.tax if tax_lines else NOTHING)
    for line in sale.body["Line"]:
        detail = line.get("SalesItemLineDetail", {})
        assert line["Amount"] == cent(line["Amount"])
        if "UnitPrice" in detail:
            assert cent(detail["Qty"] * detail["UnitPrice"]) == line["Amount"]


def reasons(decision: Any) -> set[str]:
    return {problem.code for problem in decision.problems} if isinstance(decision, Held) else set()


def taxable(post: Post) -> Decimal:
    lines = post.documents[0].body["Line"]
    return sum((signed(line) for line in lines if line["SalesItemLineDetail"]["TaxCodeRef"]["value"] == "TAX"), NOTHING)


@pytest.fixture
def settle(make_connection, make_company):
    """decide_sale under settings that can book everything, as receipt and as invoice."""
    company = make_company()
    connections = [
        make_connection(sales={"post_as": post_as, "rounding_product": "ROUND"})
        for post_as in ("sales_receipt", "invoice")
    ]

    def settled(raw, *, invoice):
        case = Case(
            order=read_order(raw),
            connection=connections[invoice],
            company=company,
            zone=ZoneInfo("America/Chicago"),
            customer_id="9",
            facts=UNREAD,
        )
        return decide_sale(case)

    return settled


def test_every_consistent_order_is_posted_to_the_cent(settle, orders_of):
    @given(orders_of(), st.booleans())
    def run(shop, invoice):
        decision = settle(shop.raw, invoice=invoice)
        if shop.tenders and reasons(decision) == {"totals_ambiguous"}:
            return  # a tender that happens to be what the two sides differ by
        assert isinstance(decision, Post), decision
        assert_exact(shop, decision)
        if shop.whole_cents:
            assert decision.rounding == 0
        if shop.whole_cents and shop.shares_printed and shop.tax:
            assert taxable(decision) == shop.taxed_net

    run()


AMOUNTS = sorted(
    [f"{name}_{side}_tax" for name in ("subtotal", "shipping_cost", "handling_cost", "total") for side in ("ex", "inc")]
    + [
        "total_tax",
        "subtotal_tax",
        "discount_amount",
        "coupon_discount",
        "gift_certificate_amount",
        "store_credit_amount",
    ]
)


def test_an_order_with_another_amount_is_posted_to_the_cent_or_held(settle, orders_of):
    @given(orders_of(), st.sampled_from(AMOUNTS), st.integers(-500, 500))
    def run(shop, field, change):
        raw = shop.raw | {field: f"{Decimal(shop.raw[field]) + Decimal(change) / 100:.4f}"}
        decision = settle(raw, invoice=False)
        if isinstance(decision, Held):
            assert decision.problems
            assert all(problem.code and problem.text for problem in decision.problems)
            return
        assert isinstance(decision, Post), decision
        order = read_order(raw)
        assert decision.documents[0].amount + order.tenders in (
            cent(order.total.inc),
            cent(order.total.inc + order.tenders),
        )
        assert abs(decision.rounding) <= Decimal("0.05")

    run()


def test_no_order_whatever_it_holds_makes_deciding_raise(settle, orders_of):
    odd = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**30), 10**30),
        st.decimals(allow_nan=False, allow_infinity=False).map(str),
        st.text(max_size=20),
        st.just({}),
        st.just([]),
        st.sampled_from(["1e999999", "-1e-999999", "0E-99999", "\ud83d", "Fri, 31 Dec 9999 23:59:59 +0000"]),
    )

    @given(orders_of(), st.data(), st.integers(1, 3))
    def run(shop, data, changes):
        raw = shop.raw | {"products": [dict(line) for line in shop.raw["products"]]}
        for _ in range(changes):
            place = data.draw(st.sampled_from([raw, *raw["products"]]))
            field = data.draw(st.sampled_from(sorted(set(place) - {"products"})))
            place[field] = data.draw(odd)
        with suppress(BadRecord):
            decision = settle(raw, invoice=data.draw(st.booleans()))
            assert isinstance(decision, Post | Held | Excluded | Needs)

    run()


ELSEWHERE = {
    "uk": {"20": "20.0% S", "5": "5.0% R", "5.5": "5.5% F"},
    "au": {"10": "GST"},
    "ca": {"5": "GST", "13": "HST ON", "14.975": "GST/QST QC", "12": "GST/PST BC"},
}
"""The code of each rate; the rates of a compound code stand for their sum."""


@pytest.mark.parametrize("kind", ELSEWHERE)
def test_with_a_code_on_every_line_the_tax_of_each_code_is_the_shops(decide_in, orders_of, taxed_at, kind):
    codes = {Decimal(rate): code for rate, code in ELSEWHERE[kind].items()}
    none = {"uk": "0.0% Z", "au": "GST free", "ca": "Zero-rated"}[kind]
    table = {"map": {f"Tax {rate}": code for rate, code in codes.items()} | {"none": none}}
    sections = {"sales": {"rounding_product": "ROUND"}}

    @given(orders_of(taxed_at(*ELSEWHERE[kind])))
    def run(shop):
        decision = decide_in(kind, shop.raw, tax=table, sections=sections)
        if isinstance(decision, Needs):
            decision = decide_in(kind, shop.raw, tax=table, sections=sections, taxes=shop.rows)
        if isinstance(decision, Held):
            assert reasons(decision) <= reasons_to_hold(shop), decision
            return
        assert isinstance(decision, Post), decision
        assert_exact(shop, decision)
        assert_taxes(shop, decision, codes)

    run()


def reasons_to_hold(shop) -> set[str]:
    """A tender that may be what the sides differ by, a fee whose tax has no row, a discount of unknown shares."""
    reasons = {"totals_ambiguous"} if shop.tenders else set()
    reasons |= {"unmapped_tax"} if shop.fees else set()
    return reasons | (set() if shop.shares_printed else {"tax_rate_differs"})


def assert_taxes(shop, post: Post, codes: dict[Decimal, str]) -> None:
    """By code, since the rates of a compound one share what the shop prints as one amount."""
    body = post.documents[0].body
    assert all(line["SalesItemLineDetail"]["TaxCodeRef"]["value"] for line in body["Line"])
    for rate, code in codes.items():
        lines = [line for line in body["TxnTaxDetail"]["TaxLine"] if code_of(line) == code]
        assert sum((line["Amount"] for line in lines), NOTHING) == sum(
            (thing.tax for thing in shop.things if thing.rate == rate), NOTHING
        )
        if lines and shop.whole_cents and shop.shares_printed and not shop.fees:
            paid = sum((thing.paid_net for thing in shop.things if thing.rate == rate and thing.paid_net), NOTHING)
            assert {line["TaxLineDetail"]["NetAmountTaxable"] for line in lines} == {paid}


def code_of(line: dict[str, Any]) -> str:
    code, _, _ = line["TaxLineDetail"]["TaxRateRef"]["value"].rpartition(" ")
    return code
