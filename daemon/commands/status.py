"""`cartledger status`: where each connection stands, from the ledger alone (no call)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import click

from cartledger.ledger.types import Alert, Process, State
from cartledger.settings import Schedule
from consumers.circuit import NAMES
from daemon.app import App, Line
from daemon.console import MINUTES, json_option, out, print_json, table
from daemon.metering import Use, uses
from daemon.schedule import next_time
from daemon.watching.alerts import still_runs
from daemon.watching.causes import EVERYWHERE

RUNS = 5
WORTH_A_LOOK = timedelta(days=1)
BY_HAND = "by hand"


@click.command()
@json_option
@click.pass_context
def status(ctx: click.Context, *, as_json: bool) -> None:
    """Where each connection stands.

    What is wrong and what to do, what was read and posted and when it is read next, what runs. From the ledger alone:
    nothing is asked of shop or company.
    """
    with ctx.obj.app() as app:
        now = app.clock()
        reads = uses(app.settings.connections, app.ledger, now)
        told = {
            "alerts": [_alert(alert) for alert in app.ledger.alerts(EVERYWHERE)],
            "connections": {name: _facts(app, line, now) for name, line in app.lines.items()},
            "processes": list(_processes(app.ledger.processes(now - WORTH_A_LOOK), now)),
            "reads": [asdict(use) for use in reads],
            "dead_letters": len(app.ledger.dead_letters()),
        }
    if as_json:
        print_json(told)
    else:
        _print(told, reads, now)


def _print(told: Mapping[str, Any], reads: Iterable[Use], now: datetime) -> None:
    console, connections = out(), told["connections"]
    alerts = [("", alert) for alert in told["alerts"]]
    alerts += [(f"{name}: ", alert) for name, one in connections.items() for alert in one["alerts"]]
    for whose, alert in alerts:
        console.print(f"ALERT {whose}{alert['text']} (since {alert['since']:{MINUTES}} UTC)", soft_wrap=True)
        console.print(f"      {alert['fix']} docs/RUNBOOK.md#{alert['cause']}", soft_wrap=True)
    columns = ["connection", "enabled", "last read (UTC)", "next", "waiting", "posted", "held", "excluded"]
    rows = [_row(name, one, now) for name, one in connections.items()]
    console.print(table("cartledger", columns, rows, right=columns[4:]))
    for name, one in connections.items():
        for sentence in _sentences(name, one):
            console.print(sentence, soft_wrap=True)
    runs = [_run(name, run) for name, one in connections.items() for run in one["runs"]]
    if runs:
        columns = ["run of", "started (UTC)", "what", "by", "brought", "took", "held", "waiting"]
        console.print(table("last runs", columns, runs, right=columns[4:]))
    for process in told["processes"]:
        console.print(_process_sentence(process), soft_wrap=True)
    if not any(process["runs"] for process in told["processes"]):
        console.print("No process runs; `cartledger sync` reads and posts now.")
    for use in reads:
        console.print(_reads_sentence(use), soft_wrap=True)
    if dead := told["dead_letters"]:
        console.print(f"{dead} messages in the queues were no messages of cartledger; they are kept in the ledger.")


def _row(name: str, one: Mapping[str, Any], now: datetime) -> tuple[object, ...]:
    orders, read, due = one["orders"], one["last_read"], one["next_read"]
    waiting = orders[State.QUEUED] + orders[State.CLAIMED]
    settled = (orders[state] for state in (State.POSTED, State.HELD, State.EXCLUDED))
    then = None
    if one["interval"] == "manual":
        then = BY_HAND
    elif due is not None:
        then = "now" if due <= now else f"{due:{MINUTES}}"
    return name, "yes" if one["enabled"] else "no", f"{read:{MINUTES}}" if read else None, then, waiting, *settled


def _sentences(name: str, one: Mapping[str, Any]) -> Iterator[str]:
    if one["oldest_waiting"]:
        yield f"{name}: the oldest order that waits is of {one['oldest_waiting']:{MINUTES}} UTC."
    if one["stock"]:
        yield _stock_sentence(name, one["stock"])
    yield from (f"{name}: {trouble}" for trouble in one["troubles"])


def _stock_sentence(name: str, stock: Mapping[str, Any]) -> str:
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


def _run(name: str, run: Mapping[str, Any]) -> tuple[object, ...]:
    """`took` is how long it was until all that it brought was settled or waited."""
    ended = run["ended"]
    took = "goes on" if ended is None else f"{(ended - run['started']).total_seconds():.0f} s"
    brought = run.get("levels", run.get("new_or_changed"))
    by = run.get("by")
    return name, f"{run['started']:{MINUTES}}", run["workflow"], by, brought, took, run.get("held"), run.get("waiting")


def _process_sentence(process: Mapping[str, Any]) -> str:
    who = f"{process['role']} {process['instance'] or ''}".rstrip()
    if process["runs"]:
        return f"{who} runs since {process['started']:{MINUTES}} UTC."
    return f"{who} ended without a word; it was last seen at {process['seen_at']:{MINUTES}} UTC."


def _processes(found: Sequence[Process], now: datetime) -> Iterator[dict[str, Any]]:
    """Those that run, and where none of that role and number does the last one, unless it ended as it
    should. `found` is in the order of their starts."""
    last = {(process.role, process.instance): process for process in found}
    here = [process for process in found if process.ended is None and now - process.seen_at < WORTH_A_LOOK]
    running = [process for process in here if still_runs(process, now)]
    gone = last.keys() - {(process.role, process.instance) for process in running}
    for process in [*running, *(last[name] for name in sorted(gone) if last[name] in here)]:
        yield {
            "role": process.role,
            "instance": process.instance,
            "started": process.started,
            "seen_at": process.seen_at,
            "runs": process in running,
        }


def _reads_sentence(use: Use) -> str:
    return (
        f"QuickBooks was read {use.reads} times this month (UTC) of {use.budget} that Intuit grants "
        f"({', '.join(use.connections)}); at this pace it will be {use.forecast}."
    )


def _alert(alert: Alert) -> dict[str, Any]:
    return {"cause": alert.cause, "since": alert.since, "text": alert.text, "fix": alert.fix}


def _stock(app: App, line: Line, now: datetime) -> dict[str, Any] | None:
    """None where stock is not kept."""
    if not line.connection.keeps_stock:
        return None
    pair, last = line.connection.pair, line.last_stock_read()
    levels, waiting = app.ledger.stock_levels(pair), app.ledger.waiting_proposal(pair)
    return {
        "last_read": last,
        "next_read": _next(app, line, line.connection.stock.interval, last, now),
        "items": sum(item.active for item in app.ledger.stock_items(pair)),
        "levels": len(levels),
        "unsure": sum(not level.sure for level in levels),
        "refused": sum(bool(level.trouble) for level in levels),
        "waiting": waiting.id if waiting else None,
    }


def _next(app: App, line: Line, schedule: Schedule, last: datetime | None, now: datetime) -> datetime | None:
    """None where only a person asks for it, and where the store's zone is not known yet."""
    zone = line.known_zone(app.ledger)
    return None if schedule.at and zone is None else next_time(schedule, last, now, zone or ZoneInfo("UTC"))


def _facts(app: App, line: Line, now: datetime) -> dict[str, Any]:
    pair, last = line.connection.pair, line.last_read()
    return {
        "alerts": [_alert(alert) for alert in app.ledger.alerts(pair)],
        "enabled": app.ledger.is_enabled(pair),
        "workflows": sorted(line.connection.workflows),
        "interval": str(line.connection.interval),
        "last_read": last,
        "next_read": _next(app, line, line.connection.interval, last, now),
        "orders": {state.value: count for state, count in app.ledger.counts(pair, "order").items()},
        "stock": _stock(app, line, now),
        "oldest_waiting": app.ledger.oldest_queued(pair, "order"),
        "troubles": [
            f"{NAMES[circuit.side]} since {circuit.since:{MINUTES}} UTC: {circuit.reason}"
            for circuit in app.ledger.circuits(pair)
        ],
        "runs": [
            {"workflow": run.workflow, "started": run.started, "ended": run.ended, **run.facts}
            for run in app.ledger.runs(pair, RUNS)
        ],
    }
