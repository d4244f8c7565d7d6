"""What Traefik says of the configuration that it runs."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import quote

from sidecar.edge.errors import TraefikAwayError
from sidecar.kit.outbound import Answer, Outbound, OutboundError, basic_credentials

_TIMEOUT_SECONDS = 2.0
_MAX_BYTES = 1024 * 1024


class TraefikClient(Protocol):
    """Every method raises `TraefikAwayError` when the API gives no usable answer."""

    async def has_router(self, name: str) -> bool:
        """Tell whether the running configuration has this router of the file provider."""
        ...

    async def disabled_routers(self) -> dict[str, str]:
        """Answer the routers that Traefik could not build, with its reasons."""
        ...


class ApiTraefikClient:
    """Traefik's API on the admin entry point, with the sidecar's own password."""

    def __init__(
        self,
        outbound: Outbound,
        url: str,
        user: str,
        password: str,
        entry_points: Sequence[str] = ("edge",),
    ) -> None:
        """`entry_points` are those that services' routers are on."""
        self._outbound = outbound
        # Traefik makes one router for each of several, and calls them `<entry point>-<name>`.
        self._copies = tuple(f"{each}-" for each in entry_points) if len(entry_points) > 1 else ()
        self._url = url
        self._headers = {"Authorization": basic_credentials(user, password)}

    async def has_router(self, name: str) -> bool:
        answer = await self._get(f"/api/http/routers/{quote(name)}@file")
        # A Traefik that started on files it refuses runs none of them, not even the route to its
        # API: that plain 404 is an answer too.
        if answer.status in {HTTPStatus.OK, HTTPStatus.NOT_FOUND}:
            return answer.status == HTTPStatus.OK
        raise TraefikAwayError(f"Traefik's API answered {answer.status}.")

    async def disabled_routers(self) -> dict[str, str]:
        answer = await self._get("/api/http/routers?status=disabled&per_page=1000")
        if answer.status != HTTPStatus.OK:
            raise TraefikAwayError(f"Traefik's API answered {answer.status}.")
        try:
            routers: list[dict[str, Any]] = json.loads(answer.body)
        except ValueError as error:
            raise TraefikAwayError("What answers as Traefik's API sends no JSON.") from error
        return {
            self._name(router): "; ".join(router.get("error") or ["disabled"])
            for router in routers
            if router.get("provider") == "file"
        }

    def _name(self, router: Mapping[str, Any]) -> str:
        name = str(router["name"]).removesuffix("@file")
        copy = next((copy for copy in self._copies if name.startswith(copy)), "")
        return name.removeprefix(copy)

    async def _get(self, path: str) -> Answer:
        try:
            return await self._outbound.get(
                self._url + path,
                timeout_seconds=_TIMEOUT_SECONDS,
                max_bytes=_MAX_BYTES,
                headers=self._headers,
            )
        except OutboundError as error:
            raise TraefikAwayError(str(error)) from error
