"""A hundred thousand keys: what they weigh, and what looking one up costs."""

import asyncio
from dataclasses import dataclass, field, replace
from http import HTTPStatus

from bench.effect import effects
from bench.gateway import running_gateway
from bench.keys import put_keys
from bench.memory import resident_mb
from bench.pair import Pair
from bench.report import Row, Target
from bench.scene import Scene
from sidecar.access.models import Scope
from stack.show import say
from stack.throwaway import Throwaway

_MANY, _FEW = 100_000, 10
# How many of the many bring the requests, in turn: the tables of a processor's cache are smaller.
_CALLERS = 1_000
_CHANGES = 5
_SERVICE = "counted"
_FLAT = Target("ratio", ">=", 0.95)


@dataclass
class _Weights:
    """The memory of both gateways at the same moments, in MB."""

    few: Throwaway
    many: Throwaway
    taken: dict[str, tuple[list[float], list[float]]] = field(default_factory=dict)

    def take(self) -> None:
        for name in ("traefik", "sidecar"):
            ours, peer = self.taken.setdefault(name, ([], []))
            ours += resident_mb(self.many.pid(name))
            peer += resident_mb(self.few.pid(name))

    def rows(self) -> list[Row]:
        peer_name = f"with {_FEW}"
        return [
            Row(f"memory of {name} with {_MANY:,} keys", "MB", ours, peer, peer_name)
            for name, (ours, peer) in self.taken.items()
        ]


def many_keys(scene: Scene) -> list[Row]:
    """Compare two gateways that have just begun, one with few keys and one with many."""
    with (
        running_gateway(scene.place / "few") as few_gateway,
        running_gateway(scene.place / "many") as many_gateway,
    ):
        few, many = replace(scene, gateway=few_gateway), replace(scene, gateway=many_gateway)
        few_sent, many_sent = asyncio.run(_few(few)), asyncio.run(_many(many))
        weights = _Weights(few_gateway, many_gateway)
        peer = few.contender(f"with {_FEW}", _SERVICE, sent=few_sent)
        ours = many.contender(f"keyauth with {_MANY:,} keys", _SERVICE, sent=many_sent)
        looked_up = Pair(peer, ours, _FLAT).measure(scene.rounds, scene.load)
        weights.take()
        changed = asyncio.run(_change(many, weights))
        return [looked_up, *changed, *weights.rows()]


async def _few(scene: Scene) -> list[str]:
    async with scene.hands() as hands:
        await hands.register(**{_SERVICE: {"keyauth": {}}})
        tokens = [(await hands.keys.make(Scope.EDGE_CALL)).token for _ in range(_FEW)]
        sent = [f"Bearer {token}" for token in tokens]
        await hands.until(_SERVICE, HTTPStatus.OK, authorization=sent[-1])
    return sent


async def _many(scene: Scene) -> list[str]:
    async with scene.hands() as hands:
        await hands.register(**{_SERVICE: {"keyauth": {}}})
        say(f"  making {_MANY:,} keys")
        sent = [f"Bearer {token}" for token in await put_keys(scene.gateway, _MANY)]
        await hands.until(_SERVICE, HTTPStatus.OK, authorization=sent[-1])
    return sent[:: _MANY // _CALLERS]


async def _change(scene: Scene, weights: _Weights) -> list[Row]:
    """Change keys one at a time: each time the whole file is written and read again."""
    found = []
    async with scene.hands() as hands:
        async for each in effects(hands, _SERVICE, _CHANGES):
            weights.take()
            found.append(each)
    beside = f"at the edge beside {_MANY:,}"
    return [
        Row(f"a new key {beside}", "s", [each.made for each in found]),
        Row(f"a revoked key {beside}", "s", [each.revoked for each in found]),
    ]
