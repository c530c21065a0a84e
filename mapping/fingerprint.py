"""What tells two decisions of one document apart, group by group.

A sales form's hash is a text: `charges:… accounts:… address:… shipping:… words:…`. `charges` are what the shop says of
goods and money, `accounts` what the settings make of it: by themselves these change no document that stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from cartledger.records import content_hash

FORMS = frozenset({"SalesReceipt", "Invoice", "CreditMemo", "RefundReceipt"})
CHARGES, ACCOUNTS, ADDRESS, SHIPPING, WORDS = "charges", "accounts", "address", "shipping", "words"

FIELDS: Mapping[str, tuple[str, ...]] = {
    ADDRESS: ("BillEmail", "BillAddr", "ShipAddr"),
    SHIPPING: ("ShipDate", "ShipMethodRef", "TrackingNum"),
    WORDS: ("CustomerMemo", "CustomField", "PrivateNote"),
}
"""The fields of a form in the groups that are fields of their own."""

_BESIDE = frozenset(
    {"DocNumber", "TxnDate", "ExchangeRate", "CustomerRef", "ClassRef", "DepartmentRef", "DueDate"}
    | {"AllowOnlineCreditCardPayment"}
)
"""Fields, also of lines, that make no document another one: settings change, a number may have got a suffix, a customer
may have been merged, and what stands keeps its day."""

_SAID = ("Description", "Amount")
_OF = " of:"


def hash_of(entity: str, body: Mapping[str, Any]) -> str:
    """Of a document as decided."""
    if entity not in FORMS:
        # A payment that stands is not another one because a later look has what it settles otherwise.
        beside = _BESIDE | {"Line"} if entity == "Payment" else _BESIDE
        return content_hash({"entity": entity, "body": _without(beside, body)})
    parts = {group: {name: body[name] for name in names if name in body} for group, names in FIELDS.items()}
    elsewhere = {name for names in FIELDS.values() for name in names} | _BESIDE
    rest = {name: value for name, value in body.items() if name not in elsewhere}
    parts = {CHARGES: _charges(body), ACCOUNTS: _without(_BESIDE, rest), **parts}
    return " ".join(f"{group}:{content_hash(part)[:16]}" for group, part in parts.items())


def changed_groups(before: str, now: str) -> frozenset[str] | None:
    """The groups in which two hashes of one form differ; None where one of them has no groups."""
    groups = [dict(part.split(":", 1) for part in text.split(" ")) if ":" in text else {} for text in (before, now)]
    if not all(groups):
        return None
    return frozenset(name for name in groups[0].keys() | groups[1].keys() if groups[0].get(name) != groups[1].get(name))


def of_day(text: str, own: date | None) -> str:
    """The hash `text` of a document, with the day that it is of where it bears another one."""
    return text if own is None else f"{text}{_OF}{own}"


def own_day(text: str) -> date | None:
    """The day that went into a hash by `of_day`."""
    _, told, day = text.partition(_OF)
    return date.fromisoformat(day) if told else None


def _charges(body: Mapping[str, Any]) -> dict[str, Any]:
    lines = [
        [*(line.get(name) for name in _SAID), (line.get("SalesItemLineDetail") or {}).get("Qty")]
        for line in body["Line"]
    ]
    return {"lines": lines, "tax": (body.get("TxnTaxDetail") or {}).get("TotalTax", 0)}


def _without(names: frozenset[str], value: Any) -> Any:
    """`value` without the fields of those names, at any depth."""
    if isinstance(value, dict):
        return {name: _without(names, inner) for name, inner in value.items() if name not in names}
    return [_without(names, inner) for inner in value] if isinstance(value, list) else value
