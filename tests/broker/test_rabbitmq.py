"""What only a real RabbitMQ does: redelivery, refusals, dead letters, and links that break in every way."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import time
import traceback
from urllib.parse import urlsplit

import pika
import pytest

from cartledger.broker import topology
from cartledger.broker.faults import BrokerUrlWrong, QueueFull, QueueMissing
from cartledger.broker.queues import Broker, Standing
from cartledger.errors import BrokerDown, BrokerMisdeclared

CONSUMER = """
import sys
from cartledger.broker.queues import Broker

broker = Broker(sys.argv[1], sys.argv[2])
broker.declare(["sales"])
broker.consume(["sales"], 10, lambda workflow, delivery: print(delivery.body.decode(), flush=True))
while True:
    broker.drain(60)
"""

BLOCKED = pika.frame.Method(0, pika.spec.Connection.Blocked("low on memory")).marshal()
UNBLOCKED = pika.frame.Method(0, pika.spec.Connection.Unblocked()).marshal()


def test_messages_of_a_killed_consumer_come_back(rabbit, rabbitmq_url, namespace, inbox):
    rabbit.publish("sales", [b"one", b"two", b"three"])
    consumer = subprocess.Popen(
        [sys.executable, "-c", CONSUMER, rabbitmq_url, namespace], stdout=subprocess.PIPE, text=True
    )
    with consumer:
        held = [consumer.stdout.readline().strip() for _ in range(3)]
        consumer.send_signal(signal.SIGKILL)
    assert held == ["one", "two", "three"]
    arrived = inbox(rabbit)
    arrived.wait(3)
    assert sorted(arrived.bodies) == [b"one", b"three", b"two"]


def test_a_full_queue_refuses_and_says_so(rabbitmq_url, namespace, behind):
    name = topology.queue_name(namespace, "sales")
    with Broker(rabbitmq_url, namespace) as broker:
        broker.declare(["sales"])
        behind.queue_delete(name)
        behind.queue_declare(name, arguments={"x-max-length": 1, "x-overflow": "reject-publish"})
        broker.publish("sales", [b"fits"])
        with pytest.raises(QueueFull) as caught:
            broker.publish("sales", [b"does not"])
        assert caught.value.in_doubt
        assert behind.queue_declare(name, passive=True).method.message_count == 1


def test_one_refused_message_fails_the_portion(rabbitmq_url, namespace, behind):
    name = topology.queue_name(namespace, "sales")
    with Broker(rabbitmq_url, namespace) as broker:
        broker.declare(["sales"])
        behind.queue_delete(name)
        behind.queue_declare(name, arguments={"x-max-length": 3, "x-overflow": "reject-publish"})
        with pytest.raises(QueueFull):
            broker.publish("sales", [b"%d" % number for number in range(10)])


def test_an_unroutable_message_is_an_error_and_the_next_link_declares_the_queue_again(rabbit, namespace, behind):
    behind.queue_delete(topology.queue_name(namespace, "sales"))
    with pytest.raises(QueueMissing):
        rabbit.publish("sales", [b"lost"])
    rabbit.publish("sales", [b"found"])
    assert rabbit.depth("sales") == 1


def test_the_depth_of_a_deleted_queue_is_an_error_and_the_next_link_declares_it_again(rabbit, namespace, behind):
    name = topology.queue_name(namespace, "sales")
    behind.queue_delete(name)
    with pytest.raises(QueueMissing, match=name):
        rabbit.depth("sales")
    assert rabbit.depth("sales") == 0


def test_a_queue_deleted_under_its_consumer_is_noticed_and_made_again(rabbit, namespace, behind, inbox, until):
    arrived = inbox(rabbit)
    behind.queue_delete(topology.queue_name(namespace, "sales"))
    with pytest.raises(BrokerDown):
        until(rabbit, lambda: False)
    rabbit.drain(0)
    rabbit.publish("sales", [b"again"])
    arrived.wait(1)
    assert arrived.bodies == [b"again"]


@pytest.mark.parametrize(
    ("changed", "difference"),
    [
        ({"x-delivery-limit": 7}, "x-delivery-limit is '7' there and '50' here"),
        ({"x-overflow": "drop-head"}, "x-overflow is 'drop-head' there and 'reject-publish' here"),
        ({"x-message-ttl": 1000}, "x-message-ttl is '1000' there and none here"),
    ],
)
def test_other_arguments_name_the_queue_the_difference_and_the_fix(
    rabbitmq_url, new_namespace, behind, changed, difference
):
    namespace = new_namespace()
    name = topology.queue_name(namespace, "sales")
    arguments = {
        "x-queue-type": "quorum",
        "x-delivery-limit": 50,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": f"{name}.dead",
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }
    behind.queue_declare(name, durable=True, arguments=arguments | changed)
    with Broker(rabbitmq_url, namespace) as broker, pytest.raises(BrokerMisdeclared) as caught:
        broker.declare(["sales"])
    assert str(caught.value) == (
        f"Queue {name} stands on RabbitMQ with other arguments: {difference}. "
        f"Delete the queue (rabbitmqctl delete_queue {name}): what it holds is handed over again from the ledger. "
        "Or run the version of cartledger that made it."
    )


def test_what_rabbitmq_gives_up_on_is_kept_in_the_dead_queue(rabbit, namespace, behind, until):
    rabbit.publish("sales", [b"hopeless"])
    _, _, body = next(behind.consume(topology.queue_name(namespace, "sales"), inactivity_timeout=120))
    assert body == b"hopeless"
    behind.basic_nack(1, requeue=False)
    dead = topology.dead_queue_name(namespace, "sales")
    until(rabbit, lambda: behind.queue_declare(dead, passive=True).method.message_count == 1)


def test_messages_are_kept_on_disk(rabbit, namespace, behind):
    rabbit.publish("sales", [b"one"])
    _, properties, _ = behind.basic_get(topology.queue_name(namespace, "sales"))
    assert properties.delivery_mode == 2


def test_a_cut_link_is_an_error_once_and_work_goes_on(open_broker, proxy, inbox, until):
    broker = open_broker(proxy.url)
    broker.publish("sales", [b"one", b"two"])
    arrived = inbox(broker)
    broker.ack(arrived.wait(2)[0])
    assert arrived.nothing_more()
    proxy.cut()
    with pytest.raises(BrokerDown):
        until(broker, lambda: False)
    stale = arrived.deliveries[1]
    arrived.wait(3)
    broker.ack(stale)
    broker.ack(arrived.deliveries[2])
    assert arrived.nothing_more()
    assert arrived.bodies == [b"one", b"two", b"two"]
    assert [delivery.generation for delivery in arrived.deliveries] == [1, 1, 2]
    broker.close()
    assert open_broker(proxy.url).depth("sales") == 0


def test_a_link_cut_while_idle_does_not_fail_the_next_publish(open_broker, proxy, rabbit):
    broker = open_broker(proxy.url)
    proxy.cut()
    broker.publish("sales", [b"one"])
    assert rabbit.depth("sales") == 1
    assert broker.generation == 2


def test_a_broker_that_is_away_is_asked_ever_more_seldom(open_broker, proxy):
    broker = open_broker(proxy.url)
    proxy.down()
    waits = []
    for _ in range(9):
        with pytest.raises(BrokerDown, match="Connection refused") as caught:
            broker.publish("sales", [b"one"])
        assert not caught.value.in_doubt
        waits.append(broker.retry_in)
    assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    proxy.up()
    broker.publish("sales", [b"one"])
    assert (broker.retry_in, broker.depth("sales")) == (0.5, 1)


def test_a_consumer_asked_for_while_the_broker_is_away_starts_when_it_is_back(open_broker, proxy, inbox):
    broker = open_broker(proxy.url)
    broker.publish("sales", [b"one"])
    proxy.down()
    seen = []
    with pytest.raises(BrokerDown):
        broker.consume(["sales"], 10, lambda _workflow, delivery: seen.append(delivery.body))
    proxy.up()
    while not seen:
        broker.drain(1)
    assert seen == [b"one"]


def test_a_confirm_that_does_not_come_leaves_the_publish_in_doubt(open_broker, proxy, rabbit):
    broker = open_broker(proxy.url, confirm_timeout=3)
    proxy.hold()
    with pytest.raises(BrokerDown, match="no confirm within 3 s") as caught:
        broker.publish("sales", [b"in doubt"])
    assert caught.value.in_doubt
    proxy.release()
    broker.publish("sales", [b"sure"])
    assert broker.generation == 2
    assert rabbit.depth("sales") in {1, 2}


def test_heartbeats_go_out_while_a_slow_handler_works(rabbitmq_url, open_broker, inbox, until):
    """RabbitMQ cuts a link of two-second heartbeats after six silent seconds: the drains keep this one alive."""
    broker = open_broker(f"{rabbitmq_url}?heartbeat=2")
    broker.publish("sales", [b"slow"])
    arrived = inbox(broker)
    (delivery,) = arrived.wait(1)
    limit = time.monotonic() + 8
    until(broker, lambda: time.monotonic() > limit)
    broker.ack(delivery)
    broker.close()
    assert broker.generation == 1
    assert open_broker(rabbitmq_url).depth("sales") == 0


def test_a_wrong_password_is_a_setting_and_is_never_shown(rabbitmq_url, namespace, caplog):
    parts = urlsplit(rabbitmq_url)
    url = parts._replace(netloc=f"guest:s3cret-w0rd@{parts.hostname}:{parts.port}").geturl()
    caplog.set_level(logging.DEBUG)
    broker = Broker(url, namespace)
    with pytest.raises(BrokerUrlWrong) as caught:
        broker.declare(["sales"])
    shown = [str(broker), repr(broker), broker.address, str(caught.value), repr(caught.value), caplog.text]
    shown += traceback.format_exception(caught.value)
    assert "s3cret-w0rd" not in "".join(shown)
    assert f"guest:**@{parts.hostname}" in str(caught.value)
    broker.close()


def test_a_virtual_host_that_is_not_there_is_a_setting(rabbitmq_url, namespace):
    url = urlsplit(rabbitmq_url)._replace(path="/nowhere").geturl()
    with Broker(url, namespace) as broker, pytest.raises(BrokerUrlWrong, match="virtual host"):
        broker.declare(["sales"])


def test_the_good_password_is_not_shown_by_a_link_that_breaks(proxy, namespace, caplog):
    caplog.set_level(logging.DEBUG)
    password = urlsplit(proxy.url).password
    proxy.down()
    with Broker(proxy.url, namespace) as broker, pytest.raises(BrokerDown) as caught:
        broker.declare(["sales"])
    told = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert f":{password}@" not in told
    assert not [record for record in caplog.records if record.name.startswith("pika")]


def test_a_queue_is_looked_at_with_its_consumers_and_what_was_given_up(
    rabbit, open_broker, rabbitmq_url, inbox, behind, namespace
):
    rabbit.publish("sales", [b"one", b"two"])
    other = open_broker(rabbitmq_url)
    arrived = inbox(other, prefetch=1)
    arrived.wait(1)
    behind.confirm_delivery()
    behind.basic_publish("", topology.dead_queue_name(namespace, "sales"), b"given up")
    assert (standing := rabbit.standing("sales")).messages == 1
    assert (standing.consumers, standing.dead) == (1, 1)
    assert rabbit.standing("lists") == Standing(messages=0, consumers=0, dead=0)


def test_a_link_says_whether_it_is_there(namespace, proxy):
    with Broker(proxy.url, namespace) as broker:
        assert not broker.is_up
        broker.declare(["sales"])
        assert broker.is_up
        proxy.down()
        with pytest.raises(BrokerDown):
            broker.publish("sales", [b"one"])
        assert not broker.is_up
        proxy.up()
        broker.publish("sales", [b"one"])
        assert broker.is_up


def test_an_alarm_of_rabbitmq_is_seen_while_a_publish_waits(open_broker, proxy):
    broker = open_broker(proxy.url, confirm_timeout=3)
    proxy.hold()
    proxy.say(BLOCKED)
    with pytest.raises(BrokerDown):
        broker.publish("sales", [b"one"])
    assert broker.is_held_back, "the next link cannot know yet, and will be held back as well"
    proxy.release()
    broker.publish("sales", [b"two"])
    assert not broker.is_held_back


def test_an_alarm_that_is_over_is_seen_without_a_publish(open_broker, proxy):
    broker = open_broker(proxy.url)
    proxy.say(BLOCKED)
    assert broker.depth("sales") == 0
    assert broker.is_held_back
    proxy.say(UNBLOCKED)
    assert broker.depth("sales") == 0
    assert not broker.is_held_back


def test_pika_still_has_the_private_names_that_the_transport_uses(behind):
    connection = behind.connection
    assert callable(connection._impl._terminate_stream)
    assert callable(connection._impl.close)
    assert callable(connection._impl.add_on_connection_blocked_callback)
    assert callable(connection._impl.add_on_connection_unblocked_callback)
    assert callable(behind._flush_output)
    for name in ("confirm_delivery", "basic_publish", "add_on_close_callback", "add_on_return_callback"):
        assert callable(getattr(behind._impl, name))
