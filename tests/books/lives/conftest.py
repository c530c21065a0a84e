from __future__ import annotations

import random

import pytest

from tests.books.lives.events import DEEDS
from tests.books.lives.model import Rules
from tests.books.lives.walk import Walk
from tests.books.lives.world import IN_FLIGHT, Clock, Mortal, World

SOLD = (11, 9, 8, 3, 2, 10)
WAITING = (1, 7)  # Pending, Awaiting Payment: with these an invoice may be paid in part
SETTINGS = {
    "quickbooks.in_flight_limit": IN_FLIGHT,
    "workflows": ["sales", "payments", "refunds"],
    "refunds.number_prefix": "R",
    "refunds.no_restock_product": "Returned goods",
    "refunds.adjustment_product": "Refund adjustments",
}


@pytest.fixture
def make_walk(open_books):
    """`make_walk(seed, company="uk", price_mode="inclusive", post_as="invoice")`: nothing has happened yet. The seed
    draws what else is set, and who is about; `said` overrides it."""

    def make(seed, *, company, price_mode, post_as, **said):
        source = random.Random(f"kind {seed} {company} {price_mode} {post_as}")
        invoices = post_as == "invoice"
        statuses = (*SOLD, *WAITING) if invoices and source.random() < 0.6 else SOLD
        settings = {**SETTINGS, "sales.post_as": post_as, "sales.statuses": statuses, **drawn(source)}
        clock = Clock()
        options = {"clock": clock, "open_ledger": Mortal.open}
        books = open_books(company=company, home_currency=None, seed=seed, options=options, **settings)
        world = World(books=books, clock=clock)
        world.shop.price_mode = price_mode
        # A number that is there already is refused only if the company is set so.
        world.company.requestid_memory = world.company.warn_duplicates = source.random() < 0.4
        world.company.guards_reconciled = True
        rules = Rules(invoices=invoices, statuses=frozenset(statuses), home_currency=world.company.home_currency)
        deeds = tuple(DEEDS) if source.random() < 0.7 else ()
        about = {"deeds": deeds, "closes": source.random() < 0.6, "dies": source.random() < 0.6, **said}
        return Walk(world=world, rules=rules, seed=seed, **about)

    return make


def drawn(source):
    return {
        "closed_books": source.choice(("hold", "first_open_day")),
        "refunds.cancel_unpaid": source.choice(("auto", "auto", "void", "credit_memo")),
        "refunds.restock": source.choice(("never", "always", "shop")),
        "sales.tenders_on_invoice": source.choice(("line", "line", "credit_memo")),
    }
