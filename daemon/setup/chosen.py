"""One connection on its way into the settings file: what was chosen so far, and the file that it becomes."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from cartledger.errors import Problem, SettingsWrong, WrongUse
from cartledger.settings import Connection, Settings, nearest, places_in, read_environment, read_settings
from cartledger.settings.editing import with_connection
from cartledger.settings.example import set_up, set_up_connection
from cartledger.settings.fields import fields, section_at
from cartledger.settings.options import SECRETS, WORKFLOWS
from cartledger.settings.problems import named, sentence
from cartledger.settings.words import bare_or_quoted
from daemon.context import SYSTEM
from mapping.company import Company
from mapping.proposal.proposed import Proposed

METRICS_PORT = 9470
SERVICE_LEDGER = "/var/lib/cartledger/cartledger.db"
"""Where the ledger of a system's service is: its folder of settings is none that it may write to."""

_COUNTRIES = {"US": "the US", "GB": "the UK", "AU": "Australia", "CA": "Canada"}
_SPELLINGS = {"UK": "GB", "USA": "US"}
_PREFIXES = {"sales": "BC", "refunds": "R"}


@dataclass(kw_only=True)
class Existing:
    """The file that stands there: `text` is None where there is none. `settings` are those of its connections."""

    text: str | None
    settings: Settings | None

    @classmethod
    def at(cls, path: Path, name: str, *, replace: bool) -> Existing:
        """Raises WrongUse where connection `name` stands there and is not to be replaced, and SettingsWrong for a file
        that is wrong: it would be as wrong with one connection more."""
        if not path.exists():
            return cls(text=None, settings=None)
        connections = places_in(path, read_environment()).tree.get("connections", {})
        if not replace and name in connections:
            raise WrongUse(
                f"{path} has a connection {name} already.",
                fix="Add another one with --connection NAME, or write this one anew with --replace: the file as it is "
                "is kept beside.",
            )
        others = set(connections) - {name}
        return cls(
            text=path.read_text(encoding="utf-8-sig"),
            settings=read_settings(path, read_environment()) if others else None,
        )

    @property
    def apps(self) -> dict[str, str]:
        """The secret of each app at Intuit that is known already, by its client id."""
        if self.settings is None:
            return {}
        sides = [one.quickbooks for one in self.settings.connections.values()]
        return {side.client_id: side.client_secret.get_secret_value() for side in sides}

    def taken(self, section: str, realm_id: str, name: str) -> set[str]:
        """The number prefixes of other connections into this company."""
        if self.settings is None:
            return set()
        others = [one for key, one in self.settings.connections.items() if key != name]
        return {getattr(one, section).number_prefix.upper() for one in others if one.quickbooks.realm_id == realm_id}


@dataclass(kw_only=True)
class Chosen:
    """What was chosen, as TOML has it: of the connection, and of the `rest` of a file that is new."""

    name: str
    connection: dict[str, Any] = field(default_factory=dict)
    rest: dict[str, Any] = field(default_factory=dict)

    def set(self, key: tuple[str, ...], value: Any) -> None:
        """A setting of the connection."""
        table = self.connection
        for part in key[:-1]:
            table = table.setdefault(part, {})
        table[key[-1]] = value

    def default(self, key: tuple[str, ...], value: Any) -> None:
        """The same, where nothing was chosen."""
        if self.get(key) is None:
            self.set(key, value)

    def get(self, key: tuple[str, ...]) -> Any:
        table: Any = self.connection
        for part in key:
            table = table.get(part) if isinstance(table, Mapping) else None
        return table

    def take(self, proposed: Iterable[Proposed]) -> None:
        for one in proposed:
            self.set(one.key, one.value)

    def as_connection(self) -> Connection:
        """As far as it was chosen, for proposals of the rest. Raises SettingsWrong for every value that cannot be."""
        self.check()
        return Connection.model_validate(_filled(self.connection))

    def check(self) -> None:
        """Raises SettingsWrong for every value that cannot be, wherever it came from."""
        problems = [*_wrong(Connection, _filled(self.connection), ("connections", self.name))]
        for name, section in self.rest.items():
            problems += _wrong(section_at((name,)), section, (name,))
        if problems:
            raise SettingsWrong(problems)

    def text(self, existing: Existing, path: Path) -> str:
        """The whole file: a new one, or the one that stands there with this connection in it."""
        if existing.text is not None:
            return with_connection(existing.text, self.name, set_up_connection(self.name, self.connection))
        ledger = {"ledger": {"path": SERVICE_LEDGER}} if path == SYSTEM else {}
        metrics = {"metrics": {"port": METRICS_PORT}}
        return set_up({**ledger, **metrics, **self.rest, "connections": {self.name: self.connection}})


def read_sets(name: str, sets: Iterable[str], existing: Existing) -> Chosen:
    """From KEY=VALUE, as in the file: `sales.class=Web`, `tax.map={VAT="20.0% S"}`; keys outside of connections with
    their section, `broker.url=…`, where the file is new. Raises WrongUse."""
    chosen = Chosen(name=name)
    for one in sets:
        if "=" not in one:
            raise WrongUse(f"--set {one} has no value.", fix="Write it as --set sales.class=Web.")
        key, value = _pair(one)
        tree = chosen.rest if key[0] in Settings.model_fields and key[0] != "connections" else chosen.connection
        path = key if tree is chosen.rest else ("connections", name, *key)
        _check_key(one, key, path)
        if tree is chosen.rest and existing.text is not None:
            raise WrongUse(f"--set {one}: [{key[0]}] stands in the file already.", fix="Change it there.")
        for part in key[:-1]:
            tree = tree.setdefault(part, {})
        tree[key[-1]] = value
    chosen.check()
    return chosen


def _pair(text: str) -> tuple[tuple[str, ...], Any]:
    key, _, value = text.partition("=")
    for line in (f"{key} = {value}", f"{key} = {_quoted(value)}"):
        try:
            return _path(tomllib.loads(line, parse_float=str), key.count(".") + 1)
        except tomllib.TOMLDecodeError:
            continue
    raise WrongUse(f"--set {text} is no KEY=VALUE.", fix="Write it as --set sales.class=Web.")


_UNDECIDED: Mapping[str, Any] = {
    "start_date": date(2026, 1, 1),
    "bigcommerce": {"store_hash": "none"},
    "quickbooks": {"realm_id": "0", "client_id": "none", "client_secret": "none"},
    "sales": {"post_as": "sales_receipt"},
    "products": {"match_by": "sku"},
}


def _filled(connection: Mapping[str, Any]) -> dict[str, Any]:
    """With something for all that has no default."""
    filled = {**_UNDECIDED, **connection}
    for name, section in _UNDECIDED.items():
        if isinstance(section, Mapping):
            filled[name] = {**section, **connection.get(name, {})}
    return filled


def _wrong(section: type[BaseModel] | None, values: Any, path: tuple[str, ...]) -> Iterator[Problem]:
    if section is None:
        return
    try:
        section.model_validate(values)
    except ValidationError as error:
        for detail in error.errors():
            key = named((*path, *detail["loc"]))
            text = f"{'.'.join(map(bare_or_quoted, key))} {sentence(detail, key)}"
            yield Problem(code=detail["type"], text=text)


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _path(tree: Any, depth: int) -> tuple[tuple[str, ...], Any]:
    key: list[str] = []
    while len(key) < depth and isinstance(tree, dict) and len(tree) == 1:
        ((part, tree),) = tree.items()
        key.append(part)
    return tuple(key), tree


def _check_key(text: str, key: tuple[str, ...], path: tuple[str, ...]) -> None:
    depth = next((n for n in range(len(path) - 1, 0, -1) if section_at(path[:n]) is not None), 0)
    section = section_at(path[:depth])
    if section is not None and path[depth] not in fields(section):
        hint = nearest(path[depth], fields(section))
        raise WrongUse(f"--set {text}: there is no setting {'.'.join(key)}.{hint}")
    if key[-2:] in SECRETS:
        raise WrongUse(f"--set {'.'.join(key)} is a secret, which does not stand in the file.")


def check_country(company: Company) -> None:
    """Raises WrongUse for a company of a country whose taxes nobody has tried this with."""
    country = company.country.strip().upper()
    if country and _SPELLINGS.get(country, country) not in _COUNTRIES:
        *others, last = _COUNTRIES.values()
        raise WrongUse(
            f"The company is in {company.country}; this version keeps the books of companies in {', '.join(others)} "
            f"and {last}.",
            fix="Where its taxes are one code on every line, as there, add --other-country and try it with care.",
        )


def first_day(company: Company, today: date) -> date:
    """The start date that is proposed: of this month, unless the books are closed then."""
    month = today.replace(day=1)
    closed = company.book_close_date
    return month if closed is None else max(month, closed + timedelta(days=1))


def free_prefix(section: str, taken: set[str]) -> str:
    """Of document numbers: one that no other connection into the company has."""
    plain = _PREFIXES[section]
    return next(name for n in range(1, len(taken) + 2) if (name := plain if n == 1 else f"{plain}{n}") not in taken)


def workflows_in(text: str) -> list[str]:
    """From a line of words. Raises ValueError."""
    names = text.replace(",", " ").lower().split()
    if unknown := [name for name in names if name not in WORKFLOWS]:
        raise ValueError(f"{unknown[0]} is none of {', '.join(WORKFLOWS)}.")
    if "sales" not in names:
        raise ValueError("Without sales nothing is kept in step.")
    return list(dict.fromkeys(names))


def day_in(text: str) -> date:
    """Raises ValueError."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text} is no day; write it as 2026-01-31.") from None
