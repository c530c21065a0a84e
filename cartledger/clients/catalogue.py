"""BigCommerce's catalogue: products and their variants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from cartledger.clients.store_calls import PAGE, Call, Page, StoreCalls, instant
from cartledger.errors import Unreachable

PRODUCTS_AT_ONCE = 100
_PRODUCTS = "Products: read-only"
_FIELDS = "name,sku,price,inventory_tracking,date_modified,variants"
_TRACKING = "inventory_tracking"


class Catalogue(StoreCalls):
    """Products of a store."""

    def catalogue(self, modified: datetime, *, page: int, limit: int = PAGE) -> Page:
        """Products changed at or after `modified` (aware), oldest change first, each with all its `variants`.

        Prices are with tax where the store's `is_price_entered_with_tax` says so; a variant's is None where it has its
        product's.
        """
        params = {
            "date_modified:min": instant(modified),
            "sort": "date_modified",
            "direction": "asc",
            "include": "variants",
            "include_fields": _FIELDS,
        }
        return self._page(_products(params, "the catalogue"), limit, page)

    def tracking(self, product_ids: Sequence[int] = ()) -> dict[int, str]:
        """How the stock of these products is counted, of all where none are named: `none`, `product` or `variant`.

        One call for 100 that are named, or for 250 of all. Those that are gone are left out.
        """
        rows = self._some_products(product_ids) if product_ids else self._every_product()
        return {row["id"]: str(row.get("inventory_tracking")) for row in rows}

    def products(self, ids: Sequence[int]) -> list[dict[str, Any]]:
        """How the shop counts the stock of these products, at most 100; those that are gone are left out.

        `id`, `inventory_tracking` (none, product or variant), `inventory_level`, `base_variant_id` (None where a
        product has several variants).
        """
        fields = "inventory_tracking,inventory_level,base_variant_id"
        call = _products({"id:in": _listed(ids), "include_fields": fields}, "products of the catalogue")
        return self._all_pages(call, self._of_a_store)

    def variants_of(self, product_ids: Sequence[int]) -> list[dict[str, Any]]:
        """`id`, `product_id`, `sku` and `inventory_level` of every variant of these products, at most 100."""
        params = {"product_id:in": _listed(product_ids), "include_fields": "sku,product_id,inventory_level"}
        return self._all_pages(_variants(params, "variants of the catalogue"), self._of_a_store)

    def variants(self) -> list[dict[str, Any]]:
        """Every variant of the catalogue: `id`, `product_id`, `sku`. A product without options has one of its own."""
        call = _variants({"include_fields": "sku,product_id"}, "the SKUs of the catalogue")
        return self._all_pages(call, self._of_a_store)

    def _some_products(self, ids: Sequence[int]) -> Iterator[Mapping[str, Any]]:
        for first in range(0, len(ids), PRODUCTS_AT_ONCE):
            asked = _listed(ids[first : first + PRODUCTS_AT_ONCE])
            call = _products({"id:in": asked, "include_fields": _TRACKING}, "products of the catalogue")
            yield from self._all_pages(call, self._of_a_store)

    def _every_product(self) -> Iterator[Mapping[str, Any]]:
        """By id, each page from the last one on: numbered pages would skip products while others are deleted."""
        last, more = 0, True
        while more:
            params = {"id:greater": str(last), "sort": "id", "direction": "asc", "include_fields": _TRACKING}
            page = self._page(_products(params, "the catalogue"), PAGE, 1)
            yield from page.rows
            more = page.more
            if more:
                last = _last_id(page.rows, last)


def _products(params: Mapping[str, str], what: str) -> Call:
    return Call(path="/v3/catalog/products", params=params, what=what, scope=_PRODUCTS)


def _variants(params: Mapping[str, str], what: str) -> Call:
    return Call(path="/v3/catalog/variants", params=params, what=what, scope=_PRODUCTS)


def _listed(ids: Sequence[int]) -> str:
    return ",".join(map(str, ids))


def _last_id(rows: Sequence[Mapping[str, Any]], last: int) -> int:
    found: int = rows[-1]["id"] if rows else last
    if found <= last:
        raise Unreachable("BigCommerce gave no further products where it says that there are some.")
    return found
