from typing import Any

import pytest
from hypothesis import given
from pydantic import ValidationError

from sidecar.registry.models import Service
from sidecar.registry.policies.models import Policies
from tests.factories import a_service, policies
from tests.registry.policies.bad import BCRYPT
from tests.registry.policies.strategies import POLICIES

# What is given, and what it is with all its defaults.
GOOD: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {"ipAllowList": {"sourceRange": ["10.0.0.1", "fd00::/8"], "ipStrategy": {"depth": 2}}},
        {"ipAllowList": {"sourceRange": ["10.0.0.1", "fd00::/8"], "ipStrategy": {"depth": 2}}},
    ),
    (
        {"ipAllowList": {"sourceRange": ["::ffff:10.0.0.1/128"], "rejectStatusCode": 404}},
        {"ipAllowList": {"sourceRange": ["::ffff:10.0.0.1/128"], "rejectStatusCode": 404}},
    ),
    (
        {"cors": {"accessControlAllowOriginList": ["https://a.example:8443", "null"]}},
        {
            "cors": {
                "accessControlAllowOriginList": ["https://a.example:8443", "null"],
                "addVaryHeader": True,
            }
        },
    ),
    (
        {
            "cors": {
                "accessControlAllowOriginListRegex": [r"^https://[a-z0-9-]+\.example\.com$"],
                "accessControlAllowMethods": ["GET", "*"],
                "accessControlAllowHeaders": ["X-A", "*"],
                "accessControlExposeHeaders": ["X-B"],
                "accessControlAllowCredentials": True,
                "accessControlMaxAge": 0,
                "addVaryHeader": False,
            }
        },
        {
            "cors": {
                "accessControlAllowOriginListRegex": [r"^https://[a-z0-9-]+\.example\.com$"],
                "accessControlAllowMethods": ["GET", "*"],
                "accessControlAllowHeaders": ["X-A", "*"],
                "accessControlExposeHeaders": ["X-B"],
                "accessControlAllowCredentials": True,
                "accessControlMaxAge": 0,
                "addVaryHeader": False,
            }
        },
    ),
    (
        {"headers": {"customRequestHeaders": {"X-A": '{{ env "PATH" }}', "X-B": ""}}},
        {"headers": {"customRequestHeaders": {"X-A": '{{ env "PATH" }}', "X-B": ""}}},
    ),
    ({"headers": {"stsSeconds": 0}}, {"headers": {"stsSeconds": 0}}),
    (
        {"basicAuth": {"users": [f"ann:{BCRYPT}", "bob:{SHA}" + "a" * 27 + "="]}},
        {
            "basicAuth": {
                # Nobody is shown a hash.
                "users": ["ann", "bob"],
                "removeHeader": True,
            }
        },
    ),
    ({"keyauth": {}}, {"keyauth": {"scopes": ["edge:call"], "forwardKey": False}}),
    (
        {"rateLimit": {"average": 5}},
        {"rateLimit": {"average": 5, "period": "1s", "burst": 1, "shared": False}},
    ),
    (
        {"keyauth": {}, "inFlightReq": {"amount": 5, "sourceCriterion": {"consumer": True}}},
        {
            "keyauth": {"scopes": ["edge:call"], "forwardKey": False},
            "inFlightReq": {"amount": 5, "sourceCriterion": {"consumer": True}},
        },
    ),
    (
        {
            "plugin": {
                "Third-party_1": {"any": [{"thing": 0.5, "none": None}], "no": None, "of": [1, 2]}
            }
        },
        {"plugin": {"Third-party_1": "…"}},
    ),
    (
        {"headers": {"customRequestHeaders": {"Authorization": "Basic x", "X-Env": "prod"}}},
        {"headers": {"customRequestHeaders": {"Authorization": "…", "X-Env": "prod"}}},
    ),
    ({"compress": {}}, {"compress": {"encodings": ["gzip", "br", "zstd"]}}),
    (
        {"envelope": {}},
        {
            "envelope": {
                "fields": {"code": "code", "message": "message", "data": "data"},
                "successCode": 0,
                "successMessage": "ok",
                "errors": "wrap",
                "maxBodyBytes": 1_048_576,
            }
        },
    ),
    (
        {"envelope": {"successCode": True, "successMessage": "xong \N{DOOR}", "errors": "keep"}},
        {
            "envelope": {
                "fields": {"code": "code", "message": "message", "data": "data"},
                "successCode": True,
                "successMessage": "xong \N{DOOR}",
                "errors": "keep",
                "maxBodyBytes": 1_048_576,
            }
        },
    ),
    ({"buffering": {"maxRequestBodyBytes": 0}}, {"buffering": {"maxRequestBodyBytes": 0}}),
    (
        {
            "circuitBreaker": {
                "expression": "NetworkErrorRatio() > 0.5 || LatencyAtQuantileMS(50.0)>=100"
                " && ResponseCodeRatio(500, 600, 0, 600) != 0.25"
            }
        },
        {
            "circuitBreaker": {
                "expression": "NetworkErrorRatio() > 0.5 || LatencyAtQuantileMS(50.0)>=100"
                " && ResponseCodeRatio(500, 600, 0, 600) != 0.25",
                "checkPeriod": "100ms",
                "fallbackDuration": "10s",
                "recoveryDuration": "10s",
                "responseCode": 503,
            }
        },
    ),
    (
        {"retry": {"attempts": 3, "status": ["429", "502-504"], "initialInterval": "1m30.5s"}},
        {
            "retry": {
                "attempts": 3,
                "initialInterval": "1m30.5s",
                "status": ["429", "502-504"],
                "maxRequestBodyBytes": 16_384,
                "disableRetryOnNetworkError": False,
                "retryNonIdempotentMethod": False,
            }
        },
    ),
    ({"timeouts": {}}, {"timeouts": {"dialTimeout": "5s", "idleConnTimeout": "90s"}}),
    ({"healthCheck": {}}, {"healthCheck": {"interval": "10s", "timeout": "2s"}}),
    (
        {"healthCheck": {"path": "/a/b;c=1/", "interval": "1s", "timeout": "1s", "method": "HEAD"}},
        {"healthCheck": {"path": "/a/b;c=1/", "interval": "1s", "timeout": "1s", "method": "HEAD"}},
    ),
    (
        {"passiveHealthCheck": {}},
        {"passiveHealthCheck": {"failureWindow": "10s", "maxFailedAttempts": 1}},
    ),
    ({"strategy": "leasttime"}, {"strategy": "leasttime"}),
    ({"sticky": {}}, {"sticky": {"cookie": {"httpOnly": True, "sameSite": "lax"}}}),
    (
        {"mirror": {"service": "other"}},
        {
            "mirror": {
                "service": "other",
                "percent": 100,
                "mirrorBody": True,
                "maxBodySize": 262_144,
            }
        },
    ),
    (
        {"canary": {"version": "2.0", "weight": 0}, "strategy": "wrr"},
        {"canary": {"version": "2.0", "weight": 0}, "strategy": "wrr"},
    ),
    (
        {"failover": {"service": "other"}},
        {
            "failover": {
                "service": "other",
                "status": ["502-504"],
                "maxRequestBodyBytes": 1_048_576,
                "unsafe_methods": False,
            }
        },
    ),
    (dict.fromkeys(("rateLimit", "plugin", "strategy", "keyauth")), {}),
]


@pytest.mark.parametrize(
    ("said", "shown"), GOOD, ids=[f"{n}-{'+'.join(said)}" for n, (said, _) in enumerate(GOOD)]
)
def test_a_sound_policy_is_shown_with_its_defaults(
    said: dict[str, Any], shown: dict[str, Any]
) -> None:
    assert policies(**said).shown() == shown


@given(POLICIES)
def test_what_is_kept_is_read_as_it_was(given_: dict[str, Any]) -> None:
    service = a_service(policies=given_)

    assert Service.model_validate_json(service.model_dump_json()) == service


@given(POLICIES, POLICIES)
def test_what_is_said_lies_on_top_of_the_rest(mine: dict[str, Any], others: dict[str, Any]) -> None:
    try:
        expected = policies(**{**others, **mine})
    except ValidationError:
        with pytest.raises(ValidationError):
            policies(**mine).over(policies(**others))
        return

    assert policies(**mine).over(policies(**others)) == expected


def test_null_switches_off_what_lies_below() -> None:
    below = policies(keyauth={}, rateLimit={"average": 1})

    assert policies(keyauth=None, compress={}).over(below) == policies(
        rateLimit={"average": 1}, compress={}
    )


def test_a_policy_replaces_the_whole_of_the_one_below() -> None:
    below = policies(rateLimit={"average": 1, "burst": 7, "period": "1m"})

    assert policies(rateLimit={"average": 2}).over(below) == policies(rateLimit={"average": 2})


def test_nothing_said_is_nothing_kept() -> None:
    assert policies().model_dump(mode="json") == {}
    assert policies(keyauth=None) == policies() == Policies()


@pytest.mark.parametrize(
    ("given_", "targets"),
    [
        ({}, ()),
        ({"mirror": {"service": "a"}}, ("a",)),
        ({"failover": {"service": "b"}, "mirror": {"service": "a"}}, ("b", "a")),
    ],
)
def test_the_services_that_requests_may_go_to_are_known(
    given_: dict[str, Any], targets: tuple[str, ...]
) -> None:
    assert policies(**given_).targets == targets


@pytest.mark.parametrize(
    ("given_", "criterion"),
    [
        ({"rateLimit": {"average": 1}}, {"ipStrategy": {}}),
        ({"rateLimit": {"average": 1}, "keyauth": {}}, {"consumer": True}),
        (
            {
                "rateLimit": {"average": 1, "sourceCriterion": {"requestHeaderName": "X-A"}},
                "keyauth": {},
            },
            {"requestHeaderName": "X-A"},
        ),
    ],
)
def test_callers_are_told_apart_by_what_is_known_of_them(
    given_: dict[str, Any], criterion: dict[str, Any]
) -> None:
    assert policies(**given_).effective_criterion.model_dump(exclude_none=True) == criterion


def test_the_schema_says_the_names_that_are_taken() -> None:
    schema = Policies.model_json_schema()

    assert set(schema["properties"]) == {
        "ipAllowList",
        "cors",
        "headers",
        "basicAuth",
        "keyauth",
        "rateLimit",
        "inFlightReq",
        "plugin",
        "compress",
        "envelope",
        "buffering",
        "circuitBreaker",
        "retry",
        "timeouts",
        "healthCheck",
        "passiveHealthCheck",
        "strategy",
        "sticky",
        "mirror",
        "canary",
        "failover",
    }


def _said(given: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(ValidationError) as caught:
        Policies.model_validate(given)
    return {
        ".".join(map(str, error["loc"])): error["msg"].removeprefix("Value error, ")
        for error in caught.value.errors()
    }


@pytest.mark.parametrize(
    ("policy", "sound"), [("retry", {"attempts": 2}), ("failover", {"service": "b"})]
)
def test_statuses_may_be_numbers_in_a_list(policy: str, sound: dict[str, Any]) -> None:
    taken = policies(**{policy: {**sound, "status": [503, "500-502", 599]}})

    assert taken == policies(**{policy: {**sound, "status": ["503", "500-502", "599"]}})
    assert _said({policy: {**sound, "status": 503}}) == {
        f"{policy}.status": 'must be a list such as ["502-504"]'
    }


@pytest.mark.parametrize(
    ("given", "field", "message"),
    [
        ({"ratelimit": {}}, "ratelimit", "is not known here; did you mean rateLimit?"),
        ({"basic_auth": {}}, "basic_auth", "is not known here; did you mean basicAuth?"),
        (
            {"retry": {"attempts": 2, "initial_interval": "1s"}},
            "retry.initial_interval",
            "is not known here; did you mean initialInterval?",
        ),
        (
            {"failover": {"service": "b", "unsafeMethods": True}},
            "failover.unsafeMethods",
            "is not known here; did you mean unsafe_methods?",
        ),
        (
            {"keyauth": True},
            "keyauth",
            "must be an object with fields scopes, forwardKey; for its defaults write {}",
        ),
        (
            {"timeouts": "30s"},
            "timeouts",
            (
                "must be an object with fields dialTimeout, responseHeaderTimeout, idleConnTimeout;"
                " for its defaults write {}"
            ),
        ),
        # These take no defaults: something must be said.
        (
            {"buffering": 5},
            "buffering",
            (
                "must be an object with fields maxRequestBodyBytes, memRequestBodyBytes,"
                " maxResponseBodyBytes, memResponseBodyBytes"
            ),
        ),
        (
            {"inFlightReq": {"amount": 1, "sourceCriterion": "consumer"}},
            "inFlightReq.sourceCriterion",
            "must be an object with fields consumer, ipStrategy, requestHeaderName, requestHost",
        ),
        (
            {"timeouts": {"dialTimeout": 5}},
            "timeouts.dialTimeout",
            'must be a duration with its unit, such as "500ms", "10s" or "1m30s"',
        ),
        (
            {"healthCheck": {"interval": "soon"}},
            "healthCheck.interval",
            'must be a duration with its unit, such as "500ms", "10s" or "1m30s"',
        ),
        (
            {"mirror": {"service": "B"}},
            "mirror.service",
            "must be lower-case letters, digits and hyphens, beginning with a letter, at most 63",
        ),
        (
            {"envelope": {"successCode": None}},
            "envelope.successCode",
            "must be a whole number, a text, true or false",
        ),
    ],
)
def test_a_refusal_says_what_was_meant_or_would_be_taken(
    given: dict[str, Any], field: str, message: str
) -> None:
    assert _said(given) == {field: message}
