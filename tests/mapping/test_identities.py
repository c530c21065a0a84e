"""What finished documents must come to together, asked of documents that are wrong on purpose."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cartledger.money import D
from cartledger.records import read_order
from mapping.decision import Held, Post
from mapping.identities import check_documents
from mapping.sale import _checked


@pytest.fixture
def sale(example, decide, make_connection):
    """The order, then its invoice and payment."""
    connection = make_connection(sales={"post_as": "invoice"})
    return read_order(example("5")), *decide(example("5"), connection=connection).documents


@pytest.fixture
def with_memo(example, decide, make_connection):
    """The order, then invoice, memo, application and payment."""
    connection = make_connection(sales={"post_as": "invoice", "tenders_on_invoice": "credit_memo"})
    return read_order(example("5")), *decide(example("5"), connection=connection).documents


def names(problems):
    return [problem.text.removeprefix("The document's ").partition(" would")[0] for problem in problems]


def changed(document, amount=None, **fields):
    return replace(document, body=document.body | fields, amount=document.amount if amount is None else D(amount))


def lines(document, *amounts):
    """The document's lines with other amounts."""
    pairs = zip(document.body["Line"], amounts, strict=True)
    return [line | {"Amount": D(amount)} for line, amount in pairs]


def test_right_documents_pass(sale, with_memo):
    order, *documents = sale
    assert check_documents(documents, order) == ()
    order, *documents = with_memo
    assert [document.name for document in documents] == ["document", "memo", "application", "payment"]
    assert check_documents(documents, order) == ()


def test_a_line_of_another_amount_is_found(sale):
    order, invoice, _ = sale
    wrong = changed(invoice, Line=lines(invoice, "80.01", "5.00", "-50.00"))
    assert names(check_documents([wrong], order)) == ["lines and tax", "net"]


def test_another_tax_is_found(sale):
    order, invoice, _ = sale
    wrong = changed(invoice, TxnTaxDetail=invoice.body["TxnTaxDetail"] | {"TotalTax": D("7.02")})
    assert names(check_documents([wrong], order)) == ["lines and tax", "tax"]


def test_taxes_of_rates_that_do_not_sum_are_found(sale):
    order, invoice, _ = sale
    first, second = invoice.body["TxnTaxDetail"]["TaxLine"]
    block = invoice.body["TxnTaxDetail"] | {"TaxLine": [first | {"Amount": first["Amount"] + D("0.01")}, second]}
    assert names(check_documents([changed(invoice, TxnTaxDetail=block)], order)) == ["tax by rate"]


def test_a_forgotten_tender_is_found(sale):
    order, invoice, _ = sale
    wrong = changed(invoice, "92.01", Line=invoice.body["Line"][:-1])
    assert names(check_documents([wrong], order)) == ["total and redeemed tenders", "net"]


def test_a_payment_that_settles_another_amount_is_found(sale):
    order, invoice, payment = sale
    wrong = changed(payment, TotalAmt=D("42.00"))
    assert names(check_documents([invoice, wrong], order)) == ["payment"]


def test_payments_of_more_than_is_owed_are_found(sale):
    order, invoice, payment = sale
    assert check_documents([invoice, changed(payment, TotalAmt=D("42.00"), Line=lines(payment, "42.00"))], order) == ()
    more = changed(payment, TotalAmt=D("42.02"), Line=lines(payment, "42.02"))
    assert names(check_documents([invoice, more], order)) == ["payments beyond what is owed"]
    assert names(check_documents([invoice, payment, payment], order)) == ["payments beyond what is owed"]


def test_a_credit_memo_of_another_amount_is_found(with_memo):
    order, invoice, memo, application, payment = with_memo
    wrong = changed(memo, Line=lines(memo, "50.01"))
    assert names(check_documents([invoice, wrong, application, payment], order)) == ["redeemed tenders"]
    wrong = changed(memo, "50.01", Line=lines(memo, "50.01"))
    assert names(check_documents([invoice, wrong, application, payment], order)) == [
        "total and redeemed tenders",
        "net",
        "credit memo",
        "payments beyond what is owed",
    ]


def test_an_application_that_settles_more_of_the_invoice_than_of_the_memo_is_found(with_memo):
    order, invoice, memo, application, payment = with_memo
    wrong = changed(application, Line=lines(application, "50.01", "50.00"))
    assert names(check_documents([invoice, memo, wrong, payment], order)) == ["payment"]


def test_a_sale_that_fails_the_last_pass_is_held(sale):
    order, invoice, payment = sale
    wrong = changed(invoice, Line=lines(invoice, "80.01", "5.00", "-50.00"))
    posted = Post(documents=(wrong, payment))
    decision = _checked(posted, posted.documents, order)
    assert isinstance(decision, Held)
    assert names(decision.problems) == ["lines and tax", "net"]
    assert "92.01" in decision.problems[0].text
