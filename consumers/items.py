"""Items that orders wait for or the catalogue has: found in QuickBooks by the SKU, else made as the shop counts their
stock or does not. Those that stand follow the shop's prices and descriptions where the settings say so.

Everything about one batch is asked together: one or two reads of QuickBooks, and one of the shop.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from cartledger.clients.faults import Fault, books_are_closed, lists_are_stale, verdict
from cartledger.clients.quickbooks import QuickBooks, quote, select
from cartledger.errors import Hold, Problem, TryLater
from cartledger.ledger.store import Ledger
from cartledger.ledger.types import Claim, Link, Made, Part
from cartledger.money import ZERO, read_json
from cartledger.records import Operation, SourceKey, content_hash
from cartledger.settings import Connection
from consumers.company import CompanyBook
from consumers.finding import is_done
from consumers.item_list import ENTITY, EVERY, ItemList, Row
from consumers.openings import Opening, Openings, Shop
from consumers.outcome import Held, Later, Unchanged
from consumers.posting import DOCUMENT, Adopt, AfterRefusal, Verdict, adopted, keeps_failing, read_made, wears_out
from consumers.restocking import StockSettings
from mapping.choice import Create, Match
from mapping.company import Company, Miss, fold
from mapping.decision import Document, Post
from mapping.item import (
    NAME_FIELD,
    Product,
    about_sku,
    choose_item,
    item_body,
    match_field,
    names,
    read_product,
    sold_twice,
)
from mapping.item_changes import (
    PRICE,
    Prices,
    changed,
    fields_of,
    foreign_prices,
    read_said,
    said_of,
    said_when_made,
    write_said,
)
from mapping.text import marker

ITEM = "item"
"""The kind of these sources."""

NAME_TAKEN = "6240"
A_WHILE = timedelta(seconds=2)


class Items:
    """The handler of items, for one connection. `prices` says how the shop enters them, `stock` what moves its stock;
    `alone`: no other shop makes items in the company."""

    def __init__(
        self,
        *,
        connection: Connection,
        zone: Callable[[], ZoneInfo],
        ledger: Ledger,
        quickbooks: QuickBooks,
        shop: Shop,
        book: CompanyBook,
        prices: Callable[[], Prices],
        stock: StockSettings,
        alone: bool,
        clock: Callable[[], datetime],
    ) -> None:
        self._connection = connection
        self._ledger = ledger
        self._quickbooks = quickbooks
        self._book = book
        self._prices = prices
        self._clock = clock
        self._openings = Openings(connection=connection, zone=zone, ledger=ledger, shop=shop, settings=stock)
        self._list = ItemList(
            ledger=ledger, quickbooks=quickbooks, book=book, pair=connection.pair, alone=alone, clock=clock
        )

    @property
    def _field(self) -> str:
        return match_field(self._connection)

    @property
    def _update(self) -> tuple[str, ...]:
        return self._connection.products.update

    def fingerprint(self) -> str:
        return items_fingerprint(self._connection)

    def decide(self, claims: Sequence[Claim]) -> dict[SourceKey, Verdict]:
        links = self._ledger.links(claims[0].key.pair, ITEM, [claim.key.id for claim in claims])
        products = {claim.key: _product(claim) for claim in claims}
        stand = {key: links[key.id][DOCUMENT] for key in products if key.id in links}
        new = {key: product for key, product in products.items() if key not in stand}
        chosen = self._choose(new)
        openings = self._openings.of([new[key] for key, choice in chosen.items() if isinstance(choice, Create)])
        verdicts = {key: self._verdict(key, new[key], choice, openings) for key, choice in chosen.items()}
        return verdicts | {key: self._follow(products[key], link) for key, link in stand.items()}

    def _choose(self, products: Mapping[SourceKey, Product]) -> dict[SourceKey, Match | Create | Problem]:
        rows = self._list.rows(products.values(), self._field, kind=ITEM) if products else []
        taken: list[str] = []
        chosen: dict[SourceKey, Match | Create | Problem] = {}
        for key, product in products.items():
            choice = chosen[key] = choose_item(product, rows, self._field, taken=taken)
            if isinstance(choice, Create):
                taken.append(choice.name)
        return chosen

    def _verdict(
        self, key: SourceKey, product: Product, choice: Match | Create | Problem, openings: Mapping[str, Opening]
    ) -> Verdict:
        if isinstance(choice, Match):
            return _adopted(key, product, choice)
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
        if isinstance(body, tuple):
            return Held(problems=body)
        self._list.named(name)
        notices = (self._no_price(),) if PRICE in self._update and "UnitPrice" not in body and product.price else ()
        return replace(self._creation(product, body), notices=notices)

    def _body(
        self, product: Product, name: str, opening: Decimal | None, company: Company
    ) -> dict[str, Any] | tuple[Problem, ...]:
        body = item_body(product, name, opening=opening, connection=self._connection, company=company)
        return body if isinstance(body, tuple) else body | self._fields(product, {PRICE} & {*self._update})

    def _fields(self, product: Product, names: Collection[str]) -> dict[str, Any]:
        return fields_of(product, names, self._book.company(), self._prices()) if names else {}

    def _no_price(self) -> Problem:
        return foreign_prices(self._book.company(), self._prices())

    def _creation(self, product: Product, body: dict[str, Any]) -> Post:
        said = write_said(said_when_made(product, self._update))
        return self._post(product, body, said=said, operation=Operation.CREATE)

    def _follow(self, product: Product, link: Link) -> Verdict:
        """What stands in QuickBooks gets what the shop says otherwise by now. Only the catalogue is asked: what an
        order says is as old as the order."""
        if not product.tracking:
            return Unchanged()
        if problem := sold_twice(product):
            return Held(problems=(problem,))
        before, now = read_said(link.hash), said_of(product)
        told = {**before, **now}
        fields = self._fields(product, changed(before, now, self._update))
        if fields:
            return self._change(product, link.target_id, link.sync_token, fields, write_said(told, link.sync_token))
        return Unchanged() if told == before else Adopt(link=replace(link, hash=write_said(told)))

    def _change(self, product: Product, item_id: str, token: str, fields: Mapping[str, Any], said: str) -> Post:
        body = {"Id": item_id, "SyncToken": token, "sparse": True, **fields}
        return self._post(product, body, said=said, operation=Operation.UPDATE)

    def _post(self, product: Product, body: dict[str, Any], *, said: str, operation: Operation) -> Post:
        document = Document(
            name=DOCUMENT,
            entity=ENTITY,
            operation=operation,
            body=body,
            number="",
            marker=marker(self._connection.bigcommerce.store_hash, ITEM, product.source_id),
            amount=ZERO,
            whole=said,
        )
        return Post(documents=(document,))

    def find(self, parts: Sequence[tuple[SourceKey, Part]]) -> dict[str, Made]:
        """New ones by name and SKU as they were sent: an item has no marker, and with both it is the one that was
        wanted. Changed ones by id."""
        made = [part for _, part in parts if part.operation is Operation.CREATE]
        found = {}
        if made:
            rows = self._list.find(NAME_FIELD, {str(part.body["Name"]) for part in made})
            there = {_name_and_sku(row): row for row in rows}
            found = {part.marker: there.get(_name_and_sku(part.body)) for part in made}
        changes = [part for _, part in parts if part.operation is not Operation.CREATE]
        if changes:
            ids = ", ".join(quote(part.body["Id"]) for part in changes)
            by_id = {row["Id"]: row for row in self._quickbooks.query(select(ENTITY, f"Id in ({ids}) and {EVERY}"))}
            rows_of = ((part, by_id.get(part.body["Id"])) for part in changes)
            found |= {part.marker: row for part, row in rows_of if row and is_done(part, row)}
        return {mark: read_made(row) for mark, row in found.items() if row is not None}

    def looks_first(self, claim: Claim, part: Part) -> bool:  # noqa: ARG002 - whichever it is, its name is taken once
        """Never."""
        return False

    def after_refusal(self, claim: Claim, part: Part, fault: Fault) -> AfterRefusal:
        """A name that is taken is answered with the next one, unless the item has been made meanwhile; a change that
        was refused with a look at the item."""
        if part.operation is Operation.UPDATE and (follows := self._not_as_known(claim, part)):
            return follows
        if NAME_TAKEN in fault.codes:
            return self._name_taken(_product(claim), part)
        if lists_are_stale(fault) or books_are_closed(fault):
            self._book.forget()
            if claim.attempts == 0:
                return TryLater("What the item refers to has changed in QuickBooks.")
        error = verdict(fault)
        if isinstance(error, Hold):
            return Held(problems=error.problems)
        return Held(problems=(keeps_failing(claim, error),)) if wears_out(claim) else TryLater(str(error))

    def _not_as_known(self, claim: Claim, part: Part) -> AfterRefusal | None:
        """What follows where the item is not as it was when the change was decided: somebody edited it, which keeps all
        that the change does not name, or another one is in its place. None where it is."""
        row = self._quickbooks.read(ENTITY, part.body["Id"])
        if row is None or row.get("Active", True) is False:
            return self._moved(claim, part)
        if is_done(part, row):
            return read_made(row)
        if row["SyncToken"] == part.body["SyncToken"]:
            return None
        return self._changed_again(claim, part, row)

    def _moved(self, claim: Claim, part: Part) -> AfterRefusal:
        """The item was merged into another one, or made anew as of another type: the one that bears the SKU now."""
        product = _product(claim)
        rows = self._list.find(self._field, {product.sku})
        choice = choose_item(product, rows, self._field)
        if not isinstance(choice, Match):
            problem = choice if isinstance(choice, Problem) else about_sku(Miss.INACTIVE, product, self._field)
            return Held(problems=(problem,))
        link = self._ledger.link(claim.key, DOCUMENT)
        if link is not None:
            self._ledger.set_link(replace(link, target_id=choice.id, sync_token=choice.sync_token))
        return self._changed_again(claim, part, {"Id": choice.id, "SyncToken": choice.sync_token})

    def _changed_again(self, claim: Claim, part: Part, row: Row) -> Post:
        fields = {name: value for name, value in part.body.items() if name not in ("Id", "SyncToken", "sparse")}
        return self._change(_product(claim), str(row["Id"]), str(row["SyncToken"]), fields, part.hash)

    def _name_taken(self, product: Product, part: Part) -> AfterRefusal:
        candidates, name = names(product, self._field), str(part.body["Name"])
        tried = candidates[: candidates.index(name) + 1] if name in candidates else (name,)
        rows = self._list.find(self._field, {product.sku})
        choice = choose_item(product, rows, self._field, taken=tried)
        if isinstance(choice, Create):
            self._list.named(choice.name)
            return self._creation(product, part.body | {"Name": choice.name})
        if isinstance(choice, Problem):
            return Held(problems=(choice,))
        return next(read_made(row) for row in rows if str(row["Id"]) == choice.id)


def _adopted(key: SourceKey, product: Product, found: Match) -> Adopt:
    adopt = adopted(key, ENTITY, found)
    return Adopt(link=replace(adopt.link, hash=write_said(said_of(product)))) if product.tracking else adopt


def items_fingerprint(connection: Connection) -> str:
    """Tells two sets of rules for items apart: what was held under others is decided again."""
    return content_hash(connection.model_dump(mode="json", include={"products", "start_date"}))


def _product(claim: Claim) -> Product:
    return read_product(read_json(claim.record))


def _name_and_sku(item: Row) -> tuple[str, str]:
    return fold(str(item["Name"])), fold(str(item.get("Sku") or ""))
