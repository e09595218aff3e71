"""Whole numbers from shares: the method of the largest remainder (Hare quota), in exact arithmetic."""

from collections.abc import Sequence


def spread(total: int, weights: Sequence[float]) -> list[int]:
    """Split `total` into one whole number per weight, as close to the exact shares as whole numbers can be.

    Every part lies within 1 of its exact quota and the parts sum to `total`; what is left after rounding down
    goes to the largest remainders, among equal ones to the first in order. Raises ValueError for a negative
    total, for a weight that is negative or not finite, and where there is something to split but no weight.
    """
    if total < 0:
        raise ValueError(f"cannot spread {total}: expected a total of 0 or more")
    shares = _whole_weights(weights)
    sum_of_shares = sum(shares)
    if sum_of_shares == 0:
        if total:
            raise ValueError(f"cannot spread {total} over {list(weights)}: expected at least one positive weight")
        return [0] * len(shares)
    parts = [total * share // sum_of_shares for share in shares]
    remainders = [total * share % sum_of_shares for share in shares]
    by_remainder = sorted(range(len(shares)), key=lambda index: (-remainders[index], index))
    for index in by_remainder[: total - sum(parts)]:
        parts[index] += 1
    return parts


def _whole_weights(weights: Sequence[float]) -> list[int]:
    """Return whole numbers in the same ratio, exactly: a float is a fraction over a power of two."""
    ratios: list[tuple[int, int]] = []
    for weight in weights:
        if not 0 <= weight < float("inf"):
            raise ValueError(f"cannot spread by the weight {weight}: expected a finite number of 0 or more")
        ratios.append(weight.as_integer_ratio())
    common = max((denominator for _, denominator in ratios), default=1)
    return [numerator * (common // denominator) for numerator, denominator in ratios]
