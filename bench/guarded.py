"""What it costs to ask every request for a key or a password."""

import asyncio
import base64
import hashlib
from dataclasses import dataclass
from http import HTTPStatus

from bench.pair import Pair
from bench.report import Row, Target
from bench.scene import Hands, Scene
from sidecar.access.models import Scope
from stack.addresses import url

_OPEN = "the same route open"
_KEYAUTH = Target("ratio", ">=", 0.90)
_PASSWORD = "bench"  # noqa: S105 - guards nothing


@dataclass(frozen=True)
class _Sent:
    """What callers send in Authorization, to the guarded route and to the open one."""

    edge_key: str
    sidecar_key: str
    password: str


def keyauth(scene: Scene) -> list[Row]:
    """Compare `keyauth`, and what one could have instead, with an open route."""
    sent = asyncio.run(_prepare(scene))
    return [
        _pair(scene, "keyauth", "keys", sent.edge_key, _KEYAUTH),
        _pair(scene, "forwardAuth to the sidecar", "asks", sent.sidecar_key),
        _pair(scene, "basicAuth with {SHA}", "user", sent.password),
    ]


def _pair(scene: Scene, name: str, service: str, sent: str, target: Target | None = None) -> Row:
    # Both get the header, so that nothing differs but the check.
    peer = scene.contender(_OPEN, "open", sent=[sent])
    ours = scene.contender(name, service, sent=[sent])
    return Pair(peer, ours, target).measure(scene.rounds, scene.load)


async def _prepare(scene: Scene) -> _Sent:
    async with scene.hands() as hands:
        edge = await hands.keys.make(Scope.EDGE_CALL)
        sidecar = await hands.keys.make(Scope.ADMIN)
        password = base64.b64encode(f"bench:{_PASSWORD}".encode()).decode()
        sent = _Sent(f"Bearer {edge.token}", f"Bearer {sidecar.token}", f"Basic {password}")
        await _routes(scene, hands, sidecar.id)
        await _prove(hands, sent)
    return sent


async def _routes(scene: Scene, hands: Hands, key_id: str) -> None:
    settings = scene.gateway.settings
    sha = base64.b64encode(hashlib.sha1(_PASSWORD.encode()).digest()).decode()  # noqa: S324
    await hands.register(
        open={}, keys={"keyauth": {}}, user={"basicAuth": {"users": [f"bench:{{SHA}}{sha}"]}}
    )
    # The cheapest thing that the sidecar answers to nobody without a key.
    asked = f"{url(settings.sidecar_bind, settings.sidecar_port)}/gateway/keys/{key_id}"
    await hands.write("asks", {"ask": {"forwardAuth": {"address": asked}}})


async def _prove(hands: Hands, sent: _Sent) -> None:
    guarded = {"keys": sent.edge_key, "asks": sent.sidecar_key, "user": sent.password}
    for service, authorization in guarded.items():
        await hands.until(service, HTTPStatus.UNAUTHORIZED)
        await hands.until(service, HTTPStatus.OK, authorization=authorization)
