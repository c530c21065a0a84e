"""`cartledger why`: everything that is known of one order, from the ledger alone (no call)."""

from __future__ import annotations

import click

from cartledger.errors import WrongUse
from cartledger.ledger.types import Standing
from cartledger.records import SourceKey
from daemon.app import App, Line
from daemon.commands.held import connection_option
from daemon.console import json_option, out, print_json
from daemon.source_shown import facts, print_source

KINDS = ("order", "item", "customer")


@click.command()
@click.argument("order")
@connection_option
@json_option
@click.pass_context
def why(ctx: click.Context, order: str, connection: str | None, *, as_json: bool) -> None:
    """Everything that is known of one order.

    ORDER is its number in the shop: where it stands and why, what became of it in QuickBooks, what it waits for. From
    the ledger alone.
    """
    with ctx.obj.app() as app:
        told = facts(app, *_find(app, order, connection))
    if as_json:
        print_json(told)
    else:
        print_source(out(), told)


def _find(app: App, name: str, connection: str | None) -> tuple[Line, Standing]:
    """Orders come first: an item's SKU may look like a number."""
    if connection is not None:
        app.settings.connection(connection)
    lines = app.lines.values() if connection is None else [app.lines[connection]]
    for kind in KINDS:
        asked = ((line, SourceKey(pair=line.connection.pair, kind=kind, id=name)) for line in lines)
        found = [(line, standing) for line, key in asked if (standing := app.ledger.standing(key)) is not None]
        if len(found) > 1:
            names = " and in ".join(line.name for line, _ in found)
            raise WrongUse(f"{name} is in {names}.", fix="Say which with --connection NAME.")
        if found:
            return found[0]
    raise WrongUse(
        f"There is no order {name} in the ledger.",
        fix="It was not read yet (`cartledger status` tells when the shop was read last), or is older than start_date.",
    )
