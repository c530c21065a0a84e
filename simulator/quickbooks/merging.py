"""Two of one list become one: what a person does in the company's own pages, never the API."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from simulator.quickbooks import errors
from simulator.quickbooks.books import journal
from simulator.quickbooks.sales import FORMS
from simulator.quickbooks.state import DELETED, Draft, Record, State
from simulator.quickbooks.stockroom import STOCK_MOVES
from simulator.quickbooks.wire import ZERO, JsonObject
from simulator.quickbooks.writes import TRANSACTIONS


def merge_customer(state: State, loser: Record, winner: Record, *, gone: bool) -> None:
    """The loser's transactions go over; it stays as a deleted name or is not there any more."""
    if loser.shown["CurrencyRef"] != winner.shown["CurrencyRef"]:
        raise errors.business("Customers with different currencies can't be merged.")
    for entity in TRANSACTIONS:
        for record in state.records(entity):
            for name in _references_to(record, loser):
                _give_to(state, record, name, winner)
    _retire(state, loser, ("DisplayName", "FullyQualifiedName"), gone=gone)


def merge_item(state: State, loser: Record, winner: Record, *, gone: bool) -> None:
    """Lines that sold the loser say the winner from then on, units and what they are worth go over."""
    if loser.shown["Type"] != winner.shown["Type"]:
        raise errors.business("Only products and services of one type can be merged.")
    for entity in (*FORMS, *STOCK_MOVES):
        for record in state.records(entity):
            _sell_instead(state, record, loser, winner)
    own, others = loser.effects, winner.effects
    together = journal([*others.journal.items(), *own.journal.items()])
    both = replace(others, opening=others.opening + own.opening, journal=together)
    _retire(state, loser, ("Name", "FullyQualifiedName"), gone=gone)
    state.put(winner, Draft(asked=winner.asked, shown=winner.shown, effects=both, keys=winner.keys))


def _retire(state: State, loser: Record, names: tuple[str, ...], *, gone: bool) -> None:
    """What it has done itself is undone: the winner has that."""
    if gone:
        state.remove(loser)
        return
    listed = {name: loser.shown[name].removesuffix(DELETED) + DELETED for name in names}
    shown = {**loser.shown, **listed, "Active": False}
    state.put(loser, Draft(asked={**loser.asked, "Active": False}, shown=shown, keys=loser.keys))
    loser.sync_token += 1


def _references_to(record: Record, customer: Record) -> list[str]:
    found = (("CustomerRef", record.shown.get("CustomerRef")), ("EntityRef", record.shown.get("EntityRef")))
    return [
        name
        for name, reference in found
        if reference and reference["value"] == customer.id and reference.get("type", "Customer") == "Customer"
    ]


def _give_to(state: State, record: Record, name: str, winner: Record) -> None:
    reference = {name: {**record.shown[name], "value": winner.id}}
    moved = {winner.id: sum(record.effects.owed.values(), Decimal(0))}
    draft = Draft(
        asked={**record.asked, **reference},
        shown={**record.shown, **reference},
        effects=replace(record.effects, owed=moved if record.effects.owed else {}),
        keys=record.keys,
    )
    state.put(record, draft)


def _sell_instead(state: State, record: Record, loser: Record, winner: Record) -> None:
    stock = dict(record.effects.stock)
    units = stock.pop(loser.id, None)
    if units is not None:
        stock[winner.id] = stock.get(winner.id, ZERO) + units
    lines = {"Line": [_line_of(line, loser, winner) for line in record.shown.get("Line", [])]}
    if units is None and lines["Line"] == record.shown.get("Line", []):
        return
    asked = {"Line": [_line_of(line, loser, winner) for line in record.asked.get("Line", [])]}
    draft = Draft(
        asked={**record.asked, **asked},
        shown={**record.shown, **lines},
        effects=replace(record.effects, stock=stock),
        keys=record.keys,
    )
    state.put(record, draft)


def _line_of(line: JsonObject, loser: Record, winner: Record) -> JsonObject:
    detail = line.get("SalesItemLineDetail", {})
    if detail.get("ItemRef", {}).get("value") != loser.id:
        return line
    return {**line, "SalesItemLineDetail": {**detail, "ItemRef": {**detail["ItemRef"], "value": winner.id}}}
