"""The ledger: what was read, decided, sent and made, in one SQLite file (design §4, §5).

`Ledger` is put together from groups of transitions: `sources` (T0 to T3, T8, T9), `parts` (T3 to T7), `keeping`
(cursors, leases, links, tokens, circuits …), `stock` (what both sides hold), `catalogue` (what the shop sells), `facts`
(what people and metrics ask), `mails` (what is to be sent), `reads` (how many were metered), `alerts` (what is wrong),
`processes` (who runs), `retention` (what is forgotten), `future` (a clock that was set back) and `history` (what
reports ask). `engine` holds the file.
"""

from __future__ import annotations

from typing import ClassVar

from cartledger.ledger.alerts import Alerts
from cartledger.ledger.catalogue import Catalogue
from cartledger.ledger.facts import Facts
from cartledger.ledger.future import Future
from cartledger.ledger.history import History
from cartledger.ledger.keeping import Keeping
from cartledger.ledger.mails import Mails
from cartledger.ledger.parts import Parts
from cartledger.ledger.processes import Processes
from cartledger.ledger.reads import Reads
from cartledger.ledger.retention import Retention
from cartledger.ledger.sources import Sources
from cartledger.ledger.stock import Stock


class Ledger(
    Sources, Parts, Keeping, Stock, Catalogue, Facts, Mails, Reads, Alerts, Processes, Retention, Future, History
):
    """One ledger, used by any number of threads and processes at once.

    Every method is one transaction; `transaction()` makes several calls one. Times are aware UTC. A file that cannot
    be written now raises LedgerTrouble and leaves nothing half-written.
    """


class Glance(Ledger):
    """A look at a ledger that is in use: `Glance(path, clock)`, to be closed. Nothing can be written through it."""

    mode: ClassVar[str] = "ro"
