"""What keeping the shop's stock, and reading its whole catalogue, mean for the SKUs of both sides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cartledger.settings import Connection
from mapping.checks.findings import Finding, note, warning
from mapping.company import Company, fold
from mapping.counted import INVENTORY


def check_stock(
    connection: Connection,
    company: Company,
    variants: Iterable[Mapping[str, Any]],
    *,
    taken_late: bool | None,
    approved: bool,
) -> Iterator[Finding]:
    """All findings at once, none without the workflow. `variants` are rows of `/v3/catalog/variants`; `taken_late`
    whether the shop takes an order's units when it is shipped, None where that is not known; `approved` whether a
    person has agreed with levels before."""
    if not connection.keeps_stock:
        return
    if taken_late:
        yield note("stock_taken_late", _TAKEN_LATE)
    followed = sum(is_counted for _, is_counted in _by_sku(connection, company, variants).values())
    if not followed:
        text = "No SKU of the shop has an active inventory item in QuickBooks: no level will be written."
        yield warning("no_stock_items", text, "Correct products.match_by, or make inventory items in QuickBooks.")
        return
    yield note("stock_items", f"Stock follows QuickBooks for {followed:,} SKUs, as far as the shop counts them.")
    if not approved:
        yield note("first_stock_run", _FIRST)


def check_whole_catalogue(
    connection: Connection, company: Company, variants: Iterable[Mapping[str, Any]]
) -> Iterator[Finding]:
    """How many items would be made, where every SKU of the catalogue gets one."""
    if connection.products.reads_catalogue:
        skus = _by_sku(connection, company, variants)
        missing = sum(not has_item for has_item, _ in skus.values())
        text = f"Of the {len(skus):,} SKUs of the catalogue {missing:,} have no item in QuickBooks: each gets one."
        yield note("whole_catalogue", text, key=("products", "sync"))


_TAKEN_LATE = (
    "The shop takes an order's units from its stock when it is shipped or completed, not when it is placed: their "
    "levels are written again with each change of an order."
)
_FIRST = (
    "Nothing is written to the shop's stock before a person approves the first levels, which `cartledger stock plan` "
    "shows: QuickBooks' quantities must be right by then."
)


def _by_sku(
    connection: Connection, company: Company, variants: Iterable[Mapping[str, Any]]
) -> dict[str, tuple[bool, bool]]:
    """Of each SKU of the shop, whether it has an item, and whether that is active and QuickBooks counts it."""
    items = company.items_by_sku if connection.products.match_by == "sku" else company.items_by_name
    skus = {fold(str(variant.get("sku") or "").strip()) for variant in variants} - {""}
    return {
        sku: (sku in items, any(item.active and item.type == INVENTORY for item in items.get(sku, ()))) for sku in skus
    }
