"""Money: one constructor, one rounding, one way to split, one JSON codec."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartledger.money import ZERO, D, cents, read_json, split, write_json


@pytest.mark.parametrize(
    ("given_value", "amount"), [("236.9667", "236.9667"), ("-0.01", "-0.01"), (7, "7"), (Decimal("1.10"), "1.10")]
)
def test_the_constructor_takes_texts_integers_and_decimals(given_value, amount):
    assert str(D(given_value)) == amount


@pytest.mark.parametrize("nonsense", [0.1, True, "12,50", "", "NaN", "Infinity", None])
def test_the_constructor_refuses_what_is_no_exact_number(nonsense):
    with pytest.raises(ValueError, match="is not a decimal number"):
        D(nonsense)


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [("0.825", "0.83"), ("0.824", "0.82"), ("-0.825", "-0.83"), ("1861.075", "1861.08"), ("2369.6667", "2369.67")],
)
def test_half_a_cent_goes_away_from_zero(amount, rounded):
    assert str(cents(D(amount))) == rounded


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        ("10.00", ["1", "1", "1"], ["3.34", "3.33", "3.33"]),
        ("0.05", ["3", "1"], ["0.04", "0.01"]),
        ("8.00", ["50.00", "30.00"], ["5.00", "3.00"]),
        ("0.01", ["1", "2", "1"], ["0.00", "0.01", "0.00"]),
        ("-10.00", ["1", "1"], ["-5.00", "-5.00"]),
        ("1.00", ["0", "0"], ["1.00", "0"]),
    ],
)
def test_split_gives_the_cents_left_over_to_the_largest_remainders(total, weights, parts):
    assert split(D(total), [D(weight) for weight in weights]) == [D(part) for part in parts]


@given(
    st.integers(-(10**7), 10**7),
    st.lists(st.decimals(0, 10**5, places=4), min_size=1, max_size=30),
)
def test_the_parts_sum_to_the_total_and_none_is_a_cent_off(total_in_cents, weights):
    total = Decimal(total_in_cents) / 100
    parts = split(total, weights)
    assert sum(parts, ZERO) == total
    assert all(part == cents(part) for part in parts)
    whole = sum(weights, ZERO)
    if whole:
        assert all(abs(part - total * weight / whole) < D("0.01") for part, weight in zip(parts, weights, strict=True))


def test_nothing_is_split_into_nothing():
    assert split(D("1.00"), []) == []


def test_json_numbers_are_decimals_both_ways():
    text = '{"Amount":7.10,"Qty":3,"UnitPrice":0.5306667,"Name":"Zoë","Active":true,"Ref":null,"Line":[1.00]}'
    value = read_json(text)
    assert value["Amount"] == Decimal("7.10")
    assert isinstance(value["UnitPrice"], Decimal)
    assert write_json(value) == text


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
def test_json_constants_that_are_no_numbers_are_refused(text):
    with pytest.raises(ValueError, match="is not a number"):
        read_json(text)


def test_a_float_cannot_be_written():
    with pytest.raises(TypeError, match="no place in JSON that carries money"):
        write_json({"Amount": 7.1})


def test_small_amounts_are_written_without_an_exponent():
    assert write_json(D("0.0000001")) == "0.0000001"
