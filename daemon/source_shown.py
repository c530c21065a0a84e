"""What `why` and `held show` say of one source: where it stands and why, what it became, what follows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from rich.console import Console

from cartledger.errors import Problem
from cartledger.ledger.types import Link, Standing, State
from cartledger.records import SourceKey
from cartledger.stock import STOCK
from consumers.circuit import BIGCOMMERCE, NAMES, QUICKBOOKS, SIGNING_IN
from daemon.app import App, Line
from daemon.console import MINUTES, table


def facts(app: App, line: Line, one: Standing) -> dict[str, Any]:
    """All that the ledger knows of it."""
    pair, key = line.connection.pair, one.key
    links = app.ledger.links(pair, key.kind, [key.id]).get(key.id, {})
    return {
        "connection": line.name,
        **reasons(one),
        "state": one.state.value,
        "rule": one.rule,
        "why": one.why if one.state is State.QUEUED else "",
        "attempts": one.attempts,
        "next_try": one.not_before if one.state is State.QUEUED else None,
        "waits_for": _waits_for(app, one),
        "kept_by": _kept_by(app, line, one),
        "documents": [_document(link) for link in links.values()],
        "parts": [
            {
                "part": part.name,
                "entity": part.entity,
                "operation": part.operation.value,
                "number": part.number,
                "stage": part.stage.value,
                "sent_at": part.sent_at,
            }
            for part in app.ledger.parts(key)
        ],
        "refunds": [refund.id for refund in app.ledger.refunds_of(pair, [key.id]).get(key.id, ())],
        "history": [
            {"at": event.at, "what": event.what, **_plain(event.detail)} for event in app.ledger.events(one.key)
        ],
    }


def reasons(one: Standing) -> dict[str, Any]:
    """Which it is, and why it is held."""
    return {
        "kind": one.key.kind,
        "id": one.key.id,
        "modified": one.modified,
        "problems": [_problem(problem) for problem in one.problems],
    }


def print_source(console: Console, told: Mapping[str, Any]) -> None:
    """The same for a person."""
    modified = f"{told['modified']:{MINUTES}} UTC"
    sentences = list(_sentences(told))
    end = ":" if sentences else "."
    console.print(f"{told['kind']} {told['id']} of {told['connection']}, modified {modified}, is {told['state']}{end}")
    for line in sentences:
        console.print(line, soft_wrap=True)
    if told["documents"]:
        columns = ["in QuickBooks", "number", "id", "day", "amount", ""]
        rows = [
            (one["entity"], one["number"], one["id"], one["day"], one["amount"], one["currency"])
            for one in told["documents"]
        ]
        console.print(table("documents", columns, rows, right=["amount"]))
    history = [
        (event["at"], event["what"], _detail((name, value) for name, value in event.items() if name not in _UNSHOWN))
        for event in told["history"]
    ]
    console.print(table("history", ["at (UTC)", "what", "detail"], history))


_UNSHOWN = ("at", "what", "version", "hash")
"""Of an event's detail: what is a column, and what only programs compare."""


def _sentences(told: Mapping[str, Any]) -> Iterator[str]:
    yield from _with_fixes(told["problems"])
    if told["rule"]:
        yield f"  {told['rule']}"
    if told["why"]:
        yield f"  Last time: {told['why']}"
    if told["waits_for"]:
        yield f"  It waits for {told['waits_for']['kind']} {told['waits_for']['id']}, {told['waits_for']['state']}."
        yield from _with_fixes(told["waits_for"]["problems"])
    yield from (f"  {sentence}" for sentence in told["kept_by"])
    if told["next_try"]:
        yield f"  Next try: {told['next_try']:{MINUTES}} UTC."
    if told["attempts"]:
        yield f"  Attempts of its own that failed: {told['attempts']}."
    for part in told["parts"]:
        if part["stage"] == "sending":
            sent = f"was sent at {part['sent_at']:%Y-%m-%d %H:%M:%S} UTC"
            yield f"  In doubt: {_named(part)} {sent}; it is looked up before anything else."
        elif part["stage"] == "planned":
            yield f"  To be sent: {part['operation']} {_named(part)}."
    if told["refunds"]:
        yield f"  Refunds in the shop: {', '.join(told['refunds'])}."


def _named(part: Mapping[str, Any]) -> str:
    return f"{part['entity']} {part['number']}".rstrip()


def _with_fixes(problems: Sequence[Mapping[str, str]]) -> Iterator[str]:
    for problem in problems:
        yield f"  {problem['text']}\n    {problem['fix']}" if problem["fix"] else f"  {problem['text']}"


def _problem(problem: Problem) -> dict[str, str]:
    return {"code": problem.code, "text": problem.text, "fix": problem.fix}


def _document(link: Link) -> dict[str, Any]:
    return {
        "part": link.part,
        "entity": link.entity,
        "number": link.number,
        "id": link.target_id,
        "day": link.day,
        "amount": link.amount,
        "currency": link.currency,
        "customer": link.customer,
    }


def _waits_for(app: App, one: Standing) -> dict[str, Any] | None:
    if not one.waits_for:
        return None
    kind, _, name = one.waits_for.partition(":")
    other = app.ledger.standing(SourceKey(pair=one.key.pair, kind=kind, id=name))
    state, problems = (other.state.value, other.problems) if other else ("not known", ())
    return {"kind": kind, "id": name, "state": state, "problems": [_problem(problem) for problem in problems]}


def _kept_by(app: App, line: Line, one: Standing) -> list[str]:
    """What keeps every source of the connection, in words."""
    if one.state not in (State.QUEUED, State.CLAIMED):
        return []
    pair = line.connection.pair
    sides = (BIGCOMMERCE,) if one.key.kind == STOCK else (QUICKBOOKS, SIGNING_IN)
    circuits = [
        f"{NAMES[circuit.side]}: {circuit.reason} Since {circuit.since:{MINUTES}} UTC; tried again at "
        f"{circuit.until:{MINUTES}} UTC."
        for circuit in app.ledger.circuits(pair)
        if circuit.side in sides
    ]
    if app.ledger.may_write(pair):
        return circuits
    return [f"{line.name} posts nothing by itself: `cartledger enable {line.name}`.", *circuits]


def _detail(detail: Iterable[tuple[str, Any]]) -> str:
    return " ".join(
        f"{name}={', '.join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in detail
        if value != ""
    )


def _plain(detail: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: format(value, "f") if isinstance(value, Decimal) else value for name, value in detail.items()}
