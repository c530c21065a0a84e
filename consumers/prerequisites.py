"""What an order needs in QuickBooks before it can be posted: sources of their own, which it waits for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from cartledger.errors import Problem
from cartledger.ledger.store import Ledger
from cartledger.ledger.types import Read, Standing, State
from cartledger.money import write_json
from cartledger.records import SourceKey, content_hash
from consumers.customers import CUSTOMER
from consumers.items import ITEM
from consumers.outcome import Held
from consumers.posting import DOCUMENT, WaitFor
from mapping.customer import Person, write_person
from mapping.item import Product, write_product

CUSTOMER_HELD = "customer_held"
ITEM_HELD = "item_held"


class Prerequisites:
    """The customers and items of one pair's orders. `catalogue`: it says itself what its items are."""

    def __init__(self, *, pair: str, ledger: Ledger, catalogue: bool) -> None:
        self._pair = pair
        self._ledger = ledger
        self._catalogue = catalogue

    def wait_for_customer(self, person: Person, *, modified: datetime) -> WaitFor | Held:
        """`modified` is the order's."""
        key = SourceKey(pair=self._pair, kind=CUSTOMER, id=person.key)
        problem = self._wanted(key, write_person(person), modified)
        if problem is None:
            return WaitFor(key=key, why="its customer is made first")
        fix = "Retrying the order tries its customer, too."
        return Held(problems=(Problem(code=CUSTOMER_HELD, text=f"Its customer cannot be made: {problem}", fix=fix),))

    def items(self, products: Iterable[Product]) -> dict[str, str]:
        """QuickBooks' ids of those whose items stand there, by key."""
        keys = {product.source_id: product.key for product in products}
        links = self._ledger.links(self._pair, ITEM, keys)
        return {keys[id_]: parts[DOCUMENT].target_id for id_, parts in links.items() if DOCUMENT in parts}

    def wait_for_items(self, products: Sequence[Product], *, modified: datetime) -> WaitFor | Held:
        """All of them are asked for at once, so that they are made in one batch; the order waits for the first."""
        keys = [SourceKey(pair=self._pair, kind=ITEM, id=product.source_id) for product in products]
        found = [self._wanted(key, write_product(each), modified) for key, each in zip(keys, products, strict=True)]
        fix = "Retrying the order tries its items, too."
        problems = tuple(
            Problem(code=ITEM_HELD, text=f'The item "{each.sku}" cannot be made: {problem}', fix=fix)
            for each, problem in zip(products, found, strict=True)
            if problem
        )
        return Held(problems=problems) if problems else WaitFor(key=keys[0], why="its items are made first")

    def _wanted(self, key: SourceKey, facts: Mapping[str, Any], modified: datetime) -> str | None:
        """Remember the source; why it cannot be made, if that is known. It is made as the first order says that wants
        it; a held one is tried again when an order says something new of it, unless the catalogue would."""
        standing = self._ledger.standing(key)
        if standing and standing.state in (State.QUEUED, State.CLAIMED):
            return None
        if standing and key.kind == ITEM and self._catalogue and standing.state in _SETTLED_OTHERWISE:
            return _why(standing)
        wanted = Read(
            id=key.id,
            version=content_hash(facts),
            record=write_json(facts).encode(),
            modified=modified,
        )
        self._ledger.remember(key.pair, key.kind, [wanted])
        standing = self._ledger.standing(key)
        return _why(standing) if standing and standing.state in _SETTLED_OTHERWISE else None


_SETTLED_OTHERWISE = (State.HELD, State.EXCLUDED)


def _why(standing: Standing) -> str:
    return " ".join(str(problem) for problem in standing.problems) or standing.rule
