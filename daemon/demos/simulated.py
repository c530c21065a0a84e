"""The made-up shop and company of the demos: a process of their own, and what is asked of it and told to it."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

CAP = 1.8  # seconds after which a request to the simulated company is ended, in place of 120
IN_FLIGHT = 2  # seconds, in place of 130


@dataclass(frozen=True, kw_only=True)
class Shop:
    """What a demo is made of."""

    orders: int
    customers: int
    seed: int
    price_mode: str
    company: str
    lives: bool
    keeps_stock: bool

    @property
    def goes_on(self) -> bool:
        """Whether orders change after they were posted."""
        return self.lives or self.keeps_stock


@contextlib.contextmanager
def simulators(shop: Shop, *, connected: bool = True) -> Iterator[dict[str, str]]:
    """Both sides in a process of their own; yields their addresses and secrets."""
    arguments = {
        "--orders": shop.orders,
        "--customers": shop.customers,
        "--seed": shop.seed,
        "--price-mode": shop.price_mode,
        "--company": shop.company,
        "--cap": CAP,
    }
    command = [sys.executable, "-m", "simulator", "--until-stdin-closes", *["--no-connected"] * (not connected)]
    process = subprocess.Popen(  # noqa: S603 - our own module, our own arguments
        [*command, *(str(word) for pair in arguments.items() for word in pair)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdin is not None  # noqa: S101 - asked for above
    assert process.stdout is not None  # noqa: S101
    try:
        with process.stdin, process.stdout:
            yield json.loads(process.stdout.readline())
    finally:
        process.wait()


def ask(url: str, what: str) -> dict[str, Any]:
    """What the simulators' control API answers."""
    with urllib.request.urlopen(f"{url}/control/{what}") as answer:  # noqa: S310 - the simulator's own http address
        facts: dict[str, Any] = json.load(answer)
    return facts


def tell(url: str, what: str, body: dict[str, Any]) -> None:
    """Have the simulators do something."""
    request = urllib.request.Request(  # noqa: S310 - as above
        f"{url}/control/{what}", data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request):  # noqa: S310 - as above
        pass


def untell(url: str, what: str) -> None:
    """Have the simulators stop doing it."""
    with urllib.request.urlopen(urllib.request.Request(f"{url}/control/{what}", method="DELETE")):  # noqa: S310
        pass
