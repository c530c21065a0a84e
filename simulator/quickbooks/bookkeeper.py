"""What a person does in the company's own pages: set things up, change documents, go to the bank, count, close."""

from __future__ import annotations

import threading
from decimal import Decimal
from typing import Any, Literal

from simulator.quickbooks import lists, merging, stockroom, writes
from simulator.quickbooks.seed import product, stock_fields, tax_code
from simulator.quickbooks.state import State
from simulator.quickbooks.wire import ONE, ZERO, JsonObject


class Bookkeeper:
    """None of it counts as a call. A document is changed as the API would change it, and refused as it would be."""

    def __init__(self, state: State, lock: threading.RLock) -> None:
        self.state = state
        self.lock = lock

    @property
    def preferences(self) -> JsonObject:
        return self.state.preferences

    # -- documents

    def edit_document(self, entity: str, record_id: str, **changes: Any) -> JsonObject:
        """`changes` are properties as the API has them, a Line array whole. Raises FaultError."""
        with self.lock:
            again = {"PaymentType": self._shown(entity, record_id)["PaymentType"]} if entity == "Purchase" else {}
            body = {**self._identity(entity, record_id), "sparse": True, **again, **changes}
            return self.state.show(writes.update(self.state, entity, body))

    def void_document(self, entity: str, record_id: str) -> JsonObject:
        with self.lock:
            return self.state.show(writes.void(self.state, entity, self._identity(entity, record_id)))

    def delete_document(self, entity: str, record_id: str) -> None:
        with self.lock:
            writes.delete(self.state, entity, self._identity(entity, record_id))

    def _identity(self, entity: str, record_id: str) -> JsonObject:
        return {"Id": record_id, "SyncToken": str(self.state.get(entity, record_id).sync_token)}

    def _shown(self, entity: str, record_id: str) -> JsonObject:
        return self.state.get(entity, record_id).shown

    # -- the bank

    def deposit(self, *documents: tuple[str, str], to: str = "Checking", day: str | None = None) -> JsonObject:
        """Brings (entity, id) from Undeposited Funds to the account of that name, all in one deposit."""
        with self.lock:
            lines = [self._brought(*document) for document in documents]
            currency = self._shown(*documents[0])["CurrencyRef"]
            body = {
                "DepositToAccountRef": {"value": self.state.named("Account", to).id},
                "CurrencyRef": currency,
                "Line": lines,
                **({"TxnDate": day} if day else {}),
            }
            return self.state.show(writes.create(self.state, "Deposit", body))

    def _brought(self, entity: str, record_id: str) -> JsonObject:
        total = self._shown(entity, record_id)["TotalAmt"]
        link = {"TxnId": record_id, "TxnType": entity, "TxnLineId": "0"}
        return {"Amount": -total if entity == "RefundReceipt" else total, "LinkedTxn": [link]}

    def reconcile(self, entity: str, record_id: str) -> None:
        """Ticks it off against the bank's statement. The API shows nothing of it."""
        with self.lock:
            self.state.get(entity, record_id).reconciled = True

    # -- the books

    def close_books(self, day: str | None) -> None:
        """Nothing dated on that day or before can be written any more; None opens them again."""
        with self.lock:
            accounting = self.preferences["AccountingInfoPrefs"]
            if day is None:
                accounting.pop("BookCloseDate", None)
            else:
                accounting["BookCloseDate"] = day

    # -- lists

    def merge_customer(self, loser: str, winner: str, *, gone: bool = False) -> None:
        """Ids. The loser's transactions become the winner's; its name gets " (deleted)" and can't be used any more.

        `gone`: as some time later, when the loser was seen to be there no more.
        """
        with self.lock:
            customers = (self.state.get("Customer", each) for each in (loser, winner))
            merging.merge_customer(self.state, *customers, gone=gone)

    def add_item(
        self,
        *,
        name: str,
        sku: str,
        kind: Literal["inventory", "noninventory"] = "noninventory",
        cost: Decimal = ZERO,
        quantity: Decimal = ZERO,
    ) -> JsonObject:
        """A product of the shop; `cost` in home currency per unit, `quantity` on hand from the start."""
        with self.lock:
            body = product(self.state, name=name, sku=sku, kind=kind, cost=cost, quantity=quantity)
            return self.state.show(writes.create(self.state, "Item", body))

    def edit_item(self, item_id: str, **changes: Any) -> JsonObject:
        """Name, Sku, UnitPrice, Active and the like; deleting is making inactive. Raises FaultError."""
        return self.edit_document("Item", item_id, **changes)

    def merge_items(self, loser: str, winner: str, *, gone: bool = False) -> None:
        """As `merge_customer`, of one type; the winner's units are then both's."""
        with self.lock:
            items = (self.state.get("Item", each) for each in (loser, winner))
            merging.merge_item(self.state, *items, gone=gone)

    def track_item(self, item_id: str, on_hand: Decimal) -> JsonObject:
        """From today on the company counts the units of a product that it did not count."""
        with self.lock:
            item = self.state.get("Item", item_id)
            counted = stock_fields(self.state, quantity=on_hand, since=self.state.now().date().isoformat())
            self.state.put(item, lists.draft_item(self.state, {**item.asked, **counted}, item))
            item.sync_token += 1
            return self.state.show(item)

    # -- the stock

    def receive_units(self, item_id: str, units: Decimal) -> None:
        """Units bought today, at the item's own cost."""
        with self.lock:
            stockroom.receive(self.state, stockroom.stocked(self.state, item_id), units)

    def count_units(self, item_id: str, on_hand: Decimal) -> None:
        """Somebody has counted: so many are there."""
        with self.lock:
            stockroom.count(self.state, stockroom.stocked(self.state, item_id), on_hand)

    def sell_units(self, item_id: str, units: Decimal, *, price: Decimal = ONE) -> JsonObject:
        """A sales receipt written by hand, without tax; the money lies in Undeposited Funds."""
        with self.lock:
            item = stockroom.stocked(self.state, item_id)
            receipt = stockroom.till_receipt(self.state, item, units, price)
            return self.state.show(writes.create(self.state, "SalesReceipt", receipt))

    def order_units(self, item_id: str) -> None:
        """A purchase order: nothing has come in yet, but the item's LastUpdatedTime moves (recorded)."""
        with self.lock:
            stockroom.stocked(self.state, item_id).updated = self.state.now()

    def add_tax_code(self, *, name: str, percent: Decimal) -> JsonObject:
        """A code of one rate, as a person sets up another tax in a company without automated tax."""
        with self.lock:
            return self.state.show(tax_code(self.state, name=name, percent=percent))

    def add_custom_field(self, name: str) -> str:
        """A further field on sales forms; its DefinitionId. Raises ValueError where three are in use."""
        with self.lock:
            fields = self.preferences["SalesFormsPrefs"]["CustomField"]
            taken = {each["Name"] for group in fields for each in group["CustomField"]}
            free = (n for n in "123" if f"SalesFormsPrefs.SalesCustomName{n}" not in taken)
            number = next(free, None)
            if number is None:
                raise ValueError("A sales form has three custom fields at most.")
            title = {"Name": f"SalesFormsPrefs.SalesCustomName{number}", "Type": "StringType", "StringValue": name}
            fields.append({"CustomField": [title]})
            (switch,) = (
                each
                for group in fields
                for each in group["CustomField"]
                if each["Name"] == f"SalesFormsPrefs.UseSalesCustom{number}"
            )
            switch["BooleanValue"] = True
            return number
