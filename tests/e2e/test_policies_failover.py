"""What callers see when another service takes over, and who may let it."""

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.sync.client import connect
from websockets.sync.server import ServerConnection, serve

from tests.e2e.test_forwarding import Stepwise, raw_server
from tests.harness import Backend, Callers, backend, eventually

DEAD = "http://127.0.0.1:9"


def _backed(callers: Callers, target: str, spare: Backend, **policy: Any) -> None:
    """Register a service, and another that stands in for it."""
    callers.registered("spare", spare.url, expose="none")
    callers.registered("main", target, policies={"failover": {"service": "spare", **policy}})


def _answered(callers: Callers, method: str, size: int = 0, path: str = "/main") -> tuple[int, str]:
    answer = callers.http.request(method, path, content=b"x" * size)
    body = answer.json() if answer.headers.get("content-type") == "application/json" else {}
    return answer.status_code, str(body.get("name", ""))


@pytest.mark.parametrize("method", ["GET", "OPTIONS", "DELETE", "PUT"])
def test_a_failing_answer_is_made_good(
    callers: Callers, one: Backend, two: Backend, method: str
) -> None:
    _backed(callers, one.url, two)
    before = _answered(callers, method)

    one.status = 503

    assert (before, _answered(callers, method)) == ((200, "one"), (200, "two"))
    one.status = 200
    assert _answered(callers, method) == (200, "one")


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_what_may_have_run_is_not_run_again(
    callers: Callers, one: Backend, two: Backend, method: str
) -> None:
    _backed(callers, one.url, two)
    one.status = 503

    assert _answered(callers, method) == (503, "one")
    assert two.asked == []


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_what_may_have_run_is_run_again_where_that_is_asked_for(
    callers: Callers, one: Backend, two: Backend, method: str
) -> None:
    _backed(callers, one.url, two, unsafe_methods=True)
    one.status = 503

    assert _answered(callers, method, 5) == (200, "two")
    assert (len(one.asked), len(two.asked)) == (1, 1)


@pytest.mark.parametrize(
    ("status", "failing", "who"),
    [(["429"], 429, "two"), (["429"], 503, "one"), (["500-599"], 501, "two")],
)
def test_the_statuses_are_those_that_are_given(
    callers: Callers, one: Backend, two: Backend, status: list[str], failing: int, who: str
) -> None:
    _backed(callers, one.url, two, status=status)
    one.status = failing

    assert _answered(callers, "GET")[1] == who


def test_a_dead_service_is_made_good(callers: Callers, two: Backend) -> None:
    _backed(callers, DEAD, two)

    assert _answered(callers, "GET") == (200, "two")
    assert _answered(callers, "POST") == (502, "")


def test_once_a_service_is_known_to_be_dead_nothing_is_lost(
    callers: Callers, one: Backend, two: Backend
) -> None:
    callers.registered("spare", two.url, expose="none")
    callers.registered(
        "main",
        one.url,
        health={"path": "/health", "interval_seconds": 1, "timeout_seconds": 1},
        policies={"failover": {"service": "spare"}},
    )
    before = _answered(callers, "POST")

    one.healthy = False

    eventually(lambda: "" if _answered(callers, "POST") == (200, "two") else "still asked", 30.0)
    one.healthy = True
    eventually(lambda: "" if _answered(callers, "POST") == (200, "one") else "not asked", 30.0)
    assert before == (200, "one")


def test_the_whole_request_reaches_who_stands_in(
    callers: Callers, one: Backend, two: Backend
) -> None:
    _backed(callers, one.url, two)
    one.status = 503

    answer = callers.http.put(
        "/main/a/b?c=d", content=b"x" * 100_000, headers={"X-Mine": "yes", "X-Site-Id": "s1"}
    )

    said = answer.json()
    assert (said["name"], said["path"], said["bytes"]) == ("two", "/a/b?c=d", 100_000)
    assert (said["headers"]["x-mine"], said["headers"]["x-site-id"]) == ("yes", "s1")
    assert said["headers"]["x-request-id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("method", "size", "status"),
    [
        ("PUT", 20_000, 200),
        ("PUT", 20_001, 413),
        # Such a request hardly ever has a body, and memory is set aside for each.
        ("GET", 16_384, 200),
        ("GET", 16_385, 413),
        # It is not run again, so that it need not be kept.
        ("POST", 20_001, 200),
    ],
)
def test_a_request_too_large_to_be_kept_is_refused(
    callers: Callers, one: Backend, two: Backend, method: str, size: int, status: int
) -> None:
    _backed(callers, one.url, two, maxRequestBodyBytes=20_000)

    assert _answered(callers, method, size)[0] == status


def test_who_stands_in_fails_as_itself(callers: Callers, one: Backend, two: Backend) -> None:
    _backed(callers, one.url, two)
    one.status, two.status = 503, 500

    assert _answered(callers, "GET") == (500, "two")


def test_two_services_stand_in_for_each_other(callers: Callers, one: Backend, two: Backend) -> None:
    for name, each, other in (("first", one, "second"), ("second", two, "first")):
        callers.registered(name, each.url, policies={"failover": {"service": other}})
    callers.registered("first", one.url, policies={"failover": {"service": "second"}})
    one.status = 503
    asked = [_answered(callers, "GET", path=path) for path in ("/first", "/second")]

    two.status = 503

    assert asked == [(200, "two"), (200, "two")]
    assert [_answered(callers, "GET", path=f"/{name}") for name in ("first", "second")] == [
        (503, "two"),
        (503, "one"),
    ]


def test_what_is_not_listed_stays_closed(callers: Callers, one: Backend, two: Backend) -> None:
    callers.registered("spare", two.url, expose="none")
    callers.registered(
        "main",
        one.url,
        routes=[{"path": "/open", "methods": ["GET", "POST"]}],
        policies={"failover": {"service": "spare"}},
    )
    one.status = 503

    found = {
        (method, path): _answered(callers, method, path=f"/main{path}")
        for method in ("GET", "PUT", "POST")
        for path in ("/open", "/closed")
    }

    assert found == {
        ("GET", "/open"): (200, "two"),
        ("POST", "/open"): (503, "one"),
        ("PUT", "/open"): (404, ""),
        **{(method, "/closed"): (404, "") for method in ("GET", "PUT", "POST")},
    }


def test_the_services_own_key_check_holds_for_who_stands_in(
    callers: Callers, one: Backend, two: Backend
) -> None:
    callers.registered("spare", two.url, policies={"keyauth": {"scopes": ["spare:call"]}})
    callers.registered("main", one.url, policies={"failover": {"service": "spare"}, "keyauth": {}})
    one.status = 503

    assert _answered(callers, "GET") == (401, "")
    assert callers.shown("/main").json()["name"] == "two"


@pytest.fixture
def echoes() -> Iterator[int]:
    def talk(connection: ServerConnection) -> None:
        for message in connection:
            connection.send(message)

    with serve(talk, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.socket.getsockname()[1]


def test_a_websocket_passes(callers: Callers, two: Backend, echoes: int) -> None:
    _backed(callers, f"http://127.0.0.1:{echoes}", two)
    url = callers.gateway.edge.replace("http", "ws", 1)

    with connect(f"{url}/main/anything") as socket_:
        socket_.send("text")
        answer = socket_.recv(timeout=5)

    assert answer == "text"
    assert two.asked == []


def test_a_websocket_reaches_who_stands_in(callers: Callers, echoes: int) -> None:
    callers.registered("spare", f"http://127.0.0.1:{echoes}", expose="none")
    callers.registered("main", DEAD, policies={"failover": {"service": "spare"}})
    url = callers.gateway.edge.replace("http", "ws", 1)

    with connect(f"{url}/main/anything") as socket_:
        socket_.send("text")
        answer = socket_.recv(timeout=5)

    assert answer == "text"


def test_events_arrive_one_by_one(callers: Callers, two: Backend) -> None:
    script = Stepwise()
    with raw_server(script) as port:
        _backed(callers, f"http://127.0.0.1:{port}", two)

        with callers.http.stream("GET", "/main") as answer:
            pieces = answer.iter_text()
            first = next(pieces)
            script.go_on.set()
            rest = "".join(pieces)

    assert "one" in first
    assert "two" not in first
    assert "two" in rest


def test_an_upload_that_is_not_kept_arrives_while_it_is_sent(
    callers: Callers, two: Backend
) -> None:
    begun = threading.Event()

    class Reading(Stepwise):
        def serve(self, connection: socket.socket) -> None:
            with connection:
                while data := connection.recv(65536):
                    if b"first" in data:
                        begun.set()
                    if b"last" in data:
                        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    def body() -> Iterator[bytes]:
        yield b"first"
        assert begun.wait(10)
        yield b"last"

    with raw_server(Reading()) as port:
        _backed(callers, f"http://127.0.0.1:{port}", two)

        answer = callers.http.post("/main", content=body())

    assert answer.text == "ok"


def test_who_stands_in_serves_after_the_last_has_left_and_gives_back(
    callers: Callers, one: Backend, two: Backend
) -> None:
    _backed(callers, one.url, two)
    instance = callers.shown("/gateway/services/main").json()["instances"][0]["instance_id"]

    left = callers.delete(f"/gateway/services/main/instances/{instance}")

    assert left.status_code == 204
    eventually(lambda: "" if _answered(callers, "POST", 5) == (200, "two") else "not yet")
    shown = callers.shown("/gateway/services/main").json()
    assert shown["instances"] == []
    assert shown["warnings"] == ["No instance is registered; 'spare' stands in where it can."]
    callers.registered("main", one.url, policies={"failover": {"service": "spare"}})
    assert _answered(callers, "POST", 5) == (200, "one")


@pytest.mark.slow
def test_who_stands_in_serves_after_the_last_lease_has_ended(
    callers: Callers, one: Backend, two: Backend
) -> None:
    callers.registered("spare", two.url, expose="none", ttl_seconds=300)
    callers.registered("main", one.url, ttl_seconds=5, policies={"failover": {"service": "spare"}})

    eventually(lambda: "" if _answered(callers, "POST") == (200, "two") else "not yet", 20.0)

    assert callers.shown("/gateway/services/main").json()["instances"] == []


def test_a_name_that_is_kept_for_its_service_can_be_let_go(
    callers: Callers, one: Backend, two: Backend
) -> None:
    _backed(callers, one.url, two)
    instance = callers.shown("/gateway/services/main").json()["instances"][0]["instance_id"]
    callers.delete(f"/gateway/services/main/instances/{instance}")

    removed = callers.delete("/gateway/services/main")

    assert removed.status_code == 204
    eventually(lambda: "" if _answered(callers, "GET")[0] == 404 else "still there")
    assert callers.shown("/gateway/services/main").status_code == 404


def test_who_comes_later_stands_in_from_then_on(
    callers: Callers, one: Backend, two: Backend
) -> None:
    said = callers.registered("main", one.url, policies={"failover": {"service": "spare"}})
    one.status = 503
    before = _answered(callers, "GET")

    callers.registered("spare", two.url, expose="none")

    assert said["warnings"] == [
        "policies.failover: 'spare' is not registered yet; until it is, this does nothing."
    ]
    assert (before, _answered(callers, "GET")) == ((503, "one"), (200, "two"))
    callers.delete("/gateway/services/spare")
    eventually(lambda: "" if _answered(callers, "GET") == (503, "one") else "still stands in")


@pytest.mark.parametrize("policy", ["failover", "mirror"])
def test_a_service_of_another_key_must_have_agreed(
    callers: Callers, one: Backend, two: Backend, policy: str
) -> None:
    policies = {policy: {"service": "spare"}}
    callers.registered("spare", two.url, key="admin")

    refused = callers.register("main", one.url, policies=policies)
    early = callers.registered("spare", two.url, key="admin", backup_for=["main"])
    still = callers.register("main", one.url, policies=policies)
    callers.registered("main", one.url)
    callers.registered("spare", two.url, key="admin", backup_for=["main"])
    taken = callers.register("main", one.url, policies=policies)

    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/not-backup")
    assert f"policies.{policy}.service" in refused.json()["detail"]
    assert "nobody has registered 'main' yet" in early["warnings"][0]
    assert still.status_code == 403
    assert taken.status_code == 201
    callers.registered("spare", two.url, key="admin", backup_for=[])
    one.status = 503
    two.asked.clear()
    assert _answered(callers, "GET") == (503, "one")
    assert two.asked == []


def test_an_instance_that_is_drained_waits_for_nobody(
    callers: Callers, one: Backend, two: Backend
) -> None:
    with backend("three") as three:
        _backed(callers, one.url, two)
        policies = {"failover": {"service": "spare"}}
        callers.registered("main", three.url, instance_id="three", weight=0, policies=policies)
        one.status = three.status = 503

        assert _answered(callers, "GET") == (200, "two")
        assert three.asked == []
