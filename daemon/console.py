"""What stands on stdout: facts, as tables for a person or as one JSON object for a program. Logs go to stderr."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

MINUTES = "%Y-%m-%d %H:%M"
"""How a time is shown."""


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--json` for every command that prints facts."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")(command)


def print_json(facts: Any) -> None:
    """One object on one line; Decimals as texts, times as ISO."""
    click.echo(json.dumps(facts, default=_plain, ensure_ascii=False))


@contextmanager
def doing() -> Iterator[Callable[[str], None]]:
    """Says on a terminal what is being done, in one line that goes away; nothing elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status("") as status:
        yield lambda what: status.update(escape(what))


@contextmanager
def bar(what: str) -> Iterator[Callable[[int, int], None] | None]:
    """On a terminal a bar that hears how much is done, and of how much; it goes away. None elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(escape(what), total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total or None)


def out() -> Console:
    """A console for tables; plain and 100 columns wide where there is no terminal."""
    console = Console(highlight=False, markup=False, emoji=False)
    return console if console.is_terminal else Console(highlight=False, markup=False, emoji=False, width=100)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], *, right: Sequence[str] = ()) -> Table:
    """A table; the columns named in `right` hold numbers."""
    made = Table(title=title, title_justify="left", title_style="bold", show_edge=False, pad_edge=False)
    for name in columns:
        made.add_column(name, justify="right" if name in right else "left", overflow="fold")
    for row in rows:
        made.add_row(*(show(value) for value in row))
    return made


def show(value: object) -> str:
    """A value in a cell."""
    if value is None:
        return "–"
    return f"{value:%Y-%m-%d %H:%M:%S}" if isinstance(value, datetime) else str(value)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)
