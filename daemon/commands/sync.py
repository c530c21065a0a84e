"""`cartledger sync`: read and post now, in this process, whether or not the connection posts by itself."""

from __future__ import annotations

import click

from daemon.by_hand.syncing import Synced, sync_with_progress
from daemon.by_hand.telling import tell_by_mail
from daemon.console import json_option, out, print_json
from daemon.context import Context
from daemon.running.supervisor import news


@click.command()
@click.argument("connection")
@json_option
@click.pass_context
def sync(ctx: click.Context, connection: str, *, as_json: bool) -> None:
    """Read and post what is new, now.

    In this process, whether or not CONNECTION posts by itself. Exit code 1: an order is held or waits, or the shop's
    levels do.
    """
    context: Context = ctx.obj
    context.settings().connection(connection)
    with context.app() as app:
        began = app.clock()
        synced = sync_with_progress(app, connection)
        if as_json:
            print_json(vars(synced) | {"troubles": list(synced.troubles)})
        else:
            say(synced)
        tell_by_mail(app, connection, began)
    ctx.exit(synced.exit_code)


def say(synced: Synced) -> None:
    """The result, for a person."""
    console = out()
    console.print(
        f"{synced.connection}: {news(synced.new_or_changed, synced.refunds)}. In the ledger: {synced.posted} posted, "
        f"{synced.held} held, {synced.excluded} excluded, {synced.waiting} waiting."
    )
    for trouble in synced.troubles:
        console.print(trouble, soft_wrap=True)
    if synced.levels_written:
        console.print(f"The shop took {synced.levels_written} levels of its stock.")
    if synced.held:
        console.print("Why orders are held, and what to do: cartledger held list")
    if synced.stock_held:
        console.print("The shop's levels wait for a person. Why, and what to do: cartledger stock show")
