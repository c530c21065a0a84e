"""Refunds in companies with a code on every line, without sales tax, and in other currencies, each in cents."""

from __future__ import annotations

from decimal import Decimal

import pytest

TYPED = {"uses_merchant_override_values": True}


@pytest.fixture
def sold_with_tax_inside(order, line):
    """Example 3: 108.00 with 18.00 of 20 %, 94.50 with 4.50 of 5 %, and two books for 36.00 without tax."""
    lines = (
        line("A", 1, "100.00", "18.00", off="12.00"),
        line("B", 1, "100.00", "4.50", off="10.50"),
        line("C", 2, "40.00", "0.00", off="4.00"),
    )
    gross = {0: "120.00", 1: "105.00", 2: "40.00"}
    raw = order(*({**each, "total_inc_tax": gross[place]} for place, each in enumerate(lines)))
    totals = {"subtotal_inc_tax": "265.00", "total_ex_tax": "216.00", "total_inc_tax": "238.50", "total_tax": "22.50"}
    return raw | totals | {"subtotal_ex_tax": "240.00", "is_tax_inclusive_pricing": True}


def test_each_rate_is_a_line_of_its_own(world, sold_with_tax_inside, refund, product):
    back = refund(12, product(1), product(3), total="126.00", tax="18.00")
    life = world("uk").decide(sold_with_tax_inside, back)
    assert life.rows("refund-12") == [
        ("Returned goods", "1 × 90", "90.00", "20.0% S"),
        ("Returned goods", "1 × 18", "18.00", "0.0% Z"),
    ]
    assert life.tax_rows("refund-12") == [("20.0% S (sales)", "90.00", "18.00"), ("0.0% Z (sales)", "18.00", "0.00")]
    assert life.body("refund-12")["GlobalTaxCalculation"] == "TaxExcluded"
    assert (life.total("refund-12"), life.codes) == ("126.00", [])


def test_what_is_no_supply_is_out_of_scope(world, sold_with_tax_inside, refund, product, item):
    rows = (
        refund(12, item("ORDER", 1001, "10.00"), total="10.00"),
        refund(13, product(1, kept="8.00"), total="100.00", tax="18.00", paid=(("storecredit", "100.00"),)),
    )
    life = world("uk").decide(sold_with_tax_inside, *rows)
    assert life.rows("refund-12") == [("Refund adjustments", "1 × 10", "10.00", "No VAT")]
    assert life.rows("refund-13") == [
        ("Returned goods", "1 × 90", "90.00", "20.0% S"),
        ("Refund adjustments", "1 × -8", "-8.00", "No VAT"),
        ("Store credit", "1 × -100", "-100.00", "No VAT"),
    ]
    assert life.total("refund-13") == "0.00"


def test_out_of_scope_is_needed_only_where_there_is_such_a_line(world, order, line, refund, product, item):
    here = world("uk")
    here.settings["tax"] = {"map": here.settings["tax"]["map"]}
    sold = order(line("A", 1, "100.00", "20.00"))
    assert here.decide(sold, refund(12, product(1), total="120.00", tax="20.00")).codes == []
    amount = refund(12, item("ORDER", 1001, "1.00"), total="1.00")
    assert here.decide(sold, amount).codes == ["no_out_of_scope"]


def test_goods_given_back_without_their_tax(world, order, line, refund, product):
    """Somebody left the tax out: 100.00 of goods are no supply any more then."""
    back = refund(12, product(1), total="100.00", tax="0.00", **TYPED)
    life = world("uk").decide(order(line("A", 1, "100.00", "20.00")), back)
    assert life.rows("refund-12") == [("Returned goods", "1 × 100", "100.00", "No VAT")]
    assert life.tax("refund-12") == "0.00"


def test_a_part_of_the_tax_is_of_a_part_of_the_goods(world, order, line, refund, product):
    """5.00 is the tax of 25.00."""
    back = refund(12, product(1), total="100.00", tax="5.00", **TYPED)
    life = world("uk").decide(order(line("A", 1, "100.00", "20.00")), back)
    assert life.rows("refund-12") == [
        ("Returned goods", "1 × 25", "25.00", "20.0% S"),
        ("Refund adjustments", "1 × 70", "70.00", "No VAT"),
    ]


def test_two_taxes_of_one_code_go_back_each(world, order, line, refund, product):
    """GST 5 % and QST 9.975 % of 100.00: 5.00 and 9.98; of a third 1.67 and 3.32, of two thirds the rest."""
    sold = order(line("A", 3, "100.00", "14.98"))
    rows = refund(12, product(1), total="38.32", tax="4.99"), refund(13, product(1, 2), total="76.66", tax="9.99")
    life = world("ca").decide(sold, *rows)
    assert [row[1:] for row in life.tax_rows("refund-12")] == [("33.33", "1.67"), ("33.33", "3.32")]
    assert [row[1:] for row in life.tax_rows("refund-13")] == [("66.67", "3.33"), ("66.67", "6.66")]


def test_automated_tax_gets_the_refunds_own(world, order, refund, product, item):
    rows = refund(12, product(1), total="24.36", tax="1.86"), refund(13, item("SHIPPING", 1, "10.00"), total="10.00")
    life = world("us_ast").decide(order(), *rows)
    assert life.body("refund-12")["TxnTaxDetail"]["TotalTax"] == Decimal("1.86")
    assert life.body("refund-12")["ShippingTaxIncludedInTotalTax"] is True
    # nothing taxable is left for QuickBooks to work a tax out of
    assert life.rows("refund-13") == [("Shipping", "1 × 10", "10.00", "NON")]
    assert "TxnTaxDetail" not in life.body("refund-13")


def test_a_company_that_is_not_registered_for_tax_takes_no_codes(world, order, line, refund, product, item):
    here = world("uk")
    here.company.preferences["TaxPrefs"]["UsingSalesTax"] = False
    rows = refund(12, product(1), total="50.00"), refund(13, item("ORDER", 1001, "1.00"), total="1.00")
    life = here.decide(order(line("A", 2, "100.00")), *rows)
    assert life.rows("refund-12") == [("Returned goods", "1 × 50", "50.00", "")]
    assert life.rows("refund-13") == [("Refund adjustments", "1 × 1", "1.00", "")]
    assert life.body("refund-12")["GlobalTaxCalculation"] == "NotApplicable"


# Other currencies


EUR = {
    "default_currency_code": "EUR",
    "currency_code": "EUR",
    "store_default_currency_code": "USD",
    "store_default_to_transactional_exchange_rate": "0.9259260000",
}
RATES = {"2026-05-01": "1.08", "2026-05-20": "1.12", "2026-06-01": "1.15"}
TWO_WAYS = (("stripe", "15.00"), ("paypal", "5.00"))


@pytest.fixture
def sold_in_euro(order, line):
    return order(line("B", 5, "100.00"), **EUR)


def test_each_refund_is_at_the_rate_of_its_own_day(world, sold_in_euro, refund, product):
    rows = (
        refund(12, product(1), total="20.00"),
        refund(13, product(1), total="20.00", created="2026-06-01T15:00:00+00:00"),
    )
    here = world("eur")
    asked = here.decide(sold_in_euro, *rows, rates={"2026-05-01": "1.08"}).decision
    assert (asked.fact, [str(day) for day in asked.days]) == ("exchange_rates", [*RATES])
    life = here.decide(sold_in_euro, *rows, rates=RATES)
    told = {name: (life.body(name)["CurrencyRef"]["value"], life.body(name)["ExchangeRate"]) for name in life.kinds}
    assert told == {
        "document": ("EUR", Decimal("1.08")),
        "refund-12": ("EUR", Decimal("1.12")),
        "refund-13": ("EUR", Decimal("1.15")),
    }


def test_a_day_without_a_rate_holds_its_refund_alone(world, sold_in_euro, refund, product):
    rows = (
        refund(12, product(1), total="20.00"),
        refund(13, product(1), total="20.00", created="2026-06-01T15:00:00+00:00"),
    )
    life = world("eur").decide(sold_in_euro, *rows, rates=RATES | {"2026-05-20": "1"})
    assert (list(life.kinds), life.codes) == (["document", "refund-13"], ["no_exchange_rate"])


def test_the_shops_rate_is_that_of_the_order(world, sold_in_euro, refund, product):
    here = world("eur", **{"sales.exchange_rate": "shop"})
    life = here.decide(sold_in_euro, refund(12, product(1), total="20.00"), rates={"2026-05-01": "1.08"})
    assert life.body("refund-12")["ExchangeRate"] == Decimal("1.08")


def test_of_an_early_sale_only_the_days_of_its_refunds_need_a_rate(world, sold_in_euro, refund, product):
    early = sold_in_euro | {"date_created": "Mon, 15 Dec 2025 15:30:00 +0000"}
    asked = world("eur").decide(early, refund(12, product(1), total="20.00")).decision
    assert [str(day) for day in asked.days] == ["2026-05-20"]


@pytest.mark.parametrize(
    ("accounts", "amount", "currency"),
    [
        # both accounts are kept in euro
        ({"": "Card clearing EUR", "PayPal": "PayPal clearing EUR"}, "5.00", "EUR"),
        # one of them is
        ({"": "Card clearing", "PayPal": "PayPal clearing EUR"}, "5.00", "EUR"),
        # neither is: 5.00 at 1.12
        ({"": "Card clearing", "PayPal": "PayPal clearing"}, "5.60", "USD"),
    ],
)
def test_money_of_two_accounts_moves_in_their_currency(
    world, sold_in_euro, refund, product, accounts, amount, currency
):
    methods = {"PayPal": {"accounts": {"EUR": accounts["PayPal"]}}}
    here = world("eur", **{"payments.default_accounts": {"EUR": accounts[""]}, "payments.methods": methods})
    life = here.decide(sold_in_euro, refund(12, product(1), total="20.00", paid=TWO_WAYS), rates=RATES)
    transfer = life.body("refund-12-transfer")
    assert (f"{transfer['Amount']:.2f}", transfer["CurrencyRef"]["value"]) == (amount, currency)
    assert ("ExchangeRate" in transfer) == (currency == "EUR")
    assert (life.total("refund-12"), life.codes) == ("20.00", [])
