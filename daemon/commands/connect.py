"""`cartledger connect` and `cartledger disconnect`: the tokens of both sides, from a person into the ledger."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import click

from cartledger.errors import CartledgerError, WrongUse
from cartledger.records import Token
from daemon.app import App, Line
from daemon.connecting.authorising import AppKeys, Authorised, Pasted, address_of, authorise, new_state
from daemon.connecting.scopes import refuse_missing_scopes
from daemon.connecting.tokens import BROWSER, BY_HAND, PASTED, SETTINGS, Connected
from daemon.connecting.ways import way_to
from daemon.console import MINUTES, json_option, out, print_json, table
from daemon.context import Context
from daemon.running.supervisor import SKEW_WORTH_A_WORD, skew_sentence

connection_argument = click.argument("name", metavar="[CONNECTION]", required=False)

_WORDS = {SETTINGS: "by the settings", PASTED: "by pasting", BY_HAND: "by hand"}
"""Of the ways that do not say it themselves."""

_STANDS = (
    "The app may still be connected to the company: an administrator sees that in QuickBooks under Apps, My apps (or "
    "Overview), and ends it there: Disconnect."
)


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def connect(ctx: click.Context, *, as_json: bool) -> None:
    """Connect shops and companies.

    Without more: which of them are connected. Exit code 1: one of them is not.
    """
    if ctx.invoked_subcommand is None:
        with ctx.obj.app() as app:
            facts = {name: _sides(line) for name, line in app.lines.items()}
        if as_json:
            print_json(facts)
        else:
            _print(facts)
        ctx.exit(0 if all(side["connected"] for sides in facts.values() for side in sides.values()) else 1)


@connect.command()
@connection_argument
@click.option("--paste", is_flag=True, help="Paste the address that the browser ends at; it may be on another machine.")
@click.option("--browser", is_flag=True, help="Open the page in a browser of this machine.")
@click.option("--port", type=click.IntRange(1, 65535), help="Listen here [default: the port of redirect_uri].")
@click.option(
    "--wait", type=click.FloatRange(0, 60), default=10, show_default=True, help="Minutes that a browser is waited for."
)
@click.option("--address", "only_address", is_flag=True, help="Print the page's address and end; then --redirected.")
@click.option("--redirected", metavar="URL", help="Where the browser ended after --address; - reads it from stdin.")
@json_option
@click.pass_obj
def quickbooks(
    context: Context,
    name: str | None,
    port: int | None,
    wait: float,
    redirected: str | None,
    *,
    paste: bool,
    browser: bool,
    only_address: bool,
    as_json: bool,
) -> None:
    """Let cartledger use the company of CONNECTION.

    A person says yes on Intuit's page. Intuit then sends the browser to the connection's redirect_uri: cartledger
    listens there where that is this machine, else the address is pasted.
    """
    if sum((paste, only_address, redirected is not None)) > 1:
        raise click.UsageError("Choose one of --paste, --address and --redirected.")
    with context.app() as app:
        line = _line(app, name)
        side = line.connection.quickbooks
        secret = side.client_secret.get_secret_value()
        keys = AppKeys.at(line.connection, client_id=side.client_id, client_secret=secret)
        if only_address:
            state = new_state()
            line.tokens.expect(state)
            click.echo(address_of(keys, state))
            return
        expected = None if redirected is None else line.tokens.expected()
        patience = timedelta(minutes=wait)
        way = (
            way_to(keys.redirect_uri, port=port, patience=patience, paste=paste, browser=browser)
            if redirected is None
            else Pasted(read=sys.stdin.readline if redirected == "-" else lambda: redirected)
        )
        allowed = authorise(
            keys,
            way,
            tell=lambda text: click.echo(text, err=as_json) if redirected is None else None,
            realm_id=line.connection.quickbooks.realm_id,
            state=expected,
            clock=app.clock,
        )
        line.tokens.connect(allowed.token, PASTED if isinstance(way, Pasted) else BROWSER)
        for other in _of_same_company(app, line):
            app.ledger.hasten(other.connection.pair)
        try:
            company = str(line.quickbooks.company_info().get("CompanyName", ""))
        except CartledgerError:
            click.echo("The tokens are kept, but the company cannot be read:", err=True)
            raise
        _say_connected(app, line, allowed, company, as_json=as_json)


@connect.command()
@connection_argument
@click.option(
    "--token-file",
    type=click.File(),
    metavar="FILE",
    help="Where the token stands, - for stdin [default: asked for].",
)
@json_option
@click.pass_obj
def bigcommerce(context: Context, name: str | None, token_file: Any, *, as_json: bool) -> None:
    """Let cartledger use the shop of CONNECTION.

    With the access token of a store-level API account, made in the shop's control panel.
    """
    with context.app() as app:
        line = _line(app, name)
        _refuse_settings_token(line)
        token = _asked_for() if token_file is None else _one_word(token_file.read())
        shop = app.shop(line.name, line.connection, lambda: token)
        store = shop.store()
        refuse_missing_scopes(line.connection, shop)
        line.shop_token.connect(token, BY_HAND)
        for other in _of_same_store(app, line):
            app.ledger.hasten(other.connection.pair)
    if as_json:
        print_json({"connection": line.name, "side": "bigcommerce", "store": store.get("name")})
    else:
        click.echo(f"{line.name} is connected to the shop “{store.get('name')}”. Next: cartledger check")


@click.group()
def disconnect() -> None:
    """Take a connection back."""


yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


@disconnect.command("quickbooks")
@connection_argument
@yes_option
@click.option("--anyway", is_flag=True, help="Forget the tokens here also where Intuit does not take them back.")
@click.pass_obj
def disconnect_quickbooks(context: Context, name: str | None, *, yes: bool, anyway: bool) -> None:
    """Take back what lets cartledger use the company of CONNECTION.

    At Intuit, and here. Orders wait until it is connected again.
    """
    with context.app() as app:
        line = _line(app, name)
        if line.tokens.load() is None:
            click.echo(f"{line.name} is not connected to its company.")
            return
        shops = ", ".join(other.name for other in _of_same_company(app, line))
        _confirm(f"Take back the connection to company {line.connection.quickbooks.realm_id}, of {shops}?", yes=yes)
        said = line.tokens.forget(lambda token: _taken_back(app, line, token, anyway=anyway))
        again = f"cartledger connect quickbooks {line.name} connects it again."
        click.echo(f"{shops}: {said or 'not connected any more.'} {again}")


def _taken_back(app: App, line: Line, token: Token, *, anyway: bool) -> str:
    """End it at Intuit; what is to be said then. Raises what Intuit does, unless it is to be forgotten `anyway`."""
    realm_id = line.connection.quickbooks.realm_id
    try:
        known = app.intuit(line.connection).revoke(line.connection.quickbooks.revoke_url, token)
    except CartledgerError as error:
        if not anyway:
            click.echo("The tokens are kept (--anyway forgets them here all the same):", err=True)
            raise
        click.echo(str(error), err=True)
        return f"the tokens for company {realm_id} are forgotten here, and not taken back at Intuit. {_STANDS}"
    if not known:
        return f"the tokens for company {realm_id} are forgotten here; Intuit did not know them any more. {_STANDS}"
    return f"no longer connected to company {realm_id}."


@disconnect.command("bigcommerce")
@connection_argument
@yes_option
@click.pass_obj
def disconnect_bigcommerce(context: Context, name: str | None, *, yes: bool) -> None:
    """Forget the token of the shop of CONNECTION."""
    with context.app() as app:
        line = _line(app, name)
        _refuse_settings_token(line)
        if line.shop_token.connected() is None:
            click.echo(f"{line.name} is not connected to its shop.")
            return
        _confirm(f"Forget the token of store {line.connection.bigcommerce.store_hash}?", yes=yes)
        line.shop_token.forget()
    click.echo(
        f"{line.name}: the token is forgotten here. Delete its API account in the control panel of the shop, too: "
        "BigCommerce takes it back nowhere else."
    )


def _line(app: App, name: str | None) -> Line:
    """The connection of this name, or the only one. Raises SettingsWrong."""
    if name is None:
        if len(app.lines) > 1:
            raise click.UsageError(f"Name one of the connections: {', '.join(app.lines)}.")
        return next(iter(app.lines.values()))
    app.settings.connection(name)
    return app.lines[name]


def _of_same_company(app: App, line: Line) -> Sequence[Line]:
    """All that use the tokens of `line`: an app has one pair of them for a company."""
    here = line.connection.quickbooks
    return [
        other
        for other in app.lines.values()
        if (other.connection.quickbooks.realm_id, other.connection.quickbooks.client_id)
        == (here.realm_id, here.client_id)
    ]


def _of_same_store(app: App, line: Line) -> Sequence[Line]:
    """All that use the token of the shop of `line`."""
    store = line.connection.bigcommerce.store_hash
    return [other for other in app.lines.values() if other.connection.bigcommerce.store_hash == store]


def _asked_for() -> str:
    if not sys.stdin.isatty():
        return _one_word(sys.stdin.read())
    return _one_word(click.prompt("Access token (it does not show)", hide_input=True))


def _one_word(text: str) -> str:
    """A token: one word of visible ASCII. Raises WrongUse, without quoting it."""
    found = text.strip()
    if not found or not found.isascii() or not found.isprintable() or " " in found:
        raise WrongUse("That is no access token: it is one word, as the control panel shows it once.")
    return found


def _refuse_settings_token(line: Line) -> None:
    if line.connection.bigcommerce.access_token is not None:
        variable = f"CARTLEDGER_CONNECTIONS__{line.name.upper()}__BIGCOMMERCE__ACCESS_TOKEN"
        raise WrongUse(
            f"The settings hold the shop's token ({variable}, or a credential of that name), which comes first.",
            fix="Take it out there, or change it there.",
        )


def _confirm(question: str, *, yes: bool) -> None:
    if not yes:
        click.confirm(question, abort=True)


def _say_connected(app: App, line: Line, allowed: Authorised, company: str, *, as_json: bool) -> None:
    if as_json:
        expires = allowed.token.refresh_expires
        facts = {"connection": line.name, "side": "quickbooks", "realm_id": allowed.realm_id, "company": company}
        print_json({**facts, "expires": expires})
        return
    shops = ", ".join(other.name for other in _of_same_company(app, line))
    click.echo(f"{shops} is connected to “{company}” (company {allowed.realm_id}). Next: cartledger check")
    if abs(allowed.skew) > SKEW_WORTH_A_WORD:
        click.echo(skew_sentence(allowed.skew, "Intuit"))


def _sides(line: Line) -> dict[str, dict[str, Any]]:
    return {
        "bigcommerce": {"of": line.connection.bigcommerce.store_hash, **_facts(line.shop_token.connected())},
        "quickbooks": {"of": line.connection.quickbooks.realm_id, **_facts(line.tokens.connected())},
    }


def _facts(found: Connected | None) -> dict[str, Any]:
    if found is None:
        return {"connected": False, "since": None, "way": None, "expires": None}
    return {"connected": True, **asdict(found)}


def _print(facts: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> None:
    rows = [
        (name, side, one["of"], _state(one), _minutes(one["since"]), _minutes(one["expires"]))
        for name, sides in facts.items()
        for side, one in sides.items()
    ]
    columns = ["connection", "side", "of", "connected", "since (UTC)", "good until (UTC)"]
    console = out()
    console.print(table("cartledger", columns, rows))
    for name, side, *_ in (row for row in rows if row[3] == "no"):
        console.print(f"{name}: cartledger connect {side} {name}", soft_wrap=True)


def _state(one: Mapping[str, Any]) -> str:
    if not one["connected"]:
        return "no"
    way = one["way"]
    return "yes" if way is None else _WORDS.get(way, f"by {way}")


def _minutes(moment: Any) -> str | None:
    return None if moment is None else f"{moment:{MINUTES}}"
