"""The files that `cartledger setup` writes: all of them, or none. What stood there before is kept beside."""

from __future__ import annotations

import contextlib
import os
import re
import signal
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cartledger.errors import Problem, SettingsWrong, WrongUse
from cartledger.settings import Settings, read_settings
from cartledger.settings.reading import CREDENTIALS

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SETTINGS_MODE = 0o640
_SECRET_MODE = 0o600


def check_place(path: Path) -> None:
    """Raises WrongUse where no settings file can be written at `path`, before anybody is asked anything."""
    folder = path.parent
    if not folder.is_dir():
        raise WrongUse(f"There is no folder {folder} to write {path.name} into.", fix=f"Run mkdir -p {folder}.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise WrongUse(
            f"The folder {folder} cannot be written to by this user.",
            fix="Run setup as the user that the daemon runs as, or name another file: cartledger --config FILE setup.",
        )


@dataclass(frozen=True, kw_only=True)
class SettingsFile:
    """The settings at `path`; secrets go into the folder `credentials` beside it, a file each."""

    path: Path
    environment: Mapping[str, str]

    def write(
        self, text: str, secrets: Mapping[str, str], at: datetime, keep: Callable[[Settings], None]
    ) -> Path | None:
        """Where the old file is kept. `keep` is called with the settings as the new files have them, before the new one
        takes its place.

        `secrets` are by the name of their file. Raises SettingsWrong, and what `keep` raises; then no file of it
        stands. Signals wait until it is done.
        """
        with _undisturbed(), contextlib.ExitStack() as undone:
            folder = self.path.parent / CREDENTIALS
            if secrets and not folder.exists():
                folder.mkdir(mode=0o700)
                undone.callback(folder.rmdir)
            for name, secret in secrets.items():
                undone.callback(_put_back, folder / name, _bytes_of(folder / name))
                _write(folder / name, secret, _SECRET_MODE)
            draft = self.path.with_name(f".{self.path.name}.new")
            undone.callback(draft.unlink, missing_ok=True)
            mode = self.path.stat().st_mode & 0o777 if self.path.exists() else _SETTINGS_MODE
            _write(draft, text, mode)
            keep(self._read(draft))
            old = self._keep_old(at)
            draft.replace(self.path)
            undone.pop_all()
        return old

    def _read(self, draft: Path) -> Settings:
        try:
            return read_settings(draft, self.environment)
        except SettingsWrong as wrong:
            raise SettingsWrong(
                [Problem(code=one.code, text=_without_place(one.text, draft), fix=one.fix) for one in wrong.problems]
            ) from wrong

    def _keep_old(self, at: datetime) -> Path | None:
        if not self.path.exists():
            return None
        old = self.path.with_name(f"{self.path.name}.{at:%Y%m%d-%H%M%S}")
        _write(old, self.path.read_text(encoding="utf-8-sig"), self.path.stat().st_mode & 0o777)
        return old


def _without_place(text: str, draft: Path) -> str:
    """A line of a file that is not there is no place."""
    return re.sub(rf"{re.escape(str(draft))}(:\d+)?: ", "", text)


def _write(path: Path, text: str, mode: int) -> None:
    """Whole or not at all, with this mode from the first byte on."""
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), mode)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _bytes_of(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def _put_back(path: Path, content: bytes | None) -> None:
    if content is None:
        path.unlink(missing_ok=True)
    else:
        _write(path, content.decode(), _SECRET_MODE)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """The few moments of writing are not torn apart by Ctrl-C, which counts afterwards."""
    # Not by a mask, which is of one thread alone: Python acts on the main thread whichever has taken the signal.
    came: list[int] = []
    before = {number: signal.signal(number, lambda number, _: came.append(number)) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if came:
            signal.raise_signal(came[0])
