"""Whatever goes back of an order, bit by bit and in any order: once all of it did, the documents of its refunds sum to
its sale to the cent, account by account."""

from __future__ import annotations

import os
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import pytest

from mapping.decision import Document, Fact, Needs
from mapping.tax.rows import read_taxes
from mapping.transactions import read_transactions
from simulator.bigcommerce.refund_bill import Asked, Bill
from simulator.bigcommerce.refunding import refund
from simulator.bigcommerce.store import Store
from simulator.markets import MARKETS
from simulator.orders import generate

LONG = os.environ.get("CARTLEDGER_TEST_PROFILE") == "long"
ORDERS = 400 if LONG else 30
GOODS, GOODS_ACCOUNTS = "goods", {"Sales", "Discounts given", "Sales returns", "Rounding"}
"""A refund takes back what was paid for a thing, by the item of returned goods."""
KINDS = [(company, mode) for company in ("us", "us_ast", "uk", "au", "ca") for mode in ("exclusive", "inclusive")]


@pytest.fixture(params=KINDS, ids="-".join)
def shop(request, world):
    company, mode = request.param
    here = world(company, without=("sales.shipping_item",) if company == "us" else ())
    here.settings["sales"]["default_product"] = "Unknown product"
    store = Store(store_hash="abc123", access_token="x", currency=here.company.home_currency, price_mode=mode)
    raws = generate(
        7, ORDERS, price_mode=mode, currency=here.company.home_currency, market=MARKETS[company], clean=True
    )
    for raw in raws:
        store.add_order(raw)
    return here, store


def test_all_refunds_of_an_order_are_its_sale(shop):
    here, store = shop
    refunds = 0
    for order in list(store.orders.values()):
        source = random.Random(order.id)
        while (asked := _some(source, Bill(order, _rows(store, order)).rest())) is not None:
            refund(store, order.id, asked)
        life = _decide(here, store, order)
        assert life.codes == [], order.id
        first, *back = life.post.documents
        assert [document.entity for document in back] == ["RefundReceipt"] * len(_rows(store, order))
        assert _posted(here, [first]) == _posted(here, back), order.id
        assert not any(notice.code == "refund_adjusted" for notice in life.post.notices), order.id
        refunds += len(back)
    assert refunds > ORDERS


def _some(source: random.Random, rest: Asked) -> Asked | None:
    """A part of what is left: units of one line, or a share of one of the other charges."""
    parts = [
        *(Asked(products={line: source.randint(1, units)}) for line, units in rest.products.items()),
        *(Asked(wrapping=(line,)) for line in rest.wrapping),
        *(Asked(shipping={place: _share(source, left)}) for place, left in rest.shipping.items()),
        *(Asked(handling={place: _share(source, left)}) for place, left in rest.handling.items()),
        *(Asked(fees={fee: _share(source, left)}) for fee, left in rest.fees.items()),
    ]
    return rest if parts and source.random() < 0.2 else source.choice(parts) if parts else None


def _share(source: random.Random, left: Decimal) -> Decimal:
    return left if source.random() < 0.6 or left < 1 else round(left / 3, 2)


def _rows(store: Store, order: Any) -> list[dict[str, Any]]:
    return [row for row in store.refunds if row["order_id"] == order.id]


def _decide(here: Any, store: Store, order: Any) -> Any:
    facts: dict[str, Any] = {}
    raw = {**order.header, "products": order.products, "fees": order.fees, "consignments": order.consignments}
    readers = {
        Fact.TAXES: lambda: read_taxes(order.taxes),
        Fact.TRANSACTIONS: lambda: read_transactions(order.transactions),
    }
    for _ in Fact:
        life = here.decide(raw, *_rows(store, order), **facts)
        if not isinstance(life.decision, Needs):
            break
        facts[str(life.decision.fact)] = readers[life.decision.fact]()
    return life


def _posted(here: Any, documents: list[Document]) -> Mapping[str, Decimal]:
    """By the account of each item, the tax by rate, and the money."""
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for document in documents:
        for name, amount in _entries(here, document):
            sums[name] += amount
    return {name: amount for name, amount in sums.items() if amount}


def _entries(here: Any, document: Document) -> Iterator[tuple[str, Decimal]]:
    accounts = {each["Id"]: each["Name"] for each in here.company.objects("Account")}
    incomes = {each["Id"]: accounts[each["IncomeAccountRef"]["value"]] for each in here.company.objects("Item")}
    incomes["SHIPPING_ITEM_ID"] = "Shipping income"
    body = document.body
    for line in body["Line"]:
        account = incomes[line["SalesItemLineDetail"]["ItemRef"]["value"]]
        yield GOODS if account in GOODS_ACCOUNTS else account, line["Amount"]
    tax = body.get("TxnTaxDetail", {"TotalTax": Decimal(0)})
    for line in tax.get("TaxLine", ()):
        yield f"rate {line['TaxLineDetail']['TaxRateRef']['value']}", line["Amount"]
    yield "tax", tax["TotalTax"]
    yield accounts[body["DepositToAccountRef"]["value"]], document.amount
