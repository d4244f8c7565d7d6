"""What must be refused at the door: named, without a trace in the configuration."""

import json
from typing import Any

import pytest

from tests.harness import Backend, Callers

DEEP = "[" * 20_000 + "]" * 20_000
TEMPLATE = '{{ env "PATH" }}'

BAD_FIELDS: list[tuple[str, Any]] = [
    ("name", "Ma`th"),
    ("name", TEMPLATE),
    ("name", "a" * 10_000),
    ("name", "mäth"),
    ("name", "math\n"),
    ("name", "🚪"),
    ("name", ""),
    ("name", 7),
    ("name", None),
    ("name", "gateway-api"),
    ("prefix", "/a`) || PathPrefix(`/"),
    ("prefix", TEMPLATE),
    ("prefix", "/a/../b"),
    ("prefix", "/a/./b"),
    ("prefix", "/%2e%2e/b"),
    ("prefix", "/a//b"),
    ("prefix", "/a/"),
    ("prefix", "/"),
    ("prefix", "a"),
    ("prefix", "/a b"),
    ("prefix", "/a\r\nX: y"),
    ("prefix", "/a\x00"),
    ("prefix", "/é"),
    ("prefix", "/" + "a" * 10_000),
    ("prefix", "/gateway"),
    ("prefix", "/Docs/x"),
    ("prefix", "/v1"),
    ("prefix", ["/a"]),
    ("host", "a`) || Host(`b"),
    ("host", TEMPLATE),
    ("host", "*.example.com"),
    ("host", "127.0.0.1"),
    ("host", "localhost"),
    ("host", "exa mple.com"),
    ("host", "example.com:80"),
    ("host", "bücher.example"),
    ("base_url", "http://127.0.0.1:80`"),
    ("base_url", f"http://{TEMPLATE}/"),
    ("base_url", "http://a/../b"),
    ("base_url", "http://a/%2e%2e/b"),
    ("base_url", "http://a/b?c=d"),
    ("base_url", "http://a/b#c"),
    ("base_url", "http://user:secret@a/"),
    ("base_url", "http://a\r\nb/"),
    ("base_url", "http://a:99999/"),
    ("base_url", "http://a:0/"),
    ("base_url", "ftp://a/"),
    ("base_url", "file:///etc/passwd"),
    ("base_url", "http://"),
    ("base_url", "http:///path"),
    ("base_url", "http://[::1"),
    ("base_url", "http://169.254.169.254/latest"),
    ("base_url", "http://[::ffff:169.254.169.254]/"),
    ("base_url", "http://[fe80::1]/"),
    ("base_url", "http://2852039166/"),
    ("base_url", "http://0xa9fea9fe/"),
    ("base_url", "http://0251.0376.0251.0376/"),
    ("base_url", "http://metadata.google.internal/"),
    ("base_url", "http://0.0.0.0:80/"),
    ("base_url", "http://224.0.0.1/"),
    ("base_url", 7),
    ("instance_id", "."),
    ("instance_id", ".."),
    ("instance_id", "a b"),
    ("instance_id", "a/b"),
    ("instance_id", "a" * 65),
    ("instance_id", TEMPLATE),
    ("weight", -1),
    ("weight", 1001),
    ("weight", 10**400),
    ("weight", "1"),
    ("weight", True),
    ("weight", 1.5),
    ("weight", 0),
    ("ttl_seconds", 4),
    ("ttl_seconds", 86_401),
    ("ttl_seconds", 10**30),
    ("ttl_seconds", "30"),
    ("strip_prefix", "yes"),
    ("strip_prefix", 1),
    ("health", {"path": "no-slash"}),
    ("health", {"path": "/a`b"}),
    ("health", {"path": f"/{TEMPLATE}"}),
    ("health", {"path": "/a", "interval_seconds": 0}),
    ("health", {"path": "/a", "surprise": 1}),
    ("health", "yes"),
    ("routes", [{"path": "/a`) || PathPrefix(`/"}]),
    ("routes", [{"path": "/{a}{{"}]),
    ("routes", [{"path": "/../x"}]),
    ("routes", [{"path": "/a", "methods": ["BREW"]}]),
    ("routes", [{"path": "/a", "methods": []}]),
    ("routes", [{}]),
    ("routes", "all"),
    ("expose", "some"),
    ("expose", "routes"),
    ("metadata", {"big": "x" * 20_000}),
    ("metadata", ["a"]),
    ("tags", ["x" * 65]),
    ("description", "x" * 10_001),
    ("openapi", {"swagger": "2.0"}),
    ("openapi", "text"),
    ("openapi", {"openapi": 3}),
    ("openapi_url", "https://elsewhere.example/openapi.json"),
    ("openapi_url", "//elsewhere.example/openapi.json"),
    ("openapi_url", "openapi.json\r\nX: y"),
    ("openapi_url", "http://["),
    ("surprise", 1),
    ("surprise", None),
]


def _unchanged(callers: Callers) -> bytes:
    return (callers.gateway.layout.watched / "services.yaml").read_bytes()


@pytest.mark.parametrize(
    ("field", "value"), BAD_FIELDS, ids=[str(n) for n in range(len(BAD_FIELDS))]
)
def test_a_bad_field_is_named_and_changes_nothing(
    callers: Callers, echo: Backend, field: str, value: Any
) -> None:
    before = _unchanged(callers)
    body = {"name": "sound", "base_url": echo.url, field: value}

    answer = callers.post("/gateway/register", body, key="join")

    said = answer.json()
    assert answer.status_code == 400, said
    assert answer.headers["content-type"] == "application/problem+json"
    assert said["type"] == "/problems/invalid-input"
    assert any(error["field"].split(".")[0] == field for error in said["errors"]), said
    assert "/usr/bin" not in answer.text
    assert _unchanged(callers) == before


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        DEEP.encode(),
        b'{"name": NaN}',
        b"\xff\xfe",
        b"7" * 5000,
    ],
    ids=["empty", "cut", "list", "null", "text", "deep", "nan", "no-utf8", "long-number"],
)
def test_a_body_that_is_no_registration_is_refused(callers: Callers, body: bytes) -> None:
    before = _unchanged(callers)

    answer = callers.http.post(
        "/gateway/register",
        content=body,
        headers={**callers.auth("join"), "Content-Type": "application/json"},
    )

    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert _unchanged(callers) == before


def test_a_refusal_is_said_to_its_end(callers: Callers) -> None:
    body = {"name": "cut", "base_url": "http://127.0.0.1:9", "prefix": "/cut/", "surprise": 1}

    errors = callers.post("/gateway/register", body).json()["errors"]

    said = {error["field"]: error["message"] for error in errors}
    assert said["prefix"].endswith("no slash at the end")
    assert said["surprise"] == "is not known here"


def test_a_bad_field_is_the_only_one_that_is_complained_of(callers: Callers) -> None:
    answers = [
        callers.post("/gateway/register", body).json()["errors"]
        for body in (
            {"name": "Math", "base_url": "http://127.0.0.1:9"},
            {"name": "math", "base_url": "127.0.0.1:9"},
            {"name": "math"},
        )
    ]

    assert [[error["field"] for error in errors] for errors in answers] == [
        ["name"],
        ["base_url"],
        ["base_url"],
    ]


def test_deep_json_in_a_free_field_is_refused(callers: Callers, echo: Backend) -> None:
    text = (
        json.dumps({"name": "deep", "base_url": echo.url})[:-1] + f', "metadata": {{"a": {DEEP}}}}}'
    )

    answer = callers.http.post(
        "/gateway/register",
        content=text,
        headers={**callers.auth("join"), "Content-Type": "application/json"},
    )

    assert answer.status_code == 400, answer.text


def test_a_lone_surrogate_is_refused(callers: Callers, echo: Backend) -> None:
    text = json.dumps({"name": "odd", "base_url": echo.url, "description": "\ud800"})

    answer = callers.http.post(
        "/gateway/register",
        content=text,
        headers={**callers.auth("join"), "Content-Type": "application/json"},
    )

    assert answer.status_code == 400, answer.text


def test_a_body_over_six_mebibytes_is_refused(callers: Callers, echo: Backend) -> None:
    body = {"name": "fat", "base_url": echo.url, "description": "x" * (6 * 1024 * 1024)}

    answer = callers.post("/gateway/register", body)

    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_inline_document_over_five_mebibytes_is_refused(callers: Callers, echo: Backend) -> None:
    document = {"openapi": "3.1.0", "info": {"description": "x" * (5 * 1024 * 1024)}}

    answer = callers.post(
        "/gateway/register", {"name": "fat", "base_url": echo.url, "openapi": document}
    )

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "openapi"


def test_the_gateway_itself_is_no_target(callers: Callers) -> None:
    settings = callers.gateway.settings
    ports = (settings.edge_port, settings.admin_port, settings.sidecar_port, settings.valkey_port)

    statuses = [
        callers.register("loop", f"http://{host}:{port}").status_code
        for port in ports
        for host in ("127.0.0.1", "localhost", "127.9.9.9")
    ]

    assert statuses == [400] * 12


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer"}, 401),
        ({"Authorization": "Bearer gate_000000000000_" + "0" * 64}, 401),
        ({"Authorization": "Basic YTpi"}, 401),
        ({"X-API-Key": "nothing"}, 401),
    ],
)
def test_without_a_key_nothing_is_written_or_listed(
    callers: Callers, headers: dict[str, str], status: int
) -> None:
    answers = [
        callers.http.post("/gateway/register", json={"name": "x"}, headers=headers),
        callers.http.get("/gateway/services", headers=headers),
        callers.http.get("/gateway/services/x", headers=headers),
        callers.http.delete("/gateway/services/x", headers=headers),
        callers.http.post("/gateway/services/x/instances/y/heartbeat", headers=headers),
    ]

    assert [answer.status_code for answer in answers] == [status] * 5
    assert all(answer.headers["www-authenticate"].startswith("Bearer") for answer in answers)


def test_a_permanent_lease_needs_the_admin_key(callers: Callers, echo: Backend) -> None:
    joining = callers.register("stays", echo.url, ttl_seconds=None)
    admin = callers.register("stays", echo.url, ttl_seconds=None, key="admin")

    assert (joining.status_code, joining.json()["type"]) == (403, "/problems/permanent-lease")
    assert admin.json()["lease"]["expires_at"] is None


def test_another_keys_service_is_left_alone(callers: Callers, echo: Backend) -> None:
    callers.registered("owned", echo.url, key="admin")

    answers = [
        callers.register("owned", echo.url, instance_id="second"),
        callers.delete("/gateway/services/owned", key="join"),
        callers.shown("/gateway/services/owned", key="join"),
    ]

    assert [answer.status_code for answer in answers] == [403] * 3
    assert callers.shown("/gateway/services", key="join").json() == {"services": []}


@pytest.mark.parametrize(
    "changed", [{"prefix": "/elsewhere"}, {"host": "a.example.com"}, {"expose": "none"}]
)
def test_a_live_name_on_other_terms_is_a_conflict(
    callers: Callers, echo: Backend, changed: dict[str, str]
) -> None:
    callers.registered("held", echo.url, prefix="/held", instance_id="one")

    answer = callers.register(
        "held", echo.url, **{"prefix": "/held", "instance_id": "two", **changed}
    )

    assert answer.status_code == 409
    assert answer.json()["detail"].startswith(next(iter(changed)))


def test_a_prefix_has_one_service_and_overlaps_only_with_its_owners(
    callers: Callers, echo: Backend
) -> None:
    callers.registered("first", echo.url, prefix="/shared")

    equal = callers.register("second", echo.url, prefix="/shared")
    inside = callers.register("third", echo.url, prefix="/shared/inside", key="admin")
    own = callers.register("fourth", echo.url, prefix="/shared/own")

    assert [equal.status_code, inside.status_code, own.status_code] == [409, 409, 201]
    assert "'first'" in equal.json()["detail"]
    assert "'first'" in inside.json()["detail"]
