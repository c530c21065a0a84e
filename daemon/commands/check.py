"""`cartledger check`: everything that can be known to be wrong before anything is posted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import click

from cartledger.errors import CartledgerError, Pause, Problem, SettingsWrong
from cartledger.money import read_json, write_json
from consumers.company import fetch_company
from daemon.app import App, Line
from daemon.console import json_option, out, print_json
from daemon.context import Context
from daemon.supervisor import SKEW_WORTH_A_WORD, skew_sentence
from mapping.checks import WARNINGS, check_catalogue, check_connection
from mapping.company import read_company

SKUS_SHOWN = 20
NO_ANSWER = "no_answer"
"""The code of a side that could not be asked: nothing is known to be wrong."""

_DO_NOT_BLOCK = WARNINGS | {"clock_skew", "blank_sku", "twin_skus", "more_skus"}


@click.command()
@json_option
@click.pass_context
def check(ctx: click.Context, *, as_json: bool) -> None:
    """Check settings, shops and companies.

    All problems at once, each with what to do about it. Nothing is written to either side. Exit code 2: something
    keeps a connection from posting; 1: a side does not answer.
    """
    try:
        with ctx.obj.app() as app:
            found = {
                name: [_placed(ctx.obj, name, problem) for problem in check_line(app, line)]
                for name, line in app.lines.items()
            }
    except SettingsWrong as error:
        if not as_json:
            raise
        found = {"settings": list(error.problems)}
    if as_json:
        print_json({name: [_facts(problem) for problem in problems] for name, problems in found.items()})
    else:
        _print(found)
    ctx.exit(_exit_code([problem for problems in found.values() for problem in problems]))


def check_line(app: App, line: Line) -> Iterator[Problem]:
    """The problems of one connection: the shop's, then the company's, then those of the two together."""
    store: dict[str, Any] = {}
    try:
        store = line.shop.store()
        yield from _check_shop(app, line)
    except CartledgerError as error:
        yield _not_to_be_had("shop", f"connections.{line.name}.bigcommerce", error)
    try:
        # Through the same writing and reading as the ledger's copy, so that both are the same.
        company = read_company(**read_json(write_json(fetch_company(line.quickbooks))))
    except CartledgerError as error:
        yield _not_to_be_had("company", f"connections.{line.name}.quickbooks", error)
        return
    currency = str(store.get("currency", ""))
    yield from check_connection(line.connection, line.name, company, store_currency=currency)


def _placed(context: Context, name: str, problem: Problem) -> Problem:
    """A problem of a setting, after the file and line of it."""
    found = re.match(rf'connections\.{name}: ((?:\w+|"[^"]*")(?:\.(?:\w+|"[^"]*"))+)', problem.text)
    if found is None:
        return problem
    key = [quoted or plain for quoted, plain in re.findall(r'"([^"]*)"|(\w+)', found[1])]
    text = problem.text.replace(": ", ".", 1)
    return replace(problem, text=f"{context.place(['connections', name, *key])}: {text}")


def _not_to_be_had(code: str, where: str, error: CartledgerError) -> Problem:
    return Problem(code=NO_ANSWER if isinstance(error, Pause) else code, text=f"{where}: {error.text}", fix=error.fix)


def _check_shop(app: App, line: Line) -> Iterator[Problem]:
    page = line.shop.orders(app.clock() - timedelta(days=1), limit=1)
    skew = page.server_time - app.clock()
    if abs(skew) > SKEW_WORTH_A_WORD:
        yield Problem(code="clock_skew", text=skew_sentence(skew))
    skus = check_catalogue(line.shop.variants())
    yield from skus[:SKUS_SHOWN]
    if len(skus) > SKUS_SHOWN:
        yield Problem(code="more_skus", text=f"{len(skus) - SKUS_SHOWN} more SKUs are blank or not unique.")


def _exit_code(problems: Sequence[Problem]) -> int:
    codes = {problem.code for problem in problems} - _DO_NOT_BLOCK
    if not codes:
        return 0
    return 1 if codes == {NO_ANSWER} else 2


def _facts(problem: Problem) -> dict[str, Any]:
    blocks = problem.code not in _DO_NOT_BLOCK
    return {"code": problem.code, "text": problem.text, "fix": problem.fix, "blocks": blocks}


def _print(found: Mapping[str, Sequence[Problem]]) -> None:
    console = out()
    for name, problems in found.items():
        for problem in problems:
            mark = "warning" if problem.code in _DO_NOT_BLOCK else "problem"
            console.print(f"{mark}: {problem}", soft_wrap=True)
        if _exit_code(problems) == 0:
            console.print(
                f"{name}: the shop, the company and the settings fit together. Next: cartledger sync {name}, "
                f"or cartledger enable {name} and cartledger run.",
                soft_wrap=True,
            )
