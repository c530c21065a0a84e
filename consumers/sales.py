"""Orders: what the protocol does with each, and how their documents are found again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from cartledger.clients.faults import Fault, duplicate_of, lists_are_stale, verdict
from cartledger.clients.quickbooks import QuickBooks, quote, select
from cartledger.errors import BadRecord, Hold, Problem, TryLater
from cartledger.ledger.store import Ledger
from cartledger.ledger.types import Claim, Link, Made, Part, Stage
from cartledger.money import ZERO, read_json
from cartledger.records import Order, SourceKey, content_hash, read_order
from cartledger.settings import Connection
from consumers.applied import as_far_as_open
from consumers.buyers import Buyer, Buyers
from consumers.company import CompanyBook
from consumers.customers import DOCUMENT
from consumers.facts import FactReader, Shop, ShopSilent
from consumers.outcome import Excluded, Held, Later, Unchanged
from consumers.posting import VOID, AfterRefusal, Verdict, read_made
from consumers.prerequisites import Prerequisites
from consumers.rates import RateBook
from mapping.company import Company
from mapping.customer import Person
from mapping.decision import Decision, Document, Fact, Needs, Post
from mapping.facts import Facts, Standing
from mapping.sale import decide_sale
from mapping.text import marker_of

TAKEN_SUFFIX = "-S"
PAYMENT = "Payment"
SHOP_SILENT_WAIT = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class _Read:
    """An order as decided, with what decided it: as if its customer were there."""

    claim: Claim
    order: Order
    facts: Facts
    company: Company
    decision: Post | Held | Excluded


_RULES = {"sales", "products", "payments", "tax", "timezone", "start_date"}


def rules_fingerprint(connection: Connection) -> str:
    """Tells two sets of rules apart: what was held or excluded under others is decided again."""
    rules = connection.model_dump(mode="json", include=_RULES)
    return content_hash(rules | {"workflows": sorted(connection.workflows)})


class Sales:
    """The handler of orders, for one connection."""

    def __init__(
        self,
        *,
        connection: Connection,
        zone: Callable[[], ZoneInfo],
        ledger: Ledger,
        quickbooks: QuickBooks,
        shop: Shop,
        book: CompanyBook,
        rates: RateBook,
        clock: Callable[[], datetime],
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._zone = zone
        self._ledger = ledger
        self._quickbooks = quickbooks
        self._shop = shop
        self._book = book
        self._facts = FactReader(shop, rates)
        self._buyers = Buyers(connection=connection, ledger=ledger, quickbooks=quickbooks, clock=clock)
        self._needed = Prerequisites(pair=connection.pair, ledger=ledger)

    def fingerprint(self) -> str:
        return rules_fingerprint(self._connection)

    def decide(self, claims: Sequence[Claim]) -> dict[SourceKey, Verdict]:
        """First as if the customer were there, so that nothing is made for an order that will be held; then with it."""
        verdicts: dict[SourceKey, Verdict] = {}
        reads: list[_Read] = []
        company = self._book.company()
        silent: ShopSilent | None = None
        for claim in claims:
            tried = self._try(claim, company, silent)
            if isinstance(tried, ShopSilent):
                silent = tried
                verdicts[claim.key] = Later(until=self._clock() + SHOP_SILENT_WAIT, why=str(tried))
            elif isinstance(tried, Held):
                verdicts[claim.key] = self._against_what_stands(claim, tried)
            else:
                reads.append(tried)
        postable = []
        for read in self._with_newer_company(reads):
            verdict = self._against_what_stands(read.claim, read.decision)
            if not isinstance(verdict, Post):
                verdicts[read.claim.key] = verdict
            elif verdict.wants:
                verdicts[read.claim.key] = self._needed.wait_for_items(verdict.wants, modified=read.order.modified)
            else:
                postable.append(read)
        return verdicts | self._with_customers(postable, company.home_currency)

    def _try(self, claim: Claim, company: Company, silent: ShopSilent | None = None) -> _Read | Held | ShopSilent:
        """Held: it cannot even be read. A shop that was `silent` a moment ago is not asked."""
        try:
            order = read_order(read_json(claim.record))
            facts = self._before_reading(claim)
            decision = self._decision(order, company, "", facts)
            for _ in Fact:
                if isinstance(decision, Needs):
                    if silent:
                        return silent
                    facts = self._facts.with_fact(facts, decision, order, claim.version)
                    decision = self._decision(order, company, "", facts)
            if isinstance(decision, Post) and decision.wants:
                company = replace(company, made_items=self._needed.items(decision.wants))
                decision = self._decision(order, company, "", facts)
        except BadRecord as error:
            return Held(problems=error.problems)
        except ShopSilent as error:
            return error
        return _Read(claim=claim, order=order, facts=facts, company=company, decision=_told(decision))

    def _before_reading(self, claim: Claim) -> Facts:
        """Nothing but what stands of the order in QuickBooks."""
        links = self._stands(claim).items()
        return Facts(stands={name: Standing(entity=link.entity, amount=link.amount) for name, link in links})

    def _stands(self, claim: Claim) -> Mapping[str, Link]:
        return self._ledger.links(claim.key.pair, claim.key.kind, [claim.key.id]).get(claim.key.id, {})

    def _with_newer_company(self, reads: list[_Read]) -> list[_Read]:
        """What is held may only want something that the company has got since it was read."""
        if not any(isinstance(read.decision, Held) for read in reads) or not (newer := self._book.renewed()):
            return reads
        return [self._again(read, newer) if isinstance(read.decision, Held) else read for read in reads]

    def _again(self, read: _Read, company: Company) -> _Read:
        tried = self._try(read.claim, company)
        return tried if isinstance(tried, _Read) else read

    def _with_customers(self, postable: Sequence[_Read], home_currency: str) -> dict[SourceKey, Verdict]:
        buyers = self._buyers.of({read.claim.key: read.order for read in postable}, home_currency)
        with self._ledger.transaction():
            return {read.claim.key: self._with_customer(read, buyers[read.claim.key]) for read in postable}

    def _with_customer(self, read: _Read, buyer: Buyer) -> Verdict:
        if isinstance(buyer, Person):
            return self._needed.wait_for_customer(buyer, modified=read.order.modified)
        return buyer if isinstance(buyer, Held) else self._final(read, buyer)

    def _decision(self, order: Order, company: Company, customer_id: str, facts: Facts) -> Decision:
        return decide_sale(
            order,
            connection=self._connection,
            company=company,
            zone=self._zone(),
            customer_id=customer_id,
            facts=facts,
        )

    def _final(self, read: _Read, customer_id: str) -> Verdict:
        decision = self._decision(read.order, read.company, customer_id, read.facts)
        return self._against_what_stands(read.claim, _told(decision))

    def _against_what_stands(self, claim: Claim, decision: Post | Held | Excluded) -> Verdict:
        """Never touch a document that stands: an order that changed so that it would be another one is held."""
        stands = self._stands(claim)
        if VOID in stands:
            return Held(problems=(_voided(stands),))
        if DOCUMENT not in stands:
            return decision
        if isinstance(decision, Excluded):
            return Held(problems=(_left(stands[DOCUMENT], decision.rule),))
        if isinstance(decision, Held):
            return decision
        changed = [d for d in decision.documents if d.name in stands and stands[d.name].hash != d.hash]
        if changed:
            return Held(problems=(_changed(stands[DOCUMENT]),))
        return decision if any(d.name not in stands for d in decision.documents) else Unchanged()

    def find(self, parts: Sequence[tuple[SourceKey, Part]]) -> dict[str, Made]:
        found: dict[str, Made] = {}
        for (entity, where), wanted in _questions(part for _, part in parts).items():
            by_marker = {part.marker: part for part in wanted}
            for row in self._quickbooks.query(select(entity, where(wanted))):
                part, made = by_marker.get(marker_of(str(row.get("PrivateNote") or ""))), read_made(row)
                if part and not (part.name == VOID and made.amount):
                    found[part.marker] = made
        return found

    def looks_first(self, claim: Claim, part: Part) -> bool:
        """A document without a number, and a payment that leaves room on its invoice for another one like it."""
        if part.number or part.name == VOID:
            return False
        if part.entity != PAYMENT:
            return True
        settled = sum((each.amount for each in claim.parts if each.name not in (DOCUMENT, VOID)), ZERO)
        return any(each.name == DOCUMENT and settled < each.amount for each in claim.parts)

    def after_refusal(self, claim: Claim, part: Part, fault: Fault) -> AfterRefusal:
        """A number that is taken is ours (found again after all) or a stranger's, who is never touched.

        Payments have no number: one that is refused may be there already, on an invoice that was found again.
        """
        if part.entity == PAYMENT and (paid := self.find([(claim.key, part)])):
            return paid[part.marker]
        if part.name.startswith("payment") and (relinked := self._relinked(claim, part)):
            return relinked
        if (other := duplicate_of(fault)) is not None:
            return self._number_taken(claim, part, fault, other)
        if lists_are_stale(fault):
            successor = self._successor(claim, part)
            if successor is not None:
                return successor if isinstance(successor, Held) else self._given_to(successor, claim, part)
            self._book.forget()
            if claim.attempts == 0:
                return TryLater("What the document refers to has changed in QuickBooks.")
        error = verdict(fault)
        return Held(problems=error.problems) if isinstance(error, Hold) else TryLater(str(error))

    def _relinked(self, claim: Claim, payment: Part) -> AfterRefusal | None:
        if not self._book.company().applies_payments:
            return None
        body = as_far_as_open(self._quickbooks, self._stands(claim)[DOCUMENT].target_id, payment.body)
        if body is None or isinstance(body, Held):
            return body
        now = self._ledger.refresh(claim) or claim
        open_parts = [part for part in now.parts if part.stage is not Stage.ANSWERED]
        documents = [_document(part, **({"body": body} if part.name == payment.name else {})) for part in open_parts]
        return Post(documents=tuple(documents), rounding=ZERO)

    def _number_taken(self, claim: Claim, part: Part, fault: Fault, other: str) -> AfterRefusal:
        row = self._quickbooks.read(part.entity, other)
        if row is not None and marker_of(str(row.get("PrivateNote") or "")) == part.marker:
            return read_made(row)
        if not part.number or part.number.endswith(TAKEN_SUFFIX):
            error = verdict(fault)
            return Held(problems=error.problems) if isinstance(error, Hold) else TryLater(str(error))
        return _renumbered(claim, part)

    def _successor(self, claim: Claim, refused: Part) -> str | Held | None:
        """The customer that the order has by now, if it is another one than that of the refused part."""
        if "CustomerRef" not in refused.body:
            return None
        order, home_currency = read_order(read_json(claim.record)), self._book.company().home_currency
        return self._buyers.successor(str(refused.body["CustomerRef"]["value"]), claim.key, order, home_currency)

    def _given_to(self, customer: str, claim: Claim, refused: Part) -> AfterRefusal:
        """The parts that are still to be made, for another customer."""
        reference = {"CustomerRef": {"value": customer}}
        now = self._ledger.refresh(claim) or claim
        if any(part.name != refused.name for part in now.sending):  # the answer to it is still to be read
            return Held(problems=(_MERGED_MEANWHILE,))
        open_parts = [part for part in claim.parts if part.stage is not Stage.ANSWERED]
        documents = [_document(part, body=part.body | reference) for part in open_parts]
        return Post(documents=tuple(documents), rounding=ZERO)


def _told(decision: Decision) -> Post | Held | Excluded:
    assert not isinstance(decision, Needs), f"{decision.fact} were read"  # noqa: S101 - says what cannot be
    return decision


def _document(part: Part, **changes: Any) -> Document:
    """The part as it was decided, with these changes."""
    fields = ("name", "order", "entity", "body", "number", "marker", "amount")
    return Document(**{name: getattr(part, name) for name in fields} | changes)


def _renumbered(claim: Claim, part: Part) -> Post:
    """The same documents, the refused one under its number with a suffix: the same order always gets the same."""
    number = part.number + TAKEN_SUFFIX
    documents = [
        _document(each, body=each.body | {"DocNumber": number}, number=number)
        if each.name == part.name
        else _document(each)
        for each in claim.parts
    ]
    notice = Problem(code="number_taken", text=f"{part.number} is another document's number, so {number} is used.")
    return Post(documents=tuple(documents), rounding=ZERO, notices=(notice,))


_Where = Callable[[Sequence[Part]], str]


def _questions(parts: Iterable[Part]) -> Mapping[tuple[str, _Where], list[Part]]:
    """The parts by what they are asked for with: one query each."""
    questions: defaultdict[tuple[str, _Where], list[Part]] = defaultdict(list)
    for part in parts:
        where = _of_ids if part.name == VOID else _numbered if part.number else _of_buyers
        questions[part.entity, where].append(part)
    return questions


def _of_ids(parts: Sequence[Part]) -> str:
    """What is voided is known by its id."""
    return f"Id in ({', '.join(quote(str(part.body['Id'])) for part in parts)})"


def _numbered(parts: Sequence[Part]) -> str:
    return f"DocNumber in ({', '.join(quote(part.number) for part in parts)})"


def _of_buyers(parts: Sequence[Part]) -> str:
    """Payments have no number to ask for, and QuickBooks' own is not known: those of the same customers and days."""
    customers = sorted({str(part.body["CustomerRef"]["value"]) for part in parts})
    days = sorted({str(part.body["TxnDate"]) for part in parts})
    return f"CustomerRef in ({', '.join(map(quote, customers))}) and TxnDate in ({', '.join(map(quote, days))})"


def _voided(stands: Mapping[str, Link]) -> Problem:
    undone = (stands[VOID].entity, stands[VOID].target_id)
    made = next(link for name, link in stands.items() if name != VOID and (link.entity, link.target_id) == undone)
    return Problem(
        code="voided",
        text=f"{made.entity} {made.number} was made with another total or exchange rate than was sent, and voided.",
        fix="Enter the sale by hand, then use `cartledger held ignore`.",
    )


_MERGED_MEANWHILE = Problem(
    code="customer_merged",
    text="The order's customer was merged into another one while its payments were made.",
    fix="Retry the order: what is missing is made for the other one.",
)


def _changed(stands: Link) -> Problem:
    return Problem(
        code="changed_after_posting",
        text=f"The order changed after {stands.entity} {stands.number} was posted; this version changes no document.",
        fix="Change the document in QuickBooks, then use `cartledger held ignore`.",
    )


def _left(stands: Link, rule: str) -> Problem:
    return Problem(
        code="left_after_posting",
        text=f"{stands.entity} {stands.number} stands in QuickBooks, and now: {rule}",
        fix="Void or refund the document in QuickBooks if need be, then use `cartledger held ignore`.",
    )
