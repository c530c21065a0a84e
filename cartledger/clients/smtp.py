"""The server that takes mails. Whatever it says no with becomes one of our errors, in a sentence for a person."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Literal

from cartledger.errors import CartledgerError, TryLater, Unauthorised, Unreachable

Security = Literal["starttls", "tls", "none"]

ANSWER_TIMEOUT = 20.0
SESSION_TIMEOUT = 60.0
DEFAULT_PORTS: dict[Security, int] = {"starttls": 587, "tls": 465, "none": 25}


class Session:
    """A server that waits for mails."""

    def __init__(self, server: smtplib.SMTP, place: str) -> None:
        self._server = server
        self._place = place

    def send(self, message: EmailMessage, sender: str, recipients: Sequence[str]) -> tuple[str, ...]:
        """Hand over one mail. Returns what was said of the recipients for whom it was not taken, if it was for some.

        Raises TryLater where this mail was refused, Unreachable where nothing more goes through here.
        """
        try:
            refused = self._server.send_message(message, sender, list(recipients))
        except smtplib.SMTPRecipientsRefused as error:
            said = "; ".join(_said(*answer) for answer in error.recipients.values())
            raise TryLater(
                f"{self._place} takes no mail for report.to: {_plain(said, recipients)}.",
                fix="Look whether the addresses are right, and whether the server sends to others than its own.",
            ) from error
        except smtplib.SMTPSenderRefused as error:
            said = _plain(_said(error.smtp_code, error.smtp_error), [sender])
            raise TryLater(
                f"{self._place} takes no mail from smtp.sender: {said}.",
                fix="Name an address there that belongs to the mail account.",
            ) from error
        except (smtplib.SMTPDataError, smtplib.SMTPHeloError) as error:
            said = _plain(_said(error.smtp_code, error.smtp_error), [sender, *recipients])
            raise TryLater(f"{self._place} did not take the mail: {said}.") from error
        except smtplib.SMTPNotSupportedError as error:
            raise TryLater(
                f"{self._place} takes no mail addresses with letters beyond a to z.", fix="Name others."
            ) from error
        except (smtplib.SMTPException, OSError) as error:
            raise Unreachable(f"{self._place} broke off: {_reason(error)}.", in_doubt=True) from error
        return tuple(_plain(_said(*answer), recipients) for answer in refused.values())


@dataclass(frozen=True, kw_only=True)
class MailServer:
    """How to get there. The certificate is checked against those that the machine trusts (SSL_CERT_FILE and
    SSL_CERT_DIR, where these are set). Timeouts are in seconds, for one answer and for all of a session."""

    host: str
    port: int
    security: Security
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    answer_timeout: float = ANSWER_TIMEOUT
    session_timeout: float = SESSION_TIMEOUT

    @property
    def _place(self) -> str:
        return f"The mail server {self.host}:{self.port}"

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Connected, encrypted and signed in, for no more than the session's time: a server that drips would be
        listened to for ever.

        Raises Unreachable where there is no answer or no encryption, Unauthorised where the login is refused.
        """
        server = self._connected()
        limit = threading.Timer(self.session_timeout, _cut, [server])
        limit.daemon = True
        limit.start()
        try:
            with self._in_plain_words():
                self._prepare(server)
            yield Session(server, self._place)
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
        finally:
            limit.cancel()
            server.close()

    def _connected(self) -> smtplib.SMTP:
        with self._in_plain_words():
            if self.security == "tls":
                context = ssl.create_default_context()
                return smtplib.SMTP_SSL(self.host, self.port, timeout=self.answer_timeout, context=context)
            return smtplib.SMTP(self.host, self.port, timeout=self.answer_timeout)

    def _prepare(self, server: smtplib.SMTP) -> None:
        if self.security == "starttls":
            server.starttls(context=ssl.create_default_context())
        if self.username:
            server.login(self.username, self.password or "")

    @contextmanager
    def _in_plain_words(self) -> Iterator[None]:
        try:
            yield
        except (smtplib.SMTPException, OSError) as error:
            raise self._translated(error) from error

    def _translated(self, error: Exception) -> CartledgerError:
        match error:
            case smtplib.SMTPAuthenticationError(smtp_code=code, smtp_error=text):
                said = _plain(_said(code, text), [self.username or ""])
                return Unauthorised(
                    f"{self._place} refuses the login: {said}.",
                    fix="Look at smtp.username and smtp.password; many providers want a password made for programs.",
                )
            case smtplib.SMTPNotSupportedError() if self.security == "starttls" and "STARTTLS" in str(error):
                return Unreachable(
                    f"{self._place} offers no STARTTLS.",
                    fix='Set smtp.security = "tls" and its port (465), or the port that offers it (587).',
                )
            case (
                smtplib.SMTPNotSupportedError()
                | smtplib.SMTPException(args=("No suitable authentication method found.",))
            ):
                return Unauthorised(
                    f"{self._place} offers no login that cartledger knows.",
                    fix="Use its port for sending (587 or 465), or take out smtp.username and smtp.password.",
                )
            case ssl.SSLCertVerificationError(verify_message=message):
                return Unreachable(
                    f"The certificate of the mail server {self.host}:{self.port} is not trusted: {message}.",
                    fix="smtp.host has to be the name in the certificate; an authority of your own belongs among those "
                    "that the machine trusts (update-ca-certificates).",
                )
            case ssl.SSLError():
                return Unreachable(
                    f"{self._place} does not speak TLS there: {_reason(error)}.",
                    fix='Port 587 goes with smtp.security = "starttls", port 465 with "tls".',
                )
        return Unreachable(
            f"{self._place} does not answer: {_reason(error)}.",
            fix="Look at smtp.host, smtp.port and smtp.security, and whether a firewall lets mail out.",
        )


def _cut(server: smtplib.SMTP) -> None:
    if (connection := server.sock) is not None:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)


def _said(code: int, text: bytes | str) -> str:
    """What the server answered, in one line."""
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"{code} {' '.join(words.split())}".strip().rstrip(".")


def _reason(error: Exception) -> str:
    match error:
        case TimeoutError() | smtplib.SMTPServerDisconnected(__context__=TimeoutError()):
            return "no answer in time"
        case smtplib.SMTPServerDisconnected():
            return "it hung up"
        case smtplib.SMTPResponseException(smtp_code=code, smtp_error=text):
            return _said(code, text)
        case OSError(strerror=str(reason)) if reason:
            return reason
    return str(error).rstrip(".") or type(error).__name__


def _plain(said: str, addresses: Sequence[str]) -> str:
    """Without anybody's address: it goes to the log."""
    for address in filter(None, addresses):
        said = re.sub(re.escape(address), "…", said, flags=re.IGNORECASE)
    return said
