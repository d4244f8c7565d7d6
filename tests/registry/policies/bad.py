"""Policies that must be refused, and the field that the refusal must name."""

from typing import Any

TEMPLATE = '{{ env "PATH" }}'
BREAK = "a\r\nSet-Cookie: b=c"
HUGE = 10**400
BCRYPT = "$2y$05$" + "a" * 53
# Digits to Python, and none to Traefik.
FOREIGN_SECONDS = "\N{FULLWIDTH DIGIT FIVE}s"
FOREIGN_STATUS = "5\N{FULLWIDTH DIGIT ZERO}3"

Bad = tuple[dict[str, Any], str]


def _each(policy: str, sound: dict[str, Any], *bad: tuple[str, Any]) -> list[Bad]:
    return [
        ({policy: {**sound, field: value}}, f"{policy}.{field}" if field else policy)
        for field, value in bad
    ]


def _strings(policy: str, sound: dict[str, Any], *fields: str) -> list[Bad]:
    values: tuple[Any, ...] = (TEMPLATE, BREAK, 5, ["a"], {"a": "b"}, None)
    return _each(policy, sound, *((field, value) for field in fields for value in values))


def _durations(policy: str, sound: dict[str, Any], *fields: str) -> list[Bad]:
    values = ("5", "5 s", "-5s", "0s", "25h", "1d", "1e3s", FOREIGN_SECONDS, 5, True, TEMPLATE, "")
    return _each(policy, sound, *((field, value) for field in fields for value in values))


def _wholes(policy: str, sound: dict[str, Any], *fields: str) -> list[Bad]:
    values = (-1, HUGE, "5", True, 1.5, [1])
    return _each(policy, sound, *((field, value) for field in fields for value in values))


def _flags(policy: str, sound: dict[str, Any], *fields: str) -> list[Bad]:
    values: tuple[Any, ...] = ("yes", 1, "true", [])
    return _each(policy, sound, *((field, value) for field in fields for value in values))


def _in(policy: str, field: str, sound: dict[str, Any], *bad: tuple[str, Any]) -> list[Bad]:
    return [
        ({policy: {**sound, field: {inner: value}}}, f"{policy}.{field}.{inner}")
        for inner, value in bad
    ]


UNKNOWN: list[Bad] = [
    ({"surprise": {}}, "surprise"),
    ({"rate_limit": {"average": 1}}, "rate_limit"),
    ({"ratelimit": {"average": 1}}, "ratelimit"),
    ({"middlewares": ["other.keyauth", "auth@internal", "gateway-entry@file"]}, "middlewares"),
    ({"chain": {"middlewares": ["other.keyauth"]}}, "chain"),
    ({"entryPoints": ["admin"]}, "entryPoints"),
    ({"priority": 9_999_999}, "priority"),
    ({"tls": {"options": "none"}}, "tls"),
    ({"rule": "PathPrefix(`/`)"}, "rule"),
    ({"service": "api@internal"}, "service"),
    ({"forwardAuth": {"address": "http://127.0.0.1:1"}}, "forwardAuth"),
    ({"errors": {"service": "api@internal"}}, "errors"),
    ({"redirectScheme": {"scheme": "https"}}, "redirectScheme"),
    ({"stripPrefix": {"prefixes": ["/"]}}, "stripPrefix"),
    ({"serversTransport": {"insecureSkipVerify": True}}, "serversTransport"),
    ({"plugin": {"a@file": {}}}, "plugin.a@file"),
    ({"plugin": {"{{": {}}}, "plugin.{{"),
    ({"plugin": {}}, "plugin"),
    ({"plugin": {"a": "b"}}, "plugin.a"),
    ({"plugin": {"a": {"k" * 65: 1}}}, "plugin.a"),
    ({"plugin": {"a": {"b": [{"k" * 2000: 1}]}}}, "plugin.a"),
    ({"plugin": {"a": {"b": [None]}}}, "plugin.a"),
    # Over the first of these Traefik's file provider falls, and stays down.
    ({"plugin": {"a": {"": {"b": {"c": 1}}}}}, "plugin.a"),
    ({"plugin": {"a": {"b": {"": 1}}}}, "plugin.a"),
    ({"plugin": {"a": {"[0]": 1}}}, "plugin.a"),
    ({"plugin": {"a": {"b": [{"c]": 1}]}}}, "plugin.a"),
    ({"plugin": {"a": {"\N{DOOR}": 1}}}, "plugin.a"),
    ({"plugin": {"a": {"b": [False, 1.5]}}}, "plugin.a"),
    ({"plugin": {"a": {"b": [1, "c"]}}}, "plugin.a"),
    ({"plugin": {"a": {"b": ["c", {"d": 1}]}}}, "plugin.a"),
    ({"plugin": {"a": {"b": [{"c": [None, None]}]}}}, "plugin.a"),
    ({"plugin": {"a": {"b": [[]]}}}, "plugin.a"),
    ({"plugin": {"a": {"b": {"c": [[1], [2]]}}}}, "plugin.a"),
    ({"strategy": "random"}, "strategy"),
    ({"strategy": ["wrr"]}, "strategy"),
    ({"strategy": TEMPLATE}, "strategy"),
]

ACCESS: list[Bad] = [
    *_each(
        "ipAllowList",
        {"sourceRange": ["10.0.0.0/8"]},
        ("sourceRange", []),
        ("sourceRange", None),
        ("sourceRange", "10.0.0.0/8"),
        ("rejectStatusCode", 200),
        ("rejectStatusCode", 419),
        ("rejectStatusCode", 500),
        ("rejectStatusCode", "403"),
        ("rejectStatusCode", True),
        ("surprise", 1),
        ("ipStrategy", {"depth": 1, "excludedIPs": ["10.0.0.1"]}),
        ("ipStrategy", {"ipv6Subnet": 64, "excludedIPs": ["10.0.0.1"]}),
    ),
    *(
        ({"ipAllowList": {"sourceRange": ["10.0.0.1", text]}}, "ipAllowList.sourceRange.1")
        for text in (
            "10.0.0.0/33",
            "10.0.0.0/255.0.0.0",
            "10.0.0.0/0.0.0.255",
            "fe80::1%eth0",
            "::1/129",
            "10.0.0",
            "example.com",
            "",
            TEMPLATE,
            "10.0.0.1\n",
            5,
        )
    ),
    *_in(
        "ipAllowList",
        "ipStrategy",
        {"sourceRange": ["10.0.0.1"]},
        ("depth", 0),
        ("depth", 17),
        ("depth", "1"),
        ("depth", HUGE),
        ("ipv6Subnet", 129),
        ("excludedIPs", []),
        ("excludedIPs", "10.0.0.1"),
        ("surprise", 1),
    ),
    *_each(
        "cors",
        {"accessControlAllowOriginList": ["*"]},
        ("accessControlAllowOriginList", []),
        ("accessControlAllowMethods", []),
        ("accessControlAllowHeaders", []),
        ("accessControlMaxAge", -1),
        ("accessControlMaxAge", 86_401),
        ("accessControlMaxAge", "5"),
        ("accessControlAllowCredentials", "yes"),
        ("addVaryHeader", 1),
        ("surprise", 1),
    ),
    ({"cors": {}}, "cors"),
    ({"cors": {"accessControlAllowMethods": ["GET"]}}, "cors"),
    (
        {
            "cors": {
                "accessControlAllowOriginList": ["*"],
                "accessControlAllowCredentials": True,
            }
        },
        "cors",
    ),
    (
        {
            "cors": {
                "accessControlAllowOriginListRegex": ["^https://.*$"],
                "accessControlAllowCredentials": True,
            }
        },
        "cors",
    ),
    *(
        ({"cors": {"accessControlAllowOriginList": [text]}}, "cors.accessControlAllowOriginList.0")
        for text in ("example.com", "https://a b", "https://a/path", TEMPLATE, BREAK, 5)
    ),
    *(
        (
            {"cors": {"accessControlAllowOriginListRegex": [text]}},
            "cors.accessControlAllowOriginListRegex.0",
        )
        for text in (
            "https://app[.]example[.]com",
            "^https://app",
            "example[.]com$",
            "^https://a$|https://b$",
            "(",
            "a)",
            "[z-a]",
            "*",
            "a**",
            "a*+",
            "a++",
            "a?+",
            "(?i)a",
            "(?x)a",
            "(?=a)",
            "(?P<n>a)",
            "\\d",
            "\\1",
            "a{2}",
            "a\n",
            TEMPLATE,
            "",
            "a" * 256,
        )
    ),
    *(
        (
            {"cors": {"accessControlAllowOriginList": ["*"], field: [text]}},
            f"cors.{field}.0",
        )
        for field, texts in {
            "accessControlAllowMethods": ("get", "G E T", TEMPLATE, BREAK, 5),
            "accessControlAllowHeaders": ("a b", "a:b", "a,b", TEMPLATE, BREAK, "", 5),
            "accessControlExposeHeaders": ("a b", TEMPLATE, BREAK),
        }.items()
        for text in texts
    ),
    ({"headers": {}}, "headers"),
    # Traefik calls these "not valid": nothing is left of them.
    ({"headers": {"frameDeny": False}}, "headers"),
    ({"headers": {"contentTypeNosniff": False, "referrerPolicy": ""}}, "headers"),
    *_each(
        "headers",
        {"frameDeny": True},
        ("customRequestHeaders", {}),
        ("customResponseHeaders", {}),
        ("frameDeny", "yes"),
        ("frameDeny", 1),
        ("contentSecurityPolicy", BREAK),
        ("contentSecurityPolicy", "x" * 4097),
        ("contentSecurityPolicy", "caf\N{LATIN SMALL LETTER E WITH ACUTE}"),
        ("referrerPolicy", BREAK),
        ("permissionsPolicy", 5),
        ("stsSeconds", -1),
        ("stsSeconds", HUGE),
        ("stsSeconds", "5"),
        ("isDevelopment", True),
        ("allowedHosts", ["a"]),
        ("sslRedirect", True),
        ("sslProxyHeaders", {"X-Forwarded-Proto": "https"}),
        ("surprise", 1),
    ),
    *(
        ({"headers": {field: {name: "x"}}}, f"headers.{field}.{name}")
        for field in ("customRequestHeaders", "customResponseHeaders")
        for name in (
            "X-Consumer",
            "x-consumer-id",
            "X_Consumer",
            "X-Site-Id",
            "x_user_id",
            "X-App-Id",
            "X-Request-Id",
            "Connection",
            "Content-Length",
            "Host",
            "Transfer-Encoding",
            "Upgrade",
            "TE",
            "Trailer",
            "a b",
            "a:b",
            "a\r\nb",
            "",
            "x" * 129,
            TEMPLATE,
        )
    ),
    *(
        ({"headers": {field: {"X-A": value}}}, f"headers.{field}.X-A")
        for field in ("customRequestHeaders", "customResponseHeaders")
        for value in (BREAK, "a\nb", "a\x00b", "x" * 4097, 5, None, ["a"])
    ),
    *_each(
        "basicAuth",
        {"users": [f"ann:{BCRYPT}"]},
        ("users", []),
        ("users", None),
        ("users", f"ann:{BCRYPT}"),
        ("usersFile", "/etc/passwd"),
        ("headerField", "X-Consumer"),
        ("realm", BREAK),
        ("removeHeader", "no"),
        ("surprise", 1),
    ),
    *(
        ({"basicAuth": {"users": [text]}}, "basicAuth.users.0")
        for text in (
            "ann",
            "ann:secret",
            "ann:secret\n",
            f":{BCRYPT}",
            f"a b:{BCRYPT}",
            f"a:b:{BCRYPT}",
            "ann:$2y$11$" + "a" * 53,
            "ann:$2y$31$" + "a" * 53,
            "ann:$2y$05$short",
            TEMPLATE,
            5,
        )
    ),
    *_each(
        "keyauth",
        {},
        ("scopes", []),
        ("scopes", "edge:call"),
        ("scopes", None),
        ("forwardKey", "yes"),
        ("forwardKey", 1),
        ("keyFile", "/etc/passwd"),
        ("service", "other"),
        ("prefix", "/"),
        ("report", True),
        ("surprise", 1),
    ),
    *(
        ({"keyauth": {"scopes": [text]}}, "keyauth.scopes.0")
        for text in ("", "Edge:Call", "edge", "a:", ":a", "a b:c", TEMPLATE, BREAK, 5)
    ),
    ({"keyauth": True}, "keyauth"),
    ({"keyauth": "edge:call"}, "keyauth"),
]

LIMITS: list[Bad] = [
    *_wholes("rateLimit", {"average": 1}, "average", "burst"),
    *_durations("rateLimit", {"average": 1}, "period"),
    *_flags("rateLimit", {"average": 1}, "shared"),
    *_each(
        "rateLimit",
        {"average": 1},
        ("average", 0),
        ("average", 1_000_001),
        ("average", None),
        ("burst", 0),
        ("redis", {"endpoints": ["127.0.0.1:1"]}),
        ("name", "other"),
        ("surprise", 1),
    ),
    ({"rateLimit": {}}, "rateLimit.average"),
    *(
        ({policy: {**sound, "sourceCriterion": criterion}}, policy)
        for policy, sound in {"rateLimit": {"average": 1}, "inFlightReq": {"amount": 1}}.items()
        for criterion in ({}, {"requestHost": True, "requestHeaderName": "A"})
    ),
    *(
        bad
        for policy, sound in {"rateLimit": {"average": 1}, "inFlightReq": {"amount": 1}}.items()
        for bad in _in(
            policy,
            "sourceCriterion",
            sound,
            ("requestHeaderName", "a b"),
            ("requestHeaderName", ""),
            ("requestHeaderName", TEMPLATE),
            ("requestHost", False),
            ("requestHost", "yes"),
            ("consumer", False),
            ("ipStrategy", {"depth": "1"}),
            ("surprise", 1),
        )
    ),
    ({"rateLimit": {"average": 1, "sourceCriterion": {"consumer": True}}}, ""),
    ({"inFlightReq": {"amount": 1, "sourceCriterion": {"consumer": True}}}, ""),
    *_wholes("inFlightReq", {}, "amount"),
    ({"inFlightReq": {"amount": 0}}, "inFlightReq.amount"),
    ({"inFlightReq": {}}, "inFlightReq.amount"),
    ({"buffering": {}}, "buffering"),
    *_wholes(
        "buffering",
        {},
        "maxRequestBodyBytes",
        "memRequestBodyBytes",
        "maxResponseBodyBytes",
        "memResponseBodyBytes",
    ),
    *_each(
        "buffering",
        {"maxRequestBodyBytes": 1},
        ("maxRequestBodyBytes", 2**31),
        ("retryExpression", "IsNetworkError()"),
        # Traefik's file format does not know it.
        ("disableRequestBuffer", True),
        ("disableResponseBuffer", True),
    ),
    *_each(
        "compress",
        {},
        ("encodings", []),
        ("encodings", ["deflate"]),
        ("encodings", "gzip"),
        ("defaultEncoding", "identity"),
        ("minResponseBodyBytes", 0),
        ("minResponseBodyBytes", "5"),
        ("minResponseBodyBytes", HUGE),
        ("excludedContentTypes", []),
        ("surprise", 1),
    ),
    *(
        ({"compress": {field: [text]}}, f"compress.{field}.0")
        for field in ("excludedContentTypes", "includedContentTypes")
        for text in ("json", "text/", "/json", "a/b/c", "text/html; charset=x", TEMPLATE, 5)
    ),
    (
        {"compress": {"excludedContentTypes": ["a/b"], "includedContentTypes": ["c/d"]}},
        "compress",
    ),
    ({"compress": {"encodings": ["br"], "defaultEncoding": "gzip"}}, "compress"),
]

EXPRESSIONS = (
    "",
    "true",
    "NetworkErrorRatio()",
    "NetworkErrorRatio() > 1",
    "NetworkErrorRatio() > .5",
    "NetworkErrorRatio() > 0.5 &&",
    "NetworkErrorRatio()\n> 0.5",
    "NetworkErrorRatio()\N{NO-BREAK SPACE}> 0.5",
    "NetworkErrorRatio() > \N{FULLWIDTH DIGIT ZERO}.5",
    "(NetworkErrorRatio() > 0.5)",
    "!NetworkErrorRatio() > 0.5",
    "ResponseCodeRatio(500, 600) > 0.5",
    "ResponseCodeRatio(500, 600, 0, 089) > 0.5",
    "ResponseCodeRatio(5000, 600, 0, 600) > 0.5",
    "LatencyAtQuantileMS(50) > 100",
    "LatencyAtQuantileMS(50.0) > 0.5",
    "LatencyAtQuantileMS(50.0) > 99999999999999999999",
    "LatencyAtQuantileMS(50.0) > 010",
    'Print("x")',
    TEMPLATE,
    BREAK,
    "NetworkErrorRatio() > 0.5 || " * 50 + "NetworkErrorRatio() > 0.5",
    5,
)
_MAX_DURATIONS = {
    "circuitBreaker": ("checkPeriod", "fallbackDuration", "recoveryDuration"),
    "retry": ("initialInterval", "timeout"),
    "timeouts": ("dialTimeout", "responseHeaderTimeout", "idleConnTimeout"),
    "healthCheck": ("interval", "unhealthyInterval", "timeout"),
    "passiveHealthCheck": ("failureWindow",),
}
_SOUND: dict[str, dict[str, Any]] = {
    "circuitBreaker": {"expression": "NetworkErrorRatio() > 0.5"},
    "retry": {"attempts": 2},
    "timeouts": {},
    "healthCheck": {},
    "passiveHealthCheck": {},
}
_WITH_STATUSES: dict[str, dict[str, Any]] = {
    "retry": {"attempts": 2},
    "failover": {"service": "b"},
}

RESILIENCE: list[Bad] = [
    *(
        ({"circuitBreaker": {"expression": text}}, "circuitBreaker.expression")
        for text in EXPRESSIONS
    ),
    ({"circuitBreaker": {}}, "circuitBreaker.expression"),
    *(
        bad
        for policy, fields in _MAX_DURATIONS.items()
        for bad in _durations(policy, _SOUND[policy], *fields)
    ),
    *(
        bad
        for policy, sound in _SOUND.items()
        for bad in _each(policy, sound, ("surprise", 1), ("middlewares", ["a@file"]))
    ),
    *_each(
        "circuitBreaker",
        _SOUND["circuitBreaker"],
        ("responseCode", 200),
        ("responseCode", 600),
        ("responseCode", "503"),
        ("responseCode", True),
    ),
    *_wholes("retry", {"attempts": 2}, "attempts", "maxRequestBodyBytes"),
    *_flags("retry", {"attempts": 2}, "disableRetryOnNetworkError", "retryNonIdempotentMethod"),
    *_each(
        "retry", {"attempts": 2}, ("attempts", 1), ("attempts", 11), ("status", []), ("status", 503)
    ),
    ({"retry": {}}, "retry.attempts"),
    ({"retry": {"attempts": 2, "disableRetryOnNetworkError": True}}, "retry"),
    *(
        ({policy: {**sound, "status": [text]}}, f"{policy}.status.0")
        for policy, sound in _WITH_STATUSES.items()
        for text in ("5xx", "600", "099", "504-502", "500-", "5", "", FOREIGN_STATUS, TEMPLATE)
    ),
    *(
        ({policy: {**sound, "status": [number]}}, f"{policy}.status.0")
        for policy, sound in _WITH_STATUSES.items()
        for number in (5, 99, 600, -503, 503.0, True, HUGE, 10**4000, None, ["503"])
    ),
    *_each(
        "healthCheck",
        {"path": "/health"},
        ("interval", "999ms"),
        ("unhealthyInterval", "0.001ms"),
        ("status", 199),
        ("status", 600),
        ("status", "200"),
        ("method", "POST"),
        ("method", "get"),
        ("port", 22),
        ("scheme", "https"),
        ("hostname", "a"),
        ("headers", {"a": "b"}),
        ("followRedirects", True),
        ("mode", "grpc"),
    ),
    *(
        ({"healthCheck": {"path": text}}, "healthCheck.path")
        for text in (
            "",
            "health",
            "http://169.254.169.254/",
            "//169.254.169.254/latest",
            "/a//b",
            "/../a",
            "/a/..",
            "/./a",
            "/a?b",
            "/a#b",
            "/a%2f",
            "/a b",
            "/a\n",
            "/a`b",
            f"/{TEMPLATE}",
            "/" + "a" * 512,
            5,
        )
    ),
    ({"healthCheck": {"interval": "2s", "timeout": "3s"}}, "healthCheck"),
    *_wholes("passiveHealthCheck", {}, "maxFailedAttempts"),
    ({"passiveHealthCheck": {"maxFailedAttempts": 0}}, "passiveHealthCheck.maxFailedAttempts"),
    ({"sticky": {"cookie": {"sameSite": "none"}}}, "sticky.cookie"),
    *_in(
        "sticky",
        "cookie",
        {},
        ("name", "a b"),
        ("name", "a;b"),
        ("name", "a=b"),
        ("name", BREAK),
        ("name", TEMPLATE),
        ("name", ""),
        ("secure", "yes"),
        ("httpOnly", 1),
        ("sameSite", "Lax"),
        ("maxAge", -1),
        ("maxAge", HUGE),
        ("maxAge", "5"),
        ("path", "/"),
        ("domain", "example.com"),
        ("surprise", 1),
    ),
    ({"sticky": {"surprise": 1}}, "sticky.surprise"),
    *_strings("mirror", {"service": "b"}, "service"),
    *_strings("failover", {"service": "b"}, "service"),
    *(
        ({policy: {"service": text}}, f"{policy}.service")
        for policy in ("mirror", "failover")
        for text in ("api@internal", "b@file", "b@docker", "gateway.x", "B", "b/c", "b" * 64, "")
    ),
    *_wholes("mirror", {"service": "b"}, "percent", "maxBodySize"),
    *_flags("mirror", {"service": "b"}, "mirrorBody"),
    *_each("mirror", {"service": "b"}, ("percent", 0), ("percent", 101), ("surprise", 1)),
    ({"mirror": {"percent": 5}}, "mirror.service"),
    *_wholes("canary", {"version": "2"}, "weight"),
    *_each(
        "canary",
        {"version": "2", "weight": 5},
        ("weight", 101),
        ("version", ""),
        ("version", 2),
        ("version", "x" * 101),
        ("service", "other"),
    ),
    ({"canary": {"version": "2"}}, "canary.weight"),
    ({"canary": {"version": "2", "weight": 5}, "strategy": "p2c"}, ""),
    ({"canary": {"version": "2", "weight": 5}, "strategy": "hrw"}, ""),
    ({"sticky": {}, "strategy": "hrw"}, ""),
    *_wholes("failover", {"service": "b"}, "maxRequestBodyBytes"),
    *_flags("failover", {"service": "b"}, "unsafe_methods"),
    *_each(
        "failover",
        {"service": "b"},
        ("maxRequestBodyBytes", 64 * 1024 * 1024 + 1),
        ("unsafeMethods", True),
        ("status", []),
        ("fallback", "api@internal"),
        ("surprise", 1),
    ),
    ({"failover": {}}, "failover.service"),
]

ANSWERS: list[Bad] = [
    *_in(
        "envelope",
        "fields",
        {},
        ("code", ""),
        ("message", "x" * 65),
        ("data", 5),
        ("surprise", "a"),
    ),
    ({"envelope": {"fields": {"code": "same", "data": "same"}}}, "envelope.fields"),
    *_wholes("envelope", {}, "maxBodyBytes"),
    *_each(
        "envelope",
        {},
        ("maxBodyBytes", 0),
        ("successMessage", "x" * 201),
        ("successMessage", 5),
        ("errors", "hide"),
        ("errors", True),
        ("surprise", 1),
    ),
]

EVERY = [*UNKNOWN, *ACCESS, *LIMITS, *RESILIENCE, *ANSWERS]
