"""Mails: written here, kept in the ledger's outbox, and sent from there.

Nothing waits for a mail server: whoever has something to say puts it into the outbox, and a thread of its own carries
it out. What cannot be sent is tried again with growing waits, and given up once nobody would want to read it any more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from cartledger import logs
from cartledger.clients.smtp import DEFAULT_PORTS, MailServer, Session
from cartledger.errors import CartledgerError, LedgerTrouble, TryLater, WrongUse
from cartledger.ledger.store import Ledger
from cartledger.ledger.types import Mail
from cartledger.settings import Settings, Smtp
from daemon.clock import now

FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=2)
GIVEN_UP_AFTER = timedelta(days=3)
LEASE = "mails"
LEASE_TIME = timedelta(minutes=5)


def compose(settings: Settings, *, subject: str, plain: str, html: str | None = None) -> bytes | None:
    """A message for the outbox; None where no mail is to be sent: nobody to send it to, or no server.

    When it was written, by whom and to whom is put in when it is sent: settings may have been mended by then.
    """
    if not settings.report.to or server_of(settings.smtp) is None:
        return None
    message = EmailMessage(policy=policy.SMTP)
    message["Subject"] = " ".join(subject.split())
    message["Message-ID"] = make_msgid(domain=sender_of(settings.smtp).rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday note comes back
    message.set_content(plain, cte="quoted-printable")
    if html is not None:
        message.add_alternative(html, subtype="html", cte="quoted-printable")
    return bytes(message)


def server_of(smtp: Smtp) -> MailServer | None:
    """The server of the settings, None where they name none."""
    if smtp.host is None:
        return None
    return MailServer(
        host=smtp.host,
        port=smtp.port or DEFAULT_PORTS[smtp.security],
        security=smtp.security,
        username=smtp.username,
        password=smtp.password.get_secret_value() if smtp.password else None,
    )


def sender_of(smtp: Smtp) -> str:
    """Whom mails come from."""
    return smtp.sender or smtp.username or ""


def send_test(settings: Settings) -> str:
    """Send a test mail now, past the outbox. Returns what to say. Raises WrongUse where the settings name nobody to
    send to or no server, and what `MailServer` raises."""
    content = compose(
        settings,
        subject="cartledger: a test",
        plain="This is a test: cartledger's mails arrive. What they tell is set by report.when.\n",
    )
    server = server_of(settings.smtp)
    if content is None or server is None:
        raise WrongUse("Mails go to nobody.", fix="Set report.to and smtp.host.")
    with server.session() as session:
        message = addressed(content, now(), settings)
        refused = session.send(message, sender_of(settings.smtp), settings.report.to)
    told = "".join(f" One address was refused: {said}." for said in refused)
    return f"{server.host} took a test mail to {' and '.join(settings.report.to)}.{told}"


class Postman:
    """Sends what is due in the ledger's outbox. One process at a time does, under a lease."""

    def __init__(self, settings: Settings, ledger: Ledger, owner: str, clock: Callable[[], datetime]) -> None:
        self._settings = settings
        self._server = server_of(settings.smtp)
        self._ledger = ledger
        self._owner = owner
        self._clock = clock
        self._failing_since: datetime | None = None

    def send_due(self) -> None:
        """Everything that is due, in one session. Raises LedgerTrouble only, takes a minute or two at most."""
        mails = [mail for mail in self._ledger.mails_due(self._clock()) if not self._too_old(mail)]
        if not mails or self._server is None or not self._settings.report.to:
            return
        if self._ledger.lease(LEASE, self._owner, LEASE_TIME):
            try:
                self._send(self._server, mails)
            finally:
                self._ledger.unlease(LEASE, self._owner)

    def _send(self, server: MailServer, mails: Sequence[Mail]) -> None:
        left = list(mails)
        try:
            with server.session() as session:
                while left:
                    self._send_one(session, left[0])
                    left.pop(0)
        except LedgerTrouble:
            raise
        except CartledgerError as error:
            for mail in left:
                self._again(mail, error)
            self._fails(error)

    def _send_one(self, session: Session, mail: Mail) -> None:
        try:
            refused = session.send(addressed(mail.content, mail.made_at, self._settings), *self._envelope())
        except TryLater as error:
            self._again(mail, error)
            if not mail.attempts:
                logs.warning(f"A mail ({mail.kind}) was refused and is tried again: {error}", action="mail_refused")
        else:
            self._ledger.mail_sent(mail.id)
            for said in refused:
                logs.warning(f"A mail was not taken for one address of report.to: {said}.", action="mail_refused")
        self._works()

    def _envelope(self) -> tuple[str, Sequence[str]]:
        return sender_of(self._settings.smtp), self._settings.report.to

    def _too_old(self, mail: Mail) -> bool:
        is_old = self._clock() - mail.made_at > GIVEN_UP_AFTER
        if is_old:
            self._ledger.mail_given_up(mail.id)
            text = f"A mail ({mail.kind}) of {mail.made_at:%Y-%m-%d %H:%M} UTC is given up: {mail.why}"
            logs.warning(text, action="mail_given_up")
        return is_old

    def _again(self, mail: Mail, error: CartledgerError) -> None:
        self._ledger.mail_failed(mail.id, not_before=self._clock() + wait_after(mail.attempts), why=str(error))

    def _fails(self, error: CartledgerError) -> None:
        if self._failing_since is None:
            self._failing_since = self._clock()
            logs.warning(f"Mails wait; they are tried again until they go. {error}", action="mails_fail")

    def _works(self) -> None:
        if self._failing_since is not None:
            seconds = int((self._clock() - self._failing_since).total_seconds())
            self._failing_since = None
            logs.info(f"Mails are sent again after {seconds} s.", action="mails_go", seconds=seconds)


def wait_after(attempts: int) -> timedelta:
    """How long a mail waits that has failed `attempts` times before and once more."""
    return min(FIRST_WAIT * (1 << min(attempts, 10)), LONGEST_WAIT)


def addressed(content: bytes, made_at: datetime, settings: Settings) -> EmailMessage:
    """The message as it goes out."""
    message = message_from_bytes(content, _class=EmailMessage, policy=policy.SMTP)
    message["From"] = sender_of(settings.smtp)
    message["To"] = ", ".join(settings.report.to)
    message["Date"] = format_datetime(made_at)
    return message
