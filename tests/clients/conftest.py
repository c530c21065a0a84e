"""A server of raw sockets that answers as it is told, and the few things that clients are given by the ledger."""

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from cartledger.clients.bigcommerce import BigCommerce
from cartledger.clients.http import Http
from cartledger.clients.oauth import Intuit, Tokens
from cartledger.clients.quickbooks import QuickBooks
from cartledger.records import Token


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    params: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One answer. `end` says how it goes out: `whole`, `reset` (no byte), `cut`, `hang`, `drip` or `drip head`."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    end: str = "whole"


def as_json(value: Any, status: int = 200, **headers: str) -> Reply:
    headers = {"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
    return Reply(status=status, body=json.dumps(value).encode(), headers=headers)


class Wire:
    """`wire.replies` are given in turn, the last one for ever; `wire.on` overrules them with a function."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.replies: list[Reply] = []
        self.on: Callable[[Asked], Reply] | None = None
        self.connections = 0
        self.over = threading.Event()
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """From now on connections are refused."""
        if self.over.is_set():
            return
        self.over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for connection in self._sockets:
                connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self.connections += 1
                self._sockets.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection, connection.makefile("rb") as stream:
                while (asked := _request(stream)) is not None:
                    if not self._send(connection, self._reply(asked)):
                        return
        except (OSError, ValueError):
            return

    def _reply(self, asked: Asked) -> Reply:
        with self._lock:
            self.asked.append(asked)
            if self.on is None:
                return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        return self.on(asked)

    def _send(self, connection: socket.socket, reply: Reply) -> bool:
        """Whether the connection goes on."""
        if reply.end == "hang":
            self.over.wait()
            return False
        if reply.end == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        length = 10**9 if reply.end == "drip" else len(reply.body)
        head = f"HTTP/1.1 {reply.status} Told\r\nContent-Length: {length}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in reply.headers.items())
        if reply.end == "drip head":
            connection.sendall(head.encode())
            self._drip(connection, b"X-More: ")
        connection.sendall(head.encode() + b"\r\n")
        if reply.end == "drip":
            connection.sendall(reply.body)
            self._drip(connection, b" ")
        half = reply.body[: len(reply.body) // 2] if reply.end == "cut" else reply.body
        connection.sendall(half)
        return reply.end == "whole"

    def _drip(self, connection: socket.socket, drop: bytes) -> None:
        """Without end, each drop well within any read timeout of the tests."""
        while not self.over.wait(0.01):
            connection.sendall(drop)


def _request(stream: Any) -> Asked | None:
    first = stream.readline().decode()
    if not first:
        return None
    method, target, _ = first.split()
    headers = {}
    while line := stream.readline().decode().strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = stream.read(int(headers.get("content-length", 0)))
    url = urlsplit(target)
    return Asked(method=method, path=url.path, params=dict(parse_qsl(url.query)), headers=headers, body=body)


class Clock:
    """Aware time that moves only by `sleep`, which notes how long was slept."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
        self.slept: list[float] = []

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)


class Store:
    """A token store of one process."""

    def __init__(self, token: Token | None) -> None:
        self.token = token
        self.saved: list[Token] = []
        self._lock = threading.Lock()

    def load(self) -> Token | None:
        return self.token

    def save(self, token: Token) -> None:
        self.saved.append(token)
        self.token = token

    @contextmanager
    def lock(self) -> Iterator[None]:
        with self._lock:
            yield


class Quota:
    """Grants every call after as many waits as `waits` holds for its bucket; `taken` are the granted buckets."""

    def __init__(self) -> None:
        self.waits: dict[str, list[float]] = {}
        self.taken: list[str] = []
        self.rates: dict[str, tuple[float, int]] = {}

    def take(self, bucket: str, *, per_second: float, burst: int) -> float:
        waits = self.waits.get(bucket)
        if waits:
            return waits.pop(0)
        self.taken.append(bucket)
        self.rates[bucket] = (per_second, burst)
        return 0.0


def token(number: int, clock: Clock, *, lasts: int = 3600) -> Token:
    return Token(
        access=f"access-{number}",
        refresh=f"refresh-{number}",
        access_expires=clock.now + timedelta(seconds=lasts),
        refresh_expires=None,
    )


@pytest.fixture
def wire() -> Iterator[Wire]:
    wire = Wire()
    yield wire
    wire.close()


@pytest.fixture
def http() -> Iterator[Http]:
    with Http(connect_timeout=5.0) as http:
        yield http


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> Store:
    return Store(token(1, clock))


@pytest.fixture
def quota() -> Quota:
    return Quota()


@pytest.fixture
def tokens(wire: Wire, http: Http, store: Store, clock: Clock) -> Tokens:
    return Tokens(
        intuit=Intuit(
            http=http,
            token_url=f"{wire.url}/oauth2/v1/tokens/bearer",
            client_id="client-7",
            client_secret="client-secret",
            clock=clock,
        ),
        store=store,
        clock=clock,
    )


@pytest.fixture
def quickbooks(wire: Wire, http: Http, tokens: Tokens, quota: Quota, clock: Clock) -> QuickBooks:
    return QuickBooks(
        http=http,
        base_url=wire.url,
        realm_id="9130",
        tokens=tokens,
        quota=quota,
        in_flight=timedelta(seconds=130),
        clock=clock,
        sleep=clock.sleep,
    )


@pytest.fixture
def shop(wire: Wire, http: Http, clock: Clock) -> BigCommerce:
    return BigCommerce(
        http=http,
        base_url=f"{wire.url}/",
        store_hash="abc123",
        access_token=lambda: "shop-token",
        clock=clock,
        sleep=clock.sleep,
    )
