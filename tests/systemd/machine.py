"""A machine of its own with a real systemd, in namespaces: this one's files under an overlay in memory, a process tree
and control groups that nobody else sees, the network of the host's loopback. Needs root, and touches nothing outside.

with Machine(wheel, folder) as machine:
    machine.run("systemctl", "start", "cartledger")
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

PATIENCE = 300.0
TOOLS = ("unshare", "setpriv", "nsenter", "pivot_root", "systemctl", "systemd-analyze")
SYSTEMD = Path("/lib/systemd/systemd")
PROGRAM = "/opt/cartledger/bin/cartledger"
USER = "cartledger"

# What a booting machine would do to the kernel that it shares with others is masked. Besides, the kernel's settings are
# read-only there, and systemd takes itself to be in a container, which has no clock and no devices to look after.
MASKED = (
    *("sysinit.target", "basic.target", "network-online.target", "time-sync.target", "shutdown.target"),
    *("systemd-sysctl.service", "systemd-udevd.service", "systemd-modules-load.service", "systemd-remount-fs.service"),
)

BOOT = r"""
set -eu
mount --make-rprivate /
mount -t tmpfs machine "$FOLDER"
mkdir "$FOLDER/upper" "$FOLDER/work" "$FOLDER/root"
mount -t overlay machine -o "lowerdir=/,upperdir=$FOLDER/upper,workdir=$FOLDER/work" "$FOLDER/root"
root="$FOLDER/root"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
mkdir "$root/dev/shm" "$root/dev/pts" "$root/dev/mqueue" "$root/dev/hugepages"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
for each in null zero full random urandom tty; do
    touch "$root/dev/$each"
    mount --bind "/dev/$each" "$root/dev/$each"
done
mount -t proc proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
for each in run tmp var/tmp; do mount -t tmpfs tmpfs "$root/$each"; chmod 1777 "$root/$each"; done
chmod 755 "$root/run"
mkdir -p "$root/opt/python" "$root/opt/packages" "$root/opt/cartledger" "$root/old"
mount --bind "$PYTHON" "$root/opt/python"
mount --bind "$PACKAGES" "$root/opt/packages"
rm -rf "$root/etc/cartledger" "$root/var/lib/cartledger" "$root/etc/systemd/system"
mkdir -p "$root/etc/systemd/system" "$root/etc/ld.so.conf.d"
echo /opt/python/lib > "$root/etc/ld.so.conf.d/python-of-the-test.conf"
chroot "$root" ldconfig
chmod 700 "$root/root"
chroot "$root" /opt/python/bin/python3 -m venv --without-pip /opt/cartledger
site=$(chroot "$root" /opt/cartledger/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
cp "$WHEEL" "$root/run/cartledger.whl"
chroot "$root" /opt/cartledger/bin/python -m zipfile -e /run/cartledger.whl "$site"
echo /opt/packages > "$root$site/packages.pth"
printf '#!/opt/cartledger/bin/python\nimport sys\nfrom daemon.cli import main\nsys.exit(main())\n' > "$root$PROGRAM"
chmod 755 "$root$PROGRAM"
for unit in $MASKED; do ln -s /dev/null "$root/etc/systemd/system/$unit"; done
printf '[Unit]\nDefaultDependencies=no\n' > "$root/etc/systemd/system/machine.target"
cd "$root"
pivot_root . old
mount --make-rshared /
umount -l /old
export container=cartledger-test
exec /lib/systemd/systemd --system --unit=machine.target --log-target=null --show-status=no
"""


def what_is_missing() -> str:
    """Why there can be no such machine here; empty where there can."""
    if os.geteuid():
        return "a systemd of the test's own needs root"
    if missing := [each for each in TOOLS if not shutil.which(each)]:
        return f"not installed: {', '.join(missing)}"
    if not SYSTEMD.exists():
        return "there is no systemd on this machine"
    if _groups() is None:
        return "no control groups of version 2 are mounted"
    return ""


def _groups() -> Path | None:
    for line in Path("/proc/mounts").read_text().splitlines():
        _, where, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(where)
    return None


class Machine:
    """Booted while the body runs; killed with all that it runs afterwards."""

    def __init__(self, wheel: Path, folder: Path) -> None:
        self._wheel = wheel
        self._folder = folder
        groups = _groups()
        assert groups is not None
        self._group = groups / f"cartledger-test-{os.getpid()}-{folder.name}"

    def __enter__(self) -> Machine:
        self._folder.mkdir()
        self._group.mkdir()
        packages = next(each for each in sys.path if each.endswith("site-packages") and (Path(each) / "click").is_dir())
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "FOLDER": str(self._folder),
            "PYTHON": sys.base_prefix,
            "PACKAGES": packages,
            "WHEEL": str(self._wheel),
            "PROGRAM": PROGRAM,
            "MASKED": " ".join(MASKED),
        }
        # However the test's process ends, the machine ends with it.
        in_group = f'echo $$ > "{self._group}/cgroup.procs"; exec setpriv --pdeathsig KILL "$@"'
        spaces = ("--mount", "--pid", "--uts", "--ipc", "--cgroup", "--fork", "--kill-child")
        self._log = (self._folder.parent / "boot.log").open("wb")
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", in_group, "sh", "unshare", *spaces, "/bin/sh", "-c", BOOT],
            env=environment,
            stdout=self._log,
            stderr=self._log,
            stdin=subprocess.DEVNULL,
        )
        try:
            self.until(self._is_up)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._log.close()
        limit = time.monotonic() + PATIENCE
        while self._group.exists() and time.monotonic() < limit:
            for folder in sorted(self._group.rglob("*/"), reverse=True):
                with contextlib.suppress(OSError):
                    folder.rmdir()
            with contextlib.suppress(OSError):
                self._group.rmdir()

    @property
    def root(self) -> Path:
        """Its files, seen from here."""
        return Path(f"/proc/{self._pid()}/root")

    def _pid(self) -> int:
        """Of its systemd, seen from here."""
        task = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        return int(task.read_text().split()[0])

    def _is_up(self) -> bool:
        if self._process.poll() is not None:
            raise AssertionError(f"it did not boot:\n{self.boot_log()}")
        try:
            is_systemd = Path(f"/proc/{self._pid()}/comm").read_text().strip() == "systemd"
            return is_systemd and self.run("systemctl", "is-active", "machine.target", check=False).stdout == "active\n"
        except (IndexError, FileNotFoundError):
            return False

    def boot_log(self) -> str:
        return (self._folder.parent / "boot.log").read_text(errors="replace")

    def run(self, *command: str, user: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
        """A command in it, as root or as `user`; given from root's home, which that user cannot look into."""
        spaces = ("--mount", "--pid", "--uts", "--ipc", "--cgroup")
        from_home = ("/bin/sh", "-c", 'cd /root && exec "$@"', "sh")
        as_user = ("runuser", "-u", user, "--") if user else ()
        done = subprocess.run(
            ["nsenter", "--target", str(self._pid()), *spaces, "--", *from_home, *as_user, *command],
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SYSTEMD_PAGER": ""},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done

    def shows(self, unit: str, *names: str) -> dict[str, str]:
        """Properties of a unit."""
        lines = self.run("systemctl", "show", unit, *(f"--property={name}" for name in names)).stdout.splitlines()
        return dict(line.split("=", 1) for line in lines)

    def drop_in(self, unit: str, text: str, name: str = "test.conf") -> None:
        folder = self.root / "etc/systemd/system" / f"{unit}.d"
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(text)
        self.run("systemctl", "daemon-reload")

    def log(self, unit: str) -> str:
        return (self.root / "var/log" / f"{unit}.log").read_text()

    def logs(self) -> list[str]:
        """Of every unit that wrote one."""
        return [f"{path.name}:\n{path.read_text()}" for path in sorted((self.root / "var/log").glob("cartledger*.log"))]

    def until(self, condition: Callable[[], Any], report: Callable[[], str] = lambda: "") -> None:
        limit = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > limit:
                raise AssertionError(f"it did not happen; {report()}\n{self.boot_log()}")
            time.sleep(0.05)


@contextlib.contextmanager
def built_wheel(folder: Path) -> Iterator[Path]:
    """The program as it is installed."""
    from hatchling.builders.wheel import WheelBuilder

    top = Path(__file__).parents[2]
    yield Path(next(iter(WheelBuilder(str(top)).build(directory=str(folder), versions=["standard"]))))
