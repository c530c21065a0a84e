"""A sign of life while all is well: something outside raises the alarm where it stays away.

A sign that cannot be given (no network to the one who waits for it) stops nothing; it is told of once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from cartledger import logs
from cartledger.clients.http import Http
from cartledger.errors import CartledgerError, Unreachable
from cartledger.ledger.types import Alert
from daemon.app import App
from daemon.mails import compose
from daemon.schedule import next_time
from daemon.watching.alerts import Watch
from daemon.watching.causes import (
    DIFFERENCE,
    EVERYWHERE,
    HELD_ORDERS,
    MAILS_FAIL,
    READS_NEAR_BUDGET,
    SETTINGS_WRONG,
    STOCK_WAITING,
    TOKEN_EXPIRES,
)

BEAT, MAIL = "heartbeat", "heartbeat mail"
"""What the ledger calls the last ones."""

DEADLINE = 10.0
MAIL_EVERY = timedelta(days=1)
LOOK_EVERY = timedelta(seconds=30)
OK = range(200, 300)
LEAVES_IT_WELL = frozenset(
    {HELD_ORDERS, DIFFERENCE, STOCK_WAITING, TOKEN_EXPIRES, READS_NEAR_BUDGET, MAILS_FAIL, SETTINGS_WRONG}
)
"""Causes that keep nothing from being read and posted."""


class Heartbeat:
    """Beats when it is time and all is well. `beat_when_due` is called every `LOOK_EVERY`."""

    def __init__(self, app: App, watch: Watch) -> None:
        self._app = app
        self._watch = watch
        self._settings = app.settings.heartbeat
        self._silent: dict[str, datetime] = {}

    def beat_when_due(self) -> None:
        """Raises LedgerTrouble only."""
        if self._is_due() and not self.keeps_away():
            self._try("file", self._touch)
            self._try("url", self._call)
            self._mail_once_a_day()
            if not self._silent:
                self._app.ledger.save_reference(EVERYWHERE, BEAT, b"")

    def keeps_away(self) -> list[str]:
        """Why there is no sign of life now; nothing while all is well."""
        ledger = self._app.ledger
        return [
            *(f"stuck: {name}" for name in self._app.pulse.stuck()),
            *(alert.text for alert in self._watch.found() if is_serious(alert)),
            *(
                circuit.reason
                for line in self._app.lines.values()
                for circuit in ledger.circuits(line.connection.pair)
                if circuit.needs_person and ledger.is_enabled(line.connection.pair)
            ),
        ]

    def _is_due(self) -> bool:
        now, last = self._app.clock(), self._last(BEAT)
        due = next_time(self._settings.interval, last, now, ZoneInfo("UTC"))
        return due is not None and due <= now

    def _last(self, name: str) -> datetime | None:
        known = self._app.ledger.reference(EVERYWHERE, name)
        return None if known is None else known.fetched_at

    def _touch(self) -> None:
        if self._settings.file is None:
            return
        file: Path = self._settings.file
        part = file.with_name(f"{file.name}.part")
        try:
            part.write_text(f"{self._app.clock().astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}\n")
            part.replace(file)
        except OSError as error:
            raise Unreachable(f"heartbeat.file cannot be written: {error.strerror}.") from error

    def _call(self) -> None:
        if self._settings.url is None:
            return
        with Http() as http:
            answer = http.call("GET", self._settings.url, deadline=DEADLINE)
        if answer.status not in OK:
            raise Unreachable(f"heartbeat.url answers with status {answer.status}.")

    def _try(self, name: str, sign: Callable[[], None]) -> None:
        """Its address may be all that a stranger needs to give the sign in our name, so it is not told."""
        try:
            sign()
        except CartledgerError as error:
            if name not in self._silent:
                logs.warning(f"No sign of life could be given: {error}", action="heartbeat_failed")
            self._silent.setdefault(name, self._app.clock())
        else:
            if since := self._silent.pop(name, None):
                seconds = int((self._app.clock() - since).total_seconds())
                text = f"The sign of life is given again after {seconds} s."
                logs.info(text, action="heartbeat_works", seconds=seconds)

    def _mail_once_a_day(self) -> None:
        plain = "cartledger runs, reads and posts. If this mail stays away for more than a day, look at it.\n"
        content = compose(self._app.settings, subject="cartledger: all is well", plain=plain)
        if not self._settings.mail or content is None:
            return
        with self._app.ledger.transaction():
            now, last = self._app.clock(), self._last(MAIL)
            if last is None or not timedelta(0) <= now - last < MAIL_EVERY:
                self._app.ledger.queue_mail(EVERYWHERE, "heartbeat", content)
                self._app.ledger.save_reference(EVERYWHERE, MAIL, b"")


def is_serious(alert: Alert) -> bool:
    """Whether it keeps something from being read or posted."""
    return alert.cause not in LEAVES_IT_WELL
