"""Which products the shop counts, and how many units QuickBooks begins to count with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from cartledger.errors import BadRecord, Problem, TryLater
from cartledger.ledger.store import Ledger
from cartledger.money import ZERO, read_json
from cartledger.records import Order, read_order, with_lines
from cartledger.settings import Connection
from consumers.restocking import StockSettings
from mapping.item import Product
from mapping.rules import SHIPPED
from mapping.stock import Row, is_counted, level_of, units_to_come

ORDER = "order"
STREAM = "orders"
"""The kind of the sources that are sold, and the name of the stream they are read in."""

OVERLAP = timedelta(minutes=10)

Opening = Decimal | Problem | TryLater | None
"""Units to begin with; None for what the shop does not count."""


class OrdersPage(Protocol):
    """One answer of `/v2/orders`; there are more where it has as many rows as `limit`."""

    @property
    def rows(self) -> Sequence[Mapping[str, Any]]: ...

    @property
    def limit(self) -> int: ...


class Shop(Protocol):
    """What making items needs of the BigCommerce client."""

    def products(self, ids: Sequence[int]) -> Sequence[Row]: ...

    def variants_of(self, product_ids: Sequence[int]) -> Sequence[Row]: ...

    def orders(self, min_modified: datetime) -> OrdersPage: ...

    def order_products(self, order_id: int) -> Sequence[Mapping[str, Any]]: ...


class Openings:
    """The openings of one connection's items. `settings` tell what moves the shop's stock."""

    def __init__(
        self,
        *,
        connection: Connection,
        zone: Callable[[], ZoneInfo],
        ledger: Ledger,
        shop: Shop,
        settings: StockSettings,
    ) -> None:
        self._connection = connection
        self._zone = zone
        self._ledger = ledger
        self._shop = shop
        self._settings = settings

    def of(self, products: Sequence[Product]) -> dict[str, Opening]:
        """By the products' keys: no call where the catalogue has told how they are counted, else one for all of them,
        and three to five where the shop's stock must be known.

        Raises what the client raises.
        """
        if self._connection.opens_with_stock:
            rows = self._products(products)
            counted = [product for product in products if is_counted(rows.get(product.product_id))]
            found = self._from_the_store(counted, rows) if counted else {}
            return self._none(products) | {key: self._or_nothing(opening) for key, opening in found.items()}
        rows = self._products([product for product in products if not product.tracking])
        told = {product: {"inventory_tracking": product.tracking} for product in products if product.tracking}
        counted = [product for product in products if is_counted(told.get(product) or rows.get(product.product_id))]
        return self._none(products) | {product.key: ZERO for product in counted}

    def _or_nothing(self, opening: Opening) -> Opening:
        """Where the shop's stock of one SKU alone is not known, no level of the shop follows its item."""
        asked = self._connection.products.opening_quantity == "store"
        return ZERO if isinstance(opening, Problem) and not asked else opening

    @staticmethod
    def _none(products: Iterable[Product]) -> dict[str, Opening]:
        return dict.fromkeys((product.key for product in products), None)

    def _from_the_store(self, products: Sequence[Product], rows: Mapping[int, Row]) -> dict[str, Opening]:
        """The shop's stock now, and the units of the orders that are still to be posted.

        Stock and orders cannot be read in one instant. An order that comes between the two would be counted in one and
        not in the other, whichever is read first. So stock is read before and after the orders, and counts only where
        it is the same: then nothing was sold in between. A shop that takes units late still has those that wait.
        """
        before = self._levels(products, rows)
        orders = self._still_to_be_posted()
        if orders is None:
            return dict.fromkeys(before, TryLater("the shop's orders are still being read"))
        after = self._levels(products, self._products(products))
        if self._settings.takes_late():
            orders = [order for order in orders if order.shipped is not None or order.status_id in SHIPPED]
        taken_back = {order.id for order in orders if self._books_take_back(order)}
        units = units_to_come(orders, self._connection, self._zone(), taken_back)
        return {key: _opening(level, after.get(key), units.get(key, ZERO)) for key, level in before.items()}

    def _products(self, products: Iterable[Product]) -> dict[int, Row]:
        ids = sorted({product.product_id for product in products} - {0})
        return {int(row["id"]): row for row in self._shop.products(ids)} if ids else {}

    def _levels(self, products: Sequence[Product], rows: Mapping[int, Row]) -> dict[str, Decimal | Problem]:
        by_variant = {number for number, row in rows.items() if row.get("inventory_tracking") == "variant"}
        variants: defaultdict[int, list[Row]] = defaultdict(list)
        for row in self._shop.variants_of(sorted(by_variant)) if by_variant else ():
            variants[int(row["product_id"])].append(row)
        return {
            product.key: level_of(product, rows[product.product_id], variants[product.product_id])
            for product in products
            if product.product_id in rows
        }

    def _still_to_be_posted(self) -> list[Order] | None:
        """Every order without a document, those included that nobody has read into the ledger yet. None while too many
        of these are left: whoever reads them is on the way.

        The cursor is read first: what is read into the ledger after that is newer than it, and asked for again.
        """
        pair = self._connection.pair
        cursor = self._ledger.cursor(pair, STREAM)
        if cursor is None:
            return None
        raw = {id_: read_json(record) for id_, record in self._ledger.unposted(pair, ORDER).items()}
        page = self._shop.orders(cursor.watermark - OVERLAP)
        if len(page.rows) >= page.limit:
            return None
        newer = {str(row["id"]): row for row in page.rows}
        settled = self._ledger.known(pair, ORDER, newer).keys() - raw.keys()
        orders = (self._read(row) for id_, row in (raw | newer).items() if id_ not in settled)
        return [order for order in orders if order is not None]

    def _books_take_back(self, order: Order) -> bool:
        """Whether refunds of the order that are still to be booked put goods back to stock there."""
        if not self._connection.records_refunds or not any(line.refunded for line in order.lines):
            return False
        restock = self._connection.refunds.restock
        return self._settings.restocks(order) if restock == "shop" else restock == "always"

    def _read(self, row: Mapping[str, Any]) -> Order | None:
        """None where it cannot be read: the order is held for that, until it changes in the shop."""
        try:
            order = read_order(row)
            return read_order(with_lines(row, self._shop.order_products(order.id))) if order.lines_incomplete else order
        except BadRecord:
            return None


def _opening(before: Decimal | Problem, after: Decimal | Problem | None, units: Decimal) -> Opening:
    if isinstance(before, Problem):
        return before
    if before != after:
        return TryLater("the shop's stock moved while its orders were read")
    return before + units
