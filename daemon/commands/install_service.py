"""`cartledger install-service`: writes systemd's units, with the paths of this installation."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import click
from rich.console import Console

from cartledger.errors import SettingsWrong, WrongUse
from daemon.context import HERE, SYSTEM, Context

USER = "cartledger"
PROGRAM = "/opt/cartledger/bin/cartledger"
STATE = Path("/var/lib/cartledger")
UNITS = Path("/etc/systemd/system")
PLACES = {
    "sysusers.conf": Path("/etc/sysusers.d/cartledger.conf"),
    "tmpfiles.conf": Path("/etc/tmpfiles.d/cartledger.conf"),
}
HIDDEN = (Path("/root"), Path("/home"), Path("/run/user"))
"""What ProtectHome= keeps from a service."""

_PLAIN_PATH = re.compile(r"/[A-Za-z0-9/._@+~-]+")
_PLAIN_USER = re.compile(r"[a-z_][a-z0-9_-]*")
"""What stands in a unit, in tmpfiles.d and in a shell as it is: no blanks, and no % of systemd's."""


@dataclass(frozen=True, kw_only=True)
class Installation:
    """What the units are written for. `root` is where the machine's files are, "/" for this one."""

    program: Path
    config: Path
    user: str
    root: Path

    def check(self) -> None:
        """Raises WrongUse for what the files cannot name."""
        for path in (self.program, self.config):
            if not _PLAIN_PATH.fullmatch(str(path)):
                fix = "Use another place: letters, digits and / . _ - + @ ~ are what a path may have."
                raise WrongUse(f"systemd's units cannot name {path} as it is.", fix=fix)
        if not _PLAIN_USER.fullmatch(self.user):
            fix = "Use lower-case letters, digits, _ and -, a letter first."
            raise WrongUse(f'"{self.user}" is no name of a service\'s user.', fix=fix)

    def files(self) -> dict[Path, str]:
        """What stands where, without `root`."""
        return {
            PLACES.get(each.name, UNITS / each.name): self._fitted(each.read_text())
            for each in sorted((files("daemon") / "systemd").iterdir(), key=lambda one: one.name)
        }

    def _fitted(self, text: str) -> str:
        """The templates are for PROGRAM, SYSTEM and USER, and are used as they are where that is so."""
        text = text.replace(PROGRAM, str(self.program)).replace(str(SYSTEM), str(self.config))
        text = text.replace(str(SYSTEM.parent), str(self.config.parent))
        for key in ("User=", "Group="):
            text = text.replace(f"{key}{USER}\n", f"{key}{self.user}\n")
        return text.replace(f"u {USER} ", f"u {self.user} ").replace(f" {USER} {USER}\n", f" {self.user} {self.user}\n")

    def write(self) -> Iterator[tuple[Path, str]]:
        """Each file, and what was done with it: written, changed, or nothing since it stood there like this."""
        for path, text in self.files().items():
            here = self.at(path)
            before = here.read_text() if here.exists() else None
            if before != text:
                here.parent.mkdir(parents=True, exist_ok=True)
                here.write_text(text)
                here.chmod(0o644)
            yield path, "written" if before is None else "as it was" if before == text else "changed"

    def at(self, path: Path) -> Path:
        return self.root / path.relative_to("/")

    def troubles(self) -> Iterator[str]:
        """What the service will fail for."""
        for what, path in (("The program", self.program), ("Its Python", Path(sys.executable).resolve())):
            if (closed := _closed_to_others(path)) is not None:
                yield (
                    f"{what} is {path}, and {closed} is closed to the service. "
                    f"Install cartledger below /opt, with a Python that everybody can read (docs/INSTALL.md)."
                )


@click.command("install-service")
@click.option("--user", default=USER, show_default=True, help="Who the service runs as; made where it is missing.")
@click.option(
    "--root",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=Path("/"),
    help="Write below this folder, for an image or for a look; needs no root then.",
)
@click.option(
    "--consumers", type=click.IntRange(0, 500), default=0, help="For RabbitMQ: how many processes post. 0: all in one."
)
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
@click.pass_obj
def install_service(context: Context, user: str, root: Path, consumers: int, *, dry_run: bool) -> None:
    """Write systemd's units for this installation.

    Starts and enables nothing; it says which commands do. Given again it writes what has changed.
    """
    config = SYSTEM if context.config == HERE else context.config.absolute()
    here = Installation(program=Path(sys.executable).parent / "cartledger", config=config, user=user, root=root)
    here.check()
    out = Console(soft_wrap=True, highlight=False)
    if dry_run:
        for path, text in here.files().items():
            out.print(f"# {path}\n{text}", markup=False)
        return
    if root == Path("/") and os.geteuid():
        raise WrongUse("Only root may write systemd's units.", fix="Use sudo, or --root FOLDER to look at them.")
    for path, done in here.write():
        out.print(f"{done:<9} {here.at(path)}", markup=False)
    out.print("\nNext:", *_next(here, consumers), sep="\n", markup=False)
    troubles = [*here.troubles(), *_of_the_settings(context, here)]
    for trouble in troubles:
        out.print(f"\n! {trouble}", markup=False)
    if troubles:
        raise SystemExit(1)


def _next(here: Installation, consumers: int) -> Iterator[str]:
    yield "  sudo systemd-sysusers && sudo systemd-tmpfiles --create && sudo systemctl daemon-reload"
    if not here.at(here.config).exists():
        yield f"  sudo -u {here.user} {here.program} --config {here.config} setup --paste"
    if consumers:
        numbers = "1" if consumers == 1 else f"{{1..{consumers}}}"
        yield f"  sudo systemctl enable --now cartledger-producer cartledger-consumer@{numbers} cartledger.target"
    else:
        yield "  sudo systemctl enable --now cartledger"
    yield "  sudo systemctl enable --now cartledger-backup.timer"
    yield "  systemctl status 'cartledger*'; sudo journalctl -u 'cartledger*' -f"


def _of_the_settings(context: Context, here: Installation) -> Iterator[str]:
    """A ledger where the service may not write."""
    if not here.at(here.config).exists() or here.root != Path("/"):
        return
    try:
        path = context.ledger_path()
    except SettingsWrong as error:
        yield str(error)
        return
    if STATE not in path.parents:
        yield f'The ledger is {path}, where the service may not write. Set ledger.path = "{STATE}/cartledger.db".'


def _closed_to_others(path: Path) -> Path | None:
    """The first folder on the way to `path` that a service's user cannot pass."""
    for folder in reversed(path.parents):
        if folder in HIDDEN or not folder.stat().st_mode & 0o001:
            return folder
    return None
