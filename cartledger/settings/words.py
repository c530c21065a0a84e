"""Words that sentences about settings and names are made of."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from datetime import date, time
from typing import Any

_SHOWN_AT_MOST = 60
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def closest(word: str, words: Iterable[str]) -> str:
    """The one of `words` that is nearest, in any case of letters; "" when none is near."""
    by_fold = {known.casefold(): known for known in words}
    found = difflib.get_close_matches(word.casefold(), by_fold, n=1, cutoff=0.6)
    return by_fold[found[0]] if found else ""


def nearest(word: str, words: Iterable[str]) -> str:
    """` Did you mean "x"?` for the nearest of `words`, or nothing."""
    found = closest(word, words)
    return f' Did you mean "{found}"?' if found else ""


def shown(value: object) -> str:
    """A value much as it stands in the file, cut where it is long."""
    text = literal(value) if isinstance(value, str | list | Mapping | bool) else str(value)
    return text if len(text) <= _SHOWN_AT_MOST else f"{text[:_SHOWN_AT_MOST]}…"


def literal(value: Any) -> str:
    """A value as TOML writes it; what TOML has no form for, as a text."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{bare_or_quoted(key)} = {literal(row)}" for key, row in value.items()) + " }"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    if isinstance(value, time):
        return f'"{value:%H:%M}"'
    return value.isoformat() if isinstance(value, date) else json.dumps(str(value), ensure_ascii=False)


def bare_or_quoted(key: str) -> str:
    """A key as TOML takes it: in quotation marks where it has other signs than plain ones."""
    return key if _BARE.fullmatch(key) else json.dumps(key, ensure_ascii=False)
