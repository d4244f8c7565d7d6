"""What stands at the entry point: an id for every request, and nobody is somebody yet."""

import re
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from stack.layout import ROOT
from tests.harness import eventually
from tests.plugins.recorder import Recorder
from tests.plugins.rig import Rig, route, traefik_rig
from tests.plugins.wire import TIMEOUT_SECONDS, exchange

WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{8,128}")
MADE = re.compile(r"[0-9a-f]{10}-[0-9a-z]{1,13}")


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """Run a Traefik whose entry points have the middlewares that we ship."""
    with traefik_rig(tmp_path_factory.mktemp("entry"), entry=True) as running:
        yield running


@pytest.fixture
def through(edge: Rig, service: Recorder) -> Rig:
    """Route to the service, with what dynamic-config/gateway.yaml says of the entry point."""
    edge.apply(shipped(route(service.url)))
    return edge


def shipped(dynamic: dict[str, Any]) -> dict[str, Any]:
    """Add the entry point's middlewares as they are shipped."""
    text = (ROOT / "dynamic-config" / "gateway.yaml").read_text(encoding="utf-8")
    known = yaml.safe_load(text)["http"]["middlewares"]
    names = ["gateway-entry", *known["gateway-entry"]["chain"]["middlewares"]]
    own = dynamic["http"].get("middlewares", {})
    return {"http": {**dynamic["http"], "middlewares": {name: known[name] for name in names} | own}}


def test_every_request_has_one_id_for_service_caller_and_log(
    through: Rig, service: Recorder
) -> None:
    answer = exchange(through.edge_port)

    (seen,) = service.seen("X-Request-Id")
    assert MADE.fullmatch(seen)
    assert answer.all("X-Request-Id") == [seen]
    eventually(lambda: "" if _logged(through, seen) else "not in the access log")


def test_no_two_requests_have_the_same_id(through: Rig, service: Recorder) -> None:
    for _ in range(50):
        exchange(through.edge_port)

    ids = {value for each in service.requests for key, value in each if key == "X-Request-Id"}
    assert len(ids) == 50
    assert all(WELL_FORMED.fullmatch(each) for each in ids)


@pytest.mark.parametrize("good", ["12345678", "a" * 128, "Az09._-Az09._-", "........"])
def test_a_well_formed_id_is_kept(through: Rig, service: Recorder, good: str) -> None:
    answer = exchange(through.edge_port, f"x-request-id: {good}")

    assert service.seen("X-Request-Id") == [good]
    assert answer.all("X-Request-Id") == [good]
    eventually(lambda: "" if _logged(through, good) else "not in the access log")


@pytest.mark.parametrize(
    "lines",
    [
        ("X-Request-Id: 1234567",),
        ("X-Request-Id: " + "a" * 129,),
        ("X-Request-Id: with space",),
        ("X-Request-Id: semi;colon",),
        ("X-Request-Id: käse-käse".encode(),),
        (b"X-Request-Id: \xff\xff\xff\xff\xff\xff\xff\xff\xff",),
        ("X-Request-Id:",),
        ("X-Request-Id: 12345678", "X-Request-Id: 12345678"),
        ("X_Request_Id: 12345678",),
    ],
)
def test_any_other_id_is_replaced(
    through: Rig, service: Recorder, lines: tuple[str | bytes, ...]
) -> None:
    answer = exchange(through.edge_port, *lines)

    (seen,) = service.seen("X-Request-Id")
    assert MADE.fullmatch(seen)
    assert answer.all("X-Request-Id") == [seen]
    assert service.seen("X_Request_Id") == []


@pytest.mark.parametrize(
    "lines",
    [
        ("X-Consumer: mallory", "X-Consumer-Id: mallory"),
        ("X-Consumer: mallory", "X-Consumer: mallory", "x-consumer-id: mallory"),
        ("x_consumer: mallory", "X_Consumer_Id: mallory", "X.Consumer: mallory"),
        ("X-Consumer:", "X-Consumer-Id:"),
        ("Connection: X-Consumer, X-Consumer-Id, close", "X-Consumer: mallory"),
    ],
)
def test_nobody_says_who_it_is(through: Rig, service: Recorder, lines: tuple[str, ...]) -> None:
    assert exchange(through.edge_port, *lines).status == 200

    assert service.seen("X-Consumer") == []
    assert service.seen("X-Consumer-Id") == []
    assert "mallory" not in str(service.requests)


@pytest.mark.parametrize(
    "lines",
    [
        ("Connection: X-Request-Id, close",),
        ("Connection: close", "connection: keep-alive,\tx-request-ID "),
    ],
)
def test_a_caller_cannot_have_the_id_removed(
    through: Rig, service: Recorder, lines: tuple[str, ...]
) -> None:
    exchange(through.edge_port, *lines)

    assert len(service.seen("X-Request-Id")) == 1


def test_tenant_headers_are_the_callers_to_say(through: Rig, service: Recorder) -> None:
    exchange(through.edge_port, "X-Site-Id: s", "X-App-Id: a", "X-User-Id: u")

    assert [service.seen(f"X-{each}-Id") for each in ("Site", "App", "User")] == [
        ["s"],
        ["a"],
        ["u"],
    ]


def test_an_id_that_the_service_answers_with_is_not_the_callers(through: Rig) -> None:
    answer = exchange(through.edge_port, "X-Request-Id: of-the-caller", path="/own-id")

    assert answer.all("X-Request-Id") == ["of-the-caller"]


def test_an_answer_of_traefik_itself_has_the_id(through: Rig) -> None:
    through.apply(shipped(route("http://127.0.0.1:9")))

    answer = exchange(through.edge_port, "X-Request-Id: of-the-caller")

    assert answer.status == 502
    assert answer.all("X-Request-Id") == ["of-the-caller"]


def test_a_stream_flows_as_it_comes(through: Rig, service: Recorder) -> None:
    with _asked(through, "GET /stream HTTP/1.1", "X-Request-Id: of-the-caller") as connection:
        stream = connection.makefile("rb")
        head = b"".join(iter(stream.readline, b"\r\n")).lower()
        assert head.count(b"x-request-id") == 1
        assert b"of-the-caller" in head
        assert [stream.readline(), stream.readline()] == [b"5\r\n", b"first\r\n"]

        service.go_on.set()

        assert [stream.readline(), stream.readline()] == [b"6\r\n", b"second\r\n"]


def test_a_connection_can_switch_protocols(through: Rig) -> None:
    switch = ("GET /upgrade HTTP/1.1", "Connection: Upgrade", "Upgrade: echo")
    with _asked(through, *switch) as connection:
        stream = connection.makefile("rb")
        head = b"".join(iter(stream.readline, b"\r\n")).lower()
        assert head.startswith(b"http/1.1 101")
        assert head.count(b"x-request-id") == 1

        connection.sendall(b"hello\n")

        assert stream.readline() == b"hello\n"


def _asked(through: Rig, first: str, *lines: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", through.edge_port), TIMEOUT_SECONDS)
    connection.sendall("\r\n".join((first, "Host: edge", *lines, "", "")).encode())
    return connection


def _logged(through: Rig, value: str) -> bool:
    return any(line.get("request_X-Request-Id") == value for line in through.access_log())
