"""What credit memos of refunds took off an invoice: all that was not sent back in money."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from cartledger.money import ZERO
from mapping.facts import Standing

CASH, APPLIED = "-cash", "-application"
CASH_APPLIED = f"{CASH}{APPLIED}"
"""What is added to the name of a memo: for what was sent back of it, and for the payments that apply it to the invoice
and to that."""
UNDONE = "-undone"
"""What is added to the name of a document that was deleted again."""

_REFUND, _CREDIT_MEMO = "refund-", "CreditMemo"


def applied_of(stands: Mapping[str, Standing], name: str) -> Decimal:
    """By the memo called `name`, once it settles the invoice (order currency)."""
    memo, cash = stands[name], stands.get(f"{name}{CASH}")
    if memo.entity != _CREDIT_MEMO or f"{name}{APPLIED}" not in stands or f"{name}{UNDONE}" in stands:
        return ZERO
    return memo.amount - (cash.amount if cash else ZERO)


def applied_in_all(stands: Mapping[str, Standing]) -> Decimal:
    """By all refunds."""
    return sum((applied_of(stands, name) for name in stands if name.startswith(_REFUND)), ZERO)
