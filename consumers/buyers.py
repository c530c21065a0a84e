"""Whose a sale is in QuickBooks: by the settings, by what stands there already, and after merges."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from cartledger.clients.quickbooks import QuickBooks
from cartledger.errors import Problem
from cartledger.ledger.store import Ledger
from cartledger.ledger.types import Link
from cartledger.money import read_json, write_json
from cartledger.records import Order, SourceKey
from cartledger.settings import Connection
from consumers.customers import CUSTOMER, ENTITY
from consumers.outcome import Held
from consumers.posting import DOCUMENT, customer_of
from consumers.standing import StandingDocuments, read_rows
from mapping.customer import Person, choose_generic, generic_name, listed_names, person

GENERIC = "generic_customer"
AGES_AFTER = timedelta(hours=12)
WITNESSES = 10
"""How many documents of a customer are asked where they are now."""

Buyer = str | Person | Held
"""QuickBooks' id of a customer; who has to be made one first; or why there is none."""


class Buyers:
    """The customers of one connection's orders."""

    def __init__(
        self, *, connection: Connection, ledger: Ledger, quickbooks: QuickBooks, clock: Callable[[], datetime]
    ) -> None:
        self._pair = connection.pair
        self._sales = connection.sales
        self._ledger = ledger
        self._quickbooks = quickbooks
        self._clock = clock

    def of(
        self, orders: Mapping[SourceKey, Order], home_currency: str, standing: StandingDocuments
    ) -> dict[SourceKey, Buyer]:
        """Whose each of these orders is. An order whose document stands stays with its customer, whatever the settings
        say by now: its payment must name the same one."""
        found = {key: buyer for key in orders if (buyer := _standing(key, standing))}
        others = {key: order for key, order in orders.items() if key not in found}
        if self._sales.customer == "generic":
            currencies = {order.currency for order in others.values()}
            generic = {currency: self._generic(currency, home_currency) for currency in currencies}
            return found | {key: generic[order.currency] for key, order in others.items()}
        companies = self._sales.customer == "organisation"
        people = {key: person(order, home_currency, companies=companies) for key, order in others.items()}
        ids = self._linked(people.values())
        return found | {key: ids.get(who.key, who) for key, who in people.items()}

    def _linked(self, people: Iterable[Person]) -> dict[str, str]:
        """QuickBooks' ids of those who stand there, by key."""
        links = self._ledger.links(self._pair, CUSTOMER, {who.key for who in people})
        return {key: parts[DOCUMENT].target_id for key, parts in links.items() if DOCUMENT in parts}

    def _generic(self, currency: str, home_currency: str) -> str | Held:
        """The customer for all, looked up once; one that is not there is asked for again with each batch."""
        name = generic_name(self._sales.generic_customer or "", currency, home_currency)
        known = self._generic_ones()
        if name not in known:
            rows = self._quickbooks.find(ENTITY, "DisplayName", listed_names(name), "Active IN (true, false)")
            chosen = choose_generic(name, currency, rows)
            if isinstance(chosen, Problem):
                return Held(problems=(chosen,))
            known[name] = chosen
            self._ledger.save_reference(self._pair, GENERIC, write_json(known).encode())
        return known[name]

    def _generic_ones(self) -> dict[str, str]:
        """Ids by display name, as looked up within the last hours."""
        kept = self._ledger.reference(self._pair, GENERIC)
        if kept is None or self._clock() - kept.fetched_at >= AGES_AFTER:
            return {}
        return {str(name): str(id_) for name, id_ in read_json(kept.content).items()}

    def successor(self, refused: str, key: SourceKey, order: Order, home_currency: str) -> str | Held | None:
        """After a document for the customer `refused` was: whose the order is instead, or why it is nobody's.

        None: it was not the customer that was refused, or nothing tells who came after it; then it is looked for anew,
        the generic one by its name, a buyer's by e-mail and name.
        """
        if refused in self._generic_ones().values():
            self._ledger.drop_reference(self._pair, GENERIC)
            return None
        standing = StandingDocuments(self._quickbooks, self._ledger, [key])
        now = self.of({key: order}, home_currency, standing)[key]
        if now != refused:  # followed for another order, or moved by hand
            return None if isinstance(now, Person) else now
        return self._follow(refused) if self._has_gone(refused) else None

    def _has_gone(self, customer: str) -> bool:
        row = self._quickbooks.read(ENTITY, customer)
        return row is None or row.get("Active", True) is False

    def _follow(self, customer: str) -> str | Held | None:
        """Whoever it was merged into. Held: it was made inactive, which a person must undo."""
        now = self._witnesses(customer)
        if customer in now:
            return Held(problems=(_inactive(customer),))
        if len(now) != 1:
            self._forget(customer)
            return None
        (survivor,) = now
        self._ledger.merged(self._pair, customer, into=survivor)
        return survivor

    def _witnesses(self, customer: str) -> set[str]:
        """The customers that our documents of this one bear now: a merge takes all of them along."""
        links = self._ledger.links_of_customer(self._pair, customer, WITNESSES)
        rows = (row for row in read_rows(self._quickbooks, links).values())
        return {now for row in rows if (now := customer_of(row))}

    def _forget(self, customer: str) -> None:
        while link := self._ledger.link_by_target(self._pair, ENTITY, customer):
            self._ledger.forget_link(link.key, link.part)


def _standing(key: SourceKey, standing: StandingDocuments) -> Buyer | None:
    """The customer that the order's document bears now."""
    sale = standing.sale(key)
    if sale is None:
        return None
    row = standing.row(sale)
    return customer_of(row) if row else Held(problems=(_gone(sale),))


def _gone(link: Link) -> Problem:
    return Problem(
        code="document_gone",
        text=f"{link.entity} {link.number} was posted and does not stand in QuickBooks any more.",
        fix="Enter what is missing by hand, then use `cartledger held ignore`.",
    )


def _inactive(customer: str) -> Problem:
    return Problem(
        code="customer_inactive",
        text=f"The order's customer was made inactive in QuickBooks (its id is {customer}).",
        fix="Make it active again, or merge it into the customer that takes its place, then retry the order.",
    )
