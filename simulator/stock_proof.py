"""The proof that the shop offers what the company has, counted from the simulator's own state on both sides."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from simulator.bigcommerce.store import Order, Store
from simulator.documents import Documents, Paper
from simulator.pricing import ZERO
from simulator.quickbooks.company import Company

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """One SKU that both sides count.

    `level` is the shop's at its default location, once all that it accepted shows; `missing` are units of the shop's
    orders that stand in no document of the company yet.
    """

    sku: str
    item_id: str
    level: int
    on_hand: Decimal
    missing: Decimal

    @property
    def free(self) -> Decimal:
        """Units that are there and promised to nobody; below zero where more was promised."""
        return self.on_hand - self.missing

    @property
    def right(self) -> int:
        """The level that the shop may show."""
        return max(0, int(self.free.to_integral_value(ROUND_FLOOR)))


def prove(shop: Store, company: Company, number: str = "BC-{id}") -> Json:
    """How the shop's levels stand to the company's quantities on hand. Documents are found as `proof.prove` finds them.

    {"skus" (that both sides count), "equal", "above", "below" (levels against on hand less what orders have taken and
     the company does not hold, never below zero),
     "oversold" (units sold beyond what was there when they were sold),
     "short" (units of those orders that the company lacks now),
     "written" (levels in accepted bulk writes), "changed" (items that these named), "parallel" (bulk writes refused
     because another was not answered),
     "rows": those that are not equal, as {"sku", "level", "on_hand", "missing"}}
    """
    found = shelves(shop, company, number)
    off = [shelf for shelf in found if shelf.level != shelf.right]
    above = sum(shelf.level > shelf.right for shelf in off)
    with shop.lock:
        rows = [row for adjustment in shop.adjustments for row in adjustment.items]
        return {
            "skus": len(found),
            "equal": len(found) - len(off),
            "above": above,
            "below": len(off) - above,
            "oversold": shop.oversold.total(),
            "short": f"{sum((-shelf.free for shelf in found if shelf.free < 0), ZERO):f}",
            "written": len(rows),
            "changed": len({(row["location_id"], *_identity(row)) for row in rows}),
            "parallel": shop.parallel,
            "rows": [_row(shelf) for shelf in off],
        }


def shelves(shop: Store, company: Company, number: str = "BC-{id}") -> list[Shelf]:
    """By SKU. Items without one, inactive ones and SKUs of several items are not looked at."""
    with shop.lock, company.lock:
        levels = {sku.casefold(): (sku, level) for sku, level in shop.levels(landed=True).items() if sku}
        items = _items(company)
        missing = _missing(shop, company, {item["Id"]: sku for sku, item in items.items()}, number)
        return [
            Shelf(
                sku=sku,
                item_id=items[key]["Id"],
                level=level,
                on_hand=Decimal(str(items[key]["QtyOnHand"])),
                missing=missing[key],
            )
            for key, (sku, level) in sorted(levels.items())
            if key in items
        ]


def _items(company: Company) -> dict[str, Json]:
    """By folded SKU."""
    found: defaultdict[str, list[Json]] = defaultdict(list)
    for item in company.objects("Item"):
        if item["Type"] == "Inventory" and item["Active"] and item.get("Sku"):
            found[item["Sku"].casefold()].append(item)
    return {sku: items[0] for sku, items in found.items() if len(items) == 1}


def _missing(shop: Store, company: Company, skus: Mapping[str, str], number: str) -> Mapping[str, Decimal]:
    """By folded SKU; `skus` are by item id."""
    documents = Documents(company, shop.store_hash)
    found: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
    for order in shop.orders.values():
        if shop.has_taken(order.id, order.header):
            papers = documents.sales(order.id, number.format(id=order.id))
            booked = _booked(papers[0], skus) if papers else {}
            for sku, units in _sold(order).items():
                found[sku] += max(ZERO, units - booked.get(sku, ZERO))
    return found


def _sold(order: Order) -> Mapping[str, Decimal]:
    return _sum((str(line["sku"]).casefold(), Decimal(line["quantity"])) for line in order.products)


def _booked(paper: Paper, skus: Mapping[str, str]) -> Mapping[str, Decimal]:
    details = (line.get("SalesItemLineDetail") or {} for line in _flat(paper.shown["Line"]))
    units = (((detail.get("ItemRef") or {}).get("value", ""), detail.get("Qty")) for detail in details)
    return _sum((skus[item_id], Decimal(str(quantity or 0))) for item_id, quantity in units if item_id in skus)


def _sum(units: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    found: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
    for sku, quantity in units:
        found[sku] += quantity
    return dict(found)


def _flat(lines: list[Json]) -> Iterator[Json]:
    """Lines, and those in groups."""
    for line in lines:
        yield line
        yield from (line.get("GroupLineDetail") or {}).get("Line", [])


def _identity(row: Json) -> tuple[str, Any]:
    return next((name, row[name]) for name in ("sku", "variant_id", "product_id") if name in row)


def _row(shelf: Shelf) -> Json:
    return {
        "sku": shelf.sku,
        "level": shelf.level,
        "on_hand": f"{shelf.on_hand:f}",
        "missing": f"{shelf.missing:f}",
    }
