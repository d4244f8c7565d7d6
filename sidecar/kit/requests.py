"""Which request is being answered: its id in everything that is logged meanwhile."""

import logging
import re
import secrets
from contextvars import ContextVar

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

HEADER = "X-Request-Id"
_NAME = HEADER.lower().encode()
# As the edge's plugin has it; whoever asks the sidecar directly may send anything.
_WELL_FORMED = re.compile(rb"[A-Za-z0-9._-]{8,128}")
_current: ContextVar[str] = ContextVar("request_id", default="-")


def current_request_id() -> str:
    """Answer the id of the request being answered, or `-` where there is none."""
    return _current.get()


def with_request_id(app: ASGIApp) -> ASGIApp:
    """Keep the id that the edge gave a request, or make one, and answer with it."""

    async def identified(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        request_id = _sent(scope) or secrets.token_hex(16).encode()

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (_NAME, request_id)]
            await send(message)

        token = _current.set(request_id.decode())
        try:
            await app(scope, receive, answer)
        finally:
            _current.reset(token)

    return identified


class RequestIdFilter(logging.Filter):
    """Gives every record of a handler the id of the request that it belongs to."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = current_request_id()
        return True


def _sent(scope: Scope) -> bytes | None:
    found = [value for name, value in scope["headers"] if name.lower() == _NAME]
    return found[0] if len(found) == 1 and _WELL_FORMED.fullmatch(found[0]) else None
