"""A shop and a company joined by the real program, orders written by hand, and documents shown as short rows."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from cartledger.ledger.types import State
from cartledger.records import SourceKey
from cartledger.settings import read_settings
from daemon.app import App
from daemon.by_hand.syncing import Synced, run_sync
from daemon.demos.settings import NAME, demo_settings
from producers.orders import STREAM
from simulator import Simulator

FIXTURES = Path(__file__).parents[1] / "fixtures" / "orders"
PATIENCE = 1800 if os.environ.get("CARTLEDGER_TEST_PROFILE") == "long" else 600
"""Seconds after which a sync that does not end is a failure; most take one or two."""

SALES = ("SalesReceipt", "Invoice")


class Unhurried:
    """Grants every call: these tests are about books, not about pacing."""

    def __init__(self, ledger: object) -> None:
        pass

    def take(self, bucket: str, *, per_second: float, burst: int) -> float:
        return 0.0


@dataclass(kw_only=True)
class Books:
    """One shop, one company and the program between them. Amounts come as Decimal, debit positive."""

    sim: Simulator
    open_app: Callable[..., App]

    def __post_init__(self) -> None:
        self.app = self.open_app()

    def add(self, *orders: dict[str, Any], items: bool = True) -> None:
        """Put raw orders into the shop and, unless told otherwise, an item for each of their SKUs into the company."""
        known = {item.get("Sku") for item in self.sim.company.objects("Item")}
        read_before = self.app.ledger.cursor(self.pair, STREAM) is not None
        for raw in orders:
            self.sim.shop.add_order(raw)
            if read_before:
                self.sim.shop.touch(raw["id"])
            for line in raw["products"]:
                if items and line["sku"] and line["sku"] not in known:
                    known.add(line["sku"])
                    self.sim.company.add_item(name=line["sku"], sku=line["sku"])

    def sync(self) -> Synced:
        """`cartledger sync`, which fails with what is left over when it does not end."""
        give_up_at = time.monotonic() + PATIENCE

        def watch(now: object) -> None:
            assert time.monotonic() < give_up_at, now

        synced = run_sync(self.app, NAME, watch)
        assert (synced.waiting, synced.troubles) == (0, ())
        return synced

    def lose_the_ledger(self) -> None:
        """As after a disk was lost: a program with the same settings that remembers nothing."""
        path = self.app.settings.ledger.path
        self.app.close()
        for file in path.parent.glob(f"{path.name}*"):
            file.unlink()
        self.app = self.open_app()

    def change(self, **changes: Any) -> None:
        """The program again, on the same ledger, with these settings ("sales.customer") over those it had."""
        self.app.close()
        self.app = self.open_app(changes)

    @property
    def pair(self) -> str:
        return self.app.lines[NAME].connection.pair

    def state(self, order_id: int) -> State:
        """Where an order stands in the ledger."""
        standing = self.app.ledger.standing(SourceKey(pair=self.pair, kind="order", id=str(order_id)))
        assert standing is not None
        return standing.state

    def held(self) -> dict[str, list[str]]:
        """The codes of the reasons, by order."""
        return {one.key.id: [problem.code for problem in one.problems] for one in self.app.ledger.held(self.pair)}

    def reasons(self, order_id: int) -> list[str]:
        """The sentences why an order is held."""
        (found,) = [one for one in self.app.ledger.held(self.pair) if one.key.id == str(order_id)]
        return [problem.text for problem in found.problems]

    def documents(self) -> dict[str, dict[str, Any]]:
        """Sales receipts and invoices by number."""
        found = [document for entity in SALES for document in self.sim.company.objects(entity)]
        assert len({document["DocNumber"] for document in found}) == len(found)
        return {document["DocNumber"]: document for document in found}

    def rows(self, number: str) -> list[tuple[str, ...]]:
        """Item, quantity × price, amount and tax code of each line."""
        names = {item["Id"]: item["Name"] for item in self.sim.company.objects("Item")}
        lines = self.documents()[number]["Line"]
        return [_row(line, names) for line in lines if line["DetailType"] == "SalesItemLineDetail"]

    def entries(self, number: str) -> dict[str, str]:
        """The journal of a sale: account -> amount."""
        entity, document = self._sale(number)
        return _texts(self.sim.company.entries(entity, document["Id"]))

    def payment_entries(self, number: str) -> list[dict[str, str]]:
        """The journals of the payments of an invoice."""
        _, document = self._sale(number)
        paid = [
            payment
            for payment in self.sim.company.objects("Payment")
            if any(linked["TxnId"] == document["Id"] for line in payment["Line"] for linked in line["LinkedTxn"])
        ]
        return [_texts(self.sim.company.entries("Payment", payment["Id"])) for payment in paid]

    def _sale(self, number: str) -> tuple[str, dict[str, Any]]:
        ((entity, document),) = [
            (entity, document)
            for entity in SALES
            for document in self.sim.company.objects(entity)
            if document["DocNumber"] == number
        ]
        return entity, document

    def customers(self) -> dict[str, dict[str, Any]]:
        """The company's customers by display name."""
        return {customer["DisplayName"]: customer for customer in self.sim.company.objects("Customer")}

    def prove(self) -> dict[str, Any]:
        """The simulators' own proof, after its identities: nothing twice, no cent off, books that balance."""
        proof = self.sim.proof()
        assert (proof["difference"], proof["duplicates"], proof["rows"]) == ("0.00", 0, [])
        assert sum(self.sim.company.balances().values()) == 0
        return proof


@pytest.fixture
def open_books(tmp_path):
    """`open_books(company="us_ast", **{"sales.post_as": "invoice"}) -> Books`: settings of the demo, and changes."""
    with ExitStack() as stack:
        yield partial(_open_books, stack, tmp_path)


@pytest.fixture(scope="module")
def open_lasting_books(tmp_path_factory):
    """As `open_books`, for all tests of a module: they only look."""
    with ExitStack() as stack:
        yield partial(_open_books, stack, tmp_path_factory.mktemp("books"))


def _open_books(
    stack: ExitStack,
    folder: Path,
    *,
    company: str = "us",
    home_currency: str | None = "USD",
    seed: int = 1,
    without: tuple[str, ...] = (),
    options: Mapping[str, Any] = MappingProxyType({}),
    **changes: Any,
) -> Books:
    """`options` are App's."""
    sim = stack.enter_context(Simulator(company=company, home_currency=home_currency, seed=seed, quotas=False))
    own = folder / sim.url.rpartition(":")[2]
    own.mkdir()
    path = _settings(own, sim, without)

    def open_app(more: Mapping[str, Any] = MappingProxyType({})) -> App:
        settings = read_settings(path, _environment(sim, changes | more))
        return App(settings, **{"quota": Unhurried, **options})

    books = Books(sim=sim, open_app=open_app)
    stack.callback(lambda: books.app.close())  # noqa: PLW0108 - the app that there is then
    return books


def _settings(folder: Path, sim: Simulator, without: tuple[str, ...]) -> Path:
    text = demo_settings(
        company=sim.company.kind,
        **sim.addresses(),
        broker="memory://",
        namespace=f"books-{sim.url.rpartition(':')[2]}",
        in_flight=2,
        start_date="2015-01-01",
        post_as="sales_receipt",
    )
    kept = [line for line in text.splitlines() if line.partition(" =")[0] not in without]
    path = folder / "cartledger.toml"
    path.write_text("\n".join(kept))
    return path


def _environment(sim: Simulator, changes: Mapping[str, Any]) -> dict[str, str]:
    """Secrets, and `changes` ("sales.post_as") over the file's settings: what does not stand in the file wins."""
    facts = sim.addresses()
    secrets = {
        "bigcommerce.access_token": facts["access_token"],
        "quickbooks.client_secret": facts["client_secret"],
        "quickbooks.refresh_token": facts["refresh_token"],
    }
    return {
        f"CARTLEDGER_CONNECTIONS__{NAME}__{key.replace('.', '__')}".upper(): value
        if isinstance(value, str)
        else json.dumps(value)
        for key, value in (secrets | changes).items()
    }


def _row(line: dict[str, Any], names: dict[str, str]) -> tuple[str, ...]:
    detail = line["SalesItemLineDetail"]
    item = names.get(detail["ItemRef"]["value"], detail["ItemRef"]["value"])
    product = f"{_plain(detail['Qty'])} × {_plain(detail['UnitPrice'])}" if "Qty" in detail else ""
    return item, product, f"{line['Amount']:.2f}", detail["TaxCodeRef"]["value"]


def _plain(number: Decimal | int) -> str:
    text = f"{Decimal(number):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _texts(journal: dict[str, Decimal]) -> dict[str, str]:
    return {account: f"{amount:.2f}" for account, amount in journal.items() if amount}


ADA = {"first_name": "Ada", "last_name": "Byrne", "email": "ada@example.com"}
SIDES = ("ex_tax", "tax", "inc_tax")


def _address(**who: str) -> dict[str, Any]:
    return {
        "company": "",
        "street_1": "1 Mill Lane",
        "street_2": "",
        "city": "Austin",
        "state": "Texas",
        "zip": "78701",
        "country": "United States",
        "country_iso2": "US",
        "phone": "",
        "form_fields": [],
        **who,
    }


def _triple(pattern: str, amounts: tuple[str, str, str]) -> dict[str, str]:
    return {pattern.format(side): amount for side, amount in zip(SIDES, amounts, strict=True)}


def _line(
    sku: str,
    quantity: int,
    total: tuple[str, str, str],
    *,
    off: str = "",
    wrapping: tuple[str, str, str] = ("0", "0", "0"),
    **more: Any,
) -> dict[str, Any]:
    shares = [{"id": "total-coupon", "amount": off, "name": "SAVE", "code": "SAVE", "target": "order"}]
    return {
        "product_id": 1,
        "variant_id": 1,
        "order_address_id": 1,
        "name": f"Product {sku}",
        "sku": sku,
        "type": "physical",
        "quantity": quantity,
        **_triple("total_{}", total),
        **_triple("wrapping_cost_{}", wrapping),
        "parent_order_product_id": None,
        "is_bundled_product": False,
        "gift_certificate_id": None,
        "quantity_refunded": 0,
        "is_refunded": False,
        "applied_discounts": shares if off else [],
        "product_options": [],
        **more,
    }


def _order(
    order_id: int,
    lines: list[dict[str, Any]],
    *,
    subtotal: tuple[str, str, str],
    total: tuple[str, str, str],
    shipping: tuple[str, str, str] = ("0", "0", "0"),
    handling: tuple[str, str, str] = ("0", "0", "0"),
    wrapping: tuple[str, str, str] = ("0", "0", "0"),
    buyer: dict[str, str] = ADA,
    **more: Any,
) -> dict[str, Any]:
    """Triples are without tax, tax, with tax."""
    placed = "Fri, 01 May 2026 15:30:00 +0000"
    return {
        "id": order_id,
        "customer_id": 42,
        "date_created": placed,
        "date_modified": placed,
        "date_shipped": "",
        "status_id": 11,
        "status": "Awaiting Fulfillment",
        "custom_status": "Awaiting Fulfillment",
        **_triple("subtotal_{}", subtotal),
        **_triple("shipping_cost_{}", shipping),
        **_triple("handling_cost_{}", handling),
        **_triple("wrapping_cost_{}", wrapping),
        **_triple("total_{}", total),
        "items_total": sum(line["quantity"] for line in lines),
        "items_shipped": 0,
        "payment_method": "Credit Card",
        "payment_provider_id": None,
        "payment_status": "captured",
        "store_credit_amount": "0.0000",
        "gift_certificate_amount": "0.0000",
        "currency_code": "USD",
        "default_currency_code": "USD",
        "discount_amount": "0.0000",
        "coupon_discount": "0.0000",
        "shipping_address_count": 1,
        "is_deleted": False,
        "billing_address": _address(**buyer),
        "order_source": "www",
        "channel_id": 1,
        "external_source": None,
        "fees": [],
        "products": [{"id": order_id * 10 + number, **line} for number, line in enumerate(lines, 1)],
        **more,
    }


@pytest.fixture(scope="session")
def line():
    return _line


@pytest.fixture(scope="session")
def make_order():
    return _order


@pytest.fixture(scope="session")
def plain_order():
    """An order of one thing without tax: `plain_order(1001, "20.00", buyer={…})`."""

    def order(order_id: int, amount: str = "20.00", *, sku: str = "GOODS", **more: Any) -> dict[str, Any]:
        same = (amount, "0", amount)
        return _order(order_id, [_line(sku, 1, same)], subtotal=same, total=same, **more)

    return order


@pytest.fixture(scope="session")
def recorded():
    """An order as a shop printed it, with invented people; its lines stand beside it for the shop to consign anew."""
    return _recorded


def _recorded(name: str) -> dict[str, Any]:
    raw = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
    consignments = raw.pop("consignments")
    (whole,) = consignments if isinstance(consignments, list) else [consignments]
    lines = [line for address in whole["shipping"] for line in address["line_items"]]
    return raw | {"products": [line | {"order_address_id": raw["id"]} for line in lines]}
