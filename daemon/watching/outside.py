"""Telling of the one trouble that cannot be written into the ledger: that the ledger cannot be written.

An empty file beside it says that it was told. So of all processes that meet the trouble, and of all that the service
manager starts in vain until it is over, one tells.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from cartledger import logs
from cartledger.errors import CartledgerError, LedgerTrouble
from cartledger.ledger.store import Glance, Ledger
from cartledger.settings import Settings
from daemon.clock import now
from daemon.mails import addressed, compose, sender_of, server_of
from daemon.watching.causes import CRASHES_WITHIN, EVERYWHERE, LEDGER_TROUBLE, TITLES, heading

KEPT_FOR = timedelta(minutes=2)
"""How long the file stays once the ledger can be written: whoever met the trouble may be about to end."""


@contextlib.contextmanager
def telling_of_ledger_trouble(settings: Settings, clock: Callable[[], datetime] = now) -> Iterator[None]:
    """LedgerTrouble of the body is told of, and goes on."""
    try:
        yield
    except LedgerTrouble as error:
        _tell(settings, error, clock())
        raise


def _tell(settings: Settings, error: LedgerTrouble, at: datetime) -> None:
    if not _first_to_notice(settings.ledger.path, at) or _still_stands(settings.ledger.path, at):
        return
    logs.warning(f"{heading(LEDGER_TROUBLE)} {error}", action="alert", cause=LEDGER_TROUBLE)
    plain = f"{error}\n\nMore about it: docs/RUNBOOK.md#{LEDGER_TROUBLE}\n"
    content = compose(settings, subject=f"cartledger: {TITLES[LEDGER_TROUBLE]}", plain=plain)
    server = server_of(settings.smtp)
    if settings.report.when == "never" or content is None or server is None:
        return
    try:
        with server.session() as session:
            message = addressed(content, at, settings)
            session.send(message, sender_of(settings.smtp), settings.report.to)
    except CartledgerError as failure:
        logs.warning(f"No mail could be sent about it: {failure}", action="mail_refused")


def _signs(ledger: Path) -> tuple[Path, ...]:
    """Where the file may be: beside the ledger, or where even that is not possible among those of a short life."""
    name = sha256(str(ledger.absolute()).encode()).hexdigest()[:16]
    return ledger.with_name(f"{ledger.name}.trouble"), Path(tempfile.gettempdir()) / f"cartledger-{name}.trouble"


def _first_to_notice(ledger: Path, at: datetime) -> bool:
    signs = _signs(ledger)
    if any(sign.exists() for sign in signs):
        return False
    for sign in signs:
        try:
            os.close(os.open(sign, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
            os.utime(sign, (at.timestamp(), at.timestamp()))
        except FileExistsError:
            return False
        except OSError:
            continue
        return True
    return True


def _still_stands(ledger: Path, at: datetime) -> bool:
    """Whether the alert of an earlier trouble is not over yet. Reading often goes on where writing does not."""
    try:
        with contextlib.closing(Glance(ledger, lambda: at)) as glance:
            return any(alert.cause == LEDGER_TROUBLE for alert in glance.alerts(EVERYWHERE))
    except CartledgerError:
        return False


def ledger_trouble_since(ledger: Ledger) -> datetime | None:
    """When it was told that the ledger cannot be written; None where it was not, or is over."""
    for sign in _signs(ledger.path):
        with contextlib.suppress(OSError):
            return datetime.fromtimestamp(sign.stat().st_mtime, UTC)
    return None


def forget_ledger_trouble(ledger: Ledger, at: datetime) -> None:
    """The ledger was just written. What ended over it is no crash."""
    since = ledger_trouble_since(ledger)
    if since is None or timedelta(0) <= at - since < KEPT_FOR:
        return
    for process in ledger.processes(at - CRASHES_WITHIN):
        if process.ended is None and process.started >= since - CRASHES_WITHIN and at - process.seen_at > KEPT_FOR:
            ledger.process_ended(process.owner)
    for sign in _signs(ledger.path):
        with contextlib.suppress(OSError):
            sign.unlink(missing_ok=True)
