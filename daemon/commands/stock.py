"""`cartledger stock`: what the shop's levels would become, and what of it waits for a person."""

from __future__ import annotations

import getpass
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cartledger import logs
from cartledger.errors import CartledgerError, TryLater, WrongUse
from cartledger.ledger.types import State
from cartledger.records import SourceKey
from cartledger.settings import Settings
from cartledger.stock import LevelChange, Proposal, ProposalState
from consumers.stock import Approved, NotEnabled
from daemon.app import App, Line
from daemon.commands.held import connection_option
from daemon.commands.sync import Permit
from daemon.console import MINUTES, doing, json_option, print_json
from daemon.context import Context
from daemon.running.supervisor import Crew, Producing
from daemon.stock_shown import (
    FATES,
    Facts,
    plan_facts,
    print_approved,
    print_plan,
    print_proposal,
    print_proposals,
    proposal_facts,
)
from mapping.levels import is_unread

Walked = TypeVar("Walked")

LOOK_AGAIN = 1.0
"""Seconds, while another process is at the same."""

MOST_PATIENCE = timedelta(minutes=3)
"""Longer than a call to the shop that was not answered may take, and shorter than a reading is good for."""


@click.group()
def stock() -> None:
    """The shop's stock, which follows QuickBooks."""


@stock.command()
@click.argument("connection")
@json_option
@click.pass_context
def plan(ctx: click.Context, connection: str, *, as_json: bool) -> None:
    """Show which levels of CONNECTION's shop would be written.

    QuickBooks' quantities and the shop's orders are read now, and nothing is written to either side. Exit code 1: the
    quantities cannot be read as a whole.
    """
    context: Context = ctx.obj
    _check_keeps_stock(context.settings(), connection)
    with context.app() as app:
        with doing() as say:
            line, producing = app.lines[connection], Producing(app, [connection], Crew())
            say(f"{connection}: reading the shop's orders")
            _until_read(partial(producing.read, line, lambda _: None))
            say(f"{connection}: reading QuickBooks' quantities and the shop's levels")
            walk = _until_read(partial(producing.read_stock, line))
        facts = plan_facts(app, line, walk.problem)
    if as_json:
        print_json(facts)
    else:
        print_plan(facts)
    ctx.exit(1 if facts["unreadable"] else 0)


@stock.command()
@click.argument("connection", required=False)
@click.argument("number", required=False, type=int, metavar="[ID]")
@json_option
@click.pass_context
def show(ctx: click.Context, connection: str | None, number: int | None, *, as_json: bool) -> None:
    """Show what waits for a person, and what became of the last ones.

    Of all connections or of CONNECTION; with ID that one, and every level of it.
    """
    with ctx.obj.app() as app:
        if connection is not None and number is None and connection.isdecimal() and connection not in app.lines:
            number, connection = int(connection), None
        if connection is not None:
            app.settings.connection(connection)
        now, one, last = app.clock(), None, {}
        if number is not None:
            one = _one(app, connection, number)
        else:
            last = {name: _last(app, name) for name in ([connection] if connection else app.lines)}
    if as_json:
        print_json(one or last)
    elif one:
        print_proposal(one, now)
    else:
        print_proposals(last, now)


@stock.command()
@click.argument("number", type=int, metavar="ID")
@click.pass_context
def approve(ctx: click.Context, number: int) -> None:
    """Write the levels that wait, as `stock show` lists them.

    These and no others, whether or not the connection writes by itself. Both sides are read before: a level that would
    be more than is there by now is left out. Approve again where it was interrupted. Exit code 1: the shop refused a
    level, or a side did not answer.
    """
    with ctx.obj.app() as app:
        name, proposal = _find(app, number)
        _check_keeps_stock(app.settings, name)
        approved = approve_with_progress(app, app.lines[name], proposal)
        labels = {change.unit: change.label for change in app.ledger.proposed(number)}
    print_approved(name, approved, labels)
    ctx.exit(1 if approved.written.refused else 0)


@stock.command()
@click.argument("number", type=int, metavar="ID")
@click.pass_context
def reject(ctx: click.Context, number: int) -> None:
    """Write none of the levels that wait.

    Nobody is asked again for the same reasons before all quantities are read once more.
    """
    with ctx.obj.app() as app:
        name, proposal = _find(app, number)
        _check_can_be_decided(name, proposal)
        if not app.ledger.settle_proposal(number, ProposalState.REJECTED, getpass.getuser()):
            raise _decided(*_find(app, number))
    click.echo(f"{number} of {name} is rejected; nothing was written.")


@stock.command()
@click.argument("orders", nargs=-1, required=True, metavar="ORDER...")
@connection_option
@click.pass_context
def adjusted(ctx: click.Context, orders: Sequence[str], connection: str | None) -> None:
    """QuickBooks' quantities are without these orders by now.

    For orders that never come to QuickBooks: `stock plan` lists them. Take their units off there before. Nothing is
    reserved for them any more.
    """
    with ctx.obj.app() as app:
        keys = [_left_out_order(app, order, connection) for order in dict.fromkeys(orders)]
        for key in keys:
            app.ledger.booked_by_hand(key.pair, key.id)
    click.echo(f"{len(keys)} noted; their units are reserved no longer.")


def approve_with_progress(app: App, line: Line, proposal: Proposal) -> Approved:
    """Write what a proposal lists once both sides were read, since units may have gone meanwhile; with a bar on a
    terminal.

    Raises WrongUse where it cannot be approved or somebody has decided about it, and CartledgerError where a side
    cannot be read, or the shop cannot be told, with what it has taken.
    """
    _check_can_be_decided(line.name, proposal)
    app.begin()
    with doing() as say:
        say(f"{line.name}: reading what has moved since")
        walk = _until_read(partial(Producing(app, [line.name], Crew()).read_stock, line))
    if walk.problem:
        raise CartledgerError(f"Nothing was written, since the stock cannot be read as a whole. {walk.problem}")
    permit = Permit(app, line.connection.pair)
    try:
        with _bar(line.name, proposal.count - proposal.written) as advance:

            def taken(changes: Sequence[LevelChange]) -> None:
                advance(len(changes))
                permit.keep()

            approve = partial(app.level_writer(line).approve, proposal, getpass.getuser(), taken)
            approved = _in_its_turn(app, line, permit, approve)
    except CartledgerError as error:
        raise _broken_off(_find(app, proposal.id)[1], error) from error
    finally:
        permit.end()
    if approved is None:
        raise _decided(*_find(app, proposal.id))
    return approved


def _in_its_turn(app: App, line: Line, permit: Permit, write: Callable[[], Approved | None]) -> Approved | None:
    """Somebody else who is writing levels is waited for, and a call of theirs that may still be carried out."""
    until, said = app.clock() + MOST_PATIENCE, False
    while True:
        try:
            return write()
        except NotEnabled:
            raise
        except TryLater as error:
            if app.clock() > until:
                raise
            if not said:
                logs.info(f"{line.name}: waiting. {error}", action="joined", connection=line.name)
            said = True
            permit.keep()
            time.sleep(LOOK_AGAIN)


def _broken_off(proposal: Proposal, error: CartledgerError) -> CartledgerError:
    if proposal.state is not ProposalState.APPROVED:
        return error
    return CartledgerError(
        f"{error} The shop has taken {proposal.written} of the {proposal.count} levels.",
        fix=f"`cartledger stock approve {proposal.id}` goes on.",
    )


def _until_read(read: Callable[[], Walked | None]) -> Walked:
    """A reading of another process counts for nothing: it may have begun before."""
    while (walk := read()) is None:
        time.sleep(LOOK_AGAIN)
    return walk


@contextmanager
def _bar(name: str, total: int) -> Iterator[Callable[[int], None]]:
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(f"{name}: levels written", total=total)
        yield lambda count: bar.advance(task, count)


def _check_keeps_stock(settings: Settings, name: str) -> None:
    if not settings.connection(name).keeps_stock:
        raise WrongUse(
            f"The stock of {name} is not kept.",
            fix='Add "stock" to its workflows; the first levels wait for your approval.',
        )


def _one(app: App, connection: str | None, number: int) -> Facts:
    name, proposal = _find(app, number)
    if connection not in (None, name):
        raise WrongUse(f"{number} is of {name}, not of {connection}.", fix="`cartledger stock show` lists all.")
    return {"connection": name, **proposal_facts(app.lines[name], proposal)}


def _last(app: App, name: str) -> list[Facts]:
    line = app.lines[name]
    return [
        proposal_facts(line, one, levels=one.state is ProposalState.WAITING)
        for one in app.ledger.proposals(line.connection.pair)
    ]


def _find(app: App, number: int) -> tuple[str, Proposal]:
    """With the name of its connection."""
    proposal = app.ledger.proposal(number)
    for name, line in app.lines.items():
        if proposal is not None and line.connection.pair == proposal.pair:
            return name, proposal
    raise WrongUse(f"There is no {number} among what waits for a person.", fix="`cartledger stock show` lists all.")


def _check_can_be_decided(name: str, proposal: Proposal) -> None:
    if proposal.state in (ProposalState.REJECTED, ProposalState.WITHDRAWN):
        raise _decided(name, proposal)
    if is_unread(proposal):
        raise WrongUse(
            f"{proposal.id} of {name} says that the stock cannot be read as a whole: {proposal.reasons[0]}",
            fix="There is nothing to decide; it passes with the next good reading.",
        )


def _decided(name: str, proposal: Proposal) -> WrongUse:
    when = f"{proposal.settled_at:{MINUTES}} UTC" if proposal.settled_at else ""
    by = f" by {proposal.who}" if proposal.who else ""
    return WrongUse(
        f"{proposal.id} of {name} does not wait any more: {FATES[proposal.state]}{by}, {when}.",
        fix="`cartledger stock show` lists what does.",
    )


def _left_out_order(app: App, order: str, connection: str | None) -> SourceKey:
    """The key of an order whose units are reserved though it is left out of QuickBooks."""
    if connection is not None:
        app.settings.connection(connection)
    pairs = {name: app.lines[name].connection.pair for name in ([connection] if connection else app.lines)}
    found = {
        name: SourceKey(pair=pair, kind="order", id=order)
        for name, pair in pairs.items()
        if order in {one.order_id for one, _ in app.ledger.never_booked(pair)}
    }
    if len(found) == 1:
        return next(iter(found.values()))
    if found:
        raise WrongUse(f"{order} is in {' and in '.join(found)}.", fix="Say which with --connection NAME.")
    raise _not_reserved(app, order, pairs.values())


def _not_reserved(app: App, order: str, pairs: Iterable[str]) -> WrongUse:
    standings = [app.ledger.standing(SourceKey(pair=pair, kind="order", id=order)) for pair in pairs]
    states = [standing.state for standing in standings if standing is not None]
    if not states:
        return WrongUse(f"There is no order {order} in the ledger.", fix="`cartledger stock plan` shows which count.")
    if State.EXCLUDED in states:
        return WrongUse(f"No units of order {order} are reserved.", fix="`cartledger stock plan` shows which are.")
    return WrongUse(
        f"Order {order} is {states[0]}: its units are QuickBooks' business once it is posted.",
        fix="If you entered it by hand, first `cartledger held ignore` it.",
    )
