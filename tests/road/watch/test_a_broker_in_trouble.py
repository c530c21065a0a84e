"""RabbitMQ that is short of memory, or lets us in no more: told of once, and once that it is over; no process counts as
ready meanwhile, and none ends.

A node of these tests' own and real links; what lies ahead of now is looked at by a clock of the test's.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import pytest

from cartledger import metrics
from cartledger.ledger.types import State
from daemon.app import App
from daemon.clock import now
from daemon.running.supervisor import Consuming, Crew, Producing
from daemon.watching.alerts import Watch
from daemon.web.health import pages

SCRIPT = Path(__file__).parents[3] / "bin" / "with-services"


class Node:
    """A RabbitMQ that nobody else uses."""

    def __init__(self, url: str, control: Callable[..., object]) -> None:
        self.url = url
        self._control = control

    def runs_short(self) -> None:
        self._control("set_vm_memory_high_watermark", "absolute", "1MB")

    def has_enough(self) -> None:
        self._control("set_vm_memory_high_watermark", "absolute", "4GB")

    def lets_nobody_in(self) -> None:
        self._control("change_password", "guest", "another")
        self._control("close_all_connections", "the password has changed")

    def lets_us_in(self) -> None:
        self._control("change_password", "guest", "guest")


@pytest.fixture
def node(rabbitmq_url) -> Iterator[Node]:
    services = SimpleNamespace(**run_path(str(SCRIPT), run_name="services"))
    try:
        tree = services.find_rabbitmq()
    except services.Unavailable as reason:
        pytest.skip(str(reason))
    with ExitStack() as stack:
        home = stack.enter_context(services.scratch("rabbitmq"))
        amqp, *others = services.free_ports(3)
        environment = services.rabbitmq_environment(tree, home, amqp, *others)
        programs = {"epmd": ["epmd", "-address", services.LOOPBACK, "-port", str(others[1])]}
        programs["node"] = [str(tree / services.RABBITMQ_SERVER)]
        started = [
            stack.enter_context(services.process(command, home / f"{name}.log", environment))
            for name, command in programs.items()
        ]
        assert services.wait_for(amqp, started[-1], lambda: True), (home / "node.log").read_text()

        def control(*words: str) -> None:
            command = [tree / "usr/lib/rabbitmq/bin/rabbitmqctl", *words]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr

        yield Node(f"pika://guest:guest@{services.LOOPBACK}:{amqp}/%2F", control)


@dataclass(kw_only=True)
class Watched:
    """A process that reads and posts, from its first word to the broker on. `app` goes by `ahead` of our clock."""

    road: Any
    app: App
    ahead: list[timedelta]
    crew: Crew = field(default_factory=Crew)

    def __post_init__(self) -> None:
        self._producing = Producing(self.app, [self.road.name], self.crew)
        self._watch = Watch(self.app, [self.road.name])
        self._shown = pages(lambda: self.app, self.app.pulse)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        self.crew.start("hand-over", self._producing.hand_over)
        self.crew.start("work", Consuming(self.app, [self.road.name], self.crew, threads=1).work)
        try:
            self.road.until(lambda: len(self.app.links) == 2 and self.is_ready())
            yield
        finally:
            self.crew.stop()
            self.crew.wait()

    def read(self) -> None:
        self._producing.read(self.app.lines[self.road.name], lambda _: None)

    def looks(self, *minutes: int) -> list[list[str]]:
        """The causes that stand after each look, so many minutes after the beginning."""
        standing = []
        for each in minutes:
            self.ahead[0] = timedelta(minutes=each)
            self._watch.look()
            standing.append([alert.cause for alert in self.road.ledger.alerts("")])
        return standing

    def is_ready(self) -> bool:
        return bool(json.loads(self._shown["/readyz"]("").body)["broker"] == "well")

    def measured(self) -> str:
        return self._shown["/metrics"]("").body.decode()


@pytest.fixture
def watched(make_sim, make_road, node) -> Watched:
    sim = make_sim()
    sim.fill(orders=3, customers=3, clean=True)
    road = make_road(sim, broker={"url": node.url}, connection={"interval": "1h"})
    road.enable()
    began, ahead = now(), [timedelta(0)]
    app = road.app(clock=lambda: began + ahead[0])
    app.begin()
    app.ledger.process_started(app.owner, "run", 0)
    return Watched(road=road, app=app, ahead=ahead)


@pytest.fixture
def told(caplog) -> Callable[[], list[tuple[str, str]]]:
    caplog.set_level("INFO", logger="cartledger")
    return lambda: [(each.action, each.cause) for each in caplog.records if "alert" in getattr(each, "action", "")]


def test_the_broker_is_short_of_memory(watched, node, told):
    road = watched.road
    with watched.at_work():
        node.runs_short()
        watched.read()
        road.until(lambda: any(link.is_held_back for link in watched.app.links))
        assert not watched.is_ready()
        assert f"{metrics.BROKER_BLOCKED.name} 1.0" in watched.measured()
        assert watched.looks(0, 1, 2, 90) == [[], [], ["broker_blocked"], ["broker_blocked"]]
        assert road.counts()[State.POSTED] == 0
        assert road.ledger.alerts(road.pair) == []

        node.has_enough()
        road.until_settled()
        road.until(watched.is_ready)
        assert watched.looks(91, 105, 106, 120) == [["broker_blocked"], ["broker_blocked"], [], []]
    assert told() == [("alert", "broker_blocked"), ("alert_over", "broker_blocked")]
    road.agree()


def test_the_broker_lets_us_in_no_more(watched, node, told):
    """Its users are lost with its disk, or somebody changes a password: that ends nothing, and is said."""
    road = watched.road
    with watched.at_work():
        node.lets_nobody_in()
        watched.read()
        road.until(lambda: any(link.is_refused for link in watched.app.links))
        assert not watched.is_ready()
        assert watched.looks(0, 1, 2, 90) == [[], [], ["broker_down"], ["broker_down"]]
        (alert,) = road.ledger.alerts("")
        assert alert.text.endswith("refuses the user, the password or the virtual host, which it took before.")
        assert not watched.crew.quiet.is_set()

        node.lets_us_in()
        road.until_settled()
        road.until(watched.is_ready)
        assert watched.looks(91, 105, 106, 120) == [["broker_down"], ["broker_down"], [], []]
    assert told() == [("alert", "broker_down"), ("alert_over", "broker_down")]
    road.agree()
