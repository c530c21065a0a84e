"""Orders by the documented rules of a checkout, in both price modes, made here independently of the simulator.

Each is posted with every identity met to the cent; each that was tampered with is posted so too, or held with a
reason; none raises.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartledger.errors import BadRecord
from cartledger.records import read_order
from mapping.decision import Excluded, Held, Needs, Post
from mapping.facts import UNREAD
from mapping.sale import decide_sale
from mapping.tax import OrderTax

CENT = Decimal("0.01")
FOUR = Decimal("0.0001")
NOTHING = Decimal(0)
RATES = [Decimal(rate) for rate in ("0", "2.25", "8.25", "20")]


def cent(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


@dataclass(frozen=True)
class Priced:
    """One thing charged: what is entered, what is off it, and what the shop prints: without tax, tax, with tax."""

    entered: Decimal
    off: Decimal
    rate: Decimal
    ex: Decimal
    tax: Decimal
    inc: Decimal
    inclusive: bool

    @property
    def paid_net(self) -> Decimal:
        return self.entered - self.off - (self.tax if self.inclusive else NOTHING)


def price(entered: Decimal, off: Decimal, rate: Decimal, inclusive: bool) -> Priced:
    """Tax on the discounted price, to the cent; the other side is scaled from it."""
    paid = entered - off
    tax = cent(paid * rate / (100 + rate) if inclusive else paid * rate / 100)
    whole = (tax * entered / paid).quantize(FOUR) if paid else NOTHING
    ex, inc = (entered - whole, entered) if inclusive else (entered, entered + whole)
    return Priced(entered, off, rate, ex, tax, inc, inclusive)


@dataclass(frozen=True)
class Shop:
    """An order as generated: `raw` is what the API would answer, `rows` its tax rows, the rest what is known of it."""

    raw: dict[str, Any]
    rows: tuple[OrderTax, ...]
    things: tuple[Priced, ...]
    fees: tuple[Priced, ...]
    total_ex: Decimal
    tax: Decimal
    tenders: Decimal
    taxed_net: Decimal
    whole_cents: bool
    shares_printed: bool


def money(low: int, high: int) -> st.SearchStrategy[Decimal]:
    return st.integers(low, high).map(lambda number: Decimal(number) / 100)


def sometimes(strategy: st.SearchStrategy[Any], otherwise: Any) -> st.SearchStrategy[Any]:
    return st.one_of(st.just(otherwise), strategy)


def three(pattern: str, ex: Decimal, tax: Decimal, inc: Decimal) -> dict[str, str]:
    return {pattern.format(side): f"{amount:.4f}" for side, amount in (("ex_tax", ex), ("tax", tax), ("inc_tax", inc))}


def total_of(things: list[Priced]) -> tuple[Decimal, Decimal, Decimal]:
    return tuple(sum((getattr(thing, name) for thing in things), NOTHING) for name in ("ex", "tax", "inc"))


@st.composite
def shop_orders(draw: st.DrawFn, rates: Sequence[Decimal] = RATES) -> Shop:
    inclusive = draw(st.booleans())
    whole_cents = draw(st.booleans())
    entered = [draw(_entered(whole_cents)) for _ in range(draw(st.integers(1, 6)))]
    shares, coupon_part = draw(_shares(entered))
    goods = [
        price(amount, off, draw(st.sampled_from(rates)), inclusive) for amount, off in zip(entered, shares, strict=True)
    ]
    certificates = [
        price(amount, NOTHING, NOTHING, inclusive)
        for amount in draw(sometimes(st.lists(money(100, 20000), max_size=1), []))
    ]
    charge_rate = draw(st.sampled_from(rates))
    shipping, handling, wrapping = (
        price(
            draw(sometimes(money(0, 5000), NOTHING)), NOTHING, draw(st.sampled_from([NOTHING, charge_rate])), inclusive
        )
        for _ in range(3)
    )
    fees = [
        price(draw(money(1, 1000)), NOTHING, draw(st.sampled_from(rates)), inclusive)
        for _ in range(draw(st.sampled_from([0, 0, 1, 2])))
    ]
    fees_inside = bool(fees) and draw(st.booleans())

    lines = [*goods, *certificates]
    everything = [*lines, shipping, handling, wrapping, *fees]
    ex, tax, inc = total_of(everything)
    off = sum(shares, NOTHING)
    total_inc = cent(inc - off) if inclusive else cent(ex - off) + tax
    total_ex = total_inc - tax
    tenders = _tenders(total_inc, draw(sometimes(st.integers(1, 100), 0)))
    certificate, credit = draw(st.sampled_from([(tenders, NOTHING), (NOTHING, tenders), _halves(tenders)]))
    printed_after = tenders if draw(st.booleans()) else NOTHING
    shares_printed = draw(st.booleans())
    raw = {
        "id": draw(st.integers(1, 10**9)),
        "customer_id": draw(st.sampled_from([0, 7])),
        "date_created": "Fri, 01 May 2026 03:30:00 +0000",
        "date_modified": "Fri, 01 May 2026 03:30:00 +0000",
        "status_id": 11,
        "default_currency_code": "USD",
        "is_tax_inclusive_pricing": draw(st.sampled_from([True, False, None, inclusive])),
        "payment_method": draw(st.sampled_from(["Credit Card", "PayPal", "Else", ""])),
        "payment_status": draw(st.sampled_from(["captured", "pending", ""])),
        "billing_address": {
            "first_name": draw(st.text(max_size=5)),
            "email": draw(st.sampled_from(["", "a@example.com"])),
        },
        **three("subtotal_{}", *total_of([*lines, *(fees if fees_inside else [])])),
        **three("shipping_cost_{}", *total_of([shipping])),
        **three("handling_cost_{}", *total_of([handling])),
        **three("wrapping_cost_{}", *total_of([wrapping])),
        **three("total_{}", total_ex - printed_after, tax, total_inc - printed_after),
        "discount_amount": f"{off - coupon_part:.4f}",
        "coupon_discount": f"{coupon_part:.4f}",
        "gift_certificate_amount": f"{certificate:.4f}",
        "store_credit_amount": f"{credit:.4f}",
        "fees": [{"id": number, **three("cost_{}", fee.ex, fee.tax, fee.inc)} for number, fee in enumerate(fees)],
    }
    quantities = [draw(st.integers(1, 40)) for _ in lines]
    raw["products"] = [
        _line(number, thing, quantity, "giftcertificate" if number >= len(goods) else "physical", shares_printed)
        for number, (thing, quantity) in enumerate(zip(lines, quantities, strict=True))
    ]
    raw["items_total"] = sum(quantities)
    taxed = sum((thing.paid_net for thing in everything if thing.tax), NOTHING)
    charges = (("shipping", shipping), ("handling", handling), ("gift-wrapping", wrapping))
    rows = [tax_row("item", thing, number) for number, thing in enumerate(goods)]
    rows += [tax_row(kind, thing, None) for kind, thing in charges if thing.entered]
    return Shop(
        raw, tuple(rows), tuple(everything), tuple(fees), total_ex, tax, tenders, taxed, whole_cents, shares_printed
    )


def tax_row(kind: str, thing: Priced, line: int | None) -> OrderTax:
    name = f"Tax {thing.rate}" if thing.rate else "No tax"
    return OrderTax(
        name=name, class_name="", rate=thing.rate, amount=thing.tax, order_product_id=line, line_item_type=kind
    )


def _entered(whole_cents: bool) -> st.SearchStrategy[Decimal]:
    return money(0, 50000) if whole_cents else st.integers(0, 500000).map(lambda number: Decimal(number) / 10000)


@st.composite
def _shares(draw: st.DrawFn, entered: list[Decimal]) -> tuple[list[Decimal], Decimal]:
    """Whole cents off each line, never more than the line, and how much of them all is the coupon's."""
    percent = draw(sometimes(st.integers(1, 100), 0))
    shares = [(amount * percent / 100).quantize(CENT, "ROUND_DOWN") for amount in entered]
    coupon = cent(sum(shares, NOTHING) * draw(st.integers(0, 4)) / 4)
    return shares, coupon


def _tenders(total: Decimal, percent: int) -> Decimal:
    return (total * percent / 100).quantize(CENT, "ROUND_DOWN")


def _halves(amount: Decimal) -> tuple[Decimal, Decimal]:
    half = (amount / 2).quantize(CENT, "ROUND_DOWN")
    return half, amount - half


def _line(number: int, thing: Priced, quantity: int, kind: str, shares_printed: bool) -> dict[str, Any]:
    share = [{"id": "x", "amount": f"{thing.off:.4f}", "target": "order"}] if shares_printed and thing.off else []
    return {
        "id": number,
        "name": "Thing",
        "sku": "A",
        "type": kind,
        "quantity": quantity,
        **three("total_{}", thing.ex, thing.tax, thing.inc),
        "applied_discounts": share,
    }


def signed(line: dict[str, Any]) -> Decimal:
    return -line["Amount"] if line["DetailType"] == "DiscountLineDetail" else line["Amount"]


def assert_exact(shop: Shop, post: Post) -> None:
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
        return decide_sale(
            read_order(raw),
            connection=connections[invoice],
            company=company,
            zone=ZoneInfo("America/Chicago"),
            customer_id="9",
            facts=UNREAD,
        )

    return settled


def test_every_consistent_order_is_posted_to_the_cent(settle):
    @given(shop_orders(), st.booleans())
    def run(shop: Shop, invoice: bool) -> None:
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


def test_an_order_with_another_amount_is_posted_to_the_cent_or_held(settle):
    @given(shop_orders(), st.sampled_from(AMOUNTS), st.integers(-500, 500))
    def run(shop: Shop, field: str, change: int) -> None:
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


def test_no_order_whatever_it_holds_makes_deciding_raise(settle):
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

    @given(shop_orders(), st.data(), st.integers(1, 3))
    def run(shop: Shop, data: st.DataObject, changes: int) -> None:
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
def test_with_a_code_on_every_line_the_tax_of_each_code_is_the_shops(decide_in, kind):
    codes = {Decimal(rate): code for rate, code in ELSEWHERE[kind].items()}
    none = {"uk": "0.0% Z", "au": "GST free", "ca": "Zero-rated"}[kind]
    table = {"map": {f"Tax {rate}": code for rate, code in codes.items()} | {"none": none}}
    sections = {"sales": {"rounding_product": "ROUND"}}

    @given(shop_orders(rates=[NOTHING, *codes]))
    def run(shop: Shop) -> None:
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


def reasons_to_hold(shop: Shop) -> set[str]:
    """A tender that may be what the sides differ by, a fee whose tax has no row, a discount of unknown shares."""
    reasons = {"totals_ambiguous"} if shop.tenders else set()
    reasons |= {"unmapped_tax"} if shop.fees else set()
    return reasons | (set() if shop.shares_printed else {"tax_rate_differs"})


def assert_taxes(shop: Shop, post: Post, codes: dict[Decimal, str]) -> None:
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
