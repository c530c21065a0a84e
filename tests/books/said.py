"""What several of these tests say: the settings of refunds, and what a gateway's journal tells."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

REFUNDS = {
    "workflows": ["sales", "payments", "refunds"],
    "refunds.number_prefix": "R",
    "refunds.no_restock_product": "Returned goods",
    "refunds.adjustment_product": "Refund adjustments",
}


def purchase(
    number: int, amount: str, gateway: str = "stripe", *, day: str = "2026-05-01", **more: Any
) -> dict[str, Any]:
    """A transaction of order 1001: money that came in, in USD."""
    return {
        "id": number,
        "order_id": "1001",
        "event": "purchase",
        "method": "credit_card",
        "amount": Decimal(amount),
        "currency": "USD",
        "gateway": gateway,
        "gateway_transaction_id": f"pay_{number}",
        "date_created": f"{day}T15:30:00+00:00",
        "test": False,
        "status": "ok",
        "fraud_review": False,
        "reference_transaction_id": None,
        **more,
    }
