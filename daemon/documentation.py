"""`docs/METRICS.md`, written from the catalogue of metrics. `make docs` runs this module."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from cartledger.metrics import COUNTED, LOOKED_UP, Metric

PAGE = "docs/METRICS.md"

HEAD = """\
# Metrics and health

What a process says of itself over HTTP, for [Prometheus](https://prometheus.io) and whatever starts it. This page is
written by `make docs` from the catalogue in `cartledger/metrics.py`; dashboards, alert rules and a configuration of
Prometheus are in [grafana/](../grafana).

## Where

    [metrics]
    port = 9470

`cartledger run` and `produce` listen on that port, `consume --instance 3` on the third one after it (9473), on
127.0.0.1 unless `metrics.host` says otherwise. Without a port nothing listens, nor for a consumer without a number. A
port that is taken ends the process before it does anything (exit code 1); systemd starts it again until the port is
free.

| path | what it answers |
| --- | --- |
| `/metrics` | everything below, and `process_*` and `python_*` of the Prometheus library |
| `/healthz` | 200 while every loop of the process turns; 503 with the names of those that are `stuck` |
| `/readyz` | 200 while it can do its work, else 503: `broker` and `ledger`, for each connection its `sides` (`well`, \
`waits`, `needs a person`), whether it is `enabled`, and when the shop was last read to the end |

Nothing is asked of either API for it, and nobody who asks can be in the way of a sync. There are no secrets and no
personal data in it: no ids, SKUs, addresses or texts of errors, but the names of your connections, how many orders
there are and what they come to. So open it to Prometheus only; it has no password.

## How to read it

- **Counted** metrics belong to the process that counts, and begin at 0 with it: take `rate()` or `increase()`, and sum
  over processes.
- **Looked up** ones say how the ledger and the broker's queues stand. One process alone says them, the one that reads
  the shops (`run` or `produce`), so that no sum counts them twice. What cannot be looked up just then is left out.
- Times are instants in seconds since 1970: `time() - cartledger_last_read_timestamp_seconds` is an age.
- `connection` is the connection's name, `workflow` the queue that sources travel in: `sales` (orders with their
  payments and refunds), `lists` (customers and items), `stock`.
- Amounts are in the currency that documents bear; cents are hundredths of it.
- Reads are counted by calendar month (UTC) and company in the ledger, by every command: each page of a query and each
  object read that was answered. Writes, tokens, and calls that failed or whose answer was lost are none, as Intuit
  meters them. The forecast takes the month's pace so far, of at least a day. `cartledger status` shows the same.
"""


def metrics() -> str:
    """The page."""
    return "\n".join([HEAD, *_chapter("Counted", COUNTED), "", *_chapter("Looked up", LOOKED_UP), ""])


def _chapter(title: str, catalogue: Iterable[Metric]) -> Iterator[str]:
    yield from (f"## {title}", "", "| metric | kind | labels | what it is |", "| --- | --- | --- | --- |")
    for each in catalogue:
        labels = ", ".join(f"`{label}`" for label in each.labels)
        yield f"| `{each.name}` | {each.kind} | {labels} | {each.help} |"


def write(root: Path) -> None:
    """The page, below `root`."""
    (root / PAGE).write_text(metrics(), encoding="utf-8")


if __name__ == "__main__":
    write(Path())
