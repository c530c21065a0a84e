"""Document numbers: the company's own sequence, or the sender's, and the check for duplicates."""

from __future__ import annotations

import re

from simulator.quickbooks import errors
from simulator.quickbooks.state import Record, State
from simulator.quickbooks.wire import JsonObject

_TYPE_NAMES = {
    "SalesReceipt": "Sales Receipt",
    "CreditMemo": "Credit Memo",
    "RefundReceipt": "Refund Receipt",
    "Purchase": "Expense",
}


def number_document(state: State, entity: str, asked: str | None, old: Record | None, *, by_itself: bool) -> JsonObject:
    """`{"DocNumber": …}`, or nothing at all where numbers are the sender's and none was sent.

    Raises 6140 when another document of the same type has it and the company warns of duplicates.
    """
    if not asked or (by_itself and asked == "AUTO_GENERATE"):
        if state.preference("SalesFormsPrefs", "CustomTxnNumbers") and not asked:
            return {}
        asked = _next_number(state)
    owner = state.owner((entity, asked))
    if state.warn_duplicates and owner is not None and owner is not old:
        raise errors.duplicate_number(asked, _TYPE_NAMES.get(entity, entity), owner.id)
    return {"DocNumber": asked}


def _next_number(state: State) -> str:
    """One more than the last number used on any sales form, whatever stands before its digits."""
    prefix, digits = _split(state.last_number)
    return f"{prefix}{int(digits or 0) + 1:0{len(digits)}d}"


def remember_number(state: State, number: str | None) -> None:
    if number:
        state.last_number = number


def _split(number: str) -> tuple[str, str]:
    found = re.fullmatch(r"(.*?)(\d*)", number)
    return (found[1], found[2]) if found else (number, "")
