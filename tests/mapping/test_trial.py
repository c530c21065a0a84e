"""What a trial of recent orders says, grouped by cause."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from cartledger.errors import Problem
from cartledger.records import read_order
from cartledger.refunds import read_refunds
from mapping.checks.findings import Level, problem, warning
from mapping.checks.trial import Tried, alike, report, taxed_alike, try_order, without_customer
from mapping.decision import Excluded, Fact, Held, Post
from mapping.facts import UNREAD

ZONE = ZoneInfo("America/Chicago")


@pytest.fixture
def small(make_order, line):
    """An order of one line."""

    def make(order_id):
        goods = line("A", 1, "50.00", tax="4.13")
        sums = ("50.00", "4.13", "54.13")
        return read_order(make_order(order_id, [goods], subtotal=sums, total=sums))

    return make


@pytest.fixture
def told(make_connection, small):
    """(level, code, text, fix) of a report on decisions of orders 1, 2, 3 …"""

    def tell(*decisions, known=(), start="2026-01-01"):
        tried = [Tried(id=n, order=small(n), decision=decision) for n, decision in enumerate(decisions, 1)]
        connection = make_connection(start_date=start)
        return [
            (one.level, one.code, one.text, one.fix)
            for one in report(tried, known=known, connection=connection, zone=ZONE)
        ]

    return tell


def held(code, text="It is wrong.", fix="Mend it."):
    return Held(problems=(Problem(code=code, text=text, fix=fix),))


def posted(*notices):
    return Post(documents=(), rounding=0, notices=tuple(Problem(code=code, text=text) for code, text in notices))


def test_orders_without_a_customer_for_all_in_their_currency(small):
    why = Problem(code="no_generic_customer", text="There is none.", fix="Make it.")
    tried = [Tried(id=n, order=order, decision=posted()) for n, order in enumerate((small(1), None), 1)]
    tried.append(Tried(id=3, order=small(3), decision=held("no_item")))
    assert without_customer(tried, {"EUR": why}) == tried
    assert without_customer(tried, {"USD": why}) == [
        Tried(id=1, order=small(1), decision=Held(problems=(why,))),
        *tried[1:],
    ]


def test_orders_that_would_be_posted(told):
    assert told(posted(), posted()) == [
        ("note", "trial", "Of the last 2 orders 2 would be posted, 0 held, 0 left out.", "")
    ]
    assert told() == [("note", "trial", "The shop has no orders that could be tried.", "")]


def test_one_finding_for_each_cause(told):
    found = told(
        held("no_item", "No item has A."),
        held("no_item", "No item has B."),
        held("other"),
        posted(),
        Excluded(rule="Sold on ebay."),
        Excluded(rule="Sold on ebay."),
        None,
    )
    assert found == [
        ("warning", "no_item", "2 of the last 7 orders (1 for one) would be held: No item has A.", "Mend it."),
        ("warning", "other", "One of the last 7 orders (3) would be held: It is wrong.", "Mend it."),
        ("note", "left_out", "2 of the last 7 orders (5 for one) would be left out: Sold on ebay.", ""),
        (
            "note",
            "trial",
            "Of the last 7 orders 1 would be posted, 3 held, 2 left out (not found out: 1).",
            "",
        ),
    ]


def test_causes_with_different_fixes_are_told_apart(told):
    found = told(
        held("unmapped_tax", fix="Add VAT."), held("unmapped_tax", fix="Add GST."), held("unmapped_tax", fix="Add VAT.")
    )
    assert [(text[:4], fix) for _, code, text, fix in found if code == "unmapped_tax"] == [
        ("2 of", "Add VAT."),
        ("One ", "Add GST."),
    ]


def test_an_order_with_several_reasons_counts_once_for_each(told):
    one = Problem(code="a", text="A.", fix="Mend A.")
    decision = Held(problems=(one, replace(one, code="b"), one))
    assert [(code, text[:3]) for level, code, text, _ in told(decision) if level == "warning"] == [
        ("a", "One"),
        ("b", "One"),
    ]


@pytest.mark.parametrize(
    ("known", "text", "again"),
    [
        (problem("no_account", 'QuickBooks has no account "X".'), 'payments: QuickBooks has no account "X".', False),
        (problem("no_account", 'QuickBooks has no account "Y".'), 'payments: QuickBooks has no account "X".', False),
        (problem("no_item", 'QuickBooks has no item "X".'), 'sales.fee_item: QuickBooks has no item "X".', False),
        (problem("no_item", 'QuickBooks has no item "X".'), 'No QuickBooks item has the SKU "A".', True),
        (warning("unmapped_tax", "tax.map is empty."), 'The tax "VAT" is not mapped.', True),
        (problem("other", "Something else."), 'payments: QuickBooks has no account "X".', True),
    ],
)
def test_what_the_settings_told_already_is_not_told_again(told, known, text, again):
    code = known.code if known.code != "other" else "no_account"
    found = told(held(code, text), known=[known])
    assert ([one[1] for one in found if one[0] == "warning"] == [code]) is again


def test_payment_methods_that_are_not_mapped(told):
    cash, visa = ("unmapped_method", 'The payment method "Cash" is not mapped.'), ("unmapped_method", "Visa is not.")
    found = told(posted(cash), posted(visa), posted(cash, ("fees_inside_subtotal", "Fees.")))
    assert [one[2] for one in found if one[0] == "warning"] == [
        '2 of the last 3 orders (1 for one): The payment method "Cash" is not mapped.',
        "One of the last 3 orders (2): Visa is not.",
    ]


def test_orders_before_the_start_are_counted(told):
    assert told(posted(), start="2026-05-01")[-1][2] == (
        "Of the last 1 orders 1 would be posted, 0 held, 0 left out. "
        "Placed before start_date 2026-05-01, and tried all the same: 1."
    )


def test_start_and_closed_books_keep_no_order_from_being_tried(small, make_connection, make_company):
    """The order is of 2026-04-30."""
    company = replace(make_company(), book_close_date=date(2026, 12, 31))
    connection = make_connection(start_date="2026-12-31")
    decision = try_order(small(1), UNREAD, connection=connection, company=company, zone=ZONE)
    assert isinstance(decision, Post)
    assert company.book_close_date == date(2026, 12, 31)


def test_items_that_would_be_made(small, make_connection, make_company, make_order, line):
    products = {
        "match_by": "name",
        "create_missing": True,
        "noninventory_accounts": {"income": "Sales", "expense": "Office"},
    }
    connection = make_connection(products=products)
    orders = [
        read_order(make_order(n, [line(sku, 1, "5.00")], subtotal=("5.00", "0", "5.00"), total=("5.00", "0", "5.00")))
        for n, sku in enumerate(("NEW", "new", "OTHER"), 1)
    ]
    company = make_company()
    tried = [
        Tried(
            id=order.id,
            order=order,
            decision=try_order(order, UNREAD, connection=connection, company=company, zone=ZONE),
        )
        for order in orders
    ]
    found = report(tried, known=[], connection=connection, zone=ZONE)
    assert [(one.level, one.text) for one in found][:2] == [
        (Level.NOTE, "At least 2 items that QuickBooks does not have would be made (NEW for one)."),
        (
            Level.WARNING,
            "products.inventory_accounts is not set: orders of new products whose stock the shop tracks would be held.",
        ),
    ]
    found = report(tried[:2], known=[], connection=connection, zone=ZONE)
    assert found[0].text == "At least one item that QuickBooks does not have would be made (NEW for one)."


def address(small, **more):
    order = small(1)
    return replace(order, ship_to=replace(order.billing, **more))


def test_what_makes_orders_alike(small):
    texas = address(small, country_iso2="US", state="Texas")
    ohio = address(small, country_iso2="US", state="Ohio")
    untaxed = replace(texas, total=replace(texas.total, tax=texas.total.tax * 0), lines=())
    assert taxed_alike(texas) == taxed_alike(replace(texas, id=2, customer_id=7, payment_method="Cash"))
    freight = replace(texas, lines=(), shipping=texas.total)
    assert len({taxed_alike(order) for order in (texas, ohio, untaxed, freight)}) == 4
    assert alike(texas, Fact.TAXES) == taxed_alike(texas)
    assert alike(texas, Fact.EXCHANGE_RATES) == alike(ohio, Fact.EXCHANGE_RATES)
    cash = replace(texas, payment_method="Cash")
    assert alike(cash, Fact.EXCHANGE_RATES) == alike(texas, Fact.EXCHANGE_RATES)
    assert alike(cash, Fact.TRANSACTIONS) != alike(texas, Fact.TRANSACTIONS)


@pytest.mark.parametrize("fact", [Fact.TAXES, Fact.EXCHANGE_RATES])
def test_what_went_back_of_one_order_is_nothing_that_went_back_of_another(small, fact):
    row = {"id": 1, "order_id": 1, "created": "2026-05-02T10:00:00Z", "total_amount": "5.00", "total_tax": "0.00"}
    refunds = read_refunds([row])
    first, second = replace(small(1), refunds=refunds), replace(small(2), refunds=refunds)
    assert len({alike(order, fact) for order in (first, second, small(1))}) == 3
