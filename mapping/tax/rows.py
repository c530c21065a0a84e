"""The tax rows of an order, as the shop's `/v2/orders/{id}/taxes?details=true` tells them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cartledger.errors import BadRecord, Problem
from cartledger.money import D


@dataclass(frozen=True, kw_only=True)
class OrderTax:
    """One row of `/v2/orders/{id}/taxes?details=true`: one tax on one line or charge. `rate` in percent."""

    name: str
    class_name: str
    rate: Decimal
    amount: Decimal
    order_product_id: int | None
    line_item_type: str

    def __str__(self) -> str:
        return f'"{self.name}" (class "{self.class_name}", {self.rate.normalize():f} %)'

    @property
    def key(self) -> tuple[str, str, Decimal]:
        """What tells one tax of the shop from another."""
        return self.name, self.class_name, self.rate


def read_taxes(rows: Iterable[Mapping[str, Any]]) -> tuple[OrderTax, ...]:
    """The tax rows of one order. Raises BadRecord for a rate, amount or id that is no number."""
    return tuple(_row(row) for row in rows)


def _row(row: Mapping[str, Any]) -> OrderTax:
    product = row.get("order_product_id")
    try:
        return OrderTax(
            name=str(row.get("name") or "").strip(),
            class_name=str(row.get("class") or "").strip(),
            rate=D(row.get("rate") or 0),
            amount=D(row.get("line_amount") or 0),
            order_product_id=int(product) if product else None,
            line_item_type=str(row.get("line_item_type") or ""),
        )
    except (ValueError, TypeError) as error:
        text = f"A tax row of the order cannot be read: {error}."
        raise BadRecord([Problem(code="unreadable_field", text=text)]) from error
