"""The numbers of what takes an order's sale back."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

from mapping.case import Case


def free_number(case: Case, rank: int, taken: Iterable[str] = ()) -> str:
    """That of the first rank from `rank` on that no document of the order bears; `taken` are numbers of documents that
    are decided with it. A refund that was declined in the meantime gives its rank to none that comes after it."""
    borne = {*taken, *(standing.number for standing in case.facts.stands.values())}
    numbers = (case.connection.refund_number(case.order.id, each) for each in count(rank))
    return next(number for number in numbers if number not in borne)
