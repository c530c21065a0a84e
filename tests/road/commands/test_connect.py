"""`cartledger connect` and `disconnect`: a person lets the program in, on the page of the simulated company."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest
import time_machine

from simulator import Simulator
from simulator.quickbooks.oauth import LOOPBACK
from tests.road.commands.conftest import Command, with_second_shop
from tests.road.conftest import CONSOLE_SCRIPT, PATIENCE, Road

OWN_PAGE = "https://shop.example/connected"
AGAIN = "Run the command again"
STANDS = (
    "The app may still be connected to the company: an administrator sees that in QuickBooks under Apps, My apps (or "
    "Overview), and ends it there: Disconnect."
)


@pytest.fixture
def sim(make_sim) -> Simulator:
    """Six orders, and a company that nobody has let the program into."""
    sim = make_sim(connected=False)
    sim.fill(orders=6, customers=3, clean=True)
    return sim


@pytest.fixture
def road(sim, make_road) -> Road:
    """Without tokens in its settings."""
    road = make_road(sim)
    road.environment = without(road.environment, "ACCESS_TOKEN", "REFRESH_TOKEN")
    return road


def without(environment: Any, *ends: str) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.endswith(ends)}


@pytest.fixture
def told(command, road) -> Command:
    return command(road)


def token_file(road: Road, token: str | None = None) -> str:
    path = road.folder / "token"
    path.write_text(f"{road.sim.shop.access_token if token is None else token}\n")
    return str(path)


def press(address: str, answer: str = "connect") -> str:
    """A person opens the page and presses a button; where the browser is sent."""
    assert httpx.get(address).status_code == 200
    sent = httpx.post(address, data={"answer": answer})
    assert sent.status_code == 302, sent.text
    return sent.headers["location"]


def changed(address: str, **parameters: str | None) -> str:
    """The address with these parameters in place of its own; None takes one out."""
    kept = dict(parse_qsl(urlsplit(address).query)) | parameters
    found = urlencode({name: value for name, value in kept.items() if value is not None})
    return urlsplit(address)._replace(query=found).geturl()


def connect(told: Command) -> None:
    told("connect", "bigcommerce", "--token-file", token_file(told.road))
    told("connect", "quickbooks", "--redirected", press(told("connect", "quickbooks", "--address").stdout.strip()))


def kept(road: Road) -> Any:
    """The token of the company as it stands in the ledger."""
    return road.app().ledger.token(f"{road.sim.company.realm_id}:{road.sim.company.client_id}")


# -- the company


def test_the_address_asks_for_what_is_needed_and_no_more(told, sim):
    address = told("connect", "quickbooks", "--address").stdout.strip()
    page, _, asked = address.partition("?")
    asked = dict(parse_qsl(asked))
    assert page == sim.authorize_url
    assert len(asked.pop("state")) >= 43
    assert asked == {
        "client_id": sim.company.client_id,
        "response_type": "code",
        "scope": "com.intuit.quickbooks.accounting",
        "redirect_uri": LOOPBACK,
    }


def test_every_address_has_a_state_of_its_own(told):
    first, second = (told("connect", "quickbooks", "--address").stdout for _ in range(2))
    assert first != second


def test_what_is_allowed_is_kept_and_used(told, road, sim):
    connect(told)
    assert kept(road).refresh == sim.company.refresh_token
    assert road.sync().posted == 6


def test_it_says_which_company_it_is(told, road):
    address = told("connect", "quickbooks", "--address").stdout.strip()
    said = told("connect", "quickbooks", "--redirected", press(address)).stdout
    assert said == "demo is connected to “Lantern Goods” (company 4620816365000000001). Next: cartledger check\n"


def test_the_answer_may_come_by_stdin_and_be_facts(told, road, sim):
    answer = press(told("connect", "quickbooks", "--address").stdout.strip())
    result = subprocess.run(
        [
            str(CONSOLE_SCRIPT),
            "--config",
            str(road.config),
            "connect",
            "quickbooks",
            "demo",
            "--redirected",
            "-",
            "--json",
        ],
        env=dict(road.environment),
        input=f"{answer}\n",
        capture_output=True,
        text=True,
        check=True,
    )
    assert '"company": "Lantern Goods"' in result.stdout
    assert result.stderr == ""


WRONG_ANSWERS = {
    "denied": (
        lambda address: press(address, "refuse"),
        f"Access was refused on Intuit's page. {AGAIN}, as an administrator of the company, and choose “Connect”.",
    ),
    "wrong state": (
        lambda address: changed(press(address), state="another"),
        f"The answer is not to this request: its state is another one. {AGAIN} and open the address that it prints, "
        "not an older one.",
    ),
    "no state": (
        lambda address: changed(press(address), state=None),
        f"The answer is not to this request: its state is another one. {AGAIN} and open the address that it prints, "
        "not an older one.",
    ),
    "denied, wrong state": (
        lambda address: changed(press(address, "refuse"), state="another"),
        f"The answer is not to this request: its state is another one. {AGAIN} and open the address that it prints, "
        "not an older one.",
    ),
    "other company": (
        lambda address: changed(press(address), realmId="9130347957983546"),
        "The company that was chosen is 9130347957983546, and not 4620816365000000001, as it is set. "
        f"{AGAIN} and choose the other company, or set the realm id of this one.",
    ),
    "no company": (
        lambda address: changed(press(address), realmId=None),
        f"The answer has no realmId. {AGAIN} and take the whole address, as the browser shows it.",
    ),
    "no code": (
        lambda address: changed(press(address), code=None),
        f"The answer has no code. {AGAIN} and take the whole address, as the browser shows it.",
    ),
    "unknown code": (
        lambda address: changed(press(address), code="AB1unknown"),
        "Intuit does not take the code: it was used before, or is older than a few minutes. Run the command again.",
    ),
    "an error of the page": (
        lambda address: changed(press(address, "refuse"), error="invalid_scope"),
        f"Intuit's page answered with invalid_scope. {AGAIN}.",
    ),
    "an error that is none": (
        lambda address: changed(press(address, "refuse"), error="<script>"),
        f"Intuit's page answered with error. {AGAIN}.",
    ),
}


@pytest.mark.parametrize("case", WRONG_ANSWERS)
def test_a_wrong_answer_is_named_and_nothing_is_kept(told, road, case):
    answer, sentence = WRONG_ANSWERS[case]
    address = told("connect", "quickbooks", "--address").stdout.strip()
    said = told("connect", "quickbooks", "--redirected", answer(address), expect=1)
    assert said.stderr == f"{sentence}\n"
    assert said.stdout == ""
    assert kept(road) is None


def test_a_wrong_answer_leaves_an_older_connection_alone(told, road):
    connect(told)
    before = kept(road)
    told("connect", "quickbooks", "--redirected", "http://localhost:8765/callback?state=x", expect=1)
    assert kept(road) == before


def test_what_is_no_address_is_wrong_use(told, road):
    told("connect", "quickbooks", "--address")
    said = told("connect", "quickbooks", "--redirected", "AB1secretcode", expect=2).stderr
    assert said == "What was pasted is not the address that Intuit sent the browser to: it has no code and state.\n"


def test_an_answer_counts_once(told):
    answer = press(told("connect", "quickbooks", "--address").stdout.strip())
    told("connect", "quickbooks", "--redirected", answer)
    said = told("connect", "quickbooks", "--redirected", answer, expect=1).stderr
    assert said == (
        "No address was told within the last hour that this could be the answer to. "
        "Run `cartledger connect quickbooks --address` first.\n"
    )


def test_an_address_is_good_for_an_hour(told):
    now = datetime.now(UTC)
    address = told("connect", "quickbooks", "--address").stdout.strip()
    with time_machine.travel(now + timedelta(hours=1, minutes=1), tick=True):
        said = told("connect", "quickbooks", "--redirected", press(address), expect=1).stderr
    assert said.startswith("No address was told within the last hour")


def test_a_wrong_secret_of_the_app_is_named(told, road):
    name = "CARTLEDGER_CONNECTIONS__DEMO__QUICKBOOKS__CLIENT_SECRET"
    answer = press(told("connect", "quickbooks", "--address").stdout.strip())
    road.environment = {**road.environment, name: "another"}
    said = told("connect", "quickbooks", "--redirected", answer, expect=1).stderr
    assert said.startswith("Intuit does not know the app: the client id or the client secret is wrong.")
    assert kept(road) is None


def test_a_clock_that_is_wrong_is_told(told, sim):
    clock, ahead = sim.company.state.clock, timedelta(hours=2).total_seconds()
    sim.company.state.clock = lambda: clock() + ahead
    address = told("connect", "quickbooks", "--address").stdout.strip()
    said = told("connect", "quickbooks", "--redirected", press(address)).stdout
    assert said.splitlines()[1:] == [
        "This machine's clock is 120 minutes behind Intuit's; set it (timedatectl set-ntp true)."
    ]


def test_a_company_that_cannot_be_read_is_connected_all_the_same(told, road, sim):
    sim.company.subscription_lapsed = True
    answer = press(told("connect", "quickbooks", "--address").stdout.strip())
    said = told("connect", "quickbooks", "--redirected", answer, expect=1).stderr
    assert said.startswith(
        "The tokens are kept, but the company cannot be read:\nThe company's subscription has lapsed. (QuickBooks 7001)"
    )
    assert kept(road).refresh == sim.company.refresh_token


def test_a_network_that_does_not_answer_is_named(told, road, sim):
    answer = press(told("connect", "quickbooks", "--address").stdout.strip())
    sim.faults.add(side="quickbooks", call="token", kind="drop_after")
    said = told("connect", "quickbooks", "--redirected", answer, expect=1).stderr
    assert said.startswith("The code could not be exchanged. 127.0.0.1 closed the connection without an answer.")
    assert kept(road) is None


# -- listening and pasting, as processes


@dataclass(kw_only=True)
class Asking:
    """`connect quickbooks` in a process, after it has said where to go."""

    process: subprocess.Popen[str]
    address: str
    heard: str

    def end(self, pasted: str = "") -> tuple[int, str]:
        """Its exit code, and all that it said."""
        assert self.process.stdin
        assert self.process.stdout
        end = threading.Timer(PATIENCE, self.process.kill)
        end.start()
        # Not by `communicate`: it does not know of lines that came with the address and were not asked for yet.
        with self.process:
            with contextlib.suppress(BrokenPipeError), self.process.stdin as stdin:
                stdin.write(pasted)
            said = self.heard + self.process.stdout.read()
        end.cancel()
        return self.process.returncode, said


@pytest.fixture
def ask(road) -> Iterator[Callable[..., Asking]]:
    asked = []

    def start(*options: str) -> Asking:
        command = [str(CONSOLE_SCRIPT), "--config", str(road.config), "connect", "quickbooks", *options]
        process = subprocess.Popen(
            command,
            env=dict(road.environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        asked.append(process)
        assert process.stdout is not None
        heard = ""
        while (found := re.search(r"^http\S+$", heard, re.MULTILINE)) is None:
            line = process.stdout.readline()
            assert line, heard
            heard += line
        return Asking(process=process, address=found[0], heard=heard)

    yield start
    for process in asked:
        with process:
            process.kill()


@pytest.fixture
def port(road, sim) -> int:
    """A free port of this machine, and the redirect URI that has it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    redirect(road, f"http://localhost:{port}/callback")
    return port


def redirect(road: Road, uri: str) -> None:
    road.sim.company.tokens.redirect_uris.add(uri)
    road.environment = {**road.environment, "CARTLEDGER_CONNECTIONS__DEMO__QUICKBOOKS__REDIRECT_URI": uri}


def no_secrets(road: Road, said: str, *more: str) -> None:
    tokens = road.sim.company.tokens
    for secret in (tokens.client_secret, tokens.refresh_token, *tokens._access, *more):
        assert secret not in said


@pytest.mark.option("quickbooks.redirect_uri", "quickbooks.authorize_url")
def test_the_browser_of_this_machine_brings_the_answer(ask, road, port):
    asking = ask()
    assert asking.address.startswith(f"{road.sim.authorize_url}?")
    answer = press(asking.address)
    assert answer.startswith(f"http://localhost:{port}/callback?")
    shown = httpx.get(answer)
    assert (shown.status_code, "This window can be closed" in shown.text) == (200, True)
    assert shown.headers["referrer-policy"] == "no-referrer"
    code, said = asking.end()
    assert code == 0
    assert said.endswith("demo is connected to “Lantern Goods” (company 4620816365000000001). Next: cartledger check\n")
    assert kept(road).refresh == road.sim.company.refresh_token
    assert road.app().lines["demo"].tokens.connected().way == "browser"
    no_secrets(road, said, dict(parse_qsl(urlsplit(answer).query))["code"])


def test_the_browser_is_shown_what_is_wrong(ask, road, port):
    asking = ask()
    shown = httpx.get(press(asking.address, "refuse"))
    assert shown.status_code == 400
    assert "Access was refused on Intuit&#x27;s page." in shown.text
    code, said = asking.end()
    assert code == 1
    assert said.endswith(
        f"Access was refused on Intuit's page. {AGAIN}, as an administrator of the company, and choose “Connect”.\n"
    )
    assert kept(road) is None


def test_a_forged_answer_ends_it_and_nothing_is_kept(ask, road, port):
    asking = ask()
    forged = changed(press(asking.address), state="guessed")
    shown = httpx.get(forged)
    assert (shown.status_code, "guessed" in shown.text) == (400, False)
    assert asking.end()[0] == 1
    assert kept(road) is None


def test_connections_on_which_nothing_comes_and_what_is_no_answer_are_passed_over(ask, road, port):
    asking = ask()
    with socket.create_connection(("127.0.0.1", port)):
        assert httpx.get(f"http://localhost:{port}/favicon.ico").status_code == 404
        with socket.create_connection(("127.0.0.1", port)) as garbled:
            garbled.sendall(b"GET /callback?code=AB1secret HTTP/nonsense and more\r\n\r\n")
            assert b"400" in garbled.recv(1000)
        assert httpx.get(press(asking.address)).status_code == 200
        code, said = asking.end()
        assert (code, "AB1secret" in said) == (0, False)


def test_only_this_machine_is_listened_to(ask, port):
    ask()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", port), timeout=5)


def test_nobody_comes_back(told, port):
    said = told("connect", "quickbooks", "--wait", "0", expect=1).stderr
    assert said == (
        f"No browser came back within 0 minutes. {AGAIN}; where the browser is on another machine, add --paste.\n"
    )


def test_a_port_that_is_taken(told, road, port):
    with socket.create_server(("127.0.0.1", port)):
        said = told("connect", "quickbooks", expect=2).stderr
    assert said == (
        f"Port {port} of this machine cannot be listened to: Address already in use. End what uses it, or take another "
        "one: as --port and in the redirect URI, here and at the app's keys.\n"
    )


def test_a_port_for_what_comes_through_a_tunnel(ask, road, port):
    redirect(road, OWN_PAGE)
    asking = ask("--port", str(port))
    arrived = press(asking.address).replace("https://shop.example", f"http://127.0.0.1:{port}")
    assert httpx.get(arrived).status_code == 200
    assert asking.end()[0] == 0


def test_a_browser_of_this_machine_is_opened(ask, road, port, tmp_path):
    browser = tmp_path / "browser"
    browser.write_text('#!/bin/sh\nprintf %s "$1" > "$0.opened"\n')
    browser.chmod(0o700)
    road.environment = {**road.environment, "BROWSER": f"{browser} %s"}
    asking = ask("--browser")
    assert httpx.get(press(asking.address)).status_code == 200
    assert asking.end()[0] == 0
    assert (tmp_path / "browser.opened").read_text() == asking.address


@pytest.mark.parametrize("uri", [OWN_PAGE, LOOPBACK])
def test_the_address_is_pasted_where_the_browser_is_elsewhere(ask, road, uri):
    redirect(road, uri)
    asking = ask(*["--paste"] * (uri == LOOPBACK))
    answer = press(asking.address)
    assert answer.startswith(uri)
    code, said = asking.end(f"{answer}\n")
    assert code == 0, said
    why = f"Intuit then sends the browser to {OWN_PAGE}, where cartledger cannot listen."
    assert (why in said) is (uri == OWN_PAGE)
    assert kept(road).refresh == road.sim.company.refresh_token
    no_secrets(road, said, dict(parse_qsl(urlsplit(answer).query))["code"])


# -- the shop


def test_the_shops_token_is_kept_and_used(told, road, sim):
    said = told("connect", "bigcommerce", "--token-file", token_file(road)).stdout
    assert said.startswith("demo is connected to the shop “")
    assert road.app().lines["demo"].shop.store()["id"]


def test_the_shops_token_may_come_by_stdin(road, sim):
    command = [str(CONSOLE_SCRIPT), "--config", str(road.config), "connect", "bigcommerce", "--json"]
    result = subprocess.run(
        command, env=dict(road.environment), input=sim.shop.access_token, capture_output=True, text=True, check=True
    )
    assert '"side": "bigcommerce"' in result.stdout
    assert sim.shop.access_token not in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("token", "expect", "said"),
    [
        ("another", 1, "BigCommerce refuses the token."),
        ("", 2, "That is no access token: it is one word, as the control panel shows it once."),
        ("two words", 2, "That is no access token: it is one word, as the control panel shows it once."),
    ],
)
def test_a_wrong_token_of_the_shop_is_not_kept(told, road, token, expect, said):
    assert told("connect", "bigcommerce", "--token-file", token_file(road, token), expect=expect).stderr.startswith(
        said
    )
    assert road.app().lines["demo"].shop_token.connected() is None


def test_all_scopes_that_the_shops_token_lacks_are_told_and_it_is_not_kept(told, road, sim):
    sim.shop.scopes -= {"store_v2_transactions_read_only", "store_v2_products_read_only"}
    said = told("connect", "bigcommerce", "--token-file", token_file(road), expect=1).stderr
    assert re.findall("scope “(.+?)”", said) == ["Order Transactions: read-only", "Products: read-only"]
    assert said.endswith("The token was not kept.\n")
    assert road.app().lines["demo"].shop_token.connected() is None


def test_a_token_in_the_settings_comes_first(told, road, sim, make_road):
    settled = make_road(sim, folder=road.folder)
    settled.environment = without(settled.environment, "REFRESH_TOKEN")
    for words in (["connect", "bigcommerce", "--token-file", token_file(road)], ["disconnect", "bigcommerce", "--yes"]):
        assert Command(road=settled)(*words, expect=2).stderr == (
            "The settings hold the shop's token (CARTLEDGER_CONNECTIONS__DEMO__BIGCOMMERCE__ACCESS_TOKEN, or a "
            "credential of that name), which comes first. Take it out there, or change it there.\n"
        )


# -- what is connected


def test_nothing_is_connected_yet(told):
    facts = told.facts("connect", expect=1)
    assert facts["demo"]["quickbooks"] == {
        "of": "4620816365000000001",
        "connected": False,
        "since": None,
        "way": None,
        "expires": None,
    }
    assert [line for line in told("connect", expect=1).stdout.splitlines() if ": cartledger" in line] == [
        "demo: cartledger connect bigcommerce demo",
        "demo: cartledger connect quickbooks demo",
    ]


def test_what_is_connected_is_shown_with_its_end(told):
    before = datetime.now(UTC)
    connect(told)
    facts = told.facts("connect")["demo"]
    assert [(side["connected"], side["way"]) for side in facts.values()] == [(True, "token"), (True, "pasted")]
    since, expires = (datetime.fromisoformat(facts["quickbooks"][name]) for name in ("since", "expires"))
    assert before <= since <= datetime.now(UTC)
    assert (expires - since).days in (100, 101)
    shown = told("connect").stdout
    assert re.search(r"bigcommerce\W+\w+\W+by hand\b", shown)
    assert re.search(r"quickbooks\W+\w+\W+by pasting\b", shown)


def test_how_the_shops_token_came_is_not_made_up(told, road):
    """A ledger of before it was noted."""
    told("connect", "bigcommerce", "--token-file", token_file(road))
    road.app().ledger.drop_reference(f"store:{road.sim.shop.store_hash}", "connected")
    facts = told.facts("connect", expect=1)["demo"]["bigcommerce"]
    assert (facts["connected"], facts["way"]) == (True, None)
    assert re.search(r"bigcommerce\W+\w+\W+yes\b", told("connect", expect=1).stdout)


def test_tokens_of_the_settings_are_shown_as_such(sim, make_road, command):
    sim.company.tokens.exchange(
        (sim.company.client_id, sim.company.client_secret),
        {"grant_type": "authorization_code", "code": sim.company.tokens.issue_code(), "redirect_uri": LOOPBACK},
    )
    facts = command(make_road(sim)).facts("connect")["demo"]
    assert [side["way"] for side in facts.values()] == ["settings", "settings"]


def test_check_says_what_is_not_connected(told):
    said = told("check", expect=2).stdout
    assert re.findall(r"demo\.\w+: \w+ is not connected yet\. .*", said) == [
        "demo.bigcommerce: BigCommerce is not connected yet. Run `cartledger connect bigcommerce demo`.",
        "demo.quickbooks: QuickBooks is not connected yet. Run `cartledger connect quickbooks demo`, as an "
        "administrator of the company.",
    ]


@pytest.mark.parametrize(("days", "warned"), [(13, True), (15, False)])
def test_check_warns_before_the_connection_ends(told, sim, days, warned):
    sim.company.tokens.hard_lifetime = days * 86_400
    connect(told)
    said = told("check").stdout
    assert ("The connection to the company ends on " in said) is warned
    assert ("Run `cartledger connect quickbooks demo` before that." in said) is warned


def test_orders_wait_until_it_is_connected(told, road):
    told("connect", "bigcommerce", "--token-file", token_file(road))
    synced = road.sync()
    assert synced.posted == 0
    assert "Run `cartledger connect quickbooks demo`" in " ".join(synced.troubles)
    connect(told)
    assert road.sync().posted == 6


# -- taking back, and again


@pytest.mark.option("quickbooks.revoke_url")
def test_a_connection_is_taken_back_at_intuit_and_here(told, road, sim):
    connect(told)
    said = told("disconnect", "quickbooks", "--yes").stdout
    assert said == (
        "demo: no longer connected to company 4620816365000000001. "
        "cartledger connect quickbooks demo connects it again.\n"
    )
    assert sim.company.refresh_token == ""
    assert kept(road) is None
    assert told.facts("connect", expect=1)["demo"]["quickbooks"]["connected"] is False
    assert told("disconnect", "quickbooks").stdout == "demo is not connected to its company.\n"


def test_a_token_that_intuit_does_not_know_is_forgotten_and_told_of(told, road, sim):
    """The owner took it back, or another ledger has exchanged it for the next one."""
    connect(told)
    sim.company.tokens.refresh_token = "RT1-of-another-ledger"
    sim.company.tokens.expire_access()
    assert told("disconnect", "quickbooks", "--yes").stdout == (
        "demo: the tokens for company 4620816365000000001 are forgotten here; Intuit did not know them any more. "
        f"{STANDS} cartledger connect quickbooks demo connects it again.\n"
    )
    assert kept(road) is None


NOT_TAKEN_BACK = {
    "no connection": (
        {"kind": "drop_before"},
        "The connection could not be taken back. 127.0.0.1 closed the connection",
    ),
    "a lost answer": (
        {"kind": "drop_after"},
        "The connection could not be taken back. 127.0.0.1 closed the connection",
    ),
    "out of order": (
        {"kind": "status", "status": 503, "body": "html"},
        "The connection could not be taken back. Intuit answered with status 503.",
    ),
    "throttled": ({"kind": "throttled"}, "The connection could not be taken back. There were too many calls."),
    "keys of before": (
        {"kind": "status", "status": 401, "body": "empty"},
        "Intuit does not know the app: the client id",
    ),
}


@pytest.mark.parametrize("case", NOT_TAKEN_BACK)
def test_what_intuit_does_not_take_back_is_forgotten_only_where_a_person_says_anyway(told, road, sim, case):
    connect(told)
    fault, sentence = NOT_TAKEN_BACK[case]
    sim.faults.add(side="quickbooks", call="revoke", **fault)
    refused = told("disconnect", "quickbooks", "--yes", expect=1)
    assert (refused.stdout, refused.stderr.splitlines()[0]) == (
        "",
        "The tokens are kept (--anyway forgets them here all the same):",
    )
    assert refused.stderr.splitlines()[1].startswith(sentence)
    assert kept(road) is not None
    forgotten = told("disconnect", "quickbooks", "--yes", "--anyway")
    assert forgotten.stderr.startswith(sentence)
    assert forgotten.stdout == (
        "demo: the tokens for company 4620816365000000001 are forgotten here, and not taken back at Intuit. "
        f"{STANDS} cartledger connect quickbooks demo connects it again.\n"
    )
    assert kept(road) is None
    connect(told)
    assert road.sync().posted == 6


def test_anyway_takes_it_back_where_intuit_answers(told, road, sim):
    connect(told)
    said = told("disconnect", "quickbooks", "--yes", "--anyway").stdout
    assert said.startswith("demo: no longer connected to company 4620816365000000001.")
    assert (sim.company.refresh_token, kept(road)) == ("", None)


def test_it_asks_before_it_takes_back(told, road):
    connect(told)
    assert (
        "Take back the connection to company 4620816365000000001, of demo?"
        in told("disconnect", "quickbooks", expect=1).output
    )
    assert kept(road) is not None


def test_the_shops_token_is_forgotten(told, road):
    connect(told)
    told("disconnect", "bigcommerce", "--yes")
    assert told.facts("connect", expect=1)["demo"]["bigcommerce"]["connected"] is False
    assert told("disconnect", "bigcommerce", "--yes").stdout == "demo is not connected to its shop.\n"


def test_a_running_program_takes_a_new_connection_at_once(told, road, sim):
    connect(told)
    road.enable()
    sim.company.tokens.revoke()
    running = road.start("run")
    road.until(lambda: any(circuit.needs_person for circuit in road.ledger.circuits(road.pair)))
    told("connect", "quickbooks", "--redirected", press(told("connect", "quickbooks", "--address").stdout.strip()))
    road.until_settled()
    assert running.process.poll() is None
    assert running.stop() == 0
    road.agree()


def test_what_was_allowed_replaces_the_token_of_the_settings(sim, make_road):
    settled = make_road(sim)
    settled.connect_again()
    settled.sync()
    sim.company.tokens.revoke()
    told = Command(road=settled)
    told("connect", "quickbooks", "--redirected", press(told("connect", "quickbooks", "--address").stdout.strip()))
    assert told.facts("connect")["demo"]["quickbooks"]["way"] == "pasted"
    assert settled.app().lines["demo"].quickbooks.company_info()["CompanyName"] == "Lantern Goods"
    assert sim.company.counts.invalid_grants == 0


def test_a_token_of_the_settings_that_was_never_used_is_replaced_too(sim, make_road):
    settled = make_road(sim)
    settled.environment = {**settled.environment, "CARTLEDGER_CONNECTIONS__DEMO__QUICKBOOKS__REFRESH_TOKEN": "RT1-dead"}
    told = Command(road=settled)
    told("connect", "quickbooks", "--redirected", press(told("connect", "quickbooks", "--address").stdout.strip()))
    assert settled.app().lines["demo"].quickbooks.company_info()["CompanyName"] == "Lantern Goods"
    assert sim.company.counts.invalid_grants == 0


def test_a_process_without_the_settings_token_does_not_revive_it(sim, make_road):
    """A person's shell may lack the credentials that the service has."""
    settled = make_road(sim)
    settled.connect_again()
    settled.sync()
    sim.company.tokens.revoke()
    service = settled.environment
    settled.environment = without(service, "REFRESH_TOKEN")
    told = Command(road=settled)
    told("connect", "quickbooks", "--redirected", press(told("connect", "quickbooks", "--address").stdout.strip()))
    settled.environment = service
    assert settled.app().lines["demo"].quickbooks.company_info()["CompanyName"] == "Lantern Goods"
    assert sim.company.counts.invalid_grants == 0


def test_what_was_disconnected_is_not_revived_by_the_settings(sim, make_road):
    settled = make_road(sim)
    settled.connect_again()
    told = Command(road=settled)
    told("disconnect", "quickbooks", "--yes")
    assert told.facts("connect", expect=1)["demo"]["quickbooks"]["connected"] is False
    settled.connect_again()
    assert settled.sync().posted == 6


def test_several_connections_are_named(make_sim, make_road, command):
    first = make_sim()
    road = with_second_shop(first, make_sim(), make_road)
    said = command(road)("connect", "quickbooks", "--address", expect=2).stderr
    assert "Name one of the connections: demo, second." in said


def test_a_refresh_token_in_the_settings_of_one_shop_serves_all_of_its_company(make_sim, make_road):
    first = make_sim()
    road = with_second_shop(first, make_sim(), make_road)
    name = "CARTLEDGER_CONNECTIONS__SECOND__QUICKBOOKS__"
    road.environment = without(road.environment, f"{name}REFRESH_TOKEN") | {
        f"{name}CLIENT_SECRET": first.company.client_secret
    }
    road.app().lines["second"].quickbooks.company_info()
    road.app().lines[road.name].quickbooks.company_info()
    assert (first.company.counts.token_refreshes, first.company.counts.invalid_grants) == (1, 0)
