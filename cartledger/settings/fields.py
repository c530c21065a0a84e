"""The options as the file names them, and the sections they stand in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from cartledger.settings.options import Section, Settings

ANY_NAME = "*"
"""Stands for the name that a table's rows have of the user: a connection's, a payment method's."""


@dataclass(frozen=True, kw_only=True)
class Option:
    """One option: `key` is its sections and name, from the outside in."""

    key: tuple[str, ...]
    field: FieldInfo


def options() -> Iterator[Option]:
    """Every option there is, in the order of the file."""
    yield from _options((), Settings)


def _options(path: tuple[str, ...], section: type[BaseModel]) -> Iterator[Option]:
    for name, field in fields(section).items():
        key = (*path, name)
        if (inner := section_of(field.annotation)) is not None:
            yield from _options(key, inner)
        elif (inner := section_of(row_of(field.annotation))) is not None:
            yield from _options((*key, ANY_NAME), inner)
        else:
            yield Option(key=key, field=field)


def fields(section: type[BaseModel]) -> Mapping[str, FieldInfo]:
    """The fields of a section by the name that they have in the file (`class`, which Python cannot call so)."""
    return {field.alias or name: field for name, field in section.model_fields.items()}


def section_of(annotation: Any) -> type[BaseModel] | None:
    """The section that a field of this type is, whether or not it may be left out."""
    found = plain(annotation)
    return found if isinstance(found, type) and issubclass(found, Section | Settings) else None


def row_of(annotation: Any) -> Any:
    """The type of a table's rows, where the names are the user's; None for what is no such table."""
    found = plain(annotation)
    return get_args(found)[1] if get_origin(found) is dict else None


def choices(annotation: Any) -> tuple[Any, ...]:
    """The values that are allowed, where these are a handful."""
    found = plain(annotation)
    return get_args(found) if get_origin(found) is Literal else ()


def plain(annotation: Any) -> Any:
    """The type without the None that stands for its absence and without what is annotated to it."""
    found = present(annotation)
    return plain(get_args(found)[0]) if get_origin(found) is Annotated else found


def present(annotation: Any) -> Any:
    """The type without the None that stands for its absence."""
    if get_origin(annotation) not in (Union, UnionType):
        return annotation
    (found,) = (one for one in get_args(annotation) if one is not type(None))
    return found


def section_at(key: tuple[str, ...]) -> type[BaseModel] | None:
    """The section at `key`; None where there is none."""
    found: Any = Settings
    for part in key:
        section = section_of(found)
        if section is None:
            found = row_of(found)
        else:
            found = fields(section)[part].annotation if part in fields(section) else None
    return section_of(found)
