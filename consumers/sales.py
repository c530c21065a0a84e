"""Orders: what the protocol does with each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from cartledger.clients.faults import Fault
from cartledger.clients.quickbooks import QuickBooks
from cartledger.errors import BadRecord
from cartledger.ledger.store import Ledger
from cartledger.ledger.types import Claim, Link, Made, Part
from cartledger.money import read_json
from cartledger.records import Operation, Order, SourceKey, content_hash, read_order
from cartledger.settings import Connection
from consumers.beginnings import Beginning
from consumers.buyers import Buyer, Buyers
from consumers.changes import is_as_written
from consumers.company import CompanyBook
from consumers.facts import FactReader, Shop, ShopSilent
from consumers.finding import find_parts, may_stand_unseen
from consumers.outcome import Excluded, Held, Later
from consumers.posting import AfterRefusal, Verdict, WaitFor
from consumers.prerequisites import Prerequisites
from consumers.rates import RateBook
from consumers.refusals import Refusals
from consumers.restocking import StockSettings
from consumers.standing import StandingDocuments
from mapping.case import Case
from mapping.company import Company
from mapping.customer import Person
from mapping.decision import Decision, Document, Fact, Needs, Post
from mapping.facts import Facts, Standing
from mapping.life import decide_life
from mapping.payments.money import INVOICE

SHOP_SILENT_WAIT = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class _Read:
    """An order as decided, with what decided it: as if its customer were there."""

    claim: Claim
    order: Order
    facts: Facts
    company: Company
    decision: Post | Held | Excluded


_RULES = {"sales", "products", "payments", "refunds", "tax", "timezone", "start_date", "closed_books"}


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
        stock: StockSettings,
        clock: Callable[[], datetime],
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._zone = zone
        self._ledger = ledger
        self._quickbooks = quickbooks
        self._shop = shop
        self._book = book
        self._facts = FactReader(shop, rates, stock)
        self._buyers = Buyers(connection=connection, ledger=ledger, quickbooks=quickbooks, clock=clock)
        self._beginning = Beginning(connection=connection, ledger=ledger, company=quickbooks)
        self._needed = Prerequisites(pair=connection.pair, ledger=ledger, catalogue=connection.products.reads_catalogue)
        self._refusals = Refusals(ledger=ledger, quickbooks=quickbooks, book=book, buyers=self._buyers)

    def fingerprint(self) -> str:
        return rules_fingerprint(self._connection)

    def decide(self, claims: Sequence[Claim]) -> dict[SourceKey, Verdict]:
        """First as if the customer were there, so that nothing is made for an order that will be held; then with it."""
        verdicts: dict[SourceKey, Verdict] = {}
        reads: list[_Read] = []
        company = self._book.company()
        self._beginning.ask()
        silent: ShopSilent | None = None
        standing = StandingDocuments(self._quickbooks, self._ledger, [claim.key for claim in claims])
        for claim in claims:
            tried = self._try(claim, company, standing, silent)
            if isinstance(tried, ShopSilent):
                silent = tried
                verdicts[claim.key] = Later(until=self._clock() + SHOP_SILENT_WAIT, why=str(tried))
            elif isinstance(tried, Held):
                verdicts[claim.key] = tried
            else:
                reads.append(tried)
        postable = []
        for read in self._with_newer_company(reads, standing):
            match read.decision:
                case Post(wants=(_, *_) as wants):
                    verdicts[read.claim.key] = self._needed.wait_for_items(wants, modified=read.order.modified)
                case Post() as post if any(document.operation is Operation.CREATE for document in post.documents):
                    postable.append(read)
                case Post() as post:
                    verdicts[read.claim.key] = _with_present_token(post, standing.sale(read.claim.key), standing)
                case decided:
                    verdicts[read.claim.key] = decided
        verdicts |= self._with_customers(postable, company.home_currency, standing)
        for read in reads:
            if not isinstance(verdicts[read.claim.key], WaitFor | Later):
                self._facts.forget(read.order, read.claim.version)
        return verdicts

    def _try(
        self, claim: Claim, company: Company, standing: StandingDocuments, silent: ShopSilent | None = None
    ) -> _Read | Held | ShopSilent:
        """Held: it cannot even be read. A shop that was `silent` a moment ago is not asked."""
        try:
            order = read_order(read_json(claim.record))
            facts = Facts(stands={name: _standing(link) for name, link in standing.links(claim.key).items()})
            decision = self._decision(order, company, "", facts)
            for _ in Fact:
                if isinstance(decision, Needs):
                    if silent:
                        return silent
                    facts = self._with_fact(facts, decision, order, claim, standing)
                    decision = self._decision(order, company, "", facts)
            if isinstance(decision, Post) and decision.wants:
                company = replace(company, made_items=self._needed.items(decision.wants))
                decision = self._decision(order, company, "", facts)
        except BadRecord as error:
            return Held(problems=error.problems)
        except ShopSilent as error:
            return error
        return _Read(claim=claim, order=order, facts=facts, company=company, decision=_told(decision))

    def _with_fact(self, facts: Facts, needs: Needs, order: Order, claim: Claim, standing: StandingDocuments) -> Facts:
        if needs.fact is Fact.INVOICE:
            return replace(facts, invoice=standing.invoice(claim.key))
        return self._facts.with_fact(facts, needs, order, claim.version)

    def _with_newer_company(self, reads: list[_Read], standing: StandingDocuments) -> list[_Read]:
        """What is held may only want something that the company has got since it was read."""
        if not any(map(_is_held, reads)) or not (newer := self._book.renewed()):
            return reads
        return [self._again(read, newer, standing) if _is_held(read) else read for read in reads]

    def _again(self, read: _Read, company: Company, standing: StandingDocuments) -> _Read:
        tried = self._try(read.claim, company, standing)
        return tried if isinstance(tried, _Read) else read

    def _with_customers(
        self, postable: Sequence[_Read], home_currency: str, standing: StandingDocuments
    ) -> dict[SourceKey, Verdict]:
        buyers = self._buyers.of({read.claim.key: read.order for read in postable}, home_currency, standing)
        with self._ledger.transaction():
            return {read.claim.key: self._with_customer(read, buyers[read.claim.key], standing) for read in postable}

    def _with_customer(self, read: _Read, buyer: Buyer, standing: StandingDocuments) -> Verdict:
        if isinstance(buyer, Person):
            return self._needed.wait_for_customer(buyer, modified=read.order.modified)
        return buyer if isinstance(buyer, Held) else self._final(read, buyer, standing)

    def _decision(self, order: Order, company: Company, customer_id: str, facts: Facts) -> Decision:
        return decide_life(
            Case(
                order=order,
                connection=self._connection,
                company=company,
                zone=self._zone(),
                customer_id=customer_id,
                facts=facts,
            )
        )

    def _final(self, read: _Read, customer_id: str, standing: StandingDocuments) -> Verdict:
        decision = _told(self._decision(read.order, read.company, customer_id, read.facts))
        if not isinstance(decision, Post):
            return decision
        return _with_present_token(decision, standing.sale(read.claim.key), standing)

    def find(self, parts: Sequence[tuple[SourceKey, Part]]) -> dict[str, Made]:
        return find_parts(self._quickbooks, [part for _, part in parts])

    def looks_first(self, claim: Claim, part: Part) -> bool:
        return may_stand_unseen(claim, part, self._beginning.until())

    def after_refusal(self, claim: Claim, part: Part, fault: Fault) -> AfterRefusal:
        return self._refusals.after(claim, part, fault)


def _is_held(read: _Read) -> bool:
    return isinstance(read.decision, Held) or (isinstance(read.decision, Post) and bool(read.decision.problems))


def _with_present_token(post: Post, sale: Link | None, standing: StandingDocuments) -> Post:
    """Payments move the sync token of their invoice: changes of one that nobody edited bear the token of now."""
    if sale is None or sale.entity != INVOICE or not any(_changes(document, sale) for document in post.documents):
        return post
    row = standing.row(sale)
    if row is None or not is_as_written(sale, row):
        return post
    token = {"SyncToken": str(row["SyncToken"])}
    documents = (
        replace(document, body=document.body | token) if _changes(document, sale) else document
        for document in post.documents
    )
    return replace(post, documents=tuple(documents))


def _changes(document: Document, sale: Link) -> bool:
    changed = document.operation is not Operation.CREATE
    return changed and (document.entity, document.body["Id"]) == (sale.entity, sale.target_id)


def _standing(link: Link) -> Standing:
    return Standing(
        entity=link.entity,
        amount=link.amount,
        target_id=link.target_id,
        sync_token=link.sync_token,
        number=link.number,
        hash=link.hash,
        customer=link.customer,
        day=date.fromisoformat(link.day) if link.day else None,
    )


def _told(decision: Decision) -> Post | Held | Excluded:
    assert not isinstance(decision, Needs), f"{decision.fact} were read"  # noqa: S101 - says what cannot be
    return decision
