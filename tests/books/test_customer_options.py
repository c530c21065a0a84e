"""Who the customer of a sale is: what stands on the document, and whom the company has afterwards."""

from __future__ import annotations

import pytest

ADA = {"first_name": "Ada", "last_name": "Byrne", "company": "Byrne Looms", "email": "ada@example.com"}
BO = {"first_name": "Bo", "last_name": "Quill", "company": " BYRNE  looms", "email": "bo@example.com"}
ADA_ALONE = ADA | {"company": ""}
CY = {"first_name": "Cy", "last_name": "Reed", "company": "::", "email": "cy@example.com"}
BUYERS = ((42, ADA), (43, BO), (0, ADA_ALONE), (0, CY))
"""The shop's customer id, and who the order is billed to."""


@pytest.fixture
def sold(open_books, plain_order):
    """`sold(*customers, buyers=…, **settings) -> (names, made, held)`: the customer of each posted order, the customers
    that are new in the company, and why the others are held. `customers` are in the company before."""

    def sell(*customers, buyers=BUYERS, currency="USD", company="us", **settings):
        books = open_books(company=company, **settings)
        for customer in customers:
            books.sim.company.create("Customer", customer)
        before = set(books.customers())
        books.add(
            *(
                plain_order(number, customer_id=customer_id, buyer=buyer, default_currency_code=currency)
                for number, (customer_id, buyer) in enumerate(buyers, 1001)
            )
        )
        books.sync()
        books.prove()
        for document in books.documents().values():
            assert document["BillEmail"]["Address"] in {"ada@example.com", "bo@example.com", "cy@example.com"}
            assert document["BillAddr"]["Line1"] in {"Ada Byrne", "Bo Quill", "Cy Reed"}
        names = [document["CustomerRef"]["name"] for _, document in sorted(books.documents().items())]
        return names, set(books.customers()) - before, books.held()

    return sell


@pytest.mark.option("sales.customer")
@pytest.mark.parametrize(
    ("customer", "names"),
    [
        ("original", ["Ada Byrne", "Bo Quill", "Ada Byrne", "Cy Reed"]),
        ("organisation", ["Byrne Looms", "Byrne Looms", "Ada Byrne", "Cy Reed"]),
    ],
)
def test_the_shops_customer_or_the_billing_company(sold, customer, names):
    assert sold(**{"sales.customer": customer}) == (names, set(names), {})


GENERIC = {"sales.customer": "generic", "sales.generic_customer": "Web sales"}
WEB_SALES = {"DisplayName": "WEB SALES"}


@pytest.mark.option("sales.customer", "sales.generic_customer")
def test_one_customer_for_all(sold):
    assert sold(WEB_SALES, **GENERIC) == (["WEB SALES"] * 4, set(), {})


@pytest.mark.option("sales.generic_customer")
@pytest.mark.parametrize(
    ("customers", "code"),
    [
        ((), "no_generic_customer"),
        (({"DisplayName": "Web sales (EUR)"},), "no_generic_customer"),
        (({"DisplayName": "Web sales", "Active": False},), "inactive_generic_customer"),
        (({"DisplayName": "Web sales", "CurrencyRef": {"value": "EUR"}},), "generic_customer_currency"),
    ],
)
def test_the_customer_for_all_must_be_there(sold, customers, code):
    held = {str(number): [code] for number in range(1001, 1005)}
    assert sold(*customers, company="eur", **GENERIC) == ([], set(), held)


@pytest.mark.option("sales.customer", "sales.generic_customer")
@pytest.mark.parametrize(
    ("settings", "names", "made"),
    [
        ({}, ["Ada Byrne (EUR)", "Bo Quill", "Ada Byrne (EUR)", "Cy Reed (EUR)"], {"Ada Byrne (EUR)", "Cy Reed (EUR)"}),
        ({"sales.customer": "organisation"}, ["Byrne Looms (EUR)"] * 2 + ["Ada Byrne (EUR)", "Cy Reed (EUR)"], None),
        (GENERIC, ["Web sales (EUR)"] * 4, set()),
    ],
)
def test_a_customer_has_one_currency(sold, settings, names, made):
    """Bo Quill was made by hand, in EUR; the others buy in dollars until today."""
    in_euro = {"CurrencyRef": {"value": "EUR"}}
    known = (
        {"DisplayName": "Ada Byrne", "PrimaryEmailAddr": {"Address": "ada@example.com"}},
        {"DisplayName": "Byrne Looms"},
        {"DisplayName": "Bo Quill", **in_euro},
        {"DisplayName": "Web sales"},
        {"DisplayName": "Web sales (EUR)", **in_euro},
    )
    assert sold(*known, currency="EUR", company="eur", **settings) == (names, set(names) if made is None else made, {})
