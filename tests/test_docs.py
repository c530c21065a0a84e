"""What the documents promise is there, and what is there stands in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from daemon.cli import main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands(command: click.Command, words: str = "") -> Iterator[tuple[str, click.Command]]:
    yield words, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, f"{words} {name}".strip())


COMMANDS = dict(commands(main))


@pytest.mark.parametrize("name", [name for name in COMMANDS if name])
def test_every_command_stands_in_the_readme(name):
    group = getattr(COMMANDS[name], "commands", None)
    assert group or re.search(rf"`{name}[ `]", README)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_stands_in_the_readme(name):
    options = [one.opts[0] for one in COMMANDS[name].params if isinstance(one, click.Option)]
    own = [option for option in options if option not in {"--help", "--version"}]
    assert [option for option in own if not re.search(rf"`[^`]*{option}\b", README)] == []


def test_every_command_that_the_readme_calls_is_there():
    code = [*re.findall(r"`[^`\n]+`", README), *re.findall(r"^ {4,}.+", README, re.MULTILINE)]
    called = {found for text in code for found in re.findall(r"cartledger ([a-z]+(?: list| show| retry)?)\b", text)}
    assert called >= {"demo", "check", "held list"}
    assert called - COMMANDS.keys() == set()


def test_every_command_that_a_sentence_calls_is_there():
    """Advice must not name what this version does not have."""
    told: dict[str, str] = {}
    for room in ("cartledger", "mapping", "producers", "consumers", "daemon"):
        for path in (ROOT / room).rglob("*.py"):
            for found in re.findall(r"`cartledger ([a-z-]+)", path.read_text(encoding="utf-8")):
                told[found] = str(path.relative_to(ROOT))
    assert {name: path for name, path in told.items() if name not in COMMANDS} == {}


def test_the_readme_opens_with_the_two_commands():
    assert re.findall(r"^    (make \w+)", README, re.MULTILINE)[:2] == ["make demo", "make test"]


@pytest.mark.parametrize(
    "document",
    [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")),
    ],
)
def test_links_lead_somewhere(document):
    path = ROOT / document
    links = [link for link in re.findall(r"\]\(([^)#]+)", path.read_text(encoding="utf-8")) if "://" not in link]
    assert [link for link in links if not (path.parent / link).exists()] == []
