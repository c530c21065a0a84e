"""Cleaning, cutting and marking of texts."""

from __future__ import annotations

import pytest

from mapping.text import clean, cut, marker, marker_of, note, without_accents


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("  Ada\t\tByrne\r\n", "Ada Byrne"),
        ("Mia 🌻 Sunfield", "Mia Sunfield"),
        ("half \ud83c pair", "half pair"),
        ("zero\x00width\x85line", "zero width line"),
        ("Łukasz Żółć 田中", "Łukasz Żółć 田中"),
        ("Jose\u0301", "Jos\u00e9"),
        ("no\u200bbreak\u00a0here\u00ad", "nobreak here"),
        ("couple \U0001f469\u200d\u2764\ufe0f\u200d\U0001f468 here", "couple \u2764 here"),
        ("می\u200cخواهم", "می\u200cخواهم"),  # a joiner that belongs to the word
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


def test_cut_without_an_ellipsis():
    assert cut("several words here", 15, ellipsis="") == "several words"
    assert cut("oneverylongword", 8, ellipsis="") == "oneveryl"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("José Müller", "Jose Muller"),
        ("Nguyễn", "Nguyen"),
        ("Łukasz", "Łukasz"),
        ("Сергей", "Сергей"),
        ("ガ", "ガ"),
    ],
)
def test_accents_are_those_of_latin_letters(text, expected):
    assert without_accents(text) == expected


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
