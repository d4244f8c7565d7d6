"""Policies as hypothesis makes them from what the models say that they take."""

from typing import Any

from hypothesis import strategies as st
from pydantic import ValidationError

from tests.factories import policies
from tests.registry.policies.bad import BCRYPT

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NUMBERS = st.integers(1, 1_000_000)
STATUSES = st.lists(
    st.from_regex(r"[1-5][0-9]{2}", fullmatch=True)
    | st.tuples(st.integers(100, 399), st.integers(400, 599)).map(
        lambda two: "-".join(map(str, two))
    ),
    min_size=1,
    max_size=3,
)
# Of \d hypothesis makes digits of every script: the models must see to them.
_AMOUNTS = r"(?:[1-9][0-9]{0,2}(?:\.[0-9]{1,3})?|\d)"
DURATIONS = st.from_regex(rf"(?:{_AMOUNTS}(?:ms|s|m)){{1,2}}", fullmatch=True).filter(
    lambda text: len(text) <= 40
)
TOKENS = st.from_regex(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}", fullmatch=True)
VALUES = st.from_regex(r"[\x20-\x7e]{0,20}", fullmatch=True) | st.just('{{ env "PATH" }}')
MEDIA = st.tuples(TOKENS, TOKENS).map("/".join)
ADDRESSES = st.ip_addresses().map(str)
NETWORKS = st.lists(
    ADDRESSES
    | st.tuples(st.ip_addresses(v=4).map(str), st.integers(0, 32)).map(
        lambda net: f"{net[0]}/{net[1]}"
    )
    | st.tuples(st.ip_addresses(v=6).map(str), st.integers(0, 128)).map(
        lambda net: f"{net[0]}/{net[1]}"
    ),
    min_size=1,
    max_size=3,
)
RATIOS = st.tuples(st.integers(0, 9), st.integers(0, 999)).map(lambda two: f"{two[0]}.{two[1]}")
COMPARED = st.sampled_from(["==", "!=", "<=", ">=", "<", ">", "  >  "])
CODES = st.lists(st.integers(0, 999), min_size=4, max_size=4).map(
    lambda codes: ", ".join(map(str, codes))
)
CONDITIONS = st.one_of(
    st.tuples(st.just("NetworkErrorRatio()"), COMPARED, RATIOS),
    st.tuples(CODES.map(lambda codes: f"ResponseCodeRatio({codes})"), COMPARED, RATIOS),
    st.tuples(
        RATIOS.map(lambda ratio: f"LatencyAtQuantileMS({ratio})"),
        COMPARED,
        st.integers(0, 999_999_999).map(str),
    ),
).map(" ".join)
EXPRESSIONS = st.tuples(
    CONDITIONS, st.lists(st.tuples(st.sampled_from([" && ", "||"]), CONDITIONS), max_size=2)
).map(lambda parts: parts[0] + "".join(join + next_ for join, next_ in parts[1]))
# The models decide which of these are patterns.
PATTERNS = st.text("ab.*+?()|[]-^$\\/:", min_size=1, max_size=8).map("^{}$".format)
ORIGINS = st.sampled_from(["*", "null", "https://a.example", "app://x", "http://[::1]:8080"])
PATHS = st.from_regex(r"/|(?:/[A-Za-z0-9._~!$&'()*+,;=:@-]{1,8}){1,3}/?", fullmatch=True)


def _some(required: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(required, optional=optional)


IP_STRATEGIES = st.one_of(
    _some({}, {"depth": st.integers(1, 16), "ipv6Subnet": st.integers(1, 128)}),
    _some({"excludedIPs": NETWORKS}, {}),
)
CRITERIA = st.one_of(
    st.just({"consumer": True}),
    st.just({"requestHost": True}),
    st.builds(lambda name: {"requestHeaderName": name}, TOKENS),
    st.builds(lambda strategy: {"ipStrategy": strategy}, IP_STRATEGIES),
)
SETTABLE = st.dictionaries(TOKENS, VALUES, min_size=1, max_size=3)
BYTES = st.integers(0, 64 * 1024 * 1024)
_ONE: dict[str, st.SearchStrategy[Any]] = {
    "ipAllowList": _some(
        {"sourceRange": NETWORKS},
        {"ipStrategy": IP_STRATEGIES, "rejectStatusCode": st.integers(400, 499)},
    ),
    "cors": _some(
        {},
        {
            "accessControlAllowOriginList": st.lists(ORIGINS, min_size=1, max_size=3),
            "accessControlAllowOriginListRegex": st.lists(PATTERNS, min_size=1, max_size=2),
            "accessControlAllowMethods": st.lists(
                st.sampled_from(["*", "GET", "BREW"]), min_size=1, max_size=3
            ),
            "accessControlAllowHeaders": st.lists(TOKENS, min_size=1, max_size=3),
            "accessControlExposeHeaders": st.lists(TOKENS, min_size=1, max_size=3),
            "accessControlAllowCredentials": st.booleans(),
            "accessControlMaxAge": st.integers(0, 86_400),
            "addVaryHeader": st.booleans(),
        },
    ),
    "headers": _some(
        {},
        {
            "customRequestHeaders": SETTABLE,
            "customResponseHeaders": SETTABLE,
            "frameDeny": st.booleans(),
            "customFrameOptionsValue": VALUES,
            "contentTypeNosniff": st.booleans(),
            "browserXssFilter": st.booleans(),
            "contentSecurityPolicy": VALUES,
            "contentSecurityPolicyReportOnly": VALUES,
            "referrerPolicy": VALUES,
            "permissionsPolicy": VALUES,
            "stsSeconds": st.integers(0, 63_072_000),
            "stsIncludeSubdomains": st.booleans(),
        },
    ),
    "basicAuth": _some(
        {
            "users": st.lists(
                st.builds(
                    "{}:{}".format, TEXT, st.just(BCRYPT) | st.just("{SHA}" + "a" * 27 + "=")
                ),
                min_size=1,
                max_size=3,
            )
        },
        {"realm": VALUES, "removeHeader": st.booleans()},
    ),
    "keyauth": _some(
        {},
        {
            "scopes": st.lists(
                st.sampled_from(["edge:call", "admin", "reports:read"]), min_size=1, max_size=3
            ),
            "forwardKey": st.booleans(),
        },
    ),
    "rateLimit": _some(
        {"average": NUMBERS},
        {
            "period": DURATIONS,
            "burst": NUMBERS,
            "sourceCriterion": CRITERIA,
            "shared": st.booleans(),
        },
    ),
    "inFlightReq": _some({"amount": NUMBERS}, {"sourceCriterion": CRITERIA}),
    "compress": _some(
        {},
        {
            "encodings": st.lists(st.sampled_from(["gzip", "br", "zstd"]), min_size=1, max_size=3),
            "defaultEncoding": st.sampled_from(["gzip", "br", "zstd"]),
            "minResponseBodyBytes": NUMBERS,
            "excludedContentTypes": st.lists(MEDIA, min_size=1, max_size=3),
            "includedContentTypes": st.lists(MEDIA, min_size=1, max_size=3),
        },
    ),
    "envelope": _some(
        {},
        {
            "fields": _some({}, {"code": TEXT, "message": TEXT, "data": TEXT}),
            "successCode": TEXT | st.booleans() | st.integers(),
            "successMessage": TEXT,
            "errors": st.sampled_from(["wrap", "keep", "status200"]),
            "maxBodyBytes": st.integers(1, 64 * 1024 * 1024),
        },
    ),
    "buffering": _some(
        {},
        {
            "maxRequestBodyBytes": BYTES,
            "memRequestBodyBytes": BYTES,
            "maxResponseBodyBytes": BYTES,
            "memResponseBodyBytes": BYTES,
        },
    ),
    "circuitBreaker": _some(
        {"expression": EXPRESSIONS},
        {
            "checkPeriod": DURATIONS,
            "fallbackDuration": DURATIONS,
            "recoveryDuration": DURATIONS,
            "responseCode": st.integers(400, 599),
        },
    ),
    "retry": _some(
        {"attempts": st.integers(2, 10)},
        {
            "initialInterval": DURATIONS,
            "timeout": DURATIONS,
            "status": STATUSES,
            "maxRequestBodyBytes": BYTES,
            "disableRetryOnNetworkError": st.booleans(),
            "retryNonIdempotentMethod": st.booleans(),
        },
    ),
    "timeouts": _some(
        {},
        {
            "dialTimeout": DURATIONS,
            "responseHeaderTimeout": DURATIONS,
            "idleConnTimeout": DURATIONS,
        },
    ),
    "healthCheck": _some(
        {"path": PATHS},
        {
            "interval": DURATIONS,
            "unhealthyInterval": DURATIONS,
            "timeout": DURATIONS,
            "status": st.integers(200, 599),
            "method": st.sampled_from(["GET", "HEAD"]),
        },
    ),
    "passiveHealthCheck": _some(
        {}, {"failureWindow": DURATIONS, "maxFailedAttempts": st.integers(1, 1000)}
    ),
    "strategy": st.sampled_from(["wrr", "p2c", "hrw", "leasttime"]),
    "sticky": _some(
        {},
        {
            "cookie": _some(
                {},
                {
                    "name": TOKENS,
                    "secure": st.booleans(),
                    "httpOnly": st.booleans(),
                    "sameSite": st.sampled_from(["none", "lax", "strict"]),
                    "maxAge": st.integers(0, 31_536_000),
                },
            )
        },
    ),
    "mirror": _some(
        {"service": st.just("spare")},
        {"percent": st.integers(1, 100), "mirrorBody": st.booleans(), "maxBodySize": BYTES},
    ),
    "canary": _some({"version": TEXT, "weight": st.integers(0, 100)}, {}),
    "failover": _some(
        {"service": st.just("spare")},
        {
            "status": STATUSES,
            "maxRequestBodyBytes": BYTES,
            "unsafe_methods": st.booleans(),
        },
    ),
}


def _is_taken(given: dict[str, Any]) -> bool:
    try:
        _ = policies(**given)
    except ValidationError:
        return False
    return True


def _merged(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Put one policy beside the others, where that is sound too."""
    taken: dict[str, Any] = {}
    for part in parts:
        if _is_taken({**taken, **part}):
            taken |= part
    return taken


SINGLE = st.one_of(
    [st.builds(lambda value, name=name: {name: value}, strategy) for name, strategy in _ONE.items()]
)
POLICIES = st.lists(SINGLE, min_size=1, max_size=8).map(_merged)
