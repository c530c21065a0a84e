"""What moves the shop's stock: settings of the store, some of which each of its channels may overrule."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from cartledger.ledger.store import Ledger
from cartledger.money import read_json, write_json
from cartledger.records import Order

AGES_AFTER = timedelta(hours=12)
MANUAL = "manual"
"""The source of orders that were entered in the control panel: the store's own setting counts, whatever the channel."""


class Shop(Protocol):
    """What is needed of the BigCommerce client."""

    def restocks(self, channel_id: int | None = None) -> bool: ...

    def takes_stock_late(self) -> bool: ...


class StockSettings:
    """The settings of one pair's shop, kept in the ledger for some hours."""

    def __init__(self, *, pair: str, ledger: Ledger, shop: Shop, clock: Callable[[], datetime]) -> None:
        self._pair = pair
        self._ledger = ledger
        self._shop = shop
        self._clock = clock

    def restocks(self, order: Order) -> bool:
        """Whether goods of `order` go back to stock when they are refunded. Raises what the client raises."""
        channel = None if order.source == MANUAL or not order.channel_id else order.channel_id
        name = f"restocks of channel {channel}" if channel else "restocks"
        return self._known(name, "restocks", lambda: self._shop.restocks(channel))

    def takes_late(self) -> bool:
        """Whether units of an order leave the stock when it is shipped, not when it is placed. Raises as `restocks`."""
        return self._known("takes stock late", "late", self._shop.takes_stock_late)

    def _known(self, name: str, what: str, ask: Callable[[], bool]) -> bool:
        known = self._ledger.reference(self._pair, name)
        if known is not None and self._clock() - known.fetched_at < AGES_AFTER:
            return bool(read_json(known.content)[what])
        told = ask()
        self._ledger.save_reference(self._pair, name, write_json({what: told}).encode())
        return told
