"""`cartledger demo`: a made-up shop and a made-up company on this machine, synced by the real program."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from cartledger.settings import read_environment, read_settings
from daemon.app import App
from daemon.commands.sync import Synced, sync_with_progress
from daemon.console import json_option, out, print_json, table

NAME = "demo"
IN_FLIGHT = 2  # seconds, in place of 130
CAP = 1.8  # seconds after which the simulator ends a request, in place of 120

SETTINGS = """\
# A shop and a company that live on this machine only. Secrets come from the environment: see secrets.env.
[ledger]
path = "cartledger.db"

[broker]
url = "{broker}"
namespace = "{namespace}"

[connections.demo]
start_date = {start_date}
timezone = "America/Chicago"
workflows = ["sales", "payments"]
interval = "1m"

[connections.demo.bigcommerce]
store_hash = "{store_hash}"
api_url = "{bigcommerce_url}"

[connections.demo.quickbooks]
realm_id = "{realm_id}"
client_id = "{client_id}"
api_url = "{quickbooks_url}"
token_url = "{token_url}"
in_flight_limit = {in_flight}

[connections.demo.sales]
post_as = "{post_as}"
number_prefix = "BC"
default_product = "Unknown product"
discount_product = "Discount"
gift_card_product = "Gift certificate"
store_credit_product = "Store credit"
rounding_product = "Rounding"
shipping_item = "Shipping"
handling_item = "Handling"
wrapping_item = "Wrapping"
fee_item = "Fee"

[connections.demo.products]
match_by = "sku"

[connections.demo.payments]
default_account = "Card clearing"

[connections.demo.payments.methods]
"Credit Card" = {{ method = "Visa" }}
"PayPal" = {{ account = "PayPal clearing", method = "PayPal" }}
"Cash on Delivery" = {{ account = "Cash clearing", method = "Cash" }}

[connections.demo.tax.map]
"*" = "State tax"
"""


@dataclass(frozen=True, kw_only=True)
class Shop:
    """What a demo is made of."""

    orders: int
    customers: int
    seed: int
    price_mode: str
    company: str


@click.command()
@click.option("--orders", default=120, show_default=True, type=click.IntRange(1, 100_000), help="Orders in the shop.")
@click.option("--customers", type=click.IntRange(1, 100_000), help="Customers of the shop [default: a fifth].")
@click.option("--seed", default=1, show_default=True, help="The same seed makes the same shop.")
@click.option("--price-mode", default="exclusive", show_default=True, type=click.Choice(["exclusive", "inclusive"]))
@click.option("--company", default="us", show_default=True, type=click.Choice(["us", "us_ast"]))
@click.option("--post-as", default="sales_receipt", show_default=True, type=click.Choice(["sales_receipt", "invoice"]))
@click.option("--broker", default="memory://", show_default=True, help="A pika:// URL runs the same on RabbitMQ.")
@click.option(
    "--keep", type=click.Path(path_type=Path, file_okay=False), help="Leave all of it in this folder, running."
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
    post_as: str,
    broker: str,
    keep: Path | None,
    *,
    as_json: bool,
) -> None:
    """Post a made-up shop's orders into a made-up company, and prove that both agree to the cent."""
    made = Shop(
        orders=orders, customers=customers or max(1, orders // 5), seed=seed, price_mode=price_mode, company=company
    )
    started = time.monotonic()
    with _folder(keep) as folder, _simulator(made) as addresses:
        settings = {"broker": broker, "namespace": f"demo-{os.getpid()}", "post_as": post_as}
        _write(folder, addresses | settings)
        app = App(read_settings(folder / "cartledger.toml", {**read_environment(), **_secrets(addresses)}))
        try:
            synced = sync_with_progress(app, NAME)
            facts = _facts(synced, addresses["url"], time.monotonic() - started)
            if as_json:
                print_json(facts)
            else:
                _print(app, synced, facts, keep)
        finally:
            app.close()
        if keep:
            _stay(folder)
    agree = facts["difference"] == "0.00" and facts["duplicates"] == 0 and not synced.waiting
    ctx.exit(0 if agree else 1)


@contextlib.contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="cartledger-demo-") as folder:
            yield Path(folder)
        return
    keep.mkdir(parents=True, exist_ok=True, mode=0o700)
    if (keep / "cartledger.db").exists():
        raise click.UsageError(f"{keep} holds a demo already; name another folder.")
    yield keep


@contextlib.contextmanager
def _simulator(shop: Shop) -> Iterator[dict[str, str]]:
    """Both sides in a process of their own; yields their addresses and secrets."""
    options = {
        "--orders": shop.orders,
        "--customers": shop.customers,
        "--seed": shop.seed,
        "--price-mode": shop.price_mode,
        "--company": shop.company,
        "--cap": CAP,
    }
    arguments = [str(word) for pair in options.items() for word in pair]
    process = subprocess.Popen(  # noqa: S603 - our own module, our own arguments
        [sys.executable, "-m", "simulator", *arguments], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None  # noqa: S101 - asked for above
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def _secrets(addresses: Mapping[str, str]) -> dict[str, str]:
    prefix = f"CARTLEDGER_CONNECTIONS__{NAME}__".upper()
    return {
        f"{prefix}BIGCOMMERCE__ACCESS_TOKEN": addresses["access_token"],
        f"{prefix}QUICKBOOKS__CLIENT_SECRET": addresses["client_secret"],
        f"{prefix}QUICKBOOKS__REFRESH_TOKEN": addresses["refresh_token"],
    }


def _write(folder: Path, facts: Mapping[str, str]) -> None:
    text = SETTINGS.format(**facts, in_flight=IN_FLIGHT, start_date="2020-01-01")
    (folder / "cartledger.toml").write_text(text)
    secrets = folder / "secrets.env"
    secrets.touch(mode=0o600)
    secrets.write_text("".join(f"export {name}='{value}'\n" for name, value in _secrets(facts).items()))


def _facts(synced: Synced, url: str, seconds: float) -> dict[str, Any]:
    """The one object: calls and documents are counted by the simulators, not by the client."""
    report, proof = _ask(f"{url}/control/report"), _ask(f"{url}/control/proof?number=BC-%7Bid%7D")
    return {
        "orders": proof["orders"],
        "posted": synced.posted,
        "held": synced.held,
        "excluded": synced.excluded,
        "documents": proof["documents"],
        "duplicates": proof["duplicates"],
        "difference": proof["difference"],
        "bigcommerce": report["bigcommerce"],
        "quickbooks": report["quickbooks"],
        "seconds": round(seconds, 1),
    }


def _ask(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(url) as answer:  # noqa: S310 - the simulator's own http address
        facts: dict[str, Any] = json.load(answer)
    return facts


def _print(app: App, synced: Synced, facts: Mapping[str, Any], keep: Path | None) -> None:
    console = out()
    pair = app.lines[NAME].connection.pair
    rows = [
        ("posted", synced.posted, "each as one document, numbered BC-<order>"),
        ("held", synced.held, _first_reasons(app, pair)),
        ("excluded", synced.excluded, "by a rule: not sold, or sold on a marketplace"),
    ]
    console.print(
        table(f"{facts['orders']} orders of a made-up shop", ["orders", "count", "what"], rows, right=["count"])
    )
    reads, shop = facts["quickbooks"]["reads"], facts["bigcommerce"]["calls"]
    console.print(
        f"\nShop and books differ by {facts['difference']}, {facts['duplicates']} documents are there twice "
        f"(as the simulators count it).\nCalls: {shop} to BigCommerce, {reads} reads and "
        f"{facts['quickbooks']['batches']} batches to QuickBooks, in {facts['seconds']} s."
    )
    if keep is None:
        console.print(
            "\nTo play with it: .venv/bin/cartledger demo --keep demo · For a real shop: README.md, “A real shop”."
        )


def _first_reasons(app: App, pair: str) -> str:
    held = app.ledger.held(pair)
    causes = dict.fromkeys(one.problems[0].code for one in held)
    return ", ".join(causes)


def _stay(folder: Path) -> None:
    console = out()
    console.print(
        f"\nBoth simulators keep running until Ctrl-C. In another terminal:\n"
        f"  . {folder}/secrets.env; export CARTLEDGER_CONFIG={folder}/cartledger.toml\n"
        f"  cartledger status · cartledger held list · cartledger sync {NAME}\n"
        f"  cartledger enable {NAME}; cartledger run"
    )
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            time.sleep(3600)
