"""Generated orders of the simulated shop, decided and put straight into the simulated company, which refuses what
QuickBooks refuses: every clean order is posted, and the company's own total is the shop's."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cartledger.records import read_order
from mapping.company import read_company
from mapping.customer import customer_document, person
from mapping.decision import Held, Needs, Post
from mapping.tax.rows import read_taxes
from mapping.text import marker
from mapping.transactions import read_transactions
from simulator.goods import catalogue
from simulator.markets import MARKETS
from simulator.orders import generate
from simulator.quickbooks.company import Company

ITEMS = {
    "discount_product": "Discount",
    "gift_card_product": "Gift certificate",
    "store_credit_product": "Store credit",
    "handling_item": "Handling",
    "wrapping_item": "Wrapping",
    "fee_item": "Fee",
    "rounding_product": "Rounding",
}
PAYMENTS = {
    "default_account": "Card clearing",
    "methods": {"PayPal": {"account": "PayPal clearing", "method": "PayPal"}},
}


@pytest.fixture
def simulated():
    """A company of one kind with the products of the shop, and how mapping reads it."""

    def start(kind):
        company = Company(kind=kind)
        for product in catalogue(1):
            company.add_item(name=product.sku, sku=product.sku, kind="inventory" if product.tracked else "noninventory")
        (info,), (preferences,) = company.objects("CompanyInfo"), company.objects("Preferences")
        lists = {
            name: company.objects(entity)
            for name, entity in (
                ("accounts", "Account"),
                ("items", "Item"),
                ("tax_codes", "TaxCode"),
                ("tax_rates", "TaxRate"),
                ("payment_methods", "PaymentMethod"),
                ("classes", "Class"),
                ("departments", "Department"),
            )
        }
        return company, read_company(info=info, preferences=preferences, **lists)

    return start


def put(company, decision):
    """Sends the documents one after the other and answers them as the company shows them."""
    made = {}
    for document in decision.documents:
        body = document.body
        if document.name == "payment":
            linked = [{"TxnId": made["document"]["Id"], "TxnType": "Invoice"}]
            body = body | {"Line": [body["Line"][0] | {"LinkedTxn": linked}]}
        made[document.name] = company.create(document.entity, body)
        assert made[document.name]["TotalAmt"] == document.amount
    return made


@pytest.mark.parametrize("mode", ["exclusive", "inclusive"])
@pytest.mark.parametrize(("kind", "post_as"), [("us", "sales_receipt"), ("us_ast", "invoice")])
def test_a_thousand_clean_orders_reach_the_books_to_the_cent(simulated, decide, make_connection, mode, kind, post_as):
    company, known = simulated(kind)
    connection = make_connection(
        sales={**ITEMS, "post_as": post_as, "statuses": [1, 2, 3, 7, 8, 9, 10, 11]},
        payments=PAYMENTS,
        tax={"map": {"*": "State tax"}},
    )
    customers = {}
    for raw in generate(1, 250, 40, mode, clean=True):
        order = read_order(raw)
        buyer = person(order, order.currency)
        if buyer.key not in customers:
            document = customer_document(buyer, f"{buyer.name} {buyer.key}", marker("abc123", "customer", buyer.key))
            customers[buyer.key] = company.create("Customer", document.body)["Id"]
        decision = decide(
            raw,
            connection=connection,
            company=known,
            customer_id=customers[buyer.key],
            transactions=read_transactions(raw["transactions"]),
        )
        assert isinstance(decision, Post), decision
        made = put(company, decision)["document"]
        assert made["TotalAmt"] + order.tenders == order.total.inc
        assert made["TxnTaxDetail"]["TotalTax"] == order.total.tax
    assert sum(company.balances().values(), Decimal(0)) == 0


ELSEWHERE = {
    "uk": ("GBP", {"standard": "20", "reduced": "5", "exempt": "0"}, "20.0% S", "5.0% R", "0.0% Z", "No VAT"),
    "au": ("AUD", {"standard": "10", "reduced": "10", "exempt": "0"}, "GST", "GST", "GST free", "BAS Excluded"),
    "ca": ("CAD", {"standard": "14.975", "reduced": "5", "exempt": "0"}, "GST/QST QC", "GST", "Exempt", "Out of Scope"),
}


@pytest.mark.parametrize("rounding", ["rate", "line"])
@pytest.mark.parametrize("mode", ["exclusive", "inclusive"])
@pytest.mark.parametrize("kind", ELSEWHERE)
def test_orders_reach_books_with_a_code_on_every_line_rate_by_rate(
    simulated, decide, make_connection, kind, mode, rounding
):
    """The company sums each rate at once, or line by line; it takes the shop's tax where that is near its own."""
    currency, percents, standard, reduced, none, outside = ELSEWHERE[kind]
    company, known = simulated(kind)
    company.tax_rounding = rounding
    connection = make_connection(
        sales={**ITEMS, "statuses": [1, 2, 3, 7, 8, 9, 10, 11]},
        payments=PAYMENTS,
        tax={"map": {"Tax": standard, "Low": reduced, "none": none}, "out_of_scope": outside},
    )
    buyer = company.create("Customer", {"DisplayName": "Everybody"})["Id"]
    rates = {name: Decimal(percent) for name, percent in percents.items()}
    asked = 0
    for raw in generate(3, 150, 40, mode, currency, clean=True, rates=rates, market=MARKETS[kind]):
        order, taxes = read_order(raw), read_taxes(raw["taxes"])
        decision = decide(raw, connection=connection, company=known, customer_id=buyer)
        if isinstance(decision, Needs):
            asked += 1
            decision = decide(raw, connection=connection, company=known, customer_id=buyer, taxes=taxes)
        assert isinstance(decision, Post), decision
        made = put(company, decision)["document"]
        assert made["TotalAmt"] + order.tenders == order.total.inc
        assert made["TxnTaxDetail"]["TotalTax"] == order.total.tax
        sent = decision.documents[0].body["TxnTaxDetail"]["TaxLine"]
        assert [line["Amount"] for line in made["TxnTaxDetail"]["TaxLine"]] == [line["Amount"] for line in sent]
    assert asked < (75 if kind == "ca" else 15)  # how two taxes of one line were rounded only its rows tell
    assert sum(company.balances().values(), Decimal(0)) == 0


@pytest.mark.parametrize("mode", ["exclusive", "inclusive"])
def test_of_a_shop_with_odd_orders_only_those_are_held(simulated, decide, make_connection, mode):
    _, known = simulated("us")
    connection = make_connection(sales=ITEMS, payments=PAYMENTS, tax={"map": {"*": "State tax"}})
    for raw in generate(2, 250, 40, mode, share_odd=0.2):
        if "price no number" in raw["staff_notes"]:
            continue
        decision = decide(raw, connection=connection, company=known)
        odd = raw["staff_notes"].startswith("simulator:")
        assert isinstance(decision, Held) is odd, (raw["staff_notes"], decision)
