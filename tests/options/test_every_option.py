"""Every option has a table test, marked with its name: what the setting does, written by hand."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from cartledger.settings import Settings

TESTS = Path(__file__).parents[1]


def options(section: type[BaseModel], path: str = "") -> Iterator[str]:
    """The names of all options of a section, as the file has them: `sales.class`, `payments.methods.*.account`.

    Those of a connection stand without its name.
    """
    for name, field in section.model_fields.items():
        option = f"{path}{field.alias or name}"
        inner = _section(field.annotation)
        if inner is None:
            yield option
        else:
            nested, in_table = inner
            yield from options(nested, "" if name == "connections" else f"{option}.{'*.' * in_table}")


def _section(annotation: Any) -> tuple[type[BaseModel], bool] | None:
    """The section that a field holds, and whether it holds a table of them by name."""
    in_table = getattr(annotation, "__origin__", None) is dict
    for each in (annotation, *get_args(annotation)):
        if isinstance(each, type) and issubclass(each, BaseModel) and each.__module__ == Settings.__module__:
            return each, in_table
    return None


def marked(source: str) -> Iterator[str]:
    """The names in every `@pytest.mark.option("…")` of a test file."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.option":
            yield from (ast.literal_eval(argument) for argument in node.args)


def tables() -> set[str]:
    return {name for path in TESTS.rglob("test_*.py") for name in marked(path.read_text(encoding="utf-8"))}


def test_every_option_has_a_table():
    missing = sorted(set(options(Settings)) - tables())
    assert not missing, f"No test is marked @pytest.mark.option for: {', '.join(missing)}"


def test_every_mark_names_an_option():
    unknown = sorted(tables() - set(options(Settings)))
    assert not unknown, f"There is no option: {', '.join(unknown)}"


def test_options_are_named_as_in_the_file():
    assert {
        "ledger.path",
        "start_date",
        "sales.class",
        "sales.custom_fields",
        "payments.methods.*.account",
        "products.inventory_accounts.income",
        "tax.map",
    } <= set(options(Settings))


def test_marks_are_read_from_the_syntax_tree():
    source = '@pytest.mark.option("sales.class", "tax.map")\ndef test():\n    """option("x")"""\n'
    assert set(marked(source)) == {"sales.class", "tax.map"}
