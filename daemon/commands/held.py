"""`cartledger held`: what cannot be posted as it is, why, and what a person does about it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import click

from cartledger.errors import Problem, WrongUse
from cartledger.ledger.types import Standing
from cartledger.records import SourceKey
from cartledger.settings import nearest
from consumers.customers import CUSTOMER
from consumers.items import ITEM
from consumers.prerequisites import CUSTOMER_HELD, ITEM_HELD
from daemon.app import App
from daemon.console import json_option, out, print_json, table
from daemon.source_shown import facts, print_source, reasons

SHOWN = 3
"""Ids in a row of the list."""

connection_option = click.option(
    "--connection", metavar="NAME", help="Of this connection only; two shops may have orders of the same number."
)


@click.group()
def held() -> None:
    """Orders that wait for a person."""


@held.command("list")
@connection_option
@json_option
@click.pass_context
def list_(ctx: click.Context, connection: str | None, *, as_json: bool) -> None:
    """All held orders, grouped by cause."""
    with ctx.obj.app() as app:
        by_connection = _held(app, connection)
    if as_json:
        print_json({name: [reasons(one) for one in standings] for name, standings in by_connection.items()})
        return
    console = out()
    for name, standings in by_connection.items():
        rows = [(f"{code}\n{_which(ones)}", len(ones), problem) for code, ones, problem in _by_cause(standings)]
        if rows:
            causes = table(f"{name}: held", ["cause, and which", "held", "why the first of them"], rows, right=["held"])
            causes.show_lines = True
            console.print(causes)
    if any(by_connection.values()):
        console.print("All reasons of one: cartledger held show ORDER")
        console.print("Once mended: cartledger held retry ORDER, or --cause CAUSE, or --all")
    else:
        console.print("Nothing is held.")


@held.command()
@click.argument("order")
@connection_option
@json_option
@click.pass_context
def show(ctx: click.Context, order: str, connection: str | None, *, as_json: bool) -> None:
    """One held order: its reasons and its history.

    ORDER is its number in the shop.
    """
    with ctx.obj.app() as app:
        name, one = _find(app, order, connection)
        told = facts(app, app.lines[name], one)
    if as_json:
        print_json(told)
    else:
        print_source(out(), told)


@held.command()
@click.argument("orders", nargs=-1, metavar="[ORDER]...")
@click.option("--cause", help="All that are held for this cause.")
@click.option("--all", "everything", is_flag=True, help="All that are held.")
@connection_option
@click.pass_context
def retry(
    ctx: click.Context, orders: Sequence[str], cause: str | None, connection: str | None, *, everything: bool
) -> None:
    """Decide held orders again.

    At once where `cartledger run` is running, else with the next `cartledger sync`. Look them up with `held list`.
    """
    if sum((bool(orders), cause is not None, everything)) != 1:
        raise click.UsageError("Name orders, or a --cause, or --all.")
    with ctx.obj.app() as app:
        chosen = [_find(app, order, connection)[1] for order in orders]
        if not orders:
            chosen = [one for ones in _held(app, connection).values() for one in ones if _is_for(one, cause)]
        if cause and not chosen:
            raise _no_such_cause(app, cause, connection)
        count = _queue_again(app, chosen)
    click.echo(f"{count} queued again.")


@held.command()
@click.argument("orders", nargs=-1, required=True, metavar="ORDER...")
@click.option("--why", required=True, help="What you did about it; kept in the history.")
@connection_option
@click.pass_context
def ignore(ctx: click.Context, orders: Sequence[str], why: str, connection: str | None) -> None:
    """Never post these orders.

    They are excluded for good, with your words as the reason. A new version of the order is decided anew.
    """
    with ctx.obj.app() as app:
        count = app.ledger.ignore([_find(app, order, connection)[1].key for order in orders], why)
    click.echo(f"{count} excluded.")


def _held(app: App, connection: str | None) -> dict[str, list[Standing]]:
    """By connection. Raises SettingsWrong for a connection that is not there."""
    if connection is not None:
        app.settings.connection(connection)
    names = app.lines if connection is None else [connection]
    return {name: app.ledger.held(app.lines[name].connection.pair) for name in names}


def _find(app: App, order: str, connection: str | None) -> tuple[str, Standing]:
    by_connection = _held(app, connection)
    found = [(name, one) for name, ones in by_connection.items() for one in ones if one.key.id == order]
    if len(found) == 1:
        return found[0]
    if found:
        names = " and in ".join(name for name, _ in found)
        raise WrongUse(f"{order} is held in {names}.", fix="Say which with --connection NAME.")
    raise _not_held(app, order, by_connection)


def _not_held(app: App, order: str, names: Iterable[str]) -> WrongUse:
    fix = "`cartledger held list` shows what is held."
    for name in names:
        standing = app.ledger.standing(SourceKey(pair=app.lines[name].connection.pair, kind="order", id=order))
        if standing is not None:
            return WrongUse(f"Order {order} of {name} is not held, it is {standing.state}.", fix=fix)
    return WrongUse(f"There is no order {order} in the ledger.", fix=fix)


def _no_such_cause(app: App, cause: str, connection: str | None) -> WrongUse:
    causes = {problem.code for ones in _held(app, connection).values() for one in ones for problem in one.problems}
    return WrongUse(
        f'Nothing is held for the cause "{cause}".{nearest(cause, causes)}',
        fix="`cartledger held list` shows the causes.",
    )


def _is_for(one: Standing, cause: str | None) -> bool:
    return cause is None or cause in [problem.code for problem in one.problems]


_NEEDED = {CUSTOMER_HELD: CUSTOMER, ITEM_HELD: ITEM}
"""What kind of source an order is held for, by the cause."""


def _queue_again(app: App, chosen: Sequence[Standing]) -> int:
    """The chosen ones; where one of them waits for its customer or items, held ones of these too."""
    count = 0
    for line in app.lines.values():
        pair = line.connection.pair
        mine = [one for one in chosen if one.key.pair == pair]
        keys = {one.key for one in mine}
        needed = {kind for cause, kind in _NEEDED.items() if any(_is_for(one, cause) for one in mine)}
        if needed:
            keys |= {one.key for one in app.ledger.held(pair) if one.key.kind in needed}
        if keys:
            line.book.forget()
            count += app.ledger.retry(pair, keys=keys)
    return count


def _by_cause(standings: Iterable[Standing]) -> list[tuple[str, list[Standing], Problem]]:
    groups: dict[str, list[Standing]] = defaultdict(list)
    for one in standings:
        groups[one.problems[0].code].append(one)
    largest_first = sorted(groups.items(), key=lambda group: -len(group[1]))
    return [(code, ones, ones[0].problems[0]) for code, ones in largest_first]


def _which(ones: Sequence[Standing]) -> str:
    ids = [one.key.id for one in ones]
    return ", ".join(ids[:SHOWN]) + (" …" if len(ids) > SHOWN else "")
