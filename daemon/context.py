"""What every command starts from: the settings file named before it, and the program built on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cartledger.settings import Settings, places_in, read_environment, read_ledger_path, read_settings
from daemon.app import App

HERE = Path("cartledger.toml")
SYSTEM = Path("/etc/cartledger/cartledger.toml")


def default_config() -> Path:
    """The settings file where none is named. Whoever gives commands as the service's user may stand in a folder that
    this user cannot look into; whoever gives them as another one may not look into the system's."""
    return SYSTEM if not _stands(HERE, if_closed=False) and _stands(SYSTEM, if_closed=True) else HERE


def _stands(path: Path, *, if_closed: bool) -> bool:
    """Whether it is there; `if_closed` where its folder does not tell."""
    try:
        return path.exists()
    except PermissionError:
        return if_closed


@dataclass(frozen=True, kw_only=True)
class Context:
    """What the options before the command say."""

    config: Path

    def settings(self) -> Settings:
        """Raises SettingsWrong."""
        return read_settings(self.config, read_environment())

    def ledger_path(self) -> Path:
        """Where the ledger is, for what needs nothing else. Raises SettingsWrong."""
        return read_ledger_path(self.config, read_environment())

    def place(self, key: Sequence[str]) -> str:
        """File and line of a setting, or that it comes from the environment."""
        return places_in(self.config, read_environment()).place(tuple(key))

    def build(self, settings: Settings, **shared: Any) -> App:
        """The program on these settings; `shared` is what outlives it. Raises LedgerRefused."""
        return App(settings, **shared)

    @contextmanager
    def app(self) -> Iterator[App]:
        """The program, for as long as the body runs. Raises SettingsWrong, LedgerRefused."""
        app = self.build(self.settings())
        try:
            yield app
        finally:
            app.close()
