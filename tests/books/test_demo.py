"""`cartledger demo` as a newcomer runs it: a process, its output, and what it leaves behind."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from daemon.demos.proof import agree
from daemon.demos.stock import Kept

PROGRAM = Path(sys.executable).parent / "cartledger"
PATIENCE = 300
"""Seconds after which a test gives up; a demo takes up to a tenth of them where the machine has nothing else to do."""

KEYS = {
    "orders": None,
    "posted": None,
    "held": None,
    "excluded": None,
    "documents": None,
    "duplicates": None,
    "difference": None,
    "tax_difference": None,
    "tax_by_rate_difference": None,
    "tax_by_agency": None,
    "bigcommerce": {"calls", "throttled"},
    "quickbooks": {"reads", "batches", "singles", "written", "throttled"},
    "seconds": None,
}


@pytest.fixture
def demo(tmp_path):
    """Runs `cartledger demo` to its end."""

    return lambda *args: run_to_its_end([PROGRAM, "demo", *args], tmp_path)


def run_to_its_end(command, folder):
    return subprocess.run(
        command, cwd=folder, env=_environment(), capture_output=True, text=True, timeout=PATIENCE, check=False
    )


def _environment():
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}


def facts_of(finished):
    assert finished.returncode == 0, finished.stderr
    facts = json.loads(finished.stdout)
    assert facts.keys() == KEYS.keys()
    assert {name: facts[name].keys() for name, inner in KEYS.items() if inner} == {
        name: inner for name, inner in KEYS.items() if inner
    }
    assert facts["posted"] + facts["held"] + facts["excluded"] == facts["orders"]
    assert (facts["documents"], facts["duplicates"], facts["difference"]) == (facts["posted"], 0, "0.00")
    assert facts["tax_difference"] == "0.00"
    assert (facts["tax_by_rate_difference"] is None) == (facts["tax_by_agency"] is not None)
    assert facts["tax_by_rate_difference"] in ("0.00", None)
    assert (facts["bigcommerce"]["throttled"], facts["quickbooks"]["throttled"]) == (0, 0)
    assert facts["quickbooks"]["singles"] == 0
    return facts


def test_one_object_and_the_same_seed_makes_the_same_shop(demo):
    first, second = (facts_of(demo("--orders", "25", "--seed", "7", "--json")) for _ in range(2))
    assert first["orders"] == 25
    assert first["quickbooks"].pop("written") == second["quickbooks"].pop("written") > first["posted"]
    for timing in ("seconds", "quickbooks", "bigcommerce"):
        del first[timing], second[timing]
    assert first == second


def test_the_other_price_mode_kind_of_company_and_document(demo):
    others = ("--price-mode", "inclusive", "--company", "us_ast", "--post-as", "invoice")
    facts = facts_of(demo("--orders", "25", "--seed", "3", "--json", *others))
    assert facts["quickbooks"]["written"] > 1.6 * facts["posted"] > 0  # invoices, most of their payments, customers
    assert facts["tax_by_agency"].keys() == {"State Board of Sales Tax"}


@pytest.mark.parametrize(("company", "mode"), [("uk", "inclusive"), ("au", "exclusive"), ("ca", "inclusive")])
def test_companies_with_a_code_on_every_line(demo, company, mode):
    facts = facts_of(demo("--orders", "25", "--seed", "3", "--json", "--company", company, "--price-mode", mode))
    assert facts["posted"] > 15


def test_a_company_that_sells_in_two_currencies(demo):
    finished = demo("--orders", "25", "--seed", "3", "--company", "eur")
    assert finished.returncode == 0, finished.stderr
    proof = {
        cells[0]: cells[1:]
        for line in finished.stdout.splitlines()
        if (cells := [cell.strip() for cell in line.split("│")])[-1] == "0.00"
    }
    kinds = ("sales with tax", "sales tax in them", "money received")
    assert proof.keys() == {f"{kind}, {currency}" for kind in kinds for currency in ("EUR", "USD")}
    assert all(shop == books for shop, books, _ in proof.values())
    assert "Difference of the tax, rate by rate: 0.00." in finished.stdout


def test_on_rabbitmq(demo):
    url = os.environ.get("CARTLEDGER_TEST_AMQP_URL")
    if not url:
        pytest.skip("no RabbitMQ: CARTLEDGER_TEST_AMQP_URL is not set")
    on_rabbitmq = facts_of(demo("--orders", "25", "--seed", "7", "--json", "--broker", url))
    in_process = facts_of(demo("--orders", "25", "--seed", "7", "--json"))
    for facts in (on_rabbitmq, in_process):
        for timing in ("seconds", "quickbooks", "bigcommerce"):
            del facts[timing]
    assert on_rabbitmq == in_process


def test_what_a_newcomer_sees(demo):
    finished = demo()
    assert finished.returncode == 0, finished.stderr
    assert [line for line in finished.stderr.splitlines() if json.loads(line)["action"] != "progress"] == []
    lines = [[cell.strip() for cell in line.split("│")] for line in finished.stdout.splitlines()]
    counts = {cells[0]: int(cells[1]) for cells in lines if cells[0] in {"posted", "held", "excluded"}}
    assert sum(counts.values()) == 120
    assert counts["held"] >= 4
    proof = {cells[0]: cells[1:] for cells in lines if cells[-1] == "0.00"}
    assert proof.keys() == {"sales with tax", "sales tax in them", "money received"}
    assert all(shop == books and len(shop) > len("0.00") for shop, books, _ in proof.values())
    for cause in ("totals do not close", "cannot be read", "status 15", "books are in USD"):
        assert cause in " ".join(" ".join(cells[1:2]) for cells in lines), finished.stdout
    assert "Documents there twice: 0." in finished.stdout
    assert "demo --keep demo" in finished.stdout


LIVES = [
    ("us", "exclusive", "sales_receipt"),
    ("us_ast", "inclusive", "invoice"),
    ("uk", "inclusive", "invoice"),
    ("eur", "exclusive", "sales_receipt"),
]


@pytest.mark.parametrize(("company", "mode", "post_as"), LIVES)
def test_orders_that_live_on(demo, company, mode, post_as):
    kind = ("--company", company, "--price-mode", mode, "--post-as", post_as)
    finished = demo("--life", "--orders", "60", "--seed", "4", "--json", *kind)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    facts = json.loads(finished.stdout)
    since = {name: facts.pop(name) for name in ("refunds", "voids", "edits")}
    assert facts.keys() == KEYS.keys()
    assert {name: one["difference"] for name, one in since.items()} == dict.fromkeys(since, "0.00")
    assert since["refunds"]["count"] > 10
    assert since["edits"]["count"] > 1
    assert (facts["difference"], facts["duplicates"]) == ("0.00", 0)
    assert facts["posted"] + facts["held"] + facts["excluded"] == facts["orders"]


def test_what_became_of_the_orders_is_told(demo):
    finished = demo("--life", "--orders", "60", "--seed", "5")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    lines = [[cell.strip() for cell in line.split("│")] for line in finished.stdout.splitlines()]
    told = {cells[0]: cells[1:] for cells in lines if cells[0] in SINCE}
    assert {what: difference for what, (_, difference) in told.items()} == dict.fromkeys(SINCE, "0.00")
    assert int(told["refunds booked"][0]) > 5
    assert int(told["invoices voided or taken back"][0]) > 0


SINCE = ("refunds booked", "invoices voided or taken back", "documents changed")

STOCK = {
    "skus",
    "changed",
    "written",
    "approved",
    "held_by_breaker",
    "written_meanwhile",
    "equal",
    "above",
    "below",
    "oversold",
}


@pytest.mark.parametrize(
    ("company", "mode", "post_as"),
    [("us", "exclusive", "sales_receipt"), ("uk", "inclusive", "invoice"), ("eur", "exclusive", "sales_receipt")],
)
def test_stock_follows_and_the_breaker_holds(demo, company, mode, post_as):
    kind = ("--company", company, "--price-mode", mode, "--post-as", post_as)
    finished = demo("--stock", "--orders", "24", "--seed", "6", "--json", *kind)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    facts = json.loads(finished.stdout)
    assert facts.keys() == KEYS.keys() | STOCK | {"refunds", "voids", "edits"}
    assert facts["orders"] > 24
    assert facts["equal"] == facts["skus"] == facts["approved"] == facts["changed"] > 20
    assert facts["written"] > facts["approved"]  # and what was traded since
    assert 20 < facts["held_by_breaker"] <= facts["skus"]
    assert [facts[name] for name in ("above", "below", "oversold", "written_meanwhile")] == [0, 0, 0, 0]
    assert (facts["difference"], facts["duplicates"]) == ("0.00", 0)
    said = [json.loads(line)["action"] for line in finished.stderr.splitlines()]
    assert [action for action in said if action != "progress"] == ["stock_held", "stock_held", "stock_released"]


def test_what_became_of_the_stock_is_told(demo):
    finished = demo("--stock", "--orders", "24", "--seed", "7")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    lines = [[cell.strip() for cell in line.split("│")] for line in finished.stdout.splitlines()]
    told = {cells[0]: int(cells[1]) for cells in lines if cells[0] in {"kept", "held", "equal", "above", "oversold"}}
    assert told["equal"] == told["kept"] >= told["held"] > 20
    assert (told["above"], told["oversold"]) == (0, 0)


def test_one_of_life_and_stock(demo):
    finished = demo("--stock", "--life")
    assert finished.returncode == 2
    assert "Choose one of --life and --stock." in finished.stderr


KEPT = {
    "skus": 9,
    "changed": 9,
    "written": 20,
    "approved": 9,
    "held_by_breaker": 9,
    "written_meanwhile": 0,
    "equal": 9,
    "above": 0,
    "below": 0,
    "oversold": 0,
}


@pytest.mark.parametrize(
    "off",
    [
        {},
        {"equal": 8, "above": 1},
        {"equal": 8, "below": 1},
        {"oversold": 1},
        {"held_by_breaker": 0},
        {"written_meanwhile": 1},
        {"written": 0},
        {"skus": 0, "equal": 0},
    ],
)
def test_stock_agrees_where_nothing_is_off(off):
    assert Kept(**(KEPT | off)).agrees is not bool(off)


AGREED = {
    "orders": 10,
    "posted": 7,
    "held": 2,
    "excluded": 1,
    "documents": 7,
    "duplicates": 0,
    "difference": "0.00",
    "tax_difference": "0.00",
    "tax_by_rate_difference": None,
}
SIDES = {"totals": {"USD": {"money": {"shop": "1.00", "books": "1.00"}}}}
NONE = {"count": 0, "difference": "0.00"}
LIVED = {**AGREED, "refunds": NONE, "voids": {"count": 2, "difference": "0.00"}, "edits": NONE, "documents": 5}


@pytest.mark.parametrize(
    ("facts", "off"),
    [
        (AGREED, {}),
        (AGREED, {"posted": 8}),
        (AGREED, {"documents": 6}),
        (AGREED, {"documents": 8}),
        (AGREED, {"duplicates": 1}),
        (AGREED, {"difference": "0.01"}),
        (AGREED, {"tax_difference": "0.01"}),
        (AGREED, {"tax_by_rate_difference": "0.01"}),
        (LIVED, {}),
        (LIVED, {"documents": 4}),
        (LIVED, {"duplicates": 1}),
        *((LIVED, {name: {"count": 0, "difference": "0.01"}}) for name in ("refunds", "edits")),
        (LIVED, {"voids": {"count": 2, "difference": "0.01"}}),
    ],
)
def test_shop_and_books_agree_where_nothing_is_off(facts, off):
    assert agree(facts | off, SIDES) is not bool(off)


def test_they_do_not_where_money_went_elsewhere():
    off = {"shop": "1.00", "books": "1.01"}
    assert not agree(AGREED, {"totals": {"USD": {"money": off}}})
    assert agree({**LIVED, "documents": 6}, SIDES)


@pytest.fixture
def kept(tmp_path):
    """A demo that stays in the folder `play here`: the process, and its output until it waited."""
    command = [PROGRAM, "demo", "--orders", "6", "--seed", "5", "--keep", "play here"]
    process = subprocess.Popen(command, cwd=tmp_path, env=_environment(), stdout=subprocess.PIPE, text=True)
    try:
        said = []
        while "run " not in (line := process.stdout.readline()):
            assert line, said
            said.append(line)
        yield process, "".join([*said, line])
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_kept_demo_can_be_played_with_as_it_says_and_ends_at_ctrl_c(kept, demo, tmp_path):
    process, said = kept
    folder = tmp_path / "play here"
    assert {path.name for path in folder.iterdir()} >= {"cartledger.toml", "cartledger.db", "secrets.env"}
    for name in ("secrets.env", "cartledger.db"):
        assert (folder / name).stat().st_mode & 0o777 == 0o600

    source, *commands = [line.strip() for line in said.partition("Ctrl-C")[2].splitlines()[1:] if line.strip()]
    calls = [re.split(r"\s{2,}", command)[0] for command in commands]
    assert [call.partition("cartledger ")[2] for call in calls] == [
        "status",
        "held list",
        "sync demo",
        "enable demo",
        "run",
    ]
    for call in calls[:-1]:
        done = _in_a_shell(f"{source} && {call}", tmp_path)
        assert done.returncode in (0, 1), done.stderr
        assert "Traceback" not in done.stderr
    status = json.loads(_in_a_shell(f"{source} && {calls[0]} --json", tmp_path).stdout)
    assert status["connections"]["demo"]["enabled"] is True
    _run_and_stop(f"{source} && exec {calls[-1]}", tmp_path)

    again = demo("--keep", "play here")
    assert again.returncode == 2
    assert "holds a demo already; name another folder" in again.stderr

    url = simulators_of(folder)
    assert answers(url)
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == 0
    assert not answers(url)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGKILL, -9)])
def test_a_kept_demo_takes_the_simulators_along_however_it_ends(kept, tmp_path, number, code):
    process, _ = kept
    url = simulators_of(tmp_path / "play here")
    process.send_signal(number)
    assert process.wait(PATIENCE) == code
    limit = time.monotonic() + PATIENCE
    while answers(url):
        assert time.monotonic() < limit, f"{url} still answers"


def test_a_broker_that_is_not_there_is_a_sentence(demo):
    finished = demo("--orders", "5", "--broker", "pika://guest:secret@127.0.0.1:9/%2F")
    assert (finished.returncode, finished.stdout) == (1, "")
    assert "127.0.0.1:9" in finished.stderr
    assert "secret" not in finished.stderr
    assert "Traceback" not in finished.stderr


def _in_a_shell(command, folder):
    return run_to_its_end(["/bin/sh", "-c", command], folder)


def simulators_of(folder):
    """The address of a kept demo's shop and company."""
    return re.search(r'api_url = "(http://[\d.:]+)/', (folder / "cartledger.toml").read_text())[1]


def answers(url):
    try:
        return httpx.get(f"{url}/control/ready").json() == {"ready": True}
    except httpx.ConnectError:
        return False


def _run_and_stop(command, folder):
    """Until it says that it has started; then SIGTERM."""
    process = subprocess.Popen(
        ["/bin/sh", "-c", command], cwd=folder, env=_environment(), stderr=subprocess.PIPE, text=True
    )
    said = process.stderr.readline()
    process.terminate()
    rest = process.communicate(timeout=PATIENCE)[1]
    assert (process.returncode, json.loads(said)["action"]) == (0, "started"), said + rest


# -- served, for somebody who connects it


@pytest.fixture
def served(tmp_path):
    """`cartledger demo --serve FOLDER` of a few orders, until the test is over. Returns what it has printed."""
    command = [PROGRAM, "demo", "--serve", "served", "--orders", "12"]
    process = subprocess.Popen(command, cwd=tmp_path, env=_environment(), stdout=subprocess.PIPE, text=True)
    said = ""
    while "disconnect" not in said:
        line = process.stdout.readline()
        assert line, said
        said += line
    yield said
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 0


def test_a_served_demo_is_connected_by_hand(served, tmp_path):
    lines = re.search(r"export (CARTLEDGER_CONFIG)=(\S+)\n(.+? setup .+?)\n\n", served, re.DOTALL)
    environment = {**_environment(), lines[1]: lines[2]}
    words = shlex.split(lines[3].replace("\\\n", " "))
    kept = tmp_path / "served"
    assert kept.stat().st_mode & 0o077 == 0
    secrets = [(kept / name).read_text().strip() for name in ("shop-token", "client-secret")]
    assert not any(secret in served for secret in secrets)
    assert [one.stat().st_mode & 0o077 for one in kept.iterdir()] == [0, 0]
    token_url = next(word.partition("=")[2] for word in words if "token_url" in word)
    secret = httpx.post(
        token_url, auth=(words[words.index("--client-id") + 1], secrets[1]), data={"grant_type": "none"}
    )
    assert secret.json() == {"error": "unsupported_grant_type"}
    help_of_setup = subprocess.run([*words[:2], "--help"], env=environment, capture_output=True, text=True, check=True)
    assert [word for word in words[2:] if word.startswith("--") and word not in help_of_setup.stdout] == []


def test_what_is_served_posts_nothing(demo, tmp_path):
    finished = demo("--serve", "served", "--keep", "kept")
    assert finished.returncode == 2
    assert "--serve posts nothing: take out --keep, --life, --stock and --post-as." in finished.stderr
    assert list(tmp_path.iterdir()) == []
