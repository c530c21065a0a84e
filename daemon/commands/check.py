"""`cartledger check`: everything that can be known to be wrong before anything is posted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import click

from cartledger.errors import BrokerDown, CartledgerError, SettingsWrong, WrongUse
from cartledger.settings import Settings
from daemon.app import App, Line
from daemon.console import doing, json_option, out, print_json
from daemon.context import Context
from daemon.inspection import NO_ANSWER, Inspection
from daemon.mails import server_of
from mapping.checks.findings import Finding, Level, problem, warning

_OF_THE_WHOLE = "settings"
"""Stands where a connection's name does, for what is of none."""

_BARE = re.compile("[a-z_]+")  # the keys that are ours; others are names of the user's world


@click.command()
@json_option
@click.pass_context
def check(ctx: click.Context, *, as_json: bool) -> None:
    """Check settings, shops and companies.

    All problems at once, each with what to do about it; the shop's last orders are tried, and nothing is written to
    either side. Exit code 2: something keeps a connection from posting; 1: a side does not answer.
    """
    found: dict[str, list[Finding]] = {}
    try:
        with ctx.obj.app() as app, doing() as say:
            for name, line in app.lines.items():
                found[name] = findings_of(app, line, say)
            say("broker and mail server")
            if findings := [*_broker_findings(app), *_mail_findings(app.settings)]:
                found[_OF_THE_WHOLE] = findings
    except SettingsWrong as error:
        if not as_json:
            raise
        found = {_OF_THE_WHOLE: [problem(one.code, one.text, one.fix) for one in error.problems]}
    if as_json:
        print_json({name: facts_of(ctx.obj, name, findings) for name, findings in found.items()})
    else:
        print_findings(ctx.obj, found)
    ctx.exit(_exit_code([one for findings in found.values() for one in findings]))


def findings_of(app: App, line: Line, say: Callable[[str], None]) -> list[Finding]:
    """Of one connection, problems first."""
    findings = Inspection(app=app, line=line, say=partial(_of, say, line.name)).findings()
    return sorted(findings, key=lambda one: list(Level).index(one.level))


def facts_of(context: Context, name: str, findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """For a program."""
    return [_facts(context, name, one) for one in findings]


def _broker_findings(app: App) -> Iterator[Finding]:
    """What keeps RabbitMQ from handing over; no queue is made."""
    try:
        with app.broker() as broker:
            broker.declare(())
    except BrokerDown as error:
        yield problem(NO_ANSWER, error.text, error.fix or "Start RabbitMQ: `systemctl status rabbitmq-server`.")
    except WrongUse as error:
        yield problem("broker", error.text, error.fix)


def _mail_findings(settings: Settings) -> Iterator[Finding]:
    """What keeps mails from being sent; no mail is sent."""
    server = server_of(settings.smtp)
    if server is not None:
        try:
            with server.session():
                pass
        except CartledgerError as error:
            yield warning("mail_server", error.text, error.fix)


def _of(say: Callable[[str], None], name: str, what: str) -> None:
    say(f"{name}: {what}")


def _exit_code(findings: Sequence[Finding]) -> int:
    codes = {one.code for one in findings if one.level is Level.PROBLEM}
    if not codes:
        return 0
    return 1 if codes == {NO_ANSWER} else 2


def _sentence(context: Context, name: str, finding: Finding) -> str:
    """With file and line of the setting that it is about."""
    if name == _OF_THE_WHOLE:
        return finding.text
    key = ("connections", name, *finding.key)
    dotted = ".".join(part if _BARE.fullmatch(part) or part == name else f'"{part}"' for part in key)
    return f"{f'{context.place(key)}: ' if finding.key else ''}{dotted}: {finding.text}"


def _facts(context: Context, name: str, finding: Finding) -> dict[str, Any]:
    return {
        "level": finding.level,
        "code": finding.code,
        "text": _sentence(context, name, finding),
        "fix": finding.fix,
        "blocks": finding.level is Level.PROBLEM,
    }


def print_findings(context: Context, found: Mapping[str, Sequence[Finding]]) -> None:
    """For a person, by connection, each with its place in the file."""
    console = out()
    for name, findings in found.items():
        for one in findings:
            told = f"{_sentence(context, name, one)} {one.fix}".strip()
            console.print(f"{one.level}: {told}", soft_wrap=True)
        if name != _OF_THE_WHOLE and _exit_code(findings) == 0:
            console.print(
                f"{name}: {_verdict(findings)} Next: cartledger sync {name}, "
                f"or cartledger enable {name} and cartledger run.",
                soft_wrap=True,
            )


def _verdict(findings: Sequence[Finding]) -> str:
    if any(one.level is Level.WARNING for one in findings):
        return "nothing keeps it from posting; what the warnings tell of is better mended first."
    return "the shop, the company and the settings fit together."
