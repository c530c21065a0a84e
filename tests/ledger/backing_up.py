"""What a process of its own does in tests of backups.

write LEDGER            remembers two orders in each transaction, for ever, and prints how many transactions there were
hold LEDGER             has the ledger open, says so, and waits for a line
backup LEDGER FILE BYTES    on a disk that takes no file larger than this
die LEDGER FILE BYTES       the same; the kernel kills it in the middle of its writing
"""

from __future__ import annotations

import itertools
import resource
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from cartledger.errors import LedgerTrouble
from cartledger.ledger.backups import back_up
from cartledger.ledger.store import Ledger
from cartledger.ledger.types import Read

PAIR = "abc123:9130"


def now() -> datetime:
    return datetime.now(UTC)


def write(ledger: Ledger) -> None:
    for number in itertools.count(1):
        both = [Read(id=f"{number}{half}", version="v1", record=b"{}", modified=now()) for half in "ab"]
        ledger.remember(PAIR, "order", both)
        print(number, flush=True)


def hold(ledger: Ledger) -> None:
    ledger.is_enabled(PAIR)
    print("held", flush=True)
    sys.stdin.readline()


def back_up_within(ledger: Path, file: Path, most: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    try:
        back_up(ledger, file)
    except LedgerTrouble as trouble:
        print(trouble, end="")


if __name__ == "__main__":
    act, path, *more = sys.argv[1:]
    match act:
        case "write":
            write(Ledger.open(Path(path), clock=now))
        case "hold":
            hold(Ledger.open(Path(path), clock=now))
        case _:
            if act == "die":
                signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            back_up_within(Path(path), Path(more[0]), int(more[1]))
