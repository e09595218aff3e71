"""Draws can be repeated and are evenly spread."""

import pytest

from county_nodes.draws import Draws, running_sum


def test_equal_keys_give_equal_streams_and_other_keys_others() -> None:
    first, again, other = Draws(7, "320481", "care"), Draws(7, "320481", "care"), Draws(7, "320481", "noise")

    words = [first.word() for _ in range(100)]

    assert words == [again.word() for _ in range(100)]
    assert not set(words) & {other.word() for _ in range(100)}


def test_the_parts_of_a_key_do_not_run_into_each_other() -> None:
    assert Draws(1, "23").word() != Draws(12, "3").word()


def test_the_stream_is_pinned_so_that_a_released_seed_keeps_its_records() -> None:
    draws = Draws(7, "pinned")

    assert [draws.below(1000) for _ in range(20)] == PINNED


PINNED = [664, 935, 490, 30, 524, 652, 689, 872, 736, 150, 108, 532, 422, 737, 329, 998, 889, 573, 249, 120]


def test_draws_stay_within_their_bounds_and_reach_them() -> None:
    draws = Draws(7, "bounds")

    assert {draws.between(3, 5) for _ in range(200)} == {3, 4, 5}
    assert {draws.pick("ab") for _ in range(50)} == {"a", "b"}
    assert not any(draws.chance(0.0) for _ in range(100))
    assert all(draws.chance(1.0) for _ in range(100))


def test_weights_are_respected() -> None:
    draws, weights = Draws(7, "weights"), running_sum([1, 0, 3])

    found = [draws.weighted(weights) for _ in range(4000)]

    assert found.count(1) == 0
    assert 900 < found.count(0) < 1100


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1]])
def test_weights_that_say_nothing_are_refused(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weight"):
        running_sum(weights)
