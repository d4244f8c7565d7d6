"""Registering beside a few services: the usual day."""

from dataclasses import dataclass

from bench.adding import Adding
from bench.jupyter import NAME, Peer
from bench.report import Row, Target
from bench.stats import percentile
from stack.show import say

FEW = 10
_HALF = Target("ours", "<=", 100)
_SLOWEST = Target("ours", "<=", 300)


@dataclass(frozen=True)
class _Round:
    peer_ms: list[float]
    half_ms: float
    slowest_ms: float


async def few(ours: Adding, peer: Peer, *, rounds: int, samples: int) -> list[Row]:
    """Measure so many rounds of so many registrations, one at a time."""
    found = [await _round(number, ours, peer, samples) for number in range(rounds)]
    peers = [value for each in found for value in each.peer_ms]
    halves, slowest = [each.half_ms for each in found], [each.slowest_ms for each in found]
    what = f"register to first 200, {FEW} services"
    return [
        Row(f"{what}, p50", "ms", halves, peers, NAME, _HALF, peer.why_not),
        Row(f"{what}, p99", "ms", slowest, target=_SLOWEST),
    ]


async def _round(number: int, ours: Adding, peer: Peer, samples: int) -> _Round:
    peer_ms = await peer.half_ms()
    taken = await ours.first_answers_ms(samples)
    found = _Round(peer_ms, percentile(taken, 50), percentile(taken, 99))
    say(f"  few, round {number + 1}: p50 {found.half_ms:.0f} ms, p99 {found.slowest_ms:.0f} ms")
    return found
