import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sidecar.registry.admit import admit
from sidecar.registry.models import Service, overlaps
from tests.factories import JOINER, NOW, a_registration


def _deep(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"a": value}
    return value


def _complaint(**fields: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        a_registration(**fields)
    return caught.value.errors()[0]["msg"]


def test_a_name_and_an_address_are_enough() -> None:
    registration = a_registration("math", base_url="http://10.0.0.5:8000/")

    assert registration.prefix == "/math"
    assert registration.base_url == "http://10.0.0.5:8000"
    assert registration.instance_id.startswith("10.0.0.5-8000-")
    assert (registration.weight, registration.ttl_seconds, registration.expose) == (1, 30, "all")
    assert registration.strip_prefix


@pytest.mark.parametrize(
    ("fields", "prefix"),
    [
        ({}, "/math"),
        ({"prefix": None}, "/math"),
        ({"host": "a.example"}, "/"),
        ({"host": "a.example", "prefix": "/x"}, "/x"),
        ({"host": "a.example", "prefix": "/docs"}, "/docs"),
    ],
)
def test_the_prefix_is_the_name_or_with_a_host_everything(
    fields: dict[str, Any], prefix: str
) -> None:
    assert a_registration(**fields).prefix == prefix


@pytest.mark.parametrize(
    ("fields", "expose"),
    [
        ({}, "all"),
        ({"routes": [{"path": "/a"}]}, "routes"),
        ({"routes": [{"path": "/a"}], "openapi_url": "openapi.json"}, "all"),
        ({"routes": [{"path": "/a"}], "openapi": {"openapi": "3.1.0"}}, "all"),
        ({"routes": [{"path": "/a"}], "expose": "all"}, "all"),
        ({"routes": [{"path": "/a"}], "openapi_url": "o", "expose": "routes"}, "routes"),
    ],
)
def test_routes_alone_are_all_that_is_exposed(fields: dict[str, Any], expose: str) -> None:
    assert a_registration(**fields).expose == expose


def test_the_instance_is_named_after_its_address() -> None:
    first, same, other = (
        a_registration(base_url=url).instance_id
        for url in ("http://a:80/x", "HTTP://A/x/", "http://a/y")
    )

    assert first == same != other


def test_a_long_or_odd_host_still_makes_an_instance_id() -> None:
    for url in (
        f"http://{'a' * 60}.{'b' * 60}.example:65535",
        "http://[2001:db8::1]",
        "http://a_b",
    ):
        assert len(a_registration(base_url=url).instance_id) <= 64


def test_names_of_the_gateway_are_its_own() -> None:
    for name in ("gateway", "gateway-docs"):
        assert "are the gateway's own" in _complaint(name=name)
    assert a_registration("gateways").name == "gateways"


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"base_ur": "http://a"}, "is not known here; did you mean base_url?"),
        ({"Backup-For": []}, "is not known here; did you mean backup_for?"),
        ({"preset": "Public"}, "must be lower-case letters, digits and hyphens"),
        ({"instance_id": "a/b"}, "must be letters, digits and any of ._-, at most 64"),
        ({"health": {"path": "up"}}, "must begin with '/'"),
        ({"routes": [5]}, "must be an object with fields such as path, methods, summary"),
        ({"ttl_seconds": 4}, "must be at least 5"),
    ],
)
def test_a_complaint_says_what_was_meant_or_would_be_taken(
    fields: dict[str, Any], complaint: str
) -> None:
    assert _complaint(**fields).startswith(complaint)


def test_openapi_and_openapi_url_exclude_each_other() -> None:
    complaint = _complaint(openapi={"openapi": "3.0.0"}, openapi_url="openapi.json")

    assert "give either" in complaint


def test_a_probe_must_not_take_longer_than_its_interval() -> None:
    complaint = _complaint(health={"path": "/h", "interval_seconds": 2, "timeout_seconds": 3})

    assert "timeout_seconds" in complaint


@pytest.mark.parametrize(
    "fields",
    [
        {"metadata": _deep(150)},
        {"metadata": {"a": [_deep(150)]}},
        {"routes": [{"path": "/a", "request_schema": _deep(150)}]},
        {"routes": [{"path": "/a", "response_example": _deep(150)}]},
    ],
)
def test_what_could_not_be_read_again_is_refused_at_the_door(fields: dict[str, Any]) -> None:
    assert _complaint(**fields) == "Value error, must be nested at most 100 deep"


def test_what_is_as_deep_as_allowed_is_read_again_from_what_is_kept() -> None:
    wanted = a_registration(
        metadata=_deep(99), routes=[{"path": "/a", "request_example": _deep(99)}]
    )

    service = admit(wanted, JOINER, [], document_hash="0", now=NOW)

    assert Service.model_validate_json(service.model_dump_json()) == service


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("ab\u2028\x00é🚪"), inner),
    max_leaves=8,
)


@given(metadata=st.dictionaries(st.text("ab"), JSON), example=JSON)
def test_whatever_is_accepted_is_read_again_as_it_was(
    metadata: dict[str, Any], example: Any
) -> None:
    wanted = a_registration(metadata=metadata, routes=[{"path": "/a", "request_example": example}])
    service = admit(wanted, JOINER, [], document_hash=None, now=NOW)

    kept = json.loads(service.model_dump_json())

    assert Service.model_validate_json(service.model_dump_json()) == service
    assert kept["metadata"] == metadata


@pytest.mark.parametrize(
    ("first", "second", "do"),
    [
        ("/a", "/a", True),
        ("/a", "/a/b", True),
        ("/a/b", "/a", True),
        ("/a", "/ab", False),
        ("/a/b", "/a/c", False),
        ("/", "/a", True),
    ],
)
def test_prefixes_overlap_by_segments(first: str, second: str, do: bool) -> None:  # noqa: FBT001
    assert overlaps(first, second) is do
