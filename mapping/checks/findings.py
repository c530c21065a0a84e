"""What `cartledger check` finds before anything is posted, as data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from cartledger.errors import Problem


class Level(StrEnum):
    """How much a finding matters."""

    PROBLEM = "problem"  # nothing should be posted as it is
    WARNING = "warning"  # some orders will be held, or come out otherwise than was meant
    NOTE = "note"  # worth knowing, nothing to mend


@dataclass(frozen=True, kw_only=True)
class Finding:
    """`code` is stable; `key` is the connection's setting that it is about (("sales", "class")), () for none."""

    level: Level
    code: str
    text: str
    fix: str = ""
    key: tuple[str, ...] = ()


def problem(code: str, text: str, fix: str = "", *, key: tuple[str, ...] = ()) -> Finding:
    return Finding(level=Level.PROBLEM, code=code, text=text, fix=fix, key=key)


def warning(code: str, text: str, fix: str = "", *, key: tuple[str, ...] = ()) -> Finding:
    return Finding(level=Level.WARNING, code=code, text=text, fix=fix, key=key)


def note(code: str, text: str, *, key: tuple[str, ...] = ()) -> Finding:
    return Finding(level=Level.NOTE, code=code, text=text, key=key)


def at(key: tuple[str, ...], found: Problem) -> Finding:
    """`found` as a problem of one setting."""
    return problem(found.code, found.text, found.fix, key=key)
