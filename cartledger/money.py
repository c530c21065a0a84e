"""Money is Decimal, from the wire to the wire. One constructor, one rounding, one way to split, one JSON codec.

Amounts are plain Decimals in the currency of the document at hand; every public function that takes amounts says so.
Binary floats are refused: 0.1 + 0.2 has no place in a ledger.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

ZERO = Decimal(0)
CENT = Decimal("0.01")
_HALF_PAIR = re.compile("[\ud800-\udfff]")


def D(value: str | int | Decimal) -> Decimal:  # noqa: N802 - the name accountants' code gives its one constructor
    """The one constructor of amounts. Raises ValueError for anything that is not a finite decimal number.

    >>> D("236.9667")
    Decimal('236.9667')
    """
    if isinstance(value, float | bool):
        raise ValueError(f"{value!r} is not a decimal number")
    try:
        amount = Decimal(value)
    except (InvalidOperation, TypeError) as error:
        raise ValueError(f"{value!r} is not a decimal number") from error
    if not amount.is_finite():
        raise ValueError(f"{value!r} is not a decimal number")
    return amount


def cents(amount: Decimal) -> Decimal:
    """`amount` to two places, half away from zero, as both APIs round."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def split(total: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """`total` (whole cents) in parts proportional to `weights`, each whole cents, which sum to `total` exactly.

    Largest remainder: every part is rounded down and the cents left over go to the largest remainders, earlier parts
    first on a tie. Weights are not negative; when all are 0 the first part takes everything.
    """
    if not weights:
        return []
    whole = sum(weights, ZERO)
    if whole == 0:
        return [total, *[ZERO] * (len(weights) - 1)]
    exact = [total * weight / whole for weight in weights]
    parts = [part.quantize(CENT, ROUND_FLOOR) for part in exact]
    left = int((total - sum(parts, ZERO)) / CENT)
    largest_first = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for i in largest_first[:left]:
        parts[i] += CENT
    return parts


def read_json(text: str | bytes) -> Any:
    """JSON with every number that has a point or an exponent as Decimal. Raises ValueError (json.JSONDecodeError)."""
    return json.loads(text, parse_float=Decimal, parse_constant=_no_constant)


def write_json(value: Any) -> str:
    """Compact JSON in which a Decimal is the number it is (`7.10` stays `7.10`); keys keep their order.

    Raises TypeError for a float and for anything JSON has no word for.
    """
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{json.dumps(str(k))}:{write_json(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(write_json(item) for item in value) + "]"
    if isinstance(value, str):
        # Half of a surrogate pair has no UTF-8 bytes; as an escape it comes back as it was.
        return json.dumps(value, ensure_ascii=bool(_HALF_PAIR.search(value)))
    if value is None or isinstance(value, bool | int):
        return json.dumps(value)
    raise TypeError(f"{type(value).__name__} has no place in JSON that carries money")


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number")
