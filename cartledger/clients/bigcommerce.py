"""BigCommerce, read only: the store, and its orders with their lines, taxes, transactions and refunds.

Reading twice does no harm, so a call that fails is repeated here a few times, with growing waits; longer outages are
the caller's business. The quota belongs to all apps of the store together, so the answers' own headers are believed
and no number of ours.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from cartledger.clients.faults import shop_error
from cartledger.clients.http import Answer, BrokenAnswer, Http
from cartledger.errors import BadRecord, Forbidden, Pause, Problem, Throttled, Unreachable

PAGE = 250
SMALLEST_PAGE = 50
DEADLINE = 60.0
TRIES = 5
LONGEST_WAIT = 60.0
"""Seconds; whoever is asked to wait longer gives the call back instead."""

FEW_LEFT = 10
ORDERS_AT_ONCE = 50
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


class BigCommerce:
    """One store. Shared by threads.

    `clock` gives aware times, `sleep` takes seconds. Every call may raise Unauthorised, Forbidden, Unreachable and
    Throttled, or Refused where BigCommerce does not understand what is asked.
    """

    def __init__(
        self,
        *,
        http: Http,
        base_url: str,
        store_hash: str,
        access_token: str,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
    ) -> None:
        self._http = http
        self._store = f"{base_url.rstrip('/')}/stores/{quote(store_hash, safe='')}"
        self._store_hash = store_hash
        self._access_token = access_token
        self._clock = clock
        self._sleep = sleep
        self._not_before: datetime | None = None

    def store(self) -> dict[str, Any]:
        """Name, currency, time zone and plan of the store. Raises Forbidden when there is no store of this hash."""
        return _an_object(self._found(_Call(path="/v2/store", what="the store", scope=_INFORMATION)))

    def time(self) -> datetime:
        """The store's clock, UTC, whole seconds."""
        told = _an_object(self._found(_Call(path="/v2/time", what="the time", scope=_INFORMATION))).get("time")
        if not isinstance(told, int):
            raise Unreachable("BigCommerce told the time without a number.")
        return datetime.fromtimestamp(told, UTC)

    def order_statuses(self) -> list[dict[str, Any]]:
        """All statuses an order can have, with the store's own labels."""
        return _a_list(self._found(_Call(path="/v2/order_statuses", what="order statuses", scope=_ORDERS)))

    def orders(self, min_modified: datetime, *, limit: int = PAGE, page: int = 1) -> OrdersPage:
        """Orders changed at or after `min_modified` (aware), oldest change first, complete with up to 50 lines a
        consignment, and fees."""
        return self._orders({"min_date_modified": _instant(min_modified), "sort": "date_modified:asc"}, limit, page)

    def latest_orders(self, *, limit: int = PAGE) -> OrdersPage:
        """The orders changed last, the latest first, each as `orders` gives it."""
        return self._orders({"sort": "date_modified:desc"}, limit, 1)

    def first_order(self, created: datetime) -> dict[str, Any] | None:
        """The first order placed at or after `created` (aware), its header alone; None where there is none."""
        params = {"min_date_created": _instant(created), "sort": "date_created:asc", "limit": "1"}
        read = self._found(_Call(path="/v2/orders", params=params, what="orders", scope=_ORDERS))
        return next(iter(_a_list(read)), None)

    def _orders(self, which: Mapping[str, str], limit: int, page: int) -> OrdersPage:
        first = (page - 1) * limit

        def ask() -> _Read:
            nonlocal limit
            params = {**_WITH_LINES, **which, "limit": str(limit), "page": str(first // limit + 1)}
            try:
                return self._once(_Call(path="/v2/orders", params=params, what="orders", scope=_ORDERS))
            except BrokenAnswer:
                limit = max(min(limit, SMALLEST_PAGE), limit // 2)
                raise

        read = self._of_a_store(self._patiently(ask))
        now = self._clock()
        server_time = read.server_time or now
        return OrdersPage(
            rows=_a_list(read),
            limit=limit,
            page=first // limit + 1,
            server_time=server_time,
            skew=server_time - now,
        )

    def order(self, order_id: int) -> dict[str, Any] | None:
        """One order as `orders` gives it; None where there is none."""
        call = _Call(path=f"/v2/orders/{order_id}", params=_WITH_LINES, what=f"order {order_id}", scope=_ORDERS)
        read = self._fetch(call)
        return None if read.status in (204, 404) else _an_object(read)

    def refunds(self, created_min: datetime, *, page: int = 1) -> RefundsPage:
        """Refunds of all orders made at or after `created_min` (aware), by id: `PAGE` a page, or what the store makes
        of that. One that was made may still be declined later, without a sign."""
        call = _Call(path=_REFUNDS, params={"created:min": _instant(created_min)}, what="refunds", scope=_ORDERS)
        read = self._of_a_store(self._fetch(call.of_page(page)))
        rows, _ = _a_page(read, page)
        if not all(_is_id(row.get(name)) for row in rows for name in ("id", "order_id")):
            raise Unreachable("BigCommerce told of a refund without its number or its order's.")
        return RefundsPage(rows=rows, server_time=read.server_time or self._clock())

    def refunds_of(self, order_ids: Sequence[int]) -> list[dict[str, Any]]:
        """All refunds of these orders: one call for each 50 of them."""
        rows: list[dict[str, Any]] = []
        for first in range(0, len(order_ids), ORDERS_AT_ONCE):
            asked = ",".join(map(str, order_ids[first : first + ORDERS_AT_ONCE]))
            call = _Call(path=_REFUNDS, params={"order_id:in": asked}, what="refunds", scope=_ORDERS)
            rows += self._all_pages(call, self._of_a_store)
        return rows

    def restocks(self, channel_id: int | None = None) -> bool:
        """Whether the store puts back to stock what is refunded or cancelled; of a channel, which may say nothing of
        its own, or of orders that were entered by hand (None)."""
        own = None if channel_id is None else self._restocks({"channel_id": str(channel_id)})
        told = self._restocks({}) if own is None else own
        if told is None:
            raise Unreachable("BigCommerce did not tell whether refunded goods go back to stock.")
        return told

    def _restocks(self, which: Mapping[str, str]) -> bool | None:
        call = _Call(path="/v3/settings/inventory", params=which, what="the settings of the stock", scope=_INFORMATION)
        read = self._fetch(call) if which else self._found(call)
        if read.status != 200:
            return None
        told = _an_object(read).get("data")
        found = told.get("refund_order_stock_adjustment") if isinstance(told, dict) else None
        return found if isinstance(found, bool) else None

    def order_products(self, order_id: int) -> list[dict[str, Any]]:
        """All lines of an order. Raises BadRecord when the order is gone, as do the next two."""
        call = _Call(path=f"/v2/orders/{order_id}/products", what=f"the lines of order {order_id}", scope=_ORDERS)
        return self._all_pages(call, _of_the_order(order_id))

    def order_taxes(self, order_id: int) -> list[dict[str, Any]]:
        """All tax rows of an order: one for each rate of each line, shipping included."""
        call = _Call(
            path=f"/v2/orders/{order_id}/taxes",
            params={"details": "true"},
            what=f"the taxes of order {order_id}",
            scope=_ORDERS,
        )
        return self._all_pages(call, _of_the_order(order_id))

    def transactions(self, order_id: int) -> list[dict[str, Any]]:
        """What the payment providers did for an order. None at all proves nothing: offline payments may leave none."""
        call = _Call(
            path=f"/v3/orders/{order_id}/transactions",
            what=f"the transactions of order {order_id}",
            scope="Order Transactions: read-only",
        )
        return self._all_pages(call, _of_the_order(order_id))

    def shipments(self, order_id: int) -> list[dict[str, Any]]:
        """What was sent to the customer so far, one row a shipment."""
        call = _Call(
            path=f"/v2/orders/{order_id}/shipments",
            what=f"the shipments of order {order_id}",
            scope=_ORDERS,
        )
        return self._all_pages(call, _of_the_order(order_id))

    def products(self, ids: Sequence[int]) -> list[dict[str, Any]]:
        """How the shop counts the stock of these products, at most 100; those that are gone are left out.

        `id`, `inventory_tracking` (none, product or variant), `inventory_level`, `base_variant_id` (None where a
        product has several variants).
        """
        call = _Call(
            path="/v3/catalog/products",
            params={
                "id:in": ",".join(map(str, ids)),
                "include_fields": "inventory_tracking,inventory_level,base_variant_id",
            },
            what="products of the catalogue",
            scope="Products: read-only",
        )
        return self._all_pages(call, self._of_a_store)

    def variants_of(self, product_ids: Sequence[int]) -> list[dict[str, Any]]:
        """`id`, `product_id`, `sku` and `inventory_level` of every variant of these products, at most 100."""
        call = _Call(
            path="/v3/catalog/variants",
            params={
                "product_id:in": ",".join(map(str, product_ids)),
                "include_fields": "sku,product_id,inventory_level",
            },
            what="variants of the catalogue",
            scope="Products: read-only",
        )
        return self._all_pages(call, self._of_a_store)

    def variants(self) -> list[dict[str, Any]]:
        """Every variant of the catalogue: `id`, `product_id`, `sku`. A product without options has one of its own."""
        call = _Call(
            path="/v3/catalog/variants",
            params={"include_fields": "sku,product_id"},
            what="the SKUs of the catalogue",
            scope="Products: read-only",
        )
        return self._all_pages(call, self._of_a_store)

    def gift_certificates(self) -> list[dict[str, Any]]:
        """Every certificate that was ever issued: `status`, and what is left on it, `balance` in `currency_code`."""
        call = _Call(path="/v2/gift_certificates", what="the gift certificates", scope="Marketing: read-only")
        return self._all_pages(call, self._of_a_store)

    def customers_with_credit(self) -> list[dict[str, Any]]:
        """Every customer with `store_credit_amounts`, which are in the store's default currency: one call for 250."""
        call = _Call(
            path="/v3/customers",
            params={"include": "storecredit"},
            what="the customers' store credit",
            scope="Customers: read-only",
        )
        return self._all_pages(call, self._of_a_store)

    def _all_pages(self, call: _Call, found: Callable[[_Read], _Read]) -> list[dict[str, Any]]:
        """`found` raises for a 404."""
        rows: list[dict[str, Any]] = []
        page, more = 0, True
        while more:
            page += 1
            some, more = _a_page(found(self._fetch(call.of_page(page))), page)
            rows += some
        return rows

    def _found(self, call: _Call) -> _Read:
        return self._of_a_store(self._fetch(call))

    def _of_a_store(self, read: _Read) -> _Read:
        """What every store has is missing only where there is no store."""
        if read.status == 404:
            raise Forbidden(
                f"BigCommerce knows no store “{self._store_hash}”.",
                fix="Copy the store hash from the address of the control panel: store-<hash>.mybigcommerce.com.",
            )
        return read

    def _fetch(self, call: _Call) -> _Read:
        return self._patiently(lambda: self._once(call))

    def _patiently(self, ask: Callable[[], _Read]) -> _Read:
        """Ask again after what may pass by itself, a bounded number of times."""
        for wait in _waits():
            try:
                return ask()
            except Pause as pause:
                seconds = wait if pause.seconds is None else pause.seconds
                if seconds > LONGEST_WAIT:
                    raise
                self._sleep(seconds)
        return ask()

    def _once(self, call: _Call) -> _Read:
        self._keep_within_quota()
        answer = self._http.call(
            "GET",
            f"{self._store}{call.path}",
            deadline=DEADLINE,
            headers={"X-Auth-Token": self._access_token, "Accept": "application/json"},
            params=call.params,
        )
        if answer.status == 429:
            raise Throttled("The store's quota of calls is used up.", seconds=_seconds_to_reset(answer))
        self._notice_quota(answer)
        if answer.status in (204, 404):
            return _Read(status=answer.status, content=None, server_time=answer.date)
        if answer.status == 200:
            return _Read(status=200, content=_json(answer), server_time=answer.date)
        raise shop_error(answer.status, answer.body, what=call.what, scope=call.scope)

    def _keep_within_quota(self) -> None:
        if self._not_before is not None:
            seconds = (self._not_before - self._clock()).total_seconds()
            if seconds > 0:
                self._sleep(min(seconds, LONGEST_WAIT))

    def _notice_quota(self, answer: Answer) -> None:
        """When few calls are left in the window, spread them over the rest of it."""
        left, reset = _header(answer, "x-rate-limit-requests-left"), _seconds_to_reset(answer)
        if left is None or reset is None or left >= FEW_LEFT:
            self._not_before = None
        else:
            self._not_before = self._clock() + timedelta(seconds=reset / (left + 1))


_ORDERS = "Orders: read-only"
_REFUNDS = "/v3/orders/payment_actions/refunds"
_INFORMATION = "Information & Settings: read-only"


@dataclass(frozen=True, kw_only=True)
class _Call:
    """What to read, its name for people, and the scope of the token that it needs."""

    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    what: str
    scope: str

    def of_page(self, page: int) -> _Call:
        return _Call(
            path=self.path,
            params={**self.params, "limit": str(PAGE), "page": str(page)},
            what=self.what,
            scope=self.scope,
        )


@dataclass(frozen=True, kw_only=True)
class _Read:
    """An answer worth having: 200 with its JSON, 204 or 404 without."""

    status: int
    content: Any
    server_time: datetime | None


def _of_the_order(order_id: int) -> Callable[[_Read], _Read]:
    """What an order has is missing only where the order is."""

    def found(read: _Read) -> _Read:
        if read.status == 404:
            problem = Problem(
                code="order_gone",
                text=f"Order {order_id} does not exist in BigCommerce any more.",
                fix="If the sale stands, enter it by hand; then use `cartledger held ignore`.",
            )
            raise BadRecord([problem])
        return read

    return found


def _instant(moment: datetime) -> str:
    """Whole seconds, UTC. Raises ValueError for a time without a zone."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone")
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _waits() -> Iterator[float]:
    """Seconds between the tries: 1, 2, 4, 8, each half to one and a half times as long so that processes spread."""
    for n in range(TRIES - 1):
        yield 2**n * random.uniform(0.5, 1.5)  # noqa: S311 - spreads load, guards nothing


def _header(answer: Answer, name: str) -> int | None:
    told = answer.headers.get(name, "")
    return int(told) if told.isdecimal() else None


def _seconds_to_reset(answer: Answer) -> float | None:
    """When the quota is full again; None where the answer does not say, as when the platform itself is overloaded."""
    milliseconds = _header(answer, "x-rate-limit-time-reset-ms")
    if milliseconds is not None:
        return milliseconds / 1000
    return _header(answer, "x-retry-after")


def _json(answer: Answer) -> Any:
    try:
        return answer.json()
    except ValueError:
        # Cut off where the length was not told in advance, or a page of somebody in between.
        raise BrokenAnswer("BigCommerce answered with something that is no JSON.") from None


def _an_object(read: _Read) -> dict[str, Any]:
    if not isinstance(read.content, dict):
        raise Unreachable("BigCommerce answered without the object that was asked for.")
    return read.content


def _a_list(read: _Read) -> list[dict[str, Any]]:
    """A v2 list: a bare array, or no content at all."""
    found = [] if read.status == 204 else read.content
    if not isinstance(found, list):
        raise Unreachable("BigCommerce answered without the list that was asked for.")
    return found


def _a_page(read: _Read, page: int) -> tuple[list[dict[str, Any]], bool]:
    """The rows of a page in either version, and whether there are more; v3 may or may not count its pages."""
    if not isinstance(read.content, dict):
        rows = _a_list(read)
        return rows, len(rows) == PAGE
    found = read.content.get("data")
    if not isinstance(found, list):
        raise Unreachable("BigCommerce answered without the list that was asked for.")
    total = ((read.content.get("meta") or {}).get("pagination") or {}).get("total_pages")
    return found, page < total if isinstance(total, int) else len(found) == PAGE
