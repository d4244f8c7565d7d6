"""Load where `wrk` is not installed: `python -m bench.generator <port> <path> <seconds> <n>`."""

import asyncio
import json
import re
import sys
from dataclasses import dataclass

import uvloop

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_END = b"\r\n\r\n"


@dataclass
class Tally:
    """What all connections have got together."""

    answers: int = 0
    errors: int = 0


class Caller(asyncio.Protocol):
    """One connection kept alive: the next request leaves when the answer to the last is whole."""

    def __init__(self, request: bytes, tally: Tally) -> None:
        self._request = request
        self._tally = tally
        self._pending = b""

    # A stream's transport is all that it can be, but uvloop's is no subclass of asyncio's.
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._pending += data
        size = answer_bytes(self._pending)
        if size is None or len(self._pending) < size:
            return
        self._tally.answers += 1
        self._tally.errors += not self._pending.startswith(b"HTTP/1.1 200 ")
        self._pending = self._pending[size:]
        self._transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        # An end that this side did not ask for.
        self._tally.errors += exc is not None or not self._transport.is_closing()


def answer_bytes(data: bytes) -> int | None:
    """Answer how long the first response is as a whole, once its head is there."""
    head, found, _ = data.partition(_END)
    if not found:
        return None
    length = _LENGTH.search(head + b"\r\n")
    if length is None:
        raise ValueError("only answers with a Content-Length can be counted")
    return len(head) + len(_END) + int(length[1])


async def generate(port: int, path: str, seconds: float, connections: int) -> Tally:
    """Ask over and over on some connections at once, for so long."""
    tally = Tally()
    loop = asyncio.get_running_loop()
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
    opened = [
        await loop.create_connection(lambda: Caller(request, tally), "127.0.0.1", port)
        for _ in range(connections)
    ]
    tally.answers = 0
    await asyncio.sleep(seconds)
    counted = Tally(tally.answers, tally.errors)
    for transport, _ in opened:
        transport.abort()
    return counted


if __name__ == "__main__":
    found = uvloop.run(
        generate(int(sys.argv[1]), sys.argv[2], float(sys.argv[3]), int(sys.argv[4]))
    )
    sys.stdout.write(json.dumps(vars(found)))
