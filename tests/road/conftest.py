"""The whole road on loopback: shop and company simulated, the program in this process or in ones of its own.

sim = make_sim()
sim.fill(orders=40, customers=8, clean=True)
road = make_road(sim, sales={"post_as": "invoice"}, connection={"interval": "1h"})
road.sync()
assert sim.proof()["difference"] == "0.00"
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pika
import pytest
from kombu.transport import memory

from cartledger.broker import topology
from cartledger.ledger.store import Ledger
from cartledger.ledger.types import State
from cartledger.records import SourceKey
from cartledger.settings import Settings, read_settings
from daemon.app import App
from daemon.by_hand.syncing import Synced, run_sync
from daemon.demos.settings import NAME, demo_settings
from daemon.demos.simulated import CAP, IN_FLIGHT
from simulator import Simulator
from simulator.quickbooks.oauth import LOOPBACK

ONCE_A_DAY = 1000  # refreshes
LONG = os.environ.get("CARTLEDGER_TEST_PROFILE") == "long"
HANGS = 12.0  # seconds at most that a call hangs while a test acts and lets go of it; a slow machine has time to notice
PATIENT = {"in_flight_limit": 13}  # QuickBooks' section of a road that takes no such call for lost
PATIENCE = 900.0 if LONG else 240.0  # seconds after which a test gives up; none waits this long when things work
WHOLE = {"ledger", "broker", "metrics", "smtp", "report", "heartbeat"}  # sections that are of no connection
CONSOLE_SCRIPT = Path(sys.executable).parent / "cartledger"
PROGRAM = Path(__file__).parent / "program.py"


def free_ports(count: int = 1) -> int:
    """The first of so many in a row."""
    while True:
        with contextlib.ExitStack() as held, contextlib.suppress(OSError):
            first: int = held.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1]
            for more in range(1, count):
                held.enter_context(socket.create_server(("127.0.0.1", first + more)))
            return first


class Unhurried:
    """A quota that always grants: tests that are not about pacing do not wait for it."""

    def take(self, bucket: str, *, per_second: float, burst: int) -> float:
        return 0.0


@dataclass(kw_only=True)
class Running:
    """A process of the program; what it logs stands in a file."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Its log lines so far; what is no line of ours (a sentence before an exit) comes as its text."""
        return [_line(text) for text in self.log.read_text().splitlines()]

    def said(self, action: str) -> list[str]:
        """The sentences logged with this action."""
        return [line["text"] for line in self.lines if line.get("action") == action]

    def wait(self) -> int:
        """Its exit code; negative for the signal that killed it."""
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            pytest.fail(f"it did not end; it said:\n{self.log.read_text()}")

    def tell(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def stop(self) -> int:
        """SIGTERM, and its exit code."""
        self.tell(signal.SIGTERM)
        return self.wait()

    @property
    def suspended(self) -> bool:
        """Whether a SIGSTOP has arrived."""
        return Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"

    def kill(self) -> None:
        """SIGKILL; when this returns it is gone."""
        self.tell(signal.SIGKILL)
        assert self.wait() == -signal.SIGKILL


def _line(text: str) -> dict[str, Any]:
    try:
        line: dict[str, Any] = json.loads(text)
    except ValueError:
        return {"text": text}
    return line


@dataclass(kw_only=True)
class Road:
    """One connection between a simulated shop and a simulated company. `name` is the connection's."""

    folder: Path
    sim: Simulator
    environment: Mapping[str, str]
    name: str = NAME
    _apps: list[App] = field(default_factory=list)
    _processes: list[Running] = field(default_factory=list)

    @property
    def config(self) -> Path:
        return self.folder / "cartledger.toml"

    def settings(self) -> Settings:
        return read_settings(self.config, self.environment)

    @property
    def pair(self) -> str:
        return self.settings().connection(self.name).pair

    def app(self, **options: Any) -> App:
        """The program in this process, not paced; closed with the test. `options` are App's."""
        app = App(self.settings(), **{"quota": lambda _: Unhurried(), **options})
        self._apps.append(app)
        return app

    @property
    def ledger(self) -> Ledger:
        """The ledger, for looking at; there has to be one."""
        if not self._apps:
            self.app()
        return self._apps[0].ledger

    def sync(self, **options: Any) -> Synced:
        """One sync in this process. `options` are App's."""
        with self.bounded():
            return run_sync(self.app(**options), self.name, lambda _: None)

    def enable(self) -> None:
        self.ledger.switch(self.pair, enabled=True, who="test")

    def key(self, order_id: int | str) -> SourceKey:
        return SourceKey(pair=self.pair, kind="order", id=str(order_id))

    def connect_again(self) -> None:
        """Sign in to the company once more: the settings hold a new refresh token."""
        tokens = self.sim.company.tokens
        form = {"grant_type": "authorization_code", "code": tokens.issue_code(), "redirect_uri": LOOPBACK}
        found = tokens.exchange((tokens.client_id, tokens.client_secret), form)
        self.environment = _secrets({**self.sim.addresses(), "refresh_token": found["refresh_token"]})

    def suspend(self, running: Running) -> None:
        """SIGSTOP, at a moment when it is not at the ledger's file: it would keep SQLite's lock."""
        free = False
        while not free:
            running.tell(signal.SIGSTOP)
            self.until(lambda: running.suspended)
            with contextlib.closing(sqlite3.connect(self.settings().ledger.path, timeout=0.1)) as db:
                try:
                    db.execute("BEGIN IMMEDIATE")
                    free = True
                except sqlite3.OperationalError:
                    running.tell(signal.SIGCONT)

    def end_leases(self) -> None:
        """As if their time was over."""
        with contextlib.closing(sqlite3.connect(self.settings().ledger.path)) as db, db:
            db.execute("UPDATE source SET lease_until = '2020-01-01T00:00:00.000000Z' WHERE state = 'claimed'")
            db.execute("UPDATE lease SET lease_until = '2020-01-01T00:00:00.000000Z'")

    def counts(self) -> dict[State, int]:
        return self.ledger.counts(self.pair, "order")

    def states(self) -> dict[int, State]:
        """Where each order of the shop stands; those the ledger does not know are left out."""
        standing = {order_id: self.ledger.standing(self.key(order_id)) for order_id in self.sim.shop.orders}
        return {order_id: one.state for order_id, one in standing.items() if one is not None}

    def run_cli(self, *args: str, timeout: float = PATIENCE) -> subprocess.CompletedProcess[str]:
        """The console script as a user runs it, paced by the real quotas."""
        command = [str(CONSOLE_SCRIPT), "--config", str(self.config), *args]
        return subprocess.run(
            command,
            env=self._environment(),
            cwd=self.folder,
            timeout=timeout,
            capture_output=True,
            text=True,
            check=False,
        )

    def start(self, *args: str, place: str = "") -> Running:
        """`program.py` in a process of its own, not paced; killed with the test. `place` is where it ends."""
        environment = self._environment() | ({"CARTLEDGER_TEST_PLACE": place} if place else {})
        log = self.folder / f"process-{len(self._processes)}.log"
        with log.open("wb") as stream:
            command = [sys.executable, str(PROGRAM), "--config", str(self.config), *args]
            process = subprocess.Popen(command, env=environment, cwd=self.folder, stdout=stream, stderr=stream)
        self._processes.append(Running(process=process, log=log))
        return self._processes[-1]

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return kept | dict(self.environment)

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for `condition`, looking often; fails with the state of the ledger and the logs."""
        limit = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > limit:
                pytest.fail(self.report())
            time.sleep(0.05)

    def hang(self, side: str, call: str, *, kind: str = "hang", **fault: Any) -> None:
        """Let calls hang (or be late) until the test lets go. QuickBooks' may on a PATIENT road only."""
        limit = self.settings().connections[self.name].quickbooks.in_flight_limit
        assert side != "quickbooks" or limit > HANGS, "it would be taken for lost"
        self.sim.faults.cap = HANGS
        self.sim.faults.add(side=side, call=call, kind=kind, **fault)

    def until_held(self, calls: int = 1) -> None:
        """Until that many calls hang or are late."""
        self.until(lambda: self.sim.faults.held >= calls)

    def until_settled(self) -> None:
        """Until every order of the shop is posted, held or excluded."""
        orders = len(self.sim.shop.orders)
        settled = (State.POSTED, State.HELD, State.EXCLUDED)
        self.until(lambda: sum(self.counts()[state] for state in settled) == orders)

    @contextlib.contextmanager
    def bounded(self) -> Iterator[None]:
        """What is done inside fails by itself when it hangs."""

        def too_long(*_: object) -> None:
            pytest.fail(self.report())

        before = signal.signal(signal.SIGALRM, too_long)
        signal.setitimer(signal.ITIMER_REAL, PATIENCE)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    def report(self) -> str:
        """Where everything stands, for a person."""
        open_states = (State.QUEUED, State.CLAIMED)
        waiting = [self.ledger.standing(self.key(each)) for each, at in self.states().items() if at in open_states]
        return "\n".join(
            [
                f"it did not happen; orders: {self.counts()}; customers: {self.ledger.counts(self.pair, 'customer')}",
                f"circuits: {self.ledger.circuits(self.pair)}",
                *(str(one) for one in waiting[:5]),
                *(str(event) for one in waiting[:1] if one for event in self.ledger.events(one.key)),
                *(f"{running.process.args}\n{running.log.read_text()}" for running in self._processes),
            ]
        )

    def agree(self) -> None:
        """Assert that books and shop agree, and the ledger with both: every order settled, one document for each
        posted one, nothing made twice."""
        proof, counts = self.sim.proof(), self.counts()
        facts = {name: proof[name] for name in ("documents", "duplicates", "difference")}
        posted = counts[State.POSTED]
        assert facts == {"documents": posted, "duplicates": 0, "difference": "0.00"}, (counts, proof["rows"])
        assert posted + counts[State.HELD] + counts[State.EXCLUDED] == proof["orders"], self.report()
        assert _more_than_once(self.sim) == {}

    def end(self) -> None:
        for running in self._processes:
            if running.process.poll() is None:
                running.process.kill()
                running.process.wait()
        for app in self._apps:
            app.close()


def _more_than_once(sim: Simulator) -> dict[str, int]:
    """The notes that stand on more than one object of a kind; ours name their source. Voided ones count as none."""
    notes = Counter(
        f"{entity} {note}"
        for entity in ("SalesReceipt", "Invoice", "Payment", "Customer")
        for each in sim.company.objects(entity)
        if (note := str(each.get("PrivateNote") or each.get("Notes") or "")) and not note.startswith("Voided")
    )
    return {note: times for note, times in notes.items() if times > 1}


@contextlib.contextmanager
def roads(home: Path) -> Iterator[Callable[..., Road]]:
    """Makes roads below `home`, and ends them; what `make_road` does, for fixtures of a wider scope."""
    made: list[Road] = []

    def make(sim: Simulator, *, folder: Path | None = None, edits: Any = (), **sections: Mapping[str, Any]) -> Road:
        folder = folder or home / f"road{len(made)}"
        folder.mkdir(exist_ok=True)
        addresses = sim.addresses()
        text = _written(_tree({**addresses, "namespace": f"test-{secrets.token_hex(6)}"}, sections))
        for old, new in edits:
            assert old in text, old
            text = text.replace(old, new)
        (folder / "cartledger.toml").write_text(text)
        made.append(Road(folder=folder, sim=sim, environment=_secrets(addresses)))
        return made[-1]

    try:
        yield make
    finally:
        for road in made:
            road.end()
            _delete_queues(road)


@pytest.fixture
def make_sim() -> Iterator[Callable[..., Simulator]]:
    """Simulators, running until the test is over; without quotas unless asked for. `options` are Simulator's."""
    with contextlib.ExitStack() as stack:
        yield lambda **options: stack.enter_context(Simulator(**{"quotas": False, "cap": CAP, **options}))


@pytest.fixture
def make_careless_sim(make_sim: Callable[..., Simulator]) -> Callable[..., Simulator]:
    """Simulators that take a second document of the same number, as QuickBooks does where nobody has switched the
    warning on: nothing but the program stands between an order and its second document. A refresh token lasts, as the
    real one does for a day: one that is lost with its process needs a person."""

    def make(**options: Any) -> Simulator:
        sim = make_sim(**options)
        sim.company.warn_duplicates = False
        sim.company.tokens.rotate_every = ONCE_A_DAY
        return sim

    return make


@pytest.fixture
def make_road(tmp_path: Path) -> Iterator[Callable[..., Road]]:
    """Roads for a running simulator: `make_road(sim, folder=None, edits=(), **sections)`.

    `sections` are laid over the demo's settings: those of `WHOLE`, else of the connection (`sales`, `products`,
    `payments`, `tax`, `quickbooks`, `bigcommerce`; `connection` for its own keys; None takes a key out). `edits` are
    pairs of texts, replaced in the file as written.
    """
    with roads(tmp_path) as make:
        yield make


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[int, State]]:
    """`undisturbed(filled, **sections)`: where the orders of `sim.fill(**filled)` end when nothing goes wrong."""
    known: dict[str, dict[int, State]] = {}

    def ask(filled: Mapping[str, Any], **sections: Any) -> dict[int, State]:
        name = repr((filled, sections))
        if name not in known:
            with Simulator(quotas=False, cap=CAP) as sim, roads(tmp_path_factory.mktemp("undisturbed")) as make:
                sim.fill(**filled)
                road = make(sim, **sections)
                road.sync()
                road.agree()
                known[name] = road.states()
        return known[name]

    return ask


def _secrets(addresses: Mapping[str, str]) -> dict[str, str]:
    prefix = f"CARTLEDGER_CONNECTIONS__{NAME}__".upper()
    return {
        f"{prefix}BIGCOMMERCE__ACCESS_TOKEN": addresses["access_token"],
        f"{prefix}QUICKBOOKS__CLIENT_SECRET": addresses["client_secret"],
        f"{prefix}QUICKBOOKS__REFRESH_TOKEN": addresses["refresh_token"],
    }


def _tree(facts: Mapping[str, str], sections: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    start = date(2020, 1, 1)
    choices = {"company": "us", "broker": "memory://", "post_as": "sales_receipt", **facts}
    text = demo_settings(**choices, in_flight=IN_FLIGHT, start_date=start)
    tree = tomllib.loads(text)
    connection = tree["connections"][NAME]
    for name, keys in sections.items():
        home = tree if name in WHOLE else connection
        section = connection if name == "connection" else home.setdefault(name, {})
        section.update(keys)
    return tree


def _written(tree: Mapping[str, Any], path: str = "") -> str:
    """The tree as TOML."""
    tables = {name: value for name, value in tree.items() if isinstance(value, Mapping)}
    lines = [
        f"{json.dumps(name)} = {_value(value)}"
        for name, value in tree.items()
        if name not in tables and value is not None
    ]
    head = [f"\n[{path}]"] if path else []
    inner = [_written(value, f"{path}.{json.dumps(name)}".lstrip(".")) for name, value in tables.items()]
    return "\n".join([*head, *lines, *inner])


def _value(value: Any) -> str:
    if isinstance(value, list | tuple | set | frozenset):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, str | bool):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _delete_queues(road: Road) -> None:
    try:
        broker = road.settings().broker
    except Exception:  # noqa: BLE001 - settings that are wrong on purpose have no queues
        return
    names = [
        name(broker.namespace, workflow)
        for workflow in topology.WORKFLOWS
        for name in (topology.queue_name, topology.dead_queue_name)
    ]
    if broker.url.startswith("pika") and (url := os.environ.get("CARTLEDGER_TEST_AMQP_URL")):
        with pika.BlockingConnection(pika.URLParameters("amqp" + url.removeprefix("pika"))) as connection:
            for name in names:
                connection.channel().queue_delete(name)
    for name in names:
        memory.Channel.queues.pop(name, None)


@pytest.fixture
def rabbitmq_url() -> str:
    url = os.environ.get("CARTLEDGER_TEST_AMQP_URL")
    if url:
        return url
    reason = "no RabbitMQ: CARTLEDGER_TEST_AMQP_URL is not set (`make test` sets it)"
    if os.environ.get("CI", "").lower() not in {"", "0", "false"}:
        pytest.fail(reason)
    pytest.skip(reason)
