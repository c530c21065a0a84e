"""Request ids: a repeated one is answered as the first time, without being executed again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from simulator.quickbooks import errors
from simulator.quickbooks.errors import FaultError
from simulator.quickbooks.wire import JsonObject

RequestKey = tuple[str, str]
"""requestid, and the bId inside a batch (empty for a single call)."""


class RequestMemory:
    """`keep`: True for ever, False not at all, or how many of the latest; what the real side does is not documented."""

    def __init__(self) -> None:
        self.keep: bool | int = True
        self.faults = True
        self._answers: dict[RequestKey, JsonObject | FaultError] = {}
        self._in_flight: set[RequestKey] = set()

    def once(self, key: RequestKey | None, execute: Callable[[], JsonObject]) -> JsonObject:
        """Raises FaultError, the remembered one included."""
        if key is None:
            return execute()
        known = self._answers.get(key)
        if isinstance(known, FaultError):
            raise known
        if known is not None:
            return known
        return self._first(key, execute)

    def _first(self, key: RequestKey, execute: Callable[[], JsonObject]) -> JsonObject:
        try:
            answer = execute()
        except FaultError as refused:
            if self.faults:
                self._remember(key, refused)
            raise
        self._remember(key, answer)
        return answer

    def _remember(self, key: RequestKey, answer: JsonObject | FaultError) -> None:
        if self.keep is False:
            return
        self._answers[key] = answer
        if self.keep is not True:
            for forgotten in list(self._answers)[: -self.keep]:
                del self._answers[forgotten]

    def knows(self, key: RequestKey) -> bool:
        return key in self._answers

    def forget(self) -> None:
        self._answers.clear()

    @contextmanager
    def in_flight(self, key: RequestKey | None) -> Iterator[None]:
        """Raises 600 while another call with the same id is being worked on."""
        if key is None:
            yield
            return
        if key in self._in_flight:
            raise errors.request_in_flight(key[0])
        self._in_flight.add(key)
        try:
            yield
        finally:
            self._in_flight.discard(key)
