"""How much longer it takes to register a service that has ten policies."""

import asyncio
import itertools
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from bench.adding import Adding
from bench.gateway import Gatehouse
from bench.report import Row, Target
from bench.scene import Scene
from bench.stats import percentile
from sidecar.access.models import Scope
from stack.show import say

_SAMPLES = 10
_TARGET = Target("ratio", "<=", 1.5)
_GUARD = "guard"

# With all three that Traefik interprets, and so that a request from here gets through.
TEN: Mapping[str, Mapping[str, Any]] = {
    "ipAllowList": {"sourceRange": ["127.0.0.0/8"]},
    "cors": {"accessControlAllowOriginList": ["https://app.example.com"]},
    "headers": {"frameDeny": True, "contentTypeNosniff": True},
    "keyauth": {},
    "rateLimit": {"average": 10_000, "burst": 10_000},
    "inFlightReq": {"amount": 1_000},
    "compress": {},
    "envelope": {},
    "circuitBreaker": {"expression": "NetworkErrorRatio() > 0.5"},
    "retry": {"attempts": 3, "initialInterval": "100ms"},
}


def register(scene: Scene) -> list[Row]:
    """Register services with and without, in turn, each under a name of its own."""
    found = asyncio.run(_measure(scene))
    peer, ours = zip(*found, strict=True)
    what = f"register to first 200 with {len(TEN)} policies, p50 of {_SAMPLES}"
    return [Row(what, "ms", ours, peer, "without", _TARGET)]


async def _measure(scene: Scene) -> list[tuple[float, float]]:
    gateway, target, numbers = scene.gateway, scene.target, itertools.count()
    async with scene.hands() as hands:
        token = (await hands.keys.make(Scope.EDGE_CALL)).token
        await hands.register(**{_GUARD: {"keyauth": {}}})
        # The first registration is not to wait for the key.
        await hands.until(_GUARD, HTTPStatus.OK, authorization=f"Bearer {token}")
        plain = Adding(Gatehouse(gateway, target, hands.client), numbers)
        strict = Adding(Gatehouse(gateway, target, hands.client, TEN, token=token), numbers)
        return [await _round(number, plain, strict) for number in range(scene.rounds)]


async def _round(number: int, plain: Adding, strict: Adding) -> tuple[float, float]:
    peers, ours = [], []
    for _ in range(_SAMPLES):
        peers += await plain.first_answers_ms(1)
        ours += await strict.first_answers_ms(1)
    peer_ms, ours_ms = percentile(peers, 50), percentile(ours, 50)
    say(f"  register, round {number + 1}: {peer_ms:.0f} ms, with policies {ours_ms:.0f} ms")
    return peer_ms, ours_ms
