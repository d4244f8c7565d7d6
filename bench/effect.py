"""How long it takes until the edge knows that a key was made or revoked."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from http import HTTPStatus

from bench.report import Row, Target
from bench.scene import Hands, Scene
from sidecar.access.models import Scope
from stack.show import say

_KEYS = 12
_SERVICE = "locked"
_SOON = Target("ours", "<=", 1.5)
# The edge looks at its file so often.
_LOOKS_SECONDS = 1.0


@dataclass(frozen=True)
class Effect:
    """The seconds from the answer of the API to what callers see of it at the edge."""

    made: float
    revoked: float


def effect(scene: Scene) -> list[Row]:
    """Make and revoke keys, one at a time."""
    found = asyncio.run(_measure(scene))
    made, revoked = [each.made for each in found], [each.revoked for each in found]
    return [
        Row(f"a new key at the edge, slowest of {_KEYS}", "s", [max(made)], target=_SOON),
        Row("a new key at the edge", "s", made),
        Row(f"a revoked key at the edge, slowest of {_KEYS}", "s", [max(revoked)], target=_SOON),
        Row("a revoked key at the edge", "s", revoked),
    ]


async def effects(hands: Hands, service: str, count: int) -> AsyncIterator[Effect]:
    """Give the times of so many keys, each at another moment between two looks of the edge."""
    for number in range(count):
        # What was seen last happened at a look: without a rest, each time would be a whole one.
        rest = _LOOKS_SECONDS * number / count
        await asyncio.sleep(rest)
        key = await hands.keys.make(Scope.EDGE_CALL)
        made = await _seconds_until(hands, service, HTTPStatus.OK, key.token)
        await asyncio.sleep(rest)
        await hands.keys.revoke(key.id)
        revoked = await _seconds_until(hands, service, HTTPStatus.UNAUTHORIZED, key.token)
        say(f"  key {number + 1}: known after {made:.2f} s, refused after {revoked:.2f} s")
        yield Effect(made, revoked)


async def _seconds_until(hands: Hands, service: str, status: HTTPStatus, token: str) -> float:
    began = time.perf_counter()
    await hands.until(service, status, authorization=f"Bearer {token}")
    return time.perf_counter() - began


async def _measure(scene: Scene) -> list[Effect]:
    async with scene.hands() as hands:
        await hands.register(**{_SERVICE: {"keyauth": {}}})
        return [each async for each in effects(hands, _SERVICE, _KEYS)]
