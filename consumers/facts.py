"""Reads what an order does not bring along: one call for each fact, and only where the decision asks for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from cartledger.errors import Pause, TryLater
from cartledger.records import Order
from consumers.rates import RateBook
from consumers.restocking import StockSettings
from mapping.decision import Fact, Needs
from mapping.facts import Facts
from mapping.shipments import read_shipments
from mapping.tax.rows import read_taxes
from mapping.transactions import read_transactions

ORDERS_KEPT = 1000


class ShopSilent(TryLater):
    """The shop does not tell a fact now, which is no reason to leave QuickBooks alone, nor a fact."""


class Shop(Protocol):
    """What deciding orders needs of the BigCommerce client. Each raises BadRecord when the order is gone."""

    def order_taxes(self, order_id: int) -> Sequence[Mapping[str, Any]]:
        """The order's tax rows."""

    def transactions(self, order_id: int) -> Sequence[Mapping[str, Any]]:
        """What the payment providers did for the order."""

    def shipments(self, order_id: int) -> Sequence[Mapping[str, Any]]:
        """The order's shipments."""


class FactReader:
    """The facts of one pair's orders. An order that waits for its customer is decided again soon, so what was read of
    a version is kept until it is settled: nothing is asked for twice."""

    def __init__(self, shop: Shop, rates: RateBook, stock: StockSettings) -> None:
        self._rates = rates
        self._stock = stock
        self._readers: Mapping[Fact, Callable[[Order], Any]] = {
            Fact.TAXES: lambda order: read_taxes(shop.order_taxes(order.id)),
            Fact.TRANSACTIONS: lambda order: read_transactions(shop.transactions(order.id)),
            Fact.SHIPMENTS: lambda order: read_shipments(shop.shipments(order.id)),
        }
        self._kept: dict[tuple[int, str], dict[Fact, Any]] = {}

    def forget(self, order: Order, version: str) -> None:
        """It is settled: whatever brings it back may be something that no version tells."""
        self._kept.pop((order.id, version), None)

    def _read(self, fact: Fact, order: Order, version: str) -> Any:
        kept = self._kept.setdefault((order.id, version), {})
        if fact not in kept:
            kept[fact] = self._readers[fact](order)
        while len(self._kept) > ORDERS_KEPT:
            self._kept.pop(next(iter(self._kept)), None)
        return kept[fact]

    def with_fact(self, facts: Facts, needs: Needs, order: Order, version: str) -> Facts:
        """`facts` and what is needed. Raises ShopSilent, and what else the clients raise."""
        if needs.fact is Fact.EXCHANGE_RATES:
            return replace(facts, exchange_rates=self._rates.rates(order.currency, needs.days))
        try:
            if needs.fact is Fact.RESTOCKS:
                return replace(facts, restocks=self._stock.restocks(order))
            return replace(facts, **{str(needs.fact): self._read(needs.fact, order, version)})
        except Pause as error:
            raise ShopSilent(str(error)) from error
