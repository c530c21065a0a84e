"""Whether an order's money has come in, where it went, and the Payment that says so on an invoice."""

from __future__ import annotations

from decimal import Decimal

from cartledger.records import Order
from mapping.decision import Document
from mapping.document import Deposit, Sale, facts_of, money_came
from mapping.finder import Finder
from mapping.text import marker, note

_PAID = frozenset({"captured", "paid", "partially refunded", "refunded"})


def is_paid(order: Order) -> bool:
    """Whether the money has come in, by the order's header."""
    return order.payment_status in _PAID


def decide_deposit(order: Order, total: Decimal, find: Finder) -> Deposit | None:
    """A receipt always names its account; an invoice has a payment once its money has come in."""
    connection = find.connection
    pays = connection.records_payments and is_paid(order) and total > 0
    if connection.sales.post_as == "invoice" and not pays:
        return None
    mapped = connection.payments.of(order.payment_method, order.currency)
    method = find.payment_method(mapped.method) if mapped.method else ""
    return Deposit(account=find.account(mapped.account, order.currency), method=method)


def payment_of(sale: Sale, deposit: Deposit) -> Document:
    """The payment of the whole invoice."""
    order = sale.order
    mark = marker(sale.connection.bigcommerce.store_hash, "payment", order.id)
    linked = {"TxnId": {"$ref": "document"}, "TxnType": "Invoice"}
    body = {
        "TxnDate": sale.day.isoformat(),
        **sale.exchange.fields(sale.day),
        "CustomerRef": {"value": sale.customer},
        "TotalAmt": sale.total,
        **money_came(order, deposit),
        "Line": [{"Amount": sale.total, "LinkedTxn": [linked]}],
        "PrivateNote": note([f"Payment of BigCommerce order {order.id}.", *facts_of(order)[1:]], mark),
    }
    return Document(name="payment", order=1, entity="Payment", body=body, number="", marker=mark, amount=sale.total)
