"""Every rule that leaves an order out, and every reason for which one is held, by its code."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from mapping.company import read_company
from mapping.decision import Excluded, Fact, Needs, Post


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"is_deleted": True}, "Archived (deleted) in BigCommerce."),
        ({"order_source": "amazon"}, "Sold on amazon: marketplaces settle with books of their own."),
        ({"order_source": "eBay"}, "Sold on eBay: marketplaces settle with books of their own."),
        ({"external_source": "M-MIG"}, "History migrated from another shop (M-MIG)."),
        ({"status_id": 0}, "Incomplete (0): an abandoned checkout is no sale."),
        ({"status_id": 5}, "Its status Cancelled (5) is not among sales.statuses."),
    ],
)
def test_left_out_by_rule(example, decide, make_connection, change, rule):
    connection = make_connection(start_date="2026-04-01")
    assert decide(example("1") | change, connection=connection) == Excluded(rule=rule)


def test_a_sale_before_the_first_day_is_left_out_and_can_still_be_refunded(example, decide, make_connection):
    order = example("1") | {"date_created": "Wed, 01 Apr 2026 04:59:59 +0000"}
    rule = "Placed on 2026-03-31, before start_date 2026-04-01."
    connection = make_connection(start_date="2026-04-01")
    assert decide(order, connection=connection) == Excluded(rule=rule, early=True)


def test_the_first_day_counts_in_the_zone_of_the_documents(example, decide, make_connection, posted):
    order = example("1") | {"date_created": "Wed, 01 Apr 2026 05:00:00 +0000"}
    receipt = posted(decide(order, connection=make_connection(start_date="2026-04-01")))
    assert receipt.body["TxnDate"] == "2026-04-01"


def test_partially_refunded_is_a_sale_and_refunded_is_held(example, decide, codes):
    assert isinstance(decide(example("1") | {"status_id": 14}), Post)
    assert codes(decide(example("1") | {"status_id": 4})) == {"refunded"}


def test_a_rule_comes_before_a_reason_to_hold(example, decide):
    assert isinstance(decide(example("1") | {"status_id": 4, "is_deleted": True}), Excluded)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"status_id": 15, "status": "On Hold"}, "unknown_status"),
        ({"default_currency_code": "EUR"}, "foreign_currency"),
        ({"items_total": 4}, "lines_missing"),
        ({"products": [], "items_total": 0}, "no_lines"),
        ({"total_inc_tax": "90.00"}, "totals_do_not_close"),
        ({"total_tax": "6.78"}, "totals_do_not_close"),
        ({"shipping_cost_ex_tax": "-10"}, "negative_amount"),
        ({"total_ex_tax": "1e30"}, "amount_out_of_range"),
        ({"total_ex_tax": "1e-30"}, "amount_out_of_range"),
        ({"id": 10**18}, "number_too_long"),
        ({"date_created": "Mon, 01 Jan 9500 00:00:00 +0000"}, "unreadable_field"),
    ],
)
def test_held_for_what_the_order_says(example, decide, codes, change, code):
    assert code in codes(decide(example("1") | change))


def with_line(order, **change):
    first, *others = order["products"]
    return order | {"products": [first | change, *others]}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"sku": ""}, "blank_sku"),
        ({"sku": "UNKNOWN"}, "no_item"),
        ({"sku": "OLD"}, "inactive_item"),
        ({"sku": "TWIN"}, "ambiguous_item"),
        ({"sku": "KIT"}, "bundle_item"),
        ({"total_tax": "0"}, "line_taxes_do_not_sum"),
        ({"total_ex_tax": "49.00"}, "lines_do_not_close"),
        ({"total_ex_tax": "49.99"}, "no_rounding_product"),
    ],
)
def test_held_for_what_a_line_says(example, decide, codes, company_json, change, code):
    company = company_json()
    company["items"] += [
        {"Id": "900", "Name": "OLD (deleted)", "Type": "Service", "Active": False},
        {"Id": "901", "Name": "TWIN", "Type": "Service", "FullyQualifiedName": "Cups:TWIN"},
        {"Id": "902", "Name": "Twin", "Type": "Service", "FullyQualifiedName": "Bowls:Twin"},
        {"Id": "903", "Name": "KIT", "Type": "Group"},
    ]
    assert codes(decide(with_line(example("1"), **change), company=read_company(**company))) == {code}


def test_a_missing_sku_is_named_with_the_line(example, decide):
    (problem,) = decide(with_line(example("1"), sku="NOPE")).problems
    assert problem.text == 'No QuickBooks item has the name "NOPE" (Product A).'
    assert "sales.default_product" in problem.fix


@pytest.mark.parametrize("sku", ["", "UNKNOWN"])
def test_the_default_product_takes_lines_without_a_match(example, decide, make_connection, posted, rows, sku):
    connection = make_connection(sales={"default_product": "DEFAULT"})
    receipt = posted(decide(with_line(example("1"), sku=sku), connection=connection))
    assert rows(receipt.body)[0] == ("DEFAULT", "2 × 25.00", "50.00", "TAX")
    assert receipt.body["Line"][0]["Description"] == ("UNKNOWN: Product A" if sku else "Product A")


def test_the_default_product_does_not_stand_in_for_an_inactive_item(example, decide, make_connection, company_json):
    company = company_json()
    company["items"].append({"Id": "900", "Name": "OLD (deleted)", "Type": "Service", "Active": False})
    connection = make_connection(sales={"default_product": "DEFAULT"})
    decision = decide(with_line(example("1"), sku="OLD"), connection=connection, company=read_company(**company))
    assert [problem.code for problem in decision.problems] == ["inactive_item"]


@pytest.mark.parametrize(
    ("number", "setting", "forms"),
    [
        ("1", "discount_product", {"AllowDiscount": False}),
        ("1", "shipping_item", {"AllowShipping": False}),
        ("4", "gift_card_product", {}),
        ("5", "gift_card_product", {}),
        ("6", "store_credit_product", {}),
        ("7", "handling_item", {}),
        ("7", "wrapping_item", {}),
        ("7", "fee_item", {}),
    ],
)
def test_held_naming_the_item_setting_that_is_missing(
    example, decide, make_connection, make_company, number, setting, forms
):
    connection = make_connection(sales={setting: None})
    (problem,) = decide(example(number), connection=connection, company=make_company(**forms)).problems
    assert problem.code == f"no_{setting}"
    assert f"sales.{setting} is not set" in problem.text


def test_own_discount_line_is_refused_where_it_would_fall_on_several_codes(
    example, decide, make_connection, codes, make_order, line
):
    connection = make_connection(sales={"discount_product": None})
    order = make_order(
        1,
        [line("A", 1, "50.00", tax="4.125", off="5.00"), line("B", 1, "30.00")],
        subtotal=("80.00", "4.13", "84.13"),
        discount_amount="5.00",
        total=("75.00", "4.13", "79.13"),
    )
    assert codes(decide(order, connection=connection)) == {"no_discount_product"}


def test_shipping_goes_to_its_item_when_one_is_set(example, decide, make_connection, posted, rows):
    receipt = posted(decide(example("1"), connection=make_connection(sales={"shipping_item": "SHIP"})))
    assert rows(receipt.body)[2] == ("SHIP", "1 × 10.00", "10.00", "TAX")


def test_settings_that_name_what_is_not_there(example, decide, make_connection):
    connection = make_connection(
        sales={"discount_product": "DISK"},
        payments={"default_account": "Clearin", "methods": {"Credit Card": {"method": "Cart"}}},
    )
    assert [(problem.code, problem.text) for problem in decide(example("1"), connection=connection).problems] == [
        ("no_item", 'sales.discount_product: QuickBooks has no item "DISK". Did you mean "DISC"?'),
        ("no_payment_method", 'payments.methods: QuickBooks has no payment method "Cart". Did you mean "Card"?'),
        ("no_account", 'payments: QuickBooks has no account "Clearin". Did you mean "Clearing"?'),
    ]


def test_all_reasons_show_at_once_and_before_the_customer_exists(example, decide, codes):
    order = with_line(example("1"), sku="NOPE") | {"total_inc_tax": "90.00"}
    assert codes(decide(order, customer_id="")) == {"no_item", "totals_do_not_close"}


def test_a_trial_without_customer_says_what_the_real_one_will(example, decide):
    trial, real = decide(example("1"), customer_id=""), decide(example("1"), customer_id="9")
    assert trial.documents[0].body | {"CustomerRef": {"value": "9"}} == real.documents[0].body


def test_books_closed(example, decide, make_company, codes):
    closed = replace(make_company(), book_close_date=date(2026, 4, 30))
    assert codes(decide(example("1"), company=closed)) == {"books_closed"}
    assert isinstance(decide(example("1"), company=replace(closed, book_close_date=date(2026, 4, 29))), Post)


def test_tenders_beyond_the_total(example, decide, codes):
    assert "tenders_exceed_total" in codes(decide(example("5") | {"gift_certificate_amount": "92.02"}))


def test_discounts_beyond_what_is_charged(make_order, line, decide, codes):
    order = make_order(
        1,
        [line("A", 1, "10.00", off="12.00")],
        subtotal=("10.00", "0", "10.00"),
        discount_amount="12.00",
        total=("-2.00", "0", "-2.00"),
    )
    assert codes(decide(order)) == {"negative_amount"}


def test_751_taxed_lines(make_order, line, decide, codes):
    def order(count):
        lines = [line("B", 1, "1.00", tax="0.08") for _ in range(count)]
        ex, tax = f"{count}.00", f"{count * 8 / 100:.2f}"
        amounts = (ex, tax, f"{count * 108 / 100:.2f}")
        return make_order(1, lines, subtotal=amounts, total=amounts)

    assert isinstance(decide(order(750)), Post)
    assert codes(decide(order(751))) == {"too_many_lines"}


def test_a_taxed_gift_certificate_and_a_line_without_quantity(example, decide, codes):
    order = with_line(example("4"), quantity=0) | {"items_total": 1}
    order["products"][1] |= {"total_tax": "4.13"}
    assert codes(decide(order)) >= {"taxed_certificate", "no_quantity"}


def test_no_tax_is_posted_to_a_company_without_sales_tax(example, decide, make_company, codes):
    company = make_company(automated=False)
    assert codes(decide(example("1"), company=company)) == {"sales_tax_off"}


def test_needs_taxes_only_after_everything_else_is_right(example, decide, make_connection, codes):
    connection = make_connection(tax={"map": {"State": "Low"}})
    assert decide(example("1"), connection=connection) == Needs(fact=Fact.TAXES)
    assert codes(decide(with_line(example("1"), sku="NOPE"), connection=connection)) == {"no_item"}


def test_half_redeemed_is_not_paid_where_totals_are_printed_after_tenders(make_order, line, decide, make_connection):
    """The total that is printed is then what was redeemed."""
    order = make_order(
        1,
        [line("A", 1, "100.00")],
        subtotal=("100.00", "0", "100.00"),
        total=("50.00", "0", "50.00"),
        store_credit_amount="50.00",
        payment_status="pending",
    )
    connection = make_connection(sales={"post_as": "invoice", "document_date": "paid"})
    assert isinstance(decide(order, connection=connection), Excluded)
