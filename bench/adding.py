"""How long it takes from asking for a route to the first answer through it."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Protocol

import aiohttp

_TIMEOUT = aiohttp.ClientTimeout(total=60)
_POLL_SECONDS = 0.002
_PATIENCE_SECONDS = 60.0
# Longer than a provider's throttle: each one meets an edge that is at rest.
_REST_SECONDS = 0.05


class Edge(Protocol):
    """Somebody who brings routes to a Traefik."""

    async def add(self, name: str) -> None:
        """Route `/<name>/` to the upstream; comes back when it says that this is done."""
        ...

    async def remove(self, name: str) -> None: ...

    async def answers(self, name: str, status: int) -> None:
        """Come back once a caller at the edge gets this status from `/<name>/`."""
        ...


@dataclass(frozen=True)
class Adding:
    """Adds services to an edge one at a time, and takes each away again."""

    edge: Edge
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    """What its names are made of; shared where two add to one edge."""

    async def first_answers_ms(self, samples: int) -> list[float]:
        """Answer the time from asking for a route to the first 200 through it, so many times."""
        return [await self._first_answer_ms(f"added-{next(self.numbers)}") for _ in range(samples)]

    async def _first_answer_ms(self, name: str) -> float:
        began = time.perf_counter()
        await self.edge.add(name)
        await self.edge.answers(name, HTTPStatus.OK)
        taken = time.perf_counter() - began
        await self.edge.remove(name)
        await self.edge.answers(name, HTTPStatus.NOT_FOUND)
        await asyncio.sleep(_REST_SECONDS)
        return taken * 1000


@asynccontextmanager
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """Open connections as they are needed, and keep them alive."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=_TIMEOUT) as opened:
        yield opened


async def until_answers(
    client: aiohttp.ClientSession, url: str, status: int, headers: Mapping[str, str] | None = None
) -> None:
    """Ask again until a URL answers with a status; the first time at once."""
    ends_at = time.monotonic() + _PATIENCE_SECONDS
    while (found := await _status(client, url, headers)) != status:
        if time.monotonic() > ends_at:
            raise TimeoutError(f"{url} answers {found}, not {status}")
        await asyncio.sleep(_POLL_SECONDS)


async def _status(
    client: aiohttp.ClientSession, url: str, headers: Mapping[str, str] | None
) -> int:
    async with client.get(url, headers=headers) as answer:
        await answer.read()
        return answer.status
