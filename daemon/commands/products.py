"""`cartledger products`: which SKUs of the shop have an item in QuickBooks, from the ledger alone (no call)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import click
from rich.console import Console

from cartledger.ledger.types import Standing, State
from consumers.items import ITEM
from daemon.app import App, Line
from daemon.console import MINUTES, json_option, out, print_json, table
from producers.products import STREAM, WHOLE

SHOWN = 30
"""Rows of a table; --json has all."""

SKUS = 3
"""SKUs in a row of what is held."""

Facts = dict[str, Any]


@click.command()
@click.argument("connection", required=False)
@json_option
@click.pass_context
def products(ctx: click.Context, connection: str | None, *, as_json: bool) -> None:
    """Which SKUs have an item, which cannot get one and why.

    Also items whose products are not in the shop any more. From the ledger alone: nothing is asked of shop or company.
    """
    with ctx.obj.app() as app:
        if connection is not None:
            app.settings.connection(connection)
        names = app.lines if connection is None else [connection]
        facts = {name: _facts(app, app.lines[name]) for name in names}
    if as_json:
        print_json(facts)
        return
    console = out()
    columns = ["connection", "last read (UTC)", "products", "SKUs", "with an item", "waiting", "held", "without a SKU"]
    console.print(table("catalogues", columns, map(_row, facts, facts.values()), right=columns[2:]))
    for name, one in facts.items():
        if not one["reads_catalogue"]:
            console.print(f'{name}: its catalogue is read with products.create_missing and products.sync = "all" only.')
        if one["held"]:
            _show_held(console, name, one["held"])
        if one["left"]:
            _show_left(console, name, one["left"])


def _show_held(console: Console, name: str, causes: Sequence[Facts]) -> None:
    rows = [(f"{each['code']}\n{_which(each['skus'])}", len(each["skus"]), each["why"]) for each in causes]
    held = table(f"{name}: held", ["cause, and which", "held", "why the first of them"], rows, right=["held"])
    held.show_lines = True
    console.print(held)
    console.print("Once mended: cartledger held retry --cause CAUSE")


def _show_left(console: Console, name: str, left: Sequence[Facts]) -> None:
    rows = [(each["sku"], each["product"], each["item"], f"{each['since']:{MINUTES}}") for each in left[:SHOWN]]
    columns = ["SKU", "product", "QuickBooks' item", "seen to be gone (UTC)"]
    console.print(table(f"{name}: items left", columns, rows))
    if len(left) > SHOWN:
        console.print(f"and {len(left) - SHOWN} more; --json has all.")
    console.print("The shop has no more products of these SKUs. Make the items inactive, or leave them.")


def _facts(app: App, line: Line) -> Facts:
    ledger, pair = app.ledger, line.connection.pair
    counts = ledger.catalogue_counts(pair)
    by_state = ledger.counts(pair, ITEM)
    return {
        "reads_catalogue": line.connection.products.reads_catalogue,
        "last_read": line.polled_at(STREAM),
        "last_read_whole": line.polled_at(WHOLE),
        "products": counts.products,
        "skus": counts.skus,
        "with_item": counts.with_item,
        "waiting": by_state[State.QUEUED] + by_state[State.CLAIMED],
        "held": _by_cause(one for one in ledger.held(pair) if one.key.kind == ITEM),
        "without_sku": counts.without_sku,
        "left": [
            {
                "sku": left.sku,
                "product_id": left.product_id,
                "product": left.name,
                "item": left.item_id,
                "since": left.gone_at,
            }
            for left in ledger.left_items(pair)
        ],
    }


def _by_cause(held: Iterable[Standing]) -> list[Facts]:
    """The largest first."""
    groups: defaultdict[str, list[Standing]] = defaultdict(list)
    for one in held:
        groups[one.problems[0].code].append(one)
    return [
        {
            "code": code,
            "why": str(ones[0].problems[0]),
            "skus": [one.key.id.partition(":")[2] for one in ones],
        }
        for code, ones in sorted(groups.items(), key=lambda group: -len(group[1]))
    ]


def _row(name: str, one: Facts) -> tuple[object, ...]:
    read = one["last_read"]
    held = sum(len(each["skus"]) for each in one["held"])
    numbers = (one["products"], one["skus"], one["with_item"], one["waiting"], held, one["without_sku"])
    return name, f"{read:{MINUTES}}" if read else None, *numbers


def _which(skus: Sequence[str]) -> str:
    return ", ".join(skus[:SKUS]) + (" …" if len(skus) > SKUS else "")
