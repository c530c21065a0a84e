"""Which chores a process that reads the shops has."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from daemon.app import App
from daemon.mails import Postman
from daemon.reporting.reports import Reporting
from daemon.running.retention import forget_history
from daemon.running.signing_in import EVERY as SIGN_IN_EVERY
from daemon.running.signing_in import sign_in
from daemon.running.upkeep import Chore
from daemon.runs import end_runs
from daemon.watching.alerts import LOOK_EVERY, Watch
from daemon.watching.heartbeat import LOOK_EVERY as BEAT_EVERY
from daemon.watching.heartbeat import Heartbeat


def chores(app: App, names: Sequence[str]) -> list[Chore]:
    """For the connections `names`, in the order in which they are done where several are due."""
    watch = Watch(app, names)
    return [
        *signs_of_being(app),
        Chore(name="Clock", every=timedelta(minutes=1), do=app.ledger.forget_the_future),
        Chore(name="Runs", every=timedelta(seconds=2), do=partial(end_runs, app, names)),
        Chore(name="History", every=timedelta(minutes=10), do=partial(forget_history, app)),
        Chore(name="Signing in", every=SIGN_IN_EVERY, do=partial(sign_in, app, names)),
        Chore(name="Alerts", every=LOOK_EVERY, do=watch.look),
        # Of each connection by itself: one whose shop does not even say its time zone keeps no other from its report.
        *(
            Chore(name=f"Report of {name}", every=timedelta(seconds=10), do=Reporting(app, app.lines[name]).make_due)
            for name in names
        ),
        Chore(name="Heartbeat", every=BEAT_EVERY, do=Heartbeat(app, watch).beat_when_due),
    ]


def signs_of_being(app: App) -> list[Chore]:
    """Those that every process has: it is missed where it ends without a word."""
    return [Chore(name="Seen", every=timedelta(seconds=30), do=partial(app.ledger.process_seen, app.owner))]


def mail_chores(app: App) -> list[Chore]:
    """Those that a slow mail server may keep busy for a minute: they have a thread of their own."""
    postman = Postman(app.settings, app.ledger, app.owner, app.clock)
    return [Chore(name="Mails", every=timedelta(seconds=5), do=postman.send_due)]
