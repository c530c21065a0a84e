"""Which chores a process that reads the shops has."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from daemon.app import App
from daemon.mails import Postman
from daemon.retention import forget_history
from daemon.runs import end_runs
from daemon.upkeep import Chore


def chores(app: App, names: Sequence[str]) -> list[Chore]:
    """For the connections `names`, in the order in which they are done where several are due."""
    return [
        Chore(name="Runs", every=timedelta(seconds=2), do=partial(end_runs, app, names)),
        Chore(name="History", every=timedelta(minutes=10), do=partial(forget_history, app)),
    ]


def mail_chores(app: App) -> list[Chore]:
    """Those that a slow mail server may keep busy for a minute: they have a thread of their own."""
    postman = Postman(app.settings, app.ledger, app.owner, app.clock)
    return [Chore(name="Mails", every=timedelta(seconds=5), do=postman.send_due)]
