"""When which report is made, and put into the outbox."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from cartledger import logs
from cartledger.ledger.types import Cursor
from cartledger.settings import Schedule
from daemon.app import App, Line
from daemon.mails import compose
from daemon.reporting.facts import Report, gather
from daemon.reporting.shown import show_report
from daemon.runs import BY_ITSELF, nothing_due
from daemon.schedule import next_time

REPORT = "report"
"""The kind of such a mail, and the stream whose cursor says up to when was told."""

SETTLED = timedelta(seconds=5)
"""What happened less than this ago may still be on its way into the ledger, from another process."""

LEASE_TIME = timedelta(minutes=5)
NOTED_EVERY = timedelta(hours=1)

SinceWhen = Callable[[datetime], datetime | None]
"""Since when there is to be told up to a time; None where nothing is now."""


class Reporting:
    """Makes the reports of one connection when their time has come."""

    def __init__(self, app: App, line: Line) -> None:
        self._app = app
        self._line = line

    def make_due(self) -> None:
        """One at most. Of several processes one makes it."""
        self._make_if_due(lambda: self._app.clock() - SETTLED, self._each_run)

    def make_after(self, began: datetime) -> None:
        """The same once a run is over that nobody else worked on; the first time begins with it."""
        self._make_if_due(self._app.clock, lambda _: self._told_until() or began)

    def _make_if_due(self, until: Callable[[], datetime], each_run: SinceWhen) -> None:
        """What happened `until` then, which is asked for once nobody else makes one."""
        when = self._app.settings.report.when
        if when not in ("each_run", "daily"):
            return
        ledger, lease = self._app.ledger, f"{REPORT}:{self._line.connection.pair}"
        if not ledger.lease(lease, self._app.owner, LEASE_TIME):
            return
        try:
            self._make(until(), self._daily if when == "daily" else each_run, if_nothing=when == "daily")
        finally:
            ledger.unlease(lease, self._app.owner)

    def _make(self, until: datetime, since_when: SinceWhen, *, if_nothing: bool) -> None:
        """`if_nothing`: though nothing happened."""
        since = since_when(until)
        if since is None or since >= until:
            return
        report = gather(self._app, self._line, zone_of(self._line), since, until)
        if not (if_nothing or report.something_happened):
            self._nothing_to_tell(since, until)
            return
        with self._app.ledger.transaction():
            self._told(until)
            mail_report(self._app, self._line, report)

    def _daily(self, until: datetime) -> datetime | None:
        """Since when there is to be told, where the time has come; the first time begins with the first look."""
        told = self._told_until()
        if told is None:
            self._told(until)
            return None
        schedule = Schedule(at=(self._app.settings.report.daily_at,))
        due = next_time(schedule, told, until, zone_of(self._line))
        return told if due is not None and due <= until else None

    def _each_run(self, until: datetime) -> datetime | None:
        """The same where no run goes on, and nothing more comes by itself soon; the first time begins with the first of
        the runs."""
        ledger, pair, told = self._app.ledger, self._line.connection.pair, self._told_until()
        runs = ledger.runs(pair)
        settling = bool(ledger.happened(pair, until, self._app.clock()))  # a report would tell of half of it
        under_way = settling or (ledger.may_write(pair) and not nothing_due(self._app, self._line))
        # A sync that was killed leaves a run without an end; while one goes on, it may write.
        own = [run.ended for run in runs if run.facts.get("by") == BY_ITSELF]
        if under_way or any(ended is None or until < ended <= self._app.clock() for ended in own):
            return None
        return told or min((run.started for run in runs), default=None)

    def _told_until(self) -> datetime | None:
        """Up to when was told; None where nothing was yet. What a clock told that was set back since counts as now."""
        cursor, now = self._app.ledger.cursor(self._line.connection.pair, REPORT), self._app.clock()
        if cursor is None or cursor.watermark <= now:
            return None if cursor is None else cursor.watermark
        self._told(now)
        return now

    def _nothing_to_tell(self, since: datetime, until: datetime) -> None:
        """A look costs what happened since it begins, and a note of it a write: so one now and then."""
        if until - since > NOTED_EVERY:
            self._told(until)

    def _told(self, until: datetime) -> None:
        self._app.ledger.set_cursor(self._line.connection.pair, REPORT, Cursor(watermark=until, polled_at=until))


def mail_report(app: App, line: Line, report: Report) -> bool:
    """Put it into the outbox. False: the settings name nobody to send it to, or no server."""
    shown = show_report(report)
    content = compose(app.settings, subject=shown.subject, plain=shown.plain, html=shown.html)
    if content is None:
        return False
    app.ledger.queue_mail(line.connection.pair, REPORT, content)
    logs.info("A report was made.", action="report_made", connection=line.name)
    return True


def zone_of(line: Line) -> ZoneInfo:
    """The connection's zone. What the shop once said is good enough: a report does not wait for it."""
    return line.known_zone(line.ledger) or line.zone()
