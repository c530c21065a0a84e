"""One synced shop, looked at by many commands."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from click.testing import CliRunner, Result

from daemon.cli import main
from simulator import Simulator

FOREIGN, STRANGE, SHIPPED = 1001, 1002, 1003
"""Orders of `shop`: in euros, of an unknown status, and one like any other."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """The command line in this process, for what needs no process of its own."""

    road: Any

    def __call__(self, *words: str, expect: int = 0) -> Result:
        """Run it. Fails when it does not end with the exit code `expect`."""
        environment = {**self.road.environment, "COLUMNS": "200"}
        result = CliRunner().invoke(main, ["--config", str(self.road.config), *words], env=environment)
        assert result.exit_code == expect, (result.output, result.exception)
        return result

    def facts(self, *words: str, expect: int = 0) -> Any:
        """What `--json` prints."""
        return json.loads(self(*words, "--json", expect=expect).stdout)


@pytest.fixture
def make_road(make_road) -> Callable[..., Any]:
    """As for all roads, but calls to QuickBooks have time: a command gives up what a run would only do later."""

    def make(sim: Simulator, **options: Any) -> Any:
        return make_road(sim, **options | {"quickbooks": {"in_flight_limit": 100} | options.get("quickbooks", {})})

    return make


@pytest.fixture
def command() -> Callable[[Any], Command]:
    """`command(road)("held", "list")`."""
    return lambda road: Command(road=road)


@pytest.fixture
def shop(make_sim) -> Simulator:
    """Six orders, two of which will be held."""
    sim = make_sim()
    sim.fill(orders=6, customers=3, clean=True)
    sim.shop.update(FOREIGN, currency_code="EUR", default_currency_code="EUR")
    sim.shop.update(STRANGE, status_id=15, status="On [hold] :pause:", custom_status="On Hold")
    return sim


def with_second_shop(first: Simulator, second: Simulator, make_road: Callable[..., Any], **sections: Any) -> Any:
    """Two connections in one file, `demo` and `second`, into the company of `first`, whose `sections` these
    are."""
    second.shop.store_hash = "sim6tore"
    company = {
        "client_id": first.company.client_id,
        "api_url": first.quickbooks_url,
        "token_url": first.token_url,
    }
    road = make_road(first, **sections)
    other = make_road(second, sales={"number_prefix": "BD"}, quickbooks=company)
    _, head, rest = other.config.read_text().partition('["connections"."demo"')
    connection = (head + rest).replace('"demo"', '"second"')
    road.config.write_text(f"{road.config.read_text()}\n{connection}")
    more = {name.replace("__DEMO__", "__SECOND__"): value for name, value in road.environment.items()}
    road.environment = {**road.environment, **more}
    return road
