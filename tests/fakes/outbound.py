"""HTTP towards services that are not there."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from sidecar.kit.outbound import Answer, OutboundError


@dataclass
class FakeOutbound:
    """Gives the answer of the URL; one without an answer can not be reached."""

    answers: dict[str, Answer] = field(default_factory=dict)
    hanging: set[str] = field(default_factory=set)
    """These answer once `released` is set."""
    failing_with: Exception | None = None
    """A bug of the client itself."""
    asked: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def serve(self, url: str, status: int = 200, body: bytes = b"") -> None:
        self.answers[url] = Answer(status, {}, body)

    @property
    def urls(self) -> list[str]:
        return [url for url, _ in self.asked]

    async def get(
        self,
        url: str,
        *,
        timeout_seconds: float,
        max_bytes: int = 0,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        assert timeout_seconds > 0
        assert max_bytes >= 0
        self.asked.append((url, headers or {}))
        if self.failing_with is not None:
            raise self.failing_with
        if url in self.hanging:
            await self.released.wait()
        if url not in self.answers:
            raise OutboundError(f"{url} can not be reached.")
        return self.answers[url]
