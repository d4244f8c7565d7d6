import asyncio
from collections.abc import Iterable

from bench.description import DESCRIPTION
from bench.upstream import Upstream

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
