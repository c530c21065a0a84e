"""The shop's catalogue as it was last read: which products offer which SKUs, and what is gone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from cartledger.ledger import catalogue_statements as sql
from cartledger.ledger.engine import Engine
from cartledger.ledger.rows import read_time
from cartledger.money import D
from cartledger.products import CatalogueCounts, LeftItem, Offer, ShopProduct
from cartledger.records import SourceKey


class Catalogue(Engine):
    """What the shop sells."""

    def shop_products(self, pair: str) -> set[int]:
        """The ids of all products that the shop has, as far as it was read."""
        return {row["product_id"] for row in self._rows(sql.PRODUCTS, pair=pair)}

    def learn_products(self, pair: str, products: Iterable[ShopProduct]) -> set[str]:
        """Products as they were read. Returns the sources of all SKUs that they have or had."""
        with self.transaction():
            return {source for product in products for source in self._learn(pair, product)}

    def _learn(self, pair: str, product: ShopProduct) -> set[str]:
        of_product = {"pair": pair, "product_id": product.id}
        before = {row["source"] for row in self._rows(sql.OFFERED, **of_product)}
        self._rows(sql.LEARN_PRODUCT, **of_product, name=product.name, without_sku=product.without_sku)
        for offer in product.offers:
            price = "" if offer.price is None else format(offer.price, "f")
            facts = {"source": offer.source, "sku": offer.sku, "price": price, "tracking": offer.tracking}
            self._rows(sql.LEARN_OFFER, **of_product, **facts)
        now = {offer.source for offer in product.offers}
        self._lose_offers(pair, product.id, before - now)
        return before | now

    def lose_products(self, pair: str, product_ids: Iterable[int]) -> set[str]:
        """Products that the shop has no more. Returns the sources of all SKUs that they had."""
        with self.transaction():
            return {source for product_id in sorted(product_ids) for source in self._lose(pair, product_id)}

    def _lose(self, pair: str, product_id: int) -> set[str]:
        sources = {row["source"] for row in self._rows(sql.OFFERED, pair=pair, product_id=product_id)}
        self._rows(sql.LOSE_PRODUCT, pair=pair, product_id=product_id, now=self._now())
        self._lose_offers(pair, product_id, sources)
        return sources

    def _lose_offers(self, pair: str, product_id: int, sources: Iterable[str]) -> None:
        for source in sorted(sources):
            self._rows(sql.LOSE_OFFER, pair=pair, product_id=product_id, source=source, now=self._now())
            self._event(SourceKey(pair=pair, kind="item", id=source), "gone in the shop", product=product_id)

    def offers(self, pair: str, sources: Iterable[str]) -> dict[str, list[Offer]]:
        """What the shop offers under these, by source, the oldest product first; nothing for what is gone."""
        rows = {source: self._rows(sql.OFFERS, pair=pair, source=source) for source in set(sources)}
        return {source: [_read_offer(row) for row in found] for source, found in rows.items() if found}

    def catalogue_counts(self, pair: str) -> CatalogueCounts:
        """How much there is, and of how much QuickBooks has an item."""
        (row,) = self._rows(sql.COUNTS, pair=pair)
        return CatalogueCounts(**dict(row))

    def left_items(self, pair: str) -> list[LeftItem]:
        """Items whose SKUs no product of the shop has any more, those that went first coming first."""
        return [
            LeftItem(
                item_id=row["target_id"],
                sku=row["sku"],
                product_id=row["product_id"],
                name=row["name"],
                gone_at=read_time(row["gone_at"]),
            )
            for row in self._rows(sql.LEFT_ITEMS, pair=pair)
        ]


def _read_offer(row: sqlite3.Row) -> Offer:
    return Offer(
        product_id=row["product_id"],
        name=row["name"],
        source=row["source"],
        sku=row["sku"],
        price=D(row["price"]) if row["price"] else None,
        tracking=row["tracking"],
    )
