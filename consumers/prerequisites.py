"""What an order needs in QuickBooks before it can be posted: sources of their own, which it waits for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cartledger.errors import Problem
from cartledger.ledger.store import Ledger
from cartledger.ledger.types import Read, State
from cartledger.money import write_json
from cartledger.records import SourceKey, content_hash
from consumers.customers import CUSTOMER
from consumers.outcome import Held
from consumers.posting import WaitFor
from mapping.customer import Person, write_person

CUSTOMER_HELD = "customer_held"


class Prerequisites:
    """The customers of one pair's orders."""

    def __init__(self, *, pair: str, ledger: Ledger) -> None:
        self._pair = pair
        self._ledger = ledger

    def wait_for_customer(self, person: Person, *, modified: datetime) -> WaitFor | Held:
        """`modified` is the order's."""
        key = SourceKey(pair=self._pair, kind=CUSTOMER, id=person.key)
        problem = self._wanted(key, write_person(person), modified)
        if problem is None:
            return WaitFor(key=key, why="its customer is made first")
        fix = "Retrying the order tries its customer, too."
        return Held(problems=(Problem(code=CUSTOMER_HELD, text=f"Its customer cannot be made: {problem}", fix=fix),))

    def _wanted(self, key: SourceKey, facts: Mapping[str, Any], modified: datetime) -> str | None:
        """Remember the source; why it cannot be made, if that is known. A held one is tried again when the order says
        something new of it."""
        wanted = Read(
            id=key.id,
            version=content_hash(facts),
            record=write_json(facts).encode(),
            modified=modified,
        )
        self._ledger.remember(key.pair, key.kind, [wanted])
        standing = self._ledger.standing(key)
        if standing and standing.state in (State.HELD, State.EXCLUDED):
            return " ".join(str(problem) for problem in standing.problems) or standing.rule
        return None
