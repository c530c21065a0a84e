"""`cartledger methods`: how the shop's last orders were paid, and where that money goes."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from daemon.console import doing, json_option, out, print_json, table
from daemon.context import Context
from daemon.inspection import latest_orders
from mapping.checks.methods_seen import SeenMethod, methods_seen

_COLUMNS = ("payment method", "orders", "last order", "account", "QuickBooks method", "paid when")


@click.command()
@click.argument("connection", required=False)
@json_option
@click.pass_obj
def methods(context: Context, connection: str | None, *, as_json: bool) -> None:
    """Show the payment methods of the last 250 orders.

    Of all connections, or of CONNECTION: each with the account that its money goes to, mapped in payments.methods or
    not. Nothing is written to either side.
    """
    settings = context.settings()
    names = [connection] if connection else list(settings.connections)
    settings.connection(names[0])
    facts: dict[str, tuple[int, list[SeenMethod]]] = {}
    with context.app() as app, doing() as say:
        for name in names:
            say(f"{name}: reading the shop")
            line = app.lines[name]
            orders = latest_orders(line)
            facts[name] = len(orders), methods_seen(orders, line.connection)
    if as_json:
        print_json({name: _facts(count, seen) for name, (count, seen) in facts.items()})
    else:
        for name, (count, seen) in facts.items():
            _print(name, count, seen)


def _facts(orders: int, seen: list[SeenMethod]) -> dict[str, Any]:
    return {"orders": orders, "methods": [asdict(one) for one in seen]}


def _print(name: str, orders: int, seen: list[SeenMethod]) -> None:
    console = out()
    title = f"{name}: payment methods of the last {orders} orders"
    several = len({one.currency for one in seen if one.currency}) > 1
    rows = [_row(one, several=several) for one in seen]
    console.print(table(title, _COLUMNS, rows, right=("orders",)))
    if any(not one.listed for one in seen):
        console.print(f"{name}: what is not mapped can be, under [connections.{name}.payments.methods].")


def _row(one: SeenMethod, *, several: bool) -> tuple[object, ...]:
    """The currency is named where there are several."""
    method = f"{one.method or 'none'}{f', {one.currency}' if several and one.currency else ''}"
    account = one.account if one.listed else f"not mapped: {one.account or 'no default account'}"
    last = f"{one.last:%Y-%m-%d}" if one.last else None
    return method, one.orders, last, account, one.quickbooks, one.paid_when
