"""An order that changed after it was posted, decided by hand in cents: what is sent, what is left alone and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from cartledger.records import Operation, read_order, with_refunds
from mapping.case import Case
from mapping.decision import Needs, Post
from mapping.facts import Facts, OpenInvoice, Standing
from mapping.life import decide_life
from mapping.transactions import read_transactions

D = Decimal
INVOICE = {"post_as": "invoice"}
UNPAID = {"payment_status": ""}
WORKFLOWS = ["sales", "payments", "refunds"]
REFUNDS = {"number_prefix": "R", "no_restock_product": "B", "adjustment_product": "B"}


def bought(number, amount, **more):
    return {
        "id": number,
        "event": "purchase",
        "method": "credit_card",
        "amount": D(amount),
        "currency": "USD",
        "gateway": "stripe",
        "date_created": "2026-05-01T04:00:00+00:00",
        "status": "ok",
        **more,
    }


def refunded(number, amount, tax="0", *, declined=False, items=None):
    return {
        "id": number,
        "order_id": 1001,
        "created": "2026-05-03T15:00:00Z",
        "total_amount": D(amount),
        "total_tax": D(tax),
        "items": items or [{"item_type": "ORDER", "item_id": 1001, "requested_amount": D(amount)}],
        "payments": [{"id": number, "provider_id": "stripe", "amount": D(amount), "is_declined": declined}],
    }


class Life:
    """The worked example 1 (88.77), posted, and what is decided of it later. `stands` is what stands of it."""

    def __init__(self, make_connection, company, raw, **sections):
        self.connection = make_connection(**sections)
        self.company = company
        self.raw = raw
        self.stands = {}
        for document in self.decided(raw).documents:
            self.stands[document.name] = self.standing(document)

    def standing(self, document, number=1):
        return Standing(
            entity=document.entity,
            amount=document.amount,
            target_id=f"{10 + len(self.stands)}",
            sync_token="3",
            number=document.number,
            hash=document.hash,
            customer="9",
            day=date.fromisoformat(document.body["TxnDate"]),
        )

    def decided(self, raw, *, refunds=(), company=None, **facts):
        told = {"stands": self.stands} | facts
        if "transactions" in told:
            told["transactions"] = read_transactions(told["transactions"])
        decision = decide_life(
            Case(
                order=read_order(with_refunds(raw, refunds)),
                connection=self.connection,
                company=company or self.company,
                zone=ZoneInfo("America/Chicago"),
                customer_id="9",
                facts=Facts(**told),
            )
        )
        assert isinstance(decision, Post | Needs), decision
        return decision

    def edited(self, **facts):
        """With a third A: 25.00 and 2.06 of tax more, 115.83."""
        return self.decided(self.raw | MORE, **facts)


MORE = {
    "products": [
        {
            "id": 1,
            "product_id": 1,
            "variant_id": 1,
            "name": "Product A",
            "sku": "SKU-A",
            "type": "physical",
            "quantity": 3,
            "total_ex_tax": "75.00",
            "total_inc_tax": "81.19",
            "total_tax": "6.19",
            "applied_discounts": [],
        },
        {
            "id": 2,
            "product_id": 1,
            "variant_id": 1,
            "name": "Product B",
            "sku": "SKU-B",
            "type": "physical",
            "quantity": 1,
            "total_ex_tax": "30.00",
            "total_inc_tax": "32.48",
            "total_tax": "2.48",
            "applied_discounts": [],
        },
    ],
    "items_total": 4,
    "subtotal_ex_tax": "105.00",
    "subtotal_tax": "8.67",
    "subtotal_inc_tax": "113.67",
    "coupon_discount": "0.00",
    "total_ex_tax": "115.00",
    "total_tax": "9.50",
    "total_inc_tax": "124.50",
}


@pytest.fixture
def posted(example, make_connection, make_company):
    """`posted(invoice=True, **header) -> Life`"""

    def post(*, sales=None, company=None, order=None, **sections):
        raw = example("1") | (order or {})
        for line in raw["products"]:
            line["sku"] = f"SKU-{line['sku']}"
        sections = {"products": {"match_by": "sku"}, "sales": sales or {}} | sections
        return Life(make_connection, company or make_company(), raw, **sections)

    return post


def codes(decision):
    assert isinstance(decision, Post), decision
    return [problem.code for problem in decision.problems]


def update(decision):
    """The one update, without what all have."""
    (document,) = decision.documents
    assert (document.name, document.operation, decision.problems) == ("document", Operation.UPDATE, ())
    common = {"Id": "10", "SyncToken": "3", "sparse": True, "CurrencyRef": {"value": "USD"}}
    assert {name: document.body[name] for name in common} == common
    return {name: value for name, value in document.body.items() if name not in common}


# -- what is sent


def test_nothing_changed(posted):
    life = posted()
    decision = life.decided(life.raw | {"status_id": 10, "date_modified": "Sat, 02 May 2026 10:00:00 +0000"})
    assert (decision.documents, decision.problems) == ((), ())


def test_another_address_is_sent_whole_with_what_is_empty_in_it(posted):
    life = posted()
    address = life.raw["billing_address"] | {"company": "", "street_1": "2 Mill Lane", "zip": ""}
    decision = life.decided(life.raw | {"billing_address": address})
    assert update(decision) == {
        "BillAddr": {
            "Line1": "Ada Byrne",
            "Line2": "2 Mill Lane",
            "Line3": "",
            "Line4": "",
            "Line5": "",
            "City": "Austin",
            "CountrySubDivisionCode": "Texas",
            "PostalCode": "",
            "Country": "United States",
        }
    }
    (document,) = decision.documents
    assert (document.amount, document.number, document.marker) == (
        D("88.77"),
        "BC-1001",
        "cartledger:abc123:order:1001",
    )
    life.stands["document"] = replace(life.stands["document"], hash=document.hash)
    assert life.decided(life.raw | {"billing_address": address}).documents == ()


def test_what_is_there_no_more_is_cleared(posted):
    shipping = {"consignments": {"shipping": [{"first_name": "Bo", "city": "Dallas", "shipping_method": "Flat Rate"}]}}
    life = posted(
        order=shipping | {"date_shipped": "Sat, 02 May 2026 10:00:00 +0000", "customer_message": "Ring twice"}
    )
    bare = {
        "consignments": {"shipping": []},
        "date_shipped": "",
        "customer_message": "",
        "billing_address": life.raw["billing_address"] | {"email": ""},
    }
    empty = dict.fromkeys(
        (*(f"Line{n}" for n in range(1, 6)), "City", "CountrySubDivisionCode", "PostalCode", "Country"), ""
    )
    assert update(life.decided(life.raw | bare)) == {
        "BillEmail": {"Address": ""},
        "ShipAddr": empty,
        "ShipDate": None,
        "ShipMethodRef": None,
        "CustomerMemo": {"value": ""},
    }


def test_shipping_reads_the_tracking_numbers_where_they_are_wanted(posted):
    shipped = {
        "status_id": 2,
        "date_shipped": "Sat, 02 May 2026 10:00:00 +0000",
    }
    life = posted(sales={"tracking_numbers": True})
    assert life.decided(life.raw | shipped).fact == "shipments"
    decision = life.decided(life.raw | shipped, shipments=("EX1",))
    assert update(decision) == {"ShipDate": "2026-05-02", "TrackingNum": "EX1"}
    life = posted()
    assert update(life.decided(life.raw | shipped)) == {"ShipDate": "2026-05-02"}


def test_lines_go_whole_with_their_tax(posted, rows):
    life = posted(sales=INVOICE, order=UNPAID)
    open_invoice = OpenInvoice(total=D("88.77"), balance=D("88.77"))
    assert life.edited().fact == "invoice"
    decision = life.edited(invoice=open_invoice)
    sent = update(decision)
    assert set(sent) == {"Line", "TxnTaxDetail", "ShippingTaxIncludedInTotalTax", "ApplyTaxAfterDiscount"}
    assert rows(sent) == [
        ("A", "3 × 25.00", "75.00", "TAX"),
        ("B", "1 × 30.00", "30.00", "TAX"),
        ("SHIPPING_ITEM_ID", "", "10.00", "TAX"),
    ]
    assert sent["TxnTaxDetail"]["TotalTax"] == D("9.50")
    assert decision.documents[0].amount == D("124.50")


@pytest.mark.parametrize(("automated", "mode"), [(None, "plain"), (True, "automated")])
def test_an_order_that_bears_no_tax_any_more_says_so(posted, make_company, automated, mode):
    life = posted(sales=INVOICE, order=UNPAID, company=make_company(automated=automated))
    lines = [line | {"total_tax": "0", "total_inc_tax": line["total_ex_tax"]} for line in MORE["products"]]
    untaxed = {
        "products": lines,
        "subtotal_tax": "0",
        "subtotal_inc_tax": "105.00",
        "shipping_cost_tax": "0",
        "shipping_cost_inc_tax": "10.00",
        "total_tax": "0",
        "total_inc_tax": "115.00",
    }
    decision = life.decided(life.raw | MORE | untaxed, invoice=OpenInvoice(total=D("88.77"), balance=D("88.77")))
    assert update(decision)["TxnTaxDetail"] == {"TotalTax": D(0)}, mode


def test_another_method_moves_the_money_of_a_receipt(posted):
    life = posted()
    sent = update(life.decided(life.raw | {"payment_method": "PayPal"}))
    assert sent == {
        "DepositToAccountRef": {"value": "101"},
        "PaymentMethodRef": None,
        "PrivateNote": "BigCommerce order 1001. Payment method: PayPal.\ncartledger:abc123:order:1001",
    }


def test_items_to_be_made_are_not_waited_for_where_no_lines_are_sent(posted, make_company):
    life = posted()
    life.connection = life.connection.model_copy(
        update={"products": life.connection.products.model_copy(update={"create_missing": True})}
    )
    company = make_company()
    gone = replace(company, items_by_sku={})
    address = {"billing_address": life.raw["billing_address"] | {"city": "Dallas"}}
    decision = life.decided(life.raw | address, company=gone)
    assert (decision.wants, set(update(decision))) == ((), {"BillAddr"})


# -- receipts: what came in


@pytest.mark.parametrize(
    ("came", "problem"),
    [
        (["88.77", "35.73"], None),
        (["124.50"], None),
        (["88.77"], "edited_after_payment"),
        (["88.77", "35.72"], "edited_after_payment"),
        (["88.77", "35.74"], "edited_after_payment"),
        ([], "edited_after_payment"),
    ],
)
def test_the_total_of_a_receipt_follows_the_money(posted, came, problem):
    life = posted()
    assert life.edited().fact == "transactions"
    decision = life.edited(transactions=[bought(n, amount) for n, amount in enumerate(came)])
    assert codes(decision) == ([problem] if problem else [])
    assert [document.amount for document in decision.documents] == ([] if problem else [D("124.50")])


def test_a_receipt_of_what_was_not_captured_yet_follows_the_order(posted):
    life = posted(order={"payment_status": "authorized"})
    assert update(life.edited())["TxnTaxDetail"]["TotalTax"] == D("9.50")


def test_words_and_addresses_follow_even_where_the_money_does_not(posted):
    life = posted()
    address = {"billing_address": life.raw["billing_address"] | {"city": "Dallas"}}
    decision = life.decided(life.raw | MORE | address, transactions=[bought(1, "88.77")])
    assert codes(decision) == ["edited_after_payment"]
    (document,) = decision.documents
    assert ("BillAddr" in document.body, "Line" in document.body, document.amount) == (True, False, D("88.77"))
    life.stands["document"] = replace(life.stands["document"], hash=document.hash)
    again = life.decided(life.raw | MORE | address, transactions=[bought(1, "88.77"), bought(2, "35.73")])
    assert (codes(again), again.documents[0].amount) == ([], D("124.50"))
    assert "BillAddr" not in again.documents[0].body


def test_a_receipt_whose_difference_went_into_another_account_stays(posted):
    life = posted()
    decision = life.edited(transactions=[bought(1, "88.77"), bought(2, "35.73", gateway="paypal")])
    assert (codes(decision), decision.documents) == (["several_payments"], ())


@pytest.mark.parametrize("sales", [{}, INVOICE], ids=["receipt", "invoice"])
def test_lines_of_the_same_total_follow_whatever_is_paid(posted, rows, sales):
    life = posted(sales=sales)
    first, second = life.raw["products"]
    decision = life.decided(life.raw | {"products": [first, second | {"sku": "SKU-MUG", "name": "Mug"}]})
    assert [row[0] for row in rows(update(decision))] == ["A", "MUG", "SHIPPING_ITEM_ID", "DISC"]
    assert decision.documents[0].amount == D("88.77")


# -- refunds that make up for it

LESS = {
    "products": [MORE["products"][1]],
    "items_total": 1,
    "subtotal_ex_tax": "30.00",
    "subtotal_tax": "2.48",
    "subtotal_inc_tax": "32.48",
    "coupon_discount": "0.00",
    "total_ex_tax": "40.00",
    "total_tax": "3.31",
    "total_inc_tax": "43.31",
}
"""The A are gone: 43.31, which is 45.46 less."""


@pytest.mark.parametrize(
    ("refunds", "explained"),
    [
        ([refunded(1, "45.46")], True),
        ([refunded(1, "20.00"), refunded(2, "25.46")], True),
        ([refunded(1, "10.00"), refunded(2, "45.46")], True),
        ([refunded(1, "45.45")], False),
        ([refunded(1, "50.00")], False),
        ([refunded(1, "45.46", declined=True)], False),
        ([], False),
    ],
)
def test_a_receipt_stays_where_refunds_come_to_what_is_sold_no_more(posted, refunds, explained):
    life = posted(workflows=WORKFLOWS, refunds=REFUNDS)
    decision = life.decided(life.raw | LESS, refunds=refunds, transactions=[bought(1, "88.77")])
    assert all(document.name != "document" for document in decision.documents)
    assert ("edited_after_payment" in codes(decision)) is not explained


def test_a_payment_by_hand_is_not_weighed_anew_where_refunds_make_up_for_it(posted):
    life = posted(sales=INVOICE, workflows=WORKFLOWS, refunds=REFUNDS)
    settled = OpenInvoice(total=D("88.77"), balance=D(0))
    decision = life.decided(life.raw | LESS, refunds=[refunded(1, "45.46")], transactions=[], invoice=settled)
    assert (codes(decision), [each.name for each in decision.documents]) == ([], ["refund-1"])


def test_refunds_explain_nothing_where_they_are_not_booked(posted):
    life = posted()
    decision = life.decided(life.raw | LESS, refunds=[refunded(1, "45.46")], transactions=[bought(1, "88.77")])
    assert codes(decision) == ["edited_after_payment"]


# -- invoices


OPEN = OpenInvoice(total=D("88.77"), balance=D("88.77"))


@pytest.mark.parametrize(
    ("invoice", "problem"),
    [
        (OPEN, None),
        (OpenInvoice(total=D("88.77"), balance=D("40.00")), "settled_by_hand"),
        (OpenInvoice(total=D("88.77"), balance=D("0")), "settled_by_hand"),
        (OpenInvoice(total=D("90.00"), balance=D("90.00")), "changed_by_hand"),
        (OpenInvoice(total=D("0"), balance=D("0")), "changed_by_hand"),
        (OpenInvoice(total=D("0"), balance=D("0"), gone=True), "deleted_by_hand"),
    ],
)
def test_an_open_invoice_follows_unless_a_person_was_there(posted, invoice, problem):
    life = posted(sales=INVOICE, order=UNPAID)
    decision = life.edited(invoice=invoice)
    assert codes(decision) == ([problem] if problem else [])
    assert len(decision.documents) == (0 if problem else 1)


@pytest.mark.parametrize(
    ("came", "problem", "documents"),
    [
        (["88.77", "35.73"], None, [("document", "124.50"), ("payment-2", "35.73")]),
        (["88.77"], "edited_after_payment", []),
        (["88.77", "10.00"], "edited_after_payment", []),
        (["124.50"], "edited_after_payment", []),
        (["88.77", "40.00"], "edited_after_payment", []),
        (["80.00", "35.73"], "edited_after_payment", []),
    ],
)
def test_a_paid_invoice_follows_the_money(posted, came, problem, documents):
    life = posted(sales=INVOICE)
    assert list(life.stands) == ["document", "payment"]
    told = [bought(n, amount) for n, amount in enumerate(came)]
    assert life.edited().fact == "transactions"
    assert life.edited(transactions=told).fact == "invoice"
    decision = life.edited(transactions=told, invoice=OpenInvoice(total=D("88.77"), balance=D(0)))
    assert codes(decision) == ([problem] if problem else [])
    assert [(each.name, f"{each.amount:.2f}") for each in decision.documents] == documents


def test_the_payment_that_comes_with_an_edit_is_of_what_came_in(posted):
    """Unpaid when it was posted; edited, and paid in full."""
    life = posted(sales=INVOICE, order=UNPAID)
    paid = life.raw | MORE | {"payment_status": "captured"}
    assert life.decided(paid).fact == "transactions"
    decision = life.decided(paid, transactions=[bought(1, "124.50")], invoice=OPEN)
    assert [(each.name, f"{each.amount:.2f}") for each in decision.documents] == [
        ("document", "124.50"),
        ("payment", "124.50"),
    ]
    before = life.decided(paid, transactions=[bought(1, "88.77")], invoice=OPEN)
    assert codes(before) == ["edited_after_payment"]
    assert [(each.name, f"{each.amount:.2f}") for each in before.documents] == [("payment", "88.77")]


@pytest.mark.parametrize("made", range(1, 4))
def test_what_settles_an_invoice_names_what_stands_by_its_id(posted, made):
    """What is not changed in the same plan has no part there that could be named."""
    life = posted(sales=INVOICE | {"tenders_on_invoice": "credit_memo"}, order=REDEEMED)
    names = list(life.stands)
    for name in names[made:]:
        del life.stands[name]
    ids = {name: life.stands[name].target_id if name in life.stands else {"$ref": name} for name in names}
    settled = {"application": ["document", "memo"], "payment": ["document"]}
    documents = life.decided(life.raw).documents
    assert [each.name for each in documents] == names[made:]
    for each in documents:
        linked = [line["LinkedTxn"][0]["TxnId"] for line in each.body["Line"] if "LinkedTxn" in line]
        assert linked == [ids[name] for name in settled.get(each.name, ())]


@pytest.mark.parametrize(
    ("came", "problem", "documents"),
    [
        (["40.00"], "", [("document", "124.50")]),
        (["40.00", "84.50"], "", [("document", "124.50"), ("payment-2", "84.50")]),
        (["40.00", "84.51"], "edited_after_payment", []),
        (["41.00"], "edited_after_payment", []),
    ],
)
def test_an_invoice_that_was_paid_in_part_goes_on_owing(posted, came, problem, documents):
    """What came in was for an order that owed more: it does still, or less, and never less than nothing."""
    life = posted(sales=INVOICE)
    life.stands["payment"] = replace(life.stands["payment"], amount=D("40.00"))
    told = [bought(n, amount) for n, amount in enumerate(came, 1)]
    decision = life.edited(transactions=told, invoice=OpenInvoice(total=D("88.77"), balance=D("48.77")))
    assert codes(decision) == ([problem] if problem else [])
    assert [(each.name, f"{each.amount:.2f}") for each in decision.documents] == documents


def test_more_than_the_invoice_comes_to_is_not_recorded(posted):
    life = posted(sales=INVOICE)
    decision = life.decided(
        life.raw | {"payment_method": "Credit Card, PayPal"}, transactions=[bought(1, "88.77"), bought(2, "5.00")]
    )
    assert (codes(decision), decision.documents) == (["paid_too_much"], ())


def test_a_payment_that_stands_with_another_amount_is_told(posted):
    life = posted(sales=INVOICE)
    life.stands["payment"] = replace(life.stands["payment"], amount=D("80.00"))
    decision = life.decided(life.raw, transactions=[bought(1, "88.77")])
    assert (codes(decision), decision.documents) == (["payment_changed"], ())


# -- closed books, earlier versions


@pytest.fixture
def closed(make_company):
    return replace(make_company(), book_close_date=date(2026, 5, 31))


def test_lines_of_closed_books_are_held(posted, closed):
    life = posted(sales=INVOICE, order=UNPAID)
    decision = life.edited(invoice=OPEN, company=closed)
    assert (codes(decision), decision.documents) == (["books_closed"], ())
    assert "is of 2026-04-30; the company's books are closed up to 2026-05-31" in decision.problems[0].text


@pytest.mark.parametrize(
    ("came", "more"), [(["88.77", "35.73"], []), (["88.77", "35.74"], ["paid_too_much"])], ids=["all of it", "more"]
)
@pytest.mark.parametrize("sales", [{}, INVOICE], ids=["receipt", "invoice"])
def test_what_came_in_for_a_change_that_is_held_keeps_no_refund_back(posted, closed, sales, came, more):
    """A person is told of it by then; beyond what the order comes to now, nobody is."""
    life = posted(sales=sales, workflows=WORKFLOWS, refunds=REFUNDS)
    told = [bought(number, amount) for number, amount in enumerate(came, 1)]
    settled = OpenInvoice(total=D("88.77"), balance=D(0))
    refunds = [refunded(1, "10.00") | {"created": "2026-06-03T15:00:00Z"}]
    decision = life.edited(refunds=refunds, transactions=told, invoice=settled, company=closed)
    assert ("refund-1" in [each.name for each in decision.documents]) == (not more)
    assert codes(decision)[-1:] == (more or ["books_closed"])


def test_where_the_money_of_closed_books_is_does_not_change(posted, closed):
    life = posted()
    decision = life.decided(life.raw | {"payment_method": "PayPal"}, company=closed)
    assert (codes(decision), decision.documents) == (["books_closed"], ())


def test_what_ships_after_its_books_were_closed_is_told_and_not_held(posted, closed):
    life = posted()
    decision = life.decided(life.raw | {"date_shipped": "Sat, 02 May 2026 10:00:00 +0000"}, company=closed)
    assert (codes(decision), decision.documents) == ([], ())
    assert "books_closed" in [notice.code for notice in decision.notices]


@pytest.mark.parametrize("earlier", ["0123456789abcdef0123456789abcdef", ""])
def test_of_an_earlier_version_only_the_total_is_known(posted, earlier):
    life = posted()
    life.stands["document"] = replace(life.stands["document"], hash=earlier)
    address = {"billing_address": life.raw["billing_address"] | {"city": "Dallas"}}
    assert (codes(life.decided(life.raw | address)), life.decided(life.raw | address).documents) == ([], ())
    decision = life.edited(transactions=[bought(1, "124.50")])
    assert (codes(decision), decision.documents) == (["changed_after_posting"], ())


# -- redeemed tenders

REDEEMED = {"gift_certificate_amount": "50.00"}


@pytest.mark.parametrize(("made", "later"), [("line", "credit_memo"), ("credit_memo", "line")])
def test_redeemed_tenders_stay_what_they_are(posted, make_connection, made, later):
    life = posted(sales=INVOICE | {"tenders_on_invoice": made}, order=UNPAID | REDEEMED)
    life.connection = make_connection(products={"match_by": "sku"}, sales=INVOICE | {"tenders_on_invoice": later})
    address = {"billing_address": life.raw["billing_address"] | {"city": "Dallas"}}
    assert set(update(life.decided(life.raw | address))) == {"BillAddr"}
    amount = life.stands["document"].amount
    assert amount == (D("38.77") if made == "line" else D("88.77"))
    balance = D("38.77")
    decision = life.edited(invoice=OpenInvoice(total=amount, balance=balance))
    assert [each.name for each in decision.documents] == ["document"]
    assert decision.documents[0].amount == amount + D("35.73")


def test_a_memo_settles_its_share_of_the_new_total(posted):
    life = posted(sales=INVOICE | {"tenders_on_invoice": "credit_memo"}, order=REDEEMED)
    assert list(life.stands) == ["document", "memo", "application", "payment"]
    settled = OpenInvoice(total=D("88.77"), balance=D(0))
    decision = life.edited(transactions=[bought(1, "38.77"), bought(2, "35.73")], invoice=settled)
    assert [(each.name, f"{each.amount:.2f}") for each in decision.documents] == [
        ("document", "124.50"),
        ("payment-2", "35.73"),
    ]
    less = life.edited(transactions=[bought(1, "38.77"), bought(2, "35.72")], invoice=settled)
    assert codes(less) == ["edited_after_payment"]


def test_another_redeemed_amount_is_told(posted):
    life = posted(sales=INVOICE | {"tenders_on_invoice": "credit_memo"}, order=UNPAID | REDEEMED)
    decision = life.decided(life.raw | {"gift_certificate_amount": "40.00"})
    assert (codes(decision), [each.name for each in decision.documents]) == (["payment_changed"], [])
