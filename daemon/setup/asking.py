"""Questions that have a flag each: answered by it, else by a person at a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import click

from cartledger.errors import WrongUse

T = TypeVar("T")


def at_a_terminal() -> bool:
    """Whether there is somebody who can be asked."""
    return sys.stdin.isatty()


def all_given(flags: Mapping[str, object]) -> None:
    """Raises UsageError with every flag that is missing, where nobody can be asked for it."""
    missing = [flag for flag, value in flags.items() if value in (None, ())]
    if missing:
        raise click.UsageError(f"There is no terminal to ask at. Missing: {', '.join(missing)}.")


def secret_in(path: Path | None, question: str) -> str:
    """What stands in the file, or is typed without being shown. Raises WrongUse for a file without anything in it."""
    if path is None:
        return str(click.prompt(question, hide_input=True, err=True)).strip()
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(f"The secret cannot be read from {path}: {error}.") from error
    if not secret:
        raise WrongUse(f"{path} is empty, where a secret belongs.")
    return secret


def answer(given: T | None, question: str, read: Callable[[str], T], *, default: T | None = None) -> T:
    """`read` makes an answer of what was typed; it raises ValueError with what is wrong with it."""
    if given is not None:
        return given
    shown = " ".join(map(str, default)) if isinstance(default, list) else default
    found: T = click.prompt(question, default=shown, value_proc=lambda text: _read(read, str(text).strip()), err=True)
    return found


def choice(given: str | None, question: str, choices: Sequence[str], *, default: str | None = None) -> str:
    """One of `choices`, in any case of letters."""
    if given is not None:
        return given
    kind = click.Choice(choices, case_sensitive=False)
    return str(click.prompt(question, default=default, type=kind, err=True, show_choices=len(choices) <= 4))


def yes(question: str, *, default: bool) -> bool:
    return click.confirm(question, default=default, err=True)


def _read(read: Callable[[str], T], text: str) -> T:
    try:
        return read(text)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
