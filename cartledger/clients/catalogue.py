"""BigCommerce's catalogue: products and their variants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cartledger.clients.store_calls import PAGE, Call, StoreCalls, instant
from cartledger.errors import Unreachable

PRODUCTS_AT_ONCE = 100
_PRODUCTS = "Products: read-only"
_FIELDS = "name,sku,type,price,inventory_tracking,date_modified,variants"


@dataclass(frozen=True, kw_only=True)
class CataloguePage:
    """One page of products, each with all its `variants`; prices as Decimals, with tax where the store's
    `is_price_entered_with_tax` says so; a variant's price is None where it has its product's.

    `more` says whether pages come after it. `limit` may be lower than `PAGE`: pages that break off are asked for in
    smaller ones, then `page` is the one that begins at or before the first product asked for, and goes on counting in
    pages of `limit`. `server_time` is the store's clock (ours where it does not tell).
    """

    rows: list[dict[str, Any]] = field(repr=False)
    more: bool
    limit: int
    page: int
    server_time: datetime


class Catalogue(StoreCalls):
    """Products of a store."""

    def catalogue(self, modified: datetime | None, *, page: int, limit: int = PAGE) -> CataloguePage:
        """Products changed at or after `modified` (aware), oldest change first; all by id where it is None."""
        # Without a time of day the store would put in the present one.
        since = {} if modified is None else {"date_modified:min": instant(modified)}
        params = {
            "include": "variants",
            "include_fields": _FIELDS,
            "sort": "id" if modified is None else "date_modified",
            "direction": "asc",
            **since,
        }
        read = self._page(_products(params, "the catalogue"), limit, page)
        return CataloguePage(
            rows=read.rows, more=read.more, limit=read.limit, page=read.page, server_time=read.server_time
        )

    def product_ids(self) -> Iterator[int]:
        """The id of every product, in their order; one call for 250."""
        return (row["id"] for row in self._every_product("name", "the products of the catalogue"))

    def tracking(self, product_ids: Sequence[int] = ()) -> dict[int, str]:
        """How the stock of these products is counted, of all where none are named: `none`, `product` or `variant`.

        One call for 100 that are named, or for 250 of all. Those that are gone are left out.
        """
        named = "inventory_tracking"
        rows = self._some_products(product_ids, named) if product_ids else self._every_product(named, "the catalogue")
        return {row["id"]: str(row.get("inventory_tracking")) for row in rows}

    def products(self, ids: Sequence[int]) -> list[dict[str, Any]]:
        """How the shop counts the stock of these products, at most 100; those that are gone are left out.

        `id`, `inventory_tracking` (none, product or variant), `inventory_level`, `base_variant_id` (None where a
        product has several variants).
        """
        call = Call(
            path="/v3/catalog/products",
            params={
                "id:in": ",".join(map(str, ids)),
                "include_fields": "inventory_tracking,inventory_level,base_variant_id",
            },
            what="products of the catalogue",
            scope=_PRODUCTS,
        )
        return self._all_pages(call, self._of_a_store)

    def variants_of(self, product_ids: Sequence[int]) -> list[dict[str, Any]]:
        """`id`, `product_id`, `sku` and `inventory_level` of every variant of these products, at most 100."""
        call = Call(
            path="/v3/catalog/variants",
            params={
                "product_id:in": ",".join(map(str, product_ids)),
                "include_fields": "sku,product_id,inventory_level",
            },
            what="variants of the catalogue",
            scope=_PRODUCTS,
        )
        return self._all_pages(call, self._of_a_store)

    def variants(self) -> list[dict[str, Any]]:
        """Every variant of the catalogue: `id`, `product_id`, `sku`. A product without options has one of its own."""
        call = Call(
            path="/v3/catalog/variants",
            params={"include_fields": "sku,product_id"},
            what="the SKUs of the catalogue",
            scope=_PRODUCTS,
        )
        return self._all_pages(call, self._of_a_store)

    def _some_products(self, ids: Sequence[int], named: str) -> Iterator[Mapping[str, Any]]:
        for first in range(0, len(ids), PRODUCTS_AT_ONCE):
            asked = ",".join(map(str, ids[first : first + PRODUCTS_AT_ONCE]))
            params = {"id:in": asked, "include_fields": named}
            yield from self._all_pages(_products(params, "products of the catalogue"), self._of_a_store)

    def _every_product(self, named: str, what: str) -> Iterator[Mapping[str, Any]]:
        """By id, each page from the last one on: numbered pages would skip products while others are deleted."""
        last, more = 0, True
        while more:
            params = {"id:greater": str(last), "sort": "id", "direction": "asc", "include_fields": named}
            page = self._page(_products(params, what), PAGE, 1)
            yield from page.rows
            more = page.more
            if more:
                last = _higher(page.rows[-1]["id"], last)


def _products(params: Mapping[str, str], what: str) -> Call:
    return Call(path="/v3/catalog/products", params=params, what=what, scope=_PRODUCTS)


def _higher(found: int, last: int) -> int:
    if found <= last:
        raise Unreachable("BigCommerce gave the same products twice.")
    return found
