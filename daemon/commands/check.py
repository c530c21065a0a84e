"""`cartledger check`: everything that can be known to be wrong before anything is posted. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import click

from cartledger.errors import CartledgerError, Problem
from cartledger.money import read_json, write_json
from consumers.company import fetch_company
from daemon.app import App, Line
from daemon.console import json_option, out, print_json
from daemon.supervisor import SKEW_WORTH_A_WORD, skew_sentence
from mapping.checks import WARNINGS, check_catalogue, check_connection
from mapping.company import read_company

SKUS_SHOWN = 20


@click.command()
@json_option
@click.pass_context
def check(ctx: click.Context, *, as_json: bool) -> None:
    """Check the settings, the shops and the companies; all problems at once."""
    with ctx.obj.app() as app:
        found = {name: list(check_line(app, line)) for name, line in app.lines.items()}
    problems = [problem for ones in found.values() for problem in ones if problem.code not in WARNINGS]
    if as_json:
        print_json({name: [_facts(problem) for problem in ones] for name, ones in found.items()})
    else:
        _print(found)
    ctx.exit(2 if problems else 0)


def check_line(app: App, line: Line) -> Iterator[Problem]:
    """The problems of one connection: the shop's, then the company's, then those of the two together."""
    store: dict[str, Any] = {}
    try:
        store = line.shop.store()
        yield from _check_shop(app, line)
    except CartledgerError as error:
        yield Problem(code="shop", text=f"connections.{line.name}.bigcommerce: {error.text}", fix=error.fix)
    try:
        # Through the same writing and reading as the ledger's copy, so that both are the same.
        company = read_company(**read_json(write_json(fetch_company(line.quickbooks))))
    except CartledgerError as error:
        yield Problem(code="company", text=f"connections.{line.name}.quickbooks: {error.text}", fix=error.fix)
        return
    currency = str(store.get("currency", ""))
    yield from check_connection(line.connection, line.name, company, store_currency=currency)


def _check_shop(app: App, line: Line) -> Iterator[Problem]:
    page = line.shop.orders(app.clock() - timedelta(days=1), limit=1)
    skew = page.server_time - app.clock()
    if abs(skew) > SKEW_WORTH_A_WORD:
        yield Problem(code="clock_skew", text=skew_sentence(skew))
    skus = check_catalogue(line.shop.variants())
    yield from skus[:SKUS_SHOWN]
    if len(skus) > SKUS_SHOWN:
        yield Problem(code="more_skus", text=f"{len(skus) - SKUS_SHOWN} more SKUs that are blank or not unique.")


def _facts(problem: Problem) -> dict[str, Any]:
    blocks = problem.code not in WARNINGS
    return {"code": problem.code, "text": problem.text, "fix": problem.fix, "blocks": blocks}


def _print(found: dict[str, list[Problem]]) -> None:
    console = out()
    for name, problems in found.items():
        for problem in problems:
            mark = "warning" if problem.code in WARNINGS else "problem"
            console.print(f"{mark}: {problem}", soft_wrap=True)
        if not problems:
            console.print(f"{name}: the shop, the company and the settings fit together.")
    console.print("Next: cartledger sync CONNECTION, and cartledger enable CONNECTION to post by itself.")
