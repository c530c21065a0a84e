"""What panels, alerts and their page tell people to call is there."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from daemon.cli import main
from tests.monitoring.conftest import GRAFANA, ROOT

FILES = [GRAFANA / "alerts.yml", *(GRAFANA / "dashboards").glob("*.json"), ROOT / "docs" / "MONITORING.md"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_commands_are_there(path: Path):
    called = re.findall(r"`cartledger ([a-z -]+)", path.read_text(encoding="utf-8"))
    for words in called:
        command: click.Command | None = main
        for word in words.split():
            if isinstance(command, click.Group):
                command = command.commands.get(word)
        assert command is not None, words
        assert not isinstance(command, click.Group), words
