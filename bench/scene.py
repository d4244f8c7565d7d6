"""What all parts of `bench policies` stand on: one gateway, the upstream behind it, the load."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp

from bench.adding import session, until_answers
from bench.contenders import Contender, by_hand
from bench.gateway import Gatehouse, bearer
from bench.keys import Keys
from bench.load import Load
from stack.throwaway import Throwaway

_BY_HAND = "by-hand-"


@dataclass(frozen=True)
class Scene:
    """A gateway that runs, and that each part leaves empty.

    Names of services that are compared are equally long: Traefik matches longer prefixes first.
    """

    place: Path
    target: str
    gateway: Throwaway
    rounds: int
    load: Load

    def contender(
        self, name: str, service: str, *, path: str = "hello", sent: Sequence[str] = ()
    ) -> Contender:
        """Answer one route of the gateway; `sent` are values of Authorization."""
        port, log = self.gateway.settings.edge_port, self.gateway.layout.log("access")
        return Contender(name, port, log, f"/{service}/{path}", sent)

    def clear(self) -> None:
        """Leave the gateway without a route."""
        asyncio.run(self._clear())

    async def _clear(self) -> None:
        async with self.hands() as hands:
            await hands.clear()

    @asynccontextmanager
    async def hands(self) -> AsyncIterator["Hands"]:
        async with session() as client:
            yield Hands(self, client)


class Hands:
    """Puts services and routes into the gateway, and looks whether they do what they are for."""

    def __init__(self, scene: Scene, client: aiohttp.ClientSession) -> None:
        self.client = client
        self.keys = Keys(scene.gateway, client)
        self._scene = scene
        self._services = Gatehouse(scene.gateway, scene.target, client)

    async def register(self, **policies: Mapping[str, Any]) -> None:
        """Register services by their names, each with its policies."""
        for name, given in policies.items():
            await self._services.add(name, given)

    async def write(self, name: str, middlewares: Mapping[str, Mapping[str, Any]]) -> None:
        """Write a route by hand."""
        text = by_hand(name, self._scene.target, middlewares)
        (self._scene.gateway.layout.watched / f"{_BY_HAND}{name}.yaml").write_text(text)

    async def until(self, service: str, status: HTTPStatus, *, authorization: str = "") -> None:
        """Come back once a service answers so at the edge."""
        headers = {"Authorization": authorization} if authorization else {}
        await until_answers(self.client, self.url(service), status, headers)

    async def clear(self) -> None:
        """Take everything away again: a router more is one that others are matched after."""
        gateway = self._scene.gateway
        admin, services = bearer(gateway.key("admin")), f"{gateway.edge}/gateway/services"
        async with self.client.get(services, headers=admin) as answer:
            names = [each["name"] for each in (await answer.json())["services"]]
        for name in names:
            async with self.client.delete(f"{services}/{name}", headers=admin) as answer:
                answer.raise_for_status()
        for file in gateway.layout.watched.glob(f"{_BY_HAND}*.yaml"):
            file.unlink()

    def url(self, service: str, path: str = "hello") -> str:
        return f"{self._scene.gateway.edge}/{service}/{path}"
