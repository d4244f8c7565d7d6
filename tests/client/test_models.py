from typing import Any

import pytest
from gatehouse.models import Registration

URL = "http://127.0.0.1:8000"


def body(registration: Registration, openapi_url: str | None = None) -> dict[str, Any]:
    return registration.body(base_url=URL, openapi_url=openapi_url)


def test_what_is_not_said_is_not_sent() -> None:
    assert body(Registration("math")) == {"name": "math", "base_url": URL, "ttl_seconds": 30}


def test_every_field_of_the_contract_is_sent_under_its_name() -> None:
    said: dict[str, Any] = {
        "name": "math",
        "prefix": "/m",
        "host": "math.example.com",
        "strip_prefix": False,
        "instance_id": "one",
        "weight": 0,
        "ttl_seconds": 60,
        "health": {"path": "/health", "interval_seconds": 5, "timeout_seconds": 1},
        "openapi_url": "docs/openapi.json",
        "openapi": {"openapi": "3.1.0"},
        "routes": [{"path": "/add", "methods": ["POST"]}],
        "expose": "none",
        "version": "1",
        "description": "Sums.",
        "tags": ["demo"],
        "metadata": {"team": "a"},
        "preset": "public",
        "policies": {"rateLimit": {"average": 10}, "retry": None},
        "backup_for": ["other"],
    }

    assert body(Registration(**said)) == said | {"base_url": URL}


def test_a_permanent_registration_says_so() -> None:
    assert body(Registration("math", ttl_seconds=None))["ttl_seconds"] is None


def test_a_health_path_alone_is_enough() -> None:
    assert body(Registration("math", health="/health"))["health"] == {"path": "/health"}


def test_the_document_that_the_application_serves_is_used() -> None:
    assert body(Registration("math"), "/api/openapi.json")["openapi_url"] == "api/openapi.json"


@pytest.mark.parametrize(
    "registration",
    [
        Registration("math", openapi_url=""),
        Registration("math", openapi={}),
        # A document beside the routes would expose everything, not the routes alone.
        Registration("math", routes=[{"path": "/add"}]),
    ],
)
def test_what_the_caller_says_of_its_documentation_is_left_alone(
    registration: Registration,
) -> None:
    assert "openapi_url" not in body(registration, "/openapi.json")
