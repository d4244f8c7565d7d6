"""The id of a request, from the door to the log."""

import logging
from typing import cast

import pytest
from litestar.types import HTTPReceiveMessage, Message, Receive, Scope, Send

from sidecar.kit.requests import RequestIdFilter, current_request_id, with_request_id

GIVEN = b"request-12345678"


async def test_an_id_from_the_edge_is_kept_and_answered() -> None:
    seen, answered = await _asked([(b"x-request-id", GIVEN)])

    assert (seen, answered) == (GIVEN.decode(), [GIVEN])


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"x-request-id", b"short")],
        [(b"x-request-id", b"a" * 129)],
        [(b"x-request-id", b"with a space 123")],
        [(b"x-request-id", b"\xff" * 20)],
        [(b"x-request-id", GIVEN), (b"x-request-id", GIVEN)],
    ],
)
async def test_an_id_is_made_where_none_was_sent_that_can_be_kept(
    headers: list[tuple[bytes, bytes]],
) -> None:
    seen, answered = await _asked(headers)
    again, _ = await _asked(headers)

    assert answered == [seen.encode()]
    assert seen not in {"-", again}
    assert len(seen) == 32


async def test_there_is_no_id_outside_of_requests() -> None:
    _ = await _asked([])

    assert current_request_id() == "-"


async def test_a_log_line_has_the_id_of_its_request() -> None:
    record = logging.LogRecord("gatehouse", logging.INFO, __file__, 1, "text", None, None)

    async def app(_: Scope, __: Receive, ___: Send) -> None:
        RequestIdFilter().filter(record)

    await with_request_id(app)(_scope([(b"x-request-id", GIVEN)]), _nothing, _drop)

    assert record.__dict__["request_id"] == GIVEN.decode()


async def _asked(headers: list[tuple[bytes, bytes]]) -> tuple[str, list[bytes]]:
    """Answer the id that the application saw, and those that its answer has."""
    seen: list[str] = []
    sent: list[Message] = []

    async def app(_: Scope, __: Receive, send: Send) -> None:
        seen.append(current_request_id())
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def keep(message: Message) -> None:
        sent.append(message)

    await with_request_id(app)(_scope(headers), _nothing, keep)
    start = sent[0]
    assert start["type"] == "http.response.start"
    return seen[0], [value for name, value in start["headers"] if name == b"x-request-id"]


def _scope(headers: list[tuple[bytes, bytes]]) -> Scope:
    return cast("Scope", {"type": "http", "headers": headers})


async def _nothing() -> HTTPReceiveMessage:
    return {"type": "http.disconnect"}


async def _drop(_: Message) -> None: ...
