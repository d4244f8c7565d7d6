import asyncio
import json
from collections.abc import Iterable

import pytest

from bench.description import DESCRIPTION
from bench.upstream import Upstream, items

HELLO = b'{"hello": "world"}'


class _Collecting(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.written = b""

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        self.written += b"".join(list_of_data)


def asked(*chunks: bytes) -> bytes:
    transport, upstream = _Collecting(), Upstream()
    upstream.connection_made(transport)
    for chunk in chunks:
        upstream.data_received(chunk)
    return transport.written


def test_every_request_in_a_row_is_answered() -> None:
    assert asked(b"GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n").count(HELLO) == 2


def test_a_request_in_parts_is_answered_once_it_is_whole() -> None:
    assert asked(b"GET /a HTTP/1.1\r\nHost: x\r\n") == b""
    assert asked(b"GET /a HTTP/1.1\r\nHost: x\r", b"\n\r\n").count(HELLO) == 1


def test_the_upstream_describes_itself() -> None:
    assert b'"openapi": "3.1.0"' in asked(b"GET /openapi.json HTTP/1.1\r\n\r\n")
    assert DESCRIPTION["openapi"] == "3.1.0"


@pytest.mark.parametrize("size", [22, 99, 100, 2_000, 2_001, 100_000])
def test_a_body_has_the_size_that_was_asked_for(size: int) -> None:
    body = items(size)

    assert len(body) == size
    assert len(json.loads(body)["items"]) >= size // 80 - 1


def test_a_body_that_would_be_too_small_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 22 bytes"):
        items(21)


def test_the_upstream_answers_with_a_body_of_a_size() -> None:
    head, _, body = asked(b"GET /json/2000 HTTP/1.1\r\n\r\n").partition(b"\r\n\r\n")

    assert b"Content-Type: application/json" in head
    assert b"Content-Length: 2000" in head
    assert body == items(2000)
