"""Stock: quantities of QuickBooks, levels of the shop, units allocated to orders, and what waits for a person."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from cartledger.errors import Problem
from cartledger.ledger import stock_statements as sql
from cartledger.ledger.engine import Engine
from cartledger.ledger.rows import (
    as_key,
    maybe_time,
    read_problems,
    read_time,
    read_units,
    unpack,
    write_problems,
    write_time,
    write_units,
)
from cartledger.ledger.statements import SET_CURSOR
from cartledger.money import ZERO, D, read_json, write_json
from cartledger.records import SourceKey
from cartledger.stock import (
    ANEW,
    ITEMS,
    LEVELS,
    STOCK,
    Allocation,
    LevelChange,
    Proposal,
    ProposalState,
    ShopLevel,
    Sold,
    StockItem,
    sold,
)

SETTLES_WITHIN = timedelta(minutes=10)
"""The shop takes a level in a while after it said yes, and its clock is not ours: what an order did to a level within
this time of a write or a reading may have happened before or after it."""

PLACED_WITHIN = timedelta(minutes=1)
"""The shop itself modifies an order while it is placed and paid; later somebody may have edited it, which moves the
stock or does not, as the shop is set."""


IS_FOLLOWED = timedelta(days=7)
"""A shop whose stock was not read for so long is not kept any more."""


class Stock(Engine):
    """What both sides hold, and what may be written."""

    def stock_items(self, pair: str) -> list[StockItem]:
        """Every inventory item of QuickBooks that was ever read, by id."""
        return [_read_item(row) for row in self._rows(sql.ITEMS, pair=pair)]

    def remember_items(self, pair: str, items: Iterable[StockItem]) -> None:
        """What was read of items; one whose SKU is another one now is sought in the shop again. An older reading counts
        where the newer one is from before the clock was set back."""
        with self.transaction():
            for item in items:
                self._rows(
                    sql.REMEMBER_ITEM,
                    pair=pair,
                    item_id=item.item_id,
                    sku=item.sku,
                    label=item.label,
                    on_hand=None if item.on_hand is None else format(item.on_hand, "f"),
                    active=int(item.active),
                    read_at=write_time(item.read_at),
                    now=self._now(),
                )

    def sought(self, pair: str, skus: Iterable[str]) -> None:
        """The shop was asked for these SKUs, whether it has them or not."""
        with self.transaction():
            for sku in skus:
                self._rows(sql.SOUGHT, pair=pair, sku=sku)

    def stock_levels(self, pair: str) -> list[ShopLevel]:
        """What the shop is believed to hold of every unit that was read there, by unit."""
        return [_read_level(row) for row in self._rows(sql.LEVELS, pair=pair)]

    def learn_levels(self, pair: str, levels: Iterable[ShopLevel], *, whole: bool = False) -> None:
        """Levels as the shop shows them; with `whole` they are all it has, and others are forgotten.

        The shop may still show the level from before a write of ours: one that was written within `SETTLES_WITHIN`
        before it was read stays as it is believed. One that orders moved since then, which are remembered already, is
        not sure: it was read before them or after.
        """
        with self.transaction():
            kept: set[str] = set()
            moved: dict[datetime, set[str]] = {}
            for level in levels:
                kept.add(level.unit)
                if level.known_at not in moved:
                    moved[level.known_at] = self._moved_since(pair, level.known_at - SETTLES_WITHIN)
                self._rows(
                    sql.LEARN_LEVEL,
                    pair=pair,
                    unit=level.unit,
                    sku=level.sku,
                    label=level.label,
                    level=level.level,
                    sure=int(level.unit not in moved[level.known_at]),
                    known_at=write_time(level.known_at),
                    settled=write_time(level.known_at - SETTLES_WITHIN),
                )
            if whole:
                for row in self._rows(sql.LEVELS, pair=pair):
                    if row["unit"] not in kept:
                        self._rows(sql.FORGET_LEVEL, pair=pair, unit=row["unit"])

    def _moved_since(self, pair: str, since: datetime) -> set[str]:
        rows = self._rows(sql.MOVED_SINCE, pair=pair, since=write_time(since))
        return {unit for row in rows for unit in read_units(row["units"])}

    def track(self, pair: str, units: Iterable[str], *, tracked: bool) -> None:
        """Whether these count as units that have an item in QuickBooks."""
        with self.transaction():
            for unit in units:
                self._rows(sql.TRACK, pair=pair, unit=unit, tracked=int(tracked))

    def allocate(self, pair: str, allocations: Iterable[Allocation], *, late: bool = False) -> None:
        """What orders took, as they are remembered. Levels that are believed move along.

        Only what a new order took is sure to be gone from the shop's level, and only where it was placed well after the
        level was known and not touched since; after anything else the level has to be written again. So it has where a
        known order took nothing more soon after the level was known, as it may have been edited and edited back; and
        after each change of an order where the shop takes units `late`, when it ships them. An older version changes
        nothing.
        """
        with self.transaction():
            for allocation in allocations:
                self._allocate(pair, allocation, late=late)

    def _allocate(self, pair: str, new: Allocation, *, late: bool) -> None:
        row = self._row(sql.ALLOCATION, pair=pair, order_id=new.order_id)
        old = None if row is None else _read_allocation(row)
        if old is not None and old.modified > new.modified:
            return
        self._rows(
            sql.ALLOCATE,
            pair=pair,
            order_id=new.order_id,
            version=new.version,
            created=write_time(new.created),
            modified=write_time(new.modified),
            units=write_units(new.units),
            returns=new.returns,
        )
        before = old.units if old else {}
        touched = _is_touched(old, new, late=late)
        settled = write_time((new.modified if old else new.created) - SETTLES_WITHIN)
        for unit in sorted({*before, *new.units, *new.named}):
            taken = new.units.get(unit, ZERO) - before.get(unit, ZERO)
            if taken or touched or (old and old.version != new.version):
                told = not touched and (not taken if old else taken == int(taken))
                self._rows(sql.MOVE_LEVEL, pair=pair, unit=unit, taken=int(taken), told=int(told), settled=settled)

    def allocations(self, pair: str, since: datetime) -> list[Allocation]:
        """Those that took something of which QuickBooks does not hold all, or did not before `since`, by order."""
        found = [_read_allocation(row) for row in self._rows(sql.ALLOCATIONS, pair=pair, since=write_time(since))]
        return sorted(found, key=lambda allocation: allocation.order_id)

    def sold_elsewhere(self, pair: str, since: datetime) -> list[Sold]:
        """The same of the other shops whose stock follows that of the pair's company, and was read not long ago."""
        found: list[Sold] = []
        lately = write_time(self.clock() - IS_FOLLOWED)
        for (other,) in self._rows(sql.OTHER_SHOPS, pair=pair, stream=ITEMS, since=lately):
            found += sold(self.allocations(other, since), self.stock_levels(other))
        return found

    def without_allocation(self, pair: str) -> dict[str, bytes]:
        """The records, by id, of orders whose units were never told: read before this program knew of stock."""
        return {row["id"]: unpack(row["record"]) for row in self._rows(sql.WITHOUT_ALLOCATION, pair=pair)}

    def never_booked(self, pair: str) -> list[tuple[Allocation, str]]:
        """Orders that a rule or a person keeps out of QuickBooks although the shop took units for them; the rule."""
        return [(_read_allocation(row), row["rule"]) for row in self._rows(sql.NEVER_BOOKED, pair=pair)]

    def booked_by_hand(self, pair: str, order_id: str) -> bool:
        """A person has taken the order's units off in QuickBooks. False: nothing of it is open."""
        with self.transaction():
            if self._row(sql.BOOK_BY_HAND, pair=pair, order_id=order_id, now=self._now()) is None:
                return False
            self._event(SourceKey(pair=pair, kind="order", id=order_id), "stock adjusted by hand")
            return True

    def unmoved(self, pair: str, changes: Iterable[LevelChange]) -> list[LevelChange]:
        """Those whose levels no order has moved since they were worked out."""
        with self.transaction():
            rows = [(change, self._row(sql.MOVES, pair=pair, unit=change.unit)) for change in changes]
            return [change for change, row in rows if row is not None and row["moves"] == change.moves]

    def write_begins(self, pair: str, units: Iterable[str]) -> None:
        """Before the shop is told: from now on nobody can tell what it holds, until it has answered."""
        with self.transaction():
            for unit in units:
                self._rows(sql.WRITE_BEGINS, pair=pair, unit=unit, now=self._now())

    def written(self, pair: str, changes: Collection[LevelChange]) -> None:
        """The shop has taken these. A level that orders moved since its change was worked out is not sure."""
        with self.transaction():
            self._event(_levels_of(pair), "levels written", levels=len(changes))
            for change in changes:
                values = {"level": change.new, "moves": change.moves, "now": self._now()}
                self._rows(sql.WRITTEN, pair=pair, unit=change.unit, **values)

    def levels_written(self, pair: str, since: datetime) -> int:
        """How many levels the shop took at `since` or later."""
        rows = self._rows(sql.LEVELS_WRITTEN, **as_key(_levels_of(pair)), since=write_time(since))
        return sum(read_json(row["detail"])["levels"] for row in rows)

    def refused_levels(self, pair: str, troubles: Mapping[str, str]) -> None:
        """The shop does not take these, for the reasons it gave, by unit. They are left alone until they are learned
        again."""
        with self.transaction():
            for unit, trouble in troubles.items():
                self._rows(sql.REFUSED_LEVEL, pair=pair, unit=unit, trouble=trouble)

    def propose(
        self,
        pair: str,
        reasons: Sequence[Problem],
        changes: Sequence[LevelChange],
        lost: Mapping[str, str] | None = None,
    ) -> int:
        """Have a person look at these. Another proposal that waits is withdrawn. Returns the number."""
        with self.transaction():
            self._rows(sql.WITHDRAW, pair=pair, now=self._now())
            values = {"pair": pair, "now": self._now(), "reasons": write_problems(reasons)}
            values["lost"] = write_json(dict(lost or {}))
            (row,) = self._rows(sql.PROPOSE, **values)
            number: int = row["id"]
            for position, change in enumerate(changes):
                self._rows(
                    sql.PROPOSE_CHANGE,
                    proposal=number,
                    position=position,
                    unit=change.unit,
                    sku=change.sku,
                    label=change.label,
                    item_id=change.item_id,
                    old=change.old,
                    on_hand=format(change.on_hand, "f"),
                    allocated=format(change.allocated, "f"),
                    new=change.new,
                    moves=change.moves,
                )
        return number

    def proposals(self, pair: str, limit: int = 20) -> list[Proposal]:
        """The last ones, newest first."""
        return [_read_proposal(row) for row in self._rows(sql.PROPOSALS, pair=pair, limit=limit)]

    def proposal(self, number: int) -> Proposal | None:
        """The one with this number, of whichever pair."""
        row = self._row(sql.ONE_PROPOSAL, id=number)
        return None if row is None else _read_proposal(row)

    def waiting_proposal(self, pair: str) -> Proposal | None:
        """The one that a person has to decide about."""
        row = self._row(sql.WAITING_PROPOSAL, pair=pair)
        return None if row is None else _read_proposal(row)

    def ever_approved(self, pair: str) -> bool:
        """Whether a person has approved levels of this pair, as they follow now."""
        return self._row(sql.EVER_APPROVED, pair=pair, anew=ANEW) is not None

    def follow_anew(self, pair: str) -> None:
        """From now on levels are of another location, or follow other items: what a person has approved, or waits for
        one, is nothing to these."""
        now = self._now()
        with self.transaction():
            self._rows(sql.WITHDRAW, pair=pair, now=now)
            self._rows(SET_CURSOR, pair=pair, stream=ANEW, watermark=now, polled_at=now)

    def proposed(self, proposal: int, *, left: bool = False) -> list[LevelChange]:
        """The changes of a proposal, in its order; with `left` those that were neither written nor left out."""
        return [_read_change(row) for row in self._rows(sql.PROPOSED, proposal=proposal, left=int(left))]

    def settle_proposal(self, proposal: int, state: ProposalState, who: str) -> bool:
        """From waiting. False: it does not wait any more."""
        values = {"proposal": proposal, "state": state, "who": who, "now": self._now()}
        return self._row(sql.SETTLE_PROPOSAL, **values) is not None

    def proposal_written(self, proposal: int, units: Iterable[str]) -> None:
        """The shop has taken these of a proposal's changes."""
        with self.transaction():
            for unit in units:
                self._rows(sql.PROPOSAL_WRITTEN, proposal=proposal, unit=unit)

    def proposal_left_out(self, proposal: int, units: Iterable[str]) -> None:
        """These of a proposal's changes are not written, although it was approved."""
        with self.transaction():
            for unit in units:
                self._rows(sql.PROPOSAL_LEFT_OUT, proposal=proposal, unit=unit)


def _is_touched(old: Allocation | None, new: Allocation, *, late: bool) -> bool:
    """Whether the shop may have moved its levels by more, or less, than the units tell."""
    if new.returns != (old.returns if old else ""):
        return True
    if old is None:
        return late or bool(new.named) or new.modified - new.created > PLACED_WITHIN
    return old.version != new.version and (late or bool(new.named))


def _levels_of(pair: str) -> SourceKey:
    return SourceKey(pair=pair, kind=STOCK, id=LEVELS)


_shared_time = lru_cache(maxsize=1024)(read_time)
"""Tens of thousands of rows were read with few calls."""


def _read_item(row: sqlite3.Row) -> StockItem:
    return StockItem(
        item_id=row["item_id"],
        sku=row["sku"],
        label=row["label"],
        on_hand=None if row["on_hand"] is None else D(row["on_hand"]),
        active=bool(row["active"]),
        read_at=_shared_time(row["read_at"]),
        sought=bool(row["sought"]),
    )


def _read_level(row: sqlite3.Row) -> ShopLevel:
    return ShopLevel(
        unit=row["unit"],
        sku=row["sku"],
        label=row["label"],
        level=row["level"],
        sure=bool(row["sure"]),
        known_at=_shared_time(row["known_at"]),
        moves=row["moves"],
        trouble=row["trouble"],
        tracked=bool(row["tracked"]),
    )


def _read_allocation(row: sqlite3.Row) -> Allocation:
    return Allocation(
        order_id=row["order_id"],
        version=row["version"],
        created=read_time(row["created"]),
        modified=read_time(row["modified"]),
        units=read_units(row["units"]),
        returns=row["returns"],
        booked=None if row["booked"] is None else read_units(row["booked"]),
        booked_at=maybe_time(row["booked_at"]),
    )


def _read_change(row: sqlite3.Row) -> LevelChange:
    return LevelChange(
        unit=row["unit"],
        sku=row["sku"],
        label=row["label"],
        item_id=row["item_id"],
        old=row["old"],
        on_hand=D(row["on_hand"]),
        allocated=D(row["allocated"]),
        new=row["new"],
        moves=row["moves"],
    )


def _read_proposal(row: sqlite3.Row) -> Proposal:
    return Proposal(
        id=row["id"],
        pair=row["pair"],
        made_at=read_time(row["made_at"]),
        reasons=read_problems(row["reasons"]),
        state=ProposalState(row["state"]),
        settled_at=maybe_time(row["settled_at"]),
        who=row["who"],
        count=row["changes"],
        written=row["written"],
        lost=read_json(row["lost"]),
    )
