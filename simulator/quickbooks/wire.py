"""JSON as the API writes it: Decimals become plain numbers, money has two decimals unless it is zero."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from json.encoder import encode_basestring
from typing import Any, NoReturn
from xml.sax.saxutils import escape

CENT = Decimal("0.01")
ZERO = Decimal(0)
ONE = Decimal(1)
JsonObject = dict[str, Any]


def money(amount: Decimal) -> Decimal:
    """Half up to the cent; zero is written `0`."""
    return amount.quantize(CENT, ROUND_HALF_UP) if amount else ZERO


def plain(number: Decimal) -> Decimal:
    """Without trailing zeros: quantities and unit prices."""
    return number.normalize() if number else ZERO


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def read_json(body: bytes) -> Any:
    """Numbers arrive as Decimal or int. Raises ValueError for anything that is not UTF-8 JSON."""
    return json.loads(body.decode("utf-8"), parse_float=Decimal, parse_constant=_no_constant)


def write_json(value: Any) -> str:
    """The standard encoder cannot write a Decimal as a number without going through float."""
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{encode_basestring(key)}:{write_json(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(write_json(each) for each in value) + "]"
    return json.dumps(value)


def write_xml(value: JsonObject) -> str:
    """What a client gets that does not ask for JSON."""
    time = f' time="{value["time"]}"' if "time" in value else ""
    inner = "".join(_element(name, each) for name, each in value.items() if name != "time")
    return f'<IntuitResponse{time} xmlns="http://schema.intuit.com/finance/v3">{inner}</IntuitResponse>'


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_element(name, each) for each in value)
    if isinstance(value, Mapping):
        inner = "".join(_element(key, each) for key, each in value.items())
        return f"<{name}>{inner}</{name}>"
    text = format(value, "f") if isinstance(value, Decimal) else str(value)
    return f"<{name}>{escape(text)}</{name}>"
