"""Whether Traefik runs what was written."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from sidecar.edge.client import TraefikClient
from sidecar.edge.errors import TraefikAwayError
from sidecar.edge.render import SENTINEL
from sidecar.kit.clock import Clock

Pause = Callable[[float], Awaitable[None]]

_FIRST_POLL_SECONDS = 0.004
_LAST_POLL_SECONDS = 0.05
_PATIENCE_SECONDS = 2.0


@dataclass(frozen=True)
class Verdict:
    """`live`: Traefik runs it, though it may have disabled routers, named in `faults`.

    `refused`: Traefik answers and does not take it. `unreachable`: nobody can say.
    """

    state: Literal["live", "refused", "unreachable"]
    faults: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Confirmation:
    """Looks for the sentinel router of a generation, until it is there or time is up."""

    traefik: TraefikClient
    clock: Clock
    seconds: float
    pause: Pause = asyncio.sleep

    async def await_generation(self, generation: str, *, seconds: float | None = None) -> Verdict:
        """Answer what became of a generation within `seconds` of Traefik answering.

        A Traefik that goes away meanwhile gets the full time again from when it is back: a
        restart is not a refusal.
        """
        allowed = self.seconds if seconds is None else seconds
        deadline = self.clock.monotonic() + allowed
        away_since: float | None = None
        poll = _FIRST_POLL_SECONDS
        while True:
            try:
                if await self.traefik.has_router(SENTINEL + generation):
                    return Verdict("live", await self.traefik.disabled_routers())
            except TraefikAwayError:
                now = self.clock.monotonic()
                away_since = now if away_since is None else away_since
                if now - away_since >= _PATIENCE_SECONDS:
                    return Verdict("unreachable")
            else:
                if away_since is not None:
                    away_since, deadline = None, self.clock.monotonic() + allowed
                if self.clock.monotonic() >= deadline:
                    return Verdict("refused")
            await self.pause(poll)
            poll = min(poll * 1.5, _LAST_POLL_SECONDS)
