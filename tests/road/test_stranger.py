"""The way of a stranger, by what README says: a shop and a company that nobody has connected are connected through
Intuit's page, set up, checked and synced, by the command line that users have. The test is the browser."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import subprocess
import tempfile
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.road.conftest import CONSOLE_SCRIPT, PATIENCE

ADDRESS = re.compile(r"^https?://\S+oauth2\?\S+$")


@contextmanager
def served(folder: Path, *words: str) -> Iterator[dict[str, Any]]:
    """What `cartledger demo --serve` says; it runs until the end."""
    command = [str(CONSOLE_SCRIPT), "demo", "--serve", str(folder), "--json", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.send_signal(signal.SIGTERM)
            process.stdout.read()


def press_connect(address: str) -> None:
    """What a browser does on Intuit's page: the form is sent, and the redirection followed to whoever listens."""
    with urllib.request.urlopen(address) as page:  # noqa: S310 - on this machine
        assert 'value="connect"' in page.read().decode()
    form = urllib.parse.urlencode({"answer": "connect"}).encode()
    with urllib.request.urlopen(address, data=form) as page:  # noqa: S310
        assert "This window can be closed." in page.read().decode()


def cartledger(folder: Path, *words: str, open_page: Callable[[str], None] | None = None) -> tuple[int, str]:
    """Exit code and stdout of a command that nobody answers; `open_page` is given the address that it prints."""
    log = (folder / "said").open("w")
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    with (
        log,
        subprocess.Popen(
            [str(CONSOLE_SCRIPT), *words],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.PIPE,
            text=True,
            cwd=folder,
            env=kept | {"CARTLEDGER_CONFIG": str(folder / "cartledger.toml")},
        ) as process,
    ):
        assert process.stderr
        for line in process.stderr:
            if open_page and ADDRESS.match(line.strip()):
                open_page(line.strip())
        process.wait(PATIENCE)
    return process.returncode, (folder / "said").read_text()


@pytest.fixture
def callback() -> Iterator[None]:
    """The one address that the demo's app has at its keys, http://localhost:8765/callback, for one test at a time."""
    with (Path(tempfile.gettempdir()) / "cartledger-test-callback").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.mark.usefixtures("callback")
@pytest.mark.parametrize("company", ["us", "uk"])
def test_from_nothing_to_posted_orders_unattended(tmp_path, company):
    folder = tmp_path / "demo"
    with served(folder, "--orders", "30", "--company", company) as told:
        decided = ["--start-date", "2020-01-01", "--post-as", "sales_receipt"]
        code, said = cartledger(folder, *told["setup"], *decided, open_page=press_connect)
        assert code == 0, said
        assert "nothing keeps it from posting" in said or "fit together" in said

        code, said = cartledger(folder, "connect", "--json")
        sides = json.loads(said)["main"]
        assert (code, [side["connected"] for side in sides.values()]) == (0, [True, True])

        code, said = cartledger(folder, "check", "--json")
        assert code == 0
        tried = re.search(r"(\d+) would be posted, (\d+) held, (\d+) left out", said)
        assert tried

        code, said = cartledger(folder, "sync", "main", "--json")
        facts = json.loads(said)
        assert (facts["posted"], facts["held"], facts["excluded"]) == tuple(map(int, tried.groups()))
        assert facts["posted"] > 20
