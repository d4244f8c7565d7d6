"""What the edge must carry unharmed: streams, sockets, large bodies, dropped connections."""

import hashlib
import json
import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from websockets.sync.client import connect
from websockets.sync.server import ServerConnection, serve

from tests.harness import Backend, Callers, backend

LARGE_BYTES = 48 * 1024 * 1024


@contextmanager
def raw_server(script: "Script") -> Iterator[int]:
    """Run one function for each connection that comes in, on a port of loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def accept() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                threading.Thread(target=script.serve, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield int(listening.getsockname()[1])
        listening.shutdown(socket.SHUT_RDWR)


class Script(ABC):
    """What a server does on each of its connections."""

    def __init__(self) -> None:
        self.connections = 0
        self.go_on = threading.Event()

    def serve(self, connection: socket.socket) -> None:
        with connection:
            # A registration looks whether anybody listens, and says nothing.
            if connection.recv(65536):
                self.connections += 1
                self.answer(connection)

    @abstractmethod
    def answer(self, connection: socket.socket) -> None: ...


class Stepwise(Script):
    """Sends server-sent events, the second only when it is told to."""

    def answer(self, connection: socket.socket) -> None:
        head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode() + b"data: one\n\n")
        self.go_on.wait(10)
        connection.sendall(b"data: two\n\n")


class Chunked(Script):
    """Sends chunks of plain text, the second only when it is told to."""

    def answer(self, connection: socket.socket) -> None:
        head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(head.encode() + b"3\r\none\r\n")
        self.go_on.wait(10)
        connection.sendall(b"3\r\ntwo\r\n0\r\n\r\n")


class Forgetful(Script):
    """Promises to keep the connection alive, and closes it after each answer."""

    def answer(self, connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


class Breaking(Script):
    """Announces more than it sends."""

    def answer(self, connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")


@pytest.mark.parametrize("script", [Stepwise(), Chunked()], ids=["events", "chunks"])
def test_a_stream_arrives_piece_by_piece(callers: Callers, script: Script) -> None:
    with raw_server(script) as port:
        callers.registered("stream", f"http://127.0.0.1:{port}")

        with callers.http.stream("GET", "/stream") as answer:
            pieces = answer.iter_text()
            first = next(pieces)
            script.go_on.set()
            rest = "".join(pieces)

    assert "one" in first
    assert "two" not in first
    assert "two" in rest


def test_a_websocket_carries_text_and_bytes_both_ways(callers: Callers) -> None:
    def talk(connection: ServerConnection) -> None:
        for message in connection:
            connection.send(message)

    with serve(talk, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.socket.getsockname()[1]
        callers.registered("echoes", f"http://127.0.0.1:{port}")
        url = callers.gateway.edge.replace("http", "ws", 1)
        with connect(f"{url}/echoes/anything") as socket_:
            socket_.send("text")
            text = socket_.recv(timeout=5)
            socket_.send(b"x" * 500_000)
            data = socket_.recv(timeout=5)

    assert (text, data) == ("text", b"x" * 500_000)


@pytest.mark.parametrize("instances", [1, 2])
def test_a_large_body_arrives_whole(callers: Callers, echo: Backend, instances: int) -> None:
    with backend("second") as second:
        for number, target in enumerate([echo, second][:instances]):
            callers.registered("upload", target.url, instance_id=f"i{number}")

        answer = callers.http.post("/upload", content=b"x" * LARGE_BYTES)

    assert answer.status_code == 200, answer.text
    assert answer.json()["bytes"] == LARGE_BYTES


def test_a_large_answer_arrives_whole(callers: Callers) -> None:
    body = b"".join(hashlib.sha256(bytes([n % 256])).digest() for n in range(400_000))

    class Large(Script):
        def answer(self, connection: socket.socket) -> None:
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n"
            connection.sendall(head.encode() + body)

    with raw_server(Large()) as port:
        callers.registered("large", f"http://127.0.0.1:{port}")

        answer = callers.get("/large")

    assert answer.content == body


def test_a_connection_that_the_server_dropped_costs_no_get(callers: Callers) -> None:
    script = Forgetful()
    with raw_server(script) as port:
        callers.registered("forgets", f"http://127.0.0.1:{port}")

        answers = [callers.get("/forgets").status_code for _ in range(30)]

    assert answers == [200] * 30
    assert script.connections >= 30


def test_an_answer_that_breaks_off_is_not_passed_as_whole(callers: Callers) -> None:
    with raw_server(Breaking()) as port:
        callers.registered("breaks", f"http://127.0.0.1:{port}")

        with pytest.raises(httpx.RemoteProtocolError):
            callers.get("/breaks")


def test_a_service_that_is_gone_is_a_bad_gateway(callers: Callers) -> None:
    callers.registered("gone", "http://127.0.0.1:9")

    assert callers.get("/gone").status_code == 502


def test_head_and_unusual_methods_reach_the_service(callers: Callers, echo: Backend) -> None:
    callers.registered("methods", echo.url)

    head = callers.http.head("/methods")
    deleted = callers.http.delete("/methods/7")

    assert (head.status_code, head.content) == (200, b"")
    assert deleted.json()["method"] == "DELETE"


@pytest.mark.parametrize(
    "path",
    [
        "/safe/../gateway/services",
        "/safe/%2e%2e/x",
        "/safe/a%2fb",
        "/safe/a%5cb",
        "/safe//x",
        "/safe/%00",
    ],
)
def test_a_path_can_not_climb_out_of_its_prefix(callers: Callers, echo: Backend, path: str) -> None:
    callers.registered("safe", echo.url)
    echo.asked.clear()

    with socket.create_connection(("127.0.0.1", callers.gateway.settings.edge_port)) as raw:
        raw.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        raw.settimeout(5)
        status = raw.recv(65536).split(b" ")[1]

    climbed = [asked for asked in echo.asked if ".." in asked or "%" in asked or "//" in asked]
    assert climbed == []
    assert status in {b"200", b"400", b"401", b"404"}


def test_a_caller_can_not_pose_as_somebody_forwarded(callers: Callers, echo: Backend) -> None:
    callers.registered("seen", echo.url)

    answer = callers.get(
        "/seen",
        **{
            "X-Forwarded-For": "6.6.6.6",
            "X-Forwarded-Host": "evil.example",
            "X-Real-Ip": "6.6.6.6",
            "X_Forwarded_Prefix": "/evil",
        },
    )

    headers = answer.json()["headers"]
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["x-forwarded-host"] == callers.gateway.edge.removeprefix("http://")
    assert headers["x-real-ip"] == "127.0.0.1"
    assert headers["x-forwarded-prefix"] == "/seen"
    assert "evil" not in json.dumps(headers)


def test_the_dashboard_needs_its_password_and_is_not_at_the_edge(callers: Callers) -> None:
    admin = callers.gateway.admin
    right = ("admin", callers.gateway.password())

    opened = callers.http.get(f"{admin}/dashboard/", auth=right)
    refused = [
        callers.http.get(f"{admin}/dashboard/").status_code,
        callers.http.get(f"{admin}/api/rawdata").status_code,
        callers.http.get(f"{admin}/api/rawdata", auth=("admin", "guess")).status_code,
    ]
    at_the_edge = [
        callers.get(path).status_code for path in ("/dashboard/", "/api/rawdata", "/ping")
    ]

    assert opened.status_code == 200
    assert refused == [401] * 3
    assert at_the_edge == [404] * 3


def test_the_access_log_is_json_and_has_no_key(callers: Callers, echo: Backend) -> None:
    callers.registered("logged", echo.url)
    for _ in range(400):
        callers.get(
            "/logged?api_key=gate_secret",
            Authorization="Bearer gate_secret",
            **{"X-API-Key": "gate_secret"},
        )

    text = callers.gateway.layout.log("access").read_text()

    lines = [json.loads(line) for line in text.splitlines()[:-1]]
    assert any(line.get("RouterName") == "logged@file" for line in lines)
    assert "gate_secret" not in text
