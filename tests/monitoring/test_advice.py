"""What panels, alerts, their page and the program's own sentences tell people to call is there."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from daemon.cli import main
from tests.monitoring.conftest import GRAFANA, ROOT

FILES = [GRAFANA / "alerts.yml", *(GRAFANA / "dashboards").glob("*.json"), ROOT / "docs" / "MONITORING.md"]
ROOMS = ("cartledger", "mapping", "producers", "consumers", "daemon")
SOURCES = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]


def called(path: Path) -> list[str]:
    """Without what is filled in: "held list --connection" of a sentence that goes on with a name. A group that stands
    by itself is what a module is about; a text that goes on in the next line of the source is one text."""
    text = re.sub(r'"\n\s+f?"', "", path.read_text(encoding="utf-8"))
    return re.findall(r"`cartledger ((?!(?:held|stock|disconnect)`)[a-z -]+)", text)


@pytest.mark.parametrize("path", [*FILES, *filter(called, SOURCES)], ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_are_there(path: Path):
    for words in called(path):
        command: click.Command | None = main
        for word in words.split():
            if isinstance(command, click.Group):
                command = command.commands.get(word)
        assert command is not None, words
        assert not isinstance(command, click.Group) or command.invoke_without_command, words
