"""What the token of a shop may do, tried with one small call for each scope."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cartledger.clients.bigcommerce import BigCommerce
from cartledger.errors import Forbidden, Refused
from cartledger.settings import Connection

_ANY_PRODUCT = 1


def refuse_missing_scopes(connection: Connection, shop: BigCommerce) -> None:
    """Raises Forbidden with all that the token may not do and the connection needs. Whether it may write stock shows
    when it does."""
    missing: list[Forbidden] = []

    def may(ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except Forbidden as error:
            missing.append(error)
        except Refused:
            pass  # the settings name something that is not there; check says so
        return None

    page = may(lambda: shop.latest_orders(limit=1))
    if page is not None and page.rows:
        may(lambda: shop.transactions(int(page.rows[0]["id"])))
    may(lambda: shop.products([_ANY_PRODUCT]))
    if connection.records_refunds:
        may(shop.restocks)
    if connection.keeps_stock:
        location = connection.stock.location or may(shop.default_location)
        if location is not None:
            may(lambda: next(shop.inventory(location), None))
    if missing:
        raise Forbidden("\n".join([*map(str, missing), "The token was not kept."]))
