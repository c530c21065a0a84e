"""When which report is made, and put into the outbox."""

from __future__ import annotations

from collections.abc import Sequence
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


class Reporting:
    """Makes the reports of some connections when their time has come."""

    def __init__(self, app: App, names: Sequence[str]) -> None:
        self._app = app
        self._names = names

    def make_due(self) -> None:
        """One of each connection at most. Of several processes one makes it."""
        if self._app.settings.report.when in ("each_run", "daily"):
            for name in self._names:
                self._make_if_due(self._app.lines[name])

    def _make_if_due(self, line: Line) -> None:
        ledger, lease = self._app.ledger, f"{REPORT}:{line.connection.pair}"
        if not ledger.lease(lease, self._app.owner, LEASE_TIME):
            return
        try:
            self._make(line, self._app.clock() - SETTLED)
        finally:
            ledger.unlease(lease, self._app.owner)

    def _make(self, line: Line, until: datetime) -> None:
        daily = self._app.settings.report.when == "daily"
        since = self._daily(line, until) if daily else self._each_run(line, until)
        if since is None:
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
        cursor = self._app.ledger.cursor(line.connection.pair, REPORT)
        if cursor is None or cursor.watermark > until:  # the clock was set back
            self._told(line, until)
            return None
        schedule = Schedule(at=(self._app.settings.report.daily_at,))
        due = next_time(schedule, cursor.watermark, until, zone_of(line))
        return cursor.watermark if due is not None and due <= until else None

    def _each_run(self, line: Line, until: datetime) -> datetime | None:
        """The same where no run goes on, and nothing more comes by itself soon; the first time begins with the first of
        the runs."""
        ledger, pair = self._app.ledger, line.connection.pair
        cursor, runs = (
            ledger.cursor(pair, REPORT),
            [run for run in ledger.runs(pair) if run.facts.get("by") == BY_ITSELF],
        )
        under_way = ledger.may_write(pair) and not nothing_due(self._app, line)
        if under_way or any(run.ended is None or run.ended > until for run in runs):
            return None
        if cursor is not None and cursor.watermark <= until:
            return cursor.watermark
        return min((run.started for run in runs if cursor is None), default=until)

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
