"""Where the simulated shop sells: places, the taxes of each, and the money that their buyers pay in."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal


@dataclass(frozen=True, kw_only=True)
class Levy:
    """One tax, as the shop's own rate is called. `percent` of the amount without tax."""

    name: str
    percent: Decimal


Levies = Mapping[str, tuple[Levy, ...]]
"""By tax class; several levies of one class are charged together. A class without any is tax-free."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """`country` and `iso2` are the country's name and code as BigCommerce prints them.

    `currency` is what buyers pay in where it is not the shop's own; one of the shop's is `exchange` of it.
    """

    city: str
    state: str
    zip: str
    country: str
    iso2: str
    levies: Levies
    currency: str | None = None
    exchange: Decimal = Decimal(1)


@dataclass(frozen=True, kw_only=True)
class Market:
    """Buyers live in any of `places`, as many in each."""

    places: tuple[Place, ...]


def flat(rates: Mapping[str, Decimal], name: str = "Tax") -> Levies:
    """One tax at these percents by tax class."""
    return {tax_class: (Levy(name=name, percent=rate),) for tax_class, rate in rates.items() if rate}


def _levies(standard: Mapping[str, str], reduced: Mapping[str, str]) -> Levies:
    return {
        tax_class: tuple(Levy(name=name, percent=Decimal(percent)) for name, percent in taxes.items())
        for tax_class, taxes in (("standard", standard), ("reduced", reduced))
        if taxes
    }


_US_TAX = _levies({"Tax": "8.25"}, {})  # goods of the reduced class, food say, are free of it
_VAT = _levies({"VAT": "20"}, {"VAT": "5"})
_GST = _levies({"GST": "10"}, {})
_ONTARIO = _levies({"HST": "13"}, {"GST": "5"})
_QUEBEC = _levies({"GST": "5", "QST": "9.975"}, {"GST": "5"})
_BRITISH_COLUMBIA = _levies({"GST": "5", "PST": "7"}, {"GST": "5"})


def _places(country: str, iso2: str, *rows: tuple[str, str, str, Levies]) -> tuple[Place, ...]:
    return tuple(
        Place(city=city, state=state, zip=postcode, country=country, iso2=iso2, levies=levies)
        for city, state, postcode, levies in rows
    )


US = Market(
    places=_places(
        "United States",
        "US",
        ("Austin", "Texas", "78701", _US_TAX),
        ("Denver", "Colorado", "80202", _US_TAX),
        ("Columbus", "Ohio", "43004", _US_TAX),
    )
)
_UK = Market(
    places=_places(
        "United Kingdom",
        "GB",
        ("Bristol", "Somerset", "BS1 4ZZ", _VAT),
        ("Leeds", "West Yorkshire", "LS1 9ZZ", _VAT),
        ("Cardiff", "South Glamorgan", "CF10 9ZZ", _VAT),
    )
)
_AUSTRALIA = Market(
    places=_places(
        "Australia",
        "AU",
        ("Melbourne", "Victoria", "3000", _GST),
        ("Sydney", "New South Wales", "2000", _GST),
        ("Brisbane", "Queensland", "4000", _GST),
    )
)
_CANADA = Market(
    places=_places(
        "Canada",
        "CA",
        ("Toronto", "Ontario", "M5V 9Z9", _ONTARIO),
        ("Montréal", "Quebec", "H2X 9Z9", _QUEBEC),
        ("Vancouver", "British Columbia", "V6B 9Z9", _BRITISH_COLUMBIA),
    )
)
_EURO_AREA = (
    *_places("Ireland", "IE", ("Dublin", "Dublin", "D02 X285", _US_TAX)),
    *_places("France", "FR", ("Lyon", "Rhône", "69002", _US_TAX)),
    *_places("Germany", "DE", ("Köln", "Nordrhein-Westfalen", "50667", _US_TAX)),
)
_ATLANTIC = Market(
    places=(
        *US.places,
        *(replace(place, currency="EUR", exchange=Decimal("0.925926")) for place in _EURO_AREA),
    )
)

MARKETS: Mapping[str, Market] = {
    "us": US,
    "us_ast": US,
    "uk": _UK,
    "au": _AUSTRALIA,
    "ca": _CANADA,
    "eur": _ATLANTIC,
}
"""By kind of company."""
