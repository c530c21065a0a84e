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
    """One method in one currency. `last` is when the last order by it was placed, None where only the settings name it
    (`currency` is "" then); `account` and `quickbooks` are what its money goes to and is called, `listed` whether
    payments.methods says so."""

    method: str
    currency: str
    orders: int
    last: datetime | None
    listed: bool
    account: str | None
    quickbooks: str | None
    paid_when: str


def methods_seen(orders: Iterable[Order], connection: Connection) -> list[SeenMethod]:
    """Those of `orders` that money came by, most used first, then those that only the settings name."""
    groups: defaultdict[tuple[str, str], list[Order]] = defaultdict(list)
    for order in orders:
        if order.total.inc > order.tenders:
            groups[order.payment_method.casefold(), order.currency].append(order)
    used = {name for name, _ in groups}
    unseen = [name for name in connection.payments.methods if name.casefold() not in used]
    found = [_seen(group[0].payment_method, group, connection) for group in groups.values()]
    found.sort(key=lambda one: (-one.orders, one.method.casefold(), one.currency))
    return [*found, *(_seen(name, [], connection) for name in unseen)]


def _seen(name: str, orders: list[Order], connection: Connection) -> SeenMethod:
    last = max(orders, key=lambda order: order.created, default=None)
    currency = last.currency if last else ""
    mapped = connection.payments.of(name, currency)
    return SeenMethod(
        method=name,
        currency=currency,
        orders=len(orders),
        last=last.created if last else None,
        listed=name.casefold() in {listed.casefold() for listed in connection.payments.methods},
        account=mapped.account,
        quickbooks=mapped.method,
        paid_when=mapped.paid_when,
    )
