"""`ratelimit` through a real Traefik, which knows no Valkey here: there is none to be away."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.harness import Backend, eventually
from tests.plugins.rig import Rig, Tree, plugin

HOURLY: dict[str, Any] = {"average": 1, "period": "1h"}

BAD_LIMITS: dict[str, dict[str, Any]] = {
    "average: 0": {},
    "average: -1": {"average": -1},
    "Average": {"average": "many"},
    "burst": {"average": 1, "burst": 0},
    'period: "soon"': {"average": 1, "period": "soon"},
    'period: "10"': {"average": 1, "period": 10},
    'period: "-1s"': {"average": 1, "period": "-1s"},
    "requestHost and consumer": {
        "average": 1,
        "sourceCriterion": {"consumer": True, "requestHost": True},
    },
    "ipStrategy and requestHeaderName": {
        "average": 1,
        "sourceCriterion": {"ipStrategy": {"depth": 1}, "requestHeaderName": "X-Client"},
    },
    "sourceCriterion.requestHeaderName": {
        "average": 1,
        "sourceCriterion": {"requestHeaderName": "X Client"},
    },
    "ipStrategy.depth": {"average": 1, "sourceCriterion": {"ipStrategy": {"depth": -1}}},
    "ipStrategy.ipv6Subnet": {"average": 1, "sourceCriterion": {"ipStrategy": {"ipv6Subnet": 129}}},
    "ipStrategy.excludedIPs": {
        "average": 1,
        "sourceCriterion": {"ipStrategy": {"excludedIPs": ["ten"]}},
    },
}


def limits(target: str, **named: Tree) -> Tree:
    """Answer a configuration with a route and a limit by each name."""
    routers = {
        name: {
            "rule": f"PathPrefix(`/{name}`)",
            "entryPoints": ["edge"],
            "service": "it",
            "middlewares": [name],
        }
        for name in named
    }
    services = {"it": {"loadBalancer": {"servers": [{"url": target}]}}}
    return {"http": {"routers": routers, "middlewares": named, "services": services}}


def with_another_route(tree: Tree) -> Tree:
    """Answer the configuration that a reload brings when some other service registers."""
    http = tree["http"]
    other = {"rule": "PathPrefix(`/elsewhere`)", "entryPoints": ["edge"], "service": "it"}
    return {"http": {**http, "routers": {**http["routers"], "elsewhere": other}}}


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """Give each test a space of buckets of its own: they outlive every configuration."""
    return "limit-" + "".join(each if each.isalnum() else "-" for each in request.node.name)


def statuses(caller: httpx.Client, path: str, times: int, **headers: str) -> list[int]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return [caller.get(path, headers=named).status_code for _ in range(times)]


def test_who_asks_too_often_is_told_when_to_come_back(
    rig: Rig, caller: httpx.Client, echo: Backend, name: str
) -> None:
    rig.apply(limits(echo.url, **{name: plugin("ratelimit", average=2, period="1h", burst=3)}))

    assert statuses(caller, f"/{name}", 3) == [200] * 3
    refused = caller.get(f"/{name}")

    assert refused.status_code == 429
    assert refused.headers["content-type"] == "application/problem+json"
    assert 1700 < int(refused.headers["retry-after"]) <= 1800
    assert refused.json() == {
        "type": "/problems/too-many-requests",
        "title": "Too many requests",
        "status": 429,
        "detail": "At most 2 requests per 1h, and 3 at once. "
        f"Try again in {refused.headers['retry-after']} s.",
    }


def test_a_token_comes_back_in_time(
    rig: Rig, caller: httpx.Client, echo: Backend, name: str
) -> None:
    rig.apply(limits(echo.url, **{name: plugin("ratelimit", average=2)}))
    assert 429 in statuses(caller, f"/{name}", 5)

    eventually(lambda: "" if caller.get(f"/{name}").status_code == 200 else "still refused", 5)


def test_a_limit_outlives_a_reload_and_traefiks_own_does_not(
    rig: Rig, caller: httpx.Client, echo: Backend, name: str
) -> None:
    tree = limits(
        echo.url,
        **{
            name: plugin("ratelimit", **HOURLY, burst=3),
            f"{name}-own": {"rateLimit": {**HOURLY, "burst": 3}},
        },
    )
    rig.apply(tree)
    before = statuses(caller, f"/{name}", 4), statuses(caller, f"/{name}-own", 4)

    rig.apply(with_another_route(tree))
    after = statuses(caller, f"/{name}", 4), statuses(caller, f"/{name}-own", 4)

    assert before == ([200, 200, 200, 429], [200, 200, 200, 429])
    # If the second half ever fails, Traefik has learnt to keep its buckets: then use its own.
    assert after == ([429] * 4, [200, 200, 200, 429])


@pytest.mark.slow
def test_limits_that_were_idle_outlive_the_reload_after_a_new_limit(
    rig: Rig, caller: httpx.Client, echo: Backend, name: str
) -> None:
    limit = plugin("ratelimit", average=1, burst=4)
    idle = {f"{name}-m{place}": limit for place in range(10)}
    new = {f"{name}-{place}": limit for place in ("a", "n", "z")}
    # A bucket takes 4 s to be full, and the limits are idle after twice that.
    timer = {f"{name}-timer": plugin("ratelimit", average=1, period="9s")}
    rig.apply(limits(echo.url, **idle, **timer))
    assert statuses(caller, f"/{name}-timer", 2) == [200, 429]
    eventually(
        lambda: "" if caller.get(f"/{name}-timer").status_code == 200 else "not idle yet", 20
    )

    tree = limits(echo.url, **idle, **timer, **new)
    rig.apply(tree)
    before = {each: statuses(caller, f"/{each}", 5) for each in idle}
    rig.apply(with_another_route(tree))
    after = {each: statuses(caller, f"/{each}", 4) for each in idle}

    assert before == dict.fromkeys(idle, [200] * 4 + [429])
    # A token may have come back meanwhile, and a forgotten limit gives all four.
    assert [each for each in idle if after[each] == [200] * 4] == []


def test_a_changed_limit_holds_at_once_and_forgets_nothing(
    rig: Rig, caller: httpx.Client, echo: Backend, name: str
) -> None:
    answers = []
    for burst in (3, 5, 2, 6):
        rig.apply(limits(echo.url, **{name: plugin("ratelimit", **HOURLY, burst=burst)}))
        answers.append(statuses(caller, f"/{name}", 4))

    assert answers == [[200] * 3 + [429], [200] * 2 + [429] * 2, [429] * 4, [200] + [429] * 3]


def test_routes_with_one_limit_share_its_buckets(
    rig: Rig, caller: httpx.Client, echo: Backend, name: str
) -> None:
    tree = limits(
        echo.url,
        **{
            name: plugin("ratelimit", **HOURLY, burst=2),
            f"{name}-2": {"plugin": {"ratelimit": {**HOURLY, "burst": 2, "name": name}}},
            f"{name}-3": plugin("ratelimit", **HOURLY, burst=2),
        },
    )
    tree["http"]["routers"][f"{name}-3"]["middlewares"] = [name]
    rig.apply(tree)

    assert statuses(caller, f"/{name}", 2) == [200] * 2
    assert statuses(caller, f"/{name}-2", 1) == [429]
    assert statuses(caller, f"/{name}-3", 1) == [429]


@pytest.mark.parametrize(
    ("criterion", "callers"),
    [
        ({"consumer": True}, ({"X_Consumer_Id": "a1b2"}, {"X_Consumer_Id": "c3d4"})),
        ({"consumer": True}, ({"X_Consumer_Id": "a1b2"}, {})),
        ({"requestHeaderName": "x-client"}, ({"X_Client": "a" * 5000}, {"X_Client": "a" * 4999})),
        ({"requestHeaderName": "x-client"}, ({"X_Client": "a"}, {})),
        ({"requestHost": True}, ({"Host": "a.example"}, {"Host": "b.example"})),
    ],
)
def test_sources_are_counted_apart(
    rig: Rig,
    caller: httpx.Client,
    echo: Backend,
    name: str,
    criterion: Tree,
    callers: tuple[dict[str, str], dict[str, str]],
) -> None:
    limit = plugin("ratelimit", **HOURLY, burst=2, sourceCriterion=criterion)
    rig.apply(limits(echo.url, **{name: limit}))

    for each in callers:
        assert statuses(caller, f"/{name}", 3, **each) == [200, 200, 429]


@pytest.mark.parametrize(
    "criterion",
    [
        {"ipStrategy": {"ipv6Subnet": 64}},
        {"ipStrategy": {"depth": 1}},
        {"ipStrategy": {"depth": 2, "ipv6Subnet": 64}},
        {"ipStrategy": {"excludedIPs": ["10.0.0.0/8", "::1"]}},
    ],
    ids=str,
)
def test_an_address_that_a_caller_makes_up_is_no_other_source(
    rig: Rig, caller: httpx.Client, echo: Backend, name: str, criterion: Tree
) -> None:
    limit = plugin("ratelimit", **HOURLY, burst=2, sourceCriterion=criterion)
    rig.apply(limits(echo.url, **{name: limit}))

    answers = [
        caller.get(f"/{name}", headers={"X-Forwarded-For": f"192.0.2.{at}"}).status_code
        for at in range(3)
    ]

    assert answers == [200, 200, 429]


def test_many_at_once_get_no_more_than_there_is(rig: Rig, echo: Backend, name: str) -> None:
    rig.apply(limits(echo.url, **{name: plugin("ratelimit", **HOURLY, burst=50)}))

    with (
        httpx.Client(base_url=rig.edge, timeout=30.0, trust_env=False) as client,
        ThreadPoolExecutor(8) as pool,
    ):
        answers = list(pool.map(lambda _: client.get(f"/{name}").status_code, range(200)))

    assert sorted(answers) == [200] * 50 + [429] * 150


def test_a_bad_limit_disables_the_route_and_is_named(rig: Rig, echo: Backend) -> None:
    bad = {
        f"bad-{at}": plugin("ratelimit", **limit) for at, limit in enumerate(BAD_LIMITS.values())
    }
    rig.apply(limits(echo.url, **bad, fine=plugin("ratelimit", average=1)))

    said = {named: rig.router(f"bad-{at}") for at, named in enumerate(BAD_LIMITS)}

    assert rig.router("fine")["status"] == "enabled"
    for named, router in said.items():
        assert router["status"] == "disabled", named
        assert named in router["error"][0]
