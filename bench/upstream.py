"""The service behind every proxy: as little work per request as Python allows."""

import asyncio
import json
import sys
from functools import cache

import uvloop

from bench.description import DESCRIPTION

_END = b"\r\n\r\n"
_DOCUMENT = b"GET /openapi.json "
_SIZED = b"GET /json/"


def _answer(body: bytes, kind: str) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


_HELLO = _answer(b'{"hello": "world"}', "application/json")
_DESCRIBED = _answer(json.dumps(DESCRIPTION).encode(), "application/json")


@cache
def items(body_bytes: int) -> bytes:
    """Answer a JSON body of exactly this size: a list of small objects, as services have them."""
    begin, end = b'{"items":[', b'],"note":"%s"}'
    one = b'{"id":1234,"name":"An item","price":12.5,"tags":["new","blue"],"sold":false}'
    room = body_bytes - len(begin) - len(end) + len(b"%s")
    count = max(0, (room + 1) // (len(one) + 1))
    listed = b",".join([one] * count)
    if room < len(listed):
        raise ValueError(f"a body has at least {body_bytes - room} bytes")
    return begin + listed + end % (b"." * (room - len(listed)))


@cache
def _sized(path: bytes) -> bytes:
    return _answer(items(int(path)), "application/json")


def answer(request: bytes) -> bytes:
    """Answer what a request gets: `/json/<bytes>` a body of that size, all others a greeting."""
    if request.startswith(_SIZED):
        return _sized(request[len(_SIZED) : request.index(b" ", len(_SIZED))])
    return _DESCRIBED if request.startswith(_DOCUMENT) else _HELLO


class Upstream(asyncio.Protocol):
    """Answers every request without a body; pipelined ones in their order."""

    _transport: asyncio.Transport
    _pending = b""

    # A stream's transport is all that it can be, but uvloop's is no subclass of asyncio's.
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        *requests, self._pending = (self._pending + data).split(_END)
        self._transport.writelines([answer(request) for request in requests])


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
