"""Items that orders wait for: found in QuickBooks by the SKU, else made as the shop counts their stock or does not.

Everything about one batch is asked together: one or two reads of QuickBooks, and one of the shop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from cartledger.clients.faults import Fault, books_are_closed, lists_are_stale, verdict
from cartledger.clients.quickbooks import QuickBooks
from cartledger.errors import Hold, Problem, TryLater
from cartledger.ledger.store import Ledger
from cartledger.ledger.types import Claim, Made, Part
from cartledger.money import ZERO, read_json
from cartledger.records import SourceKey, content_hash
from cartledger.settings import Connection
from consumers.company import CompanyBook
from consumers.openings import Opening, Openings, Shop
from consumers.outcome import Held, Later, Unchanged
from consumers.posting import DOCUMENT, AfterRefusal, Verdict, adopted, read_made
from mapping.choice import Create, Match
from mapping.company import Company, fold
from mapping.decision import Document, Post
from mapping.item import (
    NAME_FIELD,
    Product,
    choose_item,
    item_body,
    match_field,
    names,
    read_product,
)
from mapping.text import marker

ITEM = "item"
"""The kind of these sources."""

ENTITY = "Item"
NAME_TAKEN = "6240"
A_WHILE = timedelta(seconds=2)

Row = Mapping[str, Any]
"""An Item as QuickBooks answers it."""


class Items:
    """The handler of items, for one connection."""

    def __init__(
        self,
        *,
        connection: Connection,
        zone: Callable[[], ZoneInfo],
        ledger: Ledger,
        quickbooks: QuickBooks,
        shop: Shop,
        book: CompanyBook,
        clock: Callable[[], datetime],
    ) -> None:
        self._connection = connection
        self._ledger = ledger
        self._quickbooks = quickbooks
        self._book = book
        self._clock = clock
        self._openings = Openings(connection=connection, zone=zone, ledger=ledger, shop=shop)

    @property
    def _field(self) -> str:
        return match_field(self._connection)

    def fingerprint(self) -> str:
        return items_fingerprint(self._connection)

    def decide(self, claims: Sequence[Claim]) -> dict[SourceKey, Verdict]:
        links = self._ledger.links(claims[0].key.pair, ITEM, [claim.key.id for claim in claims])
        products = {claim.key: _product(claim) for claim in claims if claim.key.id not in links}
        chosen = self._choose(products)
        openings = self._openings.of([products[key] for key, choice in chosen.items() if isinstance(choice, Create)])
        verdicts = {key: self._verdict(key, products[key], choice, openings) for key, choice in chosen.items()}
        return {claim.key: verdicts.get(claim.key, Unchanged()) for claim in claims}

    def _choose(self, products: Mapping[SourceKey, Product]) -> dict[SourceKey, Match | Create | Problem]:
        rows = self._rows(products.values()) if products else []
        taken: list[str] = []
        chosen: dict[SourceKey, Match | Create | Problem] = {}
        for key, product in products.items():
            choice = chosen[key] = choose_item(product, rows, self._field, taken=taken)
            if isinstance(choice, Create):
                taken.append(choice.name)
        return chosen

    def _rows(self, products: Iterable[Product]) -> list[Row]:
        """Whatever bears one of the SKUs, or a name that an item could get; inactive ones too, which hold their names.

        A name that the query language cannot say is not asked for: it turns out to be taken when it is.
        """
        rows = self._find(self._field, {product.sku for product in products})
        if self._field == NAME_FIELD:
            return rows
        wanted = {name for product in products for name in names(product, self._field)}
        return rows + self._find(NAME_FIELD, {name for name in wanted if max(name) <= "\xff"})

    def _find(self, field: str, values: Iterable[str]) -> list[Row]:
        return [*self._quickbooks.find(ENTITY, field, sorted(values), "Active in (true, false)")]

    def _verdict(
        self, key: SourceKey, product: Product, choice: Match | Create | Problem, openings: Mapping[str, Opening]
    ) -> Verdict:
        if isinstance(choice, Match):
            return adopted(key, ENTITY, choice)
        if isinstance(choice, Problem):
            return Held(problems=(choice,))
        opening = openings[product.key]
        if isinstance(opening, Problem):
            return Held(problems=(opening,))
        if isinstance(opening, TryLater):
            return Later(until=self._clock() + A_WHILE, why=str(opening))
        return self._make(product, choice.name, opening)

    def _make(self, product: Product, name: str, opening: Decimal | None) -> Post | Held:
        """An account that is not known may have been made since the company was read."""
        body = self._body(product, name, opening, self._book.company())
        if isinstance(body, tuple) and (newer := self._book.renewed()):
            body = self._body(product, name, opening, newer)
        return Held(problems=body) if isinstance(body, tuple) else self._post(product, body)

    def _body(
        self, product: Product, name: str, opening: Decimal | None, company: Company
    ) -> dict[str, Any] | tuple[Problem, ...]:
        return item_body(product, name, opening=opening, connection=self._connection, company=company)

    def _post(self, product: Product, body: dict[str, Any]) -> Post:
        mark = marker(self._connection.bigcommerce.store_hash, ITEM, product.source_id)
        document = Document(name=DOCUMENT, entity=ENTITY, body=body, number="", marker=mark, amount=ZERO)
        return Post(documents=(document,), rounding=ZERO)

    def find(self, parts: Sequence[tuple[SourceKey, Part]]) -> dict[str, Made]:
        """By name and SKU as they were sent: an item has no marker, and with both it is the one that was wanted."""
        rows = self._find(NAME_FIELD, {str(part.body["Name"]) for _, part in parts})
        there = {_name_and_sku(row): row for row in rows}
        found = {part.marker: there.get(_name_and_sku(part.body)) for _, part in parts}
        return {mark: read_made(row) for mark, row in found.items() if row is not None}

    def looks_first(self, claim: Claim, part: Part) -> bool:  # noqa: ARG002 - whichever it is, its name is taken once
        """Never."""
        return False

    def after_refusal(self, claim: Claim, part: Part, fault: Fault) -> AfterRefusal:
        """A name that is taken is answered with the next one, unless the item has been made meanwhile."""
        if NAME_TAKEN in fault.codes:
            return self._name_taken(_product(claim), part)
        if lists_are_stale(fault) or books_are_closed(fault):
            self._book.forget()
            if claim.attempts == 0:
                return TryLater("What the item refers to has changed in QuickBooks.")
        error = verdict(fault)
        return Held(problems=error.problems) if isinstance(error, Hold) else TryLater(str(error))

    def _name_taken(self, product: Product, part: Part) -> AfterRefusal:
        candidates, name = names(product, self._field), str(part.body["Name"])
        tried = candidates[: candidates.index(name) + 1] if name in candidates else (name,)
        rows = self._find(self._field, {product.sku})
        choice = choose_item(product, rows, self._field, taken=tried)
        if isinstance(choice, Create):
            return self._post(product, part.body | {"Name": choice.name})
        if isinstance(choice, Problem):
            return Held(problems=(choice,))
        return next(read_made(row) for row in rows if str(row["Id"]) == choice.id)


def items_fingerprint(connection: Connection) -> str:
    """Tells two sets of rules for items apart: what was held under others is decided again."""
    return content_hash(connection.model_dump(mode="json", include={"products", "start_date"}))


def _product(claim: Claim) -> Product:
    return read_product(read_json(claim.record))


def _name_and_sku(item: Row) -> tuple[str, str]:
    return fold(str(item["Name"])), fold(str(item.get("Sku") or ""))
