"""The payment methods of a shop's orders, and what the settings make of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cartledger.records import Order
from cartledger.settings import Connection


@dataclass(frozen=True, kw_only=True)
class SeenMethod:
    """One method. `last` is when the last order by it was placed, None where only the settings name it; `account` and
    `quickbooks` are what its money goes to and is called, `listed` whether payments.methods says so."""

    method: str
    orders: int
    last: datetime | None
    listed: bool
    account: str | None
    quickbooks: str | None
    paid_when: str


def methods_seen(orders: Iterable[Order], connection: Connection) -> list[SeenMethod]:
    """Those of `orders`, most used first, then those that only the settings name."""
    groups: defaultdict[str, list[Order]] = defaultdict(list)
    for order in orders:
        groups[order.payment_method.casefold()].append(order)
    names = {group[0].payment_method: group for group in groups.values()}
    unseen = [name for name in connection.payments.methods if name.casefold() not in groups]
    found = [_seen(name, group, connection) for name, group in names.items()]
    found.sort(key=lambda one: (-one.orders, one.method.casefold()))
    return [*found, *(_seen(name, [], connection) for name in unseen)]


def _seen(name: str, orders: list[Order], connection: Connection) -> SeenMethod:
    last = max(orders, key=lambda order: order.created, default=None)
    mapped = connection.payments.of(name, last.currency if last else "")
    return SeenMethod(
        method=name,
        orders=len(orders),
        last=last.created if last else None,
        listed=name.casefold() in {listed.casefold() for listed in connection.payments.methods},
        account=mapped.account,
        quickbooks=mapped.method,
        paid_when=mapped.paid_when,
    )
