"""The command line for tests, run in a process of its own: nothing is paced, and it dies where a test says.

    CARTLEDGER_TEST_DIE="before send 2" python program.py --config cartledger.toml run

kills the process before its second call of `Ledger.send`; `within` kills between the last write and the commit,
`after` behind the commit. `stall claim 1` lets no call of `Ledger.claim` come back from the first one on.
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
from pathlib import Path
from typing import Any

import click

from cartledger import logs
from cartledger.ledger.store import Ledger
from daemon import cli
from daemon.app import App
from daemon.context import Context


class Unhurried:
    """A quota that always grants."""

    def take(self, bucket: str, *, per_second: float, burst: int) -> float:
        return 0.0


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def mortal(when: str, name: str, nth: int) -> type[Ledger]:
    """A ledger whose `nth` call of the transition `name` is this process's last."""
    calls, here = itertools.count(1), threading.local()

    class Mortal(Ledger):
        @contextmanager
        def transaction(self) -> Iterator[None]:
            with super().transaction():
                yield
                if getattr(here, "dying", False):
                    die()

    def step(self: Ledger, *args: Any, **options: Any) -> Any:
        call = next(calls)
        if when == "stall" and call >= nth:
            threading.Event().wait()
        last = call == nth
        if last and when == "before":
            die()
        here.dying = last and when == "within"
        answer = getattr(super(Mortal, self), name)(*args, **options)
        if last:
            die()
        return answer

    assert callable(getattr(Ledger, name)), name
    setattr(Mortal, name, step)
    return Mortal


def ledger_of(place: str) -> type[Ledger]:
    if not place:
        return Ledger
    when, name, nth = place.split()
    assert when in {"before", "within", "after", "stall"}, when
    return mortal(when, name, int(nth))


class Unpaced(Context):
    @contextmanager
    def app(self) -> Iterator[App]:
        ledger = ledger_of(os.environ.get("CARTLEDGER_TEST_DIE", ""))
        app = App(self.settings(), quota=lambda _: Unhurried(), open_ledger=ledger.open)
        try:
            yield app
        finally:
            app.close()


@click.group(cls=cli.Commands, commands=cli.main.commands)
@click.option("--config", type=click.Path(path_type=Path))
@click.pass_context
def main(ctx: click.Context, config: Path) -> None:
    logs.set_up(sys.stderr, as_json=True, level=logging.INFO)
    ctx.obj = Unpaced(config=config)


if __name__ == "__main__":
    main()
