"""Which day a document bears where the company's books of its own day are closed.

What is new is held or bears the first open day, as `closed_books` says. What stands keeps the day that it has: the
books may have been closed, or opened again, since.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from cartledger.errors import Problem
from cartledger.settings import Connection
from mapping.company import Company
from mapping.facts import Standing
from mapping.fingerprint import own_day

FIX = "Open the books for that day, or ignore the order."


@dataclass(frozen=True, kw_only=True)
class Booked:
    """The `day` that a document bears; `own` is that of what it tells of, None where it is the same. `notices` say so
    of a document that is new."""

    day: date
    own: date | None = None
    notices: tuple[Problem, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """What the document's private note says of its day."""
        return () if self.own is None else (f"Of {self.own}, whose books are closed.",)


def is_closed(day: date, company: Company) -> bool:
    """Whether nothing of that day may be written, changed, voided or deleted."""
    return company.book_close_date is not None and day <= company.book_close_date


def booked(
    own: date, said: str, *, standing: Standing | None, connection: Connection, company: Company, fix: str = FIX
) -> Booked | Problem:
    """The day of a document that tells of what happened on `own`; `standing` is the document itself where it stands.

    `said` begins the sentences that a person reads, up to the day: "The order is of". `Booked.own` goes into
    `Document.own_day`, `Booked.words` into the note.
    """
    if standing is not None:
        return Booked(day=standing.day or own, own=own_day(standing.hash))
    closed = company.book_close_date
    if closed is None or own > closed:
        return Booked(day=own)
    if connection.closed_books == "hold":
        text = f"{said} {own}; the company's books are closed up to {closed}."
        return Problem(code="books_closed", text=text, fix=fix)
    first = closed + timedelta(days=1)
    anew = Problem(code="dated_anew", text=f"{said} {own}, whose books are closed, and is booked on {first}.")
    return Booked(day=first, own=own, notices=(anew,))
