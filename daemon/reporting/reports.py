"""When which report is made, and put into the outbox."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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

SinceWhen = Callable[[Line, datetime], datetime | None]
"""Since when there is to be told up to a time; None where nothing is now."""


class Reporting:
    """Makes the reports of some connections when their time has come."""

    def __init__(self, app: App, names: Sequence[str]) -> None:
        self._app = app
        self._names = names

    def make_due(self) -> None:
        """One of each connection at most. Of several processes one makes it."""
        self._make_all(lambda: self._app.clock() - SETTLED, self._each_run)

    def make_after(self, began: datetime) -> None:
        """The same once a run is over that nobody else worked on; the first time begins with it."""
        self._make_all(self._app.clock, lambda line, _: self._told_until(line) or began)

    def _make_all(self, until: Callable[[], datetime], each_run: SinceWhen) -> None:
        when = self._app.settings.report.when
        if when in ("each_run", "daily"):
            for name in self._names:
                self._make_if_due(self._app.lines[name], until, self._daily if when == "daily" else each_run)

    def _make_if_due(self, line: Line, until: Callable[[], datetime], since_when: SinceWhen) -> None:
        ledger, lease = self._app.ledger, f"{REPORT}:{line.connection.pair}"
        if not ledger.lease(lease, self._app.owner, LEASE_TIME):
            return
        try:
            self._make(line, until(), since_when)
        finally:
            ledger.unlease(lease, self._app.owner)

    def _make(self, line: Line, until: datetime, since_when: SinceWhen) -> None:
        daily = self._app.settings.report.when == "daily"
        since = since_when(line, until)
        if since is None or since >= until:
            return
        report = gather(self._app, line, zone_of(line), since, until)
        if not (daily or report.something_happened):
            self._nothing_to_tell(line, since, until)
            return
        with self._app.ledger.transaction():
            self._told(line, until)
            mail_report(self._app, line, report)

    def _daily(self, line: Line, until: datetime) -> datetime | None:
        """Since when there is to be told, where the time has come; the first time begins with the first look."""
        told = self._told_until(line)
        if told is None:
            self._told(line, until)
            return None
        schedule = Schedule(at=(self._app.settings.report.daily_at,))
        due = next_time(schedule, told, until, zone_of(line))
        return told if due is not None and due <= until else None

    def _each_run(self, line: Line, until: datetime) -> datetime | None:
        """The same where no run goes on, and nothing more comes by itself soon; the first time begins with the first of
        the runs."""
        ledger, pair, told = self._app.ledger, line.connection.pair, self._told_until(line)
        runs = ledger.runs(pair)
        settling = bool(ledger.happened(pair, until, self._app.clock()))  # a report would tell of half of it
        under_way = settling or (ledger.may_write(pair) and not nothing_due(self._app, line))
        # A sync that was killed leaves a run without an end; while one goes on, it may write.
        own = [run.ended for run in runs if run.facts.get("by") == BY_ITSELF]
        if under_way or any(ended is None or until < ended <= self._app.clock() for ended in own):
            return None
        return told or min((run.started for run in runs), default=None)

    def _told_until(self, line: Line) -> datetime | None:
        """Up to when was told; None where nothing was yet. What a clock told that was set back since counts as now."""
        cursor, now = self._app.ledger.cursor(line.connection.pair, REPORT), self._app.clock()
        if cursor is None or cursor.watermark <= now:
            return None if cursor is None else cursor.watermark
        self._told(line, now)
        return now

    def _nothing_to_tell(self, line: Line, since: datetime, until: datetime) -> None:
        """A look costs what happened since it begins, and a note of it a write: so one now and then."""
        if until - since > NOTED_EVERY:
            self._told(line, until)

    def _told(self, line: Line, until: datetime) -> None:
        self._app.ledger.set_cursor(line.connection.pair, REPORT, Cursor(watermark=until, polled_at=until))


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
