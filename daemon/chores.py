"""Which chores a process that reads the shops has."""

from __future__ import annotations

from collections.abc import Sequence

from daemon.app import App
from daemon.upkeep import Chore


def chores(app: App, names: Sequence[str]) -> list[Chore]:
    """For the connections `names`, in the order in which they are done where several are due."""
    return []
