"""The gateway's one outbound HTTP client: bounded in time, in size and in where it may go."""

import base64
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, Self

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    TCPConnector,
    ThreadedResolver,
)
from aiohttp.connector import AddrInfoType

from sidecar.kit.addresses import as_address, why_address_refused
from sidecar.kit.errors import GatewayError


class OutboundError(GatewayError):
    """A server that the gateway asked did not give a usable answer."""

    status = 502
    slug = "upstream-unreachable"
    title = "A server behind the gateway does not answer"


@dataclass(frozen=True)
class Answer:
    """What came back; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def basic_credentials(user: str, password: str) -> str:
    """Answer the value of `Authorization` for a name and a password (RFC 7617)."""
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


class Outbound(Protocol):
    """HTTP towards the services."""

    async def get(
        self,
        url: str,
        *,
        timeout_seconds: float,
        max_bytes: int = 0,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Fetch a URL; a redirect is an answer like any other and is not followed.

        `timeout_seconds` bounds the whole of it. With `max_bytes` 0 the body is not read. Raises
        `OutboundError` when nothing usable came back.
        """
        ...


class AiohttpOutbound:
    """One session for everybody, open from `__aenter__` to `__aexit__`.

    Neither the environment's proxies nor a service's cookies ever take part in a request. How many
    requests run at once is up to the callers.
    """

    async def __aenter__(self) -> Self:
        self._session = ClientSession(
            # aiohttp takes c-ares wherever it happens to be installed; Traefik asks the system.
            connector=TCPConnector(
                limit=0, resolver=ThreadedResolver(), socket_factory=_socket_to_allowed
            ),
            cookie_jar=DummyCookieJar(),
            trust_env=False,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def get(
        self,
        url: str,
        *,
        timeout_seconds: float,
        max_bytes: int = 0,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        timeout = ClientTimeout(total=timeout_seconds, ceil_threshold=float("inf"))
        try:
            async with self._session.get(
                url, headers=headers, timeout=timeout, allow_redirects=False
            ) as response:
                body = await _read(response, max_bytes) if max_bytes else b""
        except TimeoutError as error:
            raise OutboundError(f"{url} did not answer within {timeout_seconds:g} s.") from error
        except ClientConnectorError as error:
            raise OutboundError(f"{url} can not be reached: {_reason(error.os_error)}.") from error
        except ClientError as error:
            raise OutboundError(f"{url} gave no answer in HTTP: {_reason(error)}.") from error
        lowered = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, lowered, body)


def _socket_to_allowed(info: AddrInfoType) -> socket.socket:
    """Open the socket for one resolved address, or refuse it.

    Here, and not in a resolver, because aiohttp resolves no literal addresses, and because what is
    checked here is what is connected to: a second look at DNS could answer something else.
    """
    family, kind, protocol, _, target = info
    address = as_address(str(target[0]))
    reason = "is no address" if address is None else why_address_refused(address)
    if reason:
        raise PermissionError(f"{target[0]} {reason}")
    return socket.socket(family, kind, protocol)


async def _read(response: ClientResponse, max_bytes: int) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > max_bytes:
            raise OutboundError(f"{response.url} answers with more than {max_bytes} bytes.")
    return bytes(body)


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).rstrip(".")
