"""What callers see of the policies on what happens when a service is slow, wrong or gone."""

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import pytest

from tests.harness import Backend, Callers, backend, eventually

CALLS = 2000


def _pair(callers: Callers, one: Backend, two: Backend, **fields: Any) -> None:
    """Register two instances of one service."""
    for each in (one, two):
        callers.registered("pair", each.url, instance_id=each.name, **fields)


def _who(callers: Callers, path: str = "/pair", times: int = 12) -> Counter[str]:
    return Counter(callers.get(path).json()["name"] for _ in range(times))


def test_a_breaker_opens_and_closes_again(callers: Callers, one: Backend) -> None:
    breaker = {
        "expression": "ResponseCodeRatio(500, 600, 0, 600) > 0.3",
        "checkPeriod": "10ms",
        "fallbackDuration": "1s",
        "recoveryDuration": "10ms",
    }
    callers.registered("fragile", one.url, policies={"circuitBreaker": breaker})
    one.status = 500

    def status() -> str:
        return str(callers.get("/fragile").status_code)

    eventually(lambda: "" if status() == "503" else "still closed")
    asked = len(one.asked)
    opened = [callers.get("/fragile") for _ in range(3)]

    assert {answer.status_code for answer in opened} == {503}
    assert {answer.text for answer in opened} == {"Service Unavailable"}
    assert len(one.asked) == asked
    one.status = 200
    # What was counted while it failed is remembered for a while.
    eventually(lambda: "" if [status() for _ in range(5)] == ["200"] * 5 else "still open", 30.0)


def test_an_open_breaker_has_a_status_of_its_own(callers: Callers) -> None:
    breaker = {
        "expression": "NetworkErrorRatio() > 0.5",
        "checkPeriod": "10ms",
        "fallbackDuration": "1m",
        "responseCode": 429,
    }
    callers.registered("gone", "http://127.0.0.1:9", policies={"circuitBreaker": breaker})

    eventually(lambda: "" if callers.get("/gone").status_code == 429 else "still closed")


@pytest.mark.parametrize(
    ("method", "policy", "status", "asked"),
    [
        ("GET", {"attempts": 3, "status": ["503"]}, 200, 3),
        ("PUT", {"attempts": 3, "status": ["503"]}, 200, 3),
        ("GET", {"attempts": 2, "status": ["503"]}, 503, 2),
        ("GET", {"attempts": 3, "status": ["500-502"]}, 503, 1),
        ("GET", {"attempts": 3}, 503, 1),
        ("POST", {"attempts": 3, "status": ["503"]}, 503, 1),
        ("PATCH", {"attempts": 3, "status": ["503"]}, 503, 1),
        (
            "POST",
            {"attempts": 3, "status": ["503"], "retryNonIdempotentMethod": True},
            200,
            3,
        ),
        ("PUT", {"attempts": 3, "status": ["503"], "maxRequestBodyBytes": 10}, 503, 1),
    ],
)
def test_a_request_is_tried_again_where_that_is_safe(
    callers: Callers, one: Backend, method: str, policy: dict[str, Any], status: int, asked: int
) -> None:
    callers.registered("retried", one.url, policies={"retry": policy})
    one.asked.clear()
    one.next_statuses = [503, 503]

    answer = callers.http.request(method, "/retried", content=b"x" * 11)

    assert (answer.status_code, len(one.asked)) == (status, asked)
    assert answer.json()["bytes"] == 11


def test_who_takes_too_long_to_begin_is_given_up(callers: Callers, one: Backend) -> None:
    callers.registered("slow", one.url, policies={"timeouts": {"responseHeaderTimeout": "200ms"}})
    before = callers.get("/slow").status_code
    one.go_on.clear()

    answer = callers.get("/slow")

    assert (before, answer.status_code, answer.text) == (200, 504, "Gateway Timeout")


def test_a_caller_comes_back_to_the_same_instance(
    callers: Callers, one: Backend, two: Backend
) -> None:
    _pair(callers, one, two, policies={"sticky": {"cookie": {"name": "mine"}}})
    callers.registered("other", one.url)

    found = []
    for _ in range(4):
        with httpx.Client(base_url=callers.gateway.edge, trust_env=False) as caller:
            first = caller.get("/pair/")
            found.append({caller.get("/pair/").json()["name"] for _ in range(5)})
            elsewhere = caller.get("/other").json()["headers"]
            assert first.headers["set-cookie"].startswith("mine=")
            assert "Path=/pair; HttpOnly; SameSite=Lax" in first.headers["set-cookie"]
            assert found[-1] == {first.json()["name"]}
            assert "cookie" not in elsewhere

    assert {"one", "two"} == {name for names in found for name in names}


@pytest.mark.parametrize("policy", [{}, {"status": 200}, {"method": "HEAD"}])
def test_an_instance_that_is_not_well_is_left_out_until_it_is(
    callers: Callers, one: Backend, two: Backend, policy: dict[str, Any]
) -> None:
    check = {"path": "/health", "interval": "1s", "timeout": "1s", **policy}
    two.healthy = False
    _pair(callers, one, two, policies={"healthCheck": check})

    eventually(lambda: "" if set(_who(callers)) == {"one"} else "the other answers", 30.0)
    two.healthy = True
    eventually(lambda: "" if len(_who(callers)) == 2 else "the other does not answer", 30.0)


def test_an_instance_that_fails_requests_is_left_out(
    callers: Callers, one: Backend, two: Backend
) -> None:
    policies = {"passiveHealthCheck": {"failureWindow": "1m", "maxFailedAttempts": 2}}
    two.status = 500
    _pair(callers, one, two, policies=policies)

    def failing() -> str:
        statuses = [callers.get("/pair").status_code for _ in range(6)]
        return "" if statuses == [200] * 6 else str(statuses)

    assert failing() != ""
    eventually(failing)


def test_weights_are_shares(callers: Callers, one: Backend, two: Backend) -> None:
    for each, weight in ((one, 3), (two, 1)):
        callers.registered("pair", each.url, instance_id=each.name, weight=weight)

    assert _who(callers, times=40) == {"one": 30, "two": 10}


@pytest.mark.parametrize(("strategy", "kinds"), [("hrw", 1), ("p2c", 2), ("wrr", 2)])
def test_a_strategy_says_who_comes_next(
    callers: Callers, one: Backend, two: Backend, strategy: str, kinds: int
) -> None:
    _pair(callers, one, two, policies={"strategy": strategy})

    assert len(_who(callers, times=40)) == kinds


def test_least_time_prefers_who_answers_at_once(
    callers: Callers, one: Backend, two: Backend
) -> None:
    _pair(callers, one, two, policies={"strategy": "leasttime"})
    for each in (one, two):
        each.go_on.clear()
    with ThreadPoolExecutor(6) as pool:
        waiting = [pool.submit(callers.get, "/pair") for _ in range(6)]
        eventually(lambda: "" if one.held and two.held else "one of them is not asked")
        one.go_on.set()
        # Here time itself is what is measured.
        threading.Event().wait(0.5)
        two.go_on.set()
        assert {each.result().status_code for each in waiting} == {200}

    assert _who(callers, times=20)["one"] > 15


def test_a_strategy_without_weights_takes_no_weights(
    callers: Callers, one: Backend, two: Backend
) -> None:
    callers.registered("pair", one.url, instance_id="one", policies={"strategy": "p2c"})

    answer = callers.register(
        "pair", two.url, instance_id="two", weight=2, policies={"strategy": "p2c"}
    )

    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == ["policies.strategy"]


def test_a_mirror_sees_what_the_service_is_asked(
    callers: Callers, one: Backend, two: Backend
) -> None:
    callers.registered("copy", two.url, expose="none")
    callers.registered("seen", one.url, policies={"mirror": {"service": "copy"}})
    two.status = 500

    answer = callers.http.post("/seen/a?b=c", content=b"x" * 100)

    assert (answer.status_code, answer.json()["name"], answer.json()["bytes"]) == (200, "one", 100)
    eventually(lambda: "" if two.asked == ["/a?b=c"] else str(two.asked))


def test_a_mirror_sees_its_share(callers: Callers, one: Backend, two: Backend) -> None:
    callers.registered("copy", two.url, expose="none")
    callers.registered("seen", one.url, policies={"mirror": {"service": "copy", "percent": 20}})

    assert _who(callers, "/seen", 50) == {"one": 50}

    eventually(lambda: "" if len(two.asked) == 10 else str(len(two.asked)))


def test_a_mirror_that_hangs_or_is_gone_costs_nobody_anything(
    callers: Callers, one: Backend, two: Backend
) -> None:
    callers.registered("hangs", two.url, expose="none")
    callers.registered("gone", "http://127.0.0.1:9", expose="none")
    for copy in ("hangs", "gone"):
        callers.registered(f"by-{copy}", one.url, policies={"mirror": {"service": copy}})
    two.go_on.clear()

    statuses = [callers.get(path).status_code for path in ("/by-hangs", "/by-gone") * 3]

    assert statuses == [200] * 6
    eventually(lambda: "" if len(two.held) == 3 else str(two.held))


@contextmanager
def _versions(callers: Callers, canary: dict[str, Any], *versions: str) -> Iterator[None]:
    with ExitStack() as stack:
        for number, version in enumerate(versions):
            each = stack.enter_context(backend(version))
            callers.registered(
                "versioned",
                each.url,
                instance_id=f"i{number}",
                version=version,
                policies={"canary": canary},
            )
        yield


def _shares(callers: Callers, times: int = CALLS) -> Counter[str]:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(callers.get, ["/versioned"] * times))
    return Counter(answer.json()["name"] for answer in answers)


@pytest.mark.slow
def test_a_canary_takes_its_share_of_many_requests(callers: Callers) -> None:
    canary = {"version": "2.0", "weight": 10}
    with _versions(callers, canary, "1.0", "1.0", "2.0"):
        shares = _shares(callers)

    assert shares.total() == CALLS
    assert abs(shares["2.0"] / CALLS - 0.10) < 0.03


@pytest.mark.parametrize(
    ("weight", "versions", "shares"),
    [
        (0, ("1.0", "2.0"), {"1.0": 40}),
        (100, ("1.0", "2.0"), {"2.0": 40}),
        (25, ("1.0", "2.0"), {"1.0": 30, "2.0": 10}),
        (25, ("1.0",), {"1.0": 40}),
        (0, ("2.0",), {"2.0": 40}),
    ],
)
def test_a_canary_has_what_it_is_given(
    callers: Callers, weight: int, versions: tuple[str, ...], shares: dict[str, int]
) -> None:
    with _versions(callers, {"version": "2.0", "weight": weight}, *versions):
        assert Counter(callers.get("/versioned").json()["name"] for _ in range(40)) == shares
