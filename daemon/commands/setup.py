"""`cartledger setup`: asks for the few things that must be decided, reads the rest, and writes the settings."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from cartledger.ledger.store import Ledger
from cartledger.settings import Settings, read_environment
from cartledger.settings.options import WORKFLOWS
from cartledger.settings.values import CONNECTION_NAME, PATTERNS
from cartledger.settings.words import bare_or_quoted, literal
from daemon.clock import now
from daemon.commands.check import facts_of, findings_of, print_findings
from daemon.connecting.tokens import keep, keep_shop
from daemon.console import doing, json_option, out, print_json, table
from daemon.context import Context
from daemon.setup.asking import at_a_terminal, yes
from daemon.setup.chosen import Chosen, Existing, read_sets
from daemon.setup.files import SettingsFile, check_place
from daemon.setup.looking import CLIENT_SECRET, Keys
from daemon.setup.questions import POST_AS, Flags, Questions
from mapping.checks.findings import Finding, Level
from mapping.proposal.connection import Seen
from mapping.proposal.products import matches
from mapping.proposal.proposed import Found, Open, Proposed

_A_FILE = click.Path(path_type=Path, dir_okay=False)
_ROWS = (("payments", "methods"), ("tax", "map"))
"""Tables whose rows are shown one by one."""


def _with_sales(_: click.Context, __: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    if names and "sales" not in names:
        raise click.BadParameter("without sales nothing is kept in step; add --workflow sales.")
    return names


def _named(_: click.Context, __: click.Parameter, name: str) -> str:
    if not re.fullmatch(CONNECTION_NAME, name):
        raise click.BadParameter(f'"{name}"; allowed are {PATTERNS[CONNECTION_NAME]}.')
    return name


@click.command()
@click.option(
    "--connection",
    default="main",
    show_default=True,
    callback=_named,
    help="The name of the store and company together.",
)
@click.option("--store-hash", help="Of the shop: what stands after store- in the control panel's address.")
@click.option("--token-file", type=_A_FILE, help="A file with the token of the shop's API account.")
@click.option("--client-id", help="Of your app at Intuit's developer portal.")
@click.option("--secret-file", type=_A_FILE, help="A file with the app's client secret.")
@click.option("--realm-id", help="Take this company alone, whichever is chosen on Intuit's page.")
@click.option("--redirect-uri", help="One of those at the app's keys [default: http://localhost:8765/callback].")
@click.option("--paste", is_flag=True, help="Paste the address that the browser ends at; it may be on another machine.")
@click.option("--browser", is_flag=True, help="Open Intuit's page in a browser of this machine.")
@click.option("--start-date", type=click.DateTime(["%Y-%m-%d"]), help="No sale before this day is read.")
@click.option("--post-as", type=click.Choice(POST_AS), help="The document that an order becomes.")
@click.option(
    "--workflow",
    "workflows",
    multiple=True,
    type=click.Choice(WORKFLOWS),
    callback=_with_sales,
    help="What is kept in step, once for each [default: sales, payments, and refunds where they can be booked].",
)
@click.option(
    "--create-items/--no-create-items", default=None, help="Make an item of each SKU that is sold and has none, or not."
)
@click.option("--default-account", help="Where the money of payment methods goes that are not listed.")
@click.option("--other-country", is_flag=True, help="Go on with a company of a country that nobody has tried.")
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="Any other setting, as the file has it.")
@click.option("--replace", is_flag=True, help="Write the connection anew; the file as it was is kept beside.")
@click.option("--yes", "agree", is_flag=True, help="Take what is proposed without asking.")
@click.option("--dry-run", is_flag=True, help="Print the file, and write nothing.")
@json_option
@click.pass_context
def setup(
    ctx: click.Context,
    /,
    *,
    connection: str,
    sets: tuple[str, ...],
    replace: bool,
    agree: bool,
    dry_run: bool,
    as_json: bool,
    **answers: Any,
) -> None:
    """Connect a shop and a company, and write the settings.

    Asks for what must be decided, reads the rest and proposes it; each question has a flag. What was written is
    checked. Exit code 1: one of the sides says no, or check has found problems.
    """
    path = ctx.obj.config.absolute()
    check_place(path)
    existing = Existing.at(path, connection, replace=replace)
    questions = Questions(
        flags=Flags(connection=connection, yes=agree, **answers),
        chosen=read_sets(connection, sets, existing),
        existing=existing,
        build=ctx.obj.build,
        clock=now,
    )
    if not at_a_terminal():
        questions.need_no_terminal()
    seen = questions.look()
    found = questions.decide(seen)
    text = questions.chosen.text(existing, path)
    if dry_run:
        click.echo(text, nl=False)
        return
    if not as_json:
        _show(questions.chosen, seen, found)
    if at_a_terminal() and not agree and not yes(f"Write {path}?", default=True):
        raise click.Abort
    old = _write(path, text, connection, questions.keys)
    if not as_json:
        _say_written(path, old)
    findings = _checked(ctx.obj, connection)
    if as_json:
        print_json(_facts(ctx.obj, connection, path, old, found, findings))
    else:
        print_findings(ctx.obj, {connection: findings})
        out().print("To have it run as a service of this machine: cartledger install-service", soft_wrap=True)
    ctx.exit(1 if any(one.level is Level.PROBLEM for one in findings) else 0)


def _write(path: Path, text: str, name: str, keys: Keys) -> Path | None:
    """The settings, the secret beside them, and the tokens in the ledger that they name. Returns where the former file
    is kept."""
    token = keys.token
    assert token is not None, "the company was looked at with it"  # noqa: S101 - says what cannot be

    def keep_tokens(settings: Settings) -> None:
        quickbooks = settings.connections[name].quickbooks
        ledger = Ledger.open(settings.ledger.path, clock=now)
        try:
            keep_shop(ledger, settings.connections[name].bigcommerce.store_hash, keys.access_token)
            keep(ledger, quickbooks.realm_id, quickbooks.client_id, token)
        finally:
            ledger.close()

    file = SettingsFile(path=path, environment=read_environment())
    return file.write(text, {CLIENT_SECRET.format(name=name): keys.client_secret}, now(), keep_tokens)


def _checked(context: Context, name: str) -> list[Finding]:
    with context.app() as app, doing() as say:
        return findings_of(app, app.lines[name], say)


def _show(chosen: Chosen, seen: Seen, found: Sequence[Found]) -> None:
    console = out()
    rows = [
        ("products.match_by", chosen.get(("products", "match_by")), str(matches(seen.skus, seen.company))),
        *(row for one in found if isinstance(one, Proposed) for row in _rows(one)),
    ]
    console.print(table("Proposed, from what both sides have", ("setting", "value", "why"), rows))
    console.print()
    for one in found:
        if isinstance(one, Open):
            console.print(f"{'.'.join(one.key)} is left out. {one.text} {one.fix}", soft_wrap=True)
    if seen.orders:
        statuses = Counter(order.status for order in seen.orders).most_common()
        told = ", ".join(f"{count} {status}" for status, count in statuses)
        console.print(f"The last {len(seen.orders)} orders: {told}.\n", soft_wrap=True)


def _rows(one: Proposed) -> Iterator[tuple[str, str, str]]:
    dotted = ".".join(one.key)
    if one.key in _ROWS:
        for name, row in one.value.items():
            yield f"{dotted}.{bare_or_quoted(name)}", literal(row), one.why
    else:
        yield dotted, literal(one.value), one.why


def _say_written(path: Path, old: Path | None) -> None:
    console = out()
    console.print(f"Written: {path}, and the app's secret beside it in credentials.", soft_wrap=True)
    if old is not None:
        console.print(f"The file as it was: {old}", soft_wrap=True)
    console.print()


def _facts(
    context: Context, name: str, path: Path, old: Path | None, found: Sequence[Found], findings: Sequence[Finding]
) -> Mapping[str, Any]:
    return {
        "connection": name,
        "file": str(path),
        "kept": None if old is None else str(old),
        "proposed": {".".join(one.key): one.value for one in found if isinstance(one, Proposed)},
        "left_out": {".".join(one.key): f"{one.text} {one.fix}" for one in found if isinstance(one, Open)},
        "check": facts_of(context, name, findings),
    }
