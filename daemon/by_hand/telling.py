"""The mails of a shop that a person or cron syncs, and no process that stays: reports, and what waits to be sent."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from daemon.app import App
from daemon.reporting.reports import Reporting
from daemon.running.chores import mail_chores
from daemon.running.upkeep import Chore, Upkeep
from daemon.watching.alerts import still_runs
from daemon.watching.causes import READERS

_ONCE = timedelta(0)


def tell_by_mail(app: App, name: str, began: datetime) -> None:
    """After a sync of the connection that began then: its report where one is due, and every mail that waits. What goes
    wrong is logged.

    Where a process reads the shops, that one tells of this run as of its own.
    """
    if _somebody_stays(app):
        return
    report = partial(Reporting(app, app.lines[name]).make_after, began)
    Upkeep([Chore(name="Reports", every=_ONCE, do=report), *mail_chores(app)], app.clock).once()


def _somebody_stays(app: App) -> bool:
    now = app.clock()
    return any(each.role in READERS and still_runs(each, now) for each in app.ledger.processes(now))
