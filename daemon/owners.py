"""Who holds claims and leases: this process, by name; and whether another process of this machine still lives.

A lease alone would keep what a killed process held for as long as it runs: half a minute for a claim, ten minutes for
the reading of a shop. Taking a live one for gone would cost nothing but work: a claim's fence and the in-flight limit
protect what was sent, whoever holds the lease.
"""

from __future__ import annotations

import os
import socket
import uuid

_HOST = socket.gethostname()
_PROCESS = f"{_HOST}:{os.getpid()}:{uuid.uuid4().hex[:8]}:"


def new_owner() -> str:
    """A name that nobody has used before."""
    return f"{_PROCESS}{uuid.uuid4().hex[:8]}"


def is_gone(owner: str) -> bool:
    """Whether `owner` was a process of this machine that has ended. False where that cannot be told from here."""
    host, _, rest = owner.partition(":")
    pid = rest.partition(":")[0]
    if host != _HOST or not pid.isdecimal() or owner.startswith(_PROCESS):
        return False
    # In a container every start has the same number: then it was an earlier one.
    return int(pid) == os.getpid() or not _runs(int(pid))


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
