"""The dashboard of whoever runs the processes."""

from __future__ import annotations

from cartledger import metrics as m
from grafana.panels import Dashboard, Panel, Row
from grafana.queries import INTERVAL, PROCESS, ago, by, increase, quantiles, rate, series

YES_NO = {1: ("yes", "green"), 0: ("no", "red")}
BLOCKED = {0: ("yes", "green"), 1: ("no", "red")}
SETTINGS = {1: ("right", "green"), 0: ("wrong: the earlier ones are in force", "red")}

WORK = Row(
    title="Work",
    panels=[
        Panel(
            title="Messages per minute, by outcome",
            help="done, unchanged, held, excluded, later.",
            kind="bars",
            queries=[by("outcome", rate(m.MESSAGES), then=" * 60")],
        ),
        Panel(
            title="Messages per minute, by instance",
            help="How the work is spread over the processes.",
            kind="timeseries",
            queries=[by("instance, workflow", rate(m.MESSAGES), then=" * 60")],
        ),
        Panel(
            title="How long batches take",
            help="From the claim of its sources to the last answer.",
            kind="timeseries",
            queries=quantiles(m.HANDLING, "workflow"),
            unit="s",
        ),
    ],
)
WAITING = Row(
    title="What waits",
    panels=[
        Panel(
            title="Messages in the queues",
            help="Messages that no consumer has taken yet; nothing with memory://.",
            kind="timeseries",
            queries=[by("workflow", series(m.QUEUE_DEPTH), "max")],
        ),
        Panel(
            title="Consumers of the queues",
            help="Each queue needs one; nothing with memory://.",
            kind="timeseries",
            queries=[by("workflow", series(m.QUEUE_CONSUMERS), "max")],
            decimals=0,
        ),
        Panel(
            title="How long the oldest source waits",
            help="Orders, customers, items, levels that are to be worked on.",
            kind="timeseries",
            queries=[ago("connection, kind", series(m.OLDEST_QUEUED), "min")],
            unit="s",
        ),
        Panel(
            title="Since the last success",
            help="How long ago a source was last settled as it should.",
            kind="timeseries",
            queries=[ago("connection, workflow", f"{series(m.LAST_SUCCESS)} > 0", "max")],
            unit="s",
            width=12,
        ),
        Panel(
            title="Messages that RabbitMQ gave up",
            help="They were delivered too often, since consumers ended with them in hand.",
            kind="timeseries",
            queries=[by("workflow", series(m.QUEUE_DEAD), "max")],
            decimals=0,
            width=6,
        ),
        Panel(
            title="Messages that are none of ours, per hour",
            help="They are kept in the ledger; somebody else writes into the queues.",
            kind="bars",
            queries=[by("workflow", increase(m.DEAD_LETTERS, "1h"))],
            step="1h",
            width=6,
        ),
    ],
)
STARTS = Row(
    title="Processes",
    panels=[
        Panel(
            title="Processes",
            help="Which program runs where.",
            kind="table",
            queries=[by("instance, role, version, python", series(m.BUILD), "max")],
            hidden=["Value"],
        ),
        Panel(
            title="Started",
            help="When each process was started.",
            kind="stat",
            queries=[by("instance", f"process_start_time_seconds{PROCESS}", "max", " * 1000")],
            unit="dateTimeFromNow",
        ),
        Panel(
            title="Starts in an hour",
            help="A process that starts again and again has something in its log: journalctl -u 'cartledger*'.",
            kind="timeseries",
            queries=[by("instance", f"changes(process_start_time_seconds{PROCESS}[1h])", "max")],
            decimals=0,
        ),
        Panel(
            title="Link to the broker",
            help="Whether each process has it.",
            kind="state-timeline",
            queries=[by("instance", series(m.BROKER_CONNECTED), "min")],
            says=YES_NO,
        ),
        Panel(
            title="Broker takes messages",
            help="RabbitMQ blocks whoever publishes while it wants for memory or disk.",
            kind="state-timeline",
            queries=[by("instance", series(m.BROKER_BLOCKED), "max")],
            says=BLOCKED,
        ),
        Panel(
            title="Settings",
            help="Whether they were right when they were last read.",
            kind="state-timeline",
            queries=[by("instance", series(m.RELOADED), "min")],
            says=SETTINGS,
        ),
        Panel(
            title="Memory",
            help="Resident, of each process.",
            kind="timeseries",
            queries=[by("instance", f"process_resident_memory_bytes{PROCESS}")],
            unit="bytes",
        ),
        Panel(
            title="Processor",
            help="Of one core, by each process.",
            kind="timeseries",
            queries=[by("instance", f"rate(process_cpu_seconds_total{PROCESS}[{INTERVAL}])")],
            unit="percentunit",
        ),
        Panel(
            title="Open files",
            help="Sockets and files that each process holds.",
            kind="timeseries",
            queries=[by("instance", f"process_open_fds{PROCESS}")],
        ),
    ],
)

WORKERS = Dashboard(
    name="workers",
    title="workers",
    help="For whoever runs it: what the processes do, what waits for them, and how they are.",
    rows=[WORK, WAITING, STARTS],
)
