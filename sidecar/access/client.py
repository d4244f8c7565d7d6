"""What the edge says of keys."""

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Protocol

from sidecar.kit.outbound import Outbound, OutboundError, basic_credentials

_TIMEOUT_SECONDS = 5.0
_MAX_BYTES = 8 * 1024 * 1024


class KeyUseClient(Protocol):
    """Where keys are used without the sidecar seeing it."""

    async def used(self) -> Sequence[str]:
        """Answer the ids of the keys used since this was last asked; none where nothing answers."""
        ...


class EdgeKeyUseClient:
    """The report of the edge's key plugin, on the admin entry point."""

    def __init__(self, outbound: Outbound, url: str, user: str, password: str) -> None:
        self._outbound = outbound
        self._url = f"{url}/gateway-keys/used"
        self._headers = {"Authorization": basic_credentials(user, password)}

    async def used(self) -> Sequence[str]:
        try:
            answer = await self._outbound.get(
                self._url,
                timeout_seconds=_TIMEOUT_SECONDS,
                max_bytes=_MAX_BYTES,
                headers=self._headers,
            )
            # A Traefik without the route has nothing to report, and one that is away neither.
            said = json.loads(answer.body) if answer.status == HTTPStatus.OK else {}
        except (OutboundError, ValueError):
            return ()
        used = said.get("used") if isinstance(said, dict) else None
        return [each for each in used if isinstance(each, str)] if isinstance(used, list) else ()
