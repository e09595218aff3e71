"""The largest remainder keeps the sum and stays within one of every exact share."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.regions import spread

weights = st.lists(st.floats(0, 1e9, allow_nan=False) | st.integers(0, 10**8), min_size=1, max_size=40).filter(any)


@given(st.integers(0, 10**10), weights)
def test_the_parts_sum_to_the_total_and_lie_within_one_of_their_exact_quota(total, weights):
    parts = spread(total, weights)
    whole = sum(map(Fraction, weights))
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - total * Fraction(weight) / whole) < 1


@given(st.integers(0, 10**6), weights)
def test_a_weight_of_zero_gets_nothing(total, weights):
    assert all(part == 0 for part, weight in zip(spread(total, weights), weights, strict=True) if weight == 0)


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        (10, [1, 1, 1], [4, 3, 3]),
        (2, [1, 1, 1], [1, 1, 0]),
        (7, [0.5, 0.25, 0.25], [3, 2, 2]),
        (100, [47_000, 16_000, 15_800, 12_000, 6_100, 3_100], [47, 16, 16, 12, 6, 3]),
        (0, [0, 0], [0, 0]),
        (0, [], []),
    ],
)
def test_ties_go_to_the_first_in_order(total, weights, parts):
    assert spread(total, weights) == parts


@pytest.mark.parametrize(
    ("total", "weights", "complaint"),
    [
        (-1, [1], "total of 0 or more"),
        (1, [], "at least one positive weight"),
        (1, [0, 0], "at least one positive weight"),
        (1, [1, -1], "weight -1"),
        (1, [float("nan")], "weight nan"),
        (1, [float("inf")], "weight inf"),
    ],
)
def test_what_cannot_be_spread_is_refused_by_name(total, weights, complaint):
    with pytest.raises(ValueError, match=complaint):
        spread(total, weights)
