"""A ledger that cannot be written, must not be used, or ends with its process: a sentence, and nothing lost."""

from __future__ import annotations

import sqlite3

import pytest

from cartledger.ledger.types import State
from tests.road.sentences.conftest import OTHERS, frail

CLAIMS_BEFORE_HELD = 5


def full(road) -> str:
    path = road.settings().ledger.path
    return f"The disk under the ledger {path} is full. Free some space there and start again; nothing is lost."


@pytest.mark.parametrize("command", ["sync demo", "run"])
def test_a_disk_that_is_full_from_the_start(shop, make_road, command):
    road = make_road(shop)
    road.enable()
    ended = frail(road, *command.split(), ROOM=0)
    assert (ended.returncode, ended.stderr.splitlines()[-1:]) == (1, [full(road)])
    assert sum(road.counts().values()) == 0


@pytest.mark.parametrize("command", ["sync demo", "run"])
def test_a_disk_that_fills_up_while_orders_are_posted(shop, make_road, command):
    road = make_road(shop)
    road.enable()
    ended = frail(road, *command.split(), ROOM=14)
    assert (ended.returncode, ended.stderr.splitlines()[-1:]) == (1, [full(road)])
    assert shop.company.report()["written"] > 0
    assert road.counts()[State.POSTED] < OTHERS
    synced = road.sync()
    assert (synced.posted, synced.exit_code) == (OTHERS, 0)
    road.agree()


def test_a_ledger_that_others_can_read(shop, make_road):
    road = make_road(shop)
    path = road.settings().ledger.path
    road.app()
    path.chmod(0o644)
    ended = road.run_cli("sync", road.name)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == (
        f"The ledger holds names, addresses and tokens, and others can read it: {path}. "
        f"Close it with `chmod 600 {path}`.\n"
    )
    path.chmod(0o600)
    assert road.run_cli("status").returncode == 0


def test_a_ledger_that_is_newer_than_the_program(shop, make_road):
    road = make_road(shop)
    road.sync()
    path = road.settings().ledger.path
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO _sqlite_migrations (migration_set, name) VALUES ('cartledger', '0999')")
        (steps,) = connection.execute("SELECT count(*) - 1 FROM _sqlite_migrations").fetchone()
    connection.close()
    ended = road.run_cli("run")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == (
        f"The ledger {path} was written by a newer cartledger (step 999, this program knows {steps}). "
        "Install that version again, or restore the copy that it made before the change.\n"
    )
    assert list(path.parent.glob("*.before-*")) == []


def test_a_file_that_is_no_ledger(shop, make_road):
    road = make_road(shop)
    path = road.settings().ledger.path
    path.write_text("Dear diary, today I was told to be a ledger.")
    path.chmod(0o600)
    ended = road.run_cli("status")
    assert (ended.returncode, ended.stderr) == (2, f"{path} is not a ledger. Name another file as the ledger.\n")
    assert path.read_text().startswith("Dear diary")


def test_an_order_that_ends_the_process_every_time_is_held_and_the_others_are_posted(
    shop, make_road, plain_order, stands, others_posted
):
    first = min(shop.shop.orders) - 1  # the first in every batch
    shop.shop.add_order(plain_order(first))
    road = make_road(shop)
    road.enable()
    ends = [frail(road, "sync", road.name, DIES_AT=first).returncode for _ in range(CLAIMS_BEFORE_HELD)]
    assert ends == [-9] * CLAIMS_BEFORE_HELD
    assert frail(road, "sync", road.name, DIES_AT=first).returncode == 1
    held = stands(road, first)
    assert (held.state, held.why) == (
        State.HELD,
        [
            "The process ended 5 times while it worked on this source. "
            "Look at the log before each end; `cartledger held retry` tries once more."
        ],
    )
    others_posted(road)
