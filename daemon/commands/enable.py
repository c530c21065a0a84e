"""`cartledger enable` and `cartledger disable`: the gate before anything is posted by itself."""

from __future__ import annotations

import getpass

import click

from daemon.context import Context


@click.command()
@click.argument("connection")
@click.pass_obj
def enable(context: Context, connection: str) -> None:
    """Let CONNECTION post by itself.

    From now on `cartledger run` posts what it reads, until `cartledger disable`.
    """
    _switch(context, connection, enabled=True)
    click.echo(f"{connection} is enabled: what is due is posted by itself. `cartledger disable {connection}` stops it.")


@click.command()
@click.argument("connection")
@click.pass_obj
def disable(context: Context, connection: str) -> None:
    """Stop CONNECTION at once.

    A sync that is going on stops, too. The shop is still read and nothing is lost.
    """
    _switch(context, connection, enabled=False)
    click.echo(f"{connection} is disabled: nothing more is written. Calls already sent are still accounted for.")


def _switch(context: Context, name: str, *, enabled: bool) -> None:
    pair = context.settings().connection(name).pair
    with context.app() as app:
        app.ledger.switch(pair, enabled=enabled, who=getpass.getuser())
        if enabled:
            app.ledger.hasten(pair)
