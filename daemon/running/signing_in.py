"""Keeps the connection to QuickBooks alive, and notices when it is not: also while there is nothing to post.

A refresh token that nobody uses ends after 100 days, and that it was taken back shows only where it is used. Renewing
an access token is no metered call.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from cartledger.clients.oauth import Tokens
from cartledger.errors import CartledgerError, LedgerTrouble, Stop
from consumers.circuit import SIGNING_IN
from daemon.app import App, Line

EVERY = timedelta(minutes=1)
AGAIN = timedelta(minutes=5)


def sign_in(app: App, names: Sequence[str]) -> None:
    """Have a fresh access token for every connection that posts by itself. What keeps one from it stands in the ledger
    as a circuit, until one is had. Raises LedgerTrouble."""
    for line in (app.lines[name] for name in names):
        pair = line.connection.pair
        standing = next((each for each in app.ledger.circuits(pair) if each.side == SIGNING_IN), None)
        if app.ledger.is_enabled(pair) and (standing is None or standing.until <= app.clock()):
            _sign_in(app, line)


def _sign_in(app: App, line: Line) -> None:
    pair = line.connection.pair
    try:
        Tokens(intuit=app.intuit(line.connection), store=line.tokens, clock=app.clock).access()
    except LedgerTrouble:
        raise
    except CartledgerError as error:
        app.ledger.open_circuit(
            pair,
            SIGNING_IN,
            until=app.clock() + AGAIN,
            kind=type(error).__name__,
            reason=str(error),
            needs_person=isinstance(error, Stop),
        )
    else:
        app.ledger.close_circuit(pair, SIGNING_IN)
