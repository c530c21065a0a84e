"""The broker as the rest of the program knows it: declare, publish, count, consume, ack.

The broker hands over and the ledger remembers, so a message may be lost or doubled here at any time. Nothing is ever
requeued by us: what is not acked comes back from RabbitMQ when the link is lost, and vanishes from memory://.
"""
# mypy: allow-untyped-calls

from __future__ import annotations

import contextlib
import queue
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from time import monotonic, sleep
from typing import Any

from kombu.connection import Connection
from kombu.entity import Queue
from kombu.messaging import Consumer, Producer

from cartledger.broker import topology
from cartledger.broker.faults import LINK_ERRORS, BrokerUrlWrong, QueueMissing, in_our_words
from cartledger.broker.pika_transport import CONFIRM_TIMEOUT, Link
from cartledger.errors import BrokerDown, CartledgerError

POLL = 0.01  # seconds between looks into memory://, which cannot wake anybody
FIRST_RETRY = 0.5
LONGEST_RETRY = 30.0
HELD_BACK_FOR = 60.0  # seconds that a link which was given up for an alarm of RabbitMQ still tells of it
_PERSISTENT = 2

OnDelivery = Callable[[str, "Delivery"], None]


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One message in our hands. `tag` and `generation` are for `Broker.ack` alone: a tag means another message on the
    next link, so a delivery of an earlier generation is never acked.
    """

    body: bytes
    tag: tuple[str, int | str]
    generation: int


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One queue: messages that are ready in it, who consumes it (memory:// counts none), and how many messages were
    given up since they had been delivered too often."""

    messages: int
    consumers: int
    dead: int


@dataclass(frozen=True, kw_only=True)
class _Consuming:
    """What was asked of `consume`; outlives the link."""

    workflows: tuple[str, ...]
    prefetch: int
    on_delivery: OnDelivery


class Broker:
    """One link to the broker, for one thread; only `ack` may be called from others. Publishers and consumers need a
    Broker each: RabbitMQ under a memory alarm stops reading from a link that publishes, acks included.

    `url` is `pika://user:password@host:port/vhost` (`?heartbeat=` in seconds) or `memory://`; `namespace` keeps the
    queues of several installations apart. Building one does no I/O.

    Every call opens the link when there is none, with declarations and consumers as they were. When it breaks the
    call raises BrokerDown, and the next call opens another: a caller's loop is

        try:
            broker.drain(0.05)
        except BrokerDown:
            stop.wait(broker.retry_in)

    BrokerMisdeclared and BrokerUrlWrong need a person; from a broker that let us in before, the latter is a BrokerDown.
    No other errors come out of here.
    """

    def __init__(self, url: str, namespace: str, *, confirm_timeout: float = CONFIRM_TIMEOUT) -> None:
        self._namespace = namespace
        self._connection = _connection(url, confirm_timeout)
        self._polled = self._connection.transport_cls == "memory"
        self._channel: Any = None  # declares, counts and publishes; None while there is no link
        self._link_in_use: Link | None = None  # None on memory://, too
        self._inboxes: dict[str, Any] = {}  # a channel for each workflow, since prefetch is a channel's on memory://
        self._consumers: list[Any] = []
        self._declared: dict[str, None] = {}
        self._consuming: _Consuming | None = None
        self._generation = 0
        self._open_tags: set[tuple[str, int | str]] = set()
        self._arrived: deque[tuple[OnDelivery, str, Delivery]] = deque()
        self._to_ack: queue.SimpleQueue[Delivery] = queue.SimpleQueue()
        self._wake: Callable[[], None] = _nobody_to_wake
        self._failures = 0
        self._has_worked = False
        self._is_refused = False
        self._held_back_until = 0.0

    def __repr__(self) -> str:
        return f"<Broker {self.address} {self._namespace}>"

    def __enter__(self) -> Broker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def address(self) -> str:
        """The URL with its password masked."""
        return "memory://" if self._polled else str(self._connection.as_uri())

    @property
    def generation(self) -> int:
        """Counts the links opened so far."""
        return self._generation

    @property
    def retry_in(self) -> float:
        """Seconds to wait before the next call after a BrokerDown: doubling while it stays down."""
        return min(LONGEST_RETRY, FIRST_RETRY * 2.0 ** max(0, self._failures - 1))

    @property
    def is_up(self) -> bool:
        """Whether there was a link and the last call went well. Any thread may ask."""
        return self._generation > 0 and not self._failures

    @property
    def is_refused(self) -> bool:
        """Whether RabbitMQ does not let us in any more. Any thread may ask."""
        return self._is_refused

    @property
    def is_held_back(self) -> bool:
        """Whether RabbitMQ takes nothing from us for want of memory or disk. Any thread may ask. A link that was given
        up for it counts for a while: the next one is held back as soon as it publishes."""
        return self._link_is_held_back() or monotonic() < self._held_back_until

    def _link_is_held_back(self) -> bool:
        link = self._link_in_use
        return link is not None and link.held_back

    def declare(self, workflows: Sequence[str]) -> None:
        """Make the queues of these workflows; harmless when they are there. Comes before all other calls.

        Raises BrokerMisdeclared when one stands there with other arguments.
        """
        self._declared.update(dict.fromkeys(workflows))
        with self._link() as channel:
            topology.declare(channel, self._namespace, workflows)

    def delete(self, workflows: Sequence[str]) -> None:
        """Delete the queues of these workflows with what is in them: the end of an installation (or of a demo)."""
        with self._link() as channel:
            topology.delete(channel, self._namespace, workflows, in_memory=self._polled)
        for workflow in workflows:
            self._declared.pop(workflow, None)

    def publish(self, workflow: str, bodies: Sequence[bytes]) -> None:
        """Hand over messages in this order; returns when the broker has confirmed every one.

        Raises BrokerDown (QueueFull, QueueMissing) otherwise; with `in_doubt`, any number of them may have arrived.
        """
        name = self._queue(workflow)
        with self._link() as channel:
            producer = Producer(channel, auto_declare=False)
            with producer.batch(max_size=max(1, len(bodies))):
                for body in bodies:
                    producer.publish(
                        body,
                        routing_key=name,
                        delivery_mode=_PERSISTENT,
                        content_type="application/octet-stream",
                        content_encoding="binary",
                    )
        self._held_back_until = 0.0

    def depth(self, workflow: str) -> int:
        """Messages ready in the queue; those in a consumer's hands are not counted."""
        name = self._queue(workflow)
        with self._link() as channel:
            return int(channel.queue_declare(queue=name, passive=True).message_count)

    def standing(self, workflow: str) -> Standing:
        """How one queue stands."""
        name, dead = self._queue(workflow), topology.dead_queue_name(self._namespace, workflow)
        with self._link() as channel:
            alive = channel.queue_declare(queue=name, passive=True)
            given_up = channel.queue_declare(queue=dead, passive=True)
        return Standing(
            messages=int(alive.message_count),
            consumers=int(alive.consumer_count),
            dead=int(given_up.message_count),
        )

    def consume(self, workflows: Sequence[str], prefetch: int, on_delivery: OnDelivery) -> None:
        """Take messages from now on, at most `prefetch` unacked of each workflow, in place of any earlier `consume`.

        `on_delivery(workflow, delivery)` is called by `drain`, on its thread; it may call anything here but `drain`.
        """
        for workflow in workflows:
            self._queue(workflow)
        self.cancel()
        self._consuming = _Consuming(workflows=tuple(workflows), prefetch=prefetch, on_delivery=on_delivery)
        with self._link():
            self._start_consumers()

    def drain(self, timeout: float) -> None:
        """Send waiting acks and hand over what arrives. Waits at most `timeout` seconds, less when there is something
        to do. Has to be called often (every few seconds) while consuming: heartbeats go out here.
        """
        with self._link():
            self._settle()
            self._receive(timeout)
            self._settle()
        while self._arrived:
            on_delivery, workflow, delivery = self._arrived.popleft()
            on_delivery(workflow, delivery)

    def ack(self, delivery: Delivery) -> None:
        """Any thread: this message is done. It is settled by the next `drain`, which this call ends early.

        Done twice, or after its link was lost, it does nothing; such a message comes back (RabbitMQ) or is gone.
        """
        self._to_ack.put(delivery)
        self._wake()

    def cancel(self) -> None:
        """Take no more. Deliveries already handed over are kept, and can be acked as long as `drain` is called."""
        self._consuming = None
        consumers, self._consumers = self._consumers, []
        if consumers and self._channel is not None:
            with self._link():
                for consumer in consumers:
                    consumer.cancel()

    def close(self) -> None:
        """Send the acks that wait and say goodbye. What is still unacked comes back to others, or is gone."""
        self._consuming = None
        if self._channel is not None:
            with contextlib.suppress(*LINK_ERRORS):
                self._settle()
        self._failures = 0
        self._forget()
        self._connection.release()

    @contextlib.contextmanager
    def _link(self) -> Iterator[Any]:
        """The channel to work on, opened when there is none. What breaks in the body breaks the link, in our words."""
        try:
            self._drop_if_lost_while_idle()
            if self._channel is None:
                self._open()
        except LINK_ERRORS as error:
            raise self._broken(error, in_doubt=False) from error
        try:
            yield self._channel
        except LINK_ERRORS as error:
            raise self._broken(error, in_doubt=True) from error
        self._failures, self._has_worked, self._is_refused = 0, True, False

    def _broken(self, error: BaseException, *, in_doubt: bool) -> CartledgerError:
        self._failures += 1
        if self._link_is_held_back():
            self._held_back_until = monotonic() + HELD_BACK_FOR
        self._drop()
        found = in_our_words(error, self.address, in_doubt=in_doubt)
        self._is_refused = isinstance(found, BrokerUrlWrong)
        if self._is_refused and self._has_worked:
            # Users go with a node's disk, and passwords change: waited out and told of as an outage.
            return BrokerDown(found.text, fix=found.fix, in_doubt=in_doubt)
        return found

    def _drop_if_lost_while_idle(self) -> None:
        """A link that nobody drains is cut after two missed heartbeats; seen here, no publish is in doubt over it."""
        if self._channel is None or self._consumers:
            return
        try:
            for _ in range(2):  # pika meets a reset in one turn of its loop and tells in the next
                with contextlib.suppress(TimeoutError):
                    self._connection.drain_events(timeout=0)
        except LINK_ERRORS:
            self._drop()

    def _open(self) -> None:
        # kombu would wait and try again by itself; pace is the caller's.
        link = self._connection.ensure_connection(max_retries=0, reraise_as_library_errors=False).connection
        self._link_in_use = link if isinstance(link, Link) else None
        self._wake = self._link_in_use.wake if self._link_in_use else _nobody_to_wake
        self._generation += 1
        self._channel = self._connection.channel()
        topology.declare(self._channel, self._namespace, self._declared)
        self._start_consumers()

    def _drop(self) -> None:
        self._forget()
        self._connection.collect()

    def _forget(self) -> None:
        """Nothing of this link means anything on the next."""
        self._channel = None
        self._link_in_use = None
        self._inboxes.clear()
        self._consumers.clear()
        self._open_tags.clear()
        self._arrived.clear()
        self._wake = _nobody_to_wake

    def _start_consumers(self) -> None:
        if self._consuming is None or self._consumers:
            return
        for workflow in self._consuming.workflows:
            # Acks belong to the channel of the delivery, so a workflow keeps its channel for as long as the link lasts.
            inbox = self._inboxes.get(workflow) or self._inboxes.setdefault(workflow, self._connection.channel())
            consumer = Consumer(
                inbox,
                [Queue(self._queue(workflow))],
                auto_declare=False,
                on_message=partial(self._arrive, self._consuming.on_delivery, workflow),
                prefetch_count=self._consuming.prefetch,
                tag_prefix=f"{workflow}-",
            )
            consumer.consume()
            self._consumers.append(consumer)

    def _arrive(self, on_delivery: OnDelivery, workflow: str, message: Any) -> None:
        delivery = Delivery(body=bytes(message.body), tag=(workflow, message.delivery_tag), generation=self._generation)
        self._open_tags.add(delivery.tag)
        self._arrived.append((on_delivery, workflow, delivery))

    def _receive(self, timeout: float) -> None:
        if self._polled:
            limit = monotonic() + timeout
            while not self._take_all() and self._to_ack.empty() and (left := limit - monotonic()) > 0:
                sleep(min(POLL, left))
        else:
            with contextlib.suppress(TimeoutError):
                self._connection.drain_events(timeout=timeout)

    def _take_all(self) -> bool:
        """memory:// delivers one message a call."""
        with contextlib.suppress(TimeoutError):
            while True:
                self._connection.drain_events(timeout=0)
        return bool(self._arrived)

    def _settle(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                delivery = self._to_ack.get_nowait()
                if delivery.generation == self._generation and delivery.tag in self._open_tags:
                    self._open_tags.remove(delivery.tag)
                    workflow, tag = delivery.tag
                    self._inboxes[workflow].basic_ack(tag)

    def _queue(self, workflow: str) -> str:
        if workflow not in self._declared:
            # memory:// would invent the queue, and RabbitMQ return the message.
            raise QueueMissing(f"The queue of {workflow!r} was not declared.")
        return topology.queue_name(self._namespace, workflow)


def _connection(url: str, confirm_timeout: float) -> Any:
    try:
        connection = Connection(
            url, connect_timeout=5, transport_options={"confirm_timeout": confirm_timeout, "polling_interval": POLL}
        )
        known = connection.transport_cls in {"pika", "memory"}
    except Exception:  # noqa: BLE001 - urllib and kombu raise what they like, some of it quoting the password
        known = False
    if not known:
        raise BrokerUrlWrong(
            "The broker's URL cannot be read.",
            fix="Use pika://user:password@host:5672/vhost with special characters %-encoded, or memory://.",
        ) from None
    return connection


def _nobody_to_wake() -> None:
    """memory:// is polled."""
