"""Fetching a service's OpenAPI document from where the service answers."""

import json
from typing import Any, Protocol

from sidecar.kit.outbound import Outbound
from sidecar.openapi.errors import UnreadableDocumentError
from sidecar.registry.address import BaseUrl, document_url

_TIMEOUT_SECONDS = 5.0
_MAX_BYTES = 10 * 1024 * 1024
_OK = 200


class DocumentClient(Protocol):
    async def fetch(self, base: BaseUrl, openapi_url: str) -> bytes:
        """Answer the document as it came, or raise `GatewayError` that says why it did not."""
        ...


class HttpDocumentClient:
    """Asks the registered origin alone: 5 seconds, 10 MiB, no redirects."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound

    async def fetch(self, base: BaseUrl, openapi_url: str) -> bytes:
        try:
            url = document_url(base, openapi_url)
        except ValueError as error:
            raise UnreadableDocumentError(f"openapi_url: {openapi_url!r} {error}.") from error
        answer = await self._outbound.get(
            url,
            timeout_seconds=_TIMEOUT_SECONDS,
            max_bytes=_MAX_BYTES,
            headers={"Accept": "application/json"},
        )
        if answer.status != _OK:
            raise UnreadableDocumentError(f"{openapi_url} is answered with {answer.status}.")
        return answer.body


def parse_document(raw: bytes) -> dict[str, Any]:
    """Read a document's JSON, or raise `UnreadableDocumentError`."""
    try:
        document = json.loads(raw.removeprefix(b"\xef\xbb\xbf"), parse_constant=_no_number)
    except RecursionError as error:
        raise UnreadableDocumentError("The document is nested too deeply.") from error
    except ValueError as error:
        raise UnreadableDocumentError(f"The document is no JSON: {error}.") from error
    if not isinstance(document, dict):
        raise UnreadableDocumentError("The document is no JSON object.")
    return document


def _no_number(name: str) -> None:
    # RFC 8259 section 6 has no such numbers, and browsers refuse a page that has them.
    raise ValueError(f"{name} is no JSON number")
