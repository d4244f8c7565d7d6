"""What it costs to count requests, where none is too many."""

import asyncio
from http import HTTPStatus
from typing import Any

from bench.pair import Pair
from bench.report import Row
from bench.scene import Scene

_OPEN = "the same route without it"
# More than there can be; all of them come from one address.
_MANY = {"average": 1_000_000, "burst": 1_000_000}
_ONE = {"average": 1, "period": "1h"}


def rate_limit(scene: Scene) -> list[Row]:
    """Compare our rate limit, Traefik's own, and Traefik's in Valkey with no limit."""
    asyncio.run(_prepare(scene))
    peer = scene.contender(_OPEN, "rate-none")
    contenders = (
        scene.contender("rateLimit", "rate-ours"),
        scene.contender("Traefik's own rateLimit", "rate-edge"),
        scene.contender("rateLimit shared in Valkey", "rate-pool"),
    )
    return [Pair(peer, ours).measure(scene.rounds, scene.load) for ours in contenders]


async def _prepare(scene: Scene) -> None:
    async with scene.hands() as hands:
        services: dict[str, dict[str, Any]] = {
            "rate-none": {},
            "rate-ours": {"rateLimit": _MANY},
            "rate-pool": {"rateLimit": {**_MANY, "shared": True}},
            "rate-tiny": {"rateLimit": _ONE},
        }
        await hands.register(**services)
        await hands.write("rate-edge", {"limit": {"rateLimit": _MANY}})
        await hands.until("rate-edge", HTTPStatus.OK)
        await hands.until("rate-tiny", HTTPStatus.TOO_MANY_REQUESTS)
