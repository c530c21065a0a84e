"""The alert rules, evaluated by promtool: each outage is told once, in time, and taken back; quiet weeks are quiet."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pytest
import yaml

from daemon.watching import causes, heartbeat
from tests.monitoring.conftest import CATALOGUE, GRAFANA, ROOT, base, metrics_in, rules
from tests.monitoring.world import (
    CONSUMERS,
    CONSUMERS_OF_QUEUES,
    DAY,
    HOUR,
    INSTANCES,
    INTERVAL,
    PRODUCER,
    Outage,
    World,
    looked_up,
    messages,
    of_main,
    ours,
)

ALERTS = [rule for rule in rules() if "alert" in rule]
RULES = {rule["labels"]["cause"]: rule for rule in ALERTS}
LOOKED_UP_SERIES = looked_up(World(range(1), []).series)
OF_PROMETHEUS = {"process_start_time_seconds", "cartledger_throttled"}
OF_TARGETS = {"job", "instance", "alertname", "alertstate", "service"}
OUTSIDE_ONLY = {"process_gone", "heartbeat_missing"}
ALL, MAIN = {"job": "cartledger"}, {"connection": "main"}


@dataclass(frozen=True, kw_only=True)
class Case:
    """An outage and its alert: there after `within` minutes, gone `clears` minutes after the end. `value` is how its
    texts say how bad it is."""

    cause: str
    outage: Outage
    labels: Mapping[str, str]
    about: str = ""
    within: int = 10
    clears: int = 6
    value: str = ""

    def __str__(self) -> str:
        return f"{self.cause} {self.about}".strip()

    @property
    def minutes(self) -> range:
        return range(self.outage.ends + max(self.clears, INTERVAL) + INTERVAL)


def at_all(name: str, value: float) -> dict[str, float | None]:
    return {ours(name, instance): value for instance in INSTANCES}


ANY = 'cause=~".+"'
NOBODY: dict[str, float | None] = dict.fromkeys(CONSUMERS_OF_QUEUES, 0)
NO_QUEUES: dict[str, float | None] = dict.fromkeys(CONSUMERS_OF_QUEUES)
OTHER_CONNECTIONS = {
    ours("enabled", connection="by_hand"): 1,
    ours("last_read_timestamp_seconds", connection="by_hand", stream="orders"): 0,
    ours("sources", connection="by_hand", kind="order", state="queued"): 1000,
    messages("done", connection="by_hand"): 0,
    ours("token_expires_timestamp_seconds", connection="by_hand"): lambda minute: 14.5 * 86400 + 60 * minute,
    ours("quickbooks_reads_month", connection="by_hand"): 120_000,
    ours("quickbooks_reads_forecast", connection="by_hand"): 600_000,
    ours("quickbooks_reads_budget", connection="by_hand"): 500_000,
    ours("enabled", connection="not_yet"): 0,
    ours("last_read_timestamp_seconds", connection="not_yet", stream="orders"): 0,
    ours("next_read_timestamp_seconds", connection="not_yet", stream="orders"): 3600,
    ours("oldest_queued_timestamp_seconds", connection="not_yet", kind="order"): 0,
    ours("sources", connection="not_yet", kind="order", state="queued"): 1000,
    messages("done", connection="not_yet"): 0,
    ours("held", connection="not_yet", cause="not_paid"): 7,
    ours("difference_documents", connection="not_yet"): 1,
    ours("stock_waiting", connection="not_yet"): 1,
    ours("token_expires_timestamp_seconds", connection="not_yet"): 0,
    ours("enabled", connection="not_any_more"): 0,
    ours("sources", connection="not_any_more", kind="order", state="queued"): lambda minute: 400 + 10 * minute,
    ours("next_read_timestamp_seconds", connection="not_any_more", stream="orders"): lambda minute: 60 * minute + 1,
    messages("done", connection="not_any_more"): lambda minute: minute,
    ours("enabled", connection="neither"): 0,
    ours("circuit_open", connection="neither", side="quickbooks"): 2,
    ours("enabled", connection="nor_this"): 0,
    ours("circuit_open", connection="nor_this", side="quickbooks"): 1,
    ours("enabled", connection="nor_that"): 0,
    ours("circuit_open", connection="nor_that", side="reading orders"): 1,
}
"""One that a person reads, and some that do not post by themselves: whatever is wrong with them, nobody is told."""

CASES = [
    Case(cause="process_gone", about="(a consumer)", outage=Outage(scraped=INSTANCES[:2]), labels=ALL),
    Case(
        cause="process_gone",
        about="(every consumer)",
        outage=Outage(scraped=[PRODUCER], posts=False, beats=False, sets=NOBODY),
        labels=ALL,
    ),
    Case(cause="process_gone", about="(all)", outage=Outage(scraped=[], posts=False, reads=False), labels=ALL),
    Case(cause="crash_loop", outage=Outage(starts_again=CONSUMERS[0], beats=False), labels=ALL, clears=20),
    Case(cause="consumer_missing", outage=Outage(posts=False, beats=False, sets=NOBODY), labels=ALL),
    Case(
        cause="ledger_trouble",
        outage=Outage(posts=False, sets=dict.fromkeys([*LOOKED_UP_SERIES, *OTHER_CONNECTIONS])),
        labels=ALL,
    ),
    Case(cause="settings_wrong", outage=Outage(sets=at_all("settings_reload_success", 0)), labels=ALL),
    Case(cause="heartbeat_missing", outage=Outage(beats=False, tells=False), labels=ALL, within=20),
    Case(
        cause="heartbeat_missing",
        about="(held orders do not explain it)",
        outage=Outage(
            beats=False, tells=False, sets={of_main("alert", cause=cause): 1 for cause in heartbeat.LEAVES_IT_WELL}
        ),
        labels=ALL,
        within=20,
    ),
    Case(cause="mails_fail", outage=Outage(sets={ours("mails_waiting"): 3}), labels=ALL, within=35),
    Case(
        cause="broker_down",
        outage=Outage(posts=False, beats=False, sets=at_all("broker_connected", 0) | NO_QUEUES),
        labels=ALL,
    ),
    Case(
        cause="broker_down",
        about="(for the consumers)",
        outage=Outage(
            posts=False,
            beats=False,
            sets={ours("broker_connected", instance): 0.0 for instance in CONSUMERS} | NOBODY,
        ),
        labels=ALL,
    ),
    Case(
        cause="broker_blocked",
        outage=Outage(posts=False, beats=False, sets={ours("broker_blocked"): 1}),
        labels=ALL,
    ),
    Case(
        cause="token_refused",
        about="(QuickBooks)",
        outage=Outage(
            posts=False,
            beats=False,
            sets={of_main("circuit_open", side="quickbooks"): 2, of_main("token_expires_timestamp_seconds"): 86400},
        ),
        labels=MAIN,
    ),
    Case(
        cause="token_refused",
        about="(BigCommerce)",
        outage=Outage(
            reads=False,
            beats=False,
            sets={of_main("circuit_open", side=side): 2 for side in ("reading orders", "bigcommerce")},
        ),
        labels=MAIN,
    ),
    Case(
        cause="quickbooks_down",
        outage=Outage(posts=False, beats=False, sets={of_main("circuit_open", side="quickbooks"): 1}),
        labels=MAIN,
    ),
    Case(
        cause="quickbooks_down",
        about="(no network)",
        outage=Outage(
            posts=False,
            reads=False,
            beats=False,
            sets={
                of_main("circuit_open", side="quickbooks"): 1,
                of_main("circuit_open", side="reading orders"): 1,
                ours("mails_waiting"): 2,
            },
        ),
        labels=MAIN,
    ),
    Case(
        cause="quickbooks_down",
        about="(while nothing is sold)",
        outage=Outage(beats=False, sets={of_main("circuit_open", side="signing in"): 1}),
        labels=MAIN,
    ),
    Case(
        cause="bigcommerce_down",
        about="(levels cannot be written)",
        outage=Outage(beats=False, sets={of_main("circuit_open", side="bigcommerce"): 1}),
        labels=MAIN,
    ),
    Case(
        cause="bigcommerce_down",
        outage=Outage(reads=False, beats=False, sets={of_main("circuit_open", side="reading orders"): 1}),
        labels=MAIN,
    ),
    Case(
        cause="throttled",
        outage=Outage(
            posts=False, beats=False, calls=0, refused=2, sets={of_main("circuit_open", side="quickbooks"): 1}
        ),
        labels={"service": "quickbooks"},
        within=30,
        clears=15,
    ),
    Case(
        cause="throttled",
        about="(BigCommerce)",
        outage=Outage(
            reads=False,
            beats=False,
            service="bigcommerce",
            calls=0,
            refused=2,
            sets={of_main("circuit_open", side="reading orders"): 1},
        ),
        labels={"service": "bigcommerce"},
        within=30,
        clears=15,
    ),
    Case(
        cause="token_expires",
        outage=Outage(sets={of_main("token_expires_timestamp_seconds"): 13.5 * 86400}),
        labels=MAIN,
        within=15,
        value="13d 7h 1m 0s",
    ),
    Case(
        cause="reads_near_budget",
        about="(used)",
        outage=Outage(sets={of_main("quickbooks_reads_month"): 400_000}),
        labels=MAIN,
        clears=12 * HOUR + 5,
        value="400000",
    ),
    Case(
        cause="reads_near_budget",
        about="(at this pace)",
        outage=Outage(sets={of_main("quickbooks_reads_month"): 130_000, of_main("quickbooks_reads_forecast"): 500_001}),
        labels=MAIN,
        clears=12 * HOUR + 5,
        value="130000",
    ),
    Case(cause="not_reading", outage=Outage(reads=False), labels=MAIN, within=2 * INTERVAL),
    Case(
        cause="not_reading",
        about="(the stock)",
        outage=Outage(reads=False, sets={of_main("circuit_open", side="reading stock"): 1}),
        labels=MAIN,
        within=2 * INTERVAL,
    ),
    Case(
        cause="nothing_posted",
        outage=Outage(posts=False),
        labels=MAIN,
        within=2 * INTERVAL,
        clears=15,
        value="3h 59m 0s",
    ),
    Case(
        cause="queue_growing",
        outage=Outage(orders=900, begins=2 * HOUR - 1, ends=8 * HOUR),
        labels=MAIN,
        within=2 * INTERVAL + 5,
        clears=3 * HOUR,
    ),
    Case(cause="stock_waiting", outage=Outage(sets={of_main("stock_waiting"): 1}), labels=MAIN),
    Case(
        cause="difference",
        outage=Outage(sets={of_main("difference_documents"): 2, of_main("held", cause="total_differs"): 2}),
        labels=MAIN,
        value="2",
    ),
    Case(
        cause="held_orders",
        outage=Outage(sets={of_main("held", cause="not_paid"): 3, of_main("held", cause="tax_unknown"): 2}),
        labels=MAIN,
        within=15,
        value="5",
    ),
]


@pytest.fixture
def evaluate(promtool, tmp_path):
    """`evaluate(world, tests)`: what promtool says of what is wrong in `tests`; nothing where all is as expected."""

    def run(world, every="1m", **tests):
        group = {"interval": "1m", "input_series": world.input_series(), **tests}
        content = {"rule_files": [str(GRAFANA / "alerts.yml")], "evaluation_interval": every, "tests": [group]}
        file = tmp_path / "test.yml"
        file.write_text(yaml.dump(content, Dumper=yaml.CSafeDumper), encoding="utf-8")
        return promtool("test", "rules", file)

    return run


def told(first, last, alerts, **counts):
    """A test of how many of the minutes from `first` to `last` have seen each of the alerts that match."""
    expr = f'sum by (cause) (count_over_time(ALERTS{{alertstate="firing", {alerts}}}[{last - first}m30s]))'
    found = [{"labels": f'{{cause="{cause}"}}', "value": count} for cause, count in counts.items()]
    return {"expr": expr, "eval_time": f"{last}m", "exp_samples": found}


def said(case):
    """A test that the alert says what its rule does, with the labels of its cause and connection alone."""
    rule = RULES[case.cause]

    def read(text):
        text = re.sub(r"{{ \$labels\.(\w+) }}", lambda found: case.labels[found[1]], text)
        return re.sub(r"{{ \$value[^}]*}}", case.value, text)

    alert = {
        "exp_labels": {**rule["labels"], **case.labels},
        "exp_annotations": {name: read(text) for name, text in rule["annotations"].items()},
    }
    return {"eval_time": f"{case.outage.ends - 1}m", "alertname": rule["alert"], "exp_alerts": [alert]}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_outage_is_told_once_in_time_and_taken_back(evaluate, case):
    begins, ends, last = case.outage.begins, case.outage.ends, case.minutes.stop - 1
    heard, over = begins + case.within, ends + case.clears
    states = [
        told(0, begins - 1, ANY),
        told(heard, ends - 1, ANY, **{case.cause: ends - heard}),
        told(over, last, ANY),
        told(0, last, f'cause!="{case.cause}"'),
    ]
    world = World(case.minutes, [case.outage], others=OTHER_CONNECTIONS)
    done = evaluate(world, promql_expr_test=states, alert_rule_test=[said(case)])
    assert done.returncode == 0, " ".join(done.stdout.split())[-3000:]


def test_a_machine_that_was_off_is_told_of_as_that_alone(evaluate):
    """What is overdue when it comes back is done within minutes."""
    off = Outage(begins=HOUR, ends=5 * HOUR, scraped=[], reads=False, posts=False)
    back = Outage(begins=5 * HOUR, ends=5 * HOUR + 4, reads=False, posts=False)
    silent = Outage(begins=HOUR, ends=5 * HOUR + 1, beats=False, tells=False)
    world = World(range(6 * HOUR), [off, back, silent])
    states = [
        told(0, 6 * HOUR - 1, 'cause!="process_gone"'),
        told(5 * HOUR - 10, 5 * HOUR - 1, ANY, process_gone=10),
    ]
    done = evaluate(world, promql_expr_test=states)
    assert done.returncode == 0, " ".join(done.stdout.split())[-3000:]


def test_a_reading_of_many_pages_is_none_that_does_not_come(evaluate):
    """Nor does what it brings pile up for want of consumers."""
    behind = {
        ours("enabled", connection="behind"): 1,
        ours("last_read_timestamp_seconds", connection="behind", stream="orders"): 0,
        ours("next_read_timestamp_seconds", connection="behind", stream="orders"): 3600,
        ours("sources", connection="behind", kind="order", state="queued"): lambda minute: 400 + minute // 5 * 200,
        messages("done", connection="behind"): lambda minute: minute,
    }
    last = 6 * HOUR - 1
    done = evaluate(World(range(6 * HOUR), [], others=behind), promql_expr_test=[told(0, last, ANY)])
    assert done.returncode == 0, " ".join(done.stdout.split())[-3000:]


def test_orders_that_change_in_the_shop_are_no_sign_that_any_is_posted(evaluate):
    changing = {of_main("sources", kind="order", state="posted"): lambda minute: 1000 - minute // 20}
    world = World(range(5 * HOUR), [Outage(ends=5 * HOUR, posts=False)], others=changing)
    done = evaluate(world, promql_expr_test=[told(5 * HOUR - 10, 5 * HOUR - 1, ANY, nothing_posted=10)])
    assert done.returncode == 0, " ".join(done.stdout.split())[-3000:]


@pytest.mark.parametrize(
    ("cause", "instead"),
    [
        ("quickbooks_down", {"sets": {of_main("circuit_open", side="quickbooks"): 1}}),
        ("broker_down", {"sets": at_all("broker_connected", 0)}),
        ("broker_blocked", {"sets": {ours("broker_blocked"): 1}}),
        ("consumer_missing", {"sets": NOBODY}),
        ("process_gone", {"scraped": INSTANCES[:2]}),
    ],
)
@pytest.mark.parametrize("posts", [True, False], ids=["behind", "nothing posted"])
def test_what_explains_that_orders_wait_is_told_alone(evaluate, cause, instead, posts):
    begins, ends = 2 * HOUR - 1, 8 * HOUR
    world = World(range(ends), [Outage(begins=begins, ends=ends, orders=900, posts=posts, beats=False, **instead)])
    states = [told(0, ends - 1, f'cause!="{cause}"'), told(ends - 10, ends - 1, ANY, **{cause: 10})]
    done = evaluate(world, promql_expr_test=states)
    assert done.returncode == 0, " ".join(done.stdout.split())[-3000:]


def test_nobody_is_missed_where_nothing_is_enabled(evaluate):
    outage = Outage(ends=5 * HOUR, posts=False, sets={of_main("enabled"): 0} | NOBODY)
    world = World(range(5 * HOUR), [outage], others=OTHER_CONNECTIONS | {ours("enabled", connection="by_hand"): 0})
    done = evaluate(world, promql_expr_test=[told(0, 5 * HOUR - 1, ANY)])
    assert done.returncode == 0, " ".join(done.stdout.split())[-3000:]


SHOP = {"reads": False, "sets": {of_main("circuit_open", side="reading orders"): 1}}
COMPANY = {"posts": False, "sets": {of_main("circuit_open", side="quickbooks"): 1}}


@pytest.mark.parametrize(
    ("cause", "first", "second"), [("bigcommerce_down", SHOP, COMPANY), ("quickbooks_down", COMPANY, SHOP)]
)
def test_two_sides_that_are_down_are_told_as_the_one_that_was_first(evaluate, cause, first, second):
    begins, ends = HOUR, 5 * HOUR
    outages = [Outage(begins=begins, ends=ends, **first), Outage(begins=2 * HOUR, ends=ends, **second)]
    world = World(range(6 * HOUR), outages)
    states = [
        told(begins + 6, ends - 1, ANY, **{cause: ends - begins - 6}),
        told(0, 6 * HOUR - 1, f'cause!="{cause}"'),
    ]
    done = evaluate(world, promql_expr_test=states)
    assert done.returncode == 0, " ".join(done.stdout.split())[-3000:]


def test_a_process_that_is_given_up_is_told_of_after_its_crashes(evaluate):
    """One alert at a time: it crashes again and again, then systemd leaves it alone."""
    begins, given_up, ends = HOUR, HOUR + 12, 4 * HOUR
    crashes = Outage(begins=begins, ends=given_up, starts_again=CONSUMERS[0])
    gone = Outage(begins=given_up, ends=ends, scraped=[PRODUCER, CONSUMERS[1]])
    world = World(range(5 * HOUR), [crashes, gone])
    at_once = f'max_over_time(count(ALERTS{{alertstate="firing"}})[{ends}m:1m])'
    states = [
        {"expr": at_once, "eval_time": f"{ends}m", "exp_samples": [{"labels": "{}", "value": 1}]},
        told(given_up - 2, given_up + 5, ANY, crash_loop=8),
        told(ends - HOUR, ends - 1, ANY, process_gone=HOUR),
        told(ends + 5, 5 * HOUR - 1, ANY),
    ]
    done = evaluate(world, promql_expr_test=states)
    assert done.returncode == 0, " ".join(done.stdout.split())[-3000:]


def test_every_rule_has_an_outage_and_every_cause_a_rule():
    assert set(RULES) == set(causes.TITLES) | OUTSIDE_ONLY == {case.cause for case in CASES}
    assert len(ALERTS) == len(RULES)


WEEK = range(7 * DAY)
WORKING_HOURS, WORKING_DAYS = range(7, 23), range(5)


def a_week_of_orders():
    """By the minute of each reading: none at night and at the weekend, a busy Monday, and one evening with a sale."""
    orders = {}
    for minute in range(0, WEEK.stop, INTERVAL):
        day, hour = divmod(minute // HOUR, 24)
        open_now = hour in WORKING_HOURS and day in WORKING_DAYS
        orders[minute] = 0 if not open_now else 200 if day == 0 else 5
    orders[2 * DAY + 19 * HOUR] = 1500
    return orders


def blips():
    """What comes and goes by itself, each day at another hour."""
    of_a_moment = [
        {"scraped": []},
        {"scraped": INSTANCES[:2]},
        {"sets": at_all("broker_connected", 0) | NO_QUEUES, "posts": False},
        {"sets": {of_main("circuit_open", side="quickbooks"): 1}, "posts": False},
        {"sets": {of_main("circuit_open", side="reading orders"): 1}, "reads": False},
        {"sets": {ours("mails_waiting"): 1}},
        {"sets": {ours("broker_blocked"): 1}},
        {"sets": at_all("settings_reload_success", 0)},
        {"sets": {of_main("circuit_open", side="quickbooks"): 2}, "posts": False},
        {"sets": {of_main("stock_waiting"): 1}},
        {"sets": dict.fromkeys([*LOOKED_UP_SERIES, *OTHER_CONNECTIONS])},
        {"calls": 0, "refused": 2},
        {"sets": NOBODY, "posts": False},
    ]
    for day in range(7):
        for number, blip in enumerate(of_a_moment):
            at = day * DAY + (day + number + 1) * HOUR - 1
            yield Outage(begins=at, ends=at + 2, orders=0, **blip)
        yield Outage(begins=day * DAY + 23 * HOUR, ends=day * DAY + 24 * HOUR, calls=20, refused=1, orders=0)


def test_seven_quiet_days_are_quiet(evaluate):
    world = World(WEEK, blips(), a_week_of_orders(), OTHER_CONNECTIONS)
    done = evaluate(world, every="5m", promql_expr_test=[told(0, WEEK.stop - 1, ANY)])
    assert done.returncode == 0, done.stdout[-3000:]


def test_promtool_finds_the_rules_right(promtool):
    done = promtool("check", "rules", "--lint=all", "--lint-fatal", GRAFANA / "alerts.yml")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.get("alert") or rule["record"])
def test_rules_ask_for_metrics_and_labels_that_there_are(rule):
    names = metrics_in(rule["expr"])
    catalogue = {base(name): CATALOGUE.get(base(name)) for name in names - OF_PROMETHEUS if "cartledger_" in name}
    assert None not in catalogue.values()
    labels = {label for metric in catalogue.values() for label in metric.labels} | OF_TARGETS
    used = {label.strip() for found in re.findall(r"(?:by|on) \(([^)]*)\)", rule["expr"]) for label in found.split(",")}
    used |= set(re.findall(r"\b([a-z]+)(?:=~|!~|!=|=)\"", rule["expr"]))
    assert used - {""} <= labels


@pytest.mark.parametrize("alert", ALERTS, ids=lambda rule: rule["alert"])
def test_every_alert_leads_to_its_chapter(alert):
    page, _, anchor = alert["annotations"]["runbook"].partition("#")
    assert anchor == alert["labels"]["cause"]
    headings = re.findall(r"^#+ `?(\w+)`?$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    assert headings.count(anchor) == 1
    assert alert["labels"]["severity"] in {"critical", "warning"}
