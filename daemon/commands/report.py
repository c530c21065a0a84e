"""`cartledger report`: what was done, what has to be, and whether shop and books agree; and whether mails arrive."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from cartledger.errors import WrongUse
from cartledger.settings import Settings
from daemon.app import App, Line
from daemon.console import json_option, print_json
from daemon.context import Context
from daemon.mails import Postman, send_test
from daemon.reporting.facts import Report, gather
from daemon.reporting.reports import mail_report, zone_of
from daemon.reporting.shown import show_report

_SPANS = {"h": "hours", "d": "days"}


@click.command()
@click.argument("connection", required=False)
@click.option(
    "--since",
    default="24h",
    show_default=True,
    metavar="WHEN",
    help="From when on: 12h, 7d, or a day (2026-01-31) or time (2026-01-31T07:00) of the connection's zone.",
)
@json_option
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write it to this file as a page.")
@click.option("--mail", is_flag=True, help="Send it as a mail, too.")
@click.option("--test", is_flag=True, help="Send a test mail to report.to, and nothing else.")
@click.pass_context
def report(
    ctx: click.Context, connection: str | None, since: str, html: Path | None, *, as_json: bool, mail: bool, test: bool
) -> None:
    """What was done, and what has to be.

    From the ledger alone, of CONNECTION or of all. Nobody's name or address is in it.
    """
    context: Context = ctx.obj
    settings = context.settings()
    if test:
        click.echo(send_test(settings))
        return
    names = _names(settings, connection, html)
    with context.app() as app:
        reports = {name: _gathered(app, app.lines[name], since) for name in names}
        if mail:
            _mail(app, reports)
    if html:
        html.write_text("".join(show_report(one).html for one in reports.values()), encoding="utf-8")
    elif as_json:
        print_json({name: _plain(one) for name, one in reports.items()})
    else:
        click.echo("\n".join(show_report(one).plain for one in reports.values()), nl=False)


def _names(settings: Settings, connection: str | None, html: Path | None) -> Sequence[str]:
    if connection is not None:
        settings.connection(connection)
        return [connection]
    if html and len(settings.connections) > 1:
        raise click.UsageError("A page is of one connection: name it.")
    return list(settings.connections)


def _gathered(app: App, line: Line, since: str) -> Report:
    zone, until = zone_of(line), app.clock()
    return gather(app, line, zone, _moment(since, zone, until), until)


def _moment(text: str, zone: ZoneInfo, until: datetime) -> datetime:
    if found := re.fullmatch(r"([1-9]\d{0,4})([hd])", text):
        return until - timedelta(**{_SPANS[found[2]]: int(found[1])})
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(
            f'--since is "{text}"; write 12h, 7d, a day (2026-01-31) or a time (2026-01-31T07:00).'
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _mail(app: App, reports: Mapping[str, Report]) -> None:
    """Sent at once where the server takes it; else the running daemon tries again."""
    for name, one in reports.items():
        if not mail_report(app, app.lines[name], one):
            raise WrongUse("Mails go to nobody.", fix="Set report.to and smtp.host.")
    Postman(app.settings, app.ledger, app.owner, app.clock).send_due()


def _plain(value: Any) -> Any:
    """The record as JSON has it; differences are in it, too."""
    if is_dataclass(value) and not isinstance(value, type):
        facts = {name: _plain(getattr(value, name)) for name in asdict(value)}
        return facts | ({"difference": str(value.difference)} if hasattr(value, "difference") else {})
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return str(value) if isinstance(value, ZoneInfo) else value
