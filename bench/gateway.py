"""Our side: a whole gateway of its own, and a caller that registers services with it."""

import asyncio
import contextlib
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp

from bench.adding import until_answers
from stack.layout import ROOT
from stack.throwaway import NAMES, Throwaway, throwaway

# Longer than any benchmark: what is measured is registering, not heartbeats.
_TTL_SECONDS = 86400
CLIENTS = 32


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """Make a folder on the disk that the checkout lies on, as `var/` of a real stack does."""
    (ROOT / "var").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=ROOT / "var") as made:
        yield Path(made)


@contextlib.contextmanager
def running_gateway(place: Path) -> Iterator[Throwaway]:
    """Run Valkey, sidecar and Traefik as they are shipped, until the block ends."""
    with throwaway(place) as gateway:
        for name in NAMES:
            gateway.start(name)
        gateway.await_healthy("sidecar", ready=True)
        yield gateway


class Gatehouse:
    """Registers services as the SDK does: over the edge, with the join key and a document."""

    def __init__(
        self,
        gateway: Throwaway,
        target: str,
        client: aiohttp.ClientSession,
        policies: Mapping[str, Any] | None = None,
        *,
        token: str = "",
    ) -> None:
        """Take the policies of every service, and the key that its callers bring."""
        self._url = gateway.edge
        self._target = target
        self._client = client
        self._policies = policies or {}
        self._headers = bearer(gateway.key("join"))
        self._callers = bearer(token) if token else {}

    async def add(self, name: str, policies: Mapping[str, Any] | None = None) -> None:
        """Register a service; comes back when the gateway says that it is live."""
        body = {
            "name": name,
            "base_url": self._target,
            "ttl_seconds": _TTL_SECONDS,
            "openapi_url": "openapi.json",
            "policies": self._policies if policies is None else policies,
        }
        url = f"{self._url}/gateway/register"
        async with self._client.post(url, json=body, headers=self._headers) as answer:
            if answer.status != HTTPStatus.CREATED or not (await answer.json())["live"]:
                raise RuntimeError(f"{name}: {answer.status} {await answer.text()}")

    async def remove(self, name: str) -> None:
        url = f"{self._url}/gateway/services/{name}"
        async with self._client.delete(url, headers=self._headers) as answer:
            answer.raise_for_status()

    async def answers(self, name: str, status: int) -> None:
        await until_answers(self._client, f"{self._url}/{name}/", status, self._callers)

    async def read_document(self) -> bool:
        """Fetch the merged OpenAPI document once; False where the gateway has none yet."""
        async with self._client.get(f"{self._url}/openapi.json") as answer:
            await answer.read()
            return answer.status == HTTPStatus.OK

    async def add_all(self, names: Iterable[str]) -> float:
        """Register many at once; answers the seconds until the last answers at the edge."""
        return await _at_once(names, self._add_live)

    async def remove_all(self, names: Iterable[str]) -> float:
        """Take many out at once; answers the seconds until the last is gone from the edge."""
        return await _at_once(names, self._remove_gone)

    async def _add_live(self, name: str) -> None:
        await self.add(name)
        await self.answers(name, HTTPStatus.OK)

    async def _remove_gone(self, name: str) -> None:
        await self.remove(name)
        await self.answers(name, HTTPStatus.NOT_FOUND)


def bearer(token: str) -> dict[str, str]:
    """Answer the header that a key is sent in."""
    return {"Authorization": f"Bearer {token}"}


async def _at_once(names: Iterable[str], act: Callable[[str], Coroutine[Any, Any, None]]) -> float:
    """Act on every name with 32 clients, each taking the next one when it is done."""
    waiting = iter(names)

    async def client() -> None:
        for name in waiting:
            await act(name)

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(CLIENTS):
            _ = group.create_task(client())
    return time.perf_counter() - began
