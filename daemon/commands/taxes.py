"""`cartledger taxes`: the taxes of the shop's last orders, and what each becomes in QuickBooks."""

from __future__ import annotations

from typing import Any

import click

from daemon.app import Line
from daemon.console import doing, json_option, out, print_json, table
from daemon.context import Context
from daemon.inspection import fetched, latest_orders, taxed_samples
from mapping.checks.taxes_seen import Seen, needs_map, rows_to_add, taxes_seen

_COLUMNS = ("tax", "class", "%", "to", "orders", "example", "tax code")


@click.command()
@click.argument("connection", required=False)
@json_option
@click.pass_context
def taxes(ctx: click.Context, connection: str | None, *, as_json: bool) -> None:
    """Show the taxes of the last 250 orders, and their tax codes.

    Of all connections, or of CONNECTION: each tax with the QuickBooks tax code that it becomes, and the rows that
    tax.map lacks. Nothing is written to either side. Exit code 1: a tax is not mapped.
    """
    context: Context = ctx.obj
    settings = context.settings()
    names = [connection] if connection else list(settings.connections)
    settings.connection(names[0])
    facts: dict[str, dict[str, Any]] = {}
    with context.app() as app, doing() as say:
        for name in names:
            say(f"{name}: reading the shop and the company")
            facts[name] = _facts(app.lines[name])
    if as_json:
        print_json(facts)
    else:
        for name, one in facts.items():
            _print(name, one)
    ctx.exit(1 if any(one["missing"] for one in facts.values()) else 0)


def _facts(line: Line) -> dict[str, Any]:
    orders = latest_orders(line)
    company = fetched(line)
    samples, left = taxed_samples(line, orders)
    seen = taxes_seen(samples, line.connection, company)
    maps = needs_map(company)
    return {
        "orders": len(orders),
        "not_looked_at": left,
        "needs_map": maps,
        "taxes": [_shown(one, maps=maps) for one in seen],
        "missing": rows_to_add(seen, line.connection, company) if maps else {},
    }


def _shown(one: Seen, *, maps: bool) -> dict[str, Any]:
    return {
        "taxes": [{"name": tax.name, "class": tax.class_name, "rate": _plain(tax.rate)} for tax in one.taxes],
        "place": one.place,
        "orders": one.orders,
        "example": one.example,
        "code": (one.code or None) if maps else None,
        "by_rate": one.by_rate and maps,
    }


def _plain(rate: Any) -> str:
    return f"{rate.normalize():f}"


def _print(name: str, facts: dict[str, Any]) -> None:
    console = out()
    rows = [_row(one, maps=facts["needs_map"]) for one in facts["taxes"]]
    title = f"{name}: taxes of the last {facts['orders']} orders"
    console.print(table(title, _COLUMNS, rows, right=("%", "orders", "example")))
    if not facts["needs_map"]:
        console.print(f"{name}: this company needs no tax.map.")
    if facts["not_looked_at"]:
        console.print(f"{name}: the taxes of {facts['not_looked_at']} orders were not looked at.")
    if facts["missing"]:
        console.print(f"{name}: to be added under [connections.{name}.tax.map]:")
        for key, code in facts["missing"].items():
            console.print(f'    "{key}" = "{code}"', soft_wrap=True)


def _row(one: dict[str, Any], *, maps: bool) -> tuple[object, ...]:
    names, classes, rates = (
        " + ".join(dict.fromkeys(tax[field] for tax in one["taxes"])) for field in ("name", "class", "rate")
    )
    code = f"{one['code'] or 'not mapped'}{' (by its rate)' if one['by_rate'] else ''}" if maps else None
    return names or "none", classes, rates or "0", one["place"], one["orders"], one["example"], code
