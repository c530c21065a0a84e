"""`cartledger backup` and `cartledger restore`: what they say, and with which exit code they end."""

from __future__ import annotations

import pytest

from cartledger.ledger.schema import STEPS


@pytest.fixture
def road(shop, make_road):
    """Six orders, two of them held; nobody has the ledger open."""
    road = make_road(shop)
    road.sync()
    road.end()
    return road


def test_a_backup_is_told_to_a_person_and_to_a_program(road, command):
    run, file = command(road), road.folder / "monday.db"
    said = run("backup", str(file)).stdout
    assert said == (
        f"Backed up 6 orders to {file} ({file.stat().st_size} bytes). It holds names, addresses and tokens: "
        "keep it where nobody else can read it.\n"
    )
    facts = run.facts("backup", str(file))
    assert facts["sources"]["order"] == {"held": 2, "posted": 4}
    assert {name: facts[name] for name in ("path", "bytes", "step")} == {
        "path": str(file),
        "bytes": file.stat().st_size,
        "step": len(STEPS),
    }


def test_a_restored_backup_is_told_with_what_comes_next(road, command):
    run, file = command(road), road.folder / "monday.db"
    ledger = road.settings().ledger.path
    run("backup", str(file))
    assert run("restore", str(file)).stdout.splitlines() == [
        f"Restored 6 orders to {ledger}.",
        f"What stood there is {ledger}.replaced-1 now.",
        "Nothing posts by itself. For each connection: cartledger check, then cartledger sync CONNECTION, which finds "
        "again what was posted since the backup; then cartledger enable CONNECTION.",
    ]
    facts = run.facts("restore", str(file))
    assert (facts["path"], facts["replaced"]) == (str(ledger), f"{ledger}.replaced-2")
    assert facts["sources"]["order"] == {"held": 2, "posted": 4}


def test_a_ledger_that_is_not_there_is_neither_backed_up_nor_made(shop, make_road, command):
    road = make_road(shop)
    assert command(road)("backup", str(road.folder / "monday.db"), expect=2).stderr.startswith("There is no ledger ")
    assert sorted(each.name for each in road.folder.iterdir()) == ["cartledger.toml"]


@pytest.mark.option("ledger.path")
def test_it_needs_to_know_where_the_ledger_is_and_no_secrets(road, command):
    ledger, file = road.settings().ledger.path, road.folder / "monday.db"
    road.environment = {}
    assert command(road).facts("backup", str(file))["sources"]["order"] == {"held": 2, "posted": 4}
    moved = ledger.rename(road.folder / "elsewhere.db")
    assert command(road)("backup", str(file), expect=2).stderr.startswith(f"There is no ledger {ledger}.")
    road.environment = {"CARTLEDGER_LEDGER__PATH": moved.name}
    assert command(road).facts("restore", str(file))["path"] == str(moved)
    road.config.write_text('[ledger]\npaht = "x.db"\n')
    assert command(road)("backup", str(file), expect=2).stderr == (
        f'{road.config}:2: ledger.paht is not a setting. Did you mean "path"?\n'
    )


def test_while_the_daemon_runs_it_is_backed_up_and_not_restored(road, command):
    run, file = command(road), road.folder / "monday.db"
    running = road.start("run")
    road.until(lambda: bool(running.said("started")))
    assert road.run_cli("backup", str(file)).returncode == 0
    refused = road.run_cli("restore", str(file))
    assert (refused.returncode, refused.stderr.partition(". ")[0]) == (
        2,
        f"A process has the ledger {road.settings().ledger.path} open",
    )
    assert running.stop() == 0
    run("restore", str(file))
