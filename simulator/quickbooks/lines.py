"""What the lines of all forms share: their Ids and numbers, and the class that one may bear."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from simulator.quickbooks.state import Record, State
from simulator.quickbooks.wire import JsonObject


def numbered(lines: Iterable[JsonObject], old: Record | None) -> Iterator[JsonObject]:
    """A line keeps an Id that the form had before; every other line gets the next one."""
    known = {line["Id"] for line in old.shown["Line"] if "Id" in line} if old else set()
    last = max((int(each) for each in known), default=0)
    for position, line in enumerate(lines, 1):
        shown = line
        if shown.get("Id") not in known:
            last += 1
            shown = {"Id": str(last), **{key: each for key, each in shown.items() if key != "Id"}}
        yield {"Id": shown["Id"], "LineNum": position, **shown}


def line_id(line: JsonObject) -> JsonObject:
    return {"Id": line["Id"]} if line.get("Id") else {}


def line_class(state: State, detail: JsonObject) -> JsonObject:
    """A class in the wrong place is silently dropped; one in the right place must exist."""
    if not detail.get("ClassRef") or not state.preference("AccountingInfoPrefs", "ClassTrackingPerTxnLine"):
        return {}
    state.refer("Class", detail["ClassRef"])
    return {"ClassRef": detail["ClassRef"]}


def keep_tracking(state: State, taken: JsonObject) -> None:
    """The same for a form's own class and location: `taken` loses those that the company does not track."""
    for name, entity, preference in (
        ("ClassRef", "Class", "ClassTrackingPerTxn"),
        ("DepartmentRef", "Department", "TrackDepartments"),
    ):
        if not taken.get(name):
            continue
        if state.preference("AccountingInfoPrefs", preference):
            state.refer(entity, taken[name])
        else:
            del taken[name]
