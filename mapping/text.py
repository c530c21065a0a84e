"""Texts as QuickBooks takes them: cleaned, cut to its limits, and notes that end with our marker."""

from __future__ import annotations

import re
from collections.abc import Iterable

NOTE_LIMIT = 4000
CUSTOMER_NOTE_LIMIT = 2000
DESCRIPTION_LIMIT = 4000

# Control characters, halves of surrogate pairs, and everything beyond the basic plane (emoji): refused or mangled.
_UNWANTED = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\U00010000-\U0010ffff]")


def clean(text: str) -> str:
    """One line of text: unwanted characters and runs of blanks become single blanks, none at the ends."""
    return " ".join(_UNWANTED.sub(" ", text).split())


def cut(text: str, limit: int) -> str:
    """`text` in at most `limit` characters, cut at a word's end where one is near, with an ellipsis."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    word_end = head.rfind(" ")
    return (head[:word_end] if word_end > limit // 2 else head).rstrip() + "…"


def marker(store_hash: str, kind: str, source_id: str | int) -> str:
    """What tells our documents from everybody else's: the last line of their private note."""
    return f"cartledger:{store_hash}:{kind}:{source_id}"


def note(facts: Iterable[str], mark: str, limit: int = NOTE_LIMIT) -> str:
    """The facts as sentences, then the marker on a line of its own; the marker survives every cut."""
    text = cut(" ".join(clean(fact) for fact in facts), limit - len(mark) - 1)
    return f"{text}\n{mark}"


def marker_of(text: str) -> str:
    """The marker that ends a note, or "" where there is none."""
    last = text.rstrip().rsplit("\n", 1)[-1].strip()
    return last if last.startswith("cartledger:") else ""
