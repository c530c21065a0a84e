"""A mail server on loopback, as polite as it is told.

with PostOffice(tls="starttls", login=("me", "secret"), certificate=certificate) as office:
    …
    assert office.mails[0].subject == "…"
"""

from __future__ import annotations

import itertools
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Literal

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

TAKEN = "250 OK"


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """Of `localhost`, signed by itself: whoever trusts it names `path` in SSL_CERT_FILE."""

    path: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path, self.key)
        return context


def make_certificate(folder: Path) -> Certificate:
    made = Certificate(path=folder / "localhost.pem", key=folder / "localhost.key")
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names]
    subprocess.run([*command, "-keyout", made.key, "-out", made.path], check=True, capture_output=True)
    return made


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A mail as it was taken."""

    sender: str
    recipients: list[str]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        found = message_from_bytes(self.raw, _class=EmailMessage, policy=policy.default)
        assert isinstance(found, EmailMessage)
        return found

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    def text(self, kind: Literal["plain", "html"] = "plain") -> str:
        part = self.message.get_body((kind,))
        assert part is not None
        return str(part.get_content()).replace("\r\n", "\n")


class PostOffice:
    """`answers` are given to the mails in turn, then all are taken; `refused` names recipients who are not known."""

    def __init__(
        self,
        *,
        tls: Literal["starttls", "tls", "none"] = "none",
        certificate: Certificate | None = None,
        login: tuple[str, str] | None = None,
        answers: tuple[str, ...] = (),
        refused: tuple[str, ...] = (),
    ) -> None:
        self.mails: list[Letter] = []
        self.logins: list[tuple[str, str]] = []
        self._answers = itertools.chain(answers, itertools.repeat(TAKEN))
        self._refused = refused
        self._login = login
        self._came = threading.Condition()
        context = certificate.context() if certificate else None
        options: dict[str, Any] = {"tls_context": context} if tls == "starttls" else {}
        if login:
            # The library asks for STARTTLS even where all of the connection is encrypted.
            inside = tls == "starttls"
            options |= {"authenticator": self._authenticate, "auth_required": inside, "auth_require_tls": inside}
        self._controller = Controller(
            self,
            hostname="127.0.0.1",
            port=free_port(),
            ssl_context=context if tls == "tls" else None,
            require_starttls=tls == "starttls",
            **options,
        )

    @property
    def port(self) -> int:
        return self._controller.port

    def __enter__(self) -> PostOffice:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    def wait_for(self, condition: Callable[[list[Letter]], object], *, patience: float = 60.0) -> list[Letter]:
        """The mails, once they are as wanted."""
        with self._came:
            assert self._came.wait_for(lambda: condition(self.mails), patience), [each.subject for each in self.mails]
            return list(self.mails)

    def _authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        given = data.login.decode(), data.password.decode()
        self.logins.append(given)
        return AuthResult(success=given == self._login, handled=False)

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if address in self._refused:
            return f"550 5.1.1 <{address}>: no such user"
        envelope.rcpt_tos.append(address)
        return TAKEN

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        answer = next(self._answers)
        if answer == TAKEN:
            letter = Letter(sender=envelope.mail_from, recipients=envelope.rcpt_tos, raw=envelope.content)
            with self._came:
                self.mails.append(letter)
                self._came.notify_all()
        return answer


def free_port() -> int:
    """The controller cannot choose one by itself."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def silent_server() -> Iterator[int]:
    """One that takes connections, and says nothing. Yields its port."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        yield listener.getsockname()[1]
