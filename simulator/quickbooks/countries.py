"""The kinds of companies: where each is, what money it keeps its books in, and the taxes that it knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from simulator.quickbooks.wire import JsonObject


@dataclass(frozen=True, kw_only=True)
class Agency:
    """Who gets the tax, and the account where it waits until then."""

    id: str
    name: str
    account: str
    sub_type: str = "GlobalTaxPayable"


@dataclass(frozen=True, kw_only=True)
class Rate:
    """`percent` as text."""

    id: str
    name: str
    percent: str
    agency: str = "1"


@dataclass(frozen=True, kw_only=True)
class Code:
    id: str
    name: str
    rates: tuple[str, ...]
    taxable: bool = True


@dataclass(frozen=True, kw_only=True)
class Country:
    """`tax_word` is what the company calls its tax, `pseudo_codes` whether its lines are TAX or NON.

    With a `foreign_currency` it keeps several, and has clearing accounts and a rate (home units for one) for this one.
    """

    currency: str
    phone: str
    address: JsonObject
    customers_address: JsonObject
    agencies: tuple[Agency, ...]
    rates: tuple[Rate, ...]
    codes: tuple[Code, ...]
    tax_word: str
    pseudo_codes: bool = False
    foreign_currency: str | None = None
    foreign_rate: str = "1"


_US = Country(
    currency="USD",
    phone="(510) 555-0100",
    address={
        "Line1": "200 Orchard Street",
        "City": "Oakland",
        "Country": "US",
        "CountrySubDivisionCode": "CA",
        "PostalCode": "94607",
    },
    customers_address={
        "Line1": "12 Harbor Lane",
        "City": "Berkeley",
        "CountrySubDivisionCode": "CA",
        "PostalCode": "94704",
    },
    agencies=(
        Agency(id="1", name="State Board of Sales Tax", account="Sales tax payable", sub_type="SalesTaxPayable"),
    ),
    rates=(
        Rate(id="3", name="State tax", percent="8.25"),
        Rate(id="4", name="State share", percent="7.25"),
        Rate(id="5", name="City share", percent="1.5"),
        Rate(id="6", name="Out of state", percent="0"),
        Rate(id="7", name="California State", percent="6"),
        Rate(id="8", name="California, Alameda County", percent="3.25"),
        Rate(id="9", name="Eight percent", percent="8"),
    ),
    codes=(
        Code(id="2", name="State tax", rates=("3",)),
        Code(id="3", name="City tax", rates=("4", "5")),
        Code(id="4", name="Out of state", rates=("6",)),
        Code(id="5", name="California", rates=("7", "8")),
        Code(id="6", name="Eight percent", rates=("9",)),
    ),
    tax_word="sales tax",
    pseudo_codes=True,
)

_UK = Country(
    currency="GBP",
    phone="0117 496 0100",
    address={"Line1": "8 Quay Row", "City": "Bristol", "Country": "GB", "PostalCode": "BS1 4ZZ"},
    customers_address={"Line1": "12 Harbour Lane", "City": "Bath", "PostalCode": "BA1 9ZZ"},
    agencies=(Agency(id="1", name="HM Revenue & Customs (VAT)", account="VAT control"),),
    rates=(
        Rate(id="1", name="20.0% S (sales)", percent="20"),
        Rate(id="2", name="5.0% R (sales)", percent="5"),
        Rate(id="3", name="0.0% Z (sales)", percent="0"),
        Rate(id="4", name="Exempt (sales)", percent="0"),
        Rate(id="5", name="No VAT (sales)", percent="0"),
    ),
    codes=(
        Code(id="2", name="20.0% S", rates=("1",)),
        Code(id="3", name="5.0% R", rates=("2",)),
        Code(id="4", name="0.0% Z", rates=("3",)),
        Code(id="5", name="Exempt", rates=("4",)),
        Code(id="6", name="No VAT", rates=("5",), taxable=False),
    ),
    tax_word="VAT",
)

_AU = Country(
    currency="AUD",
    phone="03 5550 0100",
    address={
        "Line1": "3 Orchard Street",
        "City": "Melbourne",
        "Country": "AU",
        "CountrySubDivisionCode": "VIC",
        "PostalCode": "3000",
    },
    customers_address={
        "Line1": "12 Harbour Lane",
        "City": "Geelong",
        "CountrySubDivisionCode": "VIC",
        "PostalCode": "3220",
    },
    agencies=(Agency(id="1", name="Australian Taxation Office", account="GST payable"),),
    rates=(
        Rate(id="1", name="GST (sales)", percent="10"),
        Rate(id="2", name="GST free (sales)", percent="0"),
        Rate(id="3", name="BAS Excluded (sales)", percent="0"),
    ),
    codes=(
        Code(id="2", name="GST", rates=("1",)),
        Code(id="3", name="GST free", rates=("2",)),
        Code(id="4", name="BAS Excluded", rates=("3",), taxable=False),
    ),
    tax_word="GST",
)

_CA = Country(
    currency="CAD",
    phone="(416) 555-0100",
    address={
        "Line1": "200 Orchard Street",
        "City": "Toronto",
        "Country": "CA",
        "CountrySubDivisionCode": "ON",
        "PostalCode": "M5V 9Z9",
    },
    customers_address={
        "Line1": "12 Harbour Lane",
        "City": "Hamilton",
        "CountrySubDivisionCode": "ON",
        "PostalCode": "L8P 9Z9",
    },
    agencies=(
        Agency(id="1", name="Canada Revenue Agency", account="GST/HST payable"),
        Agency(id="2", name="Revenu Québec", account="QST payable"),
        Agency(id="3", name="Ministry of Finance (BC)", account="PST payable"),
    ),
    rates=(
        Rate(id="1", name="HST (ON)", percent="13"),
        Rate(id="2", name="GST", percent="5"),
        Rate(id="3", name="QST", percent="9.975", agency="2"),
        Rate(id="4", name="PST (BC)", percent="7", agency="3"),
        Rate(id="5", name="Zero-rated", percent="0"),
        Rate(id="6", name="Exempt", percent="0"),
        Rate(id="7", name="Out of Scope", percent="0"),
    ),
    codes=(
        Code(id="2", name="HST ON", rates=("1",)),
        Code(id="3", name="GST", rates=("2",)),
        Code(id="4", name="GST/QST QC", rates=("2", "3")),
        Code(id="5", name="GST/PST BC", rates=("2", "4")),
        Code(id="6", name="Zero-rated", rates=("5",)),
        Code(id="7", name="Exempt", rates=("6",)),
        Code(id="8", name="Out of Scope", rates=("7",), taxable=False),
    ),
    tax_word="GST/HST",
)

COUNTRIES: Mapping[str, Country] = {
    "us": _US,
    "us_ast": _US,
    "eur": replace(_US, foreign_currency="EUR", foreign_rate="1.08"),
    "uk": _UK,
    "au": _AU,
    "ca": _CA,
}
