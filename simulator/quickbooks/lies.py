"""What a company answers wrongly while its books are right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from simulator.quickbooks.query import Query
from simulator.quickbooks.wire import JsonObject

Kind = Literal["zero", "null", "half_page", "empty", "other_company"]
_STRANGER = {"CompanyName": "Somebody Else", "LegalName": "Somebody Else LLC"}
_STRANGERS_DAY = "2009-02-14T09:00:00-08:00"


@dataclass(frozen=True, kw_only=True)
class Lie:
    """One kind of wrong answer to queries of items and readings of one, or of CompanyInfo. Kinds, and what they take:

        zero            QtyOnHand is 0 for every `every`-th id of the inventory items
        null            the same, without QtyOnHand
        half_page       every second row of page `page` is missing; `echo` says whether maxResults is of the "rows" that
                        are left or of the whole "page"
        empty           there are no items
        other_company   CompanyInfo is another company's

    Raises ValueError for what it does not know.
    """

    kind: Kind
    every: int = 1
    page: int = 1
    echo: Literal["rows", "page"] = "rows"

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"unknown kind of lie: {self.kind}")
        if self.echo not in {"rows", "page"}:
            raise ValueError("echo is rows or page")
        if not all(isinstance(number, int) and number > 0 for number in (self.every, self.page)):
            raise ValueError("every and page are numbers from 1 on")

    def to(self, query: Query, answer: JsonObject) -> JsonObject:
        """The QueryResponse that is given in place of `answer`."""
        if self.kind == "empty" and query.entity == "Item":
            return {"totalCount": 0} if query.count else {}
        rows = answer.get(query.entity)
        if rows is None:
            return answer
        told = [self.of(query.entity, row) for row in rows]
        if self._halves(query):
            told = told[::2]
        whole = self._halves(query) and self.echo == "page"
        return {**answer, query.entity: told, "maxResults": len(rows if whole else told)}

    def of(self, entity: str, shown: JsonObject) -> JsonObject:
        """One object as it is told."""
        if entity == "CompanyInfo" and self.kind == "other_company":
            return {**shown, **_STRANGER, "MetaData": {**shown["MetaData"], "CreateTime": _STRANGERS_DAY}}
        if entity != "Item" or shown["Type"] != "Inventory" or int(shown["Id"]) % self.every:
            return shown
        if self.kind == "zero":
            return {**shown, "QtyOnHand": 0}
        if self.kind == "null":
            return {name: each for name, each in shown.items() if name != "QtyOnHand"}
        return shown

    def _halves(self, query: Query) -> bool:
        first = (self.page - 1) * query.most + 1
        return self.kind == "half_page" and query.entity == "Item" and query.start == first
