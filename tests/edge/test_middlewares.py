from typing import Any

import pytest

from sidecar.edge.middlewares import SharedLimits, middlewares
from sidecar.edge.models import Flow
from sidecar.registry.models import Service
from tests.factories import a_service
from tests.registry.policies.bad import BCRYPT

SHARED = SharedLimits("127.0.0.1:6379", "gatehouse-limits", "secret")
EVERYTHING: dict[str, Any] = {
    "retry": {"attempts": 2},
    "envelope": {},
    "compress": {},
    "plugin": {"one": {"a": [1]}, "two": {}},
    "circuitBreaker": {"expression": "NetworkErrorRatio() > 0.5"},
    "buffering": {"maxRequestBodyBytes": 5},
    "inFlightReq": {"amount": 5},
    "rateLimit": {"average": 5},
    "keyauth": {},
    "basicAuth": {"users": [f"ann:{BCRYPT}"]},
    "headers": {"frameDeny": True},
    "cors": {"accessControlAllowOriginList": ["*"]},
    "ipAllowList": {"sourceRange": ["10.0.0.0/8"]},
}


def _of(shared: SharedLimits | None = None, servers: int = 1, **given: Any) -> dict[str, Any]:
    service = a_service(strip_prefix=False, policies=given)
    return dict(middlewares(service, servers=servers, shared=shared))


BY_ADDRESS = {"average": 5, "sourceCriterion": {"ipStrategy": {"depth": 1}}}
BY_CONSUMER = {"amount": 5, "sourceCriterion": {"consumer": True}}


def test_the_order_is_always_the_same() -> None:
    service = a_service(policies=EVERYTHING)

    names = [name.removeprefix("math.") for name in middlewares(service, servers=1, shared=None)]

    assert names == [
        "ipAllowList",
        "cors",
        "headers",
        "inFlightReq",
        "basicAuth",
        "keyauth",
        "rateLimit",
        "plugin-one",
        "plugin-two",
        "compress",
        "envelope",
        "buffering",
        "circuitBreaker",
        "retry",
        "strip",
    ]


def test_limits_that_do_not_count_consumers_shield_the_check_of_passwords() -> None:
    by_address = a_service(policies={**EVERYTHING, "rateLimit": BY_ADDRESS})
    by_consumer = a_service(policies={**EVERYTHING, "inFlightReq": BY_CONSUMER})

    assert _places(by_address, "rateLimit", "inFlightReq", "basicAuth") == sorted(
        _places(by_address, "rateLimit", "inFlightReq", "basicAuth")
    )
    assert _places(by_consumer, "keyauth", "rateLimit", "inFlightReq") == sorted(
        _places(by_consumer, "keyauth", "rateLimit", "inFlightReq")
    )


def _places(service: Service, *names: str) -> list[int]:
    """Answer where in the order each policy stands."""
    order = list(middlewares(service, servers=1, shared=None))
    return [order.index(f"math.{name}") for name in names]


def test_no_policy_needs_no_middleware() -> None:
    assert _of() == {}


@pytest.mark.parametrize(
    ("given", "trees"),
    [
        (
            {"ipAllowList": {"sourceRange": ["10.0.0.0/8"], "ipStrategy": {"depth": 1}}},
            {
                "math.ipAllowList": {
                    "ipAllowList": {"sourceRange": ["10.0.0.0/8"], "ipStrategy": {"depth": 1}}
                }
            },
        ),
        (
            {"cors": {"accessControlAllowOriginList": ["*"]}},
            {
                "math.cors": {
                    "headers": {"accessControlAllowOriginList": ["*"], "addVaryHeader": True}
                }
            },
        ),
        (
            {"headers": {"customResponseHeaders": {"X-A": ""}, "stsSeconds": 5}},
            {"math.headers": {"headers": {"customResponseHeaders": {"X-A": ""}, "stsSeconds": 5}}},
        ),
        (
            {"basicAuth": {"users": [f"ann:{BCRYPT}"], "realm": "here"}},
            {
                "math.basicAuth": {
                    "basicAuth": {
                        "users": [f"ann:{BCRYPT}"],
                        "realm": "here",
                        "removeHeader": True,
                    }
                }
            },
        ),
        (
            {"keyauth": {"scopes": ["reports:read"], "forwardKey": True}},
            {
                "math.keyauth": {
                    "plugin": {
                        "keyauth": {
                            "scopes": ["reports:read"],
                            "forwardKey": True,
                            "service": "math",
                            "prefix": "/math",
                        }
                    }
                }
            },
        ),
        (
            {"inFlightReq": {"amount": 5, "sourceCriterion": {"requestHost": True}}},
            {
                "math.inFlightReq": {
                    "inFlightReq": {"amount": 5, "sourceCriterion": {"requestHost": True}}
                }
            },
        ),
        (
            {"inFlightReq": {"amount": 5, "sourceCriterion": {"ipStrategy": {}}}},
            {
                "math.inFlightReq": {
                    # Traefik drops an empty map, and would count by the Host header.
                    "inFlightReq": {"amount": 5, "sourceCriterion": {"ipStrategy": {"depth": 0}}}
                }
            },
        ),
        (
            {"inFlightReq": {"amount": 5}},
            {
                "math.inFlightReq": {
                    "inFlightReq": {
                        "amount": 5,
                        "sourceCriterion": {"requestHeaderName": "Transfer-Encoding"},
                    }
                }
            },
        ),
        (
            {"plugin": {"theirs": {"a": {"b": [{"c": None}]}}}},
            {"math.plugin-theirs": {"plugin": {"theirs": Flow({"a": {"b": [{"c": None}]}})}}},
        ),
        (
            {"compress": {"encodings": ["gzip"]}},
            {"math.compress": {"compress": {"encodings": ["gzip"]}}},
        ),
        (
            {"envelope": {"errors": "keep"}},
            {
                "math.envelope": {
                    "plugin": {
                        "envelope": {
                            "fields": {"code": "code", "message": "message", "data": "data"},
                            "successCode": "0",
                            "successMessage": "ok",
                            "errors": "keep",
                            "maxBodyBytes": 1_048_576,
                        }
                    }
                }
            },
        ),
        (
            {"buffering": {"maxResponseBodyBytes": 5}},
            {"math.buffering": {"buffering": {"maxResponseBodyBytes": 5}}},
        ),
        (
            {"circuitBreaker": {"expression": "NetworkErrorRatio() > 0.5", "checkPeriod": "1s"}},
            {
                "math.circuitBreaker": {
                    "circuitBreaker": {
                        "expression": "NetworkErrorRatio() > 0.5",
                        "checkPeriod": "1s",
                        "fallbackDuration": "10s",
                        "recoveryDuration": "10s",
                        "responseCode": 503,
                    }
                }
            },
        ),
        (
            {"retry": {"attempts": 2, "status": ["503"]}},
            {
                "math.retry": {
                    "retry": {
                        "attempts": 2,
                        "status": ["503"],
                        "maxRequestBodyBytes": 16_384,
                        "disableRetryOnNetworkError": False,
                        "retryNonIdempotentMethod": False,
                    }
                }
            },
        ),
        # What is no middleware.
        (
            {
                "timeouts": {},
                "sticky": {},
                "healthCheck": {"path": "/h"},
                "passiveHealthCheck": {},
                "strategy": "p2c",
                "mirror": {"service": "other"},
                "failover": {"service": "other"},
            },
            {},
        ),
    ],
)
def test_a_policy_is_traefiks_own_middleware(given: dict[str, Any], trees: dict[str, Any]) -> None:
    assert _of(**given) == trees


def test_two_instances_are_tried_in_turn_unless_a_retry_is_given() -> None:
    assert _of(servers=2) == {"math.retry": {"retry": {"attempts": 5}}}
    assert _of(servers=2, retry={"attempts": 2})["math.retry"]["retry"]["attempts"] == 2


@pytest.mark.parametrize(
    ("given", "criterion"),
    [
        ({}, {"ipStrategy": {"depth": 0}}),
        ({"keyauth": {}}, {"requestHeaderName": "X-Consumer-Id"}),
    ],
)
def test_a_limit_is_counted_by_our_plugin(given: dict[str, Any], criterion: Any) -> None:
    trees = _of(rateLimit={"average": 5, "burst": 7, "period": "1m"}, **given)

    assert trees["math.rateLimit"] == {
        "plugin": {
            "ratelimit": {
                "average": 5,
                "period": "1m",
                "burst": 7,
                "sourceCriterion": criterion,
                "name": "math",
            }
        }
    }


def test_a_shared_limit_is_traefiks_own_in_valkey() -> None:
    trees = _of(SHARED, rateLimit={"average": 5, "shared": True})

    assert trees == {
        "math.rateLimit": {
            "rateLimit": {
                "average": 5,
                "period": "1s",
                "burst": 1,
                "sourceCriterion": {"ipStrategy": {"depth": 0}},
                "redis": {
                    "endpoints": ["127.0.0.1:6379"],
                    "username": "gatehouse-limits",
                    "password": "secret",
                },
            }
        }
    }


def test_where_nothing_is_shared_any_more_a_limit_is_counted_here() -> None:
    assert "plugin" in _of(None, rateLimit={"average": 5, "shared": True})["math.rateLimit"]


@pytest.mark.parametrize(
    ("fields", "strips"),
    [
        ({}, True),
        ({"strip_prefix": False}, False),
        ({"host": "a.example"}, False),
        ({"host": "a.example", "prefix": "/x"}, True),
    ],
)
def test_a_prefix_is_taken_off_where_there_is_one(
    fields: dict[str, Any],
    strips: bool,  # noqa: FBT001 - a column of the table
) -> None:
    service = a_service(**fields)
    strip = {"math.strip": {"stripPrefix": {"prefixes": [service.prefix]}}}

    assert middlewares(service, servers=1, shared=None) == (strip if strips else {})


@pytest.mark.parametrize(
    ("code", "written"),
    [(0, "0"), ("0", '"0"'), (True, "true"), ("true", '"true"'), ("null", '"null"'), ("", '""')],
)
def test_a_success_code_keeps_its_kind(code: object, written: str) -> None:
    tree = _of(envelope={"successCode": code})["math.envelope"]

    assert tree["plugin"]["envelope"]["successCode"] == written
