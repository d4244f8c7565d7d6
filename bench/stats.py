"""What is said of several rounds: the middle, the ends, the ratio to the peer."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """The median of some rounds, with the lowest and the highest of them."""

    median: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """Answer the middle and the ends; raises `ValueError` where there is nothing."""
    if not values:
        raise ValueError("nothing was measured")
    return Spread(statistics.median(values), min(values), max(values))


def percentile(values: Sequence[float], percent: float) -> float:
    """Answer a value that was measured (nearest rank): with `percent` 50 half are at most that."""
    if not values:
        raise ValueError("nothing was measured")
    rank = math.ceil(percent / 100 * len(values))
    return sorted(values)[max(rank, 1) - 1]


def ratios(ours: Sequence[float], peer: Sequence[float]) -> list[float]:
    """Answer ours over the peer's, pair by pair: what disturbs one round disturbs both of it."""
    return [mine / theirs for mine, theirs in zip(ours, peer, strict=True)]
