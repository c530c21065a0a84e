"""BigCommerce: the store, and its orders with their lines, taxes, transactions and refunds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cartledger.clients.catalogue import Catalogue
from cartledger.clients.inventory import Inventory
from cartledger.clients.store_calls import INFORMATION, PAGE, Call, Read, a_list, a_page, an_object, instant
from cartledger.errors import BadRecord, Problem, Unreachable

ORDERS_AT_ONCE = 50
_ORDERS = "Orders: read-only"
_REFUNDS = "/v3/orders/payment_actions/refunds"
_WITH_LINES = {"include": "consignments.line_items,fees", "consignment_structure": "object"}


@dataclass(frozen=True, kw_only=True)
class OrdersPage:
    """One page of orders, money as the API's strings or Decimals.

    It is the last one when it has fewer rows than `limit`, which may be lower than was asked for: pages that break
    off are asked for in smaller ones, then `page` is the one that begins at or before the first row asked for.
    `server_time` is the store's clock (ours where it does not tell), `skew` how far it is ahead of ours.
    """

    rows: list[dict[str, Any]] = field(repr=False)
    limit: int
    page: int
    server_time: datetime
    skew: timedelta


@dataclass(frozen=True, kw_only=True)
class RefundsPage:
    """One page of refunds by id, each with whole `id` and `order_id`; amounts as Decimals. The answer does not count
    its pages. `server_time` is the store's clock (ours where it does not tell)."""

    rows: list[dict[str, Any]] = field(repr=False)
    server_time: datetime


class BigCommerce(Catalogue, Inventory):
    """One store, all of it. Nothing but stock levels is ever written."""

    def store(self) -> dict[str, Any]:
        """Name, currency, time zone and plan of the store. Raises Forbidden when there is no store of this hash."""
        return an_object(self._found(Call(path="/v2/store", what="the store", scope=INFORMATION)))

    def time(self) -> datetime:
        """The store's clock, UTC, whole seconds."""
        told = an_object(self._found(Call(path="/v2/time", what="the time", scope=INFORMATION))).get("time")
        if not isinstance(told, int):
            raise Unreachable("BigCommerce told the time without a number.")
        return datetime.fromtimestamp(told, UTC)

    def order_statuses(self) -> list[dict[str, Any]]:
        """All statuses an order can have, with the store's own labels."""
        return a_list(self._found(Call(path="/v2/order_statuses", what="order statuses", scope=_ORDERS)))

    def orders(self, min_modified: datetime, *, limit: int = PAGE, page: int = 1) -> OrdersPage:
        """Orders changed at or after `min_modified` (aware), oldest change first, complete with up to 50 lines a
        consignment, and fees."""
        return self._orders({"min_date_modified": instant(min_modified), "sort": "date_modified:asc"}, limit, page)

    def latest_orders(self, *, limit: int = PAGE) -> OrdersPage:
        """The orders changed last, the latest first, each as `orders` gives it."""
        return self._orders({"sort": "date_modified:desc"}, limit, 1)

    def first_order(self, created: datetime) -> dict[str, Any] | None:
        """The first order placed at or after `created` (aware), its header alone; None where there is none."""
        params = {"min_date_created": instant(created), "sort": "date_created:asc", "limit": "1"}
        read = self._found(Call(path="/v2/orders", params=params, what="orders", scope=_ORDERS))
        return next(iter(a_list(read)), None)

    def _orders(self, which: Mapping[str, str], limit: int, page: int) -> OrdersPage:
        call = Call(path="/v2/orders", params={**_WITH_LINES, **which}, what="orders", scope=_ORDERS)
        read = self._page(call, limit, page)
        return OrdersPage(
            rows=read.rows,
            limit=read.limit,
            page=read.page,
            server_time=read.server_time,
            skew=read.server_time - self._clock(),
        )

    def order(self, order_id: int) -> dict[str, Any] | None:
        """One order as `orders` gives it; None where there is none."""
        call = Call(path=f"/v2/orders/{order_id}", params=_WITH_LINES, what=f"order {order_id}", scope=_ORDERS)
        read = self._fetch(call)
        return None if read.status in (204, 404) else an_object(read)

    def refunds(self, created_min: datetime, *, page: int = 1) -> RefundsPage:
        """Refunds of all orders made at or after `created_min` (aware), by id: `PAGE` a page, or what the store makes
        of that. One that was made may still be declined later, without a sign."""
        call = Call(path=_REFUNDS, params={"created:min": instant(created_min)}, what="refunds", scope=_ORDERS)
        read = self._of_a_store(self._fetch(call.of_page(page)))
        rows, _ = a_page(read, page)
        if not all(_is_id(row.get(name)) for row in rows for name in ("id", "order_id")):
            raise Unreachable("BigCommerce told of a refund without its number or its order's.")
        return RefundsPage(rows=rows, server_time=read.server_time or self._clock())

    def refunds_of(self, order_ids: Sequence[int]) -> list[dict[str, Any]]:
        """All refunds of these orders: one call for each 50 of them."""
        rows: list[dict[str, Any]] = []
        for first in range(0, len(order_ids), ORDERS_AT_ONCE):
            asked = ",".join(map(str, order_ids[first : first + ORDERS_AT_ONCE]))
            call = Call(path=_REFUNDS, params={"order_id:in": asked}, what="refunds", scope=_ORDERS)
            rows += self._all_pages(call, self._of_a_store)
        return rows

    def order_products(self, order_id: int) -> list[dict[str, Any]]:
        """All lines of an order. Raises BadRecord when the order is gone, as do the next two."""
        call = Call(path=f"/v2/orders/{order_id}/products", what=f"the lines of order {order_id}", scope=_ORDERS)
        return self._all_pages(call, _of_the_order(order_id))

    def order_taxes(self, order_id: int) -> list[dict[str, Any]]:
        """All tax rows of an order: one for each rate of each line, shipping included."""
        call = Call(
            path=f"/v2/orders/{order_id}/taxes",
            params={"details": "true"},
            what=f"the taxes of order {order_id}",
            scope=_ORDERS,
        )
        return self._all_pages(call, _of_the_order(order_id))

    def transactions(self, order_id: int) -> list[dict[str, Any]]:
        """What the payment providers did for an order. None at all proves nothing: offline payments may leave none."""
        call = Call(
            path=f"/v3/orders/{order_id}/transactions",
            what=f"the transactions of order {order_id}",
            scope="Order Transactions: read-only",
        )
        return self._all_pages(call, _of_the_order(order_id))

    def shipments(self, order_id: int) -> list[dict[str, Any]]:
        """What was sent to the customer so far, one row a shipment."""
        call = Call(
            path=f"/v2/orders/{order_id}/shipments",
            what=f"the shipments of order {order_id}",
            scope=_ORDERS,
        )
        return self._all_pages(call, _of_the_order(order_id))

    def gift_certificates(self) -> list[dict[str, Any]]:
        """Every certificate that was ever issued: `status`, and what is left on it, `balance` in `currency_code`."""
        call = Call(path="/v2/gift_certificates", what="the gift certificates", scope="Marketing: read-only")
        return self._all_pages(call, self._of_a_store)

    def customers_with_credit(self) -> list[dict[str, Any]]:
        """Every customer with `store_credit_amounts`, which are in the store's default currency: one call for 250."""
        call = Call(
            path="/v3/customers",
            params={"include": "storecredit"},
            what="the customers' store credit",
            scope="Customers: read-only",
        )
        return self._all_pages(call, self._of_a_store)


def _of_the_order(order_id: int) -> Callable[[Read], Read]:
    """What an order has is missing only where the order is."""

    def found(read: Read) -> Read:
        if read.status == 404:
            problem = Problem(
                code="order_gone",
                text=f"Order {order_id} does not exist in BigCommerce any more.",
                fix="If the sale stands, enter it by hand; then use `cartledger held ignore`.",
            )
            raise BadRecord([problem])
        return read

    return found


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
