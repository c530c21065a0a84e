"""No secret and nobody's name, address or number stands in a log line, in a message or in the history."""

from __future__ import annotations

import http.client
import re
import socket
from collections.abc import Iterable, Sequence

import pytest

from cartledger.broker.queues import Broker
from daemon.app import App
from daemon.by_hand.syncing import run_sync
from tests.road.sentences.conftest import frail

FAULTS = (
    ("quickbooks", "batch", {"kind": "drop_after", "nth": 1}),
    ("quickbooks", "batch", {"kind": "html", "nth": 2}),
    ("quickbooks", "batch", {"kind": "unauthorised", "nth": 4}),
    ("bigcommerce", "orders", {"kind": "truncated", "nth": 1}),
)
EVERYTHING = {"CARTLEDGER_TEST_LEVEL": "DEBUG"}
PERSONAL = ("first_name", "last_name", "company", "email", "street_1", "phone", "zip", "city")


@pytest.fixture
def troubled(make_sim):
    """A shop with odd orders and odd names, and faults of both sides."""
    sim = make_sim()
    sim.fill(orders=25, customers=12, share_odd=0.3)
    taken = next(iter(sim.shop.orders.values())).header["billing_address"]
    sim.company.create("Vendor", {"DisplayName": f"{taken['first_name']} {taken['last_name']}"})
    for side, call, fault in FAULTS:
        sim.faults.add(side=side, call=call, **fault)
    return sim


def secrets(sim) -> set[str]:
    tokens = sim.company.tokens
    return {sim.shop.access_token, tokens.client_secret, tokens.refresh_token, *tokens._access}


def people(sim) -> set[str]:
    addresses = [order.header["billing_address"] for order in sim.shop.orders.values()]
    return {str(address[name]) for address in addresses for name in PERSONAL} - {""}


def told(words: Iterable[str], texts: Sequence[str]) -> dict[str, str]:
    """Each of `words` that stands in one of `texts`, with that text."""
    whole = "\n".join(texts)
    found = [re.search(rf"(?<!\w){re.escape(word)}(?!\w)", whole) for word in sorted(words)]
    return {hit[0]: whole[max(0, hit.start() - 100) : hit.end() + 100] for hit in found if hit}


def test_what_a_process_says(troubled, make_road):
    road = make_road(troubled, sales={"default_product": None})
    first = set(secrets(troubled))
    said = [frail(road, "sync", road.name).stderr, frail(road, "check").stderr]
    assert '"level": "debug"' in said[0]
    assert told(secrets(troubled) | first | people(troubled), said) == {}


def test_what_a_process_says_that_is_not_let_in(troubled, make_road):
    road = make_road(troubled)
    before = secrets(troubled)
    troubled.company.tokens.revoke()
    troubled.shop.access_token = "another"
    runs = [road.run_cli("--verbose", *words) for words in (["sync", road.name], ["check"], ["status"])]
    assert told(before | people(troubled), [run.stdout + run.stderr for run in runs]) == {}


def test_what_a_run_says_and_shows(troubled, make_road):
    """Its log with every step, what it answers over HTTP, `status`, and the ledger beside its records."""
    troubled.faults.clear()
    for side, call, fault in FAULTS[:3]:  # after the last one a process waits for half a minute
        troubled.faults.add(side=side, call=call, **fault)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    road = make_road(
        troubled,
        sales={"default_product": None},
        connection={"workflows": ["sales", "payments", "stock"]},
        metrics={"port": port},
        smtp={"host": "127.0.0.1", "port": 1, "security": "none", "username": "shop@mail.example"},
        report={"to": ["books@shop.example"], "when": "each_run"},
        heartbeat={"url": "http://127.0.0.1:1/ping/hush-heartbeat", "interval": "1s"},
    )
    road.environment = {**road.environment, "CARTLEDGER_SMTP__PASSWORD": "hush-mail", **EVERYTHING}
    first = secrets(troubled)
    road.enable()
    running = road.start("run")
    road.until_settled()
    road.until(lambda: bool(running.said("mails_fail")) and bool(running.said("heartbeat_failed")))
    pages = [_page(port, path) for path in ("/metrics", "/healthz", "/readyz")]
    shown = [road.run_cli("status").stdout, road.run_cli("status", "--json").stdout]
    assert running.stop() == 0
    tables = ("event", "run", "alert", "process", "circuit", "api_use", "cursor")
    kept = [str(tuple(row)) for name in tables for row in road.ledger._rows(f"SELECT * FROM {name}")]  # noqa: S608
    assert '"level": "debug"' in running.log.read_text()
    assert "cartledger_" in pages[0]
    assert len(kept) > 100
    words = first | secrets(troubled) | people(troubled) | {"hush-heartbeat", "hush-mail"}
    assert told(words, [running.log.read_text(), *pages, *shown, *kept]) == {}


def _page(port: int, path: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("GET", path)
    return connection.getresponse().read().decode()


@pytest.mark.parametrize("command", ["run", "produce", "consume"])
def test_what_is_said_of_a_broker_that_is_not_there(make_sim, make_road, command):
    road = make_road(make_sim(), broker={"url": "pika://shop:hush-broker@127.0.0.1:1/%2F"})
    road.environment = {**road.environment, **EVERYTHING}
    running = road.start(command)
    road.until(lambda: bool(running.said("broker_down")))
    assert running.stop() == 0
    assert told({"hush-broker"}, [running.log.read_text(), road.run_cli("status").stdout]) == {}


def test_what_travels_and_what_is_kept_as_history(troubled, make_road):
    messages: list[bytes] = []

    class Overheard(Broker):
        def publish(self, workflow, bodies):
            messages.extend(bodies)
            super().publish(workflow, bodies)

    class Listening(App):
        def broker(self):
            return Overheard(self.settings.broker.url, self.settings.broker.namespace)

    road = make_road(troubled, sales={"default_product": None})
    app = Listening(road.settings(), quota=lambda _: Unhurried(), sleep=lambda _: None)
    with road.bounded():
        run_sync(app, road.name, lambda _: None)
    history = [
        " ".join(row) for row in app.ledger._connection().execute("SELECT id, what, detail FROM event").fetchall()
    ]
    app.close()
    assert len(messages) >= len(troubled.shop.orders)
    assert max(map(len, messages)) < 200
    words = secrets(troubled) | people(troubled)
    assert told(words, [message.decode() for message in messages]) == {}
    assert len(history) > len(messages)
    assert told(words, history) == {}


class Unhurried:
    def take(self, bucket, *, per_second, burst):
        return 0.0
