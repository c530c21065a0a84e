"""`cartledger demo`: a made-up shop and a made-up company on this machine, synced by the real program."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from cartledger.broker.queues import Broker
from cartledger.errors import BrokerDown
from cartledger.settings import Settings, read_settings
from daemon.app import App
from daemon.by_hand.syncing import sync_with_progress
from daemon.console import json_option, out, print_json
from daemon.demos.life import live_on
from daemon.demos.proof import agree, demo_facts
from daemon.demos.served import hand_out, served_text, setup_words
from daemon.demos.settings import COMPANIES, NAME, demo_settings
from daemon.demos.shown import print_demo
from daemon.demos.simulated import IN_FLIGHT, Shop, ask, simulators
from daemon.demos.stock import keep_stock
from producers.handover import KINDS

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


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
    with _folder(keep) as folder, simulators(made) as addresses:
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
            facts = demo_facts(made, synced, proof, report, time.monotonic() - started) | (vars(kept) if kept else {})
            if as_json:
                print_json(facts)
            else:
                print_demo(facts, proof, held, post_as, kept)
            if keep:
                _stay(folder, stock=stock)
            elif not as_json:
                _say_what_next()
    ctx.exit(0 if agree(facts, proof) and (kept is None or kept.agrees) else 1)


def _serve(keep: Path, shop: Shop, *, as_json: bool) -> None:
    _end_like_ctrl_c()
    with _folder(keep) as folder, simulators(shop, connected=False) as addresses:
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
