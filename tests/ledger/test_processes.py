"""Four processes on one ledger: opened once, claimed once, granted once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cartledger.ledger.store import Ledger
from cartledger.ledger.types import Read, State

PAIR = "abc123:9130"
SCRIPT = Path(__file__).with_name("in_a_process.py")


def together(act: str, path: Path, processes: int = 4) -> list[list[str]]:
    """Start them all, let them go at once, and gather what each says. A process that fails fails the test."""
    started = [
        subprocess.Popen([sys.executable, SCRIPT, act, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(processes)
    ]
    for process in started:
        assert process.stdout.readline() == "ready\n"
    for process in started:
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=240)[0] for process in started]
    assert [process.returncode for process in started] == [0] * processes
    return [json.loads(line) for line in said]


def test_a_new_ledger_is_made_once(tmp_path, clock):
    path = tmp_path / "ledger.db"
    assert together("open", path) == [["True"]] * 4
    assert sorted(file.name for file in tmp_path.iterdir() if "before" in file.name) == []
    ledger = Ledger.open(path, clock=clock)
    assert ledger.is_enabled(PAIR)
    ledger.close()


def test_every_source_is_claimed_by_one(tmp_path, clock):
    path = tmp_path / "ledger.db"
    ledger = Ledger.open(path, clock=clock)
    reads = [Read(id=str(n), version="v1", record=b"{}", modified=clock.now) for n in range(300)]
    ledger.remember(PAIR, "order", reads)
    won = [id_ for ids in together("claim", path) for id_ in ids]
    assert sorted(won, key=int) == [str(n) for n in range(300)]
    assert ledger.counts(PAIR, "order")[State.CLAIMED] == 300
    ledger.close()


def test_a_quota_is_shared(tmp_path, clock):
    path = tmp_path / "ledger.db"
    Ledger.open(path, clock=clock).close()
    assert sum(len(grants) for grants in together("take", path)) == pytest.approx(20, abs=1)


def test_no_read_is_counted_twice_or_lost(tmp_path, clock):
    path = tmp_path / "ledger.db"
    ledger = Ledger.open(path, clock=clock)
    together("count", path)
    assert ledger.reads_of("9130", "2026-03") == 400
    ledger.close()
