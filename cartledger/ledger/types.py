"""What goes into the ledger and what comes out of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from cartledger.errors import Problem
from cartledger.money import ZERO
from cartledger.records import Operation, SourceKey


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
    """One record as a producer read it. `record` is JSON bytes; `modified` the source's own time. `look_again`: what is
    held or posted is decided anew where it was touched since, also in the version that is known. `told` is what the
    history says of it beside the version: figures, no personal data."""

    id: str
    version: str
    record: bytes
    modified: datetime
    look_again: bool = False
    told: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ReadRefund:
    """One refund as a producer read it. `row` is JSON bytes without people; `created` the shop's own time."""

    id: str
    order_id: str
    version: str
    row: bytes
    created: datetime


@dataclass(frozen=True, kw_only=True)
class Remembered:
    """What a page of reads was: counts of sources never seen before, seen in another version, and known already."""

    new: int
    changed: int
    unchanged: int


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """How far a producer has read one stream, and when it last did."""

    watermark: datetime
    polled_at: datetime


@dataclass(frozen=True, kw_only=True)
class NewPart:
    """A part as decided. Parts of `order` 0 are sent first; a later body may say `{"$ref": name}` for an earlier id.

    `entity` is the QuickBooks entity; `body` its JSON with Decimals; `number` its DocNumber, empty where it has none;
    `marker` ends its private note; `amount` is the TotalAmt it must be answered with (document currency; 0 for what is
    voided or deleted). The body of what changes something names its Id and SyncToken. `rounding` is what its rounding
    line took, for the history; None keeps what was told of the part before.
    """

    name: str
    order: int
    entity: str
    operation: Operation = Operation.CREATE
    body: dict[str, Any]
    number: str
    marker: str
    amount: Decimal
    hash: str
    rounding: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class Part(NewPart):
    """A part as it stands. `sent` are the bytes of its batch item, kept for every repetition.

    `version` is the source's version that it was planned for. `body` and `sent` are empty once the source is settled.
    """

    version: str
    stage: Stage
    request_id: str
    bid: str
    sent: bytes
    sent_at: datetime | None
    target_id: str
    sync_token: str


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A source taken by this consumer, until its lease ends or it is settled or given back.

    `version` is what this claim settles, and `record` is of that version; but while parts of an older version are on
    their way (`begun`), `version` is the older one: such a source is not decided, its stored parts go on.
    `claims` counts the claims that ended without a word (a crash), this one included; `attempts` the failures that
    were its own. `problems` are those with which it is held once its planned parts stand.
    """

    key: SourceKey
    version: str
    record: bytes
    fence: int
    claims: int
    attempts: int
    posted_version: str
    parts: tuple[Part, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def sending(self) -> tuple[Part, ...]:
        """Parts whose answer is not known: looked up before anything else (T7)."""
        return tuple(part for part in self.parts if part.stage is Stage.SENDING)

    @property
    def begun(self) -> bool:
        """Whether something of `version` was sent and the rest must follow as planned; else the source is decided."""
        return begun(self.parts, self.version)


def begun(parts: Iterable[Part], version: str) -> bool:
    """Whether parts of `version` are on their way: one is sending, or one is answered and another still planned.

    A refused one ends it: the source is decided anew.
    """
    stages = {part.stage for part in parts if part.version == version}
    return Stage.SENDING in stages or ({Stage.PLANNED, Stage.ANSWERED} <= stages and Stage.REFUSED not in stages)


@dataclass(frozen=True, kw_only=True)
class Sending:
    """One part that is to be sent: `sent` are the bytes of its batch item, `bid` at most 10 characters."""

    claim: Claim
    part: str
    bid: str
    sent: bytes


@dataclass(frozen=True, kw_only=True)
class Sent:
    """One part that the ledger let go out. It names this very sending, so that a late *no* cannot undo a later one."""

    key: SourceKey
    part: str
    version: str
    request_id: str
    bid: str
    fence: int
    sent: bytes
    sent_at: datetime


@dataclass(frozen=True, kw_only=True)
class Made:
    """What QuickBooks answered for a part, or what was found there. `customer` is the id of its customer, if any;
    `exchange_rate` home units for one of `currency`, where it says any; `day` the day that it bears, `stood` a hash of
    what people see of it, both "" for what has none."""

    target_id: str
    sync_token: str
    number: str
    amount: Decimal
    currency: str
    customer: str = ""
    exchange_rate: Decimal | None = None
    day: str = ""
    stood: str = ""


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What an answer did to its source.

    `settled`: every part is answered. `more_parts`: parts are still to be sent. `newer`: a newer version was seen
    meanwhile, so the source is queued again. `conflict`: something else is linked to this part already; the answer
    was written to the history and nothing else. `known` is False when no part has these ids. `rounding` is what the
    rounding line of the part took.
    """

    settled: bool = False
    more_parts: bool = False
    newer: bool = False
    conflict: bool = False
    known: bool = True
    rounding: Decimal = ZERO


@dataclass(frozen=True, kw_only=True)
class Swept:
    """What the sweep found: claims whose lease had ended, and sources whose messages were lost."""

    dead_leases: int
    lost: int


@dataclass(frozen=True, kw_only=True)
class Link:
    """Something that stands in QuickBooks because of us, or that we adopted. `customer` is the id of its customer;
    `day` the day that it bears, `stood` a hash of what people see of it, both as QuickBooks last answered, "" where it
    was made by a version that did not remember them."""

    key: SourceKey
    part: str
    entity: str
    target_id: str
    sync_token: str
    number: str
    amount: Decimal
    currency: str
    hash: str
    customer: str = ""
    day: str = ""
    stood: str = ""


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
    why: str


@dataclass(frozen=True, kw_only=True)
class Circuit:
    """A side that does not answer: nothing is sent before `until`; `needs_person` when waiting alone will not help.
    `kind` is the class of the last error, "" where it was opened by a version that did not remember it."""

    pair: str
    side: str
    since: datetime
    until: datetime
    failures: int
    kind: str
    reason: str
    needs_person: bool

    def lasted(self, now: datetime) -> timedelta:
        """How long it has been open."""
        return now - self.since


@dataclass(frozen=True, kw_only=True)
class Reference:
    """Something looked up and kept: accounts, items, tax codes … as JSON bytes."""

    content: bytes
    fetched_at: datetime


@dataclass(frozen=True, kw_only=True)
class Switch:
    """Whether a pair may write by itself, since when and by whose hand."""

    enabled: bool
    turned_at: datetime
    who: str


@dataclass(frozen=True, kw_only=True)
class Event:
    """One row of the history. `detail` holds ids, codes, numbers and amounts; no personal data, no secrets."""

    at: datetime
    key: SourceKey
    what: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of a workflow; `ended` is None while it goes on or when it was cut off."""

    id: int
    pair: str
    workflow: str
    started: datetime
    ended: datetime | None
    facts: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """Bytes from a queue that are no message of ours."""

    at: datetime
    workflow: str
    body: bytes
    why: str


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A mail that was not sent yet. `content` is the whole message; `attempts` have failed, the last one for `why`."""

    id: int
    pair: str
    kind: str
    made_at: datetime
    content: bytes
    attempts: int
    not_before: datetime
    why: str


@dataclass(frozen=True, kw_only=True)
class Alert:
    """Something wrong that needs a look; `pair` is "" where it concerns the whole installation. `cause` is one of the
    words that docs/RUNBOOK.md explains, `text` says the facts and `fix` what to do."""

    pair: str
    cause: str
    since: datetime
    text: str
    fix: str


@dataclass(frozen=True, kw_only=True)
class Process:
    """A process of the program. `ended` is None while it runs, and where it ended without a word."""

    owner: str
    role: str
    instance: int
    started: datetime
    seen_at: datetime
    ended: datetime | None


@dataclass(frozen=True, kw_only=True)
class Placed:
    """An order by the time at which it was placed in the shop, and where it stands."""

    id: str
    at: datetime
    state: State
