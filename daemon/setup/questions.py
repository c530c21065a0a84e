"""What has to be decided, from flags or from a person; all the rest is read and proposed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import click

from cartledger.errors import SettingsWrong, Stop, Unauthorised
from cartledger.settings import Settings, read_environment
from daemon.app import App, Line
from daemon.connecting.authorising import AppKeys, authorise
from daemon.connecting.ways import way_to
from daemon.console import doing
from daemon.setup.asking import all_given, answer, at_a_terminal, choice, secret_in, yes
from daemon.setup.chosen import (
    Chosen,
    Existing,
    check_country,
    day_in,
    first_day,
    free_prefix,
    workflows_in,
)
from daemon.setup.looking import Keys, Shop, drafted, look_at_both, look_at_shop
from mapping.company import Company, Entry, Table
from mapping.proposal.connection import Seen, propose
from mapping.proposal.items import propose_refund_items
from mapping.proposal.products import matches
from mapping.proposal.proposed import Found, Open, Proposed

T = TypeVar("T")
POST_AS = ("sales_receipt", "invoice")
_NONE = "none"
_RESTOCKING = ("refunds", "no_restock_product")
_NEW_ACCOUNT = "Make a new API account in the BigCommerce control panel and give its token to `cartledger setup`."
"""There is no connection yet that `connect` could give it to."""

_DEFAULT_ACCOUNT = ("payments", "default_account")


@dataclass(frozen=True, kw_only=True)
class Flags:
    """The answers that were given beforehand."""

    connection: str
    store_hash: str | None
    token_file: Path | None
    client_id: str | None
    secret_file: Path | None
    realm_id: str | None
    redirect_uri: str | None
    paste: bool
    browser: bool
    start_date: datetime | None
    post_as: str | None
    workflows: tuple[str, ...]
    create_items: bool | None
    default_account: str | None
    other_country: bool
    yes: bool


@dataclass(kw_only=True)
class Questions:
    """From the first question to all that was chosen. `build` makes the program of settings."""

    flags: Flags
    chosen: Chosen
    existing: Existing
    build: Callable[[Settings], App]
    clock: Callable[[], datetime]
    keys: Keys = field(default_factory=Keys)

    def need_no_terminal(self) -> None:
        """Raises UsageError with every flag that is missing."""
        flags, known = self.flags, len(self.existing.apps) == 1 or None
        all_given(
            {
                "--store-hash": flags.store_hash,
                "--token-file": flags.token_file,
                "--client-id": flags.client_id or known,
                "--secret-file": flags.secret_file or known,
                "--start-date": flags.start_date,
                "--post-as": flags.post_as,
            }
        )

    def look(self) -> Seen:
        """Both sides, asked for where they are. Raises what says no there."""
        shop = self._until_right(self._shop)
        click.echo(f"BigCommerce: {shop.name}, {shop.currency}, {shop.zone or 'no time zone that is known'}", err=True)
        if shop.zone:
            self.chosen.default(("timezone",), shop.zone)
        self._until_right(self._company)
        with self._line() as line, doing() as say:
            name = line.quickbooks.company_info().get("CompanyName", "")
            seen = look_at_both(line, say)
        company = seen.company
        click.echo(f"QuickBooks: {name}, {company.country}, {company.home_currency}", err=True)
        if not self.flags.other_country:
            check_country(company)
        return seen

    def decide(self, seen: Seen) -> list[Found]:
        """What must be decided, then all that can be proposed; it is chosen, too."""
        chosen, company = self.chosen, seen.company
        self._decide_sales(company)
        matched = matches(seen.skus, company)
        chosen.default(("products", "match_by"), matched.match_by)
        if chosen.get(("products", "create_missing")) is None and self._creates(matched.missing, str(matched)):
            chosen.set(("products", "create_missing"), value=True)
        self._decide_tracking(company)
        if self.flags.default_account:
            chosen.set(_DEFAULT_ACCOUNT, self.flags.default_account)
        found = self._proposals(seen)
        account = next((one for one in found if isinstance(one, Open) and one.key == _DEFAULT_ACCOUNT), None)
        if account is not None and self._asks:
            chosen.set(_DEFAULT_ACCOUNT, answer(None, f"{account.text} {account.fix}\nIts name", str))
            found = self._proposals(seen)
        chosen.take(one for one in found if isinstance(one, Proposed))
        return found

    @property
    def _asks(self) -> bool:
        """Whether somebody is there who wants to be asked about what has a proposal."""
        return at_a_terminal() and not self.flags.yes

    def _until_right(self, ask: Callable[[Flags], T]) -> T:
        """A person who mistyped is asked again, beginning anew."""
        try:
            return ask(self.flags)
        except (Stop, SettingsWrong) as error:
            if not at_a_terminal():
                raise
            click.echo(f"\n{error}\n", err=True)
        anew = replace(self.flags, store_hash=None, token_file=None, client_id=None, secret_file=None)
        while True:
            try:
                return ask(anew)
            except (Stop, SettingsWrong) as error:
                click.echo(f"\n{error}\n", err=True)

    def _shop(self, flags: Flags) -> Shop:
        store_hash = answer(flags.store_hash, "Store hash (after store- in the control panel's address)", str)
        self.chosen.set(("bigcommerce", "store_hash"), store_hash)
        self.chosen.check()
        self.keys = Keys(access_token=secret_in(flags.token_file, "Token of the shop's API account (not shown)"))
        with self._line() as line, doing() as say:
            say("asking the shop")
            try:
                return look_at_shop(line, flags.workflows or ("sales", "payments", "refunds"))
            except Unauthorised as error:
                raise Unauthorised(error.text, fix=_NEW_ACCOUNT) from error

    def _company(self, flags: Flags) -> None:
        apps = self.existing.apps
        only = next(iter(apps)) if len(apps) == 1 else None
        given = flags.client_id or (None if at_a_terminal() else only)
        client_id = answer(given, "Client id of your app at developer.intuit.com", str, default=only)
        secret = apps.get(client_id) if flags.secret_file is None else None
        secret = secret or secret_in(flags.secret_file, "Client secret of the app (not shown)")
        quickbooks = self.chosen.connection.setdefault("quickbooks", {})
        if flags.redirect_uri is not None:
            quickbooks["redirect_uri"] = flags.redirect_uri
        with self._line() as line:
            app = AppKeys.at(line.connection, client_id=client_id, client_secret=secret)
        way = way_to(app.redirect_uri, paste=flags.paste, browser=flags.browser)
        allowed = authorise(app, way, tell=_tell, realm_id=flags.realm_id, clock=self.clock)
        quickbooks |= {"realm_id": allowed.realm_id, "client_id": client_id}
        self.keys = replace(self.keys, client_secret=secret, token=allowed.token)

    @contextmanager
    def _line(self) -> Iterator[Line]:
        """The connection as far as it is known. A token that was renewed meanwhile is the one that counts."""
        draft = drafted(self.chosen, self.keys, read_environment(), self.build)
        with draft as line:
            yield line
            if self.keys.token is not None:
                self.keys = replace(self.keys, token=line.tokens.load())

    def _decide_sales(self, company: Company) -> None:
        flags, chosen = self.flags, self.chosen
        today = self.clock().astimezone(ZoneInfo(chosen.get(("timezone",)) or "UTC")).date()
        given = flags.start_date.date() if flags.start_date else None
        start: date = answer(given, "No order before this day is read", day_in, default=first_day(company, today))
        chosen.set(("start_date",), start)
        chosen.set(("sales", "post_as"), choice(flags.post_as, "What an order becomes", POST_AS, default=POST_AS[0]))
        chosen.set(("workflows",), self._workflows(company))
        realm = chosen.connection["quickbooks"]["realm_id"]
        for section in ("sales", *(["refunds"] if "refunds" in chosen.connection["workflows"] else [])):
            taken = self.existing.taken(section, realm, chosen.name)
            chosen.default((section, "number_prefix"), free_prefix(section, taken))

    def _workflows(self, company: Company) -> list[str]:
        """Refunds go along where there is an item for goods that come back."""
        named = list(self.flags.workflows) or self.chosen.get(("workflows",))
        if named:
            return list(named)
        proposed = [one.key for one in propose_refund_items(company) if isinstance(one, Proposed)]
        restocks = self.chosen.get(("refunds", "restock")) == "always"
        books_refunds = restocks or self.chosen.get(_RESTOCKING) or _RESTOCKING in proposed
        usual = ["sales", "payments", *(["refunds"] if books_refunds else [])]
        return answer(None, "What is kept in step", workflows_in, default=usual) if self._asks else usual

    def _creates(self, missing: int, matched: str) -> bool:
        if self.flags.create_items is not None or not missing or not self._asks:
            return bool(self.flags.create_items)
        return yes(f"Items: {matched}. Make an item of each SKU that is sold and has none?", default=False)

    def _decide_tracking(self, company: Company) -> None:
        tracking = company.tracking
        for what, entries, tracked in (
            ("class", company.classes, tracking.class_per_document or tracking.class_per_line),
            ("location", company.locations, tracking.locations),
        ):
            names = _active(entries)
            if tracked and names and self._asks and self.chosen.get(("sales", what)) is None:
                picked = choice(None, f"QuickBooks {what} of every document", (_NONE, *names), default=_NONE)
                if picked != _NONE:
                    self.chosen.set(("sales", what), picked)

    def _proposals(self, seen: Seen) -> list[Found]:
        return list(propose(self.chosen.as_connection(), seen))


def _tell(text: str) -> None:
    click.echo(text, err=True)


def _active(entries: Table[Entry]) -> list[str]:
    return sorted({each.name for found in entries.values() for each in found if each.active})
