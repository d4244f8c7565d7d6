"""A registry and services that exist in memory only."""

from collections.abc import Mapping
from typing import Any

import anyio
import anyio.lowlevel

from sidecar.kit.errors import UnavailableError
from sidecar.kit.outbound import OutboundError
from sidecar.registry.address import BaseUrl
from sidecar.registry.models import Service


class MemoryServices:
    """What is registered, and the inline documents."""

    def __init__(self, *services: Service) -> None:
        self.held: dict[str, Service] | None = {item.name: item for item in services}
        self.documents: dict[str, dict[str, Any]] = {}

    @property
    def services(self) -> Mapping[str, Service]:
        if self.held is None:
            raise UnavailableError("Not read yet.")
        return self.held

    async def document(self, name: str) -> dict[str, Any] | None:
        return self.documents.get(name)

    def put(self, service: Service) -> None:
        self.held = {**(self.held or {}), service.name: service}

    def drop(self, name: str) -> None:
        self.held = {key: item for key, item in (self.held or {}).items() if key != name}


class MemoryDocumentClient:
    """Answers from `documents`, by URL; what is not there does not answer."""

    def __init__(self, documents: Mapping[str, bytes] | None = None) -> None:
        self.documents = dict(documents or {})
        self.asked: list[str] = []

    async def fetch(self, base: BaseUrl, openapi_url: str) -> bytes:
        url = f"{base}/{openapi_url}"
        self.asked.append(url)
        await anyio.lowlevel.checkpoint()
        if url not in self.documents:
            raise OutboundError(f"{url} can not be reached.")
        return self.documents[url]


class Pauses:
    """Stands in for `asyncio.sleep`: nobody goes on before the test says so."""

    def __init__(self) -> None:
        self.lengths: list[float] = []
        self._go = anyio.Event()

    async def __call__(self, seconds: float) -> None:
        self.lengths.append(seconds)
        await self._go.wait()

    def end(self) -> None:
        self._go, passed = anyio.Event(), self._go
        passed.set()
