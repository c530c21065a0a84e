"""The command line as such: where settings are found, exit codes, help."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from daemon.cli import main
from tests.road.commands.conftest import FOREIGN

WIDTH = 100


def commands(
    command: click.Command = main, words: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield words, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*words, name))


@pytest.mark.parametrize("words", [words for words, _ in commands()], ids=" ".join)
def test_help_is_readable(words):
    shown = CliRunner().invoke(main, [*words, "--help"]).output
    assert shown.startswith("Usage: ")
    assert max(map(len, shown.splitlines())) <= WIDTH
    assert "..." not in shown.partition("Commands:")[2]  # no first sentence is cut


def test_every_command_and_option_says_what_it_is_for():
    for words, command in commands():
        assert command.help, words
        options = [one for one in command.params if isinstance(one, click.Option)]
        assert [(words, option.name) for option in options if not option.help] == []


def test_the_settings_here_are_taken_before_those_of_the_system(shop, make_road, monkeypatch):
    road = make_road(shop)
    road.sync()
    monkeypatch.chdir(road.folder)
    runner = CliRunner()
    assert runner.invoke(main, ["status"], env=road.environment).exit_code == 0
    monkeypatch.chdir(road.folder.parent)
    missing = runner.invoke(main, ["status"], env=road.environment)
    assert (missing.exit_code, missing.stderr) == (
        2,
        "There is no settings file cartledger.toml. Name it with --config, or make it: cartledger setup.\n",
    )
    named = runner.invoke(main, ["status"], env={**road.environment, "CARTLEDGER_CONFIG": str(road.config)})
    assert named.exit_code == 0


def test_exit_codes_of_sync(shop, make_road, command):
    road = make_road(shop)
    run = command(road)
    facts = run.facts("sync", "demo", expect=1)
    assert {name: facts[name] for name in ("read", "new_or_changed", "posted", "held", "excluded", "waiting")} == {
        "read": 6,
        "new_or_changed": 6,
        "posted": 4,
        "held": 2,
        "excluded": 0,
        "waiting": 0,
    }
    assert facts["troubles"] == []
    run("held", "ignore", str(FOREIGN), str(FOREIGN + 1), "--why", "by hand")
    assert run("sync", "demo").stdout == (
        "demo: 0 orders new or changed. In the ledger: 4 posted, 0 held, 2 excluded, 0 waiting.\n"
    )
    assert run("sync", "dmo", expect=2).stderr == (
        'There is no connection "dmo". Did you mean "demo"? Connections in the file: demo.\n'
    )


def test_wrong_settings_touch_nothing(shop, make_road):
    road = make_road(shop, sales={"post_as": "bill"}, products={"match_by": "title"})
    ended = road.run_cli("run")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert [line.partition(": ")[2] for line in ended.stderr.splitlines()] == [
        'connections.demo.sales.post_as is "bill". Allowed: "sales_receipt", "invoice".',
        'connections.demo.products.match_by is "title". Allowed: "name", "sku".',
    ]
    assert not (road.folder / "cartledger.db").exists()
    assert shop.report()["bigcommerce"]["calls"] == 0


@pytest.mark.option("broker.url")
@pytest.mark.parametrize("words", [["produce"], ["consume"]])
def test_the_halves_need_rabbitmq(shop, make_road, command, words):
    assert command(make_road(shop))(*words, expect=2).stderr == (
        "memory:// hands over within one process only. "
        "Set broker.url to a pika:// URL of RabbitMQ, or use `cartledger run`.\n"
    )


def test_logs_are_lines_of_json_where_nobody_looks(shop, make_road):
    road = make_road(shop)
    ended: subprocess.CompletedProcess[str] = road.run_cli("--verbose", "sync", "demo")
    lines = ended.stderr.splitlines()
    assert lines
    assert all(line.startswith('{"at": "') and '"action": "' in line for line in lines)
