"""What processes say of themselves, asked over HTTP while they work."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from cartledger import metrics as m
from cartledger.ledger.types import Alert, State
from consumers.circuit import NAMES
from daemon.tally import CLASSES, OUTCOMES, SERVICES
from daemon.web.health import pages
from producers.handover import KINDS
from tests.road.conftest import free_ports

ORDERS = {"orders": 60, "customers": 6}
WORKFLOWS = {"workflows": ["sales", "payments", "refunds", "stock"], "interval": "1h"}
REFUNDS = {"number_prefix": "R", "no_restock_product": "Returned goods"}
ALERT = "stock_waiting"


def ask(port, path="/metrics", method="GET"):
    """Status and body."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=120)) as connection:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def answers(port, path="/healthz"):
    try:
        return ask(port, path)
    except ConnectionRefusedError:
        return None


def samples(text):
    """Of a scrape: name, labels, value."""
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


def values(text, name, **labels):
    """By the labels that are not asked for."""
    return {
        tuple(value for label, value in sorted(sample.labels.items()) if label not in labels): sample.value
        for sample in samples(text)
        if sample.name == name and labels.items() <= sample.labels.items()
    }


@pytest.fixture
def shop(make_careless_sim, make_road):
    """An enabled shop whose processes say how they are; `road.port` is the first one's."""

    def make(sim=None, **sections):
        if sim is None:
            sim = make_careless_sim()
            sim.fill(**ORDERS)
        wanted = {"connection": WORKFLOWS, "refunds": REFUNDS, "heartbeat": {"file": "beat"}, **sections}
        road = make_road(sim, **{"metrics": {"port": free_ports(3)}, **wanted})
        road.enable()
        return road

    return make


def port_of(road):
    return road.settings().metrics.port


@pytest.fixture
def promtool():
    folder = os.environ.get("CARTLEDGER_TEST_PROMETHEUS")
    if not folder:
        pytest.skip("no Prometheus: CARTLEDGER_TEST_PROMETHEUS is not set (`make test` sets it)")
    return Path(folder) / "promtool"


def every_label_is_of_few(text, road):
    """No id, SKU, address or text can be in a label, since each value is of a closed set."""
    kinds = [kind for kinds in KINDS.values() for kind in kinds]
    allowed = {
        "connection": re.compile(rf"{road.name}|"),
        "workflow": re.compile("|".join(KINDS)),
        "outcome": re.compile("|".join(OUTCOMES.values())),
        "service": re.compile("|".join(SERVICES)),
        "class": re.compile("|".join(CLASSES)),
        "entity": re.compile("[A-Z][A-Za-z]+"),
        "operation": re.compile("create|update|void|delete"),
        "currency": re.compile("[A-Z]{3}"),
        "kind": re.compile("|".join(kinds)),
        "state": re.compile("|".join(State)),
        "cause": re.compile("[a-z]+(_[a-z]+)*|quickbooks_[0-9]+"),
        "side": re.compile("|".join(NAMES)),
        "stream": re.compile("orders|refunds|stock"),
        "version": re.compile(r"[0-9.]+"),
        "python": re.compile(r"[0-9.]+"),
        "role": re.compile("run|produce|consume"),
        "number": re.compile("[0-9]{0,3}"),
        "le": re.compile(r"[0-9.]+|\+Inf"),
    }
    for sample in samples(text):
        if sample.name.startswith("cartledger_"):
            for label, value in sample.labels.items():
                assert allowed[label].fullmatch(value), sample


def wanted_names(metric):
    return {f"{metric.name}_{part}" for part in ("bucket", "count", "sum")} if metric.buckets else {metric.name}


@pytest.mark.option("metrics.port")
def test_a_producer_and_two_consumers_say_all_that_the_catalogue_has(shop, rabbitmq_url):
    road = shop(broker={"url": rabbitmq_url})
    port, sim = port_of(road), road.sim
    road.ledger.raise_alert(Alert(pair=road.pair, cause=ALERT, since=road.ledger.clock(), text="Jane", fix="Jane"))
    producer = road.start("produce")
    road.until(lambda: answers(port) and sum(values(ask(port)[1], "cartledger_queue_depth").values()) > 0)
    early = ask(port)[1]
    assert values(early, "cartledger_oldest_queued_timestamp_seconds", kind="order"), "orders wait, nobody takes them"
    consumers = [road.start("consume", "--threads", "2", "--instance", number) for number in ("1", "2")]
    road.until_settled()
    road.until(lambda: values(ask(port)[1], "cartledger_queue_consumers")[("sales",)] == 2)
    late, *consumed = (ask(port + number)[1] for number in range(3))

    said = {sample.name for text in (early, late, *consumed) for sample in samples(text)}
    assert {each.name for each in (*m.COUNTED, *m.LOOKED_UP) if not wanted_names(each) <= said} == set()
    for text in consumed:
        assert {each.name for each in m.LOOKED_UP} & {sample.name for sample in samples(text)} == set()
    for text in (early, late, *consumed):
        every_label_is_of_few(text, road)
        assert "_created" not in text
        assert values(text, "cartledger_broker_connected") == {(): 1}
        assert len(values(text, "process_start_time_seconds")) == 1

    builds = [next(iter(values(text, "cartledger_build_info"))) for text in (late, *consumed)]
    assert [(number, role) for number, _, role, _ in builds] == [("", "produce"), ("1", "consume"), ("2", "consume")]
    assert [process.stop() for process in (producer, *consumers)] == [0, 0, 0]

    def counted(name, *by, **labels):
        """Summed over all processes, by these labels."""
        sums = Counter()
        for text in (late, *consumed):
            for sample in samples(text):
                if sample.name == name and labels.items() <= sample.labels.items():
                    sums[tuple(sample.labels[label] for label in by)] += sample.value
        return sums

    receipts = list(sim.company.objects("SalesReceipt"))
    assert counted("cartledger_posted_documents_total", entity="SalesReceipt", operation="create")[()] == len(receipts)
    amount = counted("cartledger_posted_amount_total", "currency", entity="SalesReceipt")
    assert amount == {("USD",): pytest.approx(float(sum(each["TotalAmt"] for each in receipts)))}
    outcomes = counted("cartledger_messages_total", "outcome", workflow="sales")
    settled = {"done": State.POSTED, "held": State.HELD, "excluded": State.EXCLUDED}
    assert {name: outcomes[name,] for name in settled} == {name: road.counts()[at] for name, at in settled.items()}
    assert counted("cartledger_handling_seconds_count", workflow="sales")[()] > 0
    looked_up = values(late, "cartledger_sources", kind="order")
    assert {state: number for (_, state), number in looked_up.items()} == dict(road.counts())
    calls = counted("cartledger_api_requests_total", "class", service="quickbooks")
    assert calls["2xx",] == counted("cartledger_api_request_seconds_count", service="quickbooks")[()] > 0
    assert sum(calls.values()) == calls["2xx",]


def test_metered_reads_are_those_that_the_company_counts(shop, rabbitmq_url):
    """Exactly, over several processes, the short ones too."""
    road = shop(broker={"url": rabbitmq_url})
    road.run_cli("check")
    assert road.sim.company.counts.reads > 0
    processes = [road.start("produce"), road.start("consume"), road.start("consume")]
    road.until_settled()
    assert [process.stop() for process in processes] == [0, 0, 0]
    month = road.ledger.clock().strftime("%Y-%m")
    assert road.ledger.reads_of(road.sim.company.realm_id, month) == road.sim.company.counts.reads > 0


def test_a_scrape_is_what_prometheus_expects(shop, promtool):
    road = shop()
    road.start("run")
    road.until_settled()
    command, text = [promtool, "check", "metrics"], ask(port_of(road))[1]
    found = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")


def test_all_that_may_rise_is_there_before_it_does(shop, make_careless_sim):
    road = shop(make_careless_sim())
    road.start("run")
    road.until(lambda: answers(port_of(road)))
    text = ask(port_of(road))[1]
    outcomes = values(text, "cartledger_messages_total")
    assert len(outcomes) == len(KINDS) * len(OUTCOMES)
    assert len(values(text, "cartledger_api_requests_total")) == len(SERVICES) * len(CLASSES)
    assert values(text, "cartledger_posted_documents_total", entity="SalesReceipt", operation="create") == {
        (road.name,): 0
    }
    assert values(text, "cartledger_dead_letters_total") == {("lists",): 0, ("sales",): 0, ("stock",): 0}


def test_quickbooks_that_throttles_makes_the_process_not_ready_and_stays_alive(shop):
    road = shop()
    road.sim.faults.add(side="quickbooks", call="batch", kind="throttled", every=1)
    road.start("run")
    road.until(lambda: answers(port_of(road), "/readyz") and "waits" in ask(port_of(road), "/readyz")[1])
    status, said = ask(port_of(road), "/readyz")
    facts = json.loads(said)
    assert (status, facts["ready"], facts["broker"], facts["ledger"]) == (503, False, "well", "well")
    assert facts["connections"][road.name]["sides"]["quickbooks"] == "waits"
    assert facts["connections"][road.name]["last_read"].endswith("+00:00")
    assert values(ask(port_of(road))[1], "cartledger_circuit_open", side="quickbooks") == {(road.name,): 1}
    assert values(ask(port_of(road))[1], "cartledger_throttled_seconds_total")["quickbooks",] >= 60
    assert values(ask(port_of(road))[1], "cartledger_api_requests_total", service="quickbooks")["429",] >= 1
    assert ask(port_of(road), "/healthz") == (200, '{\n  "alive": true,\n  "stuck": []\n}\n')
    road.sim.faults.clear()
    road.ledger.hasten(road.pair)
    road.until(lambda: ask(port_of(road), "/readyz")[0] == 200)
    assert values(ask(port_of(road))[1], "cartledger_circuit_open", side="quickbooks") == {(road.name,): 0}


def test_a_broker_that_is_away_is_told_and_queues_are_left_out(shop):
    road = shop(broker={"url": f"pika://guest:guest@127.0.0.1:{free_ports()}/%2F"})
    producer = road.start("produce")
    road.until(lambda: producer.said("broker_down"))
    status, said = ask(port_of(road), "/readyz")
    assert (status, json.loads(said)["broker"]) == (503, "waits")
    text = ask(port_of(road))[1]
    assert values(text, "cartledger_broker_connected") == {(): 0}
    assert values(text, "cartledger_queue_depth") == {}
    assert ask(port_of(road), "/healthz")[0] == 200


def test_a_broker_that_takes_nothing_is_told(shop):
    road = shop()
    app = road.app()
    page = pages(lambda: app, app.pulse)
    with app.broker() as link:
        link.declare(["sales"])
        assert page["/readyz"]("").status == 200
        link._held_back_until = time.monotonic() + 60  # as after an alarm of RabbitMQ
        assert page["/readyz"]("").status == 503
        assert values(page["/metrics"]("").body.decode(), "cartledger_broker_blocked") == {(): 1}
        link._held_back_until = 0
        assert values(page["/metrics"]("").body.decode(), "cartledger_broker_blocked") == {(): 0}


def test_a_batch_that_never_ends_is_not_alive_and_named(shop):
    road = shop()
    road.environment = {**road.environment, "CARTLEDGER_TEST_SILENCE": "7"}
    road.start("run", place="stall before plan 1")
    road.until(lambda: (answers(port_of(road)) or (0,))[0] == 503)
    assert "desk" in json.loads(ask(port_of(road), "/healthz")[1])["stuck"][0]


def test_a_port_that_is_taken_ends_it_before_anything_starts_and_systemd_tries_again(shop):
    road = shop()
    with socket.create_server(("127.0.0.1", port_of(road))):
        run = road.start("run")
        assert run.wait() == 1, "2 would not be tried again"
    assert (
        f"Nothing can listen on 127.0.0.1:{port_of(road)} for metrics: Address already in use." in run.log.read_text()
    )
    assert road.counts()[State.QUEUED] == 0
    assert not run.said("started")


def test_whoever_asks_and_says_nothing_keeps_nothing_from_its_end(shop):
    road = shop()
    run = road.start("run")
    road.until(lambda: answers(port_of(road)))
    silent = [socket.create_connection(("127.0.0.1", port_of(road))) for _ in range(40)]
    road.until_settled()
    assert run.stop() == 0
    for one in silent:
        one.close()


def test_the_pages_outlive_a_reload(shop):
    road = shop()
    run = road.start("run")
    road.until_settled()
    before = values(ask(port_of(road))[1], "cartledger_messages_total", workflow="sales", outcome="done")
    road.config.write_text(road.config.read_text().replace('"interval" = "1h"', '"interval" = "2h"'))
    run.tell(signal.SIGHUP)
    road.until(lambda: run.said("reloaded"))
    text = ask(port_of(road))[1]
    assert values(text, "cartledger_messages_total", workflow="sales", outcome="done") == before
    read = values(text, "cartledger_last_read_timestamp_seconds", stream="refunds")[road.name,]
    assert values(text, "cartledger_next_read_timestamp_seconds", stream="orders") == {(road.name,): read + 2 * 3600}
    assert values(text, "cartledger_sources", kind="order", state="posted") == {
        (road.name,): road.counts()[State.POSTED]
    }


def test_a_ledger_that_cannot_be_looked_at_leaves_gaps_and_is_not_ready(shop):
    road = shop()
    road.start("run")
    road.until_settled()
    road.until(lambda: ask(port_of(road), "/readyz")[0] == 200)
    ledger = road.settings().ledger.path
    ledger.rename(ledger.with_name("away"))
    status, text = ask(port_of(road))
    ready, said = ask(port_of(road), "/readyz")
    ledger.with_name("away").rename(ledger)
    assert (status, values(text, "cartledger_sources")) == (200, {})
    assert values(text, "cartledger_messages_total", workflow="sales", outcome="done")
    assert (ready, json.loads(said)["ledger"]) == (503, "needs a person")


@pytest.mark.option("metrics.host")
@pytest.mark.parametrize(("host", "heard"), [("127.0.0.2", "127.0.0.2"), ("localhost", "127.0.0.1")])
def test_it_listens_where_the_settings_say(shop, host, heard):
    road = shop(metrics={"port": free_ports(), "host": host})
    road.start("run")

    def answered():
        try:
            with socket.create_connection((heard, port_of(road))):
                return True
        except ConnectionRefusedError:
            return False

    road.until(answered)


def test_nothing_listens_without_a_port_or_for_a_consumer_without_a_number(shop, rabbitmq_url):
    road = shop(broker={"url": rabbitmq_url})
    consumer = road.start("consume")
    road.until(lambda: consumer.said("started"))
    listening = subprocess.run(["ss", "-Hltnp"], capture_output=True, text=True, check=False).stdout
    assert f"pid={consumer.process.pid}," not in listening
    assert consumer.stop() == 0
