"""What it costs to wrap JSON answers."""

import asyncio
import json

from bench.pair import Pair
from bench.report import Row, Target
from bench.scene import Scene
from bench.upstream import items

_SIZES = {2_000: Target("ratio", ">=", 0.75), 100_000: None}


def envelope(scene: Scene) -> list[Row]:
    """Compare `envelope` with the same service without, on a small answer and on a large one."""
    asyncio.run(_prepare(scene))
    return [_pair(scene, size, target) for size, target in _SIZES.items()]


def _pair(scene: Scene, body_bytes: int, target: Target | None) -> Row:
    path = f"json/{body_bytes}"
    peer = scene.contender("the same without it", "unwrapped", path=path)
    name = f"envelope on {body_bytes // 1000} kB of JSON"
    ours = scene.contender(name, "enveloped", path=path)
    return Pair(peer, ours, target).measure(scene.rounds, scene.load)


async def _prepare(scene: Scene) -> None:
    async with scene.hands() as hands:
        await hands.register(unwrapped={}, enveloped={"envelope": {}})
        for size in _SIZES:
            async with hands.client.get(hands.url("enveloped", f"json/{size}")) as answer:
                if (await answer.json()).get("data") != json.loads(items(size)):
                    raise RuntimeError(f"no envelope: {await answer.text()}")
