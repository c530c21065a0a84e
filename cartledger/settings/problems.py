"""What is wrong with the settings, in one sentence each: where it stands, what it is, and what is allowed."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic_core import ErrorDetails

from cartledger.errors import Problem, SettingsWrong
from cartledger.settings.fields import fields, section_at
from cartledger.settings.options import ENVIRONMENT_PREFIX, SECRETS
from cartledger.settings.values import PATTERNS
from cartledger.settings.words import bare_or_quoted, nearest, shown

Key = tuple[str, ...]
"""Sections and key, from the outside in."""

Loc = tuple[str | int, ...]
"""A key as pydantic tells it: with places in a list."""

_NOT_SHOWN = {key for _, key in SECRETS} | {"url"}  # the broker's holds a password
_OF_A_KEY = "[key]"  # pydantic's mark for what is wrong with a table's key itself


class Places:
    """Where keys stand: in the environment, else in the file.

    pydantic knows no lines: longer and longer heads of the file are parsed, and the first one in which the key exists
    ends at its line.
    """

    def __init__(self, path: Path, environment: Mapping[str, str]) -> None:
        """Raises SettingsWrong for a file that cannot be read as TOML."""
        self.path = path
        self.environment = environment
        text = _text(path)
        self.lines = text.splitlines()
        self.tree = _tree(path, text)

    def problem(self, key: Loc, code: str, text: str) -> Problem:
        """`text` is the sentence from the verb on; its subject is the key."""
        if (variable := variable_of(named(key))) in self.environment:
            return Problem(code=code, text=f"environment: {variable} {text}")
        if variable := self._table_variable(named(key)):
            return Problem(code=code, text=f"environment: {variable}: {_dotted(key)} {text}")
        return self.in_file(key, code, text)

    def in_file(self, key: Loc, code: str, text: str) -> Problem:
        """`problem` for what stands in the file, whatever the environment says."""
        return Problem(code=code, text=f"{self.path}:{self.line(key)}: {_dotted(key)} {text}")

    def place(self, key: Loc) -> str:
        """`cartledger.toml:12`, or `environment` where the value comes from there."""
        if variable_of(named(key)) in self.environment or self._table_variable(named(key)):
            return "environment"
        return f"{self.path}:{self.line(key)}"

    def _table_variable(self, key: Key) -> str:
        """The variable that holds a table with this key in it; "" where there is none."""
        for length in range(1, len(key)):
            variable = variable_of(key[:length])
            if _reaches(_table(self.environment.get(variable, "")), key[length:]):
                return variable
        return ""

    def line(self, key: Loc) -> int:
        """The line of `key`, or of the nearest section around it; 1 where there is none."""
        while key and not _reaches(self.tree, key):
            key = key[:-1]
        for number in range(1, len(self.lines) + 1):
            try:
                head = tomllib.loads("\n".join(self.lines[:number]))
            except tomllib.TOMLDecodeError:
                continue
            if _reaches(head, key):
                return number
        return 1


def named(key: Loc) -> Key:
    """The names in it alone."""
    return tuple(part for part in key if isinstance(part, str) and part != _OF_A_KEY)


def _dotted(key: Loc) -> str:
    return ".".join(map(bare_or_quoted, named(key)))


def variable_of(key: Iterable[str]) -> str:
    """The environment variable that sets `key`."""
    return f"{ENVIRONMENT_PREFIX}{'__'.join(key)}".upper()


def sentence(detail: ErrorDetails, key: Key) -> str:
    """What pydantic found, from the verb on."""
    if detail["type"] in _TOLD:
        return _TOLD[detail["type"]](detail, key)
    words, context = _SENTENCES.get(detail["type"], "is {value}, which cannot be read."), detail.get("ctx", {})
    return words.format(value=_shown(detail, key), **context)


_A_TABLE = "is {value} where a table belongs: a section in square brackets, or {{ key = value, … }}."
_A_LIST = "is {value} where a list belongs: write [{value}]."
_A_WHOLE_NUMBER = "is {value}, which is no whole number."
_YES_OR_NO = "is {value}; write true or false."

_SENTENCES: Mapping[str, str] = {
    "string_too_long": "is {value}, which is too long; the most is {max_length} characters.",
    "string_too_short": "is empty.",
    "bool_type": _YES_OR_NO,
    "bool_parsing": _YES_OR_NO,
    "int_type": _A_WHOLE_NUMBER,
    "int_parsing": _A_WHOLE_NUMBER,
    "int_from_float": _A_WHOLE_NUMBER,
    "greater_than_equal": "is {value}, which is too little; the least is {ge}.",
    "less_than_equal": "is {value}, which is too much; the most is {le}.",
    "tuple_type": _A_LIST,
    "frozen_set_type": _A_LIST,
    "dict_type": _A_TABLE,
    "model_type": _A_TABLE,
}


def _shown(detail: ErrorDetails, key: Key) -> str:
    value = detail["input"]
    return "a secret" if isinstance(value, str) and key[-1] in _NOT_SHOWN else shown(value)


def _not_a_setting(_: ErrorDetails, key: Key) -> str:
    return f"is not a setting.{nearest(key[-1], _names_beside(key))}"


def _missing(_: ErrorDetails, key: Key) -> str:
    if key[-2:] in SECRETS:
        return f"is missing; set the environment variable {variable_of(key)}."
    if section_at(key) is not None:
        return f"is missing; add the section [{'.'.join(key)}]."
    return f"is missing ({_description(key)})."


def _empty(_: ErrorDetails, key: Key) -> str:
    return f"is empty; add {_description(key)}." if key == ("connections",) else "is empty."


def _not_among(detail: ErrorDetails, _: Key) -> str:
    value, allowed = detail["input"], re.findall("'([^']+)'", str(detail["ctx"]["expected"]))
    hint = nearest(value, allowed) if isinstance(value, str) else ""
    return f"is {shown(value)}.{hint} Allowed: {', '.join(map(shown, allowed))}."


def _odd_characters(detail: ErrorDetails, key: Key) -> str:
    return f"is {_shown(detail, key)}; allowed are {PATTERNS[detail['ctx']['pattern']]}."


def _no_text(detail: ErrorDetails, key: Key) -> str:
    if isinstance(detail["input"], list | dict):
        return f"is {_shown(detail, key)} where one text belongs."
    return f"is {_shown(detail, key)}, which is no text; put it in quotation marks."


def _own_words(detail: ErrorDetails, _: Key) -> str:
    return str(detail["ctx"]["error"])


_TOLD: Mapping[str, Callable[[ErrorDetails, Key], str]] = {
    "extra_forbidden": _not_a_setting,
    "missing": _missing,
    "too_short": _empty,
    "literal_error": _not_among,
    "string_pattern_mismatch": _odd_characters,
    "string_type": _no_text,
    "path_type": _no_text,
    "value_error": _own_words,
}


def _description(key: Key) -> str:
    parent = section_at(key[:-1])
    return str(fields(parent)[key[-1]].description) if parent is not None else ""


def _names_beside(key: Key) -> Iterable[str]:
    section = section_at(key[:-1])
    return fields(section) if section is not None else ()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        problem = Problem(
            code="no_file",
            text=f"There is no settings file {path}.",
            fix="Name it with --config, or make it: cartledger setup.",
        )
        raise SettingsWrong([problem]) from error
    except UnicodeDecodeError as error:
        raise _unreadable(f"{path}: the file is not in UTF-8.", "Save it as UTF-8.") from error
    except PermissionError as error:
        fix = "Give the command as the user whom it belongs to: the one that cartledger runs as (sudo -u cartledger …)."
        raise _unreadable(f"{path}: the file cannot be read ({error.strerror}).", fix) from error
    except OSError as error:
        raise _unreadable(f"{path}: the file cannot be read ({error.strerror}).", "") from error


def _tree(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said, _, place = str(error).rpartition(" (at ")
        line = re.match(r"line (\d+)", place)
        where = line[1] if line else text.count("\n") + 1
        raise _unreadable(f"{path}:{where}: this is not TOML: {_in_plain_words(said or str(error))}.", "") from error


def _in_plain_words(said: str) -> str:
    """What tomllib says of a key or a section that stands there a second time names no key, or a tuple."""
    if said.startswith("Cannot declare"):
        section = ".".join(re.findall("'([^']*)'", said))
        return f"the section [{section}] stands there twice"
    return "the same key stands there twice" if said.startswith("Cannot overwrite") else said


def _unreadable(text: str, fix: str) -> SettingsWrong:
    return SettingsWrong([Problem(code="bad_file", text=text, fix=fix)])


def _reaches(tree: Any, key: Loc) -> bool:
    value = tree
    for part in key:
        try:
            value = value[part]
        except (LookupError, TypeError):
            return False
    return bool(key)


def _table(text: str) -> Any:
    """What a variable holds that is written as JSON; nothing if it is not."""
    try:
        return json.loads(text)
    except ValueError:
        return None
