"""The runbook names everything that may be met at three in the morning, and nothing that is not there any more."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import product
from pathlib import Path

import click
import pytest

from cartledger import errors
from daemon.cli import main
from daemon.watching.causes import TITLES
from mapping.company import Miss

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "RUNBOOK.md").read_text(encoding="utf-8")
ONLY_FROM_OUTSIDE = {"process_gone", "heartbeat_missing"}
ITEM_OPTIONS = (
    "default_product", "gift_card_product", "store_credit_product", "rounding_product", "shipping_item",
    "handling_item", "wrapping_item", "fee_item", "no_restock_product", "adjustment_product",
)  # fmt: skip
KINDS = ("account", "item", "tax_code", "payment_method", "class", "location")
BUILT: Mapping[str, set[str]] = {
    "*_*": {f"{miss}_{kind}" for miss, kind in product(Miss, KINDS)},
    "*_item": {f"{miss}_item" for miss in Miss},
    "no_*": {f"no_{option}" for option in ITEM_OPTIONS} | {"no_inventory_accounts", "no_noninventory_accounts"},
    "*_not_tracked": {"class_not_tracked", "location_not_tracked"},
    "other_*": {"other_company", "other_store"},
    "quickbooks_*": {"quickbooks_6240"},
    "bigcommerce_*": {"bigcommerce_422"},
    "wrong.code": {"total_differs", "exchange_rate_differs", "stands_otherwise"},
}
"""What comes of codes that are put together, or passed on."""


@dataclass(frozen=True)
class Module:
    path: Path
    tree: ast.Module


def modules() -> Iterator[Module]:
    for room in ("cartledger", "mapping", "producers", "consumers", "daemon"):
        for path in sorted((ROOT / room).rglob("*.py")):
            yield Module(path, ast.parse(path.read_text(encoding="utf-8")))


MODULES = list(modules())


def calls(module: Module) -> Iterator[tuple[ast.Call, ast.FunctionDef | None]]:
    """Every call, with the function that it stands in."""
    inside: dict[ast.AST, ast.FunctionDef] = {}
    for function in (node for node in ast.walk(module.tree) if isinstance(node, ast.FunctionDef)):
        inside |= dict.fromkeys(ast.walk(function), function)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            yield node, inside.get(node)


def values(found: ast.expr, function: ast.FunctionDef | None, module: Module) -> Iterator[str]:
    """What an expression may be: texts, and patterns of those that are put together."""
    match found:
        case ast.Constant(value=str() as text):
            yield text
        case ast.IfExp(body=body, orelse=other):
            yield from values(body, function, module)
            yield from values(other, function, module)
        case ast.JoinedStr(values=parts):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in parts)
        case ast.Name(id=name):
            for scope in filter(None, (function, module.tree)):
                for node in ast.walk(scope):
                    if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == [name]:
                        yield from values(node.value, None, module)
            arguments = [argument.arg for argument in function.args.args] if function else []
            if function and name in arguments:
                yield from passed(function.name, arguments.index(name))
        case ast.Attribute() if ast.unparse(found) in BUILT:
            yield ast.unparse(found)


def passed(function: str, position: int) -> Iterator[str]:
    for module in MODULES:
        for call, inside in calls(module):
            if ast.unparse(call.func) == function and len(call.args) > position:
                yield from values(call.args[position], inside, module)


def keywords(word: str, functions: str, *, without: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """What is passed as `word` to functions of such a name, and the function's."""
    for module in MODULES:
        if not str(module.path.relative_to(ROOT)).startswith(without):
            for call, function in calls(module):
                if re.fullmatch(functions, ast.unparse(call.func)):
                    for each in (one.value for one in call.keywords if one.arg == word):
                        for text in values(each, function, module):
                            yield from ((built, ast.unparse(call.func)) for built in BUILT.get(text, {text}))


SETTINGS = ("cartledger/settings", "daemon")
CODES = {code for code, _ in keywords("code", "Problem", without=SETTINGS)}
ACTIONS = list(keywords("action", r"logs\.\w+"))
LEVELS = {"debug": "debug", "info": "info", "warning": "warning", "exception": "error"}


def chapter(title: str) -> str:
    (found,) = re.findall(rf"^## {title}$(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


def told(*titles: str) -> list[str]:
    """What stands in the first column of the tables of these chapters."""
    rows = re.findall(r"^\| (`.+?`) \|", "".join(map(chapter, titles)), re.MULTILINE)
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row)]


def test_something_was_found():
    assert {"no_item", "refund_of_tax", "other_store", "totals_do_not_close", "item_held", "location_disabled"} <= CODES
    assert {"circuit_open", "alert", "read_failed"} <= {action for action, _ in ACTIONS}
    assert not [code for code in CODES if "*" in code], "say in BUILT what comes of it"


def test_every_alert_has_its_heading():
    assert set(re.findall(r"^### (.+)$", chapter("Alerts"), re.MULTILINE)) == {*TITLES, *ONLY_FROM_OUTSIDE}


def test_every_class_of_errors():
    classes = {
        name
        for name, one in vars(errors).items()
        if isinstance(one, type) and issubclass(one, errors.CartledgerError) and one is not errors.CartledgerError
    }
    assert sorted(told("Errors")) == sorted(classes)


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_cause_of_held_orders(code):
    known = told("Held orders", "Notices")
    assert code in known or any(fnmatchcase(code, pattern) for pattern in known if "*" in pattern)


def test_no_cause_that_is_not_there():
    known = told("Held orders", "Notices")
    assert sorted(name for name in known if "*" not in name and name not in CODES) == []
    assert sorted({name for name in known if known.count(name) > 1}) == []


def test_every_action_of_the_log_with_its_level():
    levels: dict[str, set[str]] = {}
    for action, function in ACTIONS:
        levels.setdefault(action, set()).add(LEVELS[function.removeprefix("logs.")])
    said: dict[str, set[str]] = {}
    for names, words in re.findall(r"^\| (`.+?`) \| ([a-z, ]+) \|", chapter("Log lines"), re.MULTILINE):
        for name in re.findall(r"`([^`]+)`", names):
            said[name] = set(words.split(", "))
    assert sorted(said) == sorted(levels)
    assert {name: found for name, found in levels.items() if not found <= said[name]} == {}


def test_links_within_the_page():
    anchors = {
        re.sub(r"[^\w\- ]", "", title).replace(" ", "-").lower() for title in re.findall(r"^#+ (.+)$", PAGE, re.M)
    }
    assert set(re.findall(r"\]\(#(.+?)\)", PAGE)) - anchors == set()


def test_every_command_is_there():
    code = re.findall(r"`([^`]+)`", PAGE) + re.findall(r"^ {4,}(.+)", PAGE, re.MULTILINE)
    called = {tuple(words.split()) for text in code for words in re.findall(r"\bcartledger ((?:[a-z]+ ?)+)", text)}
    assert {("held", "list"), ("why",), ("connect", "quickbooks", "main")} <= called
    for words in called - {("cartledger",)}:
        command: click.Command = main
        for word in words:
            inner = getattr(command, "commands", None)
            if inner is None:
                break  # an argument
            assert word in inner, words
            command = inner[word]
