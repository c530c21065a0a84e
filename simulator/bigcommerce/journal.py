"""An order's transactions: what came in by each provider, what went back, and new rows after the old ones."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from simulator.bigcommerce.dates import iso8601
from simulator.bigcommerce.store import Json, Order, Store

_MONEY_IN = ("purchase", "capture")
_FIRST_NEW_ID = 500_000_000  # above what generated orders number theirs with
TENDERS = ("giftcertificate", "storecredit")


@dataclass(frozen=True, kw_only=True)
class Tender:
    """Money that one provider took and still has, in the order's currency. `row` is the transaction that brought it."""

    provider: str
    left: Decimal
    row: Json


def tenders(order: Order) -> list[Tender]:
    """By provider: gateways in the order of their rows, then what the shop itself owed (certificates, store credit)."""
    brought = money_in(order)
    first = {row["gateway"]: row for row in reversed(brought)}
    found = [Tender(provider=name, left=_balance(order, name), row=first[name]) for name in _in_order(brought)]
    return sorted(found, key=lambda tender: tender.provider in TENDERS)


def money_in(order: Order) -> list[Json]:
    """Purchases and captures that went well. An authorisation is no money."""
    return [row for row in order.transactions if row["event"] in _MONEY_IN and row["status"] == "ok"]


def is_own_credit(row: Json) -> bool:
    """Whether a transaction is of a gift certificate or store credit: what the shop owed already."""
    return row["gateway"] in TENDERS


def _in_order(rows: Iterable[Json]) -> list[str]:
    return list(dict.fromkeys(row["gateway"] for row in rows))


def _balance(order: Order, provider: str) -> Decimal:
    rows = [row for row in order.transactions if row["gateway"] == provider and row["status"] == "ok"]
    received = sum((amount(row) for row in rows if row["event"] in _MONEY_IN), Decimal(0))
    return received - sum((amount(row) for row in rows if row["event"] == "refund"), Decimal(0))


def amount(row: Json) -> Decimal:
    return Decimal(str(row["amount"]))


def record(store: Store, order: Order, row: Json, **fields: Any) -> Json:
    """Adds a transaction like `row`, with `fields` of its own and the store's now, and an id that no other has."""
    number = 1 + max([_FIRST_NEW_ID, *(each["id"] for other in store.orders.values() for each in other.transactions)])
    added = {
        **row,
        "id": number,
        "gateway_transaction_id": f"sim_{number}",
        "reference_transaction_id": row.get("id"),
        "date_created": iso8601(store.clock()),
        **fields,
    }
    order.transactions.append(added)
    return added


def blank(order: Order, gateway: str, method: str) -> Json:
    """A transaction without event, amount and id, for `record`."""
    return {
        "order_id": str(order.id),
        "method": method,
        "currency": order.header["default_currency_code"],
        "gateway": gateway,
        "test": gateway == "testgateway",
        "status": "ok",
        "fraud_review": False,
        **{name: {} for name in _DETAILS},
        "payment_instrument_token": None,
        "payment_method_id": f"{gateway}.{method}",
    }


_DETAILS = ("avs_result", "cvv_result", "credit_card", "gift_certificate", "store_credit", "offline", "custom")
