"""Customers that orders wait for: matched in QuickBooks by e-mail, then by name, else made under a free name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cartledger.clients.faults import Fault, verdict
from cartledger.clients.quickbooks import QuickBooks
from cartledger.errors import Hold, TryLater
from cartledger.ledger.store import Ledger
from cartledger.ledger.types import Claim, Made, Part
from cartledger.money import ZERO, read_json
from cartledger.records import SourceKey
from consumers.outcome import Held, Later, Outcome, Unchanged
from consumers.posting import AfterRefusal, Posting, Verdict, WaitFor, adopted, read_made
from mapping.address import fold_email
from mapping.choice import Create, Match
from mapping.company import fold
from mapping.customer import Person, choose_customer, customer_document, known_names, names, read_person
from mapping.decision import Post
from mapping.text import marker, marker_of

CUSTOMER = "customer"
"""The kind of these sources."""

ENTITY = "Customer"
NAME_TAKEN = "6240"
NOT_YOUR_TURN = timedelta(seconds=1)
LOOK_AGAIN = 0.1
LOOKS = 20

Row = Mapping[str, Any]
"""A Customer as QuickBooks answers it."""


class Customers:
    """The handler of customers, for one pair."""

    def __init__(self, *, store_hash: str, ledger: Ledger, quickbooks: QuickBooks) -> None:
        self._store_hash = store_hash
        self._ledger = ledger
        self._quickbooks = quickbooks

    def fingerprint(self) -> str:
        return "customers"

    def decide(self, claims: Sequence[Claim]) -> dict[SourceKey, Verdict]:
        """Two reads for all of them together. Whoever stands in QuickBooks stays as they are."""
        pair = claims[0].key.pair
        links = self._ledger.links(pair, CUSTOMER, [claim.key.id for claim in claims])
        people = {claim.key: read_person(read_json(claim.record)) for claim in claims if claim.key.id not in links}
        batch = self._batch(
            pair,
            by_email=self._rows("PrimaryEmailAddr", {who.email for who in people.values()}),
            by_name=self._by_name(people.values()),
        )
        chosen = {key: self._verdict(key, who, batch) for key, who in people.items()}
        return {claim.key: chosen.get(claim.key, Unchanged()) for claim in claims}

    def _batch(self, pair: str, *, by_email: Sequence[Row], by_name: Sequence[Row]) -> _Batch:
        links = {str(row["Id"]): self._ledger.link_by_target(pair, ENTITY, str(row["Id"])) for row in by_name}
        owners = {target: link.key for target, link in links.items() if link}
        return _Batch(by_email=by_email, by_name=by_name, owners=owners)

    def _verdict(self, key: SourceKey, who: Person, batch: _Batch) -> Verdict:
        choice = batch.choose(key, who, self._marker(who))
        if isinstance(choice, Match):
            return adopted(key, ENTITY, choice)
        return choice if isinstance(choice, WaitFor) else self._post(who, choice.name)

    def _marker(self, person: Person) -> str:
        return marker(self._store_hash, CUSTOMER, person.key)

    def _post(self, person: Person, name: str) -> Post:
        return Post(documents=(customer_document(person, name, self._marker(person)),), rounding=ZERO)

    def _by_name(self, people: Collection[Person]) -> list[dict[str, Any]]:
        """A name that is not asked for is, where several of these people have it: whose it is must be known before one
        of them leaves it to another."""
        rows = self._rows("DisplayName", {name for who in people for name in known_names(who)})
        shared = Counter(fold(names(who)[0]) for who in people)
        foreign = [name for name, times in shared.items() if times > 1 and not _is_plain(name)]
        return rows + (self._named(foreign) if foreign else [])

    def _rows(self, field: str, values: Iterable[str]) -> list[dict[str, Any]]:
        """Inactive ones too: their names are taken. What the query language cannot say is not asked for: a name that
        turns out to be taken is looked up then."""
        plain = sorted(value for value in values if value and _is_plain(value))
        return self._quickbooks.find(ENTITY, field, plain, "Active in (true, false)") if plain else []

    def find(self, parts: Sequence[tuple[SourceKey, Part]]) -> dict[str, Made]:
        rows = self._named({str(part.body["DisplayName"]) for _, part in parts})
        markers = {part.marker for _, part in parts}
        return {mark: read_made(row) for row in rows if (mark := marker_of(str(row.get("Notes") or ""))) in markers}

    def _named(self, wanted: Iterable[str]) -> list[dict[str, Any]]:
        """Whatever their letters: a call for each name that has others than Latin ones."""
        return self._quickbooks.find(ENTITY, "DisplayName", sorted(wanted), "Active in (true, false)")

    def looks_first(self, claim: Claim, part: Part) -> bool:  # noqa: ARG002 - whichever it is, its name is taken once
        """Never."""
        return False

    def after_refusal(self, claim: Claim, part: Part, fault: Fault) -> AfterRefusal:
        """A taken name (a vendor's, an employee's, an inactive customer's) is answered with the next one."""
        person, name = read_person(read_json(claim.record)), str(part.body["DisplayName"])
        if NAME_TAKEN in fault.codes and not _is_plain(name) and (theirs := self._theirs(claim.key, person, name)):
            return theirs
        candidates = names(person)
        next_one = candidates.index(name) + 1 if name in candidates else 0
        if NAME_TAKEN in fault.codes and next_one < len(candidates):
            return self._post(person, candidates[next_one])
        error = verdict(fault)
        return Held(problems=error.problems) if isinstance(error, Hold) else TryLater(str(error))

    def _theirs(self, key: SourceKey, person: Person, name: str) -> Made | None:
        """The customer of that name, if it is this person."""
        rows = self._named([name])
        choice = self._batch(key.pair, by_email=[], by_name=rows).choose(key, person, self._marker(person))
        found = [row for row in rows if isinstance(choice, Match) and row["Id"] == choice.id]
        return read_made(found[0]) if found else None


@dataclass(kw_only=True)
class _Batch:
    """People who are decided together, so that none takes what another has just taken.

    `owners` are the people linked to customers of QuickBooks, by id; `making` those who are being made, by e-mail and
    currency.
    """

    by_email: Sequence[Row]
    by_name: Sequence[Row]
    owners: dict[str, SourceKey]
    taken: list[str] = field(default_factory=list)
    making: dict[tuple[str, str], SourceKey] = field(default_factory=dict)

    def choose(self, key: SourceKey, who: Person, mark: str) -> Match | Create | WaitFor:
        """Two people of one name are two customers; one e-mail address, in the shop twice, is one."""
        free = [row for row in self.by_name if self.owners.get(str(row["Id"]), key) == key]
        others = [str(row["DisplayName"]) for row in self.by_name if row not in free]
        choice = choose_customer(who, self.by_email, free, marker=mark, taken=[*self.taken, *others])
        if isinstance(choice, Match):
            self.owners.setdefault(choice.id, key)
            return choice
        mailbox = fold_email(who.email), who.currency
        if mailbox in self.making:
            return WaitFor(key=self.making[mailbox], why="a customer with this e-mail address is being made")
        if who.email:
            self.making[mailbox] = key
        self.taken.append(choice.name)
        return choice


def _is_plain(text: str) -> bool:
    """Whether a literal of QuickBooks' query language can hold it."""
    return max(text, default="") <= "\xff"


class OneAtATime:
    """A desk that works in one place at a time in a company: QuickBooks answers parallel changes of its lists with
    conflicts. The lease says whose turn it is; another process waits a little for it, then comes back later."""

    def __init__(
        self,
        *,
        desk: Posting,
        ledger: Ledger,
        name: str,
        new_owner: Callable[[], str],
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
    ) -> None:
        self.lease = desk.lease
        self._desk = desk
        self._ledger = ledger
        self._name = name
        self._new_owner = new_owner
        self._clock = clock
        self._sleep = sleep

    def work(self, claims: Sequence[Claim]) -> Mapping[SourceKey, Outcome]:
        owner = self._new_owner()
        if not self._is_our_turn(owner):
            later = Later(until=self._clock() + NOT_YOUR_TURN, why="another worker is at the company's lists")
            return {claim.key: later for claim in claims if self._ledger.later(claim, later.until, later.why)}
        try:
            return self._desk.work(claims)
        finally:
            self._ledger.unlease(self._name, owner)

    def _is_our_turn(self, owner: str) -> bool:
        for _ in range(LOOKS):
            if self._ledger.lease(self._name, owner, self.lease * 2):
                return True
            self._sleep(LOOK_AGAIN)
        return False
