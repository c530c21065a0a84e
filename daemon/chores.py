"""Which chores a process that reads the shops has."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from daemon.app import App
from daemon.runs import end_runs
from daemon.upkeep import Chore


def chores(app: App, names: Sequence[str]) -> list[Chore]:
    """For the connections `names`, in the order in which they are done where several are due."""
    return [
        Chore(name="Runs", every=timedelta(seconds=2), do=partial(end_runs, app, names)),
    ]
