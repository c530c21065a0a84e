"""People of the shop and customers of the company: one each, whatever they are called and however they buy."""

from __future__ import annotations

import pytest

from cartledger.ledger.types import Read
from cartledger.money import write_json
from cartledger.records import SourceKey, read_order
from mapping.customer import person, write_person


@pytest.fixture(scope="module")
def buyers(plain_order):
    """Orders of 20.00, one for each buyer: (customer id, first name, last name, e-mail[, more])."""

    def orders(*people, first=1001):
        return [
            plain_order(
                number,
                customer_id=customer_id,
                buyer={"first_name": given, "last_name": family, "email": email, **dict(*more)},
            )
            for number, (customer_id, given, family, email, *more) in enumerate(people, first)
        ]

    return orders


GUESTS = (
    (0, "Ada", "Byrne", "ada@example.com"),
    (0, "A.", "Byrne", " ADA@Example.com"),
    (7, "Tim", "Okafor", "tim@example.com"),
    (7, "Timothy", "Okafor", "timothy@example.com"),
    (0, "Ines", "Quill", ""),
    (0, "INES", "Quill", ""),
    (0, "Ines", "Quill", "", {"zip": "99999"}),
    (0, "Uma", "Rossi", "uma@example.com"),
    (8, "Uma", "Rossi-Tanaka", "Uma@example.com"),
)
TAKEN = (
    (11, "Robin", "Castellan", "robin@example.com", "Robin Castellan (11)"),  # a vendor's name
    (12, "Marlow", "Ashdown", "marlow@example.com", "Marlow Ashdown (12)"),  # an employee's
    (13, "Pia", "Hollis", "pia@example.com", "Pia Hollis (13)"),  # an inactive customer's
    (14, "Dana", "Whitfield", "another.dana@example.com", "Dana Whitfield (14)"),  # another customer's
)
LETTERS = (
    (31, "Łukasz", "Żółć", "l@example.com", "Łukasz Żółć"),
    (32, "美咲", "田中", "m@example.com", "美咲 田中"),
    (33, "Mia 🌻", "Sunfield", "mia@example.com", "Mia Sunfield"),
    (34, "Smith: Sons", "& Co.", "smith@example.com", "Smith Sons & Co."),
    (35, "O'Brien", 'van "der" Berg \\', "ob@example.com", 'O\'Brien van "der" Berg \\'),
    (36, "🌻", "", "flower@example.com", "flower@example.com"),
)
KNOWN = (
    (21, "D.", "Whitfield-Moss", "DANA@example.com", "Dana Whitfield"),
    (22, "Harbor Lane", "Stationers", "orders@harbor.example.com", "Harbor Lane Stationers"),
    (23, "Łucja", "Kowalska", "lucja@example.com", "Łucja Kowalska"),
)
NAMESAKES = tuple((100 + number, "Ben", "Farrow", f"ben{number}@example.com") for number in range(60))


@pytest.fixture(scope="module")
def town(open_lasting_books, buyers):
    """One sync of everybody: guests from 1001, taken names from 1101, letters from 1201, known ones from 1301,
    sixty namesakes from 1401."""
    books = open_lasting_books()
    gone = books.sim.company.create("Customer", {"DisplayName": "Pia Hollis"})
    books.sim.company.update(
        "Customer", {"Id": gone["Id"], "SyncToken": gone["SyncToken"], "sparse": True, "Active": False}
    )
    books.sim.company.create("Customer", {"DisplayName": "Łucja Kowalska"})
    for first, people in ((1001, GUESTS), (1401, NAMESAKES)):
        books.add(*buyers(*people, first=first))
    for first, people in ((1101, TAKEN), (1201, LETTERS), (1301, KNOWN)):
        books.add(*buyers(*(person[:4] for person in people), first=first))
    synced = books.sync()
    assert (synced.posted, books.held()) == (len(books.sim.shop.orders), {})
    books.prove()
    return books


def made(books):
    """Names of the customers that the company did not have before."""
    return {name for name, customer in books.customers().items() if "cartledger:" in customer.get("Notes", "")}


def customer_of(books, order_id):
    return books.documents()[f"BC-{order_id}"]["CustomerRef"]["name"]


def customers_of(books, first, count):
    return [customer_of(books, number) for number in range(first, first + count)]


def test_guests_are_told_by_e_mail_and_the_registered_by_their_id(town):
    found = customers_of(town, 1001, 7)
    assert found[0] == found[1]
    assert found[2] == found[3]
    assert found[4] == found[5]
    assert len(set(found)) == 4


def test_a_person_who_is_guest_and_registered_is_one_customer(town):
    assert customer_of(town, 1008) == customer_of(town, 1009)


def test_names_that_others_have_get_a_suffix(town):
    assert customers_of(town, 1101, len(TAKEN)) == [name for *_, name in TAKEN]


def test_names_of_any_letters(town):
    assert customers_of(town, 1201, len(LETTERS)) == [name for *_, name in LETTERS]


def test_existing_customers_are_taken_by_e_mail_then_by_name(town):
    assert customers_of(town, 1301, len(KNOWN)) == [name for *_, name in KNOWN]
    assert made(town).isdisjoint(name for *_, name in KNOWN)


def test_sixty_people_of_one_name_are_sixty_customers(town):
    assert len(set(customers_of(town, 1401, 60))) == 60
    assert "Ben Farrow" in made(town)


def test_nobody_is_made_twice(town):
    assert len(made(town)) == 5 + len(TAKEN) + len(LETTERS) + 60


@pytest.fixture
def sold(open_books):
    """`sold(*orders) -> Books` once they are posted."""

    def posted(*orders, books=None):
        books = books or open_books()
        books.add(*orders)
        synced = books.sync()
        assert (synced.posted, books.held()) == (len(books.sim.shop.orders), {})
        books.prove()
        return books

    return posted


def test_a_second_sync_makes_no_customer(sold, buyers):
    books = sold(*buyers((0, "Ada", "Byrne", "ada@example.com"), (7, "Tim", "Okafor", "tim@example.com")))
    before = books.customers()
    sold(
        *buyers((0, "Ada", "Byrne", "ada@example.com"), (7, "Tim", "Okafor", "tim@example.com"), first=2001),
        books=books,
    )
    assert books.customers().keys() == before.keys()
    assert customer_of(books, 2001) == customer_of(books, 1001)


def test_an_existing_customer_is_one_of_two_people_of_that_name_not_both(sold, buyers):
    books = sold(
        *buyers(
            (22, "Harbor Lane", "Stationers", "one@example.com"),
            (23, "Harbor Lane", "Stationers", "two@example.com"),
        )
    )
    sold(*buyers((24, "Harbor Lane", "Stationers", "three@example.com"), first=2001), books=books)
    names = [customer_of(books, number) for number in (1001, 1002, 2001)]
    assert len(set(names)) == 3
    assert len(made(books)) == 2


def test_a_customer_who_stands_is_not_made_again_under_another_name(sold, buyers):
    """The same registered person, without an e-mail address, was read once more with another billing name."""
    books = sold(*buyers((42, "Ada", "Byrne", "")))
    (renamed,) = buyers((42, "Augusta", "King", ""))
    record = write_json(write_person(person(read_order(renamed), "USD"))).encode()
    later = books.sim.shop.clock()
    books.app.ledger.remember(books.pair, "customer", [Read(id="c42", version="2", record=record, modified=later)])
    books.sync()
    assert made(books) == {"Ada Byrne"}


def test_names_beyond_latin_letters_cost_no_reads_of_their_own(sold, buyers):
    books = sold(*buyers(*((n, "Łukasz", f"Żółć {n}", f"l{n}@example.com") for n in range(1, 26))))
    assert len(made(books)) == 25
    report = books.sim.report()["quickbooks"]
    # Nine of the company; two of numbers and one by e-mail for each batch that the messages happened to come in.
    assert report["reads"] <= 9 + 3 * report["batches"] < 9 + 25


@pytest.mark.parametrize("name", ["Lucy", "Łucja"])
def test_namesakes_are_found_again_after_the_ledger_is_lost(sold, buyers, name):
    """Whoever came first has the bare name; afterwards all come at once."""
    people = [(0, name, "Quill", "", {"zip": f"1000{number}"}) for number in range(6)]
    books = sold(*buyers(people[0]))
    sold(*buyers(*people[1:], first=1002), books=books)
    before = [customer_of(books, number) for number in range(1001, 1007)]
    books.lose_the_ledger()
    sold(*buyers(*people, first=2001), books=books)
    assert [customer_of(books, number) for number in range(2001, 2007)] == before
    assert len(made(books)) == 6


def test_a_customer_that_cannot_be_made_holds_its_orders_until_it_can(open_books, buyers):
    books = open_books()
    names = ["Robin Castellan (42)", *(f"Robin Castellan (42-{number})" for number in (2, 3, 4))]
    vendors = [books.sim.company.create("Vendor", {"DisplayName": name}) for name in names]
    books.add(*buyers((42, "Robin", "Castellan", "robin@example.com"), (43, "Tim", "Okafor", "tim@example.com")))
    assert books.sync().posted == 1
    assert books.held() == {"c42": ["quickbooks_6240"], "1001": ["customer_held"]}
    assert books.reasons(1001)[0].startswith("Its customer cannot be made: ")

    books.app.ledger.ignore([SourceKey(pair=books.pair, kind="customer", id="c42")], "it is a supplier")
    assert books.app.ledger.retry(books.pair) == 1
    books.sync()
    assert books.reasons(1001) == ["Its customer cannot be made: ignored: it is a supplier"]
    assert len(vendors) == 4


def test_a_customer_held_is_made_after_a_retry_of_both(open_books, buyers):
    books = open_books()
    names = ["Robin Castellan (42)", *(f"Robin Castellan (42-{number})" for number in (2, 3, 4))]
    vendors = [books.sim.company.create("Vendor", {"DisplayName": name}) for name in names]
    books.add(*buyers((42, "Robin", "Castellan", "robin@example.com")))
    books.sync()
    assert books.held().keys() == {"c42", "1001"}
    renamed = {"Id": vendors[0]["Id"], "SyncToken": vendors[0]["SyncToken"], "sparse": True, "DisplayName": "Robin C."}
    books.sim.company.update("Vendor", renamed)
    assert books.app.ledger.retry(books.pair) == 2
    assert books.sync().posted == 1
    assert customer_of(books, 1001) == "Robin Castellan (42)"


def test_there_are_as_many_customers_as_people(open_books):
    books = open_books()
    books.sim.fill(orders=150, customers=60, clean=True)
    before = len(books.customers())
    assert books.sync().posted == 150
    orders = [order.header for order in books.sim.shop.orders.values()]
    assert len(books.customers()) - before == len({_person(order) for order in orders})


def _person(order):
    billing = order["billing_address"]
    name = f"{billing['first_name']} {billing['last_name']}"
    return order["customer_id"] or billing["email"].casefold() or (name.casefold(), billing["zip"])
