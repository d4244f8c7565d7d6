"""A gateway on loopback that answers as it is told and remembers what it was asked."""

import json
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

WAIT_SECONDS = 5.0
REGISTER = ("POST", "/gateway/register")


@dataclass(frozen=True)
class Asked:
    """A request that came in."""

    method: str
    path: str
    headers: Mapping[str, str]
    content: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.content)


@dataclass(frozen=True)
class Scripted:
    """A reply that replaces the usual one; `content` is for what is no JSON."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""


class FakeGateway:
    """Knows instances by path; `ttl_seconds` is what it grants, whatever was asked for.

    A service that is `refused`, by its name, gets that reply.
    """

    def __init__(self, *, ttl_seconds: float | None = 30, port: int = 0) -> None:
        self.ttl_seconds = ttl_seconds
        self.instances: set[str] = set()
        self.refused: dict[str, Scripted] = {}
        self.asked: list[Asked] = []
        self._scripted: deque[Scripted] = deque()
        self._changed = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(WAIT_SECONDS)

    def script(self, *replies: Scripted) -> None:
        """Give these replies next, whatever is asked."""
        self._scripted.extend(replies)

    def forget(self) -> None:
        """Lose every lease, as a gateway with an empty store."""
        with self._changed:
            self.instances.clear()

    def wait_for(self, method: str, path: str, *, times: int = 1) -> list[Asked]:
        """Give the requests of this kind as soon as there are so many of them."""

        def found() -> list[Asked]:
            return [each for each in self.asked if (each.method, each.path) == (method, path)]

        with self._changed:
            came = self._changed.wait_for(lambda: len(found()) >= times, WAIT_SECONDS)
            assert came, f"{method} {path} came {len(found())} times, not {times}"
            return found()

    def answer(self, asked: Asked) -> Scripted:
        with self._changed:
            self.asked.append(asked)
            reply = self._scripted.popleft() if self._scripted else self._usual(asked)
            self._changed.notify_all()
            return reply

    def _usual(self, asked: Asked) -> Scripted:
        if (asked.method, asked.path) == REGISTER:
            return self._register(asked.body)
        instance = asked.path.removesuffix("/heartbeat")
        if instance not in self.instances:
            return Scripted(404)
        if asked.method == "DELETE":
            self.instances.remove(instance)
        return Scripted(204)

    def _register(self, body: dict[str, Any]) -> Scripted:
        name = body["name"]
        if name in self.refused:
            return self.refused[name]
        instance_id = body.get("instance_id", "one")
        instance = f"/gateway/services/{name}/instances/{instance_id}"
        self.instances.add(instance)
        return Scripted(201, registered(name, instance_id, self.ttl_seconds, self.url))

    def _serve(self) -> None:
        self._server.serve_forever(poll_interval=0.01)


def registered(
    name: str, instance_id: str, ttl_seconds: float | None, url: str = "http://edge"
) -> dict[str, Any]:
    """Build the body of the contract's 201."""
    return {
        "name": name,
        "instance_id": instance_id,
        "prefix": f"/{name}",
        "url": f"{url}/{name}",
        "docs_url": f"{url}/docs",
        "lease": {
            "ttl_seconds": ttl_seconds,
            "expires_at": "2030-01-01T00:00:00Z",
            "heartbeat_url": f"/gateway/services/{name}/instances/{instance_id}/heartbeat",
        },
        "live": True,
        "ready_ms": 12,
        "generation": "0123456789ab",
        "warnings": [],
    }


def problem(
    status: int, slug: str, detail: str, errors: Mapping[str, str] | None = None
) -> Scripted:
    """Build a problem report (RFC 9457) as the gateway sends it; `errors` are fields."""
    body: dict[str, Any] = {
        "type": f"/problems/{slug}",
        "title": "The request is not valid",
        "status": status,
        "detail": detail,
    }
    if errors:
        body["errors"] = [{"field": name, "message": said} for name, said in errors.items()]
    return Scripted(status, body, {"Content-Type": "application/problem+json"})


def _handler(gateway: FakeGateway) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(self.command, self.path, headers, self.rfile.read(length))
            reply = gateway.answer(asked)
            content = reply.content if reply.body is None else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = do_HEAD = _answer  # noqa: N815 - the names http.server calls

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's signature
            """Say nothing."""

    return Handler
