"""Chance that can be repeated: generators keyed by what a draw is for, never by when it is made.

The words come from BLAKE2b (RFC 7693) over (key, counter); only integer arithmetic and correctly rounded
division follow, so that every machine draws the same.
"""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date
from hashlib import blake2b
from struct import Struct
from typing import TypeVar

Item = TypeVar("Item")

_SIXTEEN_WORDS = Struct("<16I")


class Draws:
    """A stream of draws for one key, such as (seed, node, day, "care"); equal keys give equal streams."""

    __slots__ = ("_block", "_key", "_words")

    def __init__(self, *key: int | str | date) -> None:
        # The digest of the key is the first block and the key of those that follow.
        self._key = blake2b(repr(key).encode()).digest()
        self._block = 0
        self._words = list(_SIXTEEN_WORDS.unpack(self._key))

    def _refill(self) -> list[int]:
        # Words are taken from the end: popping a list is the cheapest step that Python has.
        self._block += 1
        digest = blake2b(self._block.to_bytes(8, "little"), key=self._key).digest()
        self._words = list(_SIXTEEN_WORDS.unpack(digest))
        return self._words

    def word(self) -> int:
        """Return the next 32 bits."""
        return (self._words or self._refill()).pop()

    def below(self, bound: int) -> int:
        """Return a whole number from 0 to bound - 1, for bounds up to 2**32."""
        return ((self._words or self._refill()).pop() * bound) >> 32

    def between(self, low: int, high: int) -> int:
        """Return a whole number from low to high, both included."""
        return low + (((self._words or self._refill()).pop() * (high - low + 1)) >> 32)

    def chance(self, probability: float) -> bool:
        """Return True with this probability (0 to 1)."""
        return (self._words or self._refill()).pop() < probability * 4294967296.0

    def pick(self, items: Sequence[Item]) -> Item:
        """One of the items, all equally likely."""
        return items[((self._words or self._refill()).pop() * len(items)) >> 32]

    def weighted(self, cumulative: Sequence[int]) -> int:
        """Return an index with the chances of a running sum of whole weights, as `running_sum` makes it."""
        return bisect_right(cumulative, ((self._words or self._refill()).pop() * cumulative[-1]) >> 32)

    def bell(self) -> float:
        """Around 0 with a standard deviation of 1 and never beyond ±3.5: the sum of four uniform draws."""
        word, other = self.word(), self.word()
        total = (word & 0xFFFF) + (word >> 16) + (other & 0xFFFF) + (other >> 16)
        return (total - 131070) / 37837.0


def running_sum(weights: Sequence[int]) -> tuple[int, ...]:
    """Return the running sum of whole weights, for `Draws.weighted`.

    Raises ValueError where no weight is positive or one is negative.
    """
    sums: list[int] = []
    total = 0
    for weight in weights:
        if weight < 0:
            raise ValueError(f"a weight is {weight}; weights are zero or more")
        total += weight
        sums.append(total)
    if total == 0:
        raise ValueError("no weight is above zero: there is nothing to draw from")
    return tuple(sums)
