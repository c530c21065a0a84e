"""A person's leave for the levels that wait: they are written in this process, whether or not the connection writes by
itself."""

from __future__ import annotations

import getpass
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import TypeVar

from cartledger import logs
from cartledger.errors import CartledgerError, TryLater, WrongUse
from cartledger.stock import LevelChange, Proposal, ProposalState
from consumers.stock import Approved, NotEnabled
from daemon.app import App, Line
from daemon.by_hand.permit import Permit
from daemon.console import MINUTES, bar, doing
from daemon.running.supervisor import Crew, Producing
from daemon.stock_shown import FATES
from mapping.levels import is_unread

Walked = TypeVar("Walked")

LOOK_AGAIN = 1.0
"""Seconds, while another process is at the same."""

MOST_PATIENCE = timedelta(minutes=3)
"""Longer than a call to the shop that was not answered may take, and shorter than a reading is good for."""


def approve_with_progress(app: App, line: Line, proposal: Proposal) -> Approved:
    """Write what a proposal lists once both sides were read, since units may have gone meanwhile; with a bar on a
    terminal.

    Raises WrongUse where it cannot be approved or somebody has decided about it, and CartledgerError where a side
    cannot be read, or the shop cannot be told, with what it has taken.
    """
    check_can_be_decided(line.name, proposal)
    app.begin()
    with doing() as say:
        say(f"{line.name}: reading what has moved since")
        walk = until_read(partial(Producing(app, [line.name], Crew()).read_stock, line))
    if walk.problem:
        raise CartledgerError(f"Nothing was written, since the stock cannot be read as a whole. {walk.problem}")
    permit = Permit(app, line.connection.pair)
    try:
        with bar(f"{line.name}: levels written") as show:
            done, total = 0, proposal.count - proposal.written

            def taken(changes: Sequence[LevelChange]) -> None:
                nonlocal done
                done += len(changes)
                if show:
                    show(done, total)
                permit.keep()

            approve = partial(app.level_writer(line).approve, proposal, getpass.getuser(), taken)
            approved = _in_its_turn(app, line, permit, approve)
    except CartledgerError as error:
        raise _broken_off(find_proposal(app, proposal.id)[1], error) from error
    finally:
        permit.end()
    if approved is None:
        raise decided_already(*find_proposal(app, proposal.id))
    return approved


def _in_its_turn(app: App, line: Line, permit: Permit, write: Callable[[], Approved | None]) -> Approved | None:
    """Somebody else who is writing levels is waited for, and a call of theirs that may still be carried out."""
    until, said = app.clock() + MOST_PATIENCE, False
    while True:
        try:
            return write()
        except NotEnabled:
            raise
        except TryLater as error:
            if app.clock() > until:
                raise
            if not said:
                logs.info(f"{line.name}: waiting. {error}", action="joined", connection=line.name)
            said = True
            permit.keep()
            time.sleep(LOOK_AGAIN)


def _broken_off(proposal: Proposal, error: CartledgerError) -> CartledgerError:
    if proposal.state is not ProposalState.APPROVED:
        return error
    return CartledgerError(
        f"{error} The shop has taken {proposal.written} of the {proposal.count} levels.",
        fix=f"`cartledger stock approve {proposal.id}` goes on.",
    )


def until_read(read: Callable[[], Walked | None]) -> Walked:
    """A reading of another process counts for nothing: it may have begun before."""
    while (walk := read()) is None:
        time.sleep(LOOK_AGAIN)
    return walk


def find_proposal(app: App, number: int) -> tuple[str, Proposal]:
    """With the name of its connection."""
    proposal = app.ledger.proposal(number)
    for name, line in app.lines.items():
        if proposal is not None and line.connection.pair == proposal.pair:
            return name, proposal
    raise WrongUse(f"There is no {number} among what waits for a person.", fix="`cartledger stock show` lists all.")


def check_can_be_decided(name: str, proposal: Proposal) -> None:
    if proposal.state in (ProposalState.REJECTED, ProposalState.WITHDRAWN):
        raise decided_already(name, proposal)
    if is_unread(proposal):
        raise WrongUse(
            f"{proposal.id} of {name} says that the stock cannot be read as a whole: {proposal.reasons[0]}",
            fix="There is nothing to decide; it passes with the next good reading.",
        )


def decided_already(name: str, proposal: Proposal) -> WrongUse:
    when = f"{proposal.settled_at:{MINUTES}} UTC" if proposal.settled_at else ""
    by = f" by {proposal.who}" if proposal.who else ""
    return WrongUse(
        f"{proposal.id} of {name} does not wait any more: {FATES[proposal.state]}{by}, {when}.",
        fix="`cartledger stock show` lists what does.",
    )
