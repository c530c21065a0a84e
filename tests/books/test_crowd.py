"""Many orders of many people whose names are alike: as many customers as people, each with their own orders."""

from __future__ import annotations

import os
import random
import threading
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from itertools import product

import pytest

from consumers.worker import BATCH
from daemon.by_hand.syncing import run_sync
from daemon.demos.settings import NAME

LONG = os.environ.get("CARTLEDGER_TEST_PROFILE") == "long"
FULL_SIZE = (10_000, 3_000)
GIVEN = ("José", "Jose", "Zoë", "Ana", "Łucja", "Robin", "Marlow", "Ben", "Mia 🌻", "Smith: Ann")
FAMILY = ("Müller", "Muller", "Castellan", "Ashdown", "O'Brien", "Żółć", "Farrow")
"""The company has a vendor Robin Castellan and an employee Marlow Ashdown."""


@dataclass(frozen=True, kw_only=True)
class Buyer:
    """Somebody with a name that others have too: registered, a guest with an e-mail address, or one without."""

    number: int
    name: tuple[str, str]

    def order(self, source: random.Random, *, accents: bool) -> dict[str, object]:
        """The fields of an order; the name is spelled anew each time, the address of a guest too."""
        spelling = source.choice(SPELLINGS[: None if accents else -1])
        given, family = (spelling(part) for part in self.name)
        kind = self.number % 3
        email = source.choice((str.upper, str.title, " {} ".format))(f"{self.number}@example.com") if kind else ""
        buyer = {"first_name": given, "last_name": family, "email": email, "zip": f"{10000 + self.number}"}
        return {"customer_id": self.number if kind == 2 else 0, "buyer": buyer}


def _plain(text: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFD", text) if not unicodedata.combining(letter))


SPELLINGS = (
    str,
    str.upper,
    str.lower,
    "  {} ".format,
    lambda text: text.replace(" ", " \t "),
    lambda text: unicodedata.normalize("NFD", text),
    _plain,
)
"""All of them one name; the last one only while nothing has to be found again by it."""


@pytest.fixture
def crowd(open_books, plain_order):
    """`crowd(orders, people) -> (Books, orders in two halves, whose)`: the number of each order's buyer."""

    def gather(orders, people, *, accents=True, seed=1, **settings):
        source = random.Random(seed)
        names = list(product(GIVEN, FAMILY))
        buyers = [Buyer(number=number, name=source.choice(names)) for number in range(1, people + 1)]
        every = [*buyers, *source.choices(buyers, k=orders - people)]
        source.shuffle(every)
        whose = dict(enumerate(every, 1001))
        raw = [plain_order(number, **buyer.order(source, accents=accents)) for number, buyer in whose.items()]
        books = open_books(**settings)
        half = len(raw) // 2
        return books, (raw[:half], raw[half:]), {number: buyer.number for number, buyer in whose.items()}

    return gather


def new_customers(books):
    return [customer for customer in books.customers().values() if "cartledger:" in customer.get("Notes", "")]


def assert_one_each(books, whose):
    """As many customers as people, and every order with its own buyer's."""
    assert books.held() == {}
    books.prove()
    found = defaultdict(set)
    for number, document in books.documents().items():
        found[whose[int(number.removeprefix("BC-"))]].add(document["CustomerRef"]["value"])
    assert {buyer: len(customers) for buyer, customers in found.items() if len(customers) > 1} == {}
    people = set(whose.values())
    assert (len(found), len({min(customers) for customers in found.values()})) == (len(people), len(people))
    assert len(new_customers(books)) == len(people)


def sizes(*small):
    return [small, pytest.param(*FULL_SIZE, marks=pytest.mark.long, id="full size")]


@pytest.mark.parametrize(("orders", "people"), sizes(600, 180))
@pytest.mark.parametrize("accents_count", [True, False], ids=["accents tell", "accents do not"])
def test_as_many_customers_as_people(crowd, orders, people, accents_count):
    books, halves, whose = crowd(orders, people)
    books.sim.company.accents_count = accents_count
    for half in halves:
        books.add(*half)
        assert books.sync().waiting == 0
    assert_one_each(books, whose)


@pytest.mark.parametrize(("orders", "people"), sizes(300, 90))
def test_with_answers_lost(crowd, orders, people):
    books, halves, whose = crowd(orders, people)
    books.sim.company.requestid_memory = books.sim.company.warn_duplicates = False
    books.sim.faults.add(side="quickbooks", call="batch", kind="drop_after", every=4)
    for half in halves:
        books.add(*half)
        books.sync()
    assert_one_each(books, whose)


@pytest.mark.parametrize(("orders", "people"), sizes(300, 90))
def test_with_the_ledger_lost_in_between(crowd, orders, people):
    books, (first, second), whose = crowd(orders, people, accents=False)
    books.add(*first)
    books.sync()
    books.lose_the_ledger()
    books.add(*second)
    books.sync()
    assert_one_each(books, whose)


@pytest.mark.parametrize(("orders", "people"), sizes(300, 90))
def test_with_two_consumers(crowd, orders, people):
    books, halves, whose = crowd(orders, people)
    books.add(*halves[0], *halves[1])
    other = books.open_app()
    syncing = threading.Thread(target=run_sync, args=(other, NAME, lambda _: None))
    syncing.start()
    books.sync()
    syncing.join()
    other.close()
    assert_one_each(books, whose)


def test_customers_are_looked_for_in_batches(crowd):
    """Of 120 people a third each has an e-mail address, a name beyond Latin letters, neither. How many come together is
    a matter of how fast messages arrive; each batch of them costs up to three reads, however many are in it."""
    books, halves, whose = crowd(240, 120)
    books.add(*halves[0], *halves[1])
    books.sync()
    assert_one_each(books, whose)
    report = books.sim.report()["quickbooks"]
    batches_of_people = report["batches"] - 240 // BATCH
    assert report["reads"] <= 9 + 3 * batches_of_people < 9 + 120
