"""The demo service, started as `just up` starts it, with the SDK at work."""

from collections.abc import Iterator

import pytest

from tests.harness import Callers, eventually

pytestmark = pytest.mark.slow


@pytest.fixture
def math(callers: Callers) -> Iterator[Callers]:
    """Start the demo service beside the shared gateway."""
    callers.gateway.start("math")
    yield callers
    callers.gateway.stop("math")


def test_the_demo_registers_itself_and_adds_through_the_edge(math: Callers) -> None:
    eventually(lambda: "" if "/math/add" in math.get("/openapi.json").text else "not shown")

    answer = math.http.post("/math/add", json={"a": 1, "b": 2})

    assert answer.json() == {"result": 3}
    assert math.http.post("/math/divide", json={"a": 1, "b": 0}).status_code == 400


def test_a_service_that_was_forgotten_registers_again(math: Callers) -> None:
    eventually(lambda: "" if math.get("/math/health").is_success else "not there yet")
    math.delete("/gateway/services/math")
    eventually(lambda: "" if math.get("/math/health").status_code == 404 else "still there")

    eventually(lambda: "" if math.get("/math/health").is_success else "not back", 20.0)


def test_a_service_that_stops_leaves_at_once(callers: Callers) -> None:
    callers.gateway.start("math")

    callers.gateway.stop("math")

    assert callers.shown("/gateway/services/math").status_code == 404
