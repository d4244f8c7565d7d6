import json
from datetime import UTC, datetime
from typing import Any

import pytest
from gatehouse.answers import (
    Away,
    Forgotten,
    Refused,
    Registered,
    Renewed,
    Reply,
    read_heartbeat,
    read_registration,
)

from tests.fakes.gateway import registered

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)


def a_reply(status: int, body: object = None, **headers: str) -> Reply:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, names, json.dumps(body).encode() if body is not None else b"")


@pytest.mark.parametrize("status", [200, 201])
def test_both_kinds_of_success_give_the_lease(status: int) -> None:
    body = registered("math", "one", 30) | {"warnings": ["a", {"detail": "b"}], "live": False}

    answer = read_registration(a_reply(status, body), now=NOW)

    assert answer == Registered("one", 30, "http://edge/math", is_live=False, warnings=("a", "b"))


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "x",
        {"lease": 1, "instance_id": "one"},
        {"lease": {"ttl_seconds": 30}, "instance_id": 1},
        *(
            {"lease": {"ttl_seconds": ttl_seconds}, "instance_id": "one"}
            for ttl_seconds in (0, -1, "30", float("nan"), float("inf"))
        ),
        {"lease": {}, "instance_id": "one"},
    ],
)
def test_a_stranger_on_the_gateways_port_is_not_taken_for_one(body: Any) -> None:
    answer = read_registration(a_reply(200, body), now=NOW)

    assert answer == Away("something that is not a gateway answered 200")


def test_deep_json_from_a_stranger_is_no_body() -> None:
    assert Reply(200, content=b"[" * 100_000).body == {}


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (204, Renewed()),
        (404, Forgotten()),
        (200, Away("the gateway answered 200")),
        (401, Refused("the gateway answered 401")),
    ],
)
def test_a_heartbeat_is_taken_unknown_or_in_trouble(status: int, answer: object) -> None:
    assert read_heartbeat(a_reply(status), now=NOW) == answer


@pytest.mark.parametrize("status", [400, 401, 403, 409, 413, 422])
def test_what_somebody_must_change_is_a_refusal(status: int) -> None:
    answer = read_registration(a_reply(status), now=NOW)

    assert answer == Refused(f"the gateway answered {status}")


@pytest.mark.parametrize("status", [404, 408, 425, 429, 500, 502, 503, 504])
def test_what_passes_by_itself_is_an_outage(status: int) -> None:
    answer = read_registration(a_reply(status), now=NOW)

    assert answer == Away(f"the gateway answered {status}")


def test_a_refusal_names_every_field() -> None:
    problem = {
        "title": "Invalid registration",
        "detail": "2 fields are wrong.",
        "errors": [{"field": "prefix", "detail": "reserved"}, {"pointer": "/x", "message": "no"}],
    }

    answer = read_registration(a_reply(400, problem), now=NOW)

    said = "the gateway answered 400: 2 fields are wrong.: prefix: reserved; /x: no"
    assert answer == Refused(said)


def test_an_error_of_an_unknown_form_is_shown_as_it_is() -> None:
    answer = read_registration(a_reply(400, {"errors": [{"a": 1}, "b"]}), now=NOW)

    assert answer == Refused('the gateway answered 400: {"a": 1}; b')


def test_a_redirect_names_where_the_gateway_is() -> None:
    answer = read_registration(a_reply(308, location="https://edge/"), now=NOW)

    assert answer == Refused("the gateway answered 308: it redirects to https://edge/")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        ("Wed, 01 Jul 2026 12:00:09 GMT", 9),
        ("Wed, 01 Jul 2026 12:00:09 -0000", 9),
        ("Wed, 01 Jul 2026 11:00:00 GMT", 0),
        ("soon", 0),
        ("-3", 0),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str, seconds: float) -> None:
    answer = read_registration(a_reply(503, retry_after=header), now=NOW)

    assert answer == Away("the gateway answered 503", seconds)
