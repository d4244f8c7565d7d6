"""What the end-to-end tests drive: a gateway, services behind it, and callers."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from stack.throwaway import Throwaway
from stack.waiting import wait_until

TIMEOUT_SECONDS = 30.0


@dataclass
class Backend:
    """A service that answers with its own name and what it was asked."""

    name: str
    port: int
    asked: list[str] = field(default_factory=list)
    healthy: bool = True
    status: int = 200
    """What it answers, unless it is asked for its health."""
    next_statuses: list[int] = field(default_factory=list)
    """What it answers first, one after the other."""
    headers: dict[str, str] = field(default_factory=dict)
    """Further headers of its answers."""
    padding: int = 0
    """How many bytes its answers are longer."""
    go_on: threading.Event = field(default_factory=threading.Event)
    """While it is not set, nobody is answered."""
    held: list[str] = field(default_factory=list)
    """What waits to be answered."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer_status(self, path: str) -> int:
        """Answer the status for the next request."""
        if path == "/health":
            return 200 if self.healthy else 503
        return self.next_statuses.pop(0) if self.next_statuses else self.status


class _QuietServer(ThreadingHTTPServer):
    """Says nothing of callers that go away."""

    daemon_threads = True

    def handle_error(self, *_: object) -> None: ...


@contextmanager
def backend(name: str, port: int = 0) -> Iterator[Backend]:
    """Serve on loopback until the block ends."""
    known: list[Backend] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body in one piece: else each answer waits for the other side's acknowledgement.
        wbufsize = -1

        def do_GET(self) -> None:
            me = known[0]
            me.asked.append(self.path)
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length)
            me.held.append(self.path)
            me.go_on.wait(TIMEOUT_SECONDS)
            me.held.remove(self.path)
            answer = {
                "name": me.name,
                "path": self.path,
                "method": self.command,
                "headers": {key.lower(): value for key, value in self.headers.items()},
                "bytes": len(body),
                "padding": "x" * me.padding,
            }
            content = json.dumps(answer).encode()
            self.send_response(me.answer_status(self.path))
            for key, value in ({"Content-Type": "application/json"} | me.headers).items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None: ...

    server = _QuietServer(("127.0.0.1", port), Handler)
    known.append(Backend(name, int(server.server_address[1])))
    known[0].go_on.set()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield known[0]
    finally:
        known[0].go_on.set()
        server.shutdown()
        server.server_close()


class Callers:
    """A client of the edge, with the admin key unless told otherwise."""

    def __init__(self, gateway: Throwaway) -> None:
        self.gateway = gateway
        self.http = httpx.Client(base_url=gateway.edge, timeout=TIMEOUT_SECONDS, trust_env=False)

    def auth(self, key: str = "admin") -> dict[str, str]:
        return {"Authorization": f"Bearer {self.gateway.key(key)}"}

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.http.get(path, headers=headers)

    def post(
        self, path: str, body: Any = None, *, key: str = "admin", params: Any = None
    ) -> httpx.Response:
        return self.http.post(path, json=body, headers=self.auth(key), params=params)

    def delete(self, path: str, *, key: str = "admin") -> httpx.Response:
        return self.http.delete(path, headers=self.auth(key))

    def shown(self, path: str, *, key: str = "admin") -> httpx.Response:
        return self.http.get(path, headers=self.auth(key))

    def register(
        self, name: str, target: str, *, key: str = "join", **fields: Any
    ) -> httpx.Response:
        return self.post("/gateway/register", {"name": name, "base_url": target, **fields}, key=key)

    def registered(self, name: str, target: str, **fields: Any) -> dict[str, Any]:
        """Register, and answer what the gateway said; fails where it is not live."""
        answer = self.register(name, target, **fields)
        assert answer.status_code in {200, 201}, answer.text
        body: dict[str, Any] = answer.json()
        assert body["live"] or fields.get("expose") == "none", body
        return body

    def clear(self) -> None:
        """Take everything out again."""
        for service in self.shown("/gateway/services").json()["services"]:
            self.delete(f"/gateway/services/{service['name']}")
        eventually(lambda: "" if self.routers() == [] else str(self.routers()))

    def routers(self) -> list[str]:
        """Answer the names of the routers that Traefik runs for services."""
        answer = self.http.get(
            f"{self.gateway.admin}/api/http/routers?per_page=5000",
            auth=("admin", self.gateway.password()),
        )
        names = [router["name"] for router in answer.json() if router["provider"] == "file"]
        return [name for name in names if not name.startswith(("gateway-", "generation."))]


def eventually(check: Callable[[], str], seconds: float = 10.0) -> None:
    """Wait until a check has nothing to complain of any more."""
    problem = wait_until(check, seconds)
    assert not problem, problem
