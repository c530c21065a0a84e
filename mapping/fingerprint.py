"""What tells two decisions of one document apart, field by field.

A sales form's hash is a text of `name:hash`: first its groups, of what the shop says of each, then the fields of its
body. Something changed where both differ. Settings alone change fields, so they change no document that stands; what
the shop says alone may be something that stands nowhere on the document.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from cartledger.records import content_hash

FORMS = frozenset({"SalesReceipt", "Invoice", "CreditMemo", "RefundReceipt"})
CHARGES, ACCOUNTS, ADDRESS, SHIPPING, WORDS = "charges", "accounts", "address", "shipping", "words"
LINES = "Line"
"""Stands for the lines and all that goes with them: their tax, its fields, the currency."""

FIELDS: Mapping[str, tuple[str, ...]] = {
    CHARGES: (LINES,),
    ACCOUNTS: ("DepositToAccountRef", "PaymentMethodRef"),
    ADDRESS: ("BillEmail", "BillAddr", "ShipAddr"),
    SHIPPING: ("ShipDate", "ShipMethodRef", "TrackingNum"),
    WORDS: ("CustomerMemo", "CustomField", "PaymentRefNum", "PrivateNote"),
}
"""The fields of a form by group: goods and money, where the money is, and so on."""

_BESIDE = frozenset(
    {"DocNumber", "TxnDate", "ExchangeRate", "CustomerRef", "ClassRef", "DepartmentRef", "DueDate"}
    | {"AllowOnlineCreditCardPayment"}
)
"""Fields, also of lines, that make no document another one: settings change, a number may have got a suffix, a customer
may have been merged, and what stands keeps its day."""

_SAID = ("Description", "Amount")
_DIGITS = 12  # of 32: two contents of one order that share them will not be met
_OF = " of:"


def hash_of(entity: str, body: Mapping[str, Any], said: Mapping[str, Any]) -> str:
    """Of a document as decided. `said` is what the shop says by group; of groups that are not in it the body tells."""
    if entity not in FORMS:
        # A payment that stands is not another one because a later look has what it settles otherwise.
        beside = _BESIDE | {"Line"} if entity == "Payment" else _BESIDE
        return content_hash({"entity": entity, "body": _without(beside, body)})
    groups = {group: said[group] if group in said else _told(group, body) for group in FIELDS}
    fields = {name: body[name] for names in FIELDS.values() for name in names if name in body}
    fields[LINES] = _without(_BESIDE | (fields.keys() - {LINES}), body)
    return " ".join(f"{name}:{content_hash(value)[:_DIGITS]}" for name, value in (groups | fields).items())


def changed_fields(before: str, now: str) -> frozenset[str] | None:
    """The fields in which the document of one hash became that of another; None where one of them tells nothing."""
    old, new = _read(before), _read(now)
    if not (old and new):
        return None
    return frozenset(
        name
        for group, names in FIELDS.items()
        for name in names
        if old.get(group) != new.get(group) and old.get(name) != new.get(name)
    )


def with_groups(now: str, before: str, kept: frozenset[str]) -> str:
    """The hash `now` of a document whose `kept` groups were left as they were `before`."""
    names = {name for group in kept for name in (group, *FIELDS[group])}
    old, new = _read(before), _read(now)
    left = {name: text for name, text in new.items() if name not in names}
    return " ".join(f"{name}:{text}" for name, text in (left | {n: t for n, t in old.items() if n in names}).items())


def says(text: str, group: str, told: Any) -> bool:
    """Whether the document of a hash was decided when the shop said `told` of the group."""
    return _read(text).get(group) == content_hash(told)[:_DIGITS]


def of_day(text: str, own: date | None) -> str:
    """The hash `text` of a document, with the day that it is of where it bears another one."""
    return text if own is None else f"{text}{_OF}{own}"


def own_day(text: str) -> date | None:
    """The day that went into a hash by `of_day`."""
    _, told, day = text.partition(_OF)
    return date.fromisoformat(day) if told else None


def _read(text: str) -> dict[str, str]:
    """By group and field, without the day; nothing of a hash that an earlier version wrote."""
    parts = dict(part.partition(":")[::2] for part in text.partition(_OF)[0].split(" "))
    return parts if CHARGES in parts else {}


def _told(group: str, body: Mapping[str, Any]) -> Any:
    """What a body tells of a group by itself. Where the money is follows from the settings."""
    if group == CHARGES:
        return _charges(body)
    return None if group == ACCOUNTS else {name: body[name] for name in FIELDS[group] if name in body}


def _charges(body: Mapping[str, Any]) -> dict[str, Any]:
    lines = [
        [*(line.get(name) for name in _SAID), (line.get("SalesItemLineDetail") or {}).get("Qty")]
        for line in body["Line"]
    ]
    return {"lines": lines, "tax": (body.get("TxnTaxDetail") or {}).get("TotalTax", 0)}


def _without(names: frozenset[str] | set[str], value: Any) -> Any:
    """`value` without the fields of those names, at any depth."""
    if isinstance(value, dict):
        return {name: _without(names, inner) for name, inner in value.items() if name not in names}
    return [_without(names, inner) for inner in value] if isinstance(value, list) else value
