"""Load where there is no `wrk`: `python -m bench.generator <port> <path> <seconds> <n> <file>`.

The file has values of the Authorization header, one in a line; requests bring them in turn.
"""

import asyncio
import itertools
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

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

    def __init__(self, requests: Iterator[bytes], tally: Tally) -> None:
        self._requests = requests
        self._tally = tally
        self._pending = b""

    # A stream's transport is all that it can be, but uvloop's is no subclass of asyncio's.
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        transport.write(next(self._requests))

    def data_received(self, data: bytes) -> None:
        self._pending += data
        size = answer_bytes(self._pending)
        if size is None or len(self._pending) < size:
            return
        self._tally.answers += 1
        self._tally.errors += not self._pending.startswith(b"HTTP/1.1 200 ")
        self._pending = self._pending[size:]
        self._transport.write(next(self._requests))

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


def all_requests(port: int, path: str, sent: Sequence[str]) -> list[bytes]:
    """Answer one request for each value of Authorization, or one without."""
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
    fields = [f"Authorization: {value}\r\n" for value in sent] or [""]
    return [f"{head}{field}\r\n".encode() for field in fields]


async def generate(port: int, requests: list[bytes], seconds: float, connections: int) -> Tally:
    """Ask over and over on some connections at once, for so long."""
    tally = Tally()
    loop = asyncio.get_running_loop()
    in_turn = itertools.cycle(requests)
    opened = [
        await loop.create_connection(lambda: Caller(in_turn, tally), "127.0.0.1", port)
        for _ in range(connections)
    ]
    tally.answers = 0
    await asyncio.sleep(seconds)
    counted = Tally(tally.answers, tally.errors)
    for transport, _ in opened:
        transport.abort()
    return counted


def _main(port: str, path: str, seconds: str, connections: str, lines: str) -> None:
    requests = all_requests(int(port), path, Path(lines).read_text().splitlines())
    found = uvloop.run(generate(int(port), requests, float(seconds), int(connections)))
    sys.stdout.write(json.dumps(vars(found)))


if __name__ == "__main__":
    _main(*sys.argv[1:])
