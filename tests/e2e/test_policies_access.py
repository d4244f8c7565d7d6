"""What callers see of the policies on who may ask, and what must not be said in one."""

import base64
import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.harness import Backend, Callers, eventually
from tests.registry.policies.bad import EVERY

ANN = "ann:{SHA}" + base64.b64encode(hashlib.sha1(b"secret").digest()).decode()  # noqa: S324


def test_every_bad_policy_is_named_and_changes_nothing(callers: Callers, echo: Backend) -> None:
    file = callers.gateway.layout.watched / "services.yaml"
    before = file.read_bytes()

    wrong = []
    for given, named in EVERY:
        answer = callers.register("sound", echo.url, policies=given)
        fields = [error["field"] for error in answer.json().get("errors", [])]
        root = "policies." + named.split(".")[0] if named else "policies"
        if answer.status_code != 400 or not any(field.startswith(root) for field in fields):
            wrong.append((given, answer.status_code, fields))

    assert wrong == []
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"policies": {"headers": {"stsSeconds": 5}}}, "policies.headers.stsSeconds"),
        ({"policies": {"healthCheck": {}}}, "policies.healthCheck.path"),
        ({"policies": {"plugin": {"keyauth": {}}}}, "policies.plugin.keyauth"),
        ({"policies": {"failover": {"service": "sound"}}}, "policies.failover.service"),
        ({"policies": {"mirror": {"service": "sound"}}}, "policies.mirror.service"),
        ({"policies": {"strategy": "p2c"}, "weight": 5}, "policies.strategy"),
        ({"policies": []}, "policies"),
        ({"policies": "public"}, "policies"),
        ({"preset": "../../var/secrets"}, "preset"),
        ({"preset": "none-such"}, "preset"),
        ({"preset": 5}, "preset"),
        ({"backup_for": ["Sound"]}, "backup_for.0"),
        ({"backup_for": "sound"}, "backup_for"),
    ],
)
def test_what_does_not_fit_the_service_is_named(
    callers: Callers, echo: Backend, fields: dict[str, Any], named: str
) -> None:
    answer = callers.register("sound", echo.url, **fields)

    assert answer.status_code == 400, answer.text
    assert [error["field"] for error in answer.json()["errors"]] == [named]
    assert callers.shown("/gateway/services/sound").status_code == 404


def test_a_service_is_shown_with_its_policies_and_without_hashes(
    callers: Callers, echo: Backend
) -> None:
    policies = {"basicAuth": {"users": [ANN]}, "rateLimit": None}
    callers.registered("shown", echo.url, preset="public", policies=policies)

    answer = callers.shown("/gateway/services/shown", key="join")

    shown = answer.json()
    assert shown["preset"] == "public"
    assert shown["policies"]["basicAuth"] == {"users": ["ann"], "removeHeader": True}
    assert "rateLimit" not in shown["policies"]
    assert shown["policies"]["compress"]["encodings"] == ["gzip", "br", "zstd"]
    assert "SHA" not in answer.text


def test_a_preset_holds_and_null_switches_a_part_of_it_off(
    callers: Callers, one: Backend, name: str
) -> None:
    callers.registered(name, one.url, preset="public", policies={"rateLimit": None})

    answers = [callers.get(f"/{name}") for _ in range(60)]

    assert {answer.status_code for answer in answers} == {200}
    assert answers[0].headers["x-frame-options"] == "DENY"
    assert answers[0].headers["x-content-type-options"] == "nosniff"
    callers.registered(name, one.url, preset="public")

    def refused() -> str:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(callers.get, [f"/{name}"] * 100))
        return "" if 429 in {answer.status_code for answer in answers} else "nobody is refused"

    eventually(refused)


def test_without_its_policies_a_service_is_open_again(callers: Callers, echo: Backend) -> None:
    callers.registered("guarded", echo.url, policies={"keyauth": {}})
    before = callers.get("/guarded").status_code

    callers.registered("guarded", echo.url)

    assert (before, callers.get("/guarded").status_code) == (401, 200)


def test_a_key_is_asked_for_and_does_not_reach_the_service(callers: Callers, echo: Backend) -> None:
    callers.registered("guarded", echo.url, policies={"keyauth": {}})

    refused = callers.get("/guarded")
    lacking = callers.shown("/guarded", key="join")
    answer = callers.get("/guarded", **callers.auth(), **{"X-Consumer": "somebody"})

    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == 'Bearer realm="gatehouse"'
    assert (lacking.status_code, lacking.json()["type"]) == (403, "/problems/forbidden")
    headers = answer.json()["headers"]
    assert headers["x-consumer"] != "somebody"
    assert "authorization" not in headers


def test_a_preflight_is_answered_before_a_key_is_asked_for(callers: Callers, one: Backend) -> None:
    cors = {
        "accessControlAllowOriginList": ["https://app.example"],
        "accessControlAllowMethods": ["GET", "PUT"],
        "accessControlAllowHeaders": ["X-Tenant"],
        "accessControlMaxAge": 60,
    }
    callers.registered("api", one.url, policies={"cors": cors, "keyauth": {}})
    one.asked.clear()

    preflight = callers.http.options(
        "/api", headers={"Origin": "https://app.example", "Access-Control-Request-Method": "PUT"}
    )

    said = {
        name.removeprefix("access-control-"): value
        for name, value in preflight.headers.items()
        if name.startswith("access-control-")
    }
    assert preflight.status_code == 200
    assert said == {
        "allow-origin": "https://app.example",
        "allow-methods": "GET,PUT",
        "allow-headers": "X-Tenant",
        "max-age": "60",
    }
    assert one.asked == []


@pytest.mark.parametrize(
    ("origins", "origin", "allowed"),
    [
        ({"accessControlAllowOriginList": ["https://a.example"]}, "https://a.example", True),
        ({"accessControlAllowOriginList": ["https://a.example"]}, "https://b.example", False),
        (
            {"accessControlAllowOriginListRegex": [r"^https://[a-z]+\.a\.example$"]},
            "https://app.a.example",
            True,
        ),
        (
            {"accessControlAllowOriginListRegex": [r"^https://[a-z]+\.a\.example$"]},
            "https://app.a.example.evil",
            False,
        ),
    ],
)
def test_a_page_may_read_where_its_origin_is_allowed(
    callers: Callers,
    one: Backend,
    origins: dict[str, Any],
    origin: str,
    allowed: bool,  # noqa: FBT001 - a column of the table
) -> None:
    callers.registered("api", one.url, policies={"cors": origins})

    answer = callers.get("/api", Origin=origin)

    assert answer.headers.get("access-control-allow-origin") == (origin if allowed else None)
    assert (answer.status_code, answer.headers["vary"]) == (200, "Origin")


def test_a_refusal_can_be_read_by_pages_too(callers: Callers, one: Backend) -> None:
    cors = {"accessControlAllowOriginList": ["https://a.example"]}
    callers.registered("api", one.url, policies={"cors": cors, "keyauth": {}})

    answer = callers.get("/api", Origin="https://a.example")

    assert answer.status_code == 401
    assert answer.headers.get("access-control-allow-origin") == "https://a.example"


def test_headers_are_added_and_taken_away(callers: Callers, one: Backend) -> None:
    one.headers = {"X-Powered-By": "something old"}
    policy = {
        "customRequestHeaders": {"X-Added": '{{ env "PATH" }}', "X-Removed": ""},
        "customResponseHeaders": {"X-Powered-By": "", "X-Answered": "yes: 'really' \"so\" #1"},
        "frameDeny": True,
        "contentTypeNosniff": True,
        "contentSecurityPolicy": "default-src 'none'",
        "referrerPolicy": "no-referrer",
        "stsSeconds": 60,
    }
    host = {"host": "api.example", "prefix": "/"}
    callers.registered("headers", one.url, policies={"headers": policy}, **host)

    answer = callers.get("/", Host="api.example", **{"X-Removed": "mine"})

    asked = answer.json()["headers"]
    assert asked["x-added"] == '{{ env "PATH" }}'
    assert "x-removed" not in asked
    assert "x-powered-by" not in answer.headers
    assert answer.headers["x-answered"] == "yes: 'really' \"so\" #1"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'"
    assert answer.headers["referrer-policy"] == "no-referrer"
    # It would mean nothing on a connection that is not encrypted, so Traefik leaves it out.
    assert "strict-transport-security" not in answer.headers


@pytest.mark.parametrize(
    ("policy", "status", "text"),
    [
        ({"sourceRange": ["127.0.0.1"]}, 200, None),
        ({"sourceRange": ["10.0.0.0/8", "127.0.0.0/8"]}, 200, None),
        ({"sourceRange": ["10.0.0.0/8"]}, 403, "Forbidden"),
        ({"sourceRange": ["10.0.0.0/8"], "rejectStatusCode": 404}, 404, "Not Found"),
        # The edge trusts no proxy here, so that there is no such address.
        ({"sourceRange": ["10.0.0.0/8"], "ipStrategy": {"depth": 1}}, 403, "Forbidden"),
    ],
)
def test_other_addresses_are_turned_away(
    callers: Callers, one: Backend, policy: dict[str, Any], status: int, text: str | None
) -> None:
    callers.registered("inside", one.url, policies={"ipAllowList": policy})
    one.asked.clear()

    answer = callers.get("/inside", **{"X-Forwarded-For": "10.0.0.1"})

    assert answer.status_code == status
    assert text is None or answer.text == text
    assert len(one.asked) == (status == 200)


def test_a_name_and_a_password_are_asked_for(callers: Callers, one: Backend) -> None:
    callers.registered(
        "private", one.url, policies={"basicAuth": {"users": [ANN], "realm": "here"}}
    )

    nobody = callers.get("/private")
    wrong = callers.http.get("/private", auth=("ann", "guess"))
    right = callers.http.get("/private", auth=("ann", "secret"))

    assert [answer.status_code for answer in (nobody, wrong, right)] == [401, 401, 200]
    assert nobody.headers["www-authenticate"] == 'Basic realm="here"'
    assert "authorization" not in right.json()["headers"]


@pytest.mark.parametrize(
    "code", [0, 7, -1, True, False, "0", "true", "null", "[]", "{}", "ok", "", '"', 10**30]
)
def test_an_answer_comes_in_an_envelope(callers: Callers, one: Backend, code: object) -> None:
    envelope = {
        "fields": {"code": "status", "message": "note", "data": "result"},
        "successCode": code,
        "successMessage": "xong \N{DOOR}",
    }
    callers.registered("wrapped", one.url, policies={"envelope": envelope})

    answer = callers.get("/wrapped")

    body = answer.json()
    assert body["status"] == code
    assert type(body["status"]) is type(code)
    assert body["note"] == "xong \N{DOOR}"
    assert body["result"]["name"] == "one"
