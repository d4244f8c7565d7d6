"""What callers may read: one document of everything, and how each service's part of it fares."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sidecar.openapi.describe import describe_gateway
from sidecar.openapi.ingest import Ingest
from sidecar.openapi.introduction import introduction
from sidecar.openapi.merge import merge
from sidecar.openapi.models import DocumentReport, Part, Published


class Documentation:
    """The merged document, made when it is asked for and something has changed since."""

    def __init__(self, ingest: Ingest, own: Callable[[], Mapping[str, Any]]) -> None:
        """`own` answers the gateway's own OpenAPI 3.1 document; it is asked once."""
        self._ingest = ingest
        self._own = own
        self._own_part: Part | None = None
        self._version = ""
        self._lock = asyncio.Lock()
        self._published: tuple[int, Published] | None = None

    async def published(self) -> Published:
        """Answer the document of what is registered and was read so far."""
        async with self._lock:
            revision = self._ingest.revision
            if self._published is None or self._published[0] != revision:
                own = await self._own_described()
                parts = [own, *(shown.part for shown in self._ingest.shown.values())]
                info = introduction(self.reports(), self._version)
                published = await asyncio.to_thread(_publish, parts, info)
                self._published = revision, published
            return self._published[1]

    def reports(self) -> list[DocumentReport]:
        """Answer how each service's description fares, by name."""
        return [
            DocumentReport(
                name, shown.state, shown.reason, shown.part.operations, shown.part.findings
            )
            for name, shown in sorted(self._ingest.shown.items())
        ]

    @property
    def operations(self) -> int:
        """How many operations the services have."""
        return sum(shown.part.operations for shown in self._ingest.shown.values())

    async def _own_described(self) -> Part:
        if self._own_part is None:
            document = self._own()
            self._version = document["info"]["version"]
            self._own_part = await asyncio.to_thread(describe_gateway, document)
        return self._own_part


def _publish(parts: Sequence[Part], info: Mapping[str, Any]) -> Published:
    body = merge(parts, info=info).body
    return Published(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"')
