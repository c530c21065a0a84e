"""Tokens never race: many processes on one ledger, access tokens that end soon, refresh tokens that count once."""

from __future__ import annotations

import subprocess
import sys

PROCESSES, CALLS, LASTS = 8, 125, 50


def test_eight_processes_never_offer_a_refresh_token_twice(make_sim, make_road):
    sim = make_sim()
    sim.company.tokens.lifetime_calls = LASTS
    sim.company.tokens.rotate_every = 1
    road = make_road(sim)
    command = [sys.executable, "-m", "tests.road.calling", str(road.config), road.name, str(CALLS)]
    running = [
        subprocess.Popen(command, env=road._environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(PROCESSES)
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate()[0] for process in running] == ["done\n"] * PROCESSES
    counts = sim.company.counts
    assert counts.invalid_grants == 0
    assert counts.reads == PROCESSES * CALLS
    assert counts.token_refreshes >= PROCESSES * CALLS // LASTS
    company = f"{sim.company.realm_id}:{sim.company.client_id}"
    kept = road.ledger.token(company)
    assert kept is not None
    assert kept.refresh == sim.company.refresh_token
