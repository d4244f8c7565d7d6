"""Requests as bytes, for what no client library would send."""

import socket
from dataclasses import dataclass

TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True)
class Answer:
    """The head of an answer as it came; `body` is whatever followed by then."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def all(self, name: str) -> list[str]:
        """Answer the values of a header, one for each line of it."""
        return [value for key, value in self.headers if key.lower() == name.lower()]


def exchange(port: int, *lines: str | bytes, path: str = "/", body: bytes = b"") -> Answer:
    """Send one GET with these header lines (POST with a body), and read to the end."""
    method = "POST" if body else "GET"
    head = [f"{method} {path} HTTP/1.1", "Host: edge", *lines]
    if not any(_bytes(line).lower().startswith(b"connection:") for line in lines):
        head.append("Connection: close")
    with socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS) as connection:
        connection.sendall(b"\r\n".join(map(_bytes, head)) + b"\r\n\r\n" + body)
        return read_answer(connection)


def read_answer(connection: socket.socket) -> Answer:
    """Read one answer of known length, or to the end."""
    stream = connection.makefile("rb")
    status = int(stream.readline().split()[1])
    headers = []
    while line := stream.readline().strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers.append((name, value.strip()))
    lengths = [int(value) for name, value in headers if name.lower() == "content-length"]
    return Answer(status, tuple(headers), stream.read(lengths[0]) if lengths else b"")


def _bytes(line: str | bytes) -> bytes:
    return line if isinstance(line, bytes) else line.encode("latin-1")
