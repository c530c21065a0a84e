"""What the shop gave back on an order, as `/v3/orders/payment_actions/refunds` tells it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from cartledger.errors import BadRecord, Problem
from cartledger.money import ZERO, D, cents

_KEPT = ("id", "order_id", "created", "total_amount", "total_tax", "uses_merchant_override_values")
_KEPT_OF = {
    "items": ("item_type", "item_id", "quantity", "requested_amount", "adjustments"),
    "payments": ("id", "provider_id", "amount", "offline", "is_declined"),
}


@dataclass(frozen=True, kw_only=True)
class RefundItem:
    """What went back. `kind` is PRODUCT, GIFT_WRAPPING, SHIPPING, HANDLING, FEE or ORDER, `id` of the order line, the
    order's address, the fee or the order. Units are of products only; `requested` is an amount on the side that the
    shop enters, None for products. `adjustments` are (amount, description), negative for what was kept back."""

    kind: str
    id: int
    quantity: Decimal
    requested: Decimal | None
    adjustments: tuple[tuple[Decimal, str], ...]


@dataclass(frozen=True, kw_only=True)
class RefundPayment:
    """One way that the money went back. `offline`: recorded only, it moved elsewhere."""

    id: int
    provider: str
    amount: Decimal
    offline: bool
    declined: bool


@dataclass(frozen=True, kw_only=True)
class Refund:
    """One refund, amounts in the order's currency. `total` is with `tax`, which may be negative. No items at all is tax
    given back alone; `overridden` amounts are what somebody typed in place of what the shop works out."""

    id: int
    order_id: int
    created: datetime
    total: Decimal
    tax: Decimal
    overridden: bool
    items: tuple[RefundItem, ...]
    payments: tuple[RefundPayment, ...]

    @property
    def declined(self) -> bool:
        """Whether nothing went back: every provider that was asked said no."""
        return bool(self.payments) and all(payment.declined for payment in self.payments)

    @property
    def paid(self) -> tuple[RefundPayment, ...]:
        return tuple(payment for payment in self.payments if not payment.declined)

    @property
    def returned(self) -> Decimal:
        """What went back; a refund without payments is taken at its word."""
        return sum((payment.amount for payment in self.paid), ZERO) if self.payments else self.total


def read_refunds(rows: Iterable[Mapping[str, Any]]) -> tuple[Refund, ...]:
    """All rows, by id. Raises BadRecord for one that cannot be read."""
    return tuple(sorted((_refund(row) for row in rows), key=lambda refund: refund.id))


def kept(row: Mapping[str, Any]) -> dict[str, Any]:
    """What is remembered of a row: reasons and messages can name people and change no document. One that cannot be read
    is kept as it is told."""
    lists = {name: _rows_of(row[name], fields) for name, fields in _KEPT_OF.items() if name in row}
    return {name: row[name] for name in _KEPT if name in row} | lists


def refund_created(row: Mapping[str, Any]) -> datetime:
    """When the shop made the refund (aware). Raises ValueError."""
    moment = datetime.fromisoformat(str(row["created"]))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _rows_of(told: Any, fields: tuple[str, ...]) -> Any:
    if not isinstance(told, list) or not all(isinstance(each, Mapping) for each in told):
        return told
    return [{name: each[name] for name in fields if name in each} for each in told]


def _refund(row: Mapping[str, Any]) -> Refund:
    try:
        return Refund(
            id=int(row["id"]),
            order_id=int(row["order_id"]),
            created=refund_created(row),
            total=_money(row["total_amount"]),
            tax=_money(row.get("total_tax")),
            overridden=bool(row.get("uses_merchant_override_values")),
            items=tuple(_item(item) for item in row.get("items") or ()),
            payments=tuple(_payment(payment) for payment in row.get("payments") or ()),
        )
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        text = f"Refund {row.get('id')} of the order cannot be read ({type(error).__name__}: {error})."
        raise BadRecord(
            [Problem(code="unreadable_refund", text=text, fix="Report it with the refund's figures.")]
        ) from None


def _item(item: Mapping[str, Any]) -> RefundItem:
    requested = item.get("requested_amount")
    return RefundItem(
        kind=str(item["item_type"]).upper(),
        id=int(item["item_id"]),
        quantity=_amount(item.get("quantity")),
        requested=None if requested in (None, "") else D(requested),
        adjustments=tuple(
            (_amount(each["amount"]), str(each.get("description") or "")) for each in item.get("adjustments") or ()
        ),
    )


def _payment(payment: Mapping[str, Any]) -> RefundPayment:
    return RefundPayment(
        id=int(payment["id"]),
        provider=str(payment.get("provider_id") or ""),
        amount=_money(payment["amount"]),
        offline=bool(payment.get("offline")),
        declined=bool(payment.get("is_declined")),
    )


def _money(value: Any) -> Decimal:
    """With its cents, as money is read: the shop prints 24.4 and 24."""
    amount = _amount(value)
    return cents(amount) if amount == cents(amount) else amount


def _amount(value: Any) -> Decimal:
    return ZERO if value in (None, "") else D(value)
