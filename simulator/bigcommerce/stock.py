"""What the shop has in stock: levels by place, what orders take and put back, and adjustments on their way in."""

import heapq
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple

Json = dict[str, Any]

PUTTING_BACK = frozenset({4, 5, 6})
"""Refunded, Cancelled, Declined: goods come back then, if the shop's settings say so."""
_INCOMPLETE = 0
_CALLED_OFF = frozenset({_INCOMPLETE, 5, 6})
_SENT = frozenset({2, 10})


@dataclass(kw_only=True)
class Location:
    """A place that has levels of its own. A disabled one counts for nothing and takes no adjustment."""

    id: int
    label: str
    enabled: bool = True

    @property
    def code(self) -> str:
        return f"BC-LOCATION-{self.id}"


class Counted(NamedTuple):
    """What the shop counts: a product as a whole, whose one variant if it has only one goes along, or a variant.

    Its level at the default location is what the catalogue's rows show.
    """

    product: Json
    variant: Json | None
    by_variant: bool

    @property
    def unit(self) -> str:
        """`variant:74` or `product:111`."""
        return f"variant:{self._row['id']}" if self.by_variant else f"product:{self._row['id']}"

    @property
    def sku(self) -> str:
        return str(self._row["sku"])

    @property
    def level(self) -> int:
        return int(self._row["inventory_level"])

    def set(self, level: int) -> None:
        if self.by_variant:
            self.product["inventory_level"] += level - self.level
        elif self.variant:
            self.variant["inventory_level"] = level
        self._row["inventory_level"] = level

    @property
    def _row(self) -> Json:
        return self.variant if self.by_variant and self.variant else self.product


def counted(products: Iterable[Json]) -> Iterator[Counted]:
    """All that is tracked, in the order of the products."""
    for product in products:
        if product["inventory_tracking"] == "variant":
            for variant in product["variants"]:
                yield Counted(product, variant, by_variant=True)
        elif product["inventory_tracking"] == "product":
            base = product["variants"][0] if product["base_variant_id"] else None
            yield Counted(product, base, by_variant=False)


@dataclass(frozen=True, kw_only=True)
class Adjustment:
    """A bulk write that the shop has accepted: when, and what it asked for, as it was sent."""

    at: datetime
    reason: str
    items: Sequence[Json]


@dataclass(frozen=True, kw_only=True, order=True)
class _Arriving:
    """Levels that show from `due` on; of two at the same moment the one accepted later shows."""

    due: datetime
    place: int
    levels: tuple[tuple[int, Any, int], ...]


class Stockroom:
    """The stock of a store. It is read and changed under the store's lock.

    Attributes anybody may set: `default_location`; `adjustment_delay` (seconds on the store's clock until an accepted
    adjustment shows), `adjustment_time` (seconds that a bulk call takes to be answered), `tells_refused` (of the items
    that a bulk call is refused for: all, the first, or none is named), `safety_stock` (by unit, at every location).
    `adjustments` are the bulk writes that were accepted, `parallel` how many were refused because another was not
    answered yet. `oversold` are units by SKU that orders took beyond what was there: no level is below zero.
    """

    clock: Callable[[], datetime]
    lock: threading.RLock
    products: list[Json]
    inventory_settings: Json
    channel_inventory_settings: dict[str, Json]

    def __init__(self) -> None:
        self.locations = {1: Location(id=1, label="Default location")}
        self.default_location = 1
        self.adjustment_delay = 0.3
        self.adjustment_time = 0.02
        self.tells_refused: Literal["all", "first", "none"] = "all"
        self.safety_stock: dict[str, int] = {}
        self.adjustments: list[Adjustment] = []
        self.adjusting = 0
        self.parallel = 0
        self.oversold: Counter[str] = Counter()
        self._arriving: list[_Arriving] = []
        self._elsewhere: dict[tuple[int, str], int] = {}
        self._asked: dict[int, Counter[str]] = {}
        self._taken: dict[int, Counter[str]] = {}

    def add_location(
        self, location_id: int, label: str = "", *, enabled: bool = True, default: bool = False
    ) -> Location:
        """The catalogue's levels are always those of the default location."""
        with self.lock:
            place = Location(id=location_id, label=label or f"Location {location_id}", enabled=enabled)
            self.locations[location_id] = place
            if default:
                self.default_location = location_id
            return place

    # -- levels

    def level(self, item: Counted, location_id: int) -> int:
        """Units on hand there, without what is still arriving unless `take_in` was called."""
        if location_id == self.default_location:
            return item.level
        return self._elsewhere.get((location_id, item.unit), 0)

    def levels(self, *, landed: bool = False) -> dict[str, int]:
        """Of the default location, by SKU as printed. `landed`: as they will be once all that was accepted shows."""
        with self.lock:
            self.take_in()
            items = list(counted(self.products))
            found = {item.unit: item.level for item in items}
            if landed:
                for adjustment in sorted(self._arriving):
                    here = (each for each in adjustment.levels if each[0] == self.default_location)
                    found.update({item.unit: quantity for _, item, quantity in here})
            return {item.sku: found[item.unit] for item in items}

    def accept(self, levels: Iterable[tuple[int, Counted, int]], *, reason: str, items: Sequence[Json]) -> None:
        """Takes absolute levels by location; they show `adjustment_delay` later."""
        with self.lock:
            now = self.clock()
            self.adjustments.append(Adjustment(at=now, reason=reason, items=items))
            due = now + timedelta(seconds=self.adjustment_delay)
            heapq.heappush(self._arriving, _Arriving(due=due, place=len(self.adjustments), levels=tuple(levels)))

    def take_in(self) -> None:
        """What is due by now shows. Whoever reads or moves levels begins with it."""
        self._show(until=self.clock())

    def land(self) -> None:
        """All that was accepted shows, as if time enough had passed."""
        with self.lock:
            self._show(until=datetime.max.replace(tzinfo=UTC))

    def _show(self, *, until: datetime) -> None:
        while self._arriving and self._arriving[0].due <= until:
            for location_id, item, quantity in heapq.heappop(self._arriving).levels:
                self._set(item, location_id, quantity)

    def _set(self, item: Counted, location_id: int, level: int) -> None:
        if location_id == self.default_location:
            item.set(level)
        else:
            self._elsewhere[location_id, item.unit] = level

    # -- what orders do to them

    def placed(self, order_id: int, header: Json, lines: Iterable[Json]) -> None:
        """An order is there that takes from the stock, at once or as the store's settings say."""
        self._asked[order_id] = self._units(lines)
        self.follow_status(order_id, header)

    def follow_status(self, order_id: int, header: Json) -> None:
        """Takes what an order asks for, or puts back what it took. Orders that were not `placed` do neither."""
        if order_id not in self._asked:
            return
        settings, status = self._settings(header), header["status_id"]
        taken = self._taken.get(order_id)
        if status in PUTTING_BACK:
            if taken and settings["refund_order_stock_adjustment"]:
                self._put_back(order_id, taken)
                del self._taken[order_id]
        elif taken is None and (status in _SENT or _at_once(settings, status)):
            self._taken[order_id] = Counter()
            self._take(order_id, self._asked[order_id])

    def follow_edit(self, order_id: int, header: Json, lines: Iterable[Json]) -> None:
        """Takes or puts back what an edit of the lines changed, where the store's settings say so."""
        if order_id not in self._asked:
            return
        before, after = self._asked[order_id], self._units(lines)
        self._asked[order_id] = after
        if order_id in self._taken and self._settings(header)["edit_order_stock_adjustment"]:
            self._take(order_id, after - before)
            self._put_back(order_id, before - after)

    def has_taken(self, order_id: int, header: Json) -> bool:
        """Whether an order's units are off the shelves and stay so: of one that was only added, by its status."""
        status = header["status_id"]
        if status in _CALLED_OFF:
            return False
        return order_id in self._taken or status in _SENT or _at_once(self._settings(header), status)

    def _settings(self, header: Json) -> Json:
        return {**self.inventory_settings, **self.channel_inventory_settings.get(str(header.get("channel_id")), {})}

    def _units(self, lines: Iterable[Json]) -> Counter[str]:
        """By what the shop counts. Lines whose product is not tracked, or not the catalogue's, ask for nothing."""
        asked: Counter[str] = Counter()
        rows = list(lines)
        bought = {line.get("product_id") for line in rows}
        items = list(counted(product for product in self.products if product["id"] in bought))
        for line in rows:
            for item in items:
                if _is_of(item, line):
                    asked[item.unit] += int(line["quantity"])
        return asked

    def _take(self, order_id: int, units: Mapping[str, int]) -> None:
        self.take_in()
        for item in self._of(units):
            there = min(item.level, units[item.unit])
            item.set(item.level - there)
            self._taken[order_id][item.unit] += there
            if beyond := units[item.unit] - there:
                self.oversold[item.sku] += beyond

    def _put_back(self, order_id: int, units: Mapping[str, int]) -> None:
        """At most what the order took, so that units that were never there do not come to be."""
        self.take_in()
        taken = self._taken[order_id]
        for item in self._of(units):
            back = min(taken[item.unit], units[item.unit])
            taken[item.unit] -= back
            item.set(item.level + back)

    def _of(self, units: Mapping[str, int]) -> list[Counted]:
        return [item for item in counted(self.products) if item.unit in units] if units else []


def _at_once(settings: Json, status: int) -> bool:
    return status != _INCOMPLETE and settings["update_stock_behavior"] == "order_placed"


def _is_of(item: Counted, line: Json) -> bool:
    if item.product["id"] != line.get("product_id"):
        return False
    if not item.by_variant or item.variant is None:
        return True
    return bool(item.variant["id"] == line.get("variant_id"))
