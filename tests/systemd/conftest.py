"""Units in a folder, and a machine with a real systemd to run them on."""

from __future__ import annotations

import json
import os
import secrets
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from daemon.demos.settings import NAME, demo_settings
from simulator import Simulator

_spec = spec_from_file_location("machine", Path(__file__).parent / "machine.py")
assert _spec is not None
assert _spec.loader is not None
machines = module_from_spec(_spec)
_spec.loader.exec_module(machines)

UNITS = (
    "cartledger.service",
    "cartledger-producer.service",
    "cartledger-consumer@.service",
    "cartledger-backup.service",
)
IN_A_TEST = """\
[Unit]
DefaultDependencies=no
[Service]
StandardError=append:/var/log/%n.log
RestartSec=0
"""
CONSUMERS = 4


def missing(reason: str) -> None:
    """Where CI is set nothing may be missing."""
    if os.environ.get("CI", "").lower() not in {"", "0", "false"}:
        pytest.fail(reason)
    pytest.skip(reason)


@dataclass(kw_only=True)
class Shop:
    """A simulated shop and company, and the settings for them on the machine."""

    machine: Any
    sim: Simulator

    @property
    def config(self) -> Path:
        return self.machine.root / "etc/cartledger/cartledger.toml"

    def edit(self, old: str, new: str) -> None:
        text = self.config.read_text()
        assert old in text
        self.config.write_text(text.replace(old, new))

    def cartledger(self, *arguments: str, check: bool = True) -> Any:
        """A command as docs/INSTALL.md gives it."""
        return self.machine.run(machines.PROGRAM, *arguments, user=machines.USER, check=check)

    def documents(self) -> int:
        """How many sales the company has. Counted, since a proof keeps the company from answering meanwhile."""
        return sum(len(self.sim.company.objects(entity)) for entity in ("SalesReceipt", "Invoice"))

    def lines(self, unit: str) -> list[dict[str, Any]]:
        """What it logged, as JSON; anything else comes as its text."""
        return [_line(text) for text in self.machine.log(unit).splitlines()]

    def said(self, unit: str, action: str) -> list[str]:
        return [line["text"] for line in self.lines(unit) if line.get("action") == action]

    def until(self, unit: str, condition: Callable[[], Any]) -> None:
        def report() -> str:
            standing = self.machine.run("systemctl", "status", "--lines=0", unit, check=False).stdout
            return "\n".join([standing, *self.machine.logs()])

        self.machine.until(condition, report)


def _line(text: str) -> dict[str, Any]:
    try:
        line: dict[str, Any] = json.loads(text)
    except ValueError:
        return {"text": text}
    return line


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with machines.built_wheel(tmp_path_factory.mktemp("wheel")) as path:
        return path


@pytest.fixture(scope="module")
def machine(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Booted, and cartledger installed as docs/INSTALL.md says."""
    if reason := machines.what_is_missing():
        missing(reason)
    with machines.Machine(wheel, tmp_path_factory.mktemp("machine") / "files") as booted:
        told = booted.run(machines.PROGRAM, "install-service", "--consumers", str(CONSUMERS)).stdout
        first = next(line.strip() for line in told.partition("Next:")[2].splitlines() if line.strip())
        assert first == "sudo systemd-sysusers && sudo systemd-tmpfiles --create && sudo systemctl daemon-reload"
        # Without /etc/tmpfiles.d/… named, it would see to all of the files below /run and /var, which are the test's.
        booted.run("systemd-sysusers")
        booted.run("systemd-tmpfiles", "--create", "/etc/tmpfiles.d/cartledger.conf")
        for unit in UNITS:
            booted.drop_in(unit, IN_A_TEST)
        booted.drop_in("cartledger.target", "[Unit]\nDefaultDependencies=no\n")
        yield booted


@pytest.fixture
def make_shop(machine: Any) -> Iterator[Callable[..., Shop]]:
    """`make_shop(orders, broker="memory://")`: settings, secrets, no ledger yet; all is stopped at the end."""
    with Simulator(quotas=False, cap=7.0) as sim:

        def make(orders: int = 20, broker: str = "memory://") -> Shop:
            sim.fill(orders=orders, customers=4, clean=True)
            facts = {**sim.addresses(), "namespace": f"test-{secrets.token_hex(6)}", "broker": broker}
            text = demo_settings(
                company="us", post_as="sales_receipt", in_flight=130, start_date=date(2020, 1, 1), **facts
            )
            text = text.replace('path = "cartledger.db"', 'path = "/var/lib/cartledger/cartledger.db"')
            text = text.replace(f'url = "{broker}"\n', "")
            assert tomllib.loads(text)["broker"].keys() == {"namespace"}
            shop = Shop(machine=machine, sim=sim)
            shop.config.write_text(text)
            shop.config.chmod(0o644)
            held = {f"connections__{NAME}__{name}": facts[key] for name, key in SECRETS.items()}
            for name, secret in (held | {"broker__url": broker}).items():
                path = shop.config.parent / "credentials" / f"cartledger_{name}"
                path.write_text(secret)
                path.chmod(0o600)
            machine.run("chown", "-R", f"{machines.USER}:{machines.USER}", "/etc/cartledger")
            return shop

        yield make
        machine.run("systemctl", "stop", "cartledger*", check=False)
        machine.run("systemctl", "reset-failed", check=False)
        machine.run("sh", "-c", "rm -rf /var/lib/cartledger/* /var/log/cartledger*")


SECRETS = {
    "bigcommerce__access_token": "access_token",
    "quickbooks__client_secret": "client_secret",
    "quickbooks__refresh_token": "refresh_token",
}


@pytest.fixture
def rabbitmq_url() -> str:
    url = os.environ.get("CARTLEDGER_TEST_AMQP_URL")
    if not url:
        missing("no RabbitMQ: CARTLEDGER_TEST_AMQP_URL is not set (`make test` sets it)")
    return str(url)
