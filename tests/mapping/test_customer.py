"""Who bought, what they are called, and which QuickBooks customer they are."""

from __future__ import annotations

import pytest

from cartledger.money import read_json, write_json
from cartledger.records import read_order
from mapping.choice import Create, Match
from mapping.customer import (
    choose_customer,
    choose_generic,
    customer_document,
    known_names,
    names,
    person,
    read_person,
    write_person,
)

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
    assert key == buyer(0, email="", first_name=" Àda ", last_name="Byrne\u0301").key
    assert key != buyer(0, email="", zip="99999").key


def test_what_is_no_e_mail_address_tells_nobody(buyer):
    """Tills write anything there."""
    assert buyer(0, email="none").key == buyer(0, email="n/a").key == buyer(0, email="").key


def test_guests_without_a_name_go_by_their_company(buyer):
    nameless = {"first_name": "", "last_name": "", "email": ""}
    assert buyer(0, **nameless).key != buyer(0, **nameless, company="Quill & Sons").key


def test_a_company_is_told_by_its_name_alone(buyer):
    who = buyer(companies=True)
    assert (who.key[0], who.is_company, who.customer_id, who.email) == ("o", True, 0, "")
    assert (who.name, who.given, who.family, who.company) == ("Byrne Looms", "Ada", "Byrne", "Byrne Looms")
    others = ("BYRNE  LOOMS", "Byrne\tLooms ", "Býrne Looms")
    assert {buyer(7, companies=True, email="x@example.com", company=name).key for name in others} == {who.key}
    assert buyer(companies=True, company="Byrne Looms Ltd").key != who.key


@pytest.mark.parametrize("company", ["", " \t", "🌻\ufe0f", "::", "\u200b", "\u200d"])
def test_without_a_company_it_is_the_person(buyer, company):
    assert buyer(companies=True, company=company) == buyer(company=company)
    assert buyer(company=company).key == "c42"


def test_a_buyer_is_another_one_in_each_currency(buyer):
    at_home, abroad = buyer(), buyer(home="EUR")
    assert (at_home.key, abroad.key, abroad.currency) == ("c42", "c42-USD", "USD")
    assert names(abroad)[:3] == ("Ada Byrne (USD)", "Ada Byrne (USD) (42)", "Ada Byrne (USD) (42-2)")
    assert known_names(abroad) == ("Ada Byrne", *names(abroad))
    assert known_names(at_home) == names(at_home)
    assert buyer(0, home="EUR").key == f"{buyer(0).key}-USD"
    assert buyer(home="EUR", companies=True).key == f"{buyer(companies=True).key}-USD"


def test_a_key_holds_no_personal_data(buyer):
    for who in (buyer(0), buyer(0, email="")):
        assert not any(word in who.key for word in ("ada", "byrne", "example", "78701"))


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ({"first_name": "Smith: Sons", "last_name": "& Co."}, "Smith Sons & Co."),
        ({"first_name": " \t", "last_name": ""}, "Byrne Looms"),
        ({"first_name": "🌻", "last_name": "", "company": ""}, "ada@example.com"),
        ({"first_name": "🌻\ufe0f", "last_name": "\u200d", "company": "\u200c"}, "ada@example.com"),
        ({"first_name": "Ada  Rose", "last_name": "\tByrne\n"}, "Ada Rose Byrne"),
        ({"first_name": "", "last_name": "", "company": "::", "email": ""}, "Guest 42"),
    ],
)
def test_display_names(buyer, address, name):
    assert buyer(**address).name == name


def test_a_colon_stands_in_no_name(buyer):
    who = buyer(first_name="Smith: Sons", last_name="A:B", company="Smith:Sons")
    assert (who.name, who.given, who.family, who.company) == ("Smith Sons A B", "Smith Sons", "A B", "Smith Sons")


def test_names_to_try_are_stable_and_within_the_limit(buyer):
    assert names(buyer()) == ("Ada Byrne", "Ada Byrne (42)", "Ada Byrne (42-2)", "Ada Byrne (42-3)", "Ada Byrne (42-4)")
    guest = buyer(0)
    assert names(guest)[1] == f"Ada Byrne ({guest.key[1:7]})"
    for long in (buyer(first_name="x" * 700), buyer(9_999_999_999, home="EUR", first_name="word " * 150)):
        assert all(450 < len(name) <= 500 and "…" not in name for name in names(long))
        assert len(set(names(long))) == 5


def test_the_person_comes_back_from_the_ledger_as_it_went(buyer):
    who = buyer()
    assert read_person(read_json(write_json(write_person(who)))) == who
    before_there_were_currencies = {name: value for name, value in write_person(who).items() if name != "foreign"}
    assert read_person(before_there_were_currencies) == who


def test_the_e_mail_address_tells_first_and_the_oldest_of_several(buyer):
    by_email = [
        found("31", "A. Byrne", "Ada@Example.com"),
        found("7", "Looms", "x@example.com, ada@example.com"),
        found("5", "Gone (deleted)", "ada@example.com", Active=False),
        found("4", "Other", "other@example.com"),
    ]
    assert choose_customer(buyer(), by_email, [found("2", "Ada Byrne")]) == Match(id="7", sync_token="3")


def test_our_own_marker_tells_before_anything_else(buyer):
    ours = found("40", "Ada Byrne (42)", "changed@example.com", Notes=f"BigCommerce customer 42.\n{MARK}")
    assert choose_customer(buyer(), [found("7", "X", "ada@example.com")], [ours], marker=MARK) == Match(
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
    assert choose_customer(buyer(), [], [twin]) == Match(id="8", sync_token="3")


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


IN_DOLLARS = {"CurrencyRef": {"value": "USD"}}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (found("8", "Ada Byrne (USD)", **IN_DOLLARS), Match(id="8", sync_token="3")),
        (found("8", "ada byrne", **IN_DOLLARS), Match(id="8", sync_token="3")),
        (found("8", "Ada B.", "ada@example.com", **IN_DOLLARS), Match(id="8", sync_token="3")),
        (found("8", "Ada Byrne", "ada@example.com", CurrencyRef={"value": "EUR"}), Create(name="Ada Byrne (USD)")),
        (found("8", "Ada Byrne", "ada@example.com"), Create(name="Ada Byrne (USD)")),
        (found("8", "Ada Byrne (USD)", "bo@example.com", **IN_DOLLARS), Create(name="Ada Byrne (USD) (42)")),
    ],
)
def test_a_buyer_in_another_currency_is_a_customer_of_that_currency(buyer, row, expected):
    assert choose_customer(buyer(home="EUR"), [row], [row]) == expected


def test_a_company_is_matched_by_name_whatever_its_e_mail_address(buyer):
    company = buyer(companies=True)
    assert choose_customer(company, [], [found("8", "byrne  looms", "office@example.com")]) == Match(
        id="8", sync_token="3"
    )
    someone = found("8", "Byrne Looms", Notes="BigCommerce guest.\ncartledger:abc123:customer:g0011")
    assert choose_customer(company, [], [someone]) == Create(name=f"Byrne Looms ({company.key[1:7]})")


def test_a_person_is_no_company_because_it_has_their_e_mail_address(buyer):
    company = found("8", "Byrne Looms", "ada@example.com", Notes="cartledger:abc123:customer:o0011")
    assert choose_customer(buyer(), [company], []) == Create(name="Ada Byrne")


@pytest.mark.parametrize(
    ("rows", "outcome"),
    [
        ([found("8", "WEB  sales")], "8"),
        ([found("7", "Web sales (deleted)", Active=False), found("8", "Web sales")], "8"),
        ([found("8", "Web sales", CurrencyRef={"value": "USD"})], "8"),
        ([found("8", "Web sales", CurrencyRef={"value": "EUR"})], "generic_customer_currency"),
        ([found("8", "Web sales (deleted)", Active=False)], "inactive_generic_customer"),
        ([found("8", "Web shop")], "no_generic_customer"),
        ([], "no_generic_customer"),
    ],
)
def test_the_customer_for_all(rows, outcome):
    chosen = choose_generic("Web sales", "USD", rows)
    assert (chosen if isinstance(chosen, str) else chosen.code) == outcome
    assert isinstance(chosen, str) or ("Web sales" in chosen.text and chosen.fix)


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


def test_the_document_of_a_company(buyer):
    body = customer_document(buyer(companies=True), "Byrne Looms", MARK).body
    assert body["Notes"] == f"Company that BigCommerce orders were billed to.\n{MARK}"
    assert (body["GivenName"], body["FamilyName"], body["CompanyName"]) == ("Ada", "Byrne", "Byrne Looms")
    assert "PrimaryEmailAddr" not in body


def test_limits_of_a_customer(buyer):
    who = buyer(0, first_name="x" * 300, company="y " * 300, phone="1" * 50, email="a" * 100 + "@example.com")
    body = customer_document(who, names(who)[0], "cartledger:abc123:customer:" + who.key).body
    assert len(body["GivenName"]) <= 100
    assert len(body["CompanyName"]) <= 100
    assert len(body["PrimaryPhone"]["FreeFormNumber"]) == 30
    assert "PrimaryEmailAddr" not in body
    assert body["Notes"].startswith("BigCommerce guest.\n")
