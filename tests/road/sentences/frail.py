"""The command line for tests, in a process of its own that meets its end: not paced, and

CARTLEDGER_TEST_ROOM=20      the disk under the ledger is full once the file has grown by 20 pages
CARTLEDGER_TEST_DIES_AT=5001 the process is killed whenever order 5001 is about to be decided
"""

from __future__ import annotations

import logging
import os
import signal
import sqlite3
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from cartledger import logs
from cartledger.ledger.store import Ledger
from cartledger.settings import Settings
from daemon import cli
from daemon.app import App
from daemon.context import Context

ROOM = os.environ.get("CARTLEDGER_TEST_ROOM")
DIES_AT = os.environ.get("CARTLEDGER_TEST_DIES_AT")


class Unhurried:
    """A quota that always grants."""

    def take(self, bucket: str, *, per_second: float, burst: int) -> float:
        return 0.0


class Frail(Ledger):
    """Fails as its disk or its process does."""

    limit = 0

    def _connection(self) -> sqlite3.Connection:
        connection = super()._connection()
        if ROOM is not None:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            Frail.limit = Frail.limit or pages + int(ROOM)
            connection.execute(f"PRAGMA max_page_count = {Frail.limit}")
        return connection

    def links(self, pair: str, kind: str, ids: Iterable[str]) -> Any:
        wanted = list(ids)
        if DIES_AT in wanted:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().links(pair, kind, wanted)


class OnFrailGround(Context):
    def build(self, settings: Settings, **shared: Any) -> App:
        return App(settings, quota=lambda _: Unhurried(), open_ledger=Frail.open, **shared)


@click.group(cls=cli.Commands, commands=cli.main.commands)
@click.option("--config", type=click.Path(path_type=Path))
@click.pass_context
def main(ctx: click.Context, config: Path) -> None:
    logs.set_up(sys.stderr, as_json=True, level=logging.DEBUG)
    ctx.obj = OnFrailGround(config=config)


if __name__ == "__main__":
    main()
