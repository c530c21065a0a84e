"""Parts: planned, let out, answered (T3 to T7 of design §5)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from cartledger.errors import Problem
from cartledger.ledger.engine import Engine
from cartledger.ledger.types import Answered, Claim, Made, NewPart, Part, Sending, Sent
from cartledger.records import SourceKey


class Parts(Engine):
    """The transitions of a part."""

    def plan(self, claim: Claim, parts: Sequence[NewPart], fingerprint: str) -> Claim | None:
        """T3: all parts of this version together; None: the claim is not ours any more.

        Parts planned or refused before are replaced; an answered part of the same name and hash is kept, one of
        another hash is planned anew (its link stays, so that the body can be an update). Raises AssertionError for a
        begun claim.
        """
        raise NotImplementedError

    def send(
        self,
        items: Sequence[Sending],
        *,
        request_id: str,
        in_flight: timedelta,
        manual_since: datetime | None = None,
    ) -> list[Sent]:
        """T4: let planned parts out under `request_id` (at most 36 characters). Returns those that may really go.

        A part goes when its claim is ours, all parts of earlier order are answered, and the pair is enabled, or was
        not switched since `manual_since` (a sync by hand). The lease becomes `in_flight` + 30 s.
        """
        raise NotImplementedError

    def send_again(
        self,
        claims: Iterable[Claim],
        request_id: str,
        *,
        in_flight: timedelta,
        manual_since: datetime | None = None,
    ) -> list[Sent]:
        """T7, not found: the open parts of this request in these claims go again, same bytes and ids, under T4's rules."""
        raise NotImplementedError

    def answered(
        self,
        request_id: str,
        bid: str,
        made: Made,
        *,
        then: Sequence[NewPart] = (),
        problems: Sequence[Problem] = (),
    ) -> Answered:
        """T5 and T6: made, or found made (T7), whatever the lease says. Repeating it changes nothing.

        `then` are parts that this answer makes necessary (a correction), planned in the same transaction. With the
        last part answered the source is posted, or held with `problems` (a document voided because its total differed),
        or queued where a newer version was seen.
        """
        raise NotImplementedError

    def refused(self, sent: Sent, problems: Sequence[Problem], fingerprint: str) -> bool:
        """T5: validation said no: the part is refused, its source held. False: a later sending has taken over."""
        raise NotImplementedError

    def not_executed(
        self, sents: Iterable[Sent], *, until: datetime | None, why: str, spend_attempt: bool = False
    ) -> None:
        """T5: surely not executed: parts planned again, sources queued for `until` (None keeps the claims, to go on)."""
        raise NotImplementedError

    def unknown(self, sents: Iterable[Sent], *, in_flight: timedelta, why: str, spend_attempt: bool = False) -> None:
        """T5: nobody knows: parts stay sending, sources queued for `sent_at` + `in_flight` (then T7)."""
        raise NotImplementedError

    def sending(self, request_id: str) -> list[tuple[SourceKey, Part]]:
        """The open parts of one request, of all sources."""
        raise NotImplementedError
