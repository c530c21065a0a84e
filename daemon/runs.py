"""The runs of the daemon: a reading that brought something, until all that it brought is settled or waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from cartledger.ledger.types import State
from daemon.app import App, Line
from producers.handover import KINDS, SIDES

BY_ITSELF = "schedule"
BY_A_PERSON = "sync"
GIVE_UP_AFTER = 3
"""Failures in a row after which a run leaves a side that does not answer to the next one."""


def begin_run(app: App, line: Line, workflow: str, started: datetime, brought: Mapping[str, Any]) -> None:
    """A reading that the schedule asked for has brought something. It ends the run before it, whatever waits."""
    pair = line.connection.pair
    with app.ledger.transaction():
        _end(app, line, workflow)
        app.ledger.start_run(pair, workflow, {"by": BY_ITSELF, **brought}, started=started)


def end_runs(app: App, names: Sequence[str]) -> None:
    """End the runs whose sources are settled or wait. Called often, by one process."""
    for line in (app.lines[name] for name in names):
        if _open(app, line) and nothing_due(app, line):
            _end(app, line)


def nothing_due(app: App, line: Line) -> bool:
    """Whether nothing is left that a run should wait for."""
    pair = line.connection.pair
    until = app.clock() + line.connection.in_flight + timedelta(minutes=1)
    given_up = {
        circuit.side
        for circuit in app.ledger.circuits(pair)
        if circuit.needs_person or circuit.failures >= GIVE_UP_AFTER
    }
    return not any(
        app.ledger.pending(pair, kinds, until) for workflow, kinds in KINDS.items() if SIDES[workflow] not in given_up
    )


def in_the_ledger(app: App, line: Line) -> dict[str, int]:
    """How many orders stand where."""
    counts = app.ledger.counts(line.connection.pair, "order")
    settled = {state.value: counts[state] for state in (State.POSTED, State.HELD, State.EXCLUDED)}
    return {**settled, "waiting": counts[State.QUEUED] + counts[State.CLAIMED]}


def _open(app: App, line: Line, workflow: str | None = None) -> list[tuple[int, Mapping[str, Any]]]:
    return [
        (run.id, run.facts)
        for run in app.ledger.open_runs(line.connection.pair)
        if run.facts.get("by") == BY_ITSELF and workflow in (None, run.workflow)
    ]


def _end(app: App, line: Line, workflow: str | None = None) -> None:
    for run, brought in _open(app, line, workflow):
        app.ledger.end_run(run, {**brought, **in_the_ledger(app, line)})
