"""RabbitMQ that is short of memory: told of once, and once that it is over; no process counts as ready meanwhile.

A real alarm on a node of this test's own, and real links; what lies ahead of now is looked at by a clock of the test's.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest

from cartledger import metrics
from cartledger.ledger.types import State
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


def test_the_broker_is_short_of_memory(make_sim, make_road, node, caplog):
    caplog.set_level("INFO", logger="cartledger")
    sim = make_sim()
    sim.fill(orders=3, customers=3, clean=True)
    road = make_road(sim, broker={"url": node.url}, connection={"interval": "1h"})
    road.enable()
    began, ahead = now(), [timedelta(0)]
    app, names = road.app(clock=lambda: began + ahead[0]), [road.name]
    app.begin()
    app.ledger.process_started(app.owner, "run", 0)
    watch, crew = Watch(app, names), Crew()
    producing, consuming = Producing(app, names, crew), Consuming(app, names, crew, threads=1)
    shown = pages(lambda: app, app.pulse)

    def looks(*minutes):
        """The causes that stand after each look, so many minutes after it began."""
        standing = []
        for each in minutes:
            ahead[0] = timedelta(minutes=each)
            app.ledger.process_seen(app.owner)
            watch.look()
            standing.append([alert.cause for alert in road.ledger.alerts("")])
        return standing

    def broker_is_ready():
        return json.loads(shown["/readyz"]("").body)["broker"] == "well"

    try:
        crew.start("hand-over", producing.hand_over)
        crew.start("work", consuming.work)
        road.until(lambda: len(app.links) == 2 and broker_is_ready())
        node.runs_short()
        producing.read(app.lines[road.name], lambda _: None)
        road.until(lambda: any(link.is_held_back for link in app.links))
        assert not broker_is_ready()
        assert f"{metrics.BROKER_BLOCKED.name} 1.0" in shown["/metrics"]("").body.decode()
        assert looks(0, 1, 2, 90) == [[], [], ["broker_blocked"], ["broker_blocked"]]
        assert road.counts()[State.POSTED] == 0
        assert road.ledger.alerts(road.pair) == []

        node.has_enough()
        road.until_settled()
        road.until(broker_is_ready)
        assert looks(91, 105, 106, 120) == [["broker_blocked"], ["broker_blocked"], [], []]
    finally:
        crew.stop()
        crew.wait()
    told = [(record.action, record.cause) for record in caplog.records if "alert" in getattr(record, "action", "")]
    assert told == [("alert", "broker_blocked"), ("alert_over", "broker_blocked")]
    road.agree()
