"""What systemd hears of a process whose loops turn, of one that is stuck, and where nobody listens."""

from __future__ import annotations

import socket

import pytest

from daemon.pulse import LONGEST_SILENCE, Pulse
from daemon.running.notify import Watch, notify, ready


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def heard(tmp_path, monkeypatch):
    """`heard()`: the messages since it was last asked."""
    path = str(tmp_path / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as systemd:
        systemd.bind(path)

        def messages() -> list[str]:
            found = []
            while True:
                try:
                    found.append(systemd.recv(65536).decode())
                except BlockingIOError:
                    return found

        yield messages


def test_the_watchdog_is_fed_while_everybody_gets_on_and_not_otherwise(heard):
    clock = Clock()
    pulse = Pulse(clock)
    watch = Watch(pulse)
    with pulse.of("work"):
        watch.look()
        assert heard() == ["WATCHDOG=1"]
        clock.seconds += LONGEST_SILENCE.total_seconds() + 1
        watch.look()
        watch.look()
        assert heard() == ["STATUS=Stuck: work"]
        pulse.beat("work")
        watch.look()
        assert heard() == ["WATCHDOG=1", "STATUS=Nothing is stuck any more."]


def test_a_socket_of_a_name_without_a_file_is_spoken_to(monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind("")  # the kernel gives it an abstract name
        name = systemd.getsockname()
        monkeypatch.setenv("NOTIFY_SOCKET", "@" + name[1:].decode())
        ready("Reads.")
        assert systemd.recv(4096) == b"READY=1\nSTATUS=Reads."


@pytest.mark.parametrize("address", ["", "/nowhere/notify"])
def test_where_nobody_listens_nothing_happens(monkeypatch, address):
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    notify("WATCHDOG=1")


def test_one_who_does_not_read_holds_nobody_up(tmp_path, monkeypatch):
    path = str(tmp_path / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", path)
    monkeypatch.setattr("daemon.running.notify.LONGEST_SEND", 0.001)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(path)
        for _ in range(1000):
            notify("WATCHDOG=1")
