"""`cartledger demo`: a made-up shop and a made-up company on this machine, synced by the real program."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from cartledger.broker.queues import Broker
from cartledger.errors import BrokerDown
from cartledger.ledger.types import Standing
from cartledger.settings import Settings, read_settings
from daemon.app import App
from daemon.by_hand.syncing import Synced, sync_with_progress
from daemon.console import json_option, out, print_json, table
from daemon.demos.life import ask, live_on
from daemon.demos.served import hand_out, served_text, setup_words
from daemon.demos.settings import COMPANIES, NAME, demo_settings
from daemon.demos.stock import Kept, keep_stock
from producers.handover import KINDS

IN_FLIGHT = 2  # seconds, in place of 130
CAP = 1.8  # seconds after which the simulator ends a request, in place of 120
DIFFERENCES = ("difference", "tax_difference", "tax_by_rate_difference")  # the last is None where QuickBooks splits tax
SINCE = {
    "refunds": "refunds booked",
    "voids": "invoices voided or taken back",
    "edits": "documents changed",
}
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, kw_only=True)
class Shop:
    """What a demo is made of."""

    orders: int
    customers: int
    seed: int
    price_mode: str
    company: str
    lives: bool
    keeps_stock: bool

    @property
    def goes_on(self) -> bool:
        """Whether orders change after they were posted."""
        return self.lives or self.keeps_stock


@click.command()
@click.option("--orders", default=120, show_default=True, type=click.IntRange(1, 100_000), help="Orders in the shop.")
@click.option("--customers", type=click.IntRange(1, 100_000), help="Customers of the shop [default: a fifth].")
@click.option("--seed", default=1, show_default=True, help="The same seed makes the same shop.")
@click.option(
    "--price-mode",
    default="exclusive",
    show_default=True,
    type=click.Choice(["exclusive", "inclusive"]),
    help="The shop enters its prices without tax, or with it.",
)
@click.option(
    "--company",
    default="us",
    show_default=True,
    type=click.Choice(COMPANIES),
    help="Where the company is; us_ast has automated sales tax, eur is in the US and sells in EUR, too.",
)
@click.option(
    "--post-as",
    type=click.Choice(["sales_receipt", "invoice"]),
    help="The document that an order becomes; invoices get payments [default: sales_receipt; with --life invoice, "
    "which can be called off unpaid].",
)
@click.option("--life", is_flag=True, help="Orders go on: they are edited, refunded and called off between readings.")
@click.option("--stock", is_flag=True, help="The shop's stock follows the company's, while both sides trade.")
@click.option("--broker", default="memory://", show_default=True, help="A pika:// URL runs the same on RabbitMQ.")
@click.option(
    "--keep", type=click.Path(path_type=Path, file_okay=False), help="Leave all of it in this folder, running."
)
@click.option(
    "--serve",
    type=click.Path(path_type=Path, file_okay=False),
    help="Post nothing: leave shop and company running, not connected yet, with their keys in this folder.",
)
@json_option
@click.pass_context
def demo(
    ctx: click.Context,
    orders: int,
    customers: int | None,
    seed: int,
    price_mode: str,
    company: str,
    post_as: str | None,
    broker: str,
    keep: Path | None,
    serve: Path | None,
    *,
    life: bool,
    stock: bool,
    as_json: bool,
) -> None:
    """Post a made-up shop into made-up books.

    Shop and company are simulated on this machine; the program between them is the real one. At the end the simulators
    prove that both agree to the cent.
    """
    if life and stock:
        raise click.UsageError("Choose one of --life and --stock.")
    if serve and (keep or life or stock or post_as):
        raise click.UsageError("--serve posts nothing: take out --keep, --life, --stock and --post-as.")
    made = Shop(
        orders=orders,
        customers=customers or max(1, orders // 5),
        seed=seed,
        price_mode=price_mode,
        company=company,
        lives=life,
        keeps_stock=stock,
    )
    if serve:
        _serve(serve, made, as_json=as_json)
        return
    post_as = post_as or ("invoice" if life else "sales_receipt")
    started = time.monotonic()
    _end_like_ctrl_c()
    with _folder(keep) as folder, _simulator(made) as addresses:
        choices = {"broker": broker, "namespace": f"demo-{os.getpid()}", "post_as": post_as, "company": company}
        _write(folder, addresses | choices, refunds=made.goes_on, stock=stock)
        settings = read_settings(folder / "cartledger.toml", _secrets(addresses))
        with _queues(settings):
            with contextlib.closing(App(settings)) as app:
                synced, kept = sync_with_progress(app, NAME), None
                steps = max(1, orders // 4)
                if life:
                    synced = live_on(app, addresses["url"], steps=steps, seed=seed)
                if stock:
                    synced, kept = keep_stock(app, addresses["url"], steps=steps, seed=seed)
                held = app.ledger.held(app.lines[NAME].connection.pair)
            proof, report = (ask(addresses["url"], what) for what in ("proof", "report"))
            facts = _facts(made, synced, proof, report, time.monotonic() - started) | (vars(kept) if kept else {})
            if as_json:
                print_json(facts)
            else:
                _print(facts, proof, held, post_as, kept)
            if keep:
                _stay(folder, stock=stock)
            elif not as_json:
                _say_what_next()
    ctx.exit(0 if agree(facts, proof) and (kept is None or kept.agrees) else 1)


def _serve(keep: Path, shop: Shop, *, as_json: bool) -> None:
    _end_like_ctrl_c()
    with _folder(keep) as folder, _simulator(shop, connected=False) as addresses:
        hand_out(folder, addresses)
        words = setup_words(folder, addresses)
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDINGS)
        if as_json:
            print_json({"folder": str(folder), "realm_id": addresses["realm_id"], "setup": words})
        else:
            out().print(served_text(folder, _program(), words), soft_wrap=True)
        sys.stdout.flush()
        signal.sigwait(ENDINGS)


def _end_like_ctrl_c() -> None:
    """A closed terminal and a plain kill take the simulators along, too."""
    for number in ENDINGS:
        signal.signal(number, signal.default_int_handler)


@contextlib.contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="cartledger-demo-") as folder:
            yield Path(folder)
        return
    keep.mkdir(parents=True, exist_ok=True, mode=0o700)
    if any((keep / name).exists() for name in ("cartledger.toml", "cartledger.db")):
        raise click.UsageError(f"{keep} holds a demo already; name another folder.")
    yield keep


@contextlib.contextmanager
def _queues(settings: Settings) -> Iterator[None]:
    """Declared before anything is read: a broker that is not there is a sentence, not a wait. Gone with the demo."""
    url, namespace = settings.broker.url, settings.broker.namespace
    with Broker(url, namespace) as broker:
        broker.declare(list(KINDS))
    try:
        yield
    finally:
        with contextlib.suppress(BrokerDown), Broker(url, namespace) as broker:
            broker.delete(list(KINDS))


@contextlib.contextmanager
def _simulator(shop: Shop, *, connected: bool = True) -> Iterator[dict[str, str]]:
    """Both sides in a process of their own; yields their addresses and secrets."""
    arguments = {
        "--orders": shop.orders,
        "--customers": shop.customers,
        "--seed": shop.seed,
        "--price-mode": shop.price_mode,
        "--company": shop.company,
        "--cap": CAP,
    }
    command = [sys.executable, "-m", "simulator", "--until-stdin-closes", *["--no-connected"] * (not connected)]
    process = subprocess.Popen(  # noqa: S603 - our own module, our own arguments
        [*command, *(str(word) for pair in arguments.items() for word in pair)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdin is not None  # noqa: S101 - asked for above
    assert process.stdout is not None  # noqa: S101
    try:
        with process.stdin, process.stdout:
            yield json.loads(process.stdout.readline())
    finally:
        process.wait()


def _secrets(addresses: Mapping[str, str]) -> dict[str, str]:
    prefix = f"CARTLEDGER_CONNECTIONS__{NAME}__".upper()
    return {
        f"{prefix}BIGCOMMERCE__ACCESS_TOKEN": addresses["access_token"],
        f"{prefix}QUICKBOOKS__CLIENT_SECRET": addresses["client_secret"],
        f"{prefix}QUICKBOOKS__REFRESH_TOKEN": addresses["refresh_token"],
    }


def _write(folder: Path, facts: Mapping[str, str], *, refunds: bool, stock: bool) -> None:
    text = demo_settings(**facts, refunds=refunds, stock=stock, in_flight=IN_FLIGHT, start_date="2020-01-01")
    (folder / "cartledger.toml").write_text(text)
    variables = {"CARTLEDGER_CONFIG": str(folder.resolve() / "cartledger.toml"), **_secrets(facts)}
    secrets = folder / "secrets.env"
    secrets.touch(mode=0o600)
    secrets.write_text("".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items()))


def _facts(
    shop: Shop, synced: Synced, proof: Mapping[str, Any], report: Mapping[str, Any], seconds: float
) -> dict[str, Any]:
    """The one object: calls and documents are counted by the simulators, not by the client."""
    quickbooks = {name: report["quickbooks"][name] for name in ("reads", "batches", "singles", "written", "throttled")}
    return {
        "orders": proof["orders"],
        "posted": synced.posted,
        "held": synced.held,
        "excluded": synced.excluded,
        "documents": proof["documents"],
        "duplicates": proof["duplicates"],
        **{name: proof[name] for name in DIFFERENCES},
        "tax_by_agency": proof["tax_by_agency"],
        **{name: proof[name] for name in SINCE if shop.goes_on},
        "bigcommerce": {name: report["bigcommerce"][name] for name in ("calls", "throttled")},
        "quickbooks": quickbooks,
        "seconds": round(seconds, 1),
    }


def agree(facts: Mapping[str, Any], proof: Mapping[str, Any]) -> bool:
    """Whether shop and books are one: every order accounted for, nothing twice, and nothing off by a cent."""
    settled = facts["posted"] + facts["held"] + facts["excluded"] == facts["orders"]
    differences = [
        *(facts[name] for name in DIFFERENCES),
        *(facts[name]["difference"] for name in SINCE if name in facts),
    ]
    equal = all(side["shop"] == side["books"] for sides in proof["totals"].values() for side in sides.values())
    return settled and _once(facts) and equal and all(difference in ("0.00", None) for difference in differences)


def _once(facts: Mapping[str, Any]) -> bool:
    """One document for each order that is posted. Of those that live on, some are held with the document that they
    had, and some were voided with it."""
    if SINCE.keys() <= facts.keys():
        every = facts["posted"] <= facts["documents"] + facts["voids"]["count"]
    else:
        every = facts["posted"] == facts["documents"]
    return bool(every and facts["duplicates"] == 0)


def _print(
    facts: Mapping[str, Any], proof: Mapping[str, Any], held: Iterable[Standing], post_as: str, kept: Kept | None
) -> None:
    console = out()
    document = post_as.replace("_", " ")
    outcomes = [
        ("posted", facts["posted"], f"one {document} each, numbered BC-1001 and so on"),
        ("held", facts["held"], "waiting for a person: see below"),
        ("excluded", facts["excluded"], "left out by a rule: not sold, not paid, or sold on a marketplace"),
    ]
    title = f"{facts['orders']} orders of a made-up shop, brought into the books of a made-up company"
    console.print(table(title, ["orders", "count", "what became of them"], outcomes, right=["count"]))
    console.print()
    amounts = ["shop", "books", "difference"]
    rows = _proof(proof["totals"], post_as, lived=SINCE.keys() <= facts.keys())
    console.print(table("The proof, to the cent", ["posted orders", *amounts], rows, right=amounts))
    console.print(_taxes(facts), soft_wrap=True)
    since = [(what, *facts[name].values()) for name, what in SINCE.items() if name in facts]
    if any(count for _, count, _ in since):
        console.print()
        console.print(
            table("What became of them since", ["what", "count", "difference"], since, right=["count", "difference"])
        )
    console.print(f"Documents there twice: {facts['duplicates']}. Counted by the simulators, not by cartledger.\n")
    if kept:
        console.print(table("The shop's stock", ["levels", "count", "what"], kept.rows(), right=["count"]))
        console.print()
    if causes := _causes(held):
        reasons = table("Held", ["order", "why", "what to do"], causes)
        reasons.show_lines = True
        console.print(reasons)
        console.print()
    quickbooks = facts["quickbooks"]
    console.print(
        f"{facts['bigcommerce']['calls']} calls to BigCommerce, {quickbooks['reads']} reads and "
        f"{quickbooks['batches']} batches of at most 30 to QuickBooks, at the pace that the real ones allow: "
        f"{facts['seconds']} s."
    )


def _proof(
    totals: Mapping[str, Mapping[str, Mapping[str, str]]], post_as: str, *, lived: bool
) -> Iterator[tuple[str, ...]]:
    """Each currency by itself, named where there are several."""
    money = "money received" if post_as == "sales_receipt" else "money received or owed"
    names = {
        "sales": "sales with tax",
        "tax": "sales tax in them",
        "money": f"{money}, less refunds" if lived else money,
    }
    for currency, sides in totals.items():
        for key, name in names.items():
            shop, books = Decimal(sides[key]["shop"]), Decimal(sides[key]["books"])
            what = name if len(totals) == 1 else f"{name}, {currency}"
            yield what, f"{shop:,.2f}", f"{books:,.2f}", f"{books - shop:,.2f}"


def _taxes(facts: Mapping[str, Any]) -> str:
    if (agencies := facts["tax_by_agency"]) is None:
        return f"Difference of the tax, rate by rate: {facts['tax_by_rate_difference']}."
    split = ", ".join(f"{Decimal(tax):,.2f} to {agency}" for agency, tax in agencies.items()) or "nothing"
    return f"QuickBooks' own split of the tax: {split}."


def _causes(held: Iterable[Standing]) -> list[tuple[str, str, str]]:
    """The first order of each cause."""
    by_code: dict[str, list[Standing]] = defaultdict(list)
    for one in held:
        by_code[one.problems[0].code].append(one)
    return [
        (
            ones[0].key.id + (f" and {len(ones) - 1} more" if len(ones) > 1 else ""),
            ones[0].problems[0].text,
            ones[0].problems[0].fix,
        )
        for ones in by_code.values()
    ]


def _program() -> str:
    """How this program is called from where we are."""
    if shutil.which("cartledger"):
        return "cartledger"
    path = Path(sys.argv[0]).absolute()
    return shlex.quote(min(str(path), os.path.relpath(path), key=len))


def _say_what_next() -> None:
    out().print(
        f"\nTo look around in it: {_program()} demo --keep demo\nFor a real shop and company: README.md, “A real shop”"
    )


def _stay(folder: Path, *, stock: bool) -> None:
    # Blocked from here on, so that none can arrive between saying so and waiting for it.
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDINGS)
    program = _program()
    shelves = f"\n  {program} stock plan {NAME}   the levels that would be written to the shop" if stock else ""
    out().print(
        f"""
Shop and company keep running until Ctrl-C. In another terminal, in this folder:

  . {shlex.quote(str(folder / "secrets.env"))}
  {program} status         where everything stands
  {program} held list      what waits for a person, and why{shelves}
  {program} sync {NAME}      look for new orders once
  {program} enable {NAME}    let it post by itself, then:
  {program} run            read and post until stopped""",
        soft_wrap=True,
    )
    signal.sigwait(ENDINGS)
