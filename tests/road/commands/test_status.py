"""`cartledger status`, `enable` and `disable`: from the ledger alone, and the gate before anything is posted."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from cartledger.ledger.types import Alert
from daemon.clock import now


def cells(row):
    return [cell.strip() for cell in row.split("│")]


def test_before_anything_was_read(shop, make_road, command):
    run = command(make_road(shop))
    facts = run.facts("status")
    assert (facts["dead_letters"], facts["alerts"], facts["processes"]) == (0, [], [])
    assert facts["connections"]["demo"].pop("next_read").startswith("20")
    assert facts["connections"]["demo"] == {
        "alerts": [],
        "enabled": False,
        "interval": "1m",
        "workflows": ["payments", "sales"],
        "last_read": None,
        "orders": dict.fromkeys(("queued", "claimed", "posted", "held", "excluded"), 0),
        "stock": None,
        "oldest_waiting": None,
        "troubles": [],
        "runs": [],
    }
    assert shop.report()["bigcommerce"]["calls"] == 0
    assert "demo" in run("status").stdout


def test_after_a_sync(shop, make_road, command):
    road = make_road(shop)
    road.sync()
    row, run = [cells(line) for line in command(road)("status").stdout.splitlines() if line.startswith("demo")]
    assert (row[0], row[1], row[4:]) == ("demo", "no", ["0", "4", "2", "0"])
    assert (run[2], run[3], run[4], run[6:]) == ("sales", "sync", "6", ["2", "0"])
    one = command(road).facts("status")["connections"]["demo"]
    assert one["orders"] == {"queued": 0, "claimed": 0, "posted": 4, "held": 2, "excluded": 0}
    assert one["last_read"].startswith("20")
    (run,) = one["runs"]
    assert (run["posted"], run["held"], run["ended"] is not None) == (4, 2, True)


def test_a_trouble_is_shown_with_its_start(shop, make_road, command):
    road = make_road(shop)
    shop.company.subscription_ended = True
    road.sync()
    run = command(road)
    (trouble,) = run.facts("status")["connections"]["demo"]["troubles"]
    assert trouble.startswith("QuickBooks since 20")
    assert trouble.endswith(
        " UTC: The company's subscription has ended. (QuickBooks 6190) "
        "Renew the QuickBooks subscription, or connect a company that is active."
    )
    assert f"demo: {trouble}" in run("status").stdout
    oldest = run.facts("status")["connections"]["demo"]["oldest_waiting"]
    when = oldest[:16].replace("T", " ")
    assert f"demo: the oldest order that waits is of {when} UTC." in run("status").stdout


@pytest.mark.option("quickbooks.monthly_reads")
def test_metered_reads_are_shown_against_the_budget(shop, make_road, command):
    road = make_road(shop, quickbooks={"monthly_reads": 7000})
    road.sync()
    (use,) = command(road).facts("status")["reads"]
    assert (use["connections"], use["budget"]) == (["demo"], 7000)
    assert use["reads"] == shop.company.counts.reads > 0
    assert use["forecast"] >= use["reads"]
    assert command(road)("status").stdout.splitlines()[-1] == (
        f"QuickBooks was read {use['reads']} times this month (UTC) of 7000 that Intuit grants (demo); at this pace it "
        f"will be {use['forecast']}."
    )


def test_enabled_and_disabled(shop, make_road, command):
    road = make_road(shop)
    run = command(road)
    assert run("enable", "demo").stdout == (
        "demo is enabled: what is due is posted by itself. `cartledger disable demo` stops it.\n"
    )
    assert run.facts("status")["connections"]["demo"]["enabled"] is True
    assert run("disable", "demo").stdout == (
        "demo is disabled: nothing more is written. Calls already sent are still accounted for.\n"
    )
    assert run.facts("status")["connections"]["demo"]["enabled"] is False
    assert run("enable", "dmo", expect=2).stderr == (
        'There is no connection "dmo". Did you mean "demo"? Connections in the file: demo.\n'
    )


def test_a_sync_by_hand_posts_although_the_connection_is_disabled(shop, make_road, command):
    road = make_road(shop)
    command(road)("disable", "demo")
    assert road.sync().posted == 4


def test_disable_stops_a_sync_that_is_going_on(shop, make_road, command):
    road = make_road(shop)
    road.hang("quickbooks", "query", nth=1, executed=True)

    def disable() -> None:
        """While the company is being read, before anything is written."""
        road.until_held()
        command(road)("disable", "demo")
        shop.faults.release()

    with ThreadPoolExecutor(1) as pool:
        disabled = pool.submit(disable)
        synced = road.sync()
        disabled.result()
    assert (synced.posted, synced.exit_code) == (0, 1)
    assert shop.company.report()["written"] == 0


def test_stock_is_told_of_where_it_is_kept(shop, make_road, command):
    road = make_road(shop, connection={"workflows": ["sales", "payments", "stock"]})
    assert command(road).facts("status")["connections"]["demo"]["stock"]["last_read"] is None
    assert "demo: the stock was never read." in command(road)("status").stdout
    road.sync()
    stock = command(road).facts("status")["connections"]["demo"]["stock"]
    assert stock.pop("last_read").startswith("20")
    assert stock.pop("next_read").startswith("20")
    waiting = road.ledger.waiting_proposal(road.pair)
    tracked = sum(product["inventory_tracking"] == "product" for product in shop.shop.products)
    unsure = sum(not level.sure for level in road.ledger.stock_levels(road.pair))  # of orders placed a moment ago
    assert stock == {"items": tracked, "levels": tracked, "unsure": unsure, "refused": 0, "waiting": waiting.id}
    said = command(road)("status").stdout
    assert f"{tracked} levels of these; {unsure} are to be written again, 0 it has refused." in said
    assert f"cartledger stock show {waiting.id}" in said


@pytest.mark.parametrize(
    ("interval", "shown"),
    [("manual", "by hand"), ("12h", None), ("1s", "now"), ("daily at 02:30", None)],
)
def test_when_the_shop_is_read_next(shop, make_road, command, interval, shown):
    road = make_road(shop, connection={"interval": interval})
    road.sync()
    due = command(road).facts("status")["connections"]["demo"]["next_read"]
    row = next(line for line in command(road)("status").stdout.splitlines() if line.startswith("demo"))
    if shown != "now":  # else it may be due between the two
        assert cells(row)[3] == (shown or due[:16].replace("T", " "))
    assert (due is None) == (interval == "manual")


def test_nothing_is_asked_for_the_zone_of_a_store(shop, make_road, command):
    road = make_road(shop, connection={"interval": "daily at 02:30", "timezone": None})
    run = command(road)
    assert run.facts("status")["connections"]["demo"]["next_read"] is None
    assert shop.report()["bigcommerce"]["calls"] == 0
    road.sync()
    assert run.facts("status")["connections"]["demo"]["next_read"].startswith("20")


def test_what_is_wrong_comes_first_with_what_to_do(shop, make_road, command):
    road = make_road(shop)
    since = now()
    held = Alert(pair=road.pair, cause="held_orders", since=since, text="2 orders are held.", fix="Look at them.")
    full = Alert(pair="", cause="ledger_trouble", since=since, text="The disk is full.", fix="Free some space.")
    for alert in (held, full):
        road.ledger.raise_alert(alert)
    facts = command(road).facts("status")
    assert [one["cause"] for one in facts["alerts"]] == ["ledger_trouble"]
    assert facts["connections"]["demo"]["alerts"] == [
        {"cause": "held_orders", "since": since.isoformat(), "text": "2 orders are held.", "fix": "Look at them."}
    ]
    when = f"(since {since:%Y-%m-%d %H:%M} UTC)"
    assert command(road)("status").stdout.splitlines()[:4] == [
        f"ALERT The disk is full. {when}",
        "      Free some space. docs/RUNBOOK.md#ledger_trouble",
        f"ALERT demo: 2 orders are held. {when}",
        "      Look at them. docs/RUNBOOK.md#held_orders",
    ]


def test_who_runs_and_who_ended_without_a_word(shop, make_road, command):
    road = make_road(shop)
    run = command(road)
    assert "No process runs; `cartledger sync` reads and posts now.\n" in run("status").stdout
    present, earlier = road.ledger, road.app(clock=lambda: now() - timedelta(hours=2)).ledger
    for owner, role, instance in (("a", "produce", 0), ("b", "consume", 1), ("c", "consume", 2), ("d", "consume", 2)):
        earlier.process_started(owner, role, instance)
    present.process_seen("a")
    present.process_ended("d")
    told = run.facts("status")["processes"]
    assert [(one["role"], one["instance"], one["runs"]) for one in told] == [
        ("produce", 0, True),
        ("consume", 1, False),
    ]
    said = run("status").stdout
    assert "produce runs since " in said
    assert "consume 1 ended without a word; it was last seen at " in said
    assert "consume 2" not in said


def test_a_process_that_was_killed_does_not_run(shop, make_road, command):
    road = make_road(shop)
    its_name = "from daemon.owners import new_owner; print(new_owner())"
    owner = subprocess.run([sys.executable, "-c", its_name], capture_output=True, text=True, check=True).stdout.strip()
    road.ledger.process_started(owner, "consume", 1)
    assert "consume 1 ended without a word; it was last seen at " in command(road)("status").stdout


def test_it_is_readable_on_a_narrow_terminal(shop, make_road):
    road = make_road(shop, connection={"interval": "12h", "workflows": ["sales", "payments"]})
    road.sync()
    said = road.run_cli("status").stdout.splitlines()
    rows = [line for line in said if "│" in line]
    assert [len(row.split("│")) for row in rows if row.startswith("demo")] == [8, 8]
    assert max(map(len, rows)) <= 100
