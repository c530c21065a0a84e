"""The kombu transport by itself: the book of confirms, batches, dead channels, and URLs that cannot be read."""

from __future__ import annotations

import secrets
import traceback
from types import SimpleNamespace

import pytest
from kombu.connection import Connection
from kombu.messaging import Producer
from pika import exceptions, spec

from cartledger.broker.faults import BrokerUrlWrong
from cartledger.broker.pika_transport import Confirms, ConfirmTimeout
from cartledger.broker.queues import Broker


def ack(tag: int, *, multiple: bool = False) -> SimpleNamespace:
    return SimpleNamespace(method=spec.Basic.Ack(tag, multiple))


def nack(tag: int, *, multiple: bool = False) -> SimpleNamespace:
    return SimpleNamespace(method=spec.Basic.Nack(tag, multiple))


def book(sent: int) -> Confirms:
    confirms = Confirms()
    for _ in range(sent):
        confirms.sent()
    return confirms


@pytest.mark.parametrize(
    ("answers", "complete", "refused"),
    [
        ([], False, 0),
        ([ack(1), ack(2), ack(3)], True, 0),
        ([ack(3), ack(1), ack(2)], True, 0),
        ([ack(3, multiple=True)], True, 0),
        ([ack(2, multiple=True)], False, 0),
        ([ack(2, multiple=True), ack(3)], True, 0),
        ([ack(2), ack(3, multiple=True)], True, 0),
        ([nack(1), ack(3, multiple=True)], True, 1),
        ([ack(1), nack(3, multiple=True)], True, 2),
        ([nack(2), ack(1)], False, 1),
    ],
)
def test_confirms_are_matched_by_tag(answers, complete, refused):
    confirms = book(3)
    for answer in answers:
        confirms.answered(answer)
    assert confirms.complete() is complete
    if refused:
        with pytest.raises(exceptions.NackError, match=f"^{refused} message"):
            confirms.settle()
    confirms.settle()


def test_a_late_answer_is_not_credited_to_the_next_message():
    confirms = book(1)
    confirms.answered(ack(1))
    confirms.sent()
    confirms.answered(ack(1))
    assert not confirms.complete()


def test_a_message_that_came_back_is_an_error_though_it_was_acked():
    confirms = book(2)
    confirms.returned(None, spec.Basic.Return(312, "NO_ROUTE", "", "nowhere"), spec.BasicProperties(), b"one")
    confirms.answered(ack(2, multiple=True))
    with pytest.raises(exceptions.UnroutableError):
        confirms.settle()
    confirms.settle()


@pytest.fixture
def connection(rabbitmq_url):
    with Connection(rabbitmq_url) as connection:
        yield connection


@pytest.fixture
def queue(behind):
    name = f"test-{secrets.token_hex(6)}"
    behind.queue_declare(name)
    yield name
    behind.queue_delete(name)


def depth(behind, queue) -> int:
    return behind.queue_declare(queue, passive=True).method.message_count


def test_a_batch_is_written_when_it_ends_and_confirmed_as_a_whole(connection, behind, queue):
    producer = Producer(connection.channel())
    assert producer.supports_batch_publish
    with producer.batch():
        for number in range(50):
            producer.publish(b"%d" % number, routing_key=queue)
        assert depth(behind, queue) == 0
    assert depth(behind, queue) == 50


def test_a_batch_that_fails_midway_writes_nothing(connection, behind, queue):
    producer = Producer(connection.channel())

    def fail_midway() -> None:
        with producer.batch():
            producer.publish(b"one", routing_key=queue)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_midway()
    producer.publish(b"two", routing_key=queue)
    assert depth(behind, queue) == 1


def test_a_batch_larger_than_its_size_is_written_in_parts(connection, behind, queue):
    producer = Producer(connection.channel())
    with producer.batch(max_size=10):
        for number in range(25):
            producer.publish(b"%d" % number, routing_key=queue)
        assert depth(behind, queue) == 20
    assert depth(behind, queue) == 25


def test_every_message_is_mandatory(connection):
    producer = Producer(connection.channel())
    with pytest.raises(exceptions.UnroutableError):
        producer.publish(b"one", routing_key=f"nowhere-{secrets.token_hex(6)}")


def test_drain_says_when_nothing_came(connection):
    connection.channel()
    with pytest.raises(TimeoutError):
        connection.drain_events(timeout=0.01)


def test_a_channel_that_rabbitmq_closed_is_noticed_by_drain(connection, behind, queue):
    channel = connection.channel()
    channel.basic_ack(4711)  # a delivery that never was: RabbitMQ closes the channel with 406
    depth(behind, queue)
    with pytest.raises(exceptions.ChannelClosedByBroker, match="unknown delivery tag 4711"):
        connection.drain_events(timeout=120)


def test_after_a_confirm_timeout_the_link_is_dead(proxy, queue):
    with Connection(proxy.url, transport_options={"confirm_timeout": 0.2}) as connection:
        producer = Producer(connection.channel())
        proxy.hold()
        with pytest.raises(ConfirmTimeout):
            producer.publish(b"one", routing_key=queue)
        assert not connection.connected
        proxy.release()


def test_acks_from_other_threads_have_a_way_in_on_a_dead_link(connection):
    channel = connection.channel()
    link = channel.connection
    link.abort()
    link.wake()
    assert not link.is_open


def test_a_global_prefetch_is_refused_before_rabbitmq_closes_the_connection(connection):
    with pytest.raises(NotImplementedError):
        connection.channel().basic_qos(0, 10, apply_global=True)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "not a url",
        "pika://guest:s3cret/word@127.0.0.1:5672/",
        "pika://guest:s3cret;word@127.0.0.1:5672/",
        "pika://guest:s3cret#word@127.0.0.1:5672/",
        "pika://guest:s3cret@127.0.0.1:port/",
        "pika://guest:s3cret@127.0.0.1:5672/?colour=blue",
        "amqp://guest:s3cret@127.0.0.1:5672/",
        "redis://guest:s3cret@127.0.0.1:6379/",
        "cartledger.broker.pika_transport:Transport://guest:s3cret@127.0.0.1/",
    ],
)
def test_a_url_that_cannot_be_used_is_a_setting_and_is_not_quoted(url):
    with pytest.raises(BrokerUrlWrong) as caught:
        Broker(url, "test")
    assert "s3cret" not in "".join(traceback.format_exception(caught.value, limit=0))
    assert "pika://user:password@host:5672/vhost" in str(caught.value)


def test_memory_has_no_password_to_show():
    assert repr(Broker("memory://", "shop")) == "<Broker memory:// shop>"
