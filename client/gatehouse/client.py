"""How requests reach the gateway: the port, and its httpx adapter."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import quote

import httpx

from gatehouse.answers import (
    Answer,
    Away,
    Keyless,
    Refused,
    Reply,
    read_heartbeat,
    read_registration,
)
from gatehouse.settings import KeyNotFoundError, Settings

CONNECT_SECONDS = 5.0
# The gateway answers a registration when Traefik has it, or after its own bound of 5 s.
REGISTER_SECONDS = 30.0


class GatewayClient(Protocol):
    """Asks the gateway; whatever goes wrong is an answer, never an exception."""

    def register(self, registration: Mapping[str, Any]) -> Answer: ...
    def heartbeat(self, name: str, instance_id: str, *, timeout_seconds: float) -> Answer: ...
    def deregister(self, name: str, instance_id: str, *, timeout_seconds: float) -> bool:
        """Tell whether the gateway said that it is out."""

    def close(self) -> None: ...


class HttpGatewayClient:
    """Speaks to one gateway, and to it alone: no proxy, no redirect, no cookie."""

    def __init__(self, settings: Settings, transport: httpx.BaseTransport | None = None) -> None:
        self._settings = settings
        # Not an httpx.Client, which would log every heartbeat at INFO.
        self._transport = transport or httpx.HTTPTransport(
            verify=settings.url.startswith("https:"), trust_env=False
        )

    def register(self, registration: Mapping[str, Any]) -> Answer:
        try:
            content = json.dumps(registration, allow_nan=False).encode()
        except (TypeError, ValueError) as error:
            return Refused(f"the registration is not JSON: {error}")
        reply = self.ask("POST", "/gateway/register", REGISTER_SECONDS, content)
        return read_registration(reply, now=_now()) if isinstance(reply, Reply) else reply

    def heartbeat(self, name: str, instance_id: str, *, timeout_seconds: float) -> Answer:
        path = f"{_instance_path(name, instance_id)}/heartbeat"
        reply = self.ask("POST", path, timeout_seconds)
        return read_heartbeat(reply, now=_now()) if isinstance(reply, Reply) else reply

    def deregister(self, name: str, instance_id: str, *, timeout_seconds: float) -> bool:
        reply = self.ask("DELETE", _instance_path(name, instance_id), timeout_seconds)
        return isinstance(reply, Reply) and reply.status == HTTPStatus.NO_CONTENT

    def close(self) -> None:
        self._transport.close()

    def ask(
        self, method: str, path: str, timeout_seconds: float, content: bytes = b""
    ) -> Reply | Refused | Keyless | Away:
        """Send one request with the key; a reply is whatever an HTTP server said, errors too."""
        try:
            return self._send(method, path, timeout_seconds, content)
        except KeyNotFoundError as error:
            return Keyless(str(error))
        except (httpx.InvalidURL, httpx.UnsupportedProtocol):
            return Refused("the gateway's URL must be http://host:port or https://host:port")
        except httpx.RequestError as error:
            return Away(f"{self._settings.url}: {str(error) or type(error).__name__}")

    def _send(self, method: str, path: str, timeout_seconds: float, content: bytes) -> Reply:
        request = httpx.Request(
            method,
            f"{self._settings.url}{path}",
            headers={
                "Authorization": f"Bearer {self._settings.get_token()}",
                "Content-Type": "application/json",
            },
            content=content,
            extensions={
                "timeout": httpx.Timeout(
                    timeout_seconds, connect=min(timeout_seconds, CONNECT_SECONDS)
                ).as_dict()
            },
        )
        response = self._transport.handle_request(request)
        try:
            content = response.read()
        finally:
            response.close()
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Reply(response.status_code, headers, content)


def _instance_path(name: str, instance_id: str) -> str:
    return f"/gateway/services/{quote(name, safe='')}/instances/{quote(instance_id, safe='')}"


def _now() -> datetime:
    return datetime.now(UTC)
