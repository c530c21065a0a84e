"""What is measured: every metric with its labels, once.

Two kinds. *Counted* ones belong to the process that counts: every process has them, and a query sums over instances.
*Looked up* ones are the same whoever looks (the ledger, the broker's queues): one process alone says them, the one that
reads the shops, so that no sum counts them twice. Times are instants, not ages; labels are few and never ids, SKUs,
addresses or texts of errors. Names follow Prometheus' conventions; all amounts are in the books' currency.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

API_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 125.0)
HANDLING_SECONDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 130.0, 300.0)


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One metric. `name` is as Prometheus shows it; `buckets` are upper bounds in seconds."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...] = ()
    looked_up: bool = False
    help: str
    buckets: tuple[float, ...] = ()


MESSAGES = Metric(
    name="cartledger_messages_total",
    kind="counter",
    labels=("connection", "workflow", "outcome"),
    help="Sources that were worked on, by what came of it: done, unchanged, held, excluded, later.",
)
DEAD_LETTERS = Metric(
    name="cartledger_dead_letters_total",
    kind="counter",
    labels=("workflow",),
    help="Messages in the queues that were none of ours.",
)
HANDLING = Metric(
    name="cartledger_handling_seconds",
    kind="histogram",
    labels=("connection", "workflow"),
    help="How long a batch of sources took, from its claim to its last answer.",
    buckets=HANDLING_SECONDS,
)
REQUESTS = Metric(
    name="cartledger_api_requests_total",
    kind="counter",
    labels=("service", "class"),
    help="Calls, by service (quickbooks, bigcommerce, intuit) and by what was answered: 2xx, 3xx, 4xx, 401, 403, 429, "
    "5xx, none.",
)
REQUEST_SECONDS = Metric(
    name="cartledger_api_request_seconds",
    kind="histogram",
    labels=("service",),
    help="How long calls took.",
    buckets=API_SECONDS,
)
THROTTLED = Metric(
    name="cartledger_throttled_seconds_total",
    kind="counter",
    labels=("service",),
    help="Time spent waiting for leave to call: for our own pacing, and because the other side asked for it.",
)
QUOTA_LEFT = Metric(
    name="cartledger_quota_left",
    kind="gauge",
    labels=("connection", "service"),
    help="Calls that the shop says are left in its present window.",
)
ROUNDING = Metric(
    name="cartledger_rounding_cents_total",
    kind="counter",
    labels=("connection",),
    help="Cents that went to the rounding item, whatever their sign.",
)
POSTED = Metric(
    name="cartledger_posted_documents_total",
    kind="counter",
    labels=("connection", "entity", "operation"),
    help="Documents that QuickBooks took: made, changed, voided, deleted.",
)
POSTED_AMOUNT = Metric(
    name="cartledger_posted_amount_total",
    kind="counter",
    labels=("connection", "entity", "currency"),
    help="What documents that were made come to, in the currency they bear.",
)
LAST_SUCCESS = Metric(
    name="cartledger_last_success_timestamp_seconds",
    kind="gauge",
    labels=("connection", "workflow"),
    help="When this process last settled a source as it should.",
)
LEVELS_WRITTEN = Metric(
    name="cartledger_stock_levels_written_total",
    kind="counter",
    labels=("connection",),
    help="Levels that the shop took.",
)
BROKER_CONNECTED = Metric(
    name="cartledger_broker_connected", kind="gauge", help="Whether this process has its links to the broker: 1 or 0."
)
BROKER_BLOCKED = Metric(
    name="cartledger_broker_blocked",
    kind="gauge",
    help="Whether the broker takes no messages for want of memory or disk: 1 or 0.",
)
RELOADED = Metric(
    name="cartledger_settings_reload_success",
    kind="gauge",
    help="Whether the settings were right when they were last read: 1, or 0 and the earlier ones are in force.",
)
BUILD = Metric(
    name="cartledger_build_info",
    kind="gauge",
    labels=("version", "python", "role", "number"),
    help="Always 1; which program this is, and which of several consumers.",
)
COUNTED = (
    MESSAGES,
    DEAD_LETTERS,
    HANDLING,
    REQUESTS,
    REQUEST_SECONDS,
    THROTTLED,
    QUOTA_LEFT,
    ROUNDING,
    POSTED,
    POSTED_AMOUNT,
    LAST_SUCCESS,
    LEVELS_WRITTEN,
    BROKER_CONNECTED,
    BROKER_BLOCKED,
    RELOADED,
    BUILD,
)

ENABLED = Metric(
    name="cartledger_enabled",
    kind="gauge",
    labels=("connection",),
    looked_up=True,
    help="Whether the connection posts by itself: 1 or 0.",
)
SOURCES = Metric(
    name="cartledger_sources",
    kind="gauge",
    labels=("connection", "kind", "state"),
    looked_up=True,
    help="Orders, customers, items and rounds of stock in the ledger, by where they stand: queued, claimed, posted, "
    "held, excluded.",
)
HELD = Metric(
    name="cartledger_held",
    kind="gauge",
    labels=("connection", "cause"),
    looked_up=True,
    help="Held sources by the code of their first reason; docs/RUNBOOK.md explains each.",
)
OLDEST_QUEUED = Metric(
    name="cartledger_oldest_queued_timestamp_seconds",
    kind="gauge",
    labels=("connection", "kind"),
    looked_up=True,
    help="Since when the oldest source waits that could be worked on; not there where none does.",
)
IN_DOUBT = Metric(
    name="cartledger_in_doubt",
    kind="gauge",
    labels=("connection",),
    looked_up=True,
    help="Documents that were sent and whose answer is not known yet.",
)
LAST_READ = Metric(
    name="cartledger_last_read_timestamp_seconds",
    kind="gauge",
    labels=("connection", "stream"),
    looked_up=True,
    help="When a reading last came to its end: orders, refunds, stock.",
)
NEXT_READ = Metric(
    name="cartledger_next_read_timestamp_seconds",
    kind="gauge",
    labels=("connection", "stream"),
    looked_up=True,
    help="When the next reading is due; not there where only a person asks for it.",
)
CIRCUIT = Metric(
    name="cartledger_circuit_open",
    kind="gauge",
    labels=("connection", "side"),
    looked_up=True,
    help="Whether a side fails (quickbooks, bigcommerce: nothing is sent to it) or something that is done with it "
    "(reading orders, reading stock, signing in): 0; 1 until it works again; 2 until a person acts.",
)
TOKEN_EXPIRES = Metric(
    name="cartledger_token_expires_timestamp_seconds",
    kind="gauge",
    labels=("connection",),
    looked_up=True,
    help="When the connection to QuickBooks ends unless it is renewed.",
)
READS = Metric(
    name="cartledger_quickbooks_reads_month",
    kind="gauge",
    labels=("connection",),
    looked_up=True,
    help="Metered reads in this calendar month (UTC), of all companies of one app; its first connection says it.",
)
READS_FORECAST = Metric(
    name="cartledger_quickbooks_reads_forecast",
    kind="gauge",
    labels=("connection",),
    looked_up=True,
    help="What the reads of this month will come to at the present pace; said as the reads are.",
)
READS_BUDGET = Metric(
    name="cartledger_quickbooks_reads_budget",
    kind="gauge",
    labels=("connection",),
    looked_up=True,
    help="Reads that Intuit grants in a month, as the settings say; said as the reads are.",
)
STOCK_WAITING = Metric(
    name="cartledger_stock_waiting",
    kind="gauge",
    labels=("connection",),
    looked_up=True,
    help="Whether levels of the shop wait for a person: 1 or 0.",
)
DIFFERENCE = Metric(
    name="cartledger_difference_documents",
    kind="gauge",
    labels=("connection",),
    looked_up=True,
    help="Orders whose documents QuickBooks totalled otherwise than the shop; each is held until it is mended.",
)
ALERTS = Metric(
    name="cartledger_alert",
    kind="gauge",
    labels=("connection", "cause"),
    looked_up=True,
    help="Alerts that cartledger itself has raised and not cleared, always 1; without a connection those of the whole "
    "installation.",
)
MAILS_WAITING = Metric(
    name="cartledger_mails_waiting",
    kind="gauge",
    looked_up=True,
    help="Mails that could not be sent yet.",
)
HEARTBEAT = Metric(
    name="cartledger_heartbeat_timestamp_seconds",
    kind="gauge",
    looked_up=True,
    help="When all was last well enough for a sign of life.",
)
HEARTBEAT_NEXT = Metric(
    name="cartledger_heartbeat_next_timestamp_seconds",
    kind="gauge",
    looked_up=True,
    help="When the next sign of life is due; neither of the two is there where none is wanted.",
)
QUEUE_DEPTH = Metric(
    name="cartledger_queue_depth",
    kind="gauge",
    labels=("workflow",),
    looked_up=True,
    help="Messages that wait in the broker's queues.",
)
QUEUE_CONSUMERS = Metric(
    name="cartledger_queue_consumers",
    kind="gauge",
    labels=("workflow",),
    looked_up=True,
    help="Consumers that take from the broker's queues.",
)
QUEUE_DEAD = Metric(
    name="cartledger_queue_dead",
    kind="gauge",
    labels=("workflow",),
    looked_up=True,
    help="Messages that RabbitMQ gave up, as they had been delivered too often; what they named is handed over again.",
)
LOOKED_UP = (
    ENABLED,
    SOURCES,
    HELD,
    OLDEST_QUEUED,
    IN_DOUBT,
    LAST_READ,
    NEXT_READ,
    CIRCUIT,
    TOKEN_EXPIRES,
    READS,
    READS_FORECAST,
    READS_BUDGET,
    STOCK_WAITING,
    DIFFERENCE,
    ALERTS,
    MAILS_WAITING,
    HEARTBEAT,
    HEARTBEAT_NEXT,
    QUEUE_DEPTH,
    QUEUE_CONSUMERS,
    QUEUE_DEAD,
)


class Metrics:
    """The counted metrics of one process, in `registry`. Labels are given by name, all of them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self._counters = {each: Counter(*_of(each), registry=registry) for each in COUNTED if each.kind == "counter"}
        self._gauges = {each: Gauge(*_of(each), registry=registry) for each in COUNTED if each.kind == "gauge"}
        self._histograms = {
            each: Histogram(*_of(each), registry=registry, buckets=each.buckets)
            for each in COUNTED
            if each.kind == "histogram"
        }

    def add(self, metric: Metric, amount: float = 1.0, /, **labels: str) -> None:
        """Count up. With `amount` 0 a counter is there before anything happened, so that its first rise is seen."""
        counter = self._counters[metric]
        (counter.labels(**labels) if labels else counter).inc(amount)

    def set(self, metric: Metric, value: float, /, **labels: str) -> None:
        """Say how it stands."""
        gauge = self._gauges[metric]
        (gauge.labels(**labels) if labels else gauge).set(value)

    def observe(self, metric: Metric, seconds: float, /, **labels: str) -> None:
        """Add one duration."""
        histogram = self._histograms[metric]
        (histogram.labels(**labels) if labels else histogram).observe(seconds)

    def prepare(self, metric: Metric, /, **labels: str) -> None:
        """Let a histogram be there before anything was observed."""
        self._histograms[metric].labels(**labels)


def _of(metric: Metric) -> tuple[str, str, tuple[str, ...]]:
    return metric.name, metric.help, metric.labels
