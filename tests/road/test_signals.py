"""A signal interrupts the main thread between any two of its steps; none of them may be the wrong one."""

from __future__ import annotations

import subprocess
import sys

ROUNDS = 500
TOLD_AT_ANY_STEP = f"""
import signal
from daemon.running.signals import Signals, Told

for step in range({ROUNDS}):
    signals = Signals()
    signal.signal(signal.SIGALRM, signal.getsignal(signal.SIGTERM))
    signal.setitimer(signal.ITIMER_REAL, 1e-6 * (1 + step % 100))
    while signals.wait(0.5) is not Told.STOP:
        pass
"""


def test_told_at_any_step_of_its_waiting_a_process_hears_it():
    subprocess.run([sys.executable, "-c", TOLD_AT_ANY_STEP], timeout=240, check=True)
