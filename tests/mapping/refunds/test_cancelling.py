"""Orders that leave after they were posted: what is voided, taken back by a memo, or told to a person. Order 1001 is
example 1b: an invoice of 88.77 of 2026-05-01."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from cartledger.records import Operation
from mapping.facts import OpenInvoice
from mapping.transactions import read_transactions

INVOICE = {"sales.post_as": "invoice", "sales.statuses": [1, 7, 11]}
UNPAID = {"status_id": 7, "status": "Awaiting Payment", "payment_status": "pending"}
CANCELLED = {"status_id": 5, "status": "Cancelled", "payment_status": "pending"}
IN_MAY, IN_JUNE = "Wed, 20 May 2026 15:00:00 +0000", "Tue, 02 Jun 2026 15:00:00 +0000"
WHOLE = [
    ("A", "2 × 25", "50.00", "TAX"),
    ("B", "1 × 30", "30.00", "TAX"),
    ("Shipping", "1 × 10", "10.00", "TAX"),
    ("Discount", "1 × -8", "-8.00", "TAX"),
]


@pytest.fixture
def posted(world, order):
    """`posted(**settings) -> World, stands` of an invoice that nobody paid."""

    def posted_(company="us", **settings):
        here = world(company, **INVOICE | settings)
        return here, here.decide(order(**UNPAID)).stands()

    return posted_


def called_off(order, when=IN_MAY, **more):
    return order(**CANCELLED | {"date_modified": when} | more)


def row(amount, number=1):
    return {
        "id": number,
        "event": "purchase",
        "method": "credit_card",
        "amount": Decimal(amount),
        "currency": "USD",
        "gateway": "stripe",
        "date_created": "2026-05-02T15:30:00+00:00",
        "status": "ok",
    }


def came(*amounts):
    return {"transactions": read_transactions(row(amount, number) for number, amount in enumerate(amounts, 1))}


# -- what is voided, and what a memo takes back


def test_a_void_is_of_the_invoice_as_it_stands(posted, order):
    here, stands = posted()
    life = here.decide(called_off(order), stands=stands, owed="88.77")
    (void,) = life.post.documents
    assert (void.name, void.entity, void.operation) == ("cancellation", "Invoice", Operation.VOID)
    assert void.body == {"Id": "100", "SyncToken": "0", "sparse": True}
    assert (void.number, void.marker, void.amount) == ("BC-1001", "cartledger:abc123:order:1001", 0)
    assert (void.hash, life.codes) == (stands["document"].hash, [])


@pytest.mark.parametrize("company", ["us", "us_ast"])
def test_example_10c_a_memo_says_what_the_invoice_says(posted, order, company):
    here, stands = posted(company)
    life = here.decide(called_off(order, IN_JUNE), stands=stands, owed="88.77")
    assert life.kinds == {"cancellation": "CreditMemo", "cancellation-application": "Payment"}
    assert (life.rows("cancellation"), life.total("cancellation"), life.tax("cancellation")) == (WHOLE, "88.77", "6.77")
    memo, application = life.body("cancellation"), life.body("cancellation-application")
    assert (memo["DocNumber"], memo["TxnDate"], memo["CustomerRef"]) == ("R-1001", "2026-06-02", {"value": "1"})
    assert memo["PrivateNote"].splitlines() == [
        "BigCommerce order 1001 (BC-1001) was called off.",
        "cartledger:abc123:cancellation:1001",
    ]
    assert (application["TotalAmt"], application["TxnDate"]) == (0, "2026-06-02")
    assert [(line["Amount"], line["LinkedTxn"][0]) for line in application["Line"]] == [
        (Decimal("88.77"), {"TxnId": "100", "TxnType": "Invoice"}),
        (Decimal("88.77"), {"TxnId": {"$ref": "cancellation"}, "TxnType": "CreditMemo"}),
    ]
    assert application["PrivateNote"].endswith("cartledger:abc123:cancellation-application:1001")
    assert life.document("cancellation").hash.count("charges:") == 1


@pytest.mark.option("refunds.cancel_unpaid")
@pytest.mark.parametrize(
    ("setting", "when", "closed", "outcome"),
    [
        ("auto", IN_MAY, None, "void"),
        ("auto", IN_MAY, "2026-04-30", "void"),
        ("auto", IN_MAY, "2026-05-01", "memo"),
        ("auto", IN_JUNE, None, "memo"),
        ("auto", "Thu, 20 May 2027 15:00:00 +0000", None, "memo"),
        ("auto", "Mon, 01 Jun 2026 04:00:00 +0000", None, "void"),
        ("auto", "Mon, 01 Jun 2026 06:00:00 +0000", None, "memo"),
        ("auto", IN_MAY, "2026-05-20", "books_closed"),
        ("void", IN_MAY, None, "void"),
        ("void", IN_JUNE, None, "void"),
        ("void", IN_JUNE, "2026-05-01", "books_closed"),
        ("credit_memo", IN_MAY, None, "memo"),
        ("credit_memo", IN_JUNE, None, "memo"),
        ("credit_memo", IN_JUNE, "2026-06-02", "books_closed"),
    ],
)
def test_what_becomes_of_an_unpaid_invoice(posted, order, setting, when, closed, outcome):
    """Days are those of the documents' zone, in which the last day of May ends at five in the morning UTC."""
    here, stands = posted(**{"refunds.cancel_unpaid": setting})
    life = here.decide(called_off(order, when), stands=stands, owed="88.77", closed=closed)
    kinds = {"cancellation": "Invoice"} if outcome == "void" else {}
    if outcome == "memo":
        kinds = {"cancellation": "CreditMemo", "cancellation-application": "Payment"}
    assert life.kinds == kinds
    assert life.codes == ([outcome] if outcome == "books_closed" else [])


@pytest.mark.option("closed_books", "refunds.cancel_unpaid")
def test_a_cancellation_of_closed_days_bears_the_first_open_one(posted, order):
    here, stands = posted(closed_books="first_open_day")
    life = here.decide(called_off(order), stands=stands, owed="88.77", closed="2026-05-31")
    memo = life.body("cancellation")
    assert (memo["TxnDate"], life.body("cancellation-application")["TxnDate"]) == ("2026-06-01", "2026-06-01")
    assert "Of 2026-05-20, whose books are closed." in memo["PrivateNote"]
    assert [notice.code for notice in life.post.notices] == ["dated_anew"]


@pytest.mark.option("refunds.statuses")
@pytest.mark.parametrize(
    ("statuses", "status", "outcome"),
    [
        (None, 5, "taken back"),
        (None, 6, "left_after_posting"),
        (["Cancelled", "Declined"], 6, "taken back"),
        (["Refunded"], 5, "left_after_posting"),
        (["Cancelled"], 13, "left_after_posting"),
    ],
)
def test_which_statuses_call_an_order_off(posted, order, statuses, status, outcome):
    here, stands = posted(**({} if statuses is None else {"refunds.statuses": statuses}))
    life = here.decide(called_off(order, status_id=status), stands=stands, owed="88.77")
    assert (list(life.kinds), life.codes) == ((["cancellation"], []) if outcome == "taken back" else ([], [outcome]))


@pytest.mark.parametrize(("status", "kinds", "codes"), [(5, ["cancellation"], []), (11, [], ["left_after_posting"])])
def test_archiving_says_nothing_about_money(posted, order, status, kinds, codes):
    here, stands = posted()
    life = here.decide(called_off(order, status_id=status, is_deleted=True), stands=stands, owed="88.77")
    assert (list(life.kinds), life.codes) == (kinds, codes)


@pytest.mark.option("workflows")
def test_without_the_workflow_a_person_is_told(posted, order):
    here, stands = posted(workflows=["sales", "payments"])
    life = here.decide(called_off(order), stands=stands)
    assert (life.kinds, life.codes) == ({}, ["left_after_posting"])


def test_an_order_that_was_never_posted_stays_out(world, order):
    decision = world(**INVOICE).decide(called_off(order)).decision
    assert decision.rule == "Its status Cancelled (5) is not among sales.statuses."


def test_the_invoice_is_asked_for_before_it_is_taken_back(posted, order):
    here, stands = posted()
    assert here.decide(called_off(order), stands=stands).needs == "invoice"


def test_how_much_came_in_is_asked_of_the_transactions(posted, order):
    """On the day of the order nothing else would ask for them, and the header says of a part that it was captured."""
    here, stands = posted()
    now = order(**CANCELLED | {"payment_status": "captured"})
    assert here.decide(now, stands=stands, transactions=None).needs == "transactions"


def test_a_receipt_asks_quickbooks_for_nothing(world, order):
    here = world()
    stands = here.decide(order()).stands()
    life = here.decide(called_off(order, payment_status="captured"), stands=stands)
    assert (life.kinds, life.codes) == ({}, ["cancelled_money_kept"])


# -- what does not stand yet is written when it is decided again


def taken_back_in_part(posted, order, refund, item):
    """Example 10d: 40.00 of 88.77 came in and went back."""
    here, stands = posted()
    stands |= here.decide(
        order(**UNPAID | {"status_id": 1, "payment_status": "captured"}), stands=stands, **came("40.00")
    ).stands()
    back = refund(12, item("ORDER", 1001, "40.00"), total="40.00")
    gone = called_off(order, payment_status="captured")
    return here, stands, gone, back


def test_example_10d_what_was_paid_in_part_is_sent_back(posted, order, refund, item):
    here, stands, gone, back = taken_back_in_part(posted, order, refund, item)
    life = here.decide(gone, back, stands=stands, owed="48.77", **came("40.00"))
    assert life.kinds == {
        "cancellation": "CreditMemo",
        "refund-12-cash": "Purchase",
        "refund-12-cash-application": "Payment",
        "cancellation-application": "Payment",
    }
    assert life.rows("cancellation") == WHOLE
    cash, applied = life.body("refund-12-cash"), life.body("refund-12-cash-application")
    assert (cash["PaymentType"], cash["EntityRef"]) == ("Cash", {"value": "1", "type": "Customer"})
    assert life.named("refund-12-cash", "AccountRef") == "Card clearing"
    ((line),) = cash["Line"]
    assert (line["Amount"], life._name("Account", line["AccountBasedExpenseLineDetail"]["AccountRef"])) == (
        Decimal("40.00"),
        "Accounts Receivable (A/R)",
    )
    assert cash["PrivateNote"].endswith("cartledger:abc123:refund-cash:12")
    assert [(line["Amount"], line["LinkedTxn"][0]["TxnType"]) for line in applied["Line"]] == [
        (Decimal("40.00"), "Expense"),
        (Decimal("40.00"), "CreditMemo"),
    ]
    settled = life.body("cancellation-application")["Line"]
    assert [line["Amount"] for line in settled] == [Decimal("48.77"), Decimal("48.77")]


@pytest.mark.parametrize("made", range(5))
def test_what_is_missing_is_written_wherever_it_ended(posted, order, refund, item, made):
    here, stands, gone, back = taken_back_in_part(posted, order, refund, item)
    whole = here.decide(gone, back, stands=stands, owed="48.77", **came("40.00"))
    names = list(whole.kinds)
    stands |= {name: each for name, each in whole.stands().items() if name in names[:made]}
    life = here.decide(gone, back, stands=stands, owed="48.77" if made < 4 else "0.00", **came("40.00"))
    assert (list(life.kinds), life.codes) == (names[made:], [])
    for name in names[made:]:
        links = [line["LinkedTxn"][0]["TxnId"] for line in life.body(name)["Line"] if "LinkedTxn" in line]
        assert [link for link in links if isinstance(link, dict) and link["$ref"] in stands] == []


# -- what earlier refunds have left


def with_a_refund(posted, order, back, **settings):
    """40.00 of 88.77 came in, and `back` has documents of its own."""
    here, stands = posted(**settings)
    paying = order(**UNPAID | {"status_id": 1, "payment_status": "captured"})
    stands |= here.decide(paying, stands=stands, **came("40.00")).stands()
    stands |= here.decide(paying, back, stands=stands, owed="48.77", **came("40.00")).stands()
    return here, stands


def test_goods_that_were_put_back_are_not_put_back_twice(posted, order, refund, product, item):
    """Units count where stock moves. The company's own shipping is one line of the form."""
    one = refund(12, product(1), item("SHIPPING", 1, "4.00"), total="28.69", tax="2.19")
    here, stands = with_a_refund(posted, order, one, **{"refunds.restock": "always", "sales.shipping_item": None})
    rest = refund(15, item("ORDER", 1001, "11.31"), total="11.31")
    life = here.decide(
        called_off(order, payment_status="captured"), one, rest, stands=stands, owed="48.77", **came("40.00")
    )
    assert life.rows("cancellation") == [
        ("A", "2 × 25", "50.00", "TAX"),
        ("B", "1 × 30", "30.00", "TAX"),
        ("SHIPPING_ITEM_ID", "", "6.00", "TAX"),
        ("Discount", "1 × -8", "-8.00", "TAX"),
        ("A", "-1 × 22.5", "-22.50", "TAX"),
    ]
    assert (life.total("cancellation"), life.tax("cancellation")) == ("60.08", "4.58")
    assert (life.total("refund-15-cash"), life.codes) == ("11.31", [])


def test_an_invoice_with_a_refund_is_not_voided(posted, order, refund, item):
    """What became store credit took nothing off the invoice, and its memo stands all the same."""
    here, stands = posted()
    back = refund(12, item("ORDER", 1001, "10.00"), total="10.00", paid=[("storecredit", "10.00")])
    stands |= here.decide(order(**UNPAID), back, stands=stands, owed="88.77").stands()
    life = here.decide(called_off(order), back, stands=stands, owed="88.77")
    assert "cancellation" not in life.kinds or life.document("cancellation").operation is Operation.CREATE


def test_money_goes_back_on_its_own_day_and_leaves_the_accounts_that_it_left(posted, order, refund, item):
    """The memo that it is taken off is of a later day."""
    here, stands = posted(**{"payments.methods": {"PayPal": {"account": "PayPal clearing"}}})
    two = {"transactions": read_transactions([row("25.00"), row("15.00", 2) | {"gateway": "PayPal"}])}
    stands |= here.decide(
        order(**UNPAID | {"status_id": 1, "payment_status": "captured"}), stands=stands, **two
    ).stands()
    back = refund(12, item("ORDER", 1001, "40.00"), total="40.00", paid=[("stripe", "25.00"), ("PayPal", "15.00")])
    gone = called_off(order, IN_JUNE, payment_status="captured")
    life = here.decide(gone, back, stands=stands, owed="48.77", **two)
    assert {name: life.body(name)["TxnDate"] for name in life.kinds} == {
        "cancellation": "2026-06-02",
        "refund-12-transfer": "2026-05-20",
        "refund-12-cash": "2026-05-20",
        "refund-12-cash-application": "2026-06-02",
        "cancellation-application": "2026-06-02",
    }
    assert (life.total("refund-12-cash"), life.total("refund-12-transfer")) == ("40.00", "15.00")


def test_what_does_not_close_is_a_persons_to_take_back(posted, order, refund, item):
    """Somebody has paid by hand and the shop gave nothing of it back, but store credit."""
    here, stands = posted()
    back = refund(12, item("ORDER", 1001, "40.00"), total="40.00", paid=[("storecredit", "40.00")])
    by_hand = OpenInvoice(total=Decimal("88.77"), balance=Decimal("68.77"))
    life = here.decide(called_off(order), back, stands=stands, invoice=by_hand)
    assert (life.kinds, life.codes) == ({}, ["cancellation_does_not_close"])


# -- what is left to a person


@pytest.mark.parametrize(
    ("invoice", "codes", "notices"),
    [
        (OpenInvoice(total=Decimal(0), balance=Decimal(0)), [], ["voided_by_hand"]),
        (OpenInvoice(total=Decimal(0), balance=Decimal(0), gone=True), [], ["deleted_by_hand"]),
        (OpenInvoice(total=Decimal("89.77"), balance=Decimal("89.77")), ["changed_by_hand"], []),
        (OpenInvoice(total=Decimal("88.77"), balance=Decimal("48.77")), ["cancelled_money_kept"], []),
        (OpenInvoice(total=Decimal("88.77"), balance=Decimal("0.00")), ["cancelled_money_kept"], []),
    ],
)
def test_what_the_bookkeeper_did_is_left_alone(posted, order, invoice, codes, notices):
    here, stands = posted()
    life = here.decide(called_off(order), stands=stands, invoice=invoice)
    assert (life.kinds, life.codes, [each.code for each in life.post.notices]) == ({}, codes, notices)


def test_money_that_went_back_of_an_invoice_that_is_gone_is_a_persons_to_book(posted, order, refund, item):
    here, stands, gone, back = taken_back_in_part(posted, order, refund, item)
    voided = OpenInvoice(total=Decimal(0), balance=Decimal(0))
    life = here.decide(gone, back, stands=stands, invoice=voided, **came("40.00"))
    assert (life.kinds, life.codes) == ({}, ["voided_by_hand"])


def test_an_order_that_was_changed_before_is_not_what_stands(posted, order, line):
    here, stands = posted()
    edited = order(line("A", 3, "75.00", "6.19"), **CANCELLED, date_modified=IN_JUNE)
    life = here.decide(edited, stands=stands, owed="88.77")
    assert (life.kinds, life.codes) == ({}, ["changed_and_called_off"])
    in_may = edited | {"date_modified": IN_MAY}
    assert here.decide(in_may, stands=stands, owed="88.77").kinds == {"cancellation": "Invoice"}


def test_settings_that_changed_since_take_nothing_back_otherwise(posted, order):
    here, stands = posted()
    here.settings["sales"]["shipping_item"] = "Handling"
    life = here.decide(called_off(order, IN_JUNE), stands=stands, owed="88.77")
    assert (life.total("cancellation"), life.codes) == ("88.77", [])


def test_a_company_that_applies_credits_by_itself_gets_no_memo(posted, order):
    here, stands = posted()
    here.company.preferences["SalesFormsPrefs"]["AutoApplyCredit"] = True
    life = here.decide(called_off(order, IN_JUNE), stands=stands, owed="88.77")
    assert (life.kinds, life.codes) == ({}, ["credits_applied"])
    assert here.decide(called_off(order), stands=stands, owed="88.77").kinds == {"cancellation": "Invoice"}


def test_several_accounts_that_customers_owe_on(posted, order, refund, item):
    here, stands, gone, back = taken_back_in_part(posted, order, refund, item)
    here.company.create("Account", {"Name": "Receivables 2", "AccountType": "Accounts Receivable"})
    life = here.decide(gone, back, stands=stands, owed="48.77", **came("40.00"))
    assert (life.kinds, life.codes) == ({}, ["several_receivables"])


def test_an_order_of_nothing_is_taken_back_itself(world, order, line):
    """A discount of 100 %: the goods went out of the books, and come back."""
    free = line("A", 1, "50.00", off="50.00")
    here = world(**INVOICE)
    stands = here.decide(order(free, **UNPAID)).stands()
    assert here.decide(order(free, **CANCELLED, date_modified=IN_MAY), stands=stands, owed="0.00").kinds == {
        "cancellation": "Invoice"
    }
    later = here.decide(order(free, **CANCELLED, date_modified=IN_JUNE), stands=stands, owed="0.00")
    assert (later.kinds, later.total("cancellation")) == ({"cancellation": "CreditMemo"}, "0.00")
    stands |= later.stands()
    assert here.decide(order(free, **CANCELLED, date_modified=IN_JUNE), stands=stands).kinds == {}


@pytest.mark.parametrize(
    ("when", "kinds", "codes"), [(IN_MAY, ["cancellation"], []), (IN_JUNE, [], ["left_after_posting"])]
)
def test_a_receipt_of_nothing_can_only_be_voided(world, order, line, when, kinds, codes):
    free, here = line("A", 1, "50.00", off="50.00"), world()
    stands = here.decide(order(free)).stands()
    life = here.decide(order(free, **CANCELLED, date_modified=when), stands=stands)
    assert (list(life.kinds), life.codes) == (kinds, codes)
    if kinds:
        assert (life.document("cancellation").entity, life.document("cancellation").operation) == (
            "SalesReceipt",
            Operation.VOID,
        )
    assert here.decide(order(free, is_deleted=True), stands=stands).codes == []


# -- money that moves once the sale was taken back


def test_a_refund_that_was_declined_after_all_is_undone_and_told_of(posted, order, refund, item):
    here, stands, gone, back = taken_back_in_part(posted, order, refund, item)
    stands |= here.decide(gone, back, stands=stands, owed="48.77", **came("40.00")).stands()
    said_no = refund(12, item("ORDER", 1001, "40.00"), total="40.00", declined=["stripe"])
    life = here.decide(gone, said_no, stands=stands, **came("40.00"))
    assert [(each.name, each.operation) for each in life.post.documents] == [
        ("refund-12-cash-application-undone", Operation.DELETE),
        ("refund-12-cash-undone", Operation.DELETE),
    ]
    assert life.codes == ["declined_after_cancellation"]
    stands |= {each.name: replace(stands["document"], entity=each.entity) for each in life.post.documents}
    life = here.decide(gone, said_no, stands=stands, **came("40.00"))
    assert (life.kinds, life.codes) == ({}, ["declined_after_cancellation"])


@pytest.mark.parametrize("when", [IN_MAY, IN_JUNE])
def test_money_that_comes_after_all_is_told_of_until_it_goes_back(posted, order, refund, item, when):
    here, stands = posted()
    taken = here.decide(called_off(order, when), stands=stands, owed="88.77")
    stands |= taken.stands() or {"cancellation": replace(stands["document"], amount=Decimal(0))}
    assert here.decide(called_off(order, when), stands=stands).codes == []
    paid = called_off(order, when, payment_status="captured")
    assert here.decide(paid, stands=stands).codes == ["paid_after_cancellation"]
    life = here.decide(paid, refund(12, item("ORDER", 1001, "88.77"), total="88.77"), stands=stands)
    assert (life.kinds, life.codes) == ({}, [])


def test_without_the_workflow_payments_what_the_shop_says_is_believed(posted, order):
    here, stands = posted(workflows=["sales", "refunds"])
    paid = called_off(order, payment_status="captured")
    assert here.decide(paid, stands=stands, owed="88.77").codes == ["cancelled_money_kept"]


def test_an_invoice_of_an_unknown_day_is_taken_back_by_a_memo(posted, order):
    here, stands = posted()
    stands["document"] = replace(stands["document"], day=None)
    assert here.decide(called_off(order), stands=stands, owed="88.77").kinds["cancellation"] == "CreditMemo"
