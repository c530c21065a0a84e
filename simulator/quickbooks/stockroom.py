"""Units that come and go without the API: bought, counted, sold at the till."""

from __future__ import annotations

from decimal import Decimal

from simulator.quickbooks.accounts import payable, shrinkage
from simulator.quickbooks.books import journal
from simulator.quickbooks.state import Draft, Effects, Record, State
from simulator.quickbooks.wire import JsonObject, money

# Documents that the simulated API does not show: only what they do to items can be seen.
STOCK_MOVES = ("Bill", "InventoryAdjustment")


def receive(state: State, item: Record, units: Decimal) -> None:
    """A bill of the item's own purchase cost."""
    _move(state, "Bill", item, units, payable(state))


def count(state: State, item: Record, on_hand: Decimal) -> None:
    """An adjustment to what was found."""
    _move(state, "InventoryAdjustment", item, on_hand - item.running, shrinkage(state))


def stocked(state: State, item_id: str) -> Record:
    """The active item of that id. Raises FaultError for another one, ValueError for one whose units nobody counts."""
    item = state.refer("Item", {"value": item_id})
    if item.shown["Type"] != "Inventory":
        raise ValueError(f"{item.shown['Name']} is no inventory item")
    return item


def till_receipt(state: State, item: Record, units: Decimal, price: Decimal) -> JsonObject:
    """The body of a sales receipt without tax, without a customer, of today."""
    untaxed = {"TaxCodeRef": {"value": "NON"}} if state.country.pseudo_codes else {}
    line = {
        "Amount": money(units * price),
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"ItemRef": {"value": item.id}, "Qty": units, "UnitPrice": price, **untaxed},
    }
    header = {} if state.country.pseudo_codes else {"GlobalTaxCalculation": "NotApplicable"}
    return {"Line": [line], "CurrencyRef": {"value": state.home_currency}, "PrivateNote": "Sold at the till", **header}


def _move(state: State, entity: str, item: Record, units: Decimal, account: str) -> None:
    worth = money(units * item.shown["PurchaseCost"])
    effects = Effects(
        journal=journal([(item.shown["AssetAccountRef"]["value"], worth), (account, -worth)]), stock={item.id: units}
    )
    now = state.now()
    record = Record(entity=entity, id=state.new_id(entity), created=now, updated=now)
    state.put(record, Draft(asked={}, shown={"TxnDate": now.date().isoformat()}, effects=effects))
