"""What our code relies on, asked of memory:// and of a real RabbitMQ alike."""

from __future__ import annotations

import queue
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from cartledger.broker import topology
from cartledger.broker.faults import QueueMissing
from cartledger.broker.queues import Broker
from cartledger.errors import BrokerDown


def numbered(count: int) -> list[bytes]:
    return [b"message %d" % number for number in range(count)]


def test_messages_arrive_in_the_order_in_which_they_were_handed_over(broker, inbox):
    broker.publish("sales", [b"one", b"two"])
    broker.publish("sales", [b"three"])
    arrived = inbox(broker)
    arrived.wait(3)
    assert arrived.bodies == [b"one", b"two", b"three"]


@pytest.mark.parametrize("body", [b"", b"\x00\xff\xfe", "Größe £ 10.00".encode(), b"x" * 200_000])
def test_bytes_arrive_as_they_were(broker, inbox, body):
    broker.publish("sales", [body])
    arrived = inbox(broker)
    arrived.wait(1)
    assert arrived.bodies == [body]


def test_publish_returns_when_all_of_a_large_portion_are_there(broker):
    broker.publish("sales", numbered(1000))
    assert broker.depth("sales") == 1000


def test_publishing_nothing_is_nothing(broker):
    broker.publish("sales", [])
    assert broker.depth("sales") == 0


def test_depth_counts_what_is_ready_and_not_what_is_in_hands(broker, inbox, until):
    broker.publish("sales", numbered(5))
    arrived = inbox(broker, prefetch=2)
    arrived.wait(2)
    until(broker, lambda: broker.depth("sales") == 3)
    for delivery in list(arrived.deliveries):
        broker.ack(delivery)
    arrived.wait(4)
    until(broker, lambda: broker.depth("sales") == 1)


def test_a_queue_is_looked_at(broker):
    broker.publish("sales", numbered(5))
    assert (broker.standing("sales").messages, broker.standing("sales").dead) == (5, 0)


def test_prefetch_limits_what_is_unacked(broker, inbox):
    broker.publish("sales", numbered(10))
    arrived = inbox(broker, prefetch=3)
    arrived.wait(3)
    assert arrived.nothing_more()
    broker.ack(arrived.deliveries[1])
    arrived.wait(4)
    assert arrived.nothing_more()
    assert arrived.bodies == numbered(4)


def test_prefetch_counts_each_workflow_by_itself(broker, inbox):
    broker.publish("sales", numbered(5))
    broker.publish("lists", numbered(5))
    arrived = inbox(broker, prefetch=2, workflows=("sales", "lists"))
    arrived.wait(4)
    assert arrived.nothing_more()
    assert sorted(arrived.workflows) == ["lists", "lists", "sales", "sales"]


def test_acking_one_leaves_the_others(broker, inbox):
    broker.publish("sales", numbered(3))
    arrived = inbox(broker, prefetch=3)
    arrived.wait(3)
    broker.ack(arrived.deliveries[0])
    broker.ack(arrived.deliveries[0])
    broker.publish("sales", [b"a", b"b"])
    arrived.wait(4)
    assert arrived.nothing_more()
    assert arrived.bodies == [*numbered(3), b"a"]


def test_declaring_again_changes_nothing(broker, open_broker, url):
    broker.publish("sales", numbered(2))
    broker.declare(["sales"])
    again = open_broker(url)
    assert again.depth("sales") == 2


def test_deleted_queues_are_gone_with_what_is_in_them(broker):
    broker.publish("sales", numbered(3))
    broker.delete(["sales", "lists"])
    with pytest.raises(QueueMissing):
        broker.depth("sales")
    broker.declare(["sales"])
    assert broker.depth("sales") == 0


@pytest.mark.option("broker.namespace")
def test_namespaces_do_not_see_each_other(broker, open_broker, new_namespace, url, inbox):
    other = open_broker(url, new_namespace())
    broker.publish("sales", [b"mine"])
    assert other.depth("sales") == 0
    other.publish("sales", [b"theirs"])
    arrived = inbox(other)
    arrived.wait(1)
    assert arrived.nothing_more()
    assert arrived.bodies == [b"theirs"]


def test_workflows_do_not_mix(broker, inbox):
    broker.publish("sales", [b"an order"])
    broker.publish("lists", [b"a customer"])
    arrived = inbox(broker, workflows=("lists", "sales"))
    arrived.wait(2)
    assert set(zip(arrived.workflows, arrived.bodies, strict=True)) == {
        ("sales", b"an order"),
        ("lists", b"a customer"),
    }


def test_another_broker_takes_what_one_handed_over(broker, open_broker, url, inbox):
    arrived = inbox(open_broker(url))
    broker.publish("sales", numbered(3))
    arrived.wait(3)
    assert arrived.bodies == numbered(3)


def test_acks_come_from_any_thread(broker, inbox, until):
    broker.publish("sales", numbered(300))
    arrived = inbox(broker, prefetch=10)
    with ThreadPoolExecutor(8) as pool:
        acked = 0
        while acked < 300:
            arrived.wait(acked + 1)
            fresh, acked = arrived.deliveries[acked:], len(arrived.deliveries)
            list(pool.map(broker.ack, fresh))
    until(broker, lambda: broker.depth("sales") == 0)
    assert arrived.bodies == numbered(300)


def test_an_ack_ends_a_drain_that_waits(broker):
    """The next message cannot come before the ack is sent. Of 200 acks some meet a drain that waits already."""
    broker.publish("sales", numbered(200))
    work: queue.SimpleQueue = queue.SimpleQueue()

    def ack_all() -> int:
        for _ in range(200):
            broker.ack(work.get(timeout=120))
        return 200

    seen = []
    with ThreadPoolExecutor(1) as pool:
        acked = pool.submit(ack_all)
        broker.consume(["sales"], 1, lambda _, delivery: (seen.append(delivery.body), work.put(delivery)))
        while len(seen) < 200 and not acked.done():
            broker.drain(30)
        assert acked.result() == 200
    assert seen == numbered(200)


def test_a_delivery_of_an_earlier_link_is_not_acked(broker, inbox):
    broker.publish("sales", [b"before"])
    (old,) = inbox(broker, prefetch=1).wait(1)
    broker.close()
    broker.publish("sales", [b"after", b"and more"])
    arrived = inbox(broker, prefetch=1)
    (fresh,) = arrived.wait(1)
    broker.ack(old)
    assert arrived.nothing_more(), "the ack of an old delivery freed a place"
    assert fresh.generation == old.generation + 1 == broker.generation


def test_cancel_takes_no_more_and_keeps_what_is_here(broker, inbox, until):
    broker.publish("sales", numbered(5))
    first = inbox(broker, prefetch=2)
    first.wait(2)
    broker.cancel()
    for delivery in first.deliveries:
        broker.ack(delivery)
    assert first.nothing_more()
    until(broker, lambda: broker.depth("sales") == 3)
    second = inbox(broker, prefetch=10)
    second.wait(3)
    assert second.nothing_more()
    assert sorted(first.bodies + second.bodies) == numbered(5)


def test_cancel_without_a_consumer_is_nothing(broker):
    broker.cancel()
    broker.publish("sales", [b"one"])
    assert broker.depth("sales") == 1


def test_a_delivery_may_be_answered_with_a_publish_and_a_cancel(broker, until):
    broker.publish("sales", numbered(3))
    seen = []

    def hand_on(workflow: str, delivery) -> None:
        seen.append(delivery.body)
        broker.publish("lists", [delivery.body])
        broker.ack(delivery)
        if len(seen) == 3:
            broker.cancel()

    broker.consume(["sales"], 10, hand_on)
    until(broker, lambda: len(seen) == 3)
    assert broker.depth("lists") == 3


@pytest.mark.parametrize("call", ["publish", "depth", "consume"])
def test_a_workflow_that_was_not_declared_is_named(broker, call):
    arguments = {"publish": ([b"one"],), "depth": (), "consume": (1, print)}[call]
    workflow = ["stock"] if call == "consume" else "stock"
    with pytest.raises(QueueMissing, match="'stock'") as caught:
        getattr(broker, call)(workflow, *arguments)
    assert isinstance(caught.value, BrokerDown)


def test_a_closed_broker_drops_late_acks(open_broker, url, inbox):
    broker = open_broker(url)
    broker.publish("sales", [b"one"])
    (delivery,) = inbox(broker).wait(1)
    broker.close()
    broker.ack(delivery)
    other = open_broker(url)
    # RabbitMQ gives an unacked message to the next; memory:// has forgotten it, which the ledger knows.
    assert other.depth("sales") == (0 if url == "memory://" else 1)


def test_acks_before_close_are_sent(open_broker, url, inbox):
    broker = open_broker(url)
    broker.publish("sales", numbered(500))
    for delivery in inbox(broker, prefetch=500).wait(500):
        broker.ack(delivery)
    broker.close()
    assert open_broker(url).depth("sales") == 0


def test_threads_that_start_together_share_one_queue(new_namespace, url):
    def start(namespace: str, gate: threading.Barrier, body: bytes) -> None:
        with Broker(url, namespace) as broker:
            gate.wait()
            broker.declare(["sales"])
            broker.publish("sales", [body])

    sys.setswitchinterval(1e-6)
    try:
        for _ in range(20):
            namespace, gate = new_namespace(), threading.Barrier(4)
            with ThreadPoolExecutor(4) as pool:
                list(pool.map(lambda body, n=namespace, g=gate: start(n, g, body), numbered(4)))
            with Broker(url, namespace) as broker:
                broker.declare(["sales"])
                assert broker.depth("sales") == 4
    finally:
        sys.setswitchinterval(0.005)


def test_queue_names_hold_namespace_workflow_and_version():
    assert topology.queue_name("shop", "sales") == "shop.sales.v1"
    assert topology.dead_queue_name("shop", "sales") == "shop.sales.v1.dead"
