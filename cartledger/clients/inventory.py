"""BigCommerce's stock: locations, what is on hand at one, and what it is set to.

Levels are set, not moved, so that a call may go out twice. The store takes them in some time after its answer, and
tells nobody when.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from cartledger.clients.store_calls import INFORMATION, Call, StoreCalls, an_object
from cartledger.errors import Problem, Refused, Unreachable
from cartledger.money import write_json

LEVELS_AT_ONCE = 2_000
ROWS_AT_ONCE = 1_000
SKUS_AT_ONCE = 100
_ADDRESS_AT_MOST = 3_000
"""Characters of SKUs in one address: gateways refuse long ones, and BigCommerce does not say from where on."""

_STOCK = "Store Inventory"  # whoever reads it here will write it
_LOCATIONS = "Store Locations: read-only"


@dataclass(frozen=True, kw_only=True, slots=True)
class InventoryRow:
    """What one location has `on_hand`, the store's own safety stock included. `sku` as the store prints it, "" where
    there is none; `variant_id` None where the store tells the product alone."""

    sku: str
    variant_id: int | None
    product_id: int
    on_hand: int


class Inventory(StoreCalls):
    """Stock of a store."""

    def default_location(self) -> int:
        """The id of the location that the storefront sells from. Raises Refused where it is disabled or there is
        none."""
        for row in self._locations({"is_default": "true"}):
            return _enabled(row)
        raise _wrong_location("no_location", "The store has no default location.", "Name one in stock.location.")

    def check_location(self, location_id: int) -> None:
        """Raises Refused where the store has no such location, or it is disabled."""
        for row in self._locations({"location_id:in": str(location_id)}):
            if row["id"] == location_id:
                _enabled(row)
                return
        raise _wrong_location(
            "no_location",
            f"The store has no location {location_id}.",
            "Correct stock.location, or leave it out for the default location.",
        )

    def inventory(self, location_id: int, skus: Sequence[str] = ()) -> Iterator[InventoryRow]:
        """What the location has of every product and variant whose stock is counted, or of these SKUs, in any case of
        letters: one call for 1,000 rows, or for 100 SKUs that are not too long."""
        folded = {sku.strip().casefold() for sku in skus}
        for call in self._of_items(location_id, skus):
            for rows in self._pages(call, self._of_a_store, ROWS_AT_ONCE):
                for row in (_inventory_row(each, location_id) for each in rows):
                    if not folded or row.sku.strip().casefold() in folded:
                        yield row

    def _of_items(self, location_id: int, skus: Sequence[str]) -> Iterator[Call]:
        every = Call(
            path="/v3/inventory/items",
            params={"location_id:in": str(location_id)},
            what="the stock of the shop",
            scope=_STOCK,
        )
        # A list is split at its commas, and nothing escapes one.
        if not skus or any("," in sku for sku in skus):
            yield every
            return
        for some in _short_enough(skus):
            yield every.asking(**{"sku:in": ",".join(some)})

    def adjust(self, location_id: int, levels: Mapping[str, int], *, reason: str) -> None:
        """Set what the location has on hand of 1 to 2,000 units (`product:<id>`, `variant:<id>`), all or none.

        Returns when the store has accepted them; it takes them in later. Raises Refused where it takes none
        (`units_named` tells which ones it names). A failure that is in doubt is not sent again: the levels may be set,
        or yet be. No other call of the kind may go out before this one is over, which takes 120 s at most; raises
        TryLater, not in doubt, where it could not leave early enough for that.
        """
        if not 0 < len(levels) <= LEVELS_AT_ONCE:
            raise ValueError(f"a call sets 1 to {LEVELS_AT_ONCE} levels")
        items = [_adjustment(location_id, unit, quantity) for unit, quantity in levels.items()]
        self._of_a_store(
            self._write(
                Call(
                    path="/v3/inventory/adjustments/absolute",
                    body=write_json({"reason": reason, "items": items}).encode(),
                    what="the new levels",
                    scope=_STOCK,
                )
            )
        )

    def restocks(self, channel_id: int | None = None) -> bool:
        """Whether the store puts back to stock what is refunded or cancelled; of a channel, which may say nothing of
        its own, or of orders that were entered by hand (None)."""
        own = None if channel_id is None else self._restocks({"channel_id": str(channel_id)})
        told = self._restocks({}) if own is None else own
        if told is None:
            raise Unreachable("BigCommerce did not tell whether refunded goods go back to stock.")
        return told

    def takes_stock_late(self) -> bool:
        """Whether the store takes the units of an order when it is shipped or completed, not when it is placed."""
        return self._stock_settings({}).get("update_stock_behavior") == "order_completed_or_shipped"

    def _restocks(self, which: Mapping[str, str]) -> bool | None:
        found = self._stock_settings(which).get("refund_order_stock_adjustment")
        return found if isinstance(found, bool) else None

    def _stock_settings(self, which: Mapping[str, str]) -> Mapping[str, Any]:
        """The store's, or a channel's own, which it may not have."""
        call = Call(path="/v3/settings/inventory", params=which, what="the settings of the stock", scope=INFORMATION)
        read = self._fetch(call) if which else self._found(call)
        told = an_object(read).get("data") if read.status == 200 else None
        return told if isinstance(told, dict) else {}

    def _locations(self, which: Mapping[str, str]) -> list[dict[str, Any]]:
        call = Call(path="/v3/inventory/locations", params=which, what="the locations", scope=_LOCATIONS)
        rows = self._all_pages(call, self._of_a_store)
        if not all(isinstance(row.get("id"), int) for row in rows):
            raise Unreachable("BigCommerce told of a location without its id.")
        return rows


def _enabled(location: Mapping[str, Any]) -> int:
    found: int = location["id"]
    if location.get("enabled") is False:
        raise _wrong_location(
            "location_disabled",
            f"The store's location {found} is disabled: its stock is neither sold nor can it be changed.",
            "Enable it in BigCommerce, or name another one in stock.location.",
        )
    return found


def _wrong_location(code: str, text: str, fix: str) -> Refused:
    return Refused([Problem(code=code, text=text, fix=fix)], codes=[code])


def _short_enough(skus: Sequence[str]) -> Iterator[list[str]]:
    some: list[str] = []
    length = 0
    for sku in skus:
        own = len(quote(sku, safe="")) + len("%2C")
        if some and (len(some) == SKUS_AT_ONCE or length + own > _ADDRESS_AT_MOST):
            yield some
            some, length = [], 0
        some.append(sku)
        length += own
    yield some


def _inventory_row(row: Mapping[str, Any], location_id: int) -> InventoryRow:
    """Where the store has never kept the unit at the location, nothing is there."""
    identity, locations = row.get("identity"), row.get("locations")
    if not isinstance(identity, dict) or not isinstance(locations, list):
        raise Unreachable("BigCommerce told of stock without saying what it is of, or where.")
    product, variant = identity.get("product_id"), identity.get("variant_id")
    on_hand = next(
        (each.get("total_inventory_onhand") for each in locations if each.get("location_id") == location_id), 0
    )
    if not isinstance(product, int) or not isinstance(variant, int | None) or not isinstance(on_hand, int):
        raise Unreachable("BigCommerce told of stock with an id or a level that is no whole number.")
    return InventoryRow(sku=str(identity.get("sku") or ""), variant_id=variant, product_id=product, on_hand=on_hand)


def _adjustment(location_id: int, unit: str, quantity: int) -> dict[str, Any]:
    kind, _, number = unit.partition(":")
    if kind not in ("product", "variant") or not number.isdecimal():
        raise ValueError(f"{unit!r} is neither a product nor a variant")
    return {"location_id": location_id, f"{kind}_id": int(number), "quantity": quantity}
