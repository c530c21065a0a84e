"""The pages of a process: its metrics, whether it is alive, whether it can do its work."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from contextlib import closing
from importlib.metadata import version
from typing import Any

from prometheus_client import GCCollector, PlatformCollector, ProcessCollector, disable_created_metrics
from prometheus_client.exposition import choose_encoder

from cartledger import metrics as m
from cartledger.errors import CartledgerError
from cartledger.ledger.store import Glance, Ledger
from cartledger.metrics import Metrics
from consumers.circuit import NAMES
from daemon.app import App, Line
from daemon.pulse import Pulse
from daemon.web.gauges import LookedUp, last_read
from daemon.web.server import Page, Pages, as_json

WELL, WAITS, NEEDS_A_PERSON = "well", "waits", "needs a person"


def pages(app: Callable[[], App], pulse: Pulse) -> Pages:
    """Of the process whose present program `app` gives."""
    return {
        "/metrics": lambda accepts: _metrics(app(), accepts),
        "/healthz": lambda _: _healthz(pulse),
        "/readyz": lambda _: _readyz(app()),
    }


def describe(metrics: Metrics, app: Callable[[], App], *, role: str, number: int | None) -> None:
    """Add to `metrics` what the process is and, where it reads the shops, what is looked up. `number` tells several
    consumers apart."""
    disable_created_metrics()  # type: ignore[no-untyped-call] # the library's own oversight
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=metrics.registry)
    build = {"version": version("cartledger"), "python": platform.python_version()}
    metrics.set(m.BUILD, 1, **build, role=role, number="" if number is None else str(number))
    if role != "consume":
        metrics.registry.register(LookedUp(app))


def _metrics(app: App, accepts: str) -> Page:
    links = list(app.links)
    app.metrics.set(m.BROKER_CONNECTED, _is_up(app))
    app.metrics.set(m.BROKER_BLOCKED, any(link.is_held_back for link in links))
    encode, content_type = choose_encoder(accepts)
    return Page(encode(app.metrics.registry), content_type)


def _is_up(app: App) -> bool:
    links = list(app.links)
    return bool(links) and all(link.is_up for link in links)


def _healthz(pulse: Pulse) -> Page:
    stuck = pulse.stuck()
    return as_json({"alive": not stuck, "stuck": stuck}, well=not stuck)


def _readyz(app: App) -> Page:
    broker = _is_up(app) and not any(link.is_held_back for link in list(app.links))
    try:
        with closing(Glance(app.ledger.path, app.clock)) as ledger:
            connections = {name: _connection(line, ledger) for name, line in app.lines.items()}
        readable = True
    except CartledgerError:
        connections, readable = {}, False
    sides = [standing for facts in connections.values() for standing in facts["sides"].values()]
    ready = broker and readable and all(standing == WELL for standing in sides)
    facts = {
        "ready": ready,
        "broker": WELL if broker else WAITS,
        "ledger": WELL if readable else NEEDS_A_PERSON,
        "connections": connections,
    }
    return as_json(facts, well=ready)


def _connection(line: Line, ledger: Ledger) -> Mapping[str, Any]:
    """How both sides stand, by their circuits: nothing is called for it."""
    circuits = {circuit.side: circuit for circuit in ledger.circuits(line.connection.pair)}
    read = last_read(line, ledger)
    return {
        "enabled": ledger.is_enabled(line.connection.pair),
        "sides": {side: _standing(circuits[side].needs_person) if side in circuits else WELL for side in NAMES},
        "last_read": read.isoformat() if read else None,
    }


def _standing(needs_person: bool) -> str:
    return NEEDS_A_PERSON if needs_person else WAITS
