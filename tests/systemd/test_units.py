"""What systemd says of the units, and `install-service`, which writes them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from daemon.cli import main

TEMPLATES = Path(__file__).parents[2] / "systemd"
SERVICES = (
    "cartledger.service",
    "cartledger-producer.service",
    "cartledger-consumer@.service",
    "cartledger-backup.service",
)
DAEMONS = SERVICES[:3]
HIGHEST_EXPOSURE = 1.5
LONGEST_WRITE = 125


@pytest.fixture
def install():
    """`install(*arguments)`: what it says, and its exit code; 1 where this Python is private."""

    def run(*arguments: str, config: str = "/etc/cartledger/cartledger.toml"):
        return CliRunner().invoke(main, ["--config", config, "install-service", *arguments])

    return run


@pytest.fixture
def units(tmp_path, install) -> Path:
    """The units as installed, in a folder."""
    assert install("--root", str(tmp_path)).exit_code in {0, 1}
    return tmp_path / "etc/systemd/system"


@pytest.fixture(scope="module")
def analyze():
    program = shutil.which("systemd-analyze")
    if program is None:
        reason = "no systemd-analyze on this machine: install systemd"
        if os.environ.get("CI", "").lower() not in {"", "0", "false"}:
            pytest.fail(reason)
        pytest.skip(reason)

    def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run([program, *arguments], cwd=cwd, capture_output=True, text=True, check=False, timeout=60)

    return run


def test_systemd_has_nothing_to_say_against_them(units, analyze):
    for path in units.glob("*.service"):  # a program that is there: this checkout may be private
        path.write_text(re.sub(r"[^\s=]+/cartledger --config", f"{shutil.which('true')} --config", path.read_text()))
    names = [each.name.replace("@.", "@1.") for each in units.iterdir()]
    done = analyze("verify", *(f"./{name}" for name in names), cwd=units)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_that_is_taken_over_can_do_little(units, analyze, service):
    done = analyze("security", "--offline=true", f"./{service}", cwd=units)
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert found is not None, done.stdout + done.stderr
    assert float(found[1]) <= HIGHEST_EXPOSURE


def lines(service: str) -> list[str]:
    return (TEMPLATES / service).read_text().splitlines()


def test_the_daemons_differ_in_what_they_do_and_in_nothing_else():
    def common(service: str) -> list[str]:
        text = lines(service)
        return [line for line in text[text.index("[Service]") : text.index("[Install]")] if "ExecStart=" not in line]

    assert common(DAEMONS[0]) == common(DAEMONS[1]) == common(DAEMONS[2])


@pytest.mark.parametrize("service", DAEMONS)
def test_a_stop_waits_for_the_longest_write(service):
    [limit] = [
        int(line.removeprefix("TimeoutStopSec=")) for line in lines(service) if line.startswith("TimeoutStopSec")
    ]
    assert limit > LONGEST_WRITE + 30


def test_units_name_this_installation_and_where_its_settings_are(tmp_path, install):
    said = install("--root", str(tmp_path), "--user", "shop", "--consumers", "3", config="/srv/shop/cartledger.toml")
    service = (tmp_path / "etc/systemd/system/cartledger-consumer@.service").read_text()
    program = Path(sys.executable).parent / "cartledger"
    assert f"ExecStart={program} --config /srv/shop/cartledger.toml consume --instance %i\n" in service
    assert "LoadCredential=secret:/srv/shop/credentials\n" in service
    assert "User=shop\nGroup=shop\n" in service
    assert "u shop - " in (tmp_path / "etc/sysusers.d/cartledger.conf").read_text()
    assert "d /srv/shop/credentials 0700 shop shop\n" in (tmp_path / "etc/tmpfiles.d/cartledger.conf").read_text()
    assert "systemctl enable --now cartledger-producer cartledger-consumer@{1..3} cartledger.target" in said.output


def test_settings_that_are_named_from_here_are_those_and_none_are_those_of_the_system(tmp_path, install, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert f" --config {tmp_path}/shop/c.toml run\n" in install("--dry-run", config="shop/c.toml").output
    Path("cartledger.toml").touch()
    told = CliRunner().invoke(main, ["install-service", "--dry-run"]).output
    assert " --config /etc/cartledger/cartledger.toml run\n" in told


@pytest.mark.parametrize(
    ("config", "user", "sentence"),
    [
        ("/srv/my shop/c.toml", "shop", "systemd's units cannot name /srv/my shop/c.toml as it is. Use another place"),
        ("/srv/50%/c.toml", "shop", "systemd's units cannot name /srv/50%/c.toml as it is. Use another place"),
        ("/srv/shop/c.toml", "my shop", '"my shop" is no name of a service\'s user. Use lower-case letters'),
    ],
)
def test_what_units_cannot_name_is_refused_before_anything_is_written(tmp_path, install, config, user, sentence):
    refused = install("--root", str(tmp_path), "--user", user, config=config)
    assert (refused.exit_code, refused.stderr.startswith(sentence)) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_given_again_it_writes_what_has_changed_and_says_so(tmp_path, install):
    first = install("--root", str(tmp_path)).output
    assert first.count("written ") == len(list(TEMPLATES.iterdir()))
    changed = tmp_path / "etc/systemd/system/cartledger.service"
    changed.write_text("[Service]\n")
    second = install("--root", str(tmp_path)).output
    assert second.count("as it was ") == len(list(TEMPLATES.iterdir())) - 1
    assert second.count("changed ") == 1
    assert "[Install]" in changed.read_text()


def test_a_dry_run_shows_everything_and_writes_nothing(tmp_path, install):
    said = install("--root", str(tmp_path), "--dry-run")
    assert said.exit_code == 0
    assert said.output.count("# /etc/") == len(list(TEMPLATES.iterdir()))
    assert "WatchdogSec=" in said.output
    assert list(tmp_path.iterdir()) == []


def test_a_python_that_a_service_may_not_read_is_named(tmp_path, install, monkeypatch):
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    monkeypatch.setattr(sys, "executable", str(home / "bin/python"))
    said = install("--root", str(tmp_path))
    assert said.exit_code == 1
    assert f"! The program is {home}/bin/cartledger, and " in said.output
    assert "is closed to the service. Install cartledger below /opt" in said.output


def test_without_root_nothing_is_written(install, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    said = install()
    assert said.exit_code == 2
    assert said.output == "Only root may write systemd's units. Use sudo, or --root FOLDER to look at them.\n"
