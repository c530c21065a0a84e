"""The one door to the network, and the only module that imports httpx.

A call goes out once: nothing is repeated and no redirect is followed. Every call has a total deadline, which httpx
lacks: its timeouts begin anew with every byte, so a server that drips would be listened to for ever. Here the time
left is worked out before each touch of the socket. The same place knows whether a byte of the request has left,
and that is what `in_doubt` of a failed call says.

Proxies of the environment are not used.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpcore
import httpx

from cartledger.errors import Unreachable, WrongUse
from cartledger.money import read_json

USER_AGENT = f"cartledger/{version('cartledger')}"
_PIECE = 16 * 1024


class BrokenAnswer(Unreachable):
    """The answer began and did not end: cut off, too slow, too large or garbled. A smaller one may pass."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back. Names of `headers` are lower-case; `body` is unpacked; `seconds` is how long the call took."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    seconds: float

    @property
    def date(self) -> datetime | None:
        """The server's clock in whole seconds, UTC; None where it does not tell."""
        try:
            told = parsedate_to_datetime(self.headers["date"])
        except (KeyError, ValueError, TypeError):
            return None
        return told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)

    def json(self) -> Any:
        """The body as JSON with Decimals. Raises ValueError when it is none."""
        try:
            return read_json(self.body)
        except RecursionError as error:
            raise ValueError("nested too deep") from error


Heard = Callable[[int | None, float], None]
"""Hears of each call that is over: the status of its answer, None where it had none, and how many seconds it took."""


class Http:
    """Connections to any number of hosts, kept open between calls and shared by threads.

    `connect_timeout` is in seconds, `max_body` in bytes of the unpacked answer.
    """

    def __init__(self, *, connect_timeout: float = 10.0, max_body: int = 64 * 2**20) -> None:
        self._connect_timeout = connect_timeout
        self._max_body = max_body
        self._client = httpx.Client(
            transport=_Transport(), headers={"User-Agent": USER_AGENT}, follow_redirects=False, trust_env=False
        )
        self._heard: Heard = _nobody

    def heard_by(self, heard: Heard) -> Self:
        """The same connections, with somebody who hears of the calls that are made through what this returns."""
        other = copy(self)
        other._heard = heard  # noqa: SLF001 - it is one of ours
        return other

    def call(
        self,
        method: str,
        url: str,
        *,
        deadline: float,
        send_within: float | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """One call, over within `deadline` seconds, its request sent within `send_within` seconds or not at all.

        Any status is an answer, redirects included. Raises Unreachable, with `in_doubt` True once a byte of the
        request has left; BrokenAnswer when the answer had begun; WrongUse for an address or a header that cannot be
        sent, without quoting it.
        """
        started = time.monotonic()
        progress = _Progress(
            send_by=started + (deadline if send_within is None else min(send_within, deadline)),
            end_by=started + deadline,
        )
        token = _progress.set(progress)
        try:
            answer = self._exchange(method, url, progress, started, headers=headers, params=params, content=body)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError, UnicodeError):
            # Their texts quote what could not be sent, which may be a token.
            raise WrongUse(
                f"The address or a header of a call to {_host(url)} holds characters HTTP forbids."
            ) from None
        except httpx.HTTPError as error:
            self._heard(None, time.monotonic() - started)
            raise _translated(error, _host(url), progress, deadline) from error
        except BrokenAnswer:
            self._heard(None, time.monotonic() - started)
            raise
        finally:
            _progress.reset(token)
        self._heard(answer.status, answer.seconds)
        return answer

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> Http:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _exchange(self, method: str, url: str, progress: _Progress, started: float, **request: Any) -> Answer:
        patience = max(0.0, min(self._connect_timeout, progress.send_by - started))
        timeout = httpx.Timeout(progress.end_by - started, connect=patience, pool=patience)
        with self._client.stream(method, url, timeout=timeout, **request) as response:
            progress.answering = True
            body = self._body(response, _host(url))
        return Answer(
            status=response.status_code,
            headers=dict(response.headers),
            body=body,
            seconds=time.monotonic() - started,
        )

    def _body(self, response: httpx.Response, host: str) -> bytes:
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > self._max_body:
                raise BrokenAnswer(f"{host} answered with more than {self._max_body} bytes.", in_doubt=True)
        return bytes(body)


@dataclass(kw_only=True)
class _Progress:
    """How far the present call is, and how far it may go; instants of the monotonic clock."""

    send_by: float
    end_by: float
    sent: bool = False
    answering: bool = False


_progress: ContextVar[_Progress] = ContextVar("_progress")


class _Transport(httpx.HTTPTransport):
    """httpx's own transport, over sockets that know the deadline."""

    def __init__(self) -> None:
        context = httpx.create_ssl_context()
        super().__init__(verify=context)
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=64,
            max_keepalive_connections=16,
            keepalive_expiry=5.0,  # a server that closes an idle connection as we write leaves the call in doubt
            network_backend=_Backend(),
        )


class _Backend(httpcore.SyncBackend):
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        return _Stream(super().connect_tcp(host, port, timeout, local_address, socket_options))


class _Stream(httpcore.NetworkStream):
    """A connection whose every read and write gets the time that the present call has left."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - ours is the stricter one
        left = _progress.get().end_by - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout
        return self._stream.read(max_bytes, left)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - ours is the stricter one
        progress = _progress.get()
        for start in range(0, len(buffer), _PIECE):
            left = progress.send_by - time.monotonic()
            if left <= 0:
                raise httpcore.WriteTimeout
            progress.sent = True
            self._stream.write(buffer[start : start + _PIECE], left)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _translated(error: httpx.HTTPError, host: str, progress: _Progress, deadline: float) -> Unreachable:
    if progress.answering:
        return BrokenAnswer(f"{host} broke off its answer ({type(error).__name__}).", in_doubt=True)
    if not progress.sent:
        return Unreachable(f"No connection to {host}: {error or type(error).__name__}.", fix="Check the network.")
    if isinstance(error, httpx.TimeoutException):
        return Unreachable(f"{host} did not answer within {deadline:.0f} s.", in_doubt=True)
    return Unreachable(f"{host} closed the connection without an answer.", in_doubt=True)


def _nobody(status: int | None, seconds: float) -> None:
    """Nobody counts these calls."""


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or "an address without a host"
    except ValueError:
        return "an address that is none"
