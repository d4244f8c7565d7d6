"""A bound on request bodies that the caller gets to hear of."""

import json

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

_DRAINED_BYTES = 64 * 1024 * 1024


def limit_body(app: ASGIApp, max_bytes: int) -> ASGIApp:
    """Answer 413 to a request that announces a larger body.

    What it sends is read first, up to a bound: Traefik answers 502 for a server that answers
    before it has taken the request. A body of unknown length is bounded by the framework.
    """

    async def bounded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or _announced(scope) <= max_bytes:
            await app(scope, receive, send)
            return
        await _drain(receive)
        await _refuse(send, max_bytes)

    return bounded


def _announced(scope: Scope) -> int:
    lengths = (value for name, value in scope["headers"] if name.lower() == b"content-length")
    value = next(lengths, b"0")
    return int(value) if value.isdigit() else 0


async def _drain(receive: Receive) -> None:
    taken = 0
    while taken < _DRAINED_BYTES:
        message = await receive()
        if message["type"] != "http.request":
            return
        taken += len(message["body"])
        if not message["more_body"]:
            return


async def _refuse(send: Send, max_bytes: int) -> None:
    problem = {
        "type": "/problems/body-too-large",
        "status": 413,
        "title": "The request body is too large",
        "detail": f"At most {max_bytes} bytes are taken.",
    }
    start: Message = {
        "type": "http.response.start",
        "status": 413,
        "headers": [(b"content-type", b"application/problem+json")],
    }
    await send(start)
    body: Message = {
        "type": "http.response.body",
        "body": json.dumps(problem).encode(),
        "more_body": False,
    }
    await send(body)
