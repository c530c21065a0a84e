"""`cartledger.example.toml`, written from the fields: right as it stands, and every option in it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from cartledger.settings.fields import choices, fields, row_of, section_of
from cartledger.settings.options import ESSENTIAL, FOR_TESTS, SECRETS, Settings
from cartledger.settings.words import literal

CONNECTION = "main"
WIDTH = 120
COMMENTS_AT = 42  # column

HEAD = """\
# cartledger: settings of one shop and one company. Copy to cartledger.toml and go through the lines without a #.
# A line with a # is not in force: it shows the option's default, or an example where there is none.
# Secrets do not stand here; README.md, "A real shop", says where they go. More on each option: docs/CONFIGURATION.md
"""


def example() -> str:
    """The file. Its lines without a # are essential; taking the # off the others changes no default."""
    return "\n".join([HEAD, *_section((), Settings)])


def shown_value(field: FieldInfo) -> Any:
    """As a person would write it: the field's example, else its default."""
    return field.examples[0] if field.examples else field.get_default(call_default_factory=True)


def _section(path: tuple[str, ...], section: type[BaseModel]) -> Iterator[str]:
    """Keys first, then the tables inside, as TOML wants it."""
    inner = {name: field for name, field in fields(section).items() if _is_table(field)}
    keys = {name: one for name, one in fields(section).items() if name not in inner and _is_shown((*path, name), one)}
    if keys:
        yield _commented(f"[{'.'.join(path)}]", str(section.__doc__))
        yield from (_line(name, field) for name, field in keys.items())
        yield ""
    for name, field in inner.items():
        yield from _table((*path, name), field)


def _is_table(field: FieldInfo) -> bool:
    return row_of(field.annotation) is not None or (section_of(field.annotation) is not None and not field.description)


def _is_shown(key: tuple[str, ...], field: FieldInfo) -> bool:
    return field.json_schema_extra != FOR_TESTS and key[-2:] not in SECRETS


def _table(path: tuple[str, ...], field: FieldInfo) -> Iterator[str]:
    if section := section_of(field.annotation):
        yield from _section(path, section)
    elif path == ("connections",) and (section := section_of(row_of(field.annotation))):
        yield from _section((*path, CONNECTION), section)
    else:
        yield _commented(f"[{'.'.join(path)}]", str(field.description))
        yield from _rows(field)
        yield ""


def _rows(field: FieldInfo) -> Iterator[str]:
    """Of an essential table the first example is in force."""
    for number, rows in enumerate(field.examples or []):
        in_force = "" if number == 0 and field.json_schema_extra == ESSENTIAL else "# "
        yield from (f"{in_force}{literal(key)} = {literal(row)}" for key, row in rows.items())


def _line(name: str, field: FieldInfo) -> str:
    in_force = "" if field.is_required() or field.json_schema_extra == ESSENTIAL else "# "
    value = shown_value(field)
    others = " or ".join(literal(other) for other in choices(field.annotation) if other != value)
    comment = f"or {others}: {field.description}" if others else str(field.description)
    return _commented(f"{in_force}{name} = {literal(value)}", comment)


def _commented(line: str, comment: str) -> str:
    """The comment beside the line, and below where it is longer."""
    margin = " " * COMMENTS_AT
    first, *more = textwrap.wrap(comment, WIDTH - COMMENTS_AT - 2, break_long_words=False, break_on_hyphens=False)
    rest = [f"{margin}# {text}" for text in more]
    if len(line) < COMMENTS_AT:
        return "\n".join([f"{line:<{COMMENTS_AT}}# {first}", *rest])
    return "\n".join([line, f"{margin}# {first}", *rest])
