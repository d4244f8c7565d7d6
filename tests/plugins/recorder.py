"""A service that tells exactly which headers reached it, line by line."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SOME_SECONDS = 10.0


@dataclass
class Recorder:
    """Answers what it was asked. Some paths answer in a way of their own: see `_PATHS`."""

    port: int = 0
    requests: list[list[tuple[str, str]]] = field(default_factory=list)
    go_on: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def seen(self, name: str) -> list[str]:
        """Answer the values of a header in the last request, one for each line of it."""
        return [value for key, value in self.requests[-1] if key.lower() == name.lower()]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    recorder: Recorder

    def do_GET(self) -> None:
        trailers = self._read()
        self.recorder.requests.append([*self.headers.items(), *trailers])
        _PATHS.get(self.path, _Handler._answer)(self)

    do_POST = do_GET  # noqa: N815 - http.server's name

    def _answer(self, **headers: str) -> None:
        content = json.dumps(self.recorder.requests[-1]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def _own_id(self) -> None:
        self._answer(X_Request_Id="of-the-service")

    def _early_hints(self) -> None:
        self.wfile.write(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n")
        self._answer()

    def _stream(self) -> None:
        """Send one chunk, and the other when the test says so."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("X-Request-Id", "of-the-service")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"5\r\nfirst\r\n")
        self.recorder.go_on.wait(SOME_SECONDS)
        self.wfile.write(b"6\r\nsecond\r\n0\r\n\r\n")

    def _upgrade(self) -> None:
        """Switch to a protocol that sends one line back."""
        self.send_response(101)
        self.send_header("Connection", "Upgrade")
        self.send_header("Upgrade", "echo")
        self.end_headers()
        self.wfile.write(self.rfile.readline())
        self.close_connection = True

    def _read(self) -> list[tuple[str, str]]:
        """Read the body; answer the trailers after a chunked one."""
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            return []
        while size := int(self.rfile.readline(), 16):
            self.rfile.read(size + 2)
        lines = iter(lambda: self.rfile.readline().decode().strip(), "")
        return [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]

    def log_message(self, *_: object) -> None: ...


_PATHS: dict[str, Any] = {
    "/own-id": _Handler._own_id,  # noqa: SLF001 - a table of its own methods
    "/early-hints": _Handler._early_hints,  # noqa: SLF001
    "/stream": _Handler._stream,  # noqa: SLF001
    "/upgrade": _Handler._upgrade,  # noqa: SLF001
}


class _QuietServer(ThreadingHTTPServer):
    """Says nothing of callers that go away."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: object) -> None: ...


@contextmanager
def recorder() -> Iterator[Recorder]:
    """Serve on loopback until the block ends."""
    running = Recorder()
    server = _QuietServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"recorder": running}))
    running.port = int(server.server_address[1])
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield running
    finally:
        running.go_on.set()
        server.shutdown()
        server.server_close()
