"""Cleaning, cutting and marking of texts."""

from __future__ import annotations

import pytest

from mapping.text import clean, cut, marker, marker_of, note


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("  Ada\t\tByrne\r\n", "Ada Byrne"),
        ("Mia 🌻 Sunfield", "Mia Sunfield"),
        ("half \ud83c pair", "half pair"),
        ("zero\x00width\x85line", "zero width line"),
        ("Łukasz Żółć 田中", "Łukasz Żółć 田中"),
        ("", ""),
    ],
)
def test_clean(raw, expected):
    assert clean(raw) == expected


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("short", 5, "short"),
        ("several words here", 15, "several words…"),
        ("several words here", 18, "several words here"),
        ("oneverylongword", 8, "onevery…"),
        ("a verylongsecondword", 12, "a verylongs…"),
    ],
)
def test_cut(text, limit, expected):
    assert cut(text, limit) == expected
    assert len(cut(text, limit)) <= limit


def test_a_note_ends_with_its_marker_whatever_its_length():
    mark = marker("abc123", "order", 7)
    assert note(["One fact.", "Another\nfact."], mark) == "One fact. Another fact.\ncartledger:abc123:order:7"
    long = note(["word " * 2000], mark, 100)
    assert len(long) <= 100
    assert marker_of(long) == mark


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("a note of somebody's", ""),
        ("cartledger:abc123:order:7", "cartledger:abc123:order:7"),
        ("fact\ncartledger:abc123:order:7\n ", "cartledger:abc123:order:7"),
        ("cartledger:abc123:order:7\nadded by hand", ""),
    ],
)
def test_marker_of(text, expected):
    assert marker_of(text) == expected
