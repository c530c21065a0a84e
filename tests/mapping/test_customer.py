"""Who bought, what they are called, and which QuickBooks customer they are."""

from __future__ import annotations

import pytest

from cartledger.money import read_json, write_json
from cartledger.records import read_order
from mapping.customer import Adopt, Create, choose_customer, customer_document, names, person, read_person, write_person

MARK = "cartledger:abc123:customer:c42"


@pytest.fixture
def buyer(example):
    """The buyer of an order, with another billing address or customer id."""

    def make(customer_id=42, *, home="USD", companies=False, **address):
        order = example("1")
        changed = order | {"customer_id": customer_id, "billing_address": order["billing_address"] | address}
        return person(read_order(changed), home, companies=companies)

    return make


def found(customer_id, name, email="", **more):
    address = {"PrimaryEmailAddr": {"Address": email}} if email else {}
    return {"Id": customer_id, "SyncToken": "3", "DisplayName": name, "Active": True, **address, **more}


def test_a_registered_customer(buyer):
    who = buyer()
    assert (who.key, who.name, who.given, who.family, who.company, who.email, who.currency) == (
        "c42",
        "Ada Byrne",
        "Ada",
        "Byrne",
        "Byrne Looms",
        "ada@example.com",
        "USD",
    )


def test_guests_are_one_person_by_e_mail_in_any_case(buyer):
    assert buyer(0).key == buyer(0, email=" ADA@Example.COM ", first_name="A.").key
    assert buyer(0).key != buyer(0, email="other@example.com").key
    assert buyer(0).key.startswith("g")


def test_guests_without_e_mail_are_one_person_by_name_and_postcode(buyer):
    key = buyer(0, email="").key
    assert key.startswith("n")
    assert key == buyer(0, email="", first_name="ADA", street_1="elsewhere").key
    assert key != buyer(0, email="", zip="99999").key


def test_a_key_holds_no_personal_data(buyer):
    for who in (buyer(0), buyer(0, email="")):
        assert not any(word in who.key for word in ("ada", "byrne", "example", "78701"))


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ({"first_name": "Smith: Sons", "last_name": "& Co."}, "Smith Sons & Co."),
        ({"first_name": " \t", "last_name": ""}, "Byrne Looms"),
        ({"first_name": "🌻", "last_name": "", "company": ""}, "ada@example.com"),
        ({"first_name": "", "last_name": "", "company": "::", "email": ""}, "Guest 42"),
    ],
)
def test_display_names(buyer, address, name):
    assert buyer(**address).name == name


def test_names_to_try_are_stable_and_within_the_limit(buyer):
    assert names(buyer()) == ("Ada Byrne", "Ada Byrne (42)", "Ada Byrne (42-2)", "Ada Byrne (42-3)", "Ada Byrne (42-4)")
    guest = buyer(0)
    assert names(guest)[1] == f"Ada Byrne ({guest.key[1:7]})"
    assert all(len(name) <= 500 for name in names(buyer(first_name="x" * 700)))


def test_the_person_comes_back_from_the_ledger_as_it_went(buyer):
    who = buyer()
    assert read_person(read_json(write_json(write_person(who)))) == who


def test_the_e_mail_address_tells_first_and_the_oldest_of_several(buyer):
    by_email = [
        found("31", "A. Byrne", "Ada@Example.com"),
        found("7", "Looms", "x@example.com, ada@example.com"),
        found("5", "Gone (deleted)", "ada@example.com", Active=False),
        found("4", "Other", "other@example.com"),
    ]
    assert choose_customer(buyer(), by_email, [found("2", "Ada Byrne")]) == Adopt(id="7", sync_token="3")


def test_our_own_marker_tells_before_anything_else(buyer):
    ours = found("40", "Ada Byrne (42)", "changed@example.com", Notes=f"BigCommerce customer 42.\n{MARK}")
    assert choose_customer(buyer(), [found("7", "X", "ada@example.com")], [ours], marker=MARK) == Adopt(
        id="40", sync_token="3"
    )


@pytest.mark.parametrize(
    "twin",
    [
        found("8", "ada byrne"),
        found("8", "Ada Byrne", "ADA@example.com"),
        found("8", "Ada Byrne", CurrencyRef={"value": "USD"}),
    ],
)
def test_the_same_name_is_the_same_customer_without_another_e_mail(buyer, twin):
    assert choose_customer(buyer(), [], [twin]) == Adopt(id="8", sync_token="3")


@pytest.mark.parametrize(
    "other",
    [
        found("8", "Ada Byrne", "other@example.com"),
        found("8", "Ada Byrne (deleted)", Active=False),
        found("8", "Ada Byrne", CurrencyRef={"value": "EUR"}),
        found("8", "Ada Byrne", Job=True),
        found("8", "Ada Byrne", Notes="BigCommerce guest.\ncartledger:abc123:customer:g0011"),
        found("", "Ada Byrne"),
    ],
)
def test_a_name_of_somebody_else_gets_a_suffix(buyer, other):
    assert choose_customer(buyer(), [], [other]) == Create(name="Ada Byrne (42)")


def test_a_new_customer_takes_the_first_free_name(buyer):
    assert choose_customer(buyer(), [], []) == Create(name="Ada Byrne")
    taken = ["ADA BYRNE", "Ada Byrne (42)"]
    assert choose_customer(buyer(), [], [], taken=taken) == Create(name="Ada Byrne (42-2)")


def test_rows_of_other_people_in_the_same_batch_do_not_matter(buyer):
    others = [found("1", "Bo Quill", "bo@example.com"), found("2", "Cy Reed")]
    assert choose_customer(buyer(), others, others) == Create(name="Ada Byrne")


def test_guests_without_e_mail_match_nobody_by_e_mail(buyer):
    assert choose_customer(buyer(0, email=""), [found("1", "Bo Quill")], []) == Create(name="Ada Byrne")


def test_the_document_of_a_customer(buyer):
    document = customer_document(buyer(phone="+1 512 555 0134"), "Ada Byrne (42)", MARK)
    assert (document.entity, document.name, document.number, document.amount) == ("Customer", "document", "", 0)
    assert document.body == {
        "DisplayName": "Ada Byrne (42)",
        "GivenName": "Ada",
        "FamilyName": "Byrne",
        "CompanyName": "Byrne Looms",
        "PrimaryEmailAddr": {"Address": "ada@example.com"},
        "PrimaryPhone": {"FreeFormNumber": "+1 512 555 0134"},
        "BillAddr": {
            "Line1": "1 Mill Lane",
            "City": "Austin",
            "CountrySubDivisionCode": "Texas",
            "PostalCode": "78701",
            "Country": "United States",
        },
        "CurrencyRef": {"value": "USD"},
        "Notes": f"BigCommerce customer 42.\n{MARK}",
    }


def test_limits_of_a_customer(buyer):
    who = buyer(0, first_name="x" * 300, company="y " * 300, phone="1" * 50, email="a" * 100 + "@example.com")
    body = customer_document(who, names(who)[0], "cartledger:abc123:customer:" + who.key).body
    assert len(body["GivenName"]) <= 100
    assert len(body["CompanyName"]) <= 100
    assert len(body["PrimaryPhone"]["FreeFormNumber"]) == 30
    assert "PrimaryEmailAddr" not in body
    assert body["Notes"].startswith("BigCommerce guest.\n")
