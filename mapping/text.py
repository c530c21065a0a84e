"""Texts as QuickBooks takes them: cleaned, cut to its limits, and notes that end with our marker."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

NOTE_LIMIT = 4000
CUSTOMER_NOTE_LIMIT = 2000
DESCRIPTION_LIMIT = 4000

# Control characters, halves of surrogate pairs, and everything beyond the basic plane (emoji) with what joins it:
# refused or mangled. No company says that it takes them.
_UNWANTED = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]|\u200d*[\U00010000-\U0010ffff]\u200d*")
# Blanks of no width, marks of direction, variants of emoji: they tell two texts apart that look the same.
_INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufe00-\ufe0f\ufeff]")
_ACCENTS = re.compile("(?<=[A-Za-z])[\u0300-\u036f]+")


def clean(text: str) -> str:
    """One line of text, composed (é is one character): unwanted characters and runs of blanks become single blanks,
    none at the ends."""
    composed = unicodedata.normalize("NFC", _INVISIBLE.sub("", text))
    return " ".join(_UNWANTED.sub(" ", composed).split())


def without_accents(text: str) -> str:
    """José as Jose. Only accents of Latin letters: in other scripts such marks make other letters."""
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", text)))


def cut(text: str, limit: int, ellipsis: str = "…") -> str:
    """`text` in at most `limit` characters, cut at a word's end where one is near, with an ellipsis."""
    if len(text) <= limit:
        return text
    head = text[: limit - len(ellipsis)]
    word_end = head.rfind(" ")
    return (head[:word_end] if word_end > limit // 2 else head).rstrip() + ellipsis


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
