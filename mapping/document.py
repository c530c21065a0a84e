"""The document of a sale as QuickBooks' JSON: a sales receipt or an invoice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from cartledger.money import ZERO, cents
from cartledger.records import Order, OrderLine
from cartledger.settings import Connection
from mapping.address import email_of, postal
from mapping.case import SALE
from mapping.closing import Booked
from mapping.currency import Exchange
from mapping.decision import Document
from mapping.facts import Facts
from mapping.fingerprint import ACCOUNTS, ADDRESS, CHARGES, SHIPPING, WORDS
from mapping.header import Header
from mapping.lines import Line, line_body
from mapping.payments.money import INVOICE, RECEIPT, Money
from mapping.text import clean, cut, marker, note


@dataclass(frozen=True, kw_only=True)
class Sale:
    """Everything that a sale's documents are made of. `days` are those that they bear, by name, but for payments;
    amounts in its currency; `shipping` and `tax` are the body's fields."""

    order: Order
    facts: Facts
    connection: Connection
    days: Mapping[str, Booked]
    exchange: Exchange
    customer: str
    header: Header
    shipping: dict[str, Any]
    lines: Sequence[Line]
    tax: dict[str, Any]
    total: Decimal
    discount_account: str
    money: Money

    @property
    def day(self) -> date:
        """That of the sale itself."""
        return self.days[SALE].day


def document_of(sale: Sale) -> Document:
    """The receipt or the invoice."""
    if sale.money.deposit is not None:
        return _document(sale, RECEIPT, sale.money.deposit.fields, _facts_of(sale.order))
    return _document(sale, INVOICE, _invoice_only(sale), _facts_of(sale.order)[:1])


def _document(sale: Sale, entity: str, more: dict[str, Any], facts: list[str]) -> Document:
    order, header = sale.order, sale.header
    mark = marker(sale.connection.bigcommerce.store_hash, "order", order.id)
    email = email_of(order.billing)
    bill_to = postal(order.billing, addressee=True)
    ship_to = postal(order.ship_to, addressee=True) if order.ship_to else {}
    body = {
        **header.fields,
        "TxnDate": sale.day.isoformat(),
        **sale.exchange.fields(sale.day),
        "CustomerRef": {"value": sale.customer},
        **({"BillEmail": {"Address": email}} if email else {}),
        **({"BillAddr": bill_to} if bill_to else {}),
        **({"ShipAddr": ship_to} if ship_to else {}),
        **sale.shipping,
        "Line": [line_body(line, sale.discount_account, header.line_class) for line in sale.lines],
        **sale.tax,
        "ApplyTaxAfterDiscount": True,
        **more,
        "PrivateNote": note([*facts, *sale.days[SALE].words], mark),
    }
    return Document(
        name=SALE,
        entity=entity,
        body=body,
        number=header.number,
        marker=mark,
        amount=sale.total,
        own_day=sale.days[SALE].own,
        said=_said(order),
    )


def _said(order: Order) -> dict[str, Any]:
    """All that an order says that can change its document, whatever the settings make of it."""
    return {
        CHARGES: {
            "currency": order.currency,
            "lines": [_line_said(line) for line in order.lines],
            "fees": [[fee.name, astuple(fee.amount)] for fee in order.fees],
            "totals": [
                astuple(amount)
                for amount in (order.subtotal, order.shipping, order.handling, order.wrapping, order.total)
            ],
            "off": [order.discount, order.coupon, order.store_credit, order.gift_certificate],
        },
        ACCOUNTS: order.payment_method,
        ADDRESS: [astuple(order.billing), order.ship_to and astuple(order.ship_to)],
        SHIPPING: [order.shipped and order.shipped.isoformat(), order.shipping_method],
        WORDS: [
            *(order.customer_message, order.payment_method, order.payment_reference, order.form_fields),
            *(order.source, order.channel_id, order.external_id, order.external_source),
            *(order.external_merchant_id, order.external_order_id),
        ],
    }


def _line_said(line: OrderLine) -> list[Any]:
    discounts = [[discount.amount, discount.code] for discount in line.discounts]
    words = [line.sku, line.name, line.type, line.options]
    return [*words, line.quantity, astuple(line.total), astuple(line.wrapping), discounts]


def _invoice_only(sale: Sale) -> dict[str, Any]:
    """A due date always, since QuickBooks would work out one of its own; a card payment only of what is open."""
    sales = sale.connection.sales
    due = sale.day + timedelta(days=sales.due_date_offset or 0)
    by_memo = cents(sale.order.tenders) if sales.tenders_on_invoice == "credit_memo" else ZERO
    by_card = sales.allow_credit_card_payments and sale.total > sale.money.came + by_memo
    return {"DueDate": due.isoformat(), **({"AllowOnlineCreditCardPayment": True} if by_card else {})}


def _facts_of(order: Order) -> list[str]:
    """What does not change with the order's progress, so that a shipped order is no other document."""
    facts = [f"BigCommerce order {order.id}."]
    if order.payment_method:
        facts.append(f"Payment method: {cut(clean(order.payment_method), 100)}.")
    if order.payment_reference:
        facts.append(f"Reference: {cut(clean(order.payment_reference), 200)}.")
    return facts
