"""What is kept beside the sources: leases, links, switches, circuits, tokens, references."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from cartledger.ledger.engine import Engine
from cartledger.ledger.types import Circuit, Link, Reference, Switch, Token
from cartledger.records import SourceKey


class Keeping(Engine):
    """Small tables, one row a fact."""

    def lease(self, name: str, owner: str, ttl: timedelta) -> bool:
        """Take or prolong a named lease (`lists:<realm>`, `token:<pair>`). False: another owner has it."""
        raise NotImplementedError

    def unlease(self, name: str, owner: str) -> None:
        """Give the lease back, if it is ours."""
        raise NotImplementedError

    def link(self, key: SourceKey, part: str) -> Link | None:
        """What stands in QuickBooks for this part."""
        raise NotImplementedError

    def links(self, pair: str, kind: str, ids: Iterable[str]) -> dict[str, dict[str, Link]]:
        """By id, then by part, for those of `ids` that have any."""
        raise NotImplementedError

    def link_by_target(self, pair: str, entity: str, target_id: str) -> Link | None:
        """The first source that stands behind an object of QuickBooks."""
        raise NotImplementedError

    def set_link(self, link: Link) -> None:
        """Write a link for something found and adopted, or changed since."""
        raise NotImplementedError

    def forget_link(self, key: SourceKey, part: str) -> None:
        """The object is gone (a merged customer): the next `remember` queues its source, whatever the version."""
        raise NotImplementedError

    def switch(self, pair: str, *, enabled: bool, who: str) -> None:
        """`enable` and `disable`. Turning it again as it stands counts too: it stops a sync by hand."""
        raise NotImplementedError

    def switched(self, pair: str) -> Switch | None:
        """How the switch stands; None when it was never turned (not enabled)."""
        raise NotImplementedError

    def is_enabled(self, pair: str) -> bool:
        """Whether the pair writes by itself."""
        raise NotImplementedError

    def open_circuit(
        self, pair: str, side: str, *, until: datetime, reason: str, needs_person: bool = False
    ) -> Circuit:
        """The side does not answer: one failure more, nothing before `until`."""
        raise NotImplementedError

    def close_circuit(self, pair: str, side: str) -> Circuit | None:
        """The side answers again. Returns the circuit that stood, None when none did."""
        raise NotImplementedError

    def circuits(self, pair: str) -> list[Circuit]:
        """The open circuits of a pair."""
        raise NotImplementedError

    def token(self, pair: str) -> Token | None:
        """The tokens saved last."""
        raise NotImplementedError

    def save_token(self, pair: str, token: Token) -> None:
        """Save before use: a rotated refresh token exists only once."""
        raise NotImplementedError

    def reference(self, pair: str, name: str) -> Reference | None:
        """Something looked up earlier, with its age."""
        raise NotImplementedError

    def save_reference(self, pair: str, name: str, content: bytes) -> None:
        """Keep what was looked up now."""
        raise NotImplementedError

    def drop_reference(self, pair: str, name: str) -> None:
        """Forget it, so that it is looked up again."""
        raise NotImplementedError
