"""Create, update, void, delete: what all entities share, around the builders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any

from simulator.quickbooks import errors, lists
from simulator.quickbooks.applying import apply_credits, apply_payments
from simulator.quickbooks.currency import hold_rate
from simulator.quickbooks.deposits import build_deposit
from simulator.quickbooks.numbering import remember_number
from simulator.quickbooks.payments import build_payment, released
from simulator.quickbooks.purchases import build_purchase
from simulator.quickbooks.sales import FORMS, build_sale
from simulator.quickbooks.state import Draft, Record, State
from simulator.quickbooks.transfers import build_transfer
from simulator.quickbooks.validate import check_body, require
from simulator.quickbooks.wire import ZERO, JsonObject

_IDENTITY = frozenset({"Id", "SyncToken", "MetaData", "domain", "sparse", "status"})
TRANSACTIONS = frozenset({*FORMS, "Payment", "Purchase", "Transfer", "Deposit"})

# What a sparse update must send too, although it is there and can't be changed (reported).
_SENT_AGAIN = {"Purchase": ["PaymentType"]}

# What a full update leaves as it was when it is not sent (recorded for DocNumber, guessed for the others).
_SURVIVES = frozenset({"DocNumber", "TxnDate", "CurrencyRef", "ExchangeRate", "PrintStatus", "EmailStatus"})

Builder = Callable[[State, JsonObject, Record | None], Draft]

BUILDERS: Mapping[str, Builder] = {
    **lists.BUILDERS,
    **{entity: partial(build_sale, entity=entity) for entity in FORMS},
    "Payment": build_payment,
    "Purchase": build_purchase,
    "Transfer": build_transfer,
    "Deposit": build_deposit,
}


def create(state: State, entity: str, body: JsonObject) -> Record:
    if entity == "ExchangeRate":
        return hold_rate(state, body)
    builder = _builder(entity)
    check_body(entity, body)
    asked = _writable(body)
    draft = builder(state, asked, None)
    _refuse_closed(state, entity, draft.shown)
    now = state.now()
    record = Record(entity=entity, id=state.new_id(entity), created=now, updated=now)
    state.put(record, draft)
    if entity in FORMS:
        remember_number(state, draft.shown.get("DocNumber"))
    apply_payments(state, record)
    apply_credits(state, record)
    return record


def update(state: State, entity: str, body: JsonObject) -> Record:
    """Full or sparse; a full update clears what it does not send."""
    if entity == "ExchangeRate":
        return hold_rate(state, body)
    builder = _builder(entity)
    check_body(entity, body)
    record = _current(state, entity, body)
    require(body, _SENT_AGAIN.get(entity, []))
    _refuse_locked(state, record)
    draft = builder(state, _merged(state, record, body), record)
    _refuse_closed(state, entity, draft.shown)
    state.put(record, draft)
    _free_overpaid(state, record)
    record.sync_token += 1
    return record


def void(state: State, entity: str, body: JsonObject) -> Record:
    """Amounts and quantities become zero, the note says so, the document and its number stay."""
    if entity not in {"SalesReceipt", "Invoice", "Payment"}:
        raise errors.unsupported(f"void on {entity}")
    check_body(entity, body)
    record = _current(state, entity, body)
    _refuse_locked(state, record)
    _unlink_payments(state, record)
    note = record.shown.get("PrivateNote")
    mark: JsonObject = {"PrivateNote": f"Voided - {note}" if note else "Voided"}
    if entity == "Payment":
        mark["Line"] = []
    draft = Draft(
        asked={**_zeroed(record.asked), **mark},
        shown={**_zeroed(record.shown), **mark},
        keys=record.keys,
    )
    state.put(record, draft)
    record.sync_token += 1
    return record


def delete(state: State, entity: str, body: JsonObject) -> JsonObject:
    """Transactions only. Answers the stub that stands in for the deleted object."""
    if entity not in TRANSACTIONS:
        raise errors.unsupported(f"delete on {entity}")
    check_body(entity, body)
    record = _current(state, entity, body)
    _refuse_locked(state, record)
    _unlink_payments(state, record)
    state.remove(record)
    return {"domain": "QBO", "status": "Deleted", "Id": record.id}


def _builder(entity: str) -> Builder:
    if entity not in BUILDERS:
        raise errors.unsupported(f"create on {entity}")
    return BUILDERS[entity]


def _writable(body: JsonObject) -> JsonObject:
    return {name: each for name, each in body.items() if name not in _IDENTITY and each is not None}


def _current(state: State, entity: str, body: JsonObject) -> Record:
    """The record a change is meant for, unchanged since it was read. Raises 2020, 2030, 610 or 5010."""
    require(body, ["Id", "SyncToken"])
    if not body["Id"].isdigit():
        raise errors.invalid_id(body["Id"])
    record = state.get(entity, body["Id"])
    if body["SyncToken"] != str(record.sync_token):
        raise errors.stale(state.user)
    return record


def _merged(state: State, record: Record, body: JsonObject) -> JsonObject:
    kept = record.asked if body.get("sparse") else {k: v for k, v in record.asked.items() if k in _SURVIVES}
    sent = {name: _filled(each) for name, each in body.items() if each is not None or state.null_clears}
    sent = {name: each for name, each in sent.items() if name not in _IDENTITY}
    merged = {name: each for name, each in {**kept, **sent}.items() if not _clears(name, each)}
    if record.shown.get("Type") == "Inventory" and "QtyOnHand" not in body:
        merged["QtyOnHand"] = record.running
    return merged


def _filled(value: Any) -> Any:
    """An object that is sent takes the place of the one that was there; its empty texts are none."""
    return {key: each for key, each in value.items() if each not in (None, "")} if isinstance(value, dict) else value


def _clears(name: str, value: Any) -> bool:
    return value in (None, "", {}) or (name == "CustomField" and value == [])


def _refuse_locked(state: State, record: Record) -> None:
    _refuse_closed(state, record.entity, record.shown)
    if record.deposit is not None:
        raise errors.deposited()
    if record.reconciled and state.guards_reconciled:
        raise errors.reconciled()


def _refuse_closed(state: State, entity: str, shown: JsonObject) -> None:
    closed = state.preference("AccountingInfoPrefs", "BookCloseDate")
    if entity in TRANSACTIONS and closed and shown["TxnDate"] <= closed:
        raise errors.books_closed()


def _unlink_payments(state: State, record: Record) -> None:
    """The payments of a document that goes away stay, with the amount unapplied."""
    for payment_id in list(record.links):
        _release(state, payment_id, record, None)


def _free_overpaid(state: State, record: Record) -> None:
    """Of what became smaller than what is applied to it, the latest payments let go."""
    for payment_id in reversed(list(record.links)):
        if record.open_amount < 0:
            _release(state, payment_id, record, -record.open_amount)


def _release(state: State, payment_id: str, record: Record, amount: Decimal | None) -> None:
    payment = state.get("Payment", payment_id)
    state.put(payment, build_payment(state, released(payment.asked, record.key, amount), payment))
    payment.sync_token += 1


_ZEROED = frozenset(
    {"Amount", "Qty", "UnitPrice", "TaxInclusiveAmt", "TotalTax", "NetAmountTaxable", "UnappliedAmt", "Balance"}
    | {"TotalAmt", "HomeTotalAmt"}
)


def _zeroed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: ZERO if key in _ZEROED else _zeroed(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_zeroed(each) for each in value]
    return value
