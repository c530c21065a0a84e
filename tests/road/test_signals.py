"""A signal interrupts the main thread between any two of its steps; none of them may be the wrong one."""

from __future__ import annotations

import subprocess
import sys

ROUNDS = 500
TOLD_AT_ANY_STEP = f"""
import signal
from daemon.supervisor import Crew

for step in range({ROUNDS}):
    crew = Crew()
    signal.signal(signal.SIGALRM, lambda *_: crew.tell())
    signal.setitimer(signal.ITIMER_REAL, 1e-6 * (1 + step % 100))
    crew.wait_until_quiet()
"""


def test_told_at_any_step_of_its_waiting_a_crew_ends():
    subprocess.run([sys.executable, "-c", TOLD_AT_ANY_STEP], timeout=60, check=True)
