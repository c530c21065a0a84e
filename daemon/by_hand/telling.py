"""The mails of a shop that a person or cron syncs, and no process that stays: reports, and what waits to be sent."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from daemon.app import App
from daemon.owners import is_gone
from daemon.reporting.reports import Reporting
from daemon.running.chores import mail_chores
from daemon.running.upkeep import Chore, Upkeep
from daemon.watching.causes import MISSING_AFTER

_READS = frozenset({"run", "produce"})
_ONCE = timedelta(0)


def tell_by_mail(app: App, name: str, began: datetime) -> None:
    """After a sync of the connection that began then: its report where one is due, and every mail that waits. What goes
    wrong is logged.

    Where a process reads the shops, that one tells of this run as of its own.
    """
    if _somebody_stays(app):
        return
    report = partial(Reporting(app, [name]).make_after, began)
    Upkeep([Chore(name="Reports", every=_ONCE, do=report), *mail_chores(app)], app.clock).once()


def _somebody_stays(app: App) -> bool:
    now = app.clock()
    return any(
        each.role in _READS and each.ended is None and now - each.seen_at <= MISSING_AFTER and not is_gone(each.owner)
        for each in app.ledger.processes(now)
    )
