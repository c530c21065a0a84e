"""The files of setup: all of them or none, and Ctrl-C waits until they are written."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime

import pytest

from cartledger.errors import LedgerTrouble, SettingsWrong
from cartledger.settings.example import example
from daemon.setup.files import SettingsFile

NAME = "cartledger_connections__main__quickbooks__client_secret"
AT = datetime(2026, 4, 30, 12, tzinfo=UTC)
RIGHT = example()


@pytest.fixture
def file(tmp_path):
    return SettingsFile(path=tmp_path / "cartledger.toml", environment={})


@pytest.fixture
def files(tmp_path):
    """Name and content of all there is."""
    return lambda: {str(path.relative_to(tmp_path)): path.read_text() for path in tmp_path.rglob("*") if path.is_file()}


def no_keeping(_):
    raise LedgerTrouble("The disk is full.")


def test_what_is_kept_is_told_the_new_settings(file, files):
    heard = []
    assert file.write(RIGHT, {NAME: "secret"}, AT, heard.append) is None
    assert files() == {"cartledger.toml": RIGHT, f"credentials/{NAME}": "secret"}
    assert heard[0].connections["main"].quickbooks.client_secret.get_secret_value() == "secret"


def test_nothing_stays_of_what_failed(file, files, tmp_path):
    with pytest.raises(LedgerTrouble):
        file.write(RIGHT, {NAME: "secret"}, AT, no_keeping)
    assert list(tmp_path.iterdir()) == []


def test_what_stood_there_stays_when_the_new_fails(file, files):
    file.write(RIGHT, {NAME: "secret"}, AT, lambda _: None)
    before = files()
    with pytest.raises(LedgerTrouble):
        file.write(RIGHT.replace('"BC"', '"WEB"'), {NAME: "another"}, AT, no_keeping)
    with pytest.raises(SettingsWrong, match=r"^connections\.main\.sales\.post_as is \"bill\""):
        file.write(RIGHT.replace('"sales_receipt"', '"bill"'), {NAME: "another"}, AT, lambda _: None)
    assert files() == before


def test_the_old_file_is_kept_beside(file, files):
    file.write(RIGHT, {NAME: "secret"}, AT, lambda _: None)
    old = file.write(RIGHT.replace('"BC"', '"WEB"'), {NAME: "secret"}, AT, lambda _: None)
    assert old.name == "cartledger.toml.20260430-120000"
    assert files()[old.name] == RIGHT
    assert '"WEB"' in files()["cartledger.toml"]


def test_ctrl_c_in_the_middle_counts_afterwards(file, files):
    def interrupted(_):
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        file.write(RIGHT, {NAME: "secret"}, AT, interrupted)
    assert files() == {"cartledger.toml": RIGHT, f"credentials/{NAME}": "secret"}
