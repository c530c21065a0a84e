"""What tests of several kinds say: the settings of refunds, what a gateway's journal tells, and where to kill."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import pytest
from _pytest.mark.structures import ParameterSet

REFUNDS = {
    "workflows": ["sales", "payments", "refunds"],
    "refunds.number_prefix": "R",
    "refunds.no_restock_product": "Returned goods",
    "refunds.adjustment_product": "Refund adjustments",
}


def purchase(
    number: int,
    amount: str | Decimal,
    gateway: str = "stripe",
    *,
    order_id: int = 1001,
    day: str = "2026-05-01",
    **more: Any,
) -> dict[str, Any]:
    """A transaction of an order: money that came in, in USD."""
    return {
        "id": number,
        "order_id": str(order_id),
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


def places(steps: Mapping[str, int], flags: Mapping[bool, str], *, first: int, seed: int) -> Iterator[ParameterSet]:
    """Everywhere that a process can be killed in `steps`, each of which is made so often, from the `first` time on, for
    each of `flags`. Five of them are not long."""
    everywhere = [
        (f"kill {when} {step} {nth}", flag)
        for step, most in steps.items()
        for nth in range(first, most + 1)
        for when in ("before", "within", "after")
        for flag in flags
    ]
    small = random.Random(seed).sample(range(len(everywhere)), 5)
    for number, (place, flag) in enumerate(everywhere):
        marks = () if number in small else pytest.mark.long
        yield pytest.param(place, flag, marks=marks, id=f"{place}, {flags[flag]}")
