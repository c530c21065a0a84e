"""What goes into the ledger and what comes out of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from cartledger.errors import Problem
from cartledger.records import SourceKey


class State(StrEnum):
    """Where a source stands."""

    QUEUED = "queued"  # read, and not decided or to be decided again
    CLAIMED = "claimed"  # a consumer works on it, under a lease
    POSTED = "posted"  # all its parts stand in QuickBooks
    HELD = "held"  # cannot be posted as it is; its reasons wait for a person
    EXCLUDED = "excluded"  # a rule leaves it out


class Stage(StrEnum):
    """Where a part stands."""

    PLANNED = "planned"  # decided, not sent
    SENDING = "sending"  # sent, or about to be; the answer is not known
    ANSWERED = "answered"  # made, or found made
    REFUSED = "refused"  # QuickBooks said no


@dataclass(frozen=True, kw_only=True)
class Read:
    """One record as a producer read it. `record` is JSON bytes; `modified` the source's own time."""

    id: str
    version: str
    record: bytes
    modified: datetime


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """How far a producer has read one stream, and when it last did."""

    watermark: datetime
    polled_at: datetime


@dataclass(frozen=True, kw_only=True)
class NewPart:
    """A part as decided. Parts of `order` 0 are sent first; a body may refer to an earlier part's id by `{"$ref": name}`.

    `entity` is the QuickBooks entity; `body` its JSON with Decimals; `number` its DocNumber, empty where it has none;
    `marker` ends its private note; `amount` is the TotalAmt it must be answered with (document currency).
    """

    name: str
    order: int
    entity: str
    body: dict[str, Any]
    number: str
    marker: str
    amount: Decimal
    hash: str


@dataclass(frozen=True, kw_only=True)
class Part(NewPart):
    """A part as it stands. `sent` are the bytes of its batch item, kept for every repetition."""

    stage: Stage
    request_id: str
    bid: str
    sent: bytes
    sent_at: datetime | None
    target_id: str
    sync_token: str


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A source taken by this consumer. `claims` counts how often it was taken since it was last settled."""

    key: SourceKey
    version: str
    record: bytes
    fence: int
    claims: int
    attempts: int
    posted_version: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, kw_only=True)
class Made:
    """What QuickBooks answered for a part, or what was found there."""

    target_id: str
    sync_token: str
    number: str
    amount: Decimal
    currency: str


@dataclass(frozen=True, kw_only=True)
class Link:
    """Something that stands in QuickBooks because of us, or that we adopted."""

    key: SourceKey
    part: str
    entity: str
    target_id: str
    sync_token: str
    number: str
    amount: Decimal
    currency: str
    hash: str


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One source as `status`, `held` and `why` show it."""

    key: SourceKey
    state: State
    problems: Sequence[Problem]
    rule: str
    version: str
    modified: datetime
    attempts: int
    not_before: datetime | None
    waits_for: str


@dataclass(frozen=True, kw_only=True)
class Circuit:
    """A side that does not answer: nothing is sent before `until`; `needs_person` when waiting alone will not help."""

    pair: str
    side: str
    since: datetime
    until: datetime
    failures: int
    reason: str
    needs_person: bool
