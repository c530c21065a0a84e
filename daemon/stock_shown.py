"""What `cartledger stock` shows: facts for a program, and the same as tables for a person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from cartledger.errors import Problem
from cartledger.stock import Allocation, LevelChange, Proposal, ProposalState, ShopLevel, sku_taken
from consumers.stock import Approved, planned
from daemon.app import App, Line
from daemon.console import MINUTES, out, table
from mapping.levels import StockPlan, is_unread, trips

SHOWN = 30
"""Rows of a table; --json has all."""

FATES = {
    ProposalState.WAITING: "waits",
    ProposalState.APPROVED: "approved",
    ProposalState.REJECTED: "rejected",
    ProposalState.WITHDRAWN: "passed by itself",
}
_COLUMNS = ("SKU", "in the shop", "in QuickBooks", "not booked yet", "new level")

Facts = dict[str, Any]


def plan_facts(app: App, line: Line, problem: Problem | None) -> Facts:
    """What would be written, and what speaks against it, from the ledger; `problem` says why the stock could not be
    read as a whole."""
    pair, stock = line.connection.pair, line.connection.stock
    plan = planned(app.ledger, pair, stock)
    levels = {level.unit: level for level in app.ledger.stock_levels(pair)}
    waiting = app.ledger.waiting_proposal(pair)
    return {
        "connection": line.name,
        "skus": plan.tracked,
        "units": plan.units,
        "units_going": plan.falling,
        "changes": [{**_change(one), "sure": levels[one.unit].sure} for one in plan.changes],
        "skipped": [{"sku": one.label, "why": one.why} for one in plan.skipped],
        "stopped_by": _problems(trips(plan, stock, first=not app.ledger.ever_approved(pair))),
        "left_out": list(_left_out(app.ledger.never_booked(pair), plan, levels)),
        "waiting": waiting.id if waiting and not is_unread(waiting) else None,
        "unreadable": _problems([problem]) if problem else [],
        "kept_back": stock.safety_stock,
    }


def proposal_facts(line: Line, proposal: Proposal, *, levels: bool = True) -> Facts:
    """One that waits, or has waited; with every one of its `levels`."""
    facts: Facts = {
        "id": proposal.id,
        "state": proposal.state,
        "made_at": proposal.made_at,
        "settled_at": proposal.settled_at,
        "who": proposal.who,
        "levels": proposal.count,
        "written": proposal.written,
        "unreadable": is_unread(proposal),
        "reasons": _problems(proposal.reasons),
        "kept_back": line.connection.stock.safety_stock,
    }
    if not levels:
        return facts
    changes = [_change(one) for one in line.ledger.proposed(proposal.id)]
    return facts | {"changes": changes, "lost": sorted(proposal.lost.values())}


def print_plan(facts: Facts) -> None:
    """For a person."""
    console = out()
    name, changes = facts["connection"], facts["changes"]
    if facts["unreadable"]:
        console.print(f"{name}: the stock cannot be read as a whole, and nothing is written.")
        _print_reasons(facts["unreadable"])
        return
    if changes:
        _print_changes(f"{name}: {len(changes)} levels would be written", changes, facts["kept_back"], SHOWN)
    else:
        console.print(f"{name}: no level differs.")
    going = f"; {facts['units_going']:,} of {facts['units']:,} units in the shop would go" if changes else ""
    console.print(f"SKUs on both sides: {facts['skus']:,}{going}.", soft_wrap=True)
    if facts["stopped_by"]:
        waiting = f" Number {facts['waiting']} waits: cartledger stock show {name}" if facts["waiting"] else ""
        console.print(f"\nNone of them is written before a person approves.{waiting}", soft_wrap=True)
        _print_reasons(facts["stopped_by"])
    if facts["skipped"]:
        console.print()
        _print_some("Left alone", ["SKU", "why"], [(one["sku"], one["why"]) for one in facts["skipped"]])
    if facts["left_out"]:
        console.print()
        rows = [(one["order"], _units(one["units"]), one["rule"]) for one in facts["left_out"]]
        _print_some("Left out of QuickBooks, and still reserved", ["order", "units", "because"], rows)
        console.print(
            "Of those that never come there: take the units off in QuickBooks, then cartledger stock adjusted ORDER"
        )


def print_proposals(facts: Mapping[str, Sequence[Facts]], now: datetime) -> None:
    """By connection, newest first: what waits with its levels, then what became of the others."""
    console = out()
    for name, proposals in facts.items():
        for one in proposals:
            if one["state"] is ProposalState.WAITING:
                print_proposal({"connection": name, **one}, now, most=SHOWN)
                console.print()
        if settled := [one for one in proposals if one["state"] is not ProposalState.WAITING]:
            columns = ["id", "since (UTC)", "what became of it", "at (UTC)", "levels", "written", "why it waited"]
            console.print(
                table(f"{name}: what waited before", columns, map(_row, settled), right=["id", "levels", "written"])
            )
        if not any(one["state"] is ProposalState.WAITING for one in proposals):
            console.print(f"{name}: nothing waits for a person.")


def print_proposal(facts: Facts, now: datetime, *, most: int | None = None) -> None:
    """One with its reasons and its levels, or `most` of these."""
    console = out()
    name, number = facts["connection"], facts["id"]
    console.print(f"{name}: number {number} {_fate(facts, now)}", soft_wrap=True)
    _print_reasons(facts["reasons"])
    if facts["changes"]:
        _print_changes(f"{len(facts['changes'])} levels", facts["changes"], facts["kept_back"], most)
    if facts["lost"]:
        text = "QuickBooks says no quantity of these any more, and their levels stay as they are:"
        console.print(f"{text} {_some(facts['lost'], most)}.", soft_wrap=True)
    if facts["state"] is ProposalState.WAITING and not facts["unreadable"]:
        console.print(f"Write exactly these: cartledger stock approve {number}")
        console.print(f"Write none of them: cartledger stock reject {number}")


def print_approved(name: str, approved: Approved, labels: Mapping[str, str]) -> None:
    """What became of approved levels; `labels` are the SKUs, by unit."""
    console = out()
    console.print(f"{name}: {approved.written.count} levels written.")
    if left := [f"{one.label} ({one.new})" for one in approved.left_out]:
        text = f"Left out, since there is less by now: {_some(left)}. They follow with the next reading."
        console.print(text, soft_wrap=True)
    if approved.lost:
        console.print(
            f"Not agreed to, since it was not shown: QuickBooks says no quantity of {_some(approved.lost)} any more. "
            "The next reading asks about these if they are too many.",
            soft_wrap=True,
        )
    if approved.written.refused:
        refused = [(labels[unit], words) for unit, words in sorted(approved.written.refused.items())]
        _print_some("Refused by the shop", ["SKU", "its words"], refused)


def _some(names: Sequence[str], most: int | None = SHOWN) -> str:
    more = f" and {len(names) - most} more" if most is not None and len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def _left_out(
    orders: Iterable[tuple[Allocation, str]], plan: StockPlan, levels: Mapping[str, ShopLevel]
) -> Iterable[Facts]:
    """Those that lower a level of the plan."""
    skus = {unit: level.sku for unit, level in levels.items()}
    labels = {levels[unit].sku: levels[unit].label for unit in plan.targets}
    for order, rule in orders:
        mine: defaultdict[str, Decimal] = defaultdict(Decimal)
        for unit, units in order.units.items():
            label, left = labels.get(sku_taken(unit, skus)), units - (order.booked or {}).get(unit, Decimal(0))
            if label is not None and left > 0:
                mine[label] += left
        if mine:
            yield {"order": order.order_id, "units": {sku: _number(units) for sku, units in mine.items()}, "rule": rule}


def _change(change: LevelChange) -> Facts:
    return {
        "sku": change.label,
        "unit": change.unit,
        "item_id": change.item_id,
        "old": change.old,
        "on_hand": _number(change.on_hand),
        "allocated": _number(change.allocated),
        "new": change.new,
    }


def _problems(problems: Iterable[Problem]) -> list[Facts]:
    return [{"code": one.code, "text": one.text, "fix": one.fix} for one in problems]


def _print_changes(title: str, changes: Sequence[Facts], kept_back: int, most: int | None) -> None:
    rows = [
        (one["sku"], _old(one), one["on_hand"], one["allocated"] if one["allocated"] != "0" else None, one["new"])
        for one in changes
    ]
    _print_some(title, _COLUMNS, rows, right=_COLUMNS[1:], most=most)
    if kept_back:
        out().print(f"A new level is without the {kept_back} units of each SKU that stock.safety_stock keeps back.")
    if not all(one.get("sure", True) for one in changes):
        out().print("~ Not sure, since orders came in near a writing, or one had no answer: written again.")


def _old(change: Facts) -> str:
    return str(change["old"]) if change.get("sure", True) else f"~{change['old']}"


def _print_some(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    right: Sequence[str] = (),
    most: int | None = SHOWN,
) -> None:
    console = out()
    console.print(table(title, columns, rows[:most], right=right))
    if most is not None and len(rows) > most:
        console.print(f"… and {len(rows) - most} more; --json has all.")


def _print_reasons(reasons: Iterable[Facts]) -> None:
    for one in reasons:
        text = f"  {one['text']}\n    {one['fix']}" if one["fix"] else f"  {one['text']}"
        out().print(text, soft_wrap=True)


def _row(one: Facts) -> tuple[object, ...]:
    fate = FATES[one["state"]] + (f" by {one['who']}" if one["who"] else "")
    why = ", ".join(reason["code"] for reason in one["reasons"])
    at = f"{one['settled_at']:{MINUTES}}" if one["settled_at"] else None
    return one["id"], f"{one['made_at']:{MINUTES}}", fate, at, one["levels"], one["written"], why


def _fate(one: Facts, now: datetime) -> str:
    since = f"since {one['made_at']:{MINUTES}} UTC"
    if one["state"] is ProposalState.WAITING:
        return f"waits for you {since}, for {age(now - one['made_at'])}:"
    by = f" by {one['who']}" if one["who"] else ""
    return f"{since}, {FATES[one['state']]}{by} {one['settled_at']:{MINUTES}} UTC, {one['written']} written:"


def _units(units: Mapping[str, str]) -> str:
    return ", ".join(f"{count} × {sku}" for sku, count in units.items())


def age(span: timedelta) -> str:
    """How long ago, in one word of measure."""
    minutes = int(span.total_seconds()) // 60
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 60 // 24} days"


def _number(value: Decimal) -> str:
    return format(value.normalize(), "f")
