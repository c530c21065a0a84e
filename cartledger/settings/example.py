"""`cartledger.example.toml`, and the file that `cartledger setup` writes: every option in it, with what it means.

Both are written from the fields. In the example what has to be decided is in force, each by its example; in a file that
was set up what was chosen is, and nothing else.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from cartledger.settings.fields import choices, fields, row_of, section_of
from cartledger.settings.options import ESSENTIAL, FOR_TESTS, SECRETS, Connection, Settings
from cartledger.settings.words import literal

CONNECTION = "main"
WIDTH = 120
COMMENTS_AT = 42  # column

HEAD = """\
# cartledger: settings of one shop and one company. `cartledger setup` writes such a file from what both sides have; by
# hand, copy this one to cartledger.toml and go through the lines without a #.
# A line with a # is not in force: it shows the option's default, or an example where there is none.
# Secrets do not stand here; docs/CONFIGURATION.md says where they go, and more on each option.
"""
SET_UP_HEAD = """\
# cartledger: written by `cartledger setup`, yours from now on. After a change: cartledger check
# A line with a # is not in force: it shows the option's default, or an example where there is none.
# Secrets do not stand here, but in the folder credentials beside it. More on each option: docs/CONFIGURATION.md
"""

Chosen = Mapping[str, Any]
"""What was chosen in a section, as TOML has it: tables in tables."""


def example() -> str:
    """The file. Its lines without a # are essential; taking the # off the others changes no default."""
    return "\n".join([HEAD, *_section((), Settings, None)])


def set_up(chosen: Chosen) -> str:
    """A whole file in which what is `chosen` is in force, by section and key: {"connections": {"main": {…}}}."""
    return "\n".join([SET_UP_HEAD, *_section((), Settings, chosen)])


def set_up_connection(name: str, chosen: Chosen) -> str:
    """The sections of one connection, to stand in a file with others."""
    return "\n".join(_section(("connections", name), Connection, chosen))


def shown_value(field: FieldInfo) -> Any:
    """As a person would write it: the field's example, else its default."""
    return field.examples[0] if field.examples else field.get_default(call_default_factory=True)


def _section(path: tuple[str, ...], section: type[BaseModel], chosen: Chosen | None) -> Iterator[str]:
    """Keys first, then the tables inside, as TOML wants it. `chosen` is None in the example."""
    inner = {name: field for name, field in fields(section).items() if _is_table(field)}
    keys = {
        name: one
        for name, one in fields(section).items()
        if name not in inner and (_is_shown((*path, name), one) or name in (chosen or {}))
    }
    if keys:
        yield _commented(f"[{'.'.join(path)}]", str(section.__doc__))
        yield from (_line(name, field, chosen) for name, field in keys.items())
        yield ""
    for name, field in inner.items():
        yield from _table((*path, name), field, None if chosen is None else chosen.get(name, {}))


def _is_table(field: FieldInfo) -> bool:
    return row_of(field.annotation) is not None or (section_of(field.annotation) is not None and not field.description)


def _is_shown(key: tuple[str, ...], field: FieldInfo) -> bool:
    return field.json_schema_extra != FOR_TESTS and key[-2:] not in SECRETS


def _table(path: tuple[str, ...], field: FieldInfo, chosen: Chosen | None) -> Iterator[str]:
    if section := section_of(field.annotation):
        yield from _section(path, section, chosen)
    elif path == ("connections",) and (section := section_of(row_of(field.annotation))):
        for name, inner in ({CONNECTION: None} if chosen is None else chosen).items():
            yield from _section((*path, name), section, inner)
    else:
        yield _commented(f"[{'.'.join(path)}]", str(field.description))
        yield from _rows(field, chosen)
        yield ""


def _rows(field: FieldInfo, chosen: Chosen | None) -> Iterator[str]:
    """The rows that were chosen, else the examples. Of an essential table of the example the first is in force."""
    if chosen:
        yield from (f"{literal(key)} = {literal(row)}" for key, row in chosen.items())
        return
    for number, rows in enumerate(field.examples or []):
        in_force = number == 0 and field.json_schema_extra == ESSENTIAL and chosen is None
        yield from (f"{'' if in_force else '# '}{literal(key)} = {literal(row)}" for key, row in rows.items())


def _line(name: str, field: FieldInfo, chosen: Chosen | None) -> str:
    if chosen is None:
        in_force, value = field.is_required() or field.json_schema_extra == ESSENTIAL, shown_value(field)
    else:
        in_force, value = name in chosen, chosen.get(name, shown_value(field))
    others = " or ".join(literal(other) for other in choices(field.annotation) if other != value)
    comment = f"or {others}: {field.description}" if others else str(field.description)
    return _commented(f"{'' if in_force else '# '}{name} = {literal(value)}", comment)


def _commented(line: str, comment: str) -> str:
    """The comment beside the line, and below where it is longer."""
    margin = " " * COMMENTS_AT
    first, *more = textwrap.wrap(comment, WIDTH - COMMENTS_AT - 2, break_long_words=False, break_on_hyphens=False)
    rest = [f"{margin}# {text}" for text in more]
    if len(line) < COMMENTS_AT:
        return "\n".join([f"{line:<{COMMENTS_AT}}# {first}", *rest])
    return "\n".join([line, f"{margin}# {first}", *rest])
