"""A thousand services: all at once, one more beside them, and what they weigh."""

from dataclasses import dataclass

from bench.adding import Adding
from bench.gateway import CLIENTS, Gatehouse
from bench.jupyter import NAME, Peer
from bench.memory import resident_mb
from bench.report import Row, Target
from bench.stats import percentile
from stack.show import say

_HALF = Target("ours", "<=", 400)
_ALL = Target("ours", "<=", 10)
_MEMORY = Target("ours", "<=", 200)
_SAMPLES = 20


@dataclass(frozen=True)
class _Round:
    all_seconds: float
    peer_ms: list[float]
    half_ms: float
    is_merged: bool
    resident_mb: list[float]


async def many(
    ours: Gatehouse, peer: Peer, sidecar: int, *, rounds: int, services: int
) -> list[Row]:
    """Measure so many rounds; `sidecar` is the process whose memory is looked at."""
    names = [f"many-{number}" for number in range(services)]
    found = []
    for number in range(rounds):
        found.append(await _round(ours, peer, sidecar, names))
        _ = await ours.remove_all(names)
        took, half = found[-1].all_seconds, found[-1].half_ms
        say(f"  many, round {number + 1}: all live after {took:.1f} s, then p50 {half:.0f} ms")
    return _rows(found, services, peer.why_not)


async def _round(ours: Gatehouse, peer: Peer, sidecar: int, names: list[str]) -> _Round:
    return _Round(
        all_seconds=await ours.add_all(names),
        peer_ms=await peer.half_ms(),
        half_ms=percentile(await Adding(ours).first_answers_ms(_SAMPLES), 50),
        is_merged=await ours.read_document(),
        resident_mb=resident_mb(sidecar),
    )


def _rows(found: list[_Round], services: int, why_not: str) -> list[Row]:
    halves, everything = [each.half_ms for each in found], [each.all_seconds for each in found]
    peers = [value for each in found for value in each.peer_ms]
    memory = [value for each in found for value in each.resident_mb]
    merged = "" if found[-1].is_merged else "there was no /openapi.json to fetch before"
    many_ = f"{services:,} services"
    return [
        Row(f"register to first 200, {many_}, p50", "ms", halves, peers, NAME, _HALF, why_not),
        Row(
            f"{many_} at once, {CLIENTS} clients, until the last is live",
            "s",
            everything,
            target=_ALL,
        ),
        Row(f"sidecar's memory with {many_}", "MB", memory, target=_MEMORY, note=merged),
    ]
