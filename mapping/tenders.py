"""The documents beside an invoice: a payment for each that came in, and a credit memo for what was redeemed.

Redeemed certificates and store credit are negative lines of the sale, since a payment cannot be deposited to a
liability. Where the invoice is to show the full amount they are a credit memo instead, applied to it by a payment of
nothing that names both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from cartledger.errors import Problem
from cartledger.money import ZERO
from cartledger.records import Order
from cartledger.settings import MEMO_SUFFIX, NUMBER_LENGTH, Connection
from mapping.case import SALE
from mapping.closing import Booked, booked
from mapping.decision import Document
from mapping.document import Sale
from mapping.facts import Facts
from mapping.finder import Finder
from mapping.lines import Line, line_body
from mapping.payments.money import INVOICE, Money, Received, payment_name
from mapping.text import clean, cut, marker, note

MEMO, APPLICATION = "memo", "application"
"""What the credit memo and the payment that applies it are called among the order's documents."""


def payments_of(sale: Sale, received: Sequence[Received]) -> Iterator[Document]:
    """A payment of the invoice for each: what becomes of one decides about the next. The first is told by the order's
    id, further ones by their transaction's, too."""
    for number, each in enumerate(received, 1):
        first = number == 1
        mark = _mark(sale, "payment", "" if first else f"-{each.transaction}")
        body = {
            "TxnDate": each.day.isoformat(),
            **sale.exchange.fields(each.day),
            "CustomerRef": {"value": sale.customer},
            "TotalAmt": each.amount,
            **each.deposit.fields,
            "Line": [_settles(sale, SALE, "Invoice", each.amount)],
            "PrivateNote": note([*_words(sale, each), *each.booked.words], mark),
        }
        yield Document(
            name=payment_name(number),
            entity="Payment",
            body=body,
            number="",
            marker=mark,
            amount=each.amount,
            own_day=each.booked.own,
        )


def memo_lines(
    order: Order, lines: Sequence[Line], total: Decimal, money: Money, facts: Facts, find: Finder
) -> tuple[Line, ...]:
    """Those that a credit memo takes from the sale, of which `total` is to be paid; what keeps it from being made is
    reported to `find`."""
    redeemed = tuple(line for line in lines if line.redeemed)
    off = sum((line.amount for line in redeemed), ZERO)
    if not redeemed or money.entity != INVOICE or not _by_memo(total - off, facts, find.connection):
        return ()
    number = _memo_number(order, find.connection)
    if len(number) > NUMBER_LENGTH:
        text = f"The credit memo's number {number} is longer than QuickBooks' {NUMBER_LENGTH} characters."
        find.report(Problem(code="number_too_long", text=text, fix="Shorten sales.number_prefix."))
    if find.company.applies_credits:
        text = "The company applies credit memos by itself, and may settle another invoice with what was redeemed here."
        fix = 'Switch that off in QuickBooks under Automation, or set sales.tenders_on_invoice = "line".'
        find.report(Problem(code="credits_applied", text=text, fix=fix))
    return redeemed


def _by_memo(whole: Decimal, facts: Facts, connection: Connection) -> bool:
    """An invoice that stands keeps to what it was made with, whatever the settings say by now. `whole` is what it comes
    to with a memo."""
    standing = facts.stands.get(SALE)
    if standing is None:
        return connection.sales.tenders_on_invoice == "credit_memo"
    return MEMO in facts.stands or standing.amount == whole


def tender_days(sale: Booked, facts: Facts, find: Finder) -> dict[str, Booked]:
    """The days of the memo and its application: the sale's, unless the books were closed before they were made."""
    days: dict[str, Booked] = {}
    for name in (MEMO, APPLICATION):
        own, standing = sale.own or sale.day, facts.stands.get(name)
        day = booked(own, "The order is of", standing=standing, connection=find.connection, company=find.company)
        if isinstance(day, Booked):
            days[name] = day
        else:
            find.report(day)
    return days


def memo_of(sale: Sale, lines: Sequence[Line], tax: dict[str, Any]) -> Document:
    """The credit memo of what was redeemed, `lines` as a sale has them: negative. Sent once the invoice stands."""
    mark, day = _mark(sale, "redeemed"), sale.days[MEMO]
    number = _memo_number(sale.order, sale.connection)
    turned = [replace(line, amount=-line.amount) for line in lines]
    kept = ("ClassRef", "DepartmentRef")
    body = {
        "DocNumber": number,
        "TxnDate": day.day.isoformat(),
        **sale.exchange.fields(day.day),
        "CustomerRef": {"value": sale.customer},
        **{name: value for name, value in sale.header.fields.items() if name in kept},
        "Line": [line_body(line, "", sale.header.line_class) for line in turned],
        **tax,
        "PrivateNote": note([f"Redeemed on BigCommerce order {sale.order.id}.", *day.words], mark),
    }
    return Document(
        name=MEMO,
        entity="CreditMemo",
        body=body,
        number=number,
        marker=mark,
        amount=sum((line.amount for line in turned), ZERO),
        own_day=day.own,
    )


def application_of(sale: Sale, amount: Decimal) -> Document:
    """The payment of nothing that settles `amount` of the invoice with the memo."""
    mark, day = _mark(sale, "application"), sale.days[APPLICATION]
    body = {
        "TxnDate": day.day.isoformat(),
        **sale.exchange.fields(day.day),
        "CustomerRef": {"value": sale.customer},
        "TotalAmt": ZERO,
        "Line": [_settles(sale, SALE, "Invoice", amount), _settles(sale, MEMO, "CreditMemo", amount)],
        "PrivateNote": note([f"Redeemed on BigCommerce order {sale.order.id}.", *day.words], mark),
    }
    return Document(
        name=APPLICATION,
        entity="Payment",
        body=body,
        number="",
        marker=mark,
        amount=ZERO,
        own_day=day.own,
    )


def _memo_number(order: Order, connection: Connection) -> str:
    """Never QuickBooks' own, which credit memos cannot be given."""
    return f"{connection.number(order.id)}{MEMO_SUFFIX}"


def _mark(sale: Sale, kind: str, more: str = "") -> str:
    return marker(sale.connection.bigcommerce.store_hash, kind, f"{sale.order.id}{more}")


def _settles(sale: Sale, name: str, entity: str, amount: Decimal) -> dict[str, Any]:
    return {"Amount": amount, "LinkedTxn": [{"TxnId": sale.facts.ref(name), "TxnType": entity}]}


def _words(sale: Sale, received: Received) -> list[str]:
    words = [f"Payment of BigCommerce order {sale.order.id}."]
    if received.method:
        words.append(f"Payment method: {cut(clean(received.method), 100)}.")
    if received.deposit.reference:
        words.append(f"Reference: {cut(clean(received.deposit.reference), 200)}.")
    return words
