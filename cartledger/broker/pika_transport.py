"""kombu's RabbitMQ transport on pika: what this program uses of kombu's contract, no more.

Why not kombu's own (py-amqp): after one confirm timeout it credits the late ack to the next message and reports a
refused publish as done, and without explicit heartbeat calls a slow handler loses its link for ever. Here confirms
are matched by delivery tag, pipelined through `Producer.batch()`, always mandatory and always awaited; heartbeats go
out whenever the I/O thread drains.

pika gives tags and a wait on our own condition only under private names: `BlockingChannel._impl`,
`BlockingChannel._flush_output`, `BlockingConnection._impl`. A test asserts that they exist.
"""
# mypy: allow-untyped-calls
# kombu is typed in part and pika not at all: what is theirs is Any here, and nothing of it leaves cartledger/broker.

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

import pika
from kombu.message import Message
from kombu.transport import base
from pika import exceptions, spec

HEARTBEAT = 30  # seconds; pika notices a silent link after 35 to 70. `?heartbeat=` in the URL overrides it
CONFIRM_TIMEOUT = 30.0  # seconds that a publish may wait for its confirms
BLOCKED_TIMEOUT = (
    60  # seconds that RabbitMQ may hold publishers back (memory or disk alarm) before the link is given up
)
CLOSE_LIMIT = 2.0  # seconds that an orderly goodbye may take

# pika logs every failed connect as an error with a traceback; what went wrong reaches the caller as an exception.
logging.getLogger("pika").setLevel(logging.CRITICAL)


class ConfirmTimeout(exceptions.AMQPConnectionError):  # type: ignore[misc] # pika is untyped
    """No confirm in time: whether the messages arrived is unknown. The link is dead from here on."""


class Link:
    """What kombu calls the connection: pika's, its channels, and the kombu Connection (`client`) they serve."""

    def __init__(self, client: Any, raw: Any) -> None:
        self.client = client
        self._raw = raw
        self._channels: list[Channel] = []
        self.deliveries = 0  # handed to callbacks so far
        self.held_back = False  # by an alarm of RabbitMQ, which tells only those who publish
        # The public callbacks run while draining; here the news comes while a publish waits for its confirms.
        raw._impl.add_on_connection_blocked_callback(self._blocked)  # noqa: SLF001
        raw._impl.add_on_connection_unblocked_callback(self._unblocked)  # noqa: SLF001

    @property
    def is_open(self) -> bool:
        return bool(self._raw.is_open)

    def _blocked(self, *_: object) -> None:
        self.held_back = True

    def _unblocked(self, *_: object) -> None:
        self.held_back = False

    def channel(self) -> Channel:
        channel = Channel(self, self._raw.channel())
        self._channels.append(channel)
        return channel

    def forget(self, channel: Channel) -> None:
        self._channels.remove(channel)

    def drain(self, timeout: float | None) -> None:
        """Do what has come in, waiting at most `timeout` seconds. Raises TimeoutError when nothing was delivered.

        One call may deliver a whole prefetch window. Not to be called from a callback.
        """
        before = self.deliveries
        self._raise_for_dead_channels()
        self._raw.process_data_events(time_limit=timeout)
        self._raise_for_dead_channels()  # pika does not: it raises for connections only
        if self.deliveries == before:
            raise TimeoutError

    def _raise_for_dead_channels(self) -> None:
        for channel in self._channels:
            if channel.dead is not None:
                raise channel.dead

    def wake(self) -> None:
        """End the drain that another thread is in. Any thread may call this, on a dead link too."""
        with contextlib.suppress(exceptions.ConnectionWrongStateError):
            self._raw.add_callback_threadsafe(lambda: None)

    @contextlib.contextmanager
    def time_limit(self, seconds: float) -> Iterator[Callable[[], bool]]:
        """Yields whether the time is over; the timer is what wakes pika's poll to look."""
        limit = monotonic() + seconds
        timer = self._raw.call_later(seconds, lambda: None)
        try:
            yield lambda: monotonic() >= limit
        finally:
            if self.is_open:
                self._raw.remove_timeout(timer)

    def close(self) -> None:
        """Say goodbye, which flushes what is written, but do not wait long for an answer."""
        self._channels.clear()
        if self.is_open:
            with contextlib.suppress(exceptions.AMQPError):
                self._raw._impl.close()  # noqa: SLF001 - pika's own close waits for the answer without a limit
                self._process_until_closed()
        self.abort()

    def abort(self) -> None:
        """Cut the link without a word; safe on one that is dead or stuck."""
        self._channels.clear()
        if self._raw.is_closed:
            return
        with contextlib.suppress(exceptions.AMQPError):
            # pika has no public way to drop a connection that does not answer; its heartbeat checker uses this one.
            self._raw._impl._terminate_stream(exceptions.StreamLostError("dropped by us"))  # noqa: SLF001
            self._process_until_closed()

    def _process_until_closed(self) -> None:
        """One call does not do: it returns at once when a channel has something to say."""
        limit = monotonic() + CLOSE_LIMIT
        while not self._raw.is_closed and (left := limit - monotonic()) > 0:
            self._raw.process_data_events(time_limit=left)


class Confirms:
    """The book of messages sent on one channel and not yet answered for, by delivery tag."""

    def __init__(self) -> None:
        self._last_tag = 0
        self._pending: dict[int, None] = {}  # ordered: tags only grow
        self._nacked = 0
        self._returned: list[Any] = []

    def sent(self) -> None:
        self._last_tag += 1
        self._pending[self._last_tag] = None

    def answered(self, frame: Any) -> None:
        """RabbitMQ's ack or nack: of one tag, or of all up to it."""
        tags = self._up_to(frame.method.delivery_tag) if frame.method.multiple else [frame.method.delivery_tag]
        for tag in tags:
            self._pending.pop(tag, None)
        if isinstance(frame.method, spec.Basic.Nack):
            self._nacked += len(tags)

    def _up_to(self, last: int) -> list[int]:
        tags = []
        for tag in self._pending:
            if tag > last:
                break
            tags.append(tag)
        return tags

    def returned(self, _channel: Any, method: Any, properties: Any, body: bytes) -> None:
        """An unroutable message comes back before its own ack, so all returns are here when all tags are."""
        self._returned.append(pika.adapters.blocking_connection.ReturnedMessage(method, properties, body))

    def complete(self) -> bool:
        return not self._pending

    def settle(self) -> None:
        """Raise for what was refused or came back since the last call."""
        nacked, self._nacked = self._nacked, 0
        returned, self._returned = self._returned, []
        if returned:
            raise exceptions.UnroutableError(returned)
        if nacked:
            raise exceptions.NackError([None] * nacked)


class PublishBatch:
    """kombu's batch session: messages are kept until `flush`, written in one go, and confirmed together."""

    def __init__(self, channel: Channel, max_size: int) -> None:
        self.channel = channel
        self._max_size = max_size
        self._kept: list[tuple[Any, dict[str, Any]]] = []

    def publish(self, message: Any, **where: Any) -> None:
        self._kept.append((message, where))
        if len(self._kept) >= self._max_size:
            self.flush()

    def flush(self) -> None:
        kept, self._kept = self._kept, []
        for message, where in kept:
            self.channel.send(message, **where)
        if kept:
            self.channel.await_confirms()

    def discard(self) -> None:
        self._kept.clear()

    def close(self) -> None:
        pass


class Channel(base.StdChannel):
    """A pika channel in confirm mode, under the names that kombu calls."""

    def __init__(self, link: Link, raw: Any) -> None:
        self.connection = link
        self.dead: Exception | None = None
        self._raw = raw
        self._confirms = Confirms()
        self._confirm_timeout = float(link.client.transport_options.get("confirm_timeout", CONFIRM_TIMEOUT))
        raw.add_on_cancel_callback(self._consumer_cancelled)
        self._select_confirms(raw._impl)  # noqa: SLF001 - the public confirm mode knows no tags and no timeout

    @property
    def channel_id(self) -> int:
        return int(self._raw.channel_number)

    def _select_confirms(self, raw: Any) -> None:
        selected: list[Any] = []
        raw.add_on_close_callback(self._closed)
        raw.add_on_return_callback(self._confirms.returned)
        raw.confirm_delivery(self._confirms.answered, callback=selected.append)
        self._wait(lambda: bool(selected))

    def _wait(self, *conditions: Callable[[], bool]) -> None:
        """Do I/O until one of the conditions holds; deliveries are kept for the next drain meanwhile."""
        self._raw._flush_output(*conditions)  # noqa: SLF001 - the only wait on a condition of ours

    def _closed(self, _channel: Any, reason: Exception) -> None:
        if isinstance(reason, exceptions.ChannelClosedByBroker):
            self.dead = reason

    def _consumer_cancelled(self, frame: Any) -> None:
        self.dead = exceptions.ConsumerCancelled(frame.method.consumer_tag)

    def close(self) -> None:
        self.connection.forget(self)
        if self._raw.is_open:
            self._raw.close()

    def prepare_message(
        self,
        body: bytes,
        priority: int | None = None,
        content_type: str | None = None,
        content_encoding: str | None = None,
        headers: dict[str, Any] | None = None,
        properties: dict[str, Any] | None = None,
    ) -> tuple[bytes, Any]:
        wire = spec.BasicProperties(
            content_type=content_type,
            content_encoding=content_encoding,
            headers=headers or None,
            priority=priority or None,
            **(properties or {}),
        )
        return body, wire

    def basic_publish(self, message: tuple[bytes, Any], **where: Any) -> None:
        """Publish one message and wait for its confirm."""
        self.send(message, **where)
        self.await_confirms()

    def create_publish_batch(self, max_size: int) -> PublishBatch:
        return PublishBatch(self, max_size)

    def send(self, message: tuple[bytes, Any], exchange: str, routing_key: str, **_unsupported: Any) -> None:
        body, properties = message
        # Always mandatory: RabbitMQ confirms an unroutable message and drops it otherwise.
        self._raw._impl.basic_publish(exchange, routing_key, body, properties, mandatory=True)  # noqa: SLF001
        self._confirms.sent()

    def await_confirms(self) -> None:
        """Wait until everything sent is answered for. Raises NackError, UnroutableError or ConfirmTimeout."""
        with self.connection.time_limit(self._confirm_timeout) as over:
            self._wait(self._confirms.complete, over)
        if not self._confirms.complete():
            # The late answers would meet the next messages' waits: nothing more can be said on this link.
            self.connection.abort()
            raise ConfirmTimeout(f"no confirm within {self._confirm_timeout:g} s")
        self._confirms.settle()

    def queue_declare(
        self,
        queue: str,
        passive: bool = False,
        durable: bool = False,
        arguments: dict[str, Any] | None = None,
        **_unsupported: Any,
    ) -> Any:
        """(queue, message_count, consumer_count); the count is of messages ready to be delivered."""
        return self._raw.queue_declare(queue, passive=passive, durable=durable, arguments=arguments).method

    def queue_delete(self, queue: str, **_unsupported: Any) -> None:
        self._raw.queue_delete(queue)

    def basic_qos(self, prefetch_size: int, prefetch_count: int, apply_global: bool) -> None:
        # A global limit on a quorum queue closes the whole connection (540).
        if apply_global:
            raise NotImplementedError("quorum queues know no global prefetch")
        self._raw.basic_qos(prefetch_size, prefetch_count)

    def basic_consume(
        self, queue: str, callback: Callable[[Message], None], consumer_tag: str, **_unsupported: Any
    ) -> str:
        def deliver(_channel: Any, method: Any, properties: Any, body: bytes) -> None:
            self.connection.deliveries += 1
            callback(self._message(method, properties, body))

        return str(self._raw.basic_consume(queue, deliver, consumer_tag=consumer_tag))

    def _message(self, method: Any, properties: Any, body: bytes) -> Message:
        return Message(
            body=body,
            channel=self,
            delivery_tag=method.delivery_tag,
            content_type=properties.content_type,
            content_encoding=properties.content_encoding,
            headers=properties.headers,
            delivery_info={
                "consumer_tag": method.consumer_tag,
                "exchange": method.exchange,
                "routing_key": method.routing_key,
                "redelivered": method.redelivered,
            },
        )

    def basic_cancel(self, consumer_tag: str) -> None:
        """Take no more. pika gives back what had arrived and was not yet delivered to the callback."""
        self._raw.basic_cancel(consumer_tag)

    def basic_ack(self, delivery_tag: int, multiple: bool = False) -> None:
        self._raw.basic_ack(delivery_tag, multiple)


class Transport(base.Transport):
    """`pika://user:password@host:port/vhost?heartbeat=30`; transport option `confirm_timeout` in seconds."""

    default_port = 5672  # type: ignore[assignment] # kombu's base says None, here and below
    driver_type = "amqp"
    driver_name = "pika"
    implements = base.Transport.implements.extend(batch_publish=True)

    connection_errors = (exceptions.AMQPConnectionError, OSError)  # type: ignore[assignment]
    channel_errors = (exceptions.AMQPChannelError,)
    recoverable_connection_errors = connection_errors
    recoverable_channel_errors = channel_errors

    def driver_version(self) -> str:
        return str(pika.__version__)

    @property
    def default_connection_params(self) -> dict[str, Any]:
        return {"hostname": "localhost", "port": self.default_port, "userid": "guest", "password": "guest"}

    def establish_connection(self) -> Link:
        client: Any = self.client
        known = {name: getattr(client, name) or value for name, value in self.default_connection_params.items()}
        parameters = pika.ConnectionParameters(
            host=known["hostname"],
            port=known["port"],
            virtual_host=client.virtual_host,
            credentials=pika.PlainCredentials(known["userid"], known["password"]),
            heartbeat=int(client.heartbeat or HEARTBEAT),
            blocked_connection_timeout=BLOCKED_TIMEOUT,
            socket_timeout=client.connect_timeout,
            stack_timeout=2 * client.connect_timeout,
        )
        return Link(client, pika.BlockingConnection(parameters))

    def create_channel(self, connection: Link) -> Channel:
        return connection.channel()

    def drain_events(self, connection: Link, **wait: float | None) -> None:
        connection.drain(wait.get("timeout"))

    def verify_connection(self, connection: Link) -> bool:
        return connection.is_open

    def close_connection(self, connection: Link) -> None:
        connection.close()

    def _collect(self, connection: Link | None) -> None:
        """kombu's name for letting go of a connection that is lost."""
        if connection is not None:
            connection.abort()
