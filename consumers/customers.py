"""Customers that orders wait for: matched in QuickBooks by e-mail, then by name, else made under a free name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from cartledger.clients.faults import Fault, verdict
from cartledger.clients.quickbooks import QuickBooks
from cartledger.errors import Hold, TryLater
from cartledger.ledger.store import Ledger
from cartledger.ledger.types import Claim, Link, Made, Part
from cartledger.money import ZERO, read_json
from cartledger.records import SourceKey
from consumers.outcome import Held, Later, Outcome
from consumers.posting import Adopt, AfterRefusal, Posting, Verdict, read_made
from mapping.customer import Adopt as Match
from mapping.customer import Create, Person, choose_customer, customer_document, names, read_person
from mapping.decision import Post
from mapping.text import marker, marker_of

CUSTOMER = "customer"
DOCUMENT = "document"
"""The kind of these sources, and the name of their one part."""

NAME_TAKEN = "6240"
NOT_YOUR_TURN = timedelta(seconds=1)


class Customers:
    """The handler of customers, for one pair."""

    def __init__(self, *, store_hash: str, quickbooks: QuickBooks) -> None:
        self._store_hash = store_hash
        self._quickbooks = quickbooks

    def fingerprint(self) -> str:
        return "customers"

    def decide(self, claims: Sequence[Claim]) -> dict[SourceKey, Verdict]:
        """Two reads for all of them together."""
        people = {claim.key: read_person(read_json(claim.record)) for claim in claims}
        emails = {person.email for person in people.values() if person.email}
        by_email = self._rows("PrimaryEmailAddr", emails)
        by_name = self._rows("DisplayName", {name for person in people.values() for name in names(person)})
        verdicts: dict[SourceKey, Verdict] = {}
        taken: list[str] = []  # two new people of one name in one batch must not both take it
        for key, person in people.items():
            mark = self._marker(person)
            choice = choose_customer(person, by_email, by_name, marker=mark, taken=taken)
            if isinstance(choice, Create):
                taken.append(choice.name)
                verdicts[key] = self._post(person, choice.name)
            else:
                verdicts[key] = Adopt(link=_link(key, choice))
        return verdicts

    def _marker(self, person: Person) -> str:
        return marker(self._store_hash, CUSTOMER, person.key)

    def _post(self, person: Person, name: str) -> Post:
        return Post(documents=(customer_document(person, name, self._marker(person)),), rounding=ZERO)

    def _rows(self, field: str, values: set[str]) -> list[dict[str, Any]]:
        """Inactive ones too: their names are taken."""
        return self._quickbooks.find("Customer", field, sorted(values), "Active in (true, false)") if values else []

    def find(self, parts: Sequence[tuple[SourceKey, Part]]) -> dict[str, Made]:
        rows = self._rows("DisplayName", {str(part.body["DisplayName"]) for _, part in parts})
        markers = {part.marker for _, part in parts}
        return {mark: read_made(row) for row in rows if (mark := marker_of(str(row.get("Notes") or ""))) in markers}

    def after_refusal(self, claim: Claim, part: Part, fault: Fault) -> AfterRefusal:
        """A taken name (a vendor's, an employee's, an inactive customer's) is answered with the next one."""
        person = read_person(read_json(claim.record))
        candidates = names(person)
        next_one = candidates.index(part.body["DisplayName"]) + 1 if part.body["DisplayName"] in candidates else 0
        if NAME_TAKEN in fault.codes and next_one < len(candidates):
            return self._post(person, candidates[next_one])
        error = verdict(fault)
        return Held(problems=error.problems) if isinstance(error, Hold) else TryLater(str(error))


class OneAtATime:
    """A desk that works in one place at a time in a company: QuickBooks answers parallel changes of its lists with
    conflicts. The lease says whose turn it is; the others come back a moment later."""

    def __init__(
        self,
        *,
        desk: Posting,
        ledger: Ledger,
        name: str,
        new_owner: Callable[[], str],
        clock: Callable[[], datetime],
    ) -> None:
        self.lease = desk.lease
        self._desk = desk
        self._ledger = ledger
        self._name = name
        self._new_owner = new_owner
        self._clock = clock

    def work(self, claims: Sequence[Claim]) -> Mapping[SourceKey, Outcome]:
        owner = self._new_owner()
        if not self._ledger.lease(self._name, owner, self.lease * 2):
            later = Later(until=self._clock() + NOT_YOUR_TURN, why="another worker is at the company's lists")
            return {claim.key: later for claim in claims if self._ledger.later(claim, later.until, later.why)}
        try:
            return self._desk.work(claims)
        finally:
            self._ledger.unlease(self._name, owner)


def _link(key: SourceKey, found: Match) -> Link:
    return Link(
        key=key,
        part=DOCUMENT,
        entity="Customer",
        target_id=found.id,
        sync_token=found.sync_token,
        number="",
        amount=ZERO,
        currency="",
        hash="",
    )
