"""The command line for tests, run in a process of its own: nothing is paced, and it ends where a test says.

    CARTLEDGER_TEST_PLACE="kill before send 2" python program.py --config cartledger.toml run

kills the process before its second call of `Ledger.send`; `within` is between the last write and the commit, `after`
behind the commit. `stop` in place of `kill` sends it SIGSTOP; `stall` lets no call of the transition go on from this
one on. CARTLEDGER_TEST_SILENCE is how many seconds a thread may say nothing before it counts as stuck,
CARTLEDGER_TEST_LEVEL what is logged (INFO).
"""

from __future__ import annotations

import itertools
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from cartledger import logs
from cartledger.ledger.store import Ledger
from cartledger.settings import Settings
from daemon import cli, pulse
from daemon.app import App
from daemon.context import Context

AT_THE_FILE = threading.RLock()
"""Held by whoever is at the ledger's file: a process that sleeps with SQLite's lock in its hand stops all others."""


class Unhurried:
    """A quota that always grants."""

    def take(self, bucket: str, *, per_second: float, burst: int) -> float:
        return 0.0


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def stop() -> None:
    with AT_THE_FILE:
        signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)  # one to the process lets this thread go on a little


def stall() -> None:
    threading.Event().wait()


ENDS = {"kill": kill, "stop": stop, "stall": stall}


def ledger_ending_at(place: str) -> type[Ledger]:
    """A ledger whose calls come to an end at `place`, for instance "kill before send 2"."""
    how, when, name, nth = place.split()
    end, calls, here = ENDS[how], itertools.count(1), threading.local()
    assert when in {"before", "within", "after"}, when

    class Mortal(Ledger):
        @contextmanager
        def transaction(self) -> Iterator[None]:
            with AT_THE_FILE, super().transaction():
                yield
                if getattr(here, "within", False):
                    end()

        def _rows(self, statement: str, **values: Any) -> list[Any]:
            with AT_THE_FILE:
                return super()._rows(statement, **values)

    def step(self: Ledger, *args: Any, **options: Any) -> Any:
        call = next(calls)
        now = call == int(nth) or (how == "stall" and call > int(nth))
        if now and when == "before":
            end()
        here.within = now and when == "within"
        answer = getattr(super(Mortal, self), name)(*args, **options)
        if now and when == "after":
            end()
        return answer

    assert callable(getattr(Ledger, name)), name
    setattr(Mortal, name, step)
    return Mortal


class Unpaced(Context):
    def build(self, settings: Settings, **shared: Any) -> App:
        place = os.environ.get("CARTLEDGER_TEST_PLACE", "")
        ledger = ledger_ending_at(place) if place else Ledger
        return App(settings, quota=lambda _: Unhurried(), open_ledger=ledger.open, **shared)


@click.group(cls=cli.Commands, commands=cli.main.commands)
@click.option("--config", type=click.Path(path_type=Path))
@click.pass_context
def main(ctx: click.Context, config: Path) -> None:
    logs.set_up(sys.stderr, as_json=True, level=getattr(logging, os.environ.get("CARTLEDGER_TEST_LEVEL", "INFO")))
    ctx.obj = Unpaced(config=config)


if __name__ == "__main__":
    pulse.LONGEST_SILENCE = timedelta(seconds=float(os.environ.get("CARTLEDGER_TEST_SILENCE", "600")))
    main()
