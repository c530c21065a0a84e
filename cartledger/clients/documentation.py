"""`docs/ERRORS.md`, written from the tables of faults. `make docs` runs this module."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cartledger.clients.faults import BIGCOMMERCE, QUICKBOOKS, Row
from cartledger.errors import CartledgerError, Pause, Refused, Stop, Throttled, TryLater

PAGE = "docs/ERRORS.md"

HEAD = """\
# Every code of the two APIs

What QuickBooks and BigCommerce answer when they say no, what it means, what cartledger does and what you do. This page
is written by `make docs` from `cartledger/clients/faults.py`. The sentence in `cartledger held list` and in the log has
the code, the object and the other side's own words; the place within the object is told as `at Line.TaxCodeRef`.

A code that is not here is quoted as it came and holds its order. Of several codes in one answer the gravest decides,
and all of them are quoted. [RUNBOOK.md](RUNBOOK.md) has everything else.
"""

_HAPPENS: tuple[tuple[type[CartledgerError], str], ...] = (
    (Refused, "held"),
    (TryLater, "tried again, held after 8 times"),
    (Throttled, "the connection waits as long as it is asked to, else a minute"),
    (Pause, "the connection waits, ten minutes at most between two tries"),
    (Stop, "the connection waits for a person; tried every 15 minutes"),
)
_IN_DOUBT = "; looked up first, since it may have been made"


def errors() -> str:
    """The page."""
    shop = {str(status): row for status, row in BIGCOMMERCE.items()}
    return "\n".join(
        [
            HEAD,
            *_table("QuickBooks", "code", {**QUICKBOOKS}),
            "",
            "`6000` stands for many things. Where its text asks to wait a few minutes, it is tried again.",
            "",
            *_table("BigCommerce", "status", shop),
            "",
            "Other statuses from 500 on are as 500, others from 400 on are held with BigCommerce's own words. Levels "
            "of stock are written again after a 5xx.",
            "",
        ]
    )


def _table(side: str, code: str, rows: dict[str, Row]) -> Iterator[str]:
    yield from (
        f"## {side}",
        "",
        f"| {code} | what it means | what happens | what to do |",
        "| --- | --- | --- | --- |",
    )
    for name, row in rows.items():
        happens = next(words for kind, words in _HAPPENS if issubclass(row.verdict, kind))
        cause, fix = (_plain(text) for text in (row.cause, row.fix))
        yield f"| `{name}` | {cause} | {happens}{_IN_DOUBT if row.in_doubt else ''} | {fix} |"


def _plain(text: str) -> str:
    """Without the places that the case at hand fills."""
    words = {"what": "the object", "give": "give or take", "read": "read or write", "scope": "…"}
    said = text.format(**words)
    return said[:1].upper() + said[1:]


def write(root: Path) -> None:
    """The page, below `root`."""
    (root / PAGE).write_text(errors(), encoding="utf-8")


if __name__ == "__main__":
    write(Path())
