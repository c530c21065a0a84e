"""tax.map as it counts for one destination, for companies with a code on every line.

A row counts everywhere ("VAT"), or where goods go: a country and state ("GST @ CA-Quebec"), a country ("VAT @ DE"),
"domestic", "eu" or "export". Of several rows for one tax the most exact counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cartledger.errors import Problem
from cartledger.records import Address, Order
from cartledger.settings import Connection
from mapping.company import Company, TaxCode, fold
from mapping.tax.rows import OrderTax

_EU = frozenset(
    {"at", "be", "bg", "cy", "cz", "de", "dk", "ee", "es", "fi", "fr", "gr", "hr", "hu"}
    | {"ie", "it", "lt", "lu", "lv", "mt", "nl", "pl", "pt", "ro", "se", "si", "sk"}
)
_COUNTRY_CODES = {"uk": "gb", "usa": "us"}
_EVERYWHERE = ""


@dataclass(frozen=True, kw_only=True)
class TaxMap:
    """The codes by folded tax name, class, `every` ("*") and `without` ("none"); `place` is for people ("DE"), `abroad`
    says that it is not the company's country."""

    codes: Mapping[str, TaxCode]
    every: str
    without: str
    place: str
    abroad: bool

    @property
    def charging(self) -> tuple[TaxCode, ...]:
        """The codes that bear tax, each once."""
        return tuple({code.id: code for code in self.codes.values() if code.percent > 0}.values())

    def tells_by_rate(self, code: TaxCode) -> bool:
        """Whether a tax of this code's rate can be no other one. Abroad another country's tax may have the same."""
        return not self.abroad or self.codes.get(self.every) == code

    @property
    def tells_classes_apart(self) -> bool:
        """Whether the class of a line without tax decides its code."""
        return any(code.zero and key not in (self.every, self.without) for key, code in self.codes.items())

    def named(self, row: OrderTax) -> Iterator[TaxCode]:
        """The codes that bear tax under the row's name, then its class, then every tax."""
        for key in (fold(row.name), fold(row.class_name), self.every):
            if key in self.codes and self.codes[key].percent > 0:
                yield self.codes[key]

    def untaxed(self, rows: Sequence[OrderTax]) -> TaxCode | None:
        """The code of a line without tax, whose `rows` may still tell its class."""
        told = [fold(name) for row in rows for name in (row.name, row.class_name)]
        keys = [*told, self.without, self.every]
        return next((self.codes[key] for key in keys if key in self.codes and self.codes[key].zero), None)


def read_tax_map(connection: Connection, company: Company, order: Order) -> tuple[TaxMap, list[Problem]]:
    """The map for where the order goes, and a problem for each row there whose code the company does not have."""
    address = order.ship_to or order.billing
    codes, problems = {}, []
    for what, key in _most_exact(connection, _places(address, company)).items():
        found = company.tax_code(connection.tax.map[key])
        if isinstance(found, Problem):
            problems.append(Problem(code=found.code, text=f'tax.map."{key}": {found.text}', fix=found.fix))
        else:
            codes[what] = found
    country = fold(address.country_iso2)
    table = TaxMap(
        codes=codes,
        every=connection.tax.EVERY,
        without=connection.tax.WITHOUT,
        place=country.upper(),
        abroad=country not in ("", _code(company.country)),
    )
    return table, problems


def _most_exact(connection: Connection, places: Sequence[str]) -> dict[str, str]:
    """The key of tax.map for each tax, of those that count in one of `places` (most exact first)."""
    rows = [(*connection.tax.split(key), key) for key in connection.tax.map]
    counting = [row for row in rows if row[1] in places]
    return {what: key for what, _, key in sorted(counting, key=lambda row: -places.index(row[1]))}


def _places(address: Address, company: Company) -> tuple[str, ...]:
    """What rows may say for a destination. An order abroad is exported, but for one from the EU into the EU."""
    country, home = fold(address.country_iso2), _code(company.country)
    if not country:
        return (_EVERYWHERE,)
    exact = (f"{country}-{fold(address.state)}", country)
    if country == home:
        return (*exact, "domestic", _EVERYWHERE)
    into_eu = ("eu",) if country in _EU else ()
    abroad = () if into_eu and home in _EU else ("export",)
    return (*exact, *into_eu, *abroad, _EVERYWHERE)


def _code(country: str) -> str:
    return _COUNTRY_CODES.get(fold(country), fold(country))
