"""Random lives of orders in every kind of company: whenever all is quiet, the books are the model's."""

from __future__ import annotations

from itertools import product

import pytest

KINDS = tuple(product(("us", "us_ast", "uk", "eur"), ("exclusive", "inclusive"), ("sales_receipt", "invoice")))
SHORT = (
    ("us", "exclusive", "sales_receipt", 6),
    ("us_ast", "inclusive", "invoice", 4),
    ("uk", "inclusive", "sales_receipt", 5),
    ("uk", "exclusive", "invoice", 4),
    ("eur", "exclusive", "invoice", 5),
)
"""Seeds that draw most of what can be: a bookkeeper, closed books, deaths, a company that makes things twice."""

ORDERS = 40
SEEDS = range(1, 21)


def walks():
    yield from SHORT
    for kind, seed in product(KINDS, SEEDS):
        if (*kind, seed) not in SHORT:
            yield pytest.param(*kind, seed, marks=pytest.mark.long)


@pytest.mark.parametrize(("company", "price_mode", "post_as", "seed"), list(walks()))
def test_books_follow_lives(make_walk, company, price_mode, post_as, seed):
    make_walk(seed, company=company, price_mode=price_mode, post_as=post_as).go(ORDERS)
