"""The last pass: what finished documents must come to, whatever made them (design §7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from cartledger.errors import Problem
from cartledger.money import ZERO, cents
from cartledger.records import Order
from cartledger.refunds import Refund
from mapping.decision import Document
from mapping.totals import Totals, breakdown, read_totals

_Asked = tuple[str, Decimal, Decimal]
"""What is asked, what the documents say, what they should say."""


def check_documents(documents: Sequence[Document], order: Order) -> tuple[Problem, ...]:
    """The identities that all documents of an order must meet together, asked of their finished bodies. Empty when all
    hold."""
    totals = read_totals(order)
    if isinstance(totals, Problem):
        return (totals,)
    return tuple(
        Problem(
            code="identity_violated",
            text=f"The document's {what} would be {found} where the order says {wanted}: {breakdown(order)}",
            fix="This is a fault of cartledger: please report it with the order's figures.",
        )
        for what, found, wanted in _asked(documents, order, totals)
        if found != wanted
    )


def check_refund(documents: Sequence[Document], refund: Refund, *, money: Decimal) -> tuple[Problem, ...]:
    """The same of a refund: `money` is what of it left an account. Transfers move parts of that."""
    return tuple(
        Problem(
            code="identity_violated",
            text=f"The {what} of refund {refund.id}'s document would be {found}, where the refund says {wanted}.",
            fix="This is a fault of cartledger: please report it with the refund's figures.",
        )
        for document in documents
        if document.entity in ("RefundReceipt", "CreditMemo")
        for what, found, wanted in _of_the_refund(document, refund, money)
        if found != wanted
    )


def _of_the_refund(document: Document, refund: Refund, money: Decimal) -> Iterator[_Asked]:
    block = document.body.get("TxnTaxDetail", {})
    tax = block.get("TotalTax", ZERO)
    yield "lines and tax", _net(document) + tax, document.amount
    yield "total", document.amount, money
    yield "tax", tax, refund.tax
    yield "tax by rate", _by_rate(block), refund.tax


def _asked(documents: Sequence[Document], order: Order, totals: Totals) -> Iterator[_Asked]:
    redeemed = cents(order.tenders)
    memo = sum((each.amount for each in documents if each.entity == "CreditMemo"), ZERO)
    owed, paid = -memo, ZERO
    for document in documents:
        if document.entity == "Payment":
            paid += document.body["TotalAmt"]
            yield "payment", document.body["TotalAmt"], _settled(document)
        elif document.entity == "CreditMemo":
            yield "redeemed tenders", _net(document), document.amount
            yield "credit memo", document.amount, redeemed
        else:
            owed += document.amount
            yield from _of_the_sale(document, totals, redeemed - memo)
    yield "payments beyond what is owed", max(paid - owed, ZERO), ZERO


def _of_the_sale(document: Document, totals: Totals, redeemed: Decimal) -> Iterator[_Asked]:
    """`redeemed` is what the lines took of it."""
    net, block = _net(document), document.body.get("TxnTaxDetail", {})
    tax = block.get("TotalTax", ZERO)
    yield "lines and tax", net + tax, document.amount
    yield "total and redeemed tenders", document.amount + redeemed, totals.total_inc
    yield "tax", tax, totals.tax
    yield "tax by rate", _by_rate(block), totals.tax
    yield "net", net + redeemed, totals.total_ex


def _by_rate(block: Mapping[str, Any]) -> Decimal:
    """What the rates sum to; without a line for each, the whole."""
    return sum((line["Amount"] for line in block.get("TaxLine", [{"Amount": block.get("TotalTax", ZERO)}])), ZERO)


def _net(document: Document) -> Decimal:
    return sum((_signed(line) for line in document.body["Line"]), ZERO)


def _settled(payment: Document) -> Decimal:
    """What a payment settles; a credit memo is settled from the other side."""
    return sum(
        (
            -line["Amount"] if linked["TxnType"] == "CreditMemo" else line["Amount"]
            for line in payment.body["Line"]
            for linked in line["LinkedTxn"]
        ),
        ZERO,
    )


def _signed(line: Mapping[str, Any]) -> Decimal:
    amount: Decimal = line["Amount"]
    return -amount if line["DetailType"] == "DiscountLineDetail" else amount
