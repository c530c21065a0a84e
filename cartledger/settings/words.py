"""Words that sentences about settings and names are made of."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable

_SHOWN_AT_MOST = 60


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
    text = json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, str | list | bool) else str(value)
    return text if len(text) <= _SHOWN_AT_MOST else f"{text[:_SHOWN_AT_MOST]}…"
