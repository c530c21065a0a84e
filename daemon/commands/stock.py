"""`cartledger stock`: what the shop's levels would become, and what of it waits for a person."""

from __future__ import annotations

import getpass
from collections.abc import Iterable, Sequence
from functools import partial

import click

from cartledger.errors import WrongUse
from cartledger.ledger.types import State
from cartledger.records import SourceKey
from cartledger.settings import Settings
from cartledger.stock import ProposalState
from daemon.app import App
from daemon.by_hand.approving import (
    approve_with_progress,
    check_can_be_decided,
    decided_already,
    find_proposal,
    until_read,
)
from daemon.commands.held import connection_option
from daemon.console import doing, json_option, print_json
from daemon.context import Context
from daemon.running.supervisor import Crew, Producing
from daemon.stock_shown import (
    Facts,
    plan_facts,
    print_approved,
    print_plan,
    print_proposal,
    print_proposals,
    proposal_facts,
)


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
            until_read(partial(producing.read, line, lambda _: None))
            say(f"{connection}: reading QuickBooks' quantities and the shop's levels")
            walk = until_read(partial(producing.read_stock, line))
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
    be more than is there by now is left out, and SKUs that lost their quantity since it was shown are told and not
    agreed to. Approve again where it was interrupted. Exit code 1: the shop refused a level, or a side did not answer.
    """
    with ctx.obj.app() as app:
        name, proposal = find_proposal(app, number)
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
        name, proposal = find_proposal(app, number)
        check_can_be_decided(name, proposal)
        if not app.ledger.settle_proposal(number, ProposalState.REJECTED, getpass.getuser()):
            raise decided_already(*find_proposal(app, number))
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


def _check_keeps_stock(settings: Settings, name: str) -> None:
    if not settings.connection(name).keeps_stock:
        raise WrongUse(
            f"The stock of {name} is not kept.",
            fix='Add "stock" to its workflows; the first levels wait for your approval.',
        )


def _one(app: App, connection: str | None, number: int) -> Facts:
    name, proposal = find_proposal(app, number)
    if connection not in (None, name):
        raise WrongUse(f"{number} is of {name}, not of {connection}.", fix="`cartledger stock show` lists all.")
    return {"connection": name, **proposal_facts(app.lines[name], proposal)}


def _last(app: App, name: str) -> list[Facts]:
    line = app.lines[name]
    return [
        proposal_facts(line, one, levels=one.state is ProposalState.WAITING)
        for one in app.ledger.proposals(line.connection.pair)
    ]


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
