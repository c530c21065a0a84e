"""`cartledger status`: where each connection stands, from the ledger alone (no call)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from cartledger.ledger.types import State
from daemon.app import App, Line
from daemon.console import MINUTES, json_option, out, print_json, table
from daemon.metering import Use, uses


@click.command()
@json_option
@click.pass_context
def status(ctx: click.Context, *, as_json: bool) -> None:
    """Where each connection stands.

    From the ledger alone: nothing is asked of shop or company.
    """
    with ctx.obj.app() as app:
        facts = {name: _facts(app, line) for name, line in app.lines.items()}
        dead = len(app.ledger.dead_letters())
        reads = uses(app.settings.connections, app.ledger, app.clock())
    if as_json:
        print_json({"connections": facts, "reads": list(map(asdict, reads)), "dead_letters": dead})
        return
    columns = ["connection", "enabled", "last read (UTC)", "waiting", "posted", "held", "excluded"]
    console = out()
    console.print(table("cartledger", columns, map(_row, facts, facts.values()), right=columns[3:]))
    for name, one in facts.items():
        if one["oldest_waiting"]:
            console.print(f"{name}: the oldest order that waits is of {one['oldest_waiting']:{MINUTES}} UTC.")
        if one["stock"]:
            console.print(_stock_sentence(name, one["stock"]), soft_wrap=True)
        for trouble in one["troubles"]:
            console.print(f"{name}: {trouble}", soft_wrap=True)
    for use in reads:
        console.print(_reads_sentence(use), soft_wrap=True)
    if dead:
        console.print(f"{dead} messages in the queues were no messages of cartledger; they are kept in the ledger.")


def _row(name: str, one: dict[str, Any]) -> tuple[object, ...]:
    orders, read = one["orders"], one["last_read"]
    waiting = orders[State.QUEUED] + orders[State.CLAIMED]
    settled = (orders[state] for state in (State.POSTED, State.HELD, State.EXCLUDED))
    return name, "yes" if one["enabled"] else "no", f"{read:{MINUTES}}" if read else None, waiting, *settled


def _stock_sentence(name: str, stock: dict[str, Any]) -> str:
    if stock["last_read"] is None:
        return f"{name}: the stock was never read."
    sentence = (
        f"{name}: the stock was last read at {stock['last_read']:{MINUTES}} UTC; QuickBooks has {stock['items']} items "
        f"and the shop {stock['levels']} levels of these; {stock['unsure']} are to be written again, "
        f"{stock['refused']} it has refused."
    )
    if stock["waiting"]:
        return f"{sentence} Something waits for a person: cartledger stock show {stock['waiting']}"
    return sentence


def _reads_sentence(use: Use) -> str:
    return (
        f"QuickBooks was read {use.reads} times this month (UTC) of {use.budget} that Intuit grants "
        f"({', '.join(use.connections)}); at this pace it will be {use.forecast}."
    )


def _stock(app: App, line: Line) -> dict[str, Any] | None:
    """None where stock is not kept."""
    if not line.connection.keeps_stock:
        return None
    pair = line.connection.pair
    levels, waiting = app.ledger.stock_levels(pair), app.ledger.waiting_proposal(pair)
    return {
        "last_read": line.last_stock_read(),
        "items": sum(item.active for item in app.ledger.stock_items(pair)),
        "levels": len(levels),
        "unsure": sum(not level.sure for level in levels),
        "refused": sum(bool(level.trouble) for level in levels),
        "waiting": waiting.id if waiting else None,
    }


def _facts(app: App, line: Line) -> dict[str, Any]:
    pair = line.connection.pair
    return {
        "enabled": app.ledger.is_enabled(pair),
        "workflows": sorted(line.connection.workflows),
        "last_read": line.last_read(),
        "orders": {state.value: count for state, count in app.ledger.counts(pair, "order").items()},
        "stock": _stock(app, line),
        "oldest_waiting": app.ledger.oldest_queued(pair, "order"),
        "troubles": [
            f"{circuit.side} since {circuit.since:%Y-%m-%d %H:%M} UTC: {circuit.reason}"
            for circuit in app.ledger.circuits(pair)
        ],
        "runs": [
            {"workflow": run.workflow, "started": run.started, "ended": run.ended, **run.facts}
            for run in app.ledger.runs(pair, 5)
        ],
    }
