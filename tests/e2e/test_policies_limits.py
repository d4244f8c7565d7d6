"""What callers see of the policies on how much."""

import gzip
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from redis import Redis

from tests.harness import Backend, Callers, eventually

# Nobody waits for the next of these.
SLOW = {"average": 1, "period": "1h", "burst": 2}


def _statuses(ask: Callable[[], httpx.Response], times: int = 3) -> list[int]:
    return [ask().status_code for _ in range(times)]


def test_who_asks_too_often_is_told_when_to_come_back(
    callers: Callers, one: Backend, name: str
) -> None:
    callers.registered(name, one.url, policies={"rateLimit": SLOW})

    answers = [callers.get(f"/{name}") for _ in range(3)]

    refused = answers[-1]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 0 < int(refused.headers["retry-after"]) <= 3600
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["type"] == "/problems/too-many-requests"
    assert len(one.asked) == 2


def test_a_limit_fills_up_again(callers: Callers, one: Backend, name: str) -> None:
    limit = {"average": 10, "burst": 1}
    callers.registered(name, one.url, policies={"rateLimit": limit})

    assert 429 in _statuses(lambda: callers.get(f"/{name}"), 10)
    eventually(lambda: "" if callers.get(f"/{name}").status_code == 200 else "still refused")


def test_each_consumer_has_a_limit_of_its_own(callers: Callers, one: Backend, name: str) -> None:
    policies = {"keyauth": {"scopes": ["services:register"]}, "rateLimit": SLOW}
    callers.registered(name, one.url, policies=policies)

    def ask(key: str) -> list[int]:
        return _statuses(lambda: callers.shown(f"/{name}", key=key))

    assert ask("admin") == [200, 200, 429]
    assert ask("join") == [200, 200, 429]


def test_a_consumer_is_who_has_the_key_and_not_who_says_so(
    callers: Callers, one: Backend, name: str
) -> None:
    callers.registered(name, one.url, policies={"keyauth": {}, "rateLimit": SLOW})

    statuses = [
        callers.get(
            f"/{name}", **callers.auth(), **{"X-Consumer-Id": f"other-{number}"}
        ).status_code
        for number in range(3)
    ]

    assert statuses == [200, 200, 429]


def test_each_value_of_a_header_has_a_limit_of_its_own(
    callers: Callers, one: Backend, name: str
) -> None:
    criterion = {"requestHeaderName": "X-Tenant"}
    callers.registered(
        name, one.url, policies={"rateLimit": {**SLOW, "sourceCriterion": criterion}}
    )

    def ask(tenant: str) -> list[int]:
        return _statuses(lambda: callers.get(f"/{name}", **{"X-Tenant": tenant}))

    assert ask("a") == [200, 200, 429]
    assert ask("b") == [200, 200, 429]


def test_an_address_can_not_be_made_up(callers: Callers, one: Backend, name: str) -> None:
    callers.registered(name, one.url, policies={"rateLimit": SLOW})

    statuses = [
        callers.get(f"/{name}", **{"X-Forwarded-For": f"10.0.0.{number}"}).status_code
        for number in range(3)
    ]

    assert statuses == [200, 200, 429]


def test_two_services_do_not_share_a_limit(callers: Callers, one: Backend, name: str) -> None:
    for each in (name, f"{name}-other"):
        callers.registered(each, one.url, policies={"rateLimit": SLOW})

    assert _statuses(lambda: callers.get(f"/{name}")) == [200, 200, 429]
    assert _statuses(lambda: callers.get(f"/{name}-other")) == [200, 200, 429]


def test_a_limit_survives_reloads(callers: Callers, one: Backend, name: str) -> None:
    callers.registered(name, one.url, policies={"rateLimit": SLOW})
    before = _statuses(lambda: callers.get(f"/{name}"))

    for number in range(3):
        callers.registered(f"other-{number}", one.url)

    assert before == [200, 200, 429]
    assert _statuses(lambda: callers.get(f"/{name}")) == [429] * 3


@pytest.mark.slow
def test_an_idle_limit_survives_reloads_after_a_new_one(
    callers: Callers, one: Backend, name: str
) -> None:
    # It takes 4 s to be full, and is idle after twice that.
    policies = {"rateLimit": {"average": 1, "burst": 4}}
    idle = [f"{name}-{number}" for number in range(8)]
    for each in idle:
        callers.registered(each, one.url, policies=policies)
    callers.registered(name, one.url, policies={"rateLimit": {"average": 1, "period": "9s"}})
    callers.get(f"/{name}")
    eventually(lambda: "" if callers.get(f"/{name}").status_code == 200 else "not idle yet", 20.0)

    callers.registered("another-limited", one.url, policies=policies)
    before = [_statuses(lambda: callers.get(f"/{each}"), 5) for each in idle]  # noqa: B023
    callers.registered("unlimited", one.url)
    after = [_statuses(lambda: callers.get(f"/{each}"), 4) for each in idle]  # noqa: B023

    assert before == [[200] * 4 + [429]] * len(idle)
    assert [200] * 4 not in after


def test_a_shared_limit_is_counted_in_valkey(callers: Callers, one: Backend, name: str) -> None:
    callers.registered(name, one.url, policies={"rateLimit": {**SLOW, "shared": True}})

    answers = [callers.get(f"/{name}") for _ in range(3)]

    refused = answers[-1]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert (refused.text, int(refused.headers["retry-after"])) == ("Too Many Requests", 3600)
    layout, port = callers.gateway.layout, callers.gateway.settings.valkey_port
    password = layout.valkey_password_file.read_text().strip()
    with Redis(port=port, password=password) as valkey:
        assert [key.decode() for key in valkey.keys(f"rate:*{name}*")] != []


@pytest.mark.slow
def test_without_valkey_a_limit_goes_on_and_a_shared_one_is_an_error(
    fresh_callers: Callers, one: Backend, name: str
) -> None:
    callers = fresh_callers
    callers.registered(name, one.url, policies={"rateLimit": SLOW})
    callers.registered("shared", one.url, policies={"rateLimit": {**SLOW, "shared": True}})
    first = [callers.get(path).status_code for path in (f"/{name}", "/shared")]

    callers.gateway.kill("valkey")

    assert first == [200, 200]
    assert _statuses(lambda: callers.get(f"/{name}"), 2) == [200, 429]
    refused = callers.get("/shared")
    assert (refused.status_code, refused.text) == (500, "Could not insert/update bucket\n")
    callers.gateway.start("valkey")
    # Valkey has forgotten the user that Traefik counts as.
    eventually(
        lambda: "" if callers.get("/shared").status_code in {200, 429} else "still an error", 30.0
    )


def _at_once(callers: Callers, one: Backend, path: str, *headers: dict[str, str]) -> list[int]:
    """Ask once and, while that waits for its answer, once with each of the headers."""
    one.go_on.clear()
    with ThreadPoolExecutor() as pool:
        first = pool.submit(callers.get, path)
        eventually(lambda: "" if one.held else "not asked yet")
        later = [pool.submit(callers.get, path, **each) for each in headers]
        eventually(
            lambda: (
                ""
                if len(one.held) + sum(each.done() for each in later) == len(headers) + 1
                else "not all are there"
            )
        )
        one.go_on.set()
        return [each.result().status_code for each in (first, *later)]


def test_so_many_at_once_and_no_more(callers: Callers, one: Backend) -> None:
    callers.registered("narrow", one.url, policies={"inFlightReq": {"amount": 1}})

    assert _at_once(callers, one, "/narrow", {}) == [200, 429]
    assert callers.get("/narrow").status_code == 200


def test_all_callers_count_whatever_host_they_name(callers: Callers, one: Backend) -> None:
    callers.registered("narrow", one.url, policies={"inFlightReq": {"amount": 1}})

    statuses = _at_once(
        callers, one, "/narrow", {"Host": "other.example"}, {"Transfer-Encoding": "chunked"}
    )

    assert statuses == [200, 429, 429]


def test_so_many_at_once_for_each_value_of_a_header(callers: Callers, one: Backend) -> None:
    policy = {"amount": 1, "sourceCriterion": {"requestHeaderName": "X-Tenant"}}
    callers.registered("narrow", one.url, policies={"inFlightReq": policy})

    statuses = _at_once(callers, one, "/narrow", {"X-Tenant": "a"}, {})

    assert statuses == [200, 200, 429]


def test_a_body_that_is_too_large_never_reaches_the_service(callers: Callers, one: Backend) -> None:
    callers.registered("buffered", one.url, policies={"buffering": {"maxRequestBodyBytes": 1000}})
    one.asked.clear()

    statuses = [
        callers.http.post("/buffered", content=b"x" * size).status_code for size in (1000, 1001)
    ]

    assert statuses == [200, 413]
    assert len(one.asked) == 1


def test_an_answer_that_is_too_large_is_an_error(callers: Callers, one: Backend) -> None:
    callers.registered("buffered", one.url, policies={"buffering": {"maxResponseBodyBytes": 5000}})
    before = callers.get("/buffered").status_code

    one.padding = 5000

    assert (before, callers.get("/buffered").status_code) == (200, 500)


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [("gzip", "gzip"), ("br", "br"), ("zstd", "zstd"), ("identity", None), ("", None)],
)
def test_an_answer_is_compressed_for_who_can_read_it(
    callers: Callers, one: Backend, accepted: str, encoding: str | None
) -> None:
    one.padding = 5000
    callers.registered("compressed", one.url, policies={"compress": {}})

    with callers.http.stream("GET", "/compressed", headers={"Accept-Encoding": accepted}) as answer:
        content = b"".join(answer.iter_raw())

    assert answer.headers.get("content-encoding") == encoding
    assert (len(content) < 2500) == (encoding is not None)
    if encoding == "gzip":
        assert b'"name": "one"' in gzip.decompress(content)


def test_small_answers_and_left_out_kinds_are_not_compressed(
    callers: Callers, one: Backend, two: Backend
) -> None:
    two.padding = 5000
    callers.registered("small", one.url, policies={"compress": {}})
    callers.registered(
        "left-out",
        two.url,
        policies={"compress": {"excludedContentTypes": ["application/json"]}},
    )

    answers = [callers.get(path) for path in ("/small", "/left-out")]

    assert ["content-encoding" in answer.headers for answer in answers] == [False, False]
