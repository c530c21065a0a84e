"""`produce` and `consume` in processes of their own, with RabbitMQ between them and what can happen to it."""

from __future__ import annotations

import contextlib
import signal
import socket
import sqlite3
import struct
import threading
from urllib.parse import urlsplit

import pika
import pytest

from cartledger.broker.topology import dead_queue_name, queue_name
from cartledger.ledger.types import State
from tests.road.conftest import PATIENT

SHOP = {"orders": 150, "customers": 8}


class Proxy:
    """A TCP proxy in front of RabbitMQ whose links can be cut."""

    def __init__(self, url):
        parts = urlsplit(url)
        self._target = (parts.hostname, parts.port or 5672)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets = []
        self.accepted = 0
        port = self._listener.getsockname()[1]
        self.url = parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{port}").geturl()
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                link = (self._listener.accept()[0], socket.create_connection(self._target))
                self._sockets += link
                self.accepted += 1
                for source, sink in (link, link[::-1]):
                    threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    @staticmethod
    def _pump(source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def cut(self):
        sockets, self._sockets = self._sockets, []
        for each in sockets:
            each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._acceptor.join()
        self._listener.close()
        self.cut()


@pytest.fixture
def proxy(rabbitmq_url):
    proxy = Proxy(rabbitmq_url)
    yield proxy
    proxy.close()


@pytest.fixture
def behind(rabbitmq_url):
    """RabbitMQ without any code of ours."""
    parameters = pika.URLParameters("amqp" + rabbitmq_url.removeprefix("pika"))
    with pika.BlockingConnection(parameters) as connection:
        yield connection.channel()


@pytest.fixture
def shop(make_careless_sim, make_road, rabbitmq_url):
    def make(url=rabbitmq_url, **sections):
        sim = make_careless_sim()
        sim.fill(**SHOP)
        road = make_road(sim, broker={"url": url}, connection={"interval": "1h"}, **sections)
        road.enable()
        return road

    return make


def queues(road):
    namespace = road.settings().broker.namespace
    return queue_name(namespace, "sales"), dead_queue_name(namespace, "sales")


def ready(channel, queue):
    return channel.queue_declare(queue, passive=True).method.message_count


def test_a_producer_and_two_consumers_post_everything_once(shop):
    road = shop()
    processes = [
        road.start("produce"),
        road.start("consume", "--threads", "2"),
        road.start("consume", "--threads", "2"),
    ]
    road.until_settled()
    assert [process.stop() for process in processes] == [0, 0, 0]
    road.agree()


def test_a_consumer_that_is_killed_in_mid_batch_leaves_its_work_to_the_others(shop):
    road = shop(quickbooks=PATIENT)
    road.hang("quickbooks", "batch", nth=2, executed=True)
    road.start("produce")
    first = road.start("consume")
    road.until_held()
    road.start("consume")
    first.kill()
    road.sim.faults.clear()
    road.until_settled()
    road.agree()


def test_links_that_are_cut_come_back_with_everything_on_them(shop, proxy):
    road = shop(proxy.url, quickbooks=PATIENT)
    road.hang("quickbooks", "batch", nth=2, executed=True)
    producer, consumer = road.start("produce"), road.start("consume", "--threads", "1")
    road.until_held()
    proxy.cut()
    road.sim.faults.clear()
    road.until_settled()
    assert [producer.stop(), consumer.stop()] == [0, 0]
    assert (len(consumer.said("broker_down")), len(consumer.said("broker_up"))) == (1, 1)
    road.agree()


def test_messages_that_are_lost_with_their_queue_are_handed_over_again(shop, behind):
    road = shop()
    queue, _ = queues(road)
    producer = road.start("produce")
    road.until(lambda: producer.said("read") and _handed_over(road) == SHOP["orders"])
    assert ready(behind, queue) == SHOP["orders"]
    behind.queue_delete(queue)
    _five_minutes_later(road)
    road.start("consume")
    road.until_settled()
    road.agree()


def _handed_over(road):
    with contextlib.closing(sqlite3.connect(road.settings().ledger.path)) as db:
        return db.execute("SELECT count(*) FROM source WHERE published_at IS NOT NULL").fetchone()[0]


def _five_minutes_later(road):
    with contextlib.closing(sqlite3.connect(road.settings().ledger.path)) as db, db:
        db.execute("UPDATE source SET published_at = '2020-01-01T00:00:00.000000+00:00' WHERE published_at IS NOT NULL")


def test_bytes_that_are_no_message_end_in_the_ledger_and_stop_nobody(shop, behind):
    road = shop()
    queue, dead_queue = queues(road)
    road.start("produce")
    road.until(lambda: _handed_over(road) == SHOP["orders"])
    junk = [b"", b"\x00\xff", b"{}", b'{"v": 99}']
    for body in junk:
        behind.basic_publish("", queue, body)
    consumer = road.start("consume")
    road.until_settled()
    road.until(lambda: len(road.ledger.dead_letters()) == len(junk))
    assert consumer.stop() == 0
    assert sorted(letter.body for letter in road.ledger.dead_letters()) == sorted(junk)
    assert len(consumer.said("dead_letter")) == len(junk)
    assert (ready(behind, queue), ready(behind, dead_queue)) == (0, 0)
    road.agree()


@pytest.mark.parametrize("command", ["produce", "consume", "run"])
def test_a_queue_with_other_arguments_is_a_sentence_and_exit_2(shop, behind, command):
    road = shop()
    queue, _ = queues(road)
    behind.queue_declare(queue, durable=True, arguments={"x-queue-type": "classic"})
    process = road.start(command)
    assert process.wait() == 2
    (sentence,) = [line["text"] for line in process.lines if "action" not in line]
    assert queue in sentence
    assert road.counts()[State.POSTED] == 0


def test_check_asks_rabbitmq_whether_it_lets_us_in_and_makes_no_queue(shop, behind, rabbitmq_url):
    road = shop()
    assert "RabbitMQ" not in road.run_cli("check").stdout
    with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="404"):
        behind.queue_declare(queues(road)[0], passive=True)


@pytest.mark.parametrize(
    ("url", "code", "sentence"),
    [
        ("pika://guest:hush@{host}/", 2, "refuses the user, the password or the virtual host. Set a URL that"),
        ("pika://guest:hush@127.0.0.1:1/", 1, "is down: Connection refused. Start RabbitMQ: `systemctl status"),
    ],
)
def test_check_tells_of_a_rabbitmq_that_says_no_or_nothing(shop, rabbitmq_url, url, code, sentence):
    host = urlsplit(rabbitmq_url).netloc.rpartition("@")[2]
    checked = shop(url.format(host=host)).run_cli("check")
    assert (checked.returncode, sentence in checked.stdout) == (code, True)
    assert "hush" not in checked.stdout + checked.stderr


def test_told_to_stop_a_consumer_finishes_its_call_and_gives_the_rest_back(shop, behind):
    road = shop(quickbooks=PATIENT)
    queue, _ = queues(road)
    road.hang("quickbooks", "batch", nth=2, executed=True)
    producer, consumer = road.start("produce"), road.start("consume", "--threads", "1")
    road.until_held()
    consumer.tell(signal.SIGTERM)
    road.until(lambda: consumer.said("stopping"))
    road.sim.faults.clear()
    assert consumer.wait() == 0
    counts = road.counts()
    assert (counts[State.CLAIMED], road.sim.report()["quickbooks"]["batches"]) == (0, 2)
    assert counts[State.POSTED] == road.sim.proof()["documents"] > 0
    assert producer.stop() == 0
    assert ready(behind, queue) == counts[State.QUEUED] > 0
    road.start("run")
    road.until_settled()
    road.agree()
