from typing import Any

import pytest
from litestar.types import HTTPScope, Message, Receive, Scope, Send

from sidecar.kit.limits import limit_body


class Connection:
    """One request of several messages, and what was answered."""

    def __init__(self, *chunks: bytes, length: bytes | None = None) -> None:
        self.sent: list[Any] = []
        self.taken = 0
        self.reached = False
        self.length = length
        self._messages: list[Any] = [
            {"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks
        ]
        self._messages.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive(self) -> Message:
        self.taken += 1
        message: Message = self._messages.pop(0)
        return message

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    async def app(self, _: Scope, __: Receive, ___: Send) -> None:
        self.reached = True

    async def run(self, kind: str = "http") -> None:
        headers = [] if self.length is None else [(b"Content-Length", self.length)]
        scope: HTTPScope = {"type": kind, "headers": headers}  # type: ignore[typeddict-item]
        await limit_body(self.app, 10)(scope, self.receive, self.send)  # type: ignore[arg-type]


@pytest.mark.parametrize("length", [b"10", b"0", None, b"-11", b"many"])
async def test_a_body_within_the_bound_is_left_to_the_application(length: bytes | None) -> None:
    connection = Connection(b"x", length=length)

    await connection.run()

    assert (connection.reached, connection.sent, connection.taken) == (True, [], 0)


async def test_a_larger_body_is_taken_and_refused() -> None:
    connection = Connection(b"x" * 6, b"x" * 6, length=b"12")

    await connection.run()

    start, body = connection.sent
    assert not connection.reached
    assert connection.taken == 3
    assert (start["status"], start["headers"]) == (
        413,
        [(b"content-type", b"application/problem+json")],
    )
    assert b'"At most 10 bytes are taken."' in body["body"]


async def test_what_never_ends_is_not_taken_for_ever() -> None:
    connection = Connection(*[b"x" * 1024 * 1024] * 70, length=b"99999999999")

    await connection.run()

    assert connection.taken == 64
    assert connection.sent[0]["status"] == 413


async def test_what_is_no_request_passes() -> None:
    connection = Connection(length=b"12")

    await connection.run("lifespan")

    assert connection.reached
