"""How facts are written into rows and read back."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from cartledger.errors import Problem
from cartledger.ledger.types import Alert, Circuit, Claim, Link, Part, ReadRefund, Run, Stage, Standing, State, begun
from cartledger.money import D, read_json, write_json
from cartledger.records import Operation, SourceKey


def write_time(at: datetime) -> str:
    """UTC text of fixed width, so that texts compare as times do. Raises ValueError for a naive time."""
    if at.tzinfo is None:
        raise ValueError(f"{at} names no zone")
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def read_time(text: str) -> datetime:
    """The aware UTC time in a row."""
    return datetime.fromisoformat(text)


def maybe_write_time(at: datetime | None) -> str | None:
    """The same for a time that may not be known."""
    return None if at is None else write_time(at)


def maybe_time(text: str | None) -> datetime | None:
    """The same for a column that may be empty."""
    return None if text is None else read_time(text)


def as_key(key: SourceKey) -> dict[str, str]:
    """The three columns of a key."""
    return {"pair": key.pair, "kind": key.kind, "id": key.id}


def read_key(row: sqlite3.Row) -> SourceKey:
    """The key in any row that has one."""
    return SourceKey(pair=row["pair"], kind=row["kind"], id=row["id"])


def read_refund(row: sqlite3.Row) -> ReadRefund:
    """A refund as it was read last."""
    return ReadRefund(
        id=row["id"],
        order_id=row["order_id"],
        version=row["version"],
        row=unpack(row["content"]),
        created=read_time(row["created"]),
    )


def waiting_for(key: SourceKey) -> str:
    """How a source names the one it waits for; both are of one pair."""
    return f"{key.kind}:{key.id}"


def write_detail(detail: Mapping[str, Any]) -> str:
    """The detail of an event, as JSON; Decimals keep their digits."""
    return write_json(detail)


def write_problems(problems: Iterable[Problem]) -> str:
    """Problems as JSON."""
    return json.dumps([asdict(problem) for problem in problems], ensure_ascii=False)


def read_problems(text: str) -> tuple[Problem, ...]:
    """Problems from JSON."""
    return tuple(Problem(**facts) for facts in json.loads(text))


def codes(problems: Iterable[Problem]) -> list[str]:
    """What the history may tell of problems: their texts can name people."""
    return [problem.code for problem in problems]


def pack(content: bytes) -> bytes:
    """Records and references are kept compressed: JSON shrinks to a fifth."""
    return zlib.compress(content)


def unpack(content: bytes) -> bytes:
    """What `pack` was given."""
    return zlib.decompress(content)


def write_units(units: Mapping[str, Decimal]) -> str:
    """Units of the shop with how many, as text: the same for the same."""
    return write_json({unit: format(units[unit].normalize(), "f") for unit in sorted(units)})


def read_units(text: str) -> dict[str, Decimal]:
    """What `write_units` wrote."""
    return {unit: D(quantity) for unit, quantity in read_json(text).items()}


def read_part(row: sqlite3.Row) -> Part:
    """A row of `document`."""
    return Part(
        name=row["part"],
        order=row["position"],
        entity=row["entity"],
        operation=Operation(row["operation"]),
        body=read_json(row["body"]),
        number=row["number"],
        marker=row["marker"],
        amount=D(row["amount"]),
        hash=row["hash"],
        version=row["version"],
        stage=Stage(row["stage"]),
        request_id=row["request_id"] or "",
        bid=row["bid"] or "",
        sent=row["sent"] or b"",
        sent_at=maybe_time(row["sent_at"]),
        target_id=row["target_id"],
        sync_token=row["sync_token"],
    )


def read_claim(row: sqlite3.Row, parts: Sequence[Part]) -> Claim:
    """A claimed row of `source`, with its parts."""
    on_its_way = (part.version for part in parts if begun(parts, part.version))
    return Claim(
        key=read_key(row),
        version=next(on_its_way, row["version"]),
        record=unpack(row["record"]),
        fence=row["fence"],
        claims=row["claims"],
        attempts=row["attempts"],
        posted_version=row["posted_version"],
        parts=tuple(parts),
        problems=read_problems(row["afterwards"]),
    )


def read_standing(row: sqlite3.Row) -> Standing:
    """A row of `source`, for people."""
    return Standing(
        key=read_key(row),
        state=State(row["state"]),
        problems=read_problems(row["problems"]),
        rule=row["rule"],
        version=row["version"],
        modified=read_time(row["modified"]),
        attempts=row["attempts"],
        not_before=maybe_time(row["not_before"]),
        waits_for=row["waits_for"] or "",
        why=row["why"],
    )


def read_link(row: sqlite3.Row) -> Link:
    """A row of `link`."""
    return Link(
        key=read_key(row),
        part=row["part"],
        entity=row["entity"],
        target_id=row["target_id"],
        sync_token=row["sync_token"],
        number=row["number"],
        amount=D(row["amount"]),
        currency=row["currency"],
        customer=row["customer"],
        hash=row["hash"],
        day=row["day"],
        stood=row["stood"],
    )


def read_circuit(row: sqlite3.Row) -> Circuit:
    """A row of `circuit`."""
    return Circuit(
        pair=row["pair"],
        side=row["side"],
        since=read_time(row["since"]),
        until=read_time(row["until"]),
        failures=row["failures"],
        kind=row["kind"],
        reason=row["reason"],
        needs_person=bool(row["needs_person"]),
    )


def read_run(row: sqlite3.Row) -> Run:
    """A row of `run`."""
    return Run(
        id=row["id"],
        pair=row["pair"],
        workflow=row["workflow"],
        started=read_time(row["started"]),
        ended=maybe_time(row["ended"]),
        facts=json.loads(row["facts"]),
    )


def read_alert(row: sqlite3.Row) -> Alert:
    """A row of `alert`."""
    return Alert(pair=row["pair"], cause=row["cause"], since=read_time(row["since"]), text=row["text"], fix=row["fix"])
