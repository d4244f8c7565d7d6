import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest

from tests.fakes.gateway import REGISTER, FakeGateway

MAIN = Path(__file__).parents[2] / "examples" / "math-service" / "main.py"
INSTANCE = "/gateway/services/math/instances/one"


@dataclass(frozen=True)
class Running:
    """The math service as a process of its own, and the gateway it registered with."""

    process: subprocess.Popen[bytes]
    gateway: FakeGateway
    http: httpx.Client

    def post(self, path: str, a: float, b: float) -> httpx.Response:
        return self.http.post(path, json={"a": a, "b": b})


@contextlib.contextmanager
def started() -> Iterator[Running]:
    port = free_port()
    environ = {"GATEHOUSE_MATH_PORT": str(port), "GATEHOUSE_TOKEN": "gate_join_hush"}
    with contextlib.ExitStack() as stack:
        gateway = stack.enter_context(FakeGateway())
        process = stack.enter_context(
            subprocess.Popen(  # noqa: S603 - our own example
                [sys.executable, MAIN], env=environ | {"GATEHOUSE_URL": gateway.url}
            )
        )
        stack.callback(process.kill)
        # It registers as soon as it listens.
        gateway.wait_for(*REGISTER)
        http = stack.enter_context(
            httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False)
        )
        yield Running(process, gateway, http)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture(scope="module")
def math() -> Iterator[Running]:
    with started() as running:
        yield running


def follow(math: Running, url: str) -> dict[str, Any]:
    """Ask for a task until it is done."""
    gives_up_at = time.monotonic() + 5
    while time.monotonic() < gives_up_at:
        task: dict[str, Any] = math.http.get(url).json()
        if task["state"] == "done":
            return task
    raise AssertionError(f"{url} was not done in 5 s")


def test_it_registers_with_its_health_version_and_document(math: Running) -> None:
    (asked,) = math.gateway.wait_for(*REGISTER)

    assert asked.body == {
        "name": "math",
        "base_url": str(math.http.base_url).rstrip("/"),
        "ttl_seconds": 30,
        "health": {"path": "/health"},
        "openapi_url": "openapi.json",
        "version": "1.0.0",
        "description": "Arithmetic, and slow work with progress.",
        "tags": ["demo"],
    }


def test_it_leaves_promptly_and_deregisters_when_it_is_told_to_end() -> None:
    with started() as running:
        running.http.post("/background_task", json={"seconds": 600})

        running.process.send_signal(signal.SIGTERM)
        running.process.wait(5)

        assert len(running.gateway.wait_for("DELETE", INSTANCE)) == 1


@pytest.mark.parametrize(
    ("path", "a", "b", "result"),
    [
        ("/add", 1, 2, "3"),
        ("/add", 0.5, 0.25, "0.75"),
        ("/add", 1, 2.0, "3.0"),
        ("/multiply", 6, 7, "42"),
        ("/multiply", 10**15, -(10**15), str(-(10**30))),
        ("/divide", 42, 6, "7"),
        ("/divide", -7, 2, "-3.5"),
        ("/power", 2, 10, "1024"),
        ("/power", 9, 0.5, "3.0"),
        ("/power", 2, -1, "0.5"),
        ("/power", 0, 0, "1"),
        ("/power", -2, 3, "-8"),
        ("/power", 10, 300, str(10**300)),
        ("/power", 10, -1000, "0.0"),
        ("/power", 1, 10**15, "1"),
    ],
)
def test_whole_numbers_stay_whole(
    math: Running, path: str, a: float, b: float, result: str
) -> None:
    response = math.post(path, a, b)

    assert (response.status_code, response.text) == (200, f'{{"result":{result}}}')


@pytest.mark.parametrize(
    ("path", "a", "b", "detail"),
    [
        ("/divide", 1, 0, "Division by zero has no result: b must not be 0."),
        ("/divide", 1.5, 0.0, "Division by zero has no result: b must not be 0."),
        ("/power", 10, 301, "The result has more than 300 digits: take a smaller b."),
        ("/power", 2, 10**15, "The result has more than 300 digits: take a smaller b."),
        ("/power", 0.5, -(10**15), "The result has more than 300 digits: take a smaller b."),
        ("/power", 0, -1, "0 has no negative power: b must not be negative when a is 0."),
        ("/power", -8, 0.5, "A negative number has no real fractional power: b must be whole."),
    ],
)
def test_what_has_no_result_is_a_problem_that_says_why(
    math: Running, path: str, a: float, b: float, detail: str
) -> None:
    response = math.post(path, a, b)

    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json() == {"title": "No result", "status": 400, "detail": detail}


@pytest.mark.parametrize(
    "body",
    [
        '{"a": NaN, "b": 1}',
        '{"a": 1e999, "b": 1}',
        '{"a": "1", "b": 1}',
        '{"a": true, "b": 1}',
        '{"a": 1e16, "b": 1}',
        '{"a": 10000000000000000, "b": 1}',
        '{"a": 1}',
        "[]",
        "{",
    ],
)
def test_what_is_not_two_numbers_is_refused(math: Running, body: str) -> None:
    response = math.http.post("/add", content=body, headers={"Content-Type": "application/json"})

    assert response.status_code == 422
    assert response.json()["detail"]


def test_a_background_task_is_accepted_and_can_be_followed_to_its_end(math: Running) -> None:
    accepted = math.http.post("/background_task", json={"seconds": 0.05, "steps": 5})
    where = urljoin(str(accepted.url), accepted.headers["location"])

    assert accepted.status_code == 202
    assert (accepted.json()["state"], accepted.json()["steps_done"]) == ("running", 0)
    assert follow(math, where) == accepted.json() | {"state": "done", "steps_done": 5}


def test_an_unknown_task_is_a_problem(math: Running) -> None:
    response = math.http.get("/tasks/ghost")

    assert response.status_code == 404
    assert response.json() == {
        "title": "No such task",
        "status": 404,
        "detail": "There is no task 'ghost'.",
    }


def test_too_many_tasks_at_once_are_refused_and_finished_ones_make_room() -> None:
    with started() as running:
        first = running.http.post("/background_task", json={"seconds": 0, "steps": 1})
        follow(running, first.json()["url"])
        for _ in range(100):
            running.http.post("/background_task", json={"seconds": 600}).raise_for_status()

        refused = running.http.post("/background_task", json={"seconds": 0})

        assert running.http.get(first.json()["url"]).status_code == 404
        assert refused.status_code == 503
        assert refused.json()["title"] == "Too many tasks"


def test_every_example_in_the_document_answers_as_documented(math: Running) -> None:
    document = math.http.get("/openapi.json").json()

    for path, operation in arithmetic_operations(document):
        content = operation["requestBody"]["content"]["application/json"]
        for example in content["examples"].values():
            response = math.http.post(path, json=example["value"])
            kind = response.headers["content-type"]
            assert kind in operation["responses"][str(response.status_code)]["content"]


def test_the_first_example_of_add_is_one_and_two(math: Running) -> None:
    operations = dict(arithmetic_operations(math.http.get("/openapi.json").json()))

    content = operations["/add"]["requestBody"]["content"]["application/json"]
    assert next(iter(content["examples"].values()))["value"] == {"a": 1, "b": 2}


def test_it_says_that_it_is_well(math: Running) -> None:
    assert math.http.get("/health").json() == {"status": "ok"}


def arithmetic_operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    operations = [(path, methods.get("post", {})) for path, methods in document["paths"].items()]
    return [each for each in operations if "arithmetic" in each[1].get("tags", ())]
