"""Whole shops in every kind of company, in both price modes: total, tax and tax by rate of each order are the shop's,
and the money of each currency stands where it belongs."""

from __future__ import annotations

from decimal import Decimal

import pytest

from daemon.demos.settings import COMPANIES

EACH = [(company, price_mode) for company in COMPANIES for price_mode in ("exclusive", "inclusive")]
DOCUMENTS = ("sales_receipt", "invoice")
CURRENCIES = {"uk": {"GBP"}, "au": {"AUD"}, "ca": {"CAD"}, "eur": {"EUR", "USD"}}


@pytest.fixture
def prove_shop(open_books):
    def prove(company, price_mode, post_as, *, orders):
        books = open_books(company=company, home_currency=None, seed=orders, **{"sales.post_as": post_as})
        books.sim.fill(orders=orders, customers=orders // 5, price_mode=price_mode)
        synced = books.sync()
        assert synced.posted + synced.held + synced.excluded == orders
        assert synced.posted > 0.7 * orders
        proof = books.prove()
        assert (proof["posted"], proof["documents"]) == (synced.posted, synced.posted)
        assert proof["totals"].keys() == CURRENCIES.get(company, {"USD"})
        for sides in proof["totals"].values():
            assert [side["books"] for side in sides.values()] == [side["shop"] for side in sides.values()]
        _tax_agrees(proof, automated=company == "us_ast")

    return prove


def _tax_agrees(proof, *, automated):
    assert proof["tax_difference"] == "0.00"
    if not automated:
        assert (proof["tax_by_rate_difference"], proof["tax_by_agency"]) == ("0.00", None), proof["off_by_rate"]
        return
    assert proof["tax_by_rate_difference"] is None
    split = sum(map(Decimal, proof["tax_by_agency"].values()))
    assert split == Decimal(proof["totals"]["USD"]["tax"]["books"]) > 0


@pytest.mark.parametrize(
    ("company", "price_mode", "post_as"),
    [(*each, DOCUMENTS[(number + number // 2) % 2]) for number, each in enumerate(EACH)],
)
def test_a_small_shop(prove_shop, company, price_mode, post_as):
    prove_shop(company, price_mode, post_as, orders=40)


@pytest.mark.long
@pytest.mark.parametrize("post_as", DOCUMENTS)
@pytest.mark.parametrize(("company", "price_mode"), EACH)
def test_five_hundred_orders(prove_shop, company, price_mode, post_as):
    prove_shop(company, price_mode, post_as, orders=500)
