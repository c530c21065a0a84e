"""What systemd is told of this process (Type=notify), and its watchdog; nothing where no systemd listens."""

from __future__ import annotations

import contextlib
import os
import socket
import time

from cartledger import logs
from cartledger.settings import read_environment
from daemon.pulse import Pulse

STDERR = 2
LONGEST_SEND = 1.0  # seconds; the socket takes few messages that nobody has read


def notify(*lines: str) -> bool:
    """Send these lines as sd_notify does; whether they were taken. A systemd that does not listen is no reason to
    stop."""
    address = read_environment().get("NOTIFY_SOCKET")
    if not address:
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as link, contextlib.suppress(OSError):
        link.settimeout(LONGEST_SEND)
        link.connect("\0" + address[1:] if address[0] == "@" else address)
        link.sendall("\n".join(lines).encode())
        return True
    return False


def ready(status: str) -> None:
    """It works, or does so again after a reload; `status` is a sentence for `systemctl status`."""
    notify("READY=1", f"STATUS={status}")


def reloading() -> None:
    """`ready` follows."""
    notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}", "STATUS=Reading the settings anew.")


def stopping() -> None:
    notify("STOPPING=1", "STATUS=Finishing what is in flight.")


def journal_takes_stderr() -> bool:
    """Whether what is written there goes to journald, and not to wherever it was sent from a service since."""
    stream = read_environment().get("JOURNAL_STREAM")
    if not stream:
        return False
    where = os.fstat(STDERR)
    return stream == f"{where.st_dev}:{where.st_ino}"


class Watch:
    """Feeds the watchdog while every loop turns. `look` is to be called often, by the main thread at its own turns."""

    def __init__(self, pulse: Pulse) -> None:
        self._pulse = pulse
        self._stuck: list[str] = []

    def look(self) -> None:
        """One beat for systemd, or none; who is stuck is said once."""
        stuck = self._pulse.stuck()
        if not stuck:
            notify("WATCHDOG=1")
        if stuck != self._stuck:
            self._stuck = stuck
            self._say()

    def _say(self) -> None:
        if self._stuck:
            names = ", ".join(self._stuck)
            notify(f"STATUS=Stuck: {names}")
            text = f"Stuck: {names}. systemd's watchdog starts the service anew; elsewhere restart it."
            logs.warning(text, action="stuck", count=len(self._stuck))
        else:
            notify("STATUS=Nothing is stuck any more.")
            logs.info("Nothing is stuck any more.", action="not_stuck")
