"""`cartledger held`: what cannot be posted as it is, why, and what a person does about it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import click

from cartledger.errors import Problem, WrongUse
from cartledger.ledger.types import Standing
from daemon.app import App
from daemon.console import json_option, out, print_json, table


@click.group()
def held() -> None:
    """Orders that wait for a person."""


@held.command("list")
@json_option
@click.pass_context
def list_(ctx: click.Context, *, as_json: bool) -> None:
    """All held orders, grouped by cause."""
    with ctx.obj.app() as app:
        by_connection = _all_held(app)
    if as_json:
        print_json({name: [_facts(one) for one in standings] for name, standings in by_connection.items()})
        return
    console = out()
    for name, standings in by_connection.items():
        rows = [
            (code, len(ones), ", ".join(one.key.id for one in ones[:8]) + (" …" if len(ones) > 8 else ""), problem)
            for code, ones, problem in _by_cause(standings)
        ]
        if rows:
            console.print(
                table(f"{name}: held", ["cause", "orders", "which", "the first of them"], rows, right=["orders"])
            )
    if any(by_connection.values()):
        console.print(
            "One of them: cartledger held show ID · after mending: cartledger held retry [ID … | --cause CAUSE]"
        )
    else:
        console.print("Nothing is held.")


@held.command()
@click.argument("source")
@json_option
@click.pass_context
def show(ctx: click.Context, source: str, *, as_json: bool) -> None:
    """One held order (its number in the shop), with all its reasons and its history."""
    with ctx.obj.app() as app:
        name, one = _find(app, source)
        events = app.ledger.events(one.key)
    history = [{"at": event.at, "what": event.what, **event.detail} for event in events]
    if as_json:
        print_json({"connection": name, **_facts(one), "history": history})
        return
    console = out()
    console.print(f"{one.key} of {name}, modified {one.modified:%Y-%m-%d %H:%M} UTC, is {one.state}.")
    for problem in one.problems:
        console.print(f"  {problem.text}\n    {problem.fix}" if problem.fix else f"  {problem.text}")
    rows = [(event.at, event.what, " ".join(f"{k}={v}" for k, v in event.detail.items())) for event in events]
    console.print(table("history", ["at (UTC)", "what", "detail"], rows))


@held.command()
@click.argument("sources", nargs=-1)
@click.option("--cause", help="All that are held for this cause.")
@click.option("--all", "everything", is_flag=True, help="All that are held.")
@click.pass_context
def retry(ctx: click.Context, sources: Sequence[str], cause: str | None, *, everything: bool) -> None:
    """Decide held orders again, at the next sync or at once where `cartledger run` is running."""
    if sum((bool(sources), cause is not None, everything)) != 1:
        raise click.UsageError("Name orders, or a --cause, or --all.")
    with ctx.obj.app() as app:
        keys = [_find(app, source)[1].key for source in sources]
        count = 0
        for line in app.lines.values():
            line.book.forget()
            mine = [key for key in keys if key.pair == line.connection.pair]
            count += app.ledger.retry(line.connection.pair, keys=mine if sources else None, code=cause)
    click.echo(f"{count} queued again.")


@held.command()
@click.argument("sources", nargs=-1, required=True)
@click.option("--why", required=True, help="What you did about it; kept in the history.")
@click.pass_context
def ignore(ctx: click.Context, sources: Sequence[str], why: str) -> None:
    """Never post these: they are excluded, with your words as the reason."""
    with ctx.obj.app() as app:
        count = app.ledger.ignore([_find(app, source)[1].key for source in sources], why)
    click.echo(f"{count} excluded.")


def _all_held(app: App) -> dict[str, list[Standing]]:
    return {name: app.ledger.held(line.connection.pair) for name, line in app.lines.items()}


def _find(app: App, source: str) -> tuple[str, Standing]:
    found = [(name, one) for name, ones in _all_held(app).items() for one in ones if one.key.id == source]
    if not found:
        raise WrongUse(f"{source} is not held.", fix="`cartledger held list` shows what is.")
    return found[0]


def _by_cause(standings: Iterable[Standing]) -> list[tuple[str, list[Standing], Problem]]:
    groups: dict[str, list[Standing]] = defaultdict(list)
    for one in standings:
        groups[one.problems[0].code].append(one)
    largest_first = sorted(groups.items(), key=lambda group: -len(group[1]))
    return [(code, ones, ones[0].problems[0]) for code, ones in largest_first]


def _facts(one: Standing) -> dict[str, Any]:
    return {
        "kind": one.key.kind,
        "id": one.key.id,
        "modified": one.modified,
        "problems": [{"code": problem.code, "text": problem.text, "fix": problem.fix} for problem in one.problems],
    }
