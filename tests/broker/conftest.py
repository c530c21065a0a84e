"""Brokers of both kinds, a namespace of its own for each test, and a proxy that cuts, holds and refuses links."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pika
import pytest
from kombu.transport import memory

from cartledger.broker import topology
from cartledger.broker.queues import Broker, Delivery

PATIENCE = 20.0  # seconds after which a test gives up waiting; none waits this long when things work


@pytest.fixture
def rabbitmq_url() -> str:
    url = os.environ.get("CARTLEDGER_TEST_AMQP_URL")
    if url:
        return url
    reason = "no RabbitMQ: CARTLEDGER_TEST_AMQP_URL is not set (`make test` sets it)"
    if os.environ.get("CI", "").lower() not in {"", "0", "false"}:
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(params=["memory", "rabbitmq"])
def url(request: pytest.FixtureRequest) -> str:
    return "memory://" if request.param == "memory" else request.getfixturevalue("rabbitmq_url")


@pytest.fixture
def new_namespace() -> Iterator[Callable[[], str]]:
    """Names for queues that nobody else uses; the queues are deleted afterwards."""
    names: list[str] = []

    def make() -> str:
        names.append(f"test-{secrets.token_hex(6)}")
        return names[-1]

    yield make
    queues = [
        name(namespace, workflow)
        for namespace in names
        for workflow in topology.WORKFLOWS
        for name in (topology.queue_name, topology.dead_queue_name)
    ]
    for queue in queues:
        memory.Channel.queues.pop(queue, None)
    if url := os.environ.get("CARTLEDGER_TEST_AMQP_URL"):
        with raw_channel(url) as channel:
            for queue in queues:
                channel.queue_delete(queue)


@pytest.fixture
def namespace(new_namespace: Callable[[], str]) -> str:
    return new_namespace()


@pytest.fixture
def open_broker(namespace: str) -> Iterator[Callable[..., Broker]]:
    with contextlib.ExitStack() as stack:

        def make(url: str, namespace: str = namespace, **options: float) -> Broker:
            broker = stack.enter_context(Broker(url, namespace, **options))
            broker.declare(["sales", "lists"])
            return broker

        yield make


@pytest.fixture
def broker(open_broker: Callable[..., Broker], url: str) -> Broker:
    return open_broker(url)


@pytest.fixture
def rabbit(open_broker: Callable[..., Broker], rabbitmq_url: str) -> Broker:
    return open_broker(rabbitmq_url)


@contextlib.contextmanager
def raw_channel(url: str) -> Iterator[pika.adapters.blocking_connection.BlockingChannel]:
    """RabbitMQ without any code of ours, to arrange things behind its back and to look at the outcome."""
    parameters = pika.URLParameters("amqp" + url.removeprefix("pika"))
    with pika.BlockingConnection(parameters) as connection:
        yield connection.channel()


@pytest.fixture
def behind(rabbitmq_url: str) -> Iterator[pika.adapters.blocking_connection.BlockingChannel]:
    with raw_channel(rabbitmq_url) as channel:
        yield channel


class Inbox:
    """Collects what a broker delivers."""

    def __init__(self, broker: Broker, *, prefetch: int = 100, workflows: tuple[str, ...] = ("sales",)) -> None:
        self.broker = broker
        self.deliveries: list[Delivery] = []
        self.workflows: list[str] = []
        broker.consume(workflows, prefetch, self._take)

    def _take(self, workflow: str, delivery: Delivery) -> None:
        self.workflows.append(workflow)
        self.deliveries.append(delivery)

    @property
    def bodies(self) -> list[bytes]:
        return [delivery.body for delivery in self.deliveries]

    def wait(self, count: int) -> list[Delivery]:
        drain_until(self.broker, lambda: len(self.deliveries) >= count)
        return self.deliveries

    def nothing_more(self) -> bool:
        """Whether a look around brings nothing. What RabbitMQ had to say was said before it answers a count."""
        before = len(self.deliveries)
        for _ in range(2):
            self.broker.drain(0.05)
            self.broker.depth("sales")
        self.broker.drain(0)
        return len(self.deliveries) == before


def drain_until(broker: Broker, condition: Callable[[], bool]) -> None:
    limit = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < limit, "it did not happen"
        broker.drain(0.05)


@pytest.fixture
def inbox() -> type[Inbox]:
    return Inbox


@pytest.fixture
def until() -> Callable[[Broker, Callable[[], bool]], None]:
    return drain_until


class Proxy:
    """A TCP proxy on loopback in front of RabbitMQ, with the ways in which a network fails."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._target = (parts.hostname, parts.port or 5672)
        self._listener = listener_that_keeps_its_port()
        self._acceptor = threading.Thread()
        self._sockets: list[socket.socket] = []
        self._pumps: list[threading.Thread] = []
        self._flowing = threading.Event()
        port = self._listener.getsockname()[1]
        self.url = parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{port}").geturl()
        self.release()
        self.up()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                ours, _ = self._listener.accept()
                theirs = socket.create_connection(self._target)
                self._sockets += [ours, theirs]
                for way in ((ours, theirs), (theirs, ours)):
                    self._pumps.append(threading.Thread(target=self._pump, args=way, daemon=True))
                    self._pumps[-1].start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._flowing.wait()
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def cut(self) -> None:
        """Reset every link; when this returns, both sides can see it."""
        for each in self._sockets:
            each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for pump in self._pumps:
            pump.join(PATIENCE)
        for each in self._sockets:
            each.close()
        self._sockets.clear()
        self._pumps.clear()

    def down(self) -> None:
        """Reset every link and refuse new ones."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._acceptor.join(PATIENCE)
        self.cut()

    def up(self) -> None:
        self._listener.listen()
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def hold(self) -> None:
        """Let nothing through, and say nothing: what a dead switch does."""
        self._flowing.clear()

    def release(self) -> None:
        self._flowing.set()

    def say(self, frame: bytes) -> None:
        """Words of RabbitMQ, to whoever has a link; it must be silent itself just then."""
        for ours in self._sockets[::2]:
            ours.sendall(frame)

    def close(self) -> None:
        self.release()
        self.down()
        self._listener.close()


def listener_that_keeps_its_port() -> socket.socket:
    """A port that was asked for by number stays ours while nobody listens on it, so that it refuses until we do."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    return listener


@pytest.fixture
def proxy(rabbitmq_url: str) -> Iterator[Proxy]:
    proxy = Proxy(rabbitmq_url)
    yield proxy
    proxy.close()
