"""Batches: up to thirty items, one after the other, each with an outcome of its own."""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from simulator.quickbooks import errors
from simulator.quickbooks.books import DocumentKey
from simulator.quickbooks.company import ALLOW_DUPLICATES, Action, Change, Company
from simulator.quickbooks.errors import FaultError
from simulator.quickbooks.fields import CLASSES
from simulator.quickbooks.query import FILTERABLE
from simulator.quickbooks.wire import JsonObject

_LARGEST = 30
_LONGEST_REQUESTID = 36
_LONGEST_BID = 10
_ENVELOPE = frozenset({"bId", "operation", "optionsData", "Query"})
_ACTIONS: dict[tuple[str, str], Action] = {
    ("create", ""): "create",
    ("update", ""): "update",
    ("update", "void"): "void",
    ("delete", ""): "delete",
}


def run_batch(company: Company, payload: Any, requestid: str = "") -> JsonObject:
    """The whole batch at once: `{"BatchItemResponse": […]}`. Raises FaultError when nothing was executed."""
    with BatchRun(company, payload, requestid) as run:
        for item in run.items:
            run.execute(item)
        return run.answer()


class BatchRun:
    """One batch being worked on. As a context it keeps its request ids in flight."""

    def __init__(self, company: Company, payload: Any, requestid: str) -> None:
        self._company = company
        self._requestid = requestid
        self.items = _read_items(payload, requestid)
        self._made: set[DocumentKey] = set()
        self._answers: list[JsonObject] = []
        self._busy: set[str] = set()
        self._in_flight = ExitStack()

    def __enter__(self) -> Self:
        for item in self.items if self._requestid else []:
            try:
                self._in_flight.enter_context(self._company.memory.in_flight((self._requestid, item["bId"])))
            except FaultError:
                self._busy.add(item["bId"])
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        self._in_flight.close()

    def execute(self, item: JsonObject, deadline: float | None = None) -> None:
        """Raises CapExceededError; everything else that goes wrong is the item's own fault."""
        try:
            outcome = self._outcome(item, deadline)
        except FaultError as refused:
            outcome = {"Fault": refused.as_json()}
        self._answers.append({**outcome, "bId": item["bId"]})

    def answer(self) -> JsonObject:
        return {"BatchItemResponse": self._answers}

    def _outcome(self, item: JsonObject, deadline: float | None) -> JsonObject:
        bid = item["bId"]
        if self._requestid and len(bid) > _LONGEST_BID:
            raise errors.requestid_too_long(self._requestid + bid)
        if bid in self._busy:
            raise errors.request_in_flight(self._requestid)
        if "Query" in item:
            self._company.counts.reads += 1
            return {"QueryResponse": self._company.query(str(item["Query"]))}
        change = _read_change(item)
        with self._company.hidden(self._made):
            outcome = self._company.change(change, requestid=self._requestid, bid=bid, deadline=deadline)
        if change.action == "create":
            self._made.add((change.entity, outcome[change.entity]["Id"]))
        return outcome


def _read_items(payload: Any, requestid: str) -> list[JsonObject]:
    """Raises FaultError for what makes the whole batch unusable."""
    if not isinstance(payload, dict) or not isinstance(payload.get("BatchItemRequest"), list):
        raise errors.unreadable("BatchItemRequest")
    items: list[JsonObject] = payload["BatchItemRequest"]
    if not all(isinstance(item, dict) for item in items):
        raise errors.unreadable("BatchItemRequest")
    if len(items) > _LARGEST:
        raise errors.batch_too_large(len(items))
    if len(requestid) > _LONGEST_REQUESTID:
        raise errors.requestid_too_long(requestid)
    bids = [item.get("bId") for item in items]
    if not all(isinstance(bid, str) and bid for bid in bids):
        raise errors.fault(errors.required("bId"))
    if len(set(bids)) < len(bids):
        raise errors.conflicting("Every bId must be unique in its batch.")
    return items


def _read_change(item: JsonObject) -> Change:
    entities = [name for name in item if name not in _ENVELOPE]
    if len(entities) != 1 or entities[0] not in CLASSES or entities[0] not in FILTERABLE:
        raise errors.unreadable(f"BatchItemRequest {entities}")
    entity = entities[0]
    option = item.get("optionsData") or ""
    duplicates = option == ALLOW_DUPLICATES
    action = _ACTIONS.get((item.get("operation", ""), "" if duplicates else option))
    if action is None:
        if "operation" not in item:
            raise errors.fault(errors.required("operation"))
        raise errors.unsupported(f"{item['operation']} {option}".strip())
    if action == "create" and isinstance(item[entity], dict) and item[entity].get("Id"):
        raise errors.conflicting("An object to be created has no Id yet.")
    return Change(entity=entity, action=action, body=item[entity], allow_duplicates=duplicates)
