"""`cartledger setup` in a process of its own, at a simulated shop and company, and a browser for Intuit's page."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import threading
import tomllib
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from simulator import Simulator
from tests.road.conftest import PATIENCE, PROGRAM

ADDRESS = re.compile(r"^(https?://\S+oauth2\?\S+)\s*$")
CTRL_C = "\x03"
AGAIN = 1.0  # seconds of silence after which a person presses it once more


class _Stay(urllib.request.HTTPRedirectHandler):
    """Shows where the page sends the browser, in place of going there."""

    def redirect_request(self, *_: Any) -> None:
        return None


def allow(address: str, answer: str = "connect") -> str:
    """Opens Intuit's page, says yes or no, and tells the address that the browser is sent to."""
    opener = urllib.request.build_opener(_Stay)
    with opener.open(address) as page:
        assert "<form" in page.read().decode()
    try:
        opener.open(address, data=urllib.parse.urlencode({"answer": answer}).encode())
    except urllib.error.HTTPError as sent:
        return sent.headers["Location"]
    raise AssertionError("the page sent the browser nowhere")


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a run of the command came to."""

    code: int
    out: str
    err: str

    @property
    def facts(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found


@dataclass(kw_only=True)
class Stranger:
    """Somebody with a shop, a company and an app, who has no settings yet. `flags` answer every question."""

    folder: Path
    sim: Simulator
    environment: dict[str, str] = field(default_factory=dict)
    program: tuple[str, ...] = (sys.executable, str(PROGRAM))

    @property
    def config(self) -> Path:
        return self.folder / "cartledger.toml"

    @property
    def tree(self) -> dict[str, Any]:
        return tomllib.loads(self.config.read_text(encoding="utf-8"))

    @property
    def files(self) -> set[str]:
        """What setup has left, beside what was there."""
        mine = {"token", "secret"}
        return {str(path.relative_to(self.folder)) for path in self.folder.rglob("*")} - mine

    def sides(self, **others: str) -> list[str]:
        """Where both sides are, as flags; `others` in place of some of them."""
        here = self.sim.addresses() | others
        places = {
            "bigcommerce.api_url": here["bigcommerce_url"],
            "quickbooks.api_url": here["quickbooks_url"],
            "quickbooks.token_url": here["token_url"],
            "quickbooks.authorize_url": here["authorize_url"],
        }
        return [word for key, value in places.items() for word in ("--set", f"{key}={value}")]

    def flags(self, **others: str) -> list[str]:
        """Every answer that has to be given; `others` are addresses, names and secrets in place of the right ones."""
        here = self.sim.addresses() | others
        (self.folder / "token").write_text(f"{here['access_token']}\n")
        (self.folder / "secret").write_text(f"{here['client_secret']}\n")
        return [
            *("--store-hash", here["store_hash"], "--token-file", str(self.folder / "token")),
            *("--client-id", here["client_id"], "--secret-file", str(self.folder / "secret")),
            *("--start-date", "2020-01-01", "--post-as", "sales_receipt"),
            *self.sides(**others),
        ]

    def run(self, *words: str, browser: Callable[[str], str] = allow, stdin: bool = True) -> Said:
        """A command without a terminal. `browser` is given Intuit's address and says where it ended: that is pasted."""
        command = [*self.program, "--config", str(self.config), *words]
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self._environment(),
            cwd=self.folder,
        )
        assert process.stdin
        assert process.stdout
        assert process.stderr
        end = threading.Timer(PATIENCE, process.kill)
        end.start()
        said, out = [], []
        reader = threading.Thread(target=lambda: out.append(process.stdout.read()))
        reader.start()
        with process, process.stdin as pasted:
            for line in process.stderr:
                said.append(line)
                if (found := ADDRESS.match(line)) and stdin:
                    pasted.write(browser(found[1]) + "\n")
                    pasted.flush()
            reader.join()
        end.cancel()
        return Said(code=process.returncode, out=out[0], err="".join(said))

    def setup(self, *words: str, browser: Callable[[str], str] = allow, **others: str) -> Said:
        """`setup --paste` with all flags, and more `words`."""
        return self.run("setup", "--paste", *self.flags(**others), *words, browser=browser)

    def talk(self, *words: str, answers: list[tuple[str, str | Callable[[str], str]]]) -> str:
        """A command at a terminal: each of `answers` is typed when its question stands there (CTRL_C interrupts). A
        callable is given what was shown so far. Returns all that was shown."""
        terminal, theirs = pty.openpty()
        command = [*self.program, "--config", str(self.config), *words]
        with subprocess.Popen(
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=self._environment(),
            cwd=self.folder,
            start_new_session=True,  # without the terminal that pytest may have, which passwords would be read from
        ) as process:
            os.close(theirs)
            try:
                shown = _conversation(process, terminal, answers)
            finally:
                os.close(terminal)
        return f"{shown}\nexit {process.returncode}"

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return {**kept, "COLUMNS": "200", **self.environment}


def _conversation(
    process: subprocess.Popen[bytes], terminal: int, answers: list[tuple[str, str | Callable[[str], str]]]
) -> str:
    shown, seen = "", 0
    waiting, presses = list(answers), 0
    while True:
        ready, _, _ = select.select([terminal], [], [], AGAIN if presses else PATIENCE)
        if not ready:  # Python may lose a signal that comes between its question and its wait
            assert 0 < presses < PATIENCE / AGAIN, f"nothing more was said after:\n{shown}"
            process.send_signal(signal.SIGINT)
            presses += 1
            continue
        try:
            piece = os.read(terminal, 4096).decode(errors="replace")
        except OSError:  # the other side has ended
            return shown
        shown += piece
        while waiting and waiting[0][0] in shown[seen:]:
            question, answer = waiting.pop(0)
            seen = shown.index(question, seen) + len(question)
            if answer == CTRL_C:
                process.send_signal(signal.SIGINT)
                presses = 1
            else:
                os.write(terminal, f"{answer if isinstance(answer, str) else answer(shown)}\n".encode())


@pytest.fixture
def make_stranger(tmp_path: Path, make_sim: Callable[..., Simulator]) -> Iterator[Callable[..., Stranger]]:
    """`make_stranger("uk")`: at a shop of 40 orders and its company, that no app was let into yet."""

    def make(
        kind: str = "us", *, folder: str = "here", orders: int = 40, clean: bool = True, **options: Any
    ) -> Stranger:
        sim = make_sim(company=kind, connected=False, **options)
        sim.fill(orders=orders, customers=8, clean=clean)
        place = tmp_path / folder
        place.mkdir(exist_ok=True)
        return Stranger(folder=place, sim=sim)

    return make
