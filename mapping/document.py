"""The document of a sale as QuickBooks' JSON: a sales receipt or an invoice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from cartledger.money import ZERO
from cartledger.records import Order
from cartledger.settings import Connection
from mapping.address import email_of, postal
from mapping.currency import Exchange
from mapping.decision import Document
from mapping.lines import Line, line_body
from mapping.text import clean, cut, marker, note

_REFERENCE_LIMIT = 21


@dataclass(frozen=True, kw_only=True)
class Deposit:
    """Where the money goes: ids of the clearing account and the payment method ("" where none is mapped)."""

    account: str
    method: str


@dataclass(frozen=True, kw_only=True)
class Sale:
    """Everything that a sale's documents are made of. Amounts in its currency; `tax` are the body's fields."""

    order: Order
    connection: Connection
    day: date
    exchange: Exchange
    customer: str
    lines: Sequence[Line]
    tax: dict[str, Any]
    total: Decimal
    discount_account: str
    deposit: Deposit | None


def document_of(sale: Sale) -> Document:
    """The receipt or the invoice."""
    if sale.connection.sales.post_as == "sales_receipt":
        return _document(sale, "SalesReceipt", _receipt_only(sale))
    return _document(sale, "Invoice", {})


def _document(sale: Sale, entity: str, more: dict[str, Any]) -> Document:
    order, number = sale.order, sale.connection.number(sale.order.id)
    mark = marker(sale.connection.bigcommerce.store_hash, "order", order.id)
    email = email_of(order.billing)
    bill_to = postal(order.billing, addressee=True)
    ship_to = postal(order.ship_to, addressee=True) if order.ship_to else {}
    body = {
        "DocNumber": number,
        "TxnDate": sale.day.isoformat(),
        **sale.exchange.fields(sale.day),
        "CustomerRef": {"value": sale.customer},
        **({"BillEmail": {"Address": email}} if email else {}),
        **({"BillAddr": bill_to} if bill_to else {}),
        **({"ShipAddr": ship_to} if ship_to else {}),
        "Line": [line_body(line, sale.discount_account) for line in sale.lines],
        **sale.tax,
        "ApplyTaxAfterDiscount": True,
        **more,
        "PrivateNote": note(facts_of(order), mark),
    }
    return Document(name="document", order=0, entity=entity, body=body, number=number, marker=mark, amount=sale.total)


def _receipt_only(sale: Sale) -> dict[str, Any]:
    return {} if sale.deposit is None else money_came(sale.order, sale.deposit, nothing_paid=sale.total == ZERO)


def money_came(order: Order, deposit: Deposit, *, nothing_paid: bool = False) -> dict[str, Any]:
    """The fields that say where the money is, and what it came by."""
    account: dict[str, Any] = {"DepositToAccountRef": {"value": deposit.account}}
    if nothing_paid:
        return account
    reference = clean(order.payment_reference)[:_REFERENCE_LIMIT]
    return {
        **account,
        **({"PaymentMethodRef": {"value": deposit.method}} if deposit.method else {}),
        **({"PaymentRefNum": reference} if reference else {}),
    }


def facts_of(order: Order) -> list[str]:
    """What does not change with the order's progress, so that a shipped order is no other document."""
    facts = [f"BigCommerce order {order.id}."]
    if order.payment_method:
        facts.append(f"Payment method: {cut(clean(order.payment_method), 100)}.")
    if order.payment_reference:
        facts.append(f"Reference: {cut(clean(order.payment_reference), 200)}.")
    return facts
