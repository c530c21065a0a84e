"""Which levels the shop should have, and whether they may be written before a person has looked at them.

A level is what QuickBooks has on hand, as read at some instant, less the units that the shop took for orders which
QuickBooks did not hold at that instant, less the safety stock; never below 0, and rounded down, since the shop counts
whole units. Units of an order whose answer came after that instant may be in the quantity already: they are taken off
all the same, which errs to the safe side until the next reading.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal
from itertools import chain

from cartledger.errors import Problem
from cartledger.money import ZERO
from cartledger.settings import Stock
from cartledger.stock import Allocation, LevelChange, Proposal, ShopLevel, Sold, StockItem, sold

BREAKER = frozenset({"first_stock_run", "mass_zero", "mass_drop"})
"""The codes of what a person may approve in spite of."""

MOST = 2_147_483_647
"""BigCommerce saves no higher level."""


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """A SKU on both sides that no level is written for, and why."""

    label: str
    why: str


@dataclass(kw_only=True)
class StockPlan:
    """What a writing would do to the units that are counted on both sides, each with one SKU and one active item.

    `targets` are the levels that these should have, by unit; `changes` those that are to be written. `found` are those
    that were not tracked yet, `lost` those that were and have no item any more that says a quantity, with the SKU as
    printed. The shop has units of `stocked` of all of these; of `emptied` among them QuickBooks says zero or nothing.
    `units` is what the shop has of them together, `falling` what of that would go.
    """

    targets: dict[str, int] = field(default_factory=dict)
    changes: list[LevelChange] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    found: list[str] = field(default_factory=list)
    lost: dict[str, str] = field(default_factory=dict)
    tracked: int = 0
    stocked: int = 0
    emptied: int = 0
    units: int = 0
    falling: int = 0


def plan_levels(
    items: Iterable[StockItem],
    levels: Collection[ShopLevel],
    allocations: Iterable[Allocation],
    stock: Stock,
    elsewhere: Iterable[Sold] = (),
) -> StockPlan:
    """The levels that differ from what the shop is believed to hold, or of which that is not sure, by SKU.

    `allocations` are all of which QuickBooks holds less than the shop took, or got the last of it after the oldest
    `read_at` of `items`; `elsewhere` the same of other shops of the company.
    """
    by_sku = _by_sku(items)
    taken: defaultdict[str, list[Sold]] = defaultdict(list)
    for each in chain(sold(allocations, levels), elsewhere):
        taken[each.sku].append(each)
    known = (level for level in levels if level.sku in by_sku or level.tracked)
    matched = sorted(known, key=lambda level: (level.sku, level.unit))
    several = {sku for sku, units in Counter(level.sku for level in matched).items() if units > 1}
    plan = StockPlan()
    for level in matched:
        item = (
            "The shop counts several products with this SKU."
            if level.sku in several
            else _item(by_sku.get(level.sku, ()))
        )
        if isinstance(item, StockItem) and item.on_hand is not None:
            if level.trouble:
                plan.skipped.append(Skipped(label=level.label, why=_refused(level)))
                _count(plan, level, emptied=item.on_hand <= 0)
            else:
                missing = sum((_missing(each, item.read_at) for each in taken.get(level.sku, ())), ZERO)
                _add(plan, level, item, item.on_hand, missing, stock.safety_stock)
            continue
        why = item if isinstance(item, str) else "QuickBooks says no quantity of it."
        plan.skipped.append(Skipped(label=level.label, why=why))
        if level.tracked:
            plan.lost[level.unit] = level.label
            _count(plan, level, emptied=True)
    return plan


def still_safe(
    proposed: Iterable[LevelChange], plan: StockPlan, levels: Iterable[ShopLevel]
) -> tuple[list[LevelChange], list[LevelChange]]:
    """Which of the changes that a person approved may be written by now, as `plan` and `levels` tell, and which not:
    those above the level that the unit should have, since it was sold meanwhile, or that should have none, and those of
    units that have another SKU by now."""
    known = {level.unit: level for level in levels}
    safe: list[LevelChange] = []
    left_out: list[LevelChange] = []
    for change in proposed:
        if change.new <= plan.targets.get(change.unit, -1) and known[change.unit].sku == change.sku:
            safe.append(replace(change, moves=known[change.unit].moves))
        else:
            left_out.append(change)
    return safe, left_out


def _refused(level: ShopLevel) -> str:
    return f"The shop refuses it: {level.trouble} It is left alone until the shop's levels are next read."


def trips(plan: StockPlan, stock: Stock, *, first: bool) -> tuple[Problem, ...]:
    """Why nothing of the plan may be written before a person approves it; `first` where nothing ever was approved."""
    return tuple(_trips(plan, stock, first=first)) if plan.changes or plan.lost else ()


def is_unread(proposal: Proposal) -> bool:
    """Whether the stock could not be read as a whole, so that there is nothing to approve."""
    return not proposal.count and not BREAKER & {reason.code for reason in proposal.reasons}


def _trips(plan: StockPlan, stock: Stock, *, first: bool) -> Iterable[Problem]:
    if first:
        yield Problem(
            code="first_stock_run",
            text=f"It would be the first time that the shop's stock follows QuickBooks: {len(plan.changes)} levels.",
            fix="Make sure that QuickBooks' quantities are right, then approve.",
        )
    if plan.emptied * 100 > stock.max_zero_percent * plan.stocked:
        yield Problem(
            code="mass_zero",
            text=f"QuickBooks says zero or nothing of {plan.emptied} of the {plan.stocked} SKUs that the shop has "
            f"units of, more than stock.max_zero_percent ({stock.max_zero_percent} %).",
            fix="If these are gone indeed, approve; else reject and look at the items in QuickBooks.",
        )
    if plan.falling * 100 > stock.max_drop_percent * plan.units:
        yield Problem(
            code="mass_drop",
            text=f"{plan.falling} of the {plan.units} units in the shop would go, more than stock.max_drop_percent "
            f"({stock.max_drop_percent} %).",
            fix="If these are gone indeed, approve; else reject and look at the items in QuickBooks.",
        )


def _by_sku(items: Iterable[StockItem]) -> dict[str, list[StockItem]]:
    found: defaultdict[str, list[StockItem]] = defaultdict(list)
    for item in items:
        if item.sku:
            found[item.sku].append(item)
    return dict(found)


def _item(items: Sequence[StockItem]) -> StockItem | str:
    """The item that a SKU leads to, or why it leads to none."""
    active = [item for item in items if item.active]
    if len(active) == 1:
        return active[0]
    return "Several QuickBooks items have this SKU." if active else "The QuickBooks item is inactive or gone."


def _add(
    plan: StockPlan,
    level: ShopLevel,
    item: StockItem,
    on_hand: Decimal,
    allocated: Decimal,
    safety: int,
) -> None:
    new = min(max(0, int((on_hand - allocated - safety).to_integral_value(ROUND_FLOOR))), MOST)
    _count(plan, level, emptied=on_hand <= 0)
    plan.targets[level.unit] = new
    if not level.tracked:
        plan.found.append(level.unit)
    if level.sure and new == level.level:
        return
    plan.falling += max(0, level.level - new)
    plan.changes.append(
        LevelChange(
            unit=level.unit,
            sku=level.sku,
            label=level.label,
            item_id=item.item_id,
            old=level.level,
            on_hand=on_hand,
            allocated=allocated,
            new=new,
            moves=level.moves,
        )
    )


def _missing(taken: Sold, read_at: datetime) -> Decimal:
    """Units that the shop took and that were not in QuickBooks when it was read. (Fewer than it holds: an order that
    was edited down, whose units come back only when QuickBooks says so.)"""
    allocation, unit = taken.allocation, taken.unit
    in_time = allocation.booked_at is not None and allocation.booked_at < read_at
    booked = (allocation.booked or {}).get(unit, ZERO) if in_time else ZERO
    return max(ZERO, allocation.units[unit] - booked)


def _count(plan: StockPlan, level: ShopLevel, *, emptied: bool) -> None:
    plan.tracked += 1
    if level.level > 0:
        plan.stocked += 1
        plan.emptied += emptied
        plan.units += level.level
