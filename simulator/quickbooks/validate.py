"""What is refused before anyone looks at the company: unknown properties, wrong kinds, lengths, missing parameters."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from simulator.quickbooks import errors
from simulator.quickbooks.errors import Error, FaultError
from simulator.quickbooks.fields import CLASSES, Field
from simulator.quickbooks.wire import JsonObject

# Tab, line feed and carriage return are the only control characters allowed; four-byte characters fail as well.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd]")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DECIMALS = {"money": 2, "price": 7, "number": 12}
_LARGEST = Decimal(99999999999)


def check_body(entity: str, body: Any) -> None:
    """Raises FaultError: at once for the first unknown property (2010), else with all errors found."""
    found = list(_object(entity, body, ""))
    unknown = [error for error in found if error.code == "2010"]
    if unknown:
        raise FaultError(errors=unknown[:1])
    if found:
        raise FaultError(errors=found)


def require(body: JsonObject, names: Sequence[str]) -> None:
    """Raises one FaultError that names every missing parameter (2020)."""
    missing = [name for name in names if body.get(name) in (None, "", {})]
    if missing:
        raise FaultError(errors=[errors.required(name) for name in missing])


def is_day(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return _DATE.fullmatch(text) is not None


def _object(class_name: str, value: Any, path: str) -> Iterator[Error]:
    if not isinstance(value, dict):
        yield errors.unreadable(f"Can not deserialize instance of {class_name}").errors[0]
        return
    known = CLASSES[class_name]
    for name, each in value.items():
        if name not in known:
            yield errors.unknown_property(name, class_name, list(known))
        elif each is not None:
            yield from _property(known[name], each, f"{path}.{name}".lstrip("."))


def _property(field: Field, value: Any, path: str) -> Iterator[Error]:
    if not field.many:
        yield from _value(field, value, path)
    elif not isinstance(value, list):
        yield errors.unreadable(f"Can not deserialize instance of java.util.ArrayList for {path}").errors[0]
    else:
        for each in value:
            yield from _value(field, each, path)


def _value(field: Field, value: Any, path: str) -> Iterator[Error]:
    if field.kind == "any":
        return
    if field.kind == "ref":
        yield from _object("ReferenceType", value, path)
        if isinstance(value, dict) and not value.get("value"):
            yield errors.required(f"{path}.value")
    elif field.kind in CLASSES:
        yield from _object(field.kind, value, path)
    else:
        yield from _CHECKS[field.kind](field, value, path)


def _text(field: Field, value: Any, path: str) -> Iterator[Error]:
    if not isinstance(value, str):
        yield errors.malformed("text", path, value)
    elif field.limit is not None and len(value) > field.limit:
        yield errors.wrong_length(path, len(value), field.limit)
    elif _FORBIDDEN.search(value):
        yield errors.invalid_characters(path, value)


def _email(field: Field, value: Any, path: str) -> Iterator[Error]:
    wrong = list(_text(field, value, path))
    yield from wrong
    if (
        not wrong
        and value
        and not all(re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", each.strip()) for each in value.split(","))
    ):
        yield errors.malformed("email", path, value)


def _date(_: Field, value: Any, path: str) -> Iterator[Error]:
    if not isinstance(value, str) or not is_day(value):
        yield errors.malformed("date", path, value)


def _flag(_: Field, value: Any, path: str) -> Iterator[Error]:
    if not isinstance(value, bool):
        yield errors.malformed("flag", path, value)


def _integer(_: Field, value: Any, path: str) -> Iterator[Error]:
    if not isinstance(value, int) or isinstance(value, bool):
        yield errors.malformed("integer", path, value)


def _decimal(field: Field, value: Any, path: str) -> Iterator[Error]:
    kind = "money" if field.kind == "money" else "number"
    if not isinstance(value, int | Decimal) or isinstance(value, bool):
        yield errors.malformed(kind, path, value)
        return
    number = Decimal(value)
    if abs(number) > _LARGEST or number != round(number, _DECIMALS[field.kind]):
        yield errors.malformed(kind, path, value)


def _enumeration(field: Field, value: Any, path: str) -> Iterator[Error]:
    if value not in field.choices:
        yield errors.malformed("enumeration", path, value)


_CHECKS: dict[str, Callable[[Field, Any, str], Iterator[Error]]] = {
    "text": _text,
    "email": _email,
    "date": _date,
    "flag": _flag,
    "integer": _integer,
    "money": _decimal,
    "price": _decimal,
    "number": _decimal,
    "enumeration": _enumeration,
}
