from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.edge.backends import Backends, Way, backends, shared_out
from sidecar.edge.models import LoadBalancer, Server, TraefikService
from sidecar.registry.models import Service
from tests.factories import a_service, a_service_without_instances, an_instance

HEALTH = {"path": "/health", "interval_seconds": 10, "timeout_seconds": 2}
CHECK = {"interval": "10s", "timeout": "2s", "path": "/health", "followRedirects": False}
SERVERS = (Server("http://127.0.0.1:8000"),)
READING = ("GET", "HEAD", "OPTIONS", "TRACE", "DELETE")


def _of(service: Service, *standing_in: str) -> Backends:
    return backends(service, list(service.instances.values()), standing_in)


def _balancer(**fields: Any) -> TraefikService:
    return TraefikService(loadBalancer=LoadBalancer(SERVERS, **fields))


def _errors(inner: str, body_bytes: int) -> TraefikService:
    return TraefikService(
        failover={
            "service": inner,
            "fallback": "spare",
            "errors": {"status": ["502-504"], "maxRequestBodyBytes": body_bytes},
        }
    )


def test_a_service_alone_has_one_way() -> None:
    assert _of(a_service()) == Backends({"math": _balancer()}, (Way("math"),))


@pytest.mark.parametrize("unsafe", [False, True])
@pytest.mark.parametrize("checked", [False, True])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_failover_has_a_way_for_each_kind_of_request(
    unsafe: bool,  # noqa: FBT001 - a column of the table
    checked: bool,  # noqa: FBT001
    mirrored: bool,  # noqa: FBT001
) -> None:
    mirror: dict[str, Any] = {"mirror": {"service": "copy", "percent": 5}} if mirrored else {}
    service = a_service(
        health=HEALTH if checked else None,
        policies={"failover": {"service": "spare", "unsafe_methods": unsafe}, **mirror},
    )

    found = _of(service, "spare", "copy")

    inner = "math.mirror" if mirrored else "math"
    services = {
        "math": _balancer(healthCheck=CHECK if checked else None),
        "math.failover": _errors(inner, 16_384),
        "math.failover-body": _errors(inner, 1_048_576),
    }
    if mirrored:
        services["math.mirror"] = TraefikService(
            mirroring={
                "service": "math",
                "mirrorBody": True,
                "maxBodySize": 262_144,
                "mirrors": [{"name": "copy", "percent": 5}],
                "healthCheck": {} if checked else None,
            }
        )
    if checked:
        services["math.failover-down"] = TraefikService(
            failover={"service": inner, "fallback": "spare", "errors": None}
        )
    assert found == Backends(
        services,
        (
            Way("math.failover", ".reading", READING),
            Way("math.failover-body", ".writing", ("PUT", "POST", "PATCH") if unsafe else ("PUT",)),
            Way("math.failover-down" if checked else inner),
        ),
    )


def test_no_body_that_is_read_is_kept_beyond_what_is_allowed() -> None:
    policies = {"failover": {"service": "spare", "maxRequestBodyBytes": 5, "status": ["503"]}}

    found = _of(a_service(policies=policies), "spare")

    errors = {"status": ["503"], "maxRequestBodyBytes": 5}
    trees = [found.services[name].failover for name in ("math.failover", "math.failover-body")]
    assert [tree and tree["errors"] for tree in trees] == [errors, errors]


@pytest.mark.parametrize("policy", ["failover", "mirror"])
def test_who_can_not_stand_in_is_left_out(policy: str) -> None:
    service = a_service(policies={policy: {"service": "spare"}})

    assert _of(service, "somebody") == _of(a_service())


def test_without_instances_who_stands_in_takes_everything() -> None:
    service = a_service_without_instances(
        policies={"failover": {"service": "spare"}, "mirror": {"service": "copy"}}
    )

    assert _of(service, "spare", "copy") == Backends({}, (Way("spare"),))
    assert _of(service, "copy") == Backends({}, ())
    assert _of(a_service_without_instances()) == Backends({}, ())


def test_while_all_instances_fail_who_stands_in_takes_everything_and_they_stay_for_others() -> None:
    service = a_service(policies={"failover": {"service": "spare"}})
    instances = list(service.instances.values())

    assert backends(service, instances, ["spare"], is_down=True) == Backends(
        {"math": _balancer()}, (Way("spare"),)
    )
    assert backends(service, instances, [], is_down=True) == Backends(
        {"math": _balancer()}, (Way("math"),)
    )


def test_two_services_that_stand_in_for_each_other_make_no_circle() -> None:
    one = a_service("one", policies={"failover": {"service": "two"}, "mirror": {"service": "two"}})
    two = a_service("two", policies={"failover": {"service": "one"}, "mirror": {"service": "one"}})
    services = _of(one, "two").services | _of(two, "one").services

    def depth(name: str) -> int:
        tree: Any = services[name].failover or services[name].mirroring
        if tree is None:
            return 1
        mirrors = tree.get("mirrors", [])
        inner = [tree["service"], tree.get("fallback"), *(each["name"] for each in mirrors)]
        return 1 + max(depth(each) for each in inner if each)

    # A failover over a mirror over servers: no more, whoever is asked.
    assert max(depth(name) for name in services) == 3


@pytest.mark.parametrize(
    ("policies", "fields"),
    [
        ({"strategy": "p2c"}, {"strategy": "p2c"}),
        ({"timeouts": {}}, {"serversTransport": "math"}),
        (
            {"passiveHealthCheck": {"failureWindow": "1s"}},
            {"passiveHealthCheck": {"failureWindow": "1s", "maxFailedAttempts": 1}},
        ),
        (
            {"sticky": {}},
            {"sticky": {"cookie": {"httpOnly": True, "sameSite": "lax", "path": "/math"}}},
        ),
        (
            {"sticky": {"cookie": {"name": "c", "secure": True, "sameSite": "none", "maxAge": 5}}},
            {
                "sticky": {
                    "cookie": {
                        "name": "c",
                        "secure": True,
                        "httpOnly": True,
                        "sameSite": "none",
                        "maxAge": 5,
                        "path": "/math",
                    }
                }
            },
        ),
        (
            {"healthCheck": {"path": "/h", "status": 204, "method": "HEAD"}},
            {
                "healthCheck": {
                    "path": "/h",
                    "interval": "10s",
                    "timeout": "2s",
                    "status": 204,
                    "method": "HEAD",
                    "followRedirects": False,
                }
            },
        ),
    ],
)
def test_what_servers_are_told(policies: dict[str, Any], fields: dict[str, Any]) -> None:
    assert _of(a_service(policies=policies)).services == {"math": _balancer(**fields)}


@pytest.mark.parametrize(
    ("policy", "path"), [({"path": "/mine"}, "/v2/mine"), ({"interval": "5s"}, "/v2/health")]
)
def test_a_check_lies_below_the_base_and_wins_over_the_services_own(
    policy: dict[str, str], path: str
) -> None:
    instance = an_instance(base_url="http://127.0.0.1:8000/v2")
    service = a_service("math", instance, health=HEALTH, policies={"healthCheck": policy})

    balancer = _of(service).services["math"].loadBalancer

    assert balancer
    assert balancer.healthCheck == {
        "interval": policy.get("interval", "10s"),
        "timeout": "2s",
        "path": path,
        "followRedirects": False,
    }


def _weights(canary: int, *instances: tuple[str, int]) -> list[int]:
    service = a_service(
        "math",
        *(
            an_instance(f"i{number}", version=version, weight=weight)
            for number, (version, weight) in enumerate(instances)
        ),
        policies={"canary": {"version": "2", "weight": canary}},
    )
    balancer = _of(service).services["math"].loadBalancer
    assert balancer
    return [1 if server.weight is None else server.weight for server in balancer.servers]


@pytest.mark.parametrize(
    ("canary", "instances", "weights"),
    [
        (10, [("1", 1), ("2", 1)], [9, 1]),
        (50, [("1", 1), ("2", 1)], [1, 1]),
        (0, [("1", 1), ("2", 1)], [1, 0]),
        (100, [("1", 1), ("2", 1)], [0, 1]),
        (10, [("1", 1), ("1", 1), ("2", 1)], [9, 9, 2]),
        (10, [("1", 3), ("1", 0), ("2", 5)], [9, 0, 1]),
        # While there is but one kind, it takes all.
        (10, [("2", 2), ("2", 3)], [2, 3]),
        (0, [("2", 1)], [1]),
        (10, [("1", 2), ("", 3)], [2, 3]),
        (100, [("1", 1), ("2", 0)], [1, 0]),
        (100, [("1", 0), ("2", 0)], [1, 1]),
    ],
)
def test_a_canary_takes_its_share(
    canary: int, instances: list[tuple[str, int]], weights: list[int]
) -> None:
    assert _weights(canary, *instances) == weights


PAIRS = st.lists(st.tuples(st.integers(0, 1000), st.booleans()), min_size=1, max_size=8)


@given(PAIRS, st.integers(0, 100))
def test_the_chosen_have_their_share_and_all_keep_their_proportions(
    pairs: list[tuple[int, bool]], percent: int
) -> None:
    weights, chosen = [weight for weight, _ in pairs], [is_ours for _, is_ours in pairs]
    ours = sum(weight for weight, is_ours in pairs if is_ours)

    shares = shared_out(weights, chosen, percent)

    if not ours or ours == sum(weights):
        assert shares == weights
        return
    taken = sum(share for share, is_ours in zip(shares, chosen, strict=True) if is_ours)
    assert taken * 100 == percent * sum(shares)
    assert min(shares) >= 0
    for one, other in product(range(len(pairs)), repeat=2):
        if chosen[one] == chosen[other]:
            assert shares[one] * weights[other] == shares[other] * weights[one]
