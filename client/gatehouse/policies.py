"""How a service is protected and kept alive at the edge: the `policies` of a registration.

The names are Traefik's own, so its documentation holds for them too. A *duration* is a text such as
`"100ms"`, `"30s"` or `"1m30s"`; sizes are bytes; a *status list* holds codes and ranges, such as
`["429", "502-504"]`. What is left out has the gateway's default, or what the `preset` says; `None`
for a whole policy switches off what the preset gave.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Required, TypedDict

Duration = Annotated[str, "a duration, such as 30s"]


class IpStrategy(TypedDict, total=False):
    """Which address counts as the caller's, when proxies stand before the gateway."""

    depth: int
    """Take the n-th address of `X-Forwarded-For`, counted from the right."""
    excludedIPs: Sequence[str]
    """Take the rightmost address that is not in these ranges; without `depth`."""
    ipv6Subnet: int
    """Count the addresses of an IPv6 network as one; its prefix length, 1 to 128."""


class SourceCriterion(TypedDict, total=False):
    """Who is counted as one caller; give one of them."""

    consumer: bool
    """The name of the key; needs the policy `keyauth`."""
    ipStrategy: IpStrategy
    requestHeaderName: str
    requestHost: bool


class KeyAuth(TypedDict, total=False):
    """Ask every caller for a key of the gateway: 401 without one, 403 where it may not do this."""

    scopes: Sequence[str]
    """All of them are needed. Default: `["edge:call"]`."""
    forwardKey: bool
    """Pass the key on to the service."""


class RateLimit(TypedDict, total=False):
    """Answer 429 with `Retry-After` to a caller that asks too often."""

    average: Required[int]
    """So many requests in each `period`."""
    period: Duration
    """A duration. Default: `"1s"`."""
    burst: int
    """So many at once. Default: 1."""
    sourceCriterion: SourceCriterion
    """Default: the consumer where `keyauth` is on, else the address."""
    shared: bool
    """Count for all edges together, in Valkey: slower, and 500 while Valkey is away."""


class InFlightReq(TypedDict, total=False):
    """Answer 429 when a caller has too many requests under way."""

    amount: Required[int]
    sourceCriterion: SourceCriterion
    """Default: all callers together."""


class CircuitBreaker(TypedDict, total=False):
    """Answer at once for a while, instead of asking a service that fails."""

    expression: Required[str]
    """Such as `NetworkErrorRatio() > 0.5`, `LatencyAtQuantileMS(50.0) > 1000` or
    `ResponseCodeRatio(500, 600, 0, 600) > 0.3`, joined by `&&` or `||`."""
    checkPeriod: Duration
    """A duration: how often the expression is looked at. Default: `"100ms"`."""
    fallbackDuration: Duration
    """A duration: how long nothing is asked. Default: `"10s"`."""
    recoveryDuration: Duration
    """A duration: how long requests come back bit by bit. Default: `"10s"`."""
    responseCode: int
    """Default: 503."""


class Retry(TypedDict, total=False):
    """Ask another time when no answer comes; only idempotent methods, unless told otherwise."""

    attempts: Required[int]
    """2 to 10, with the first one."""
    initialInterval: Duration
    """A duration: the first wait; the following ones grow."""
    timeout: Duration
    """A duration: after it no further attempt begins."""
    status: Sequence[str]
    """A status list that counts as a failure too."""
    maxRequestBodyBytes: int
    """A request with a longer body is sent once."""
    disableRetryOnNetworkError: bool
    retryNonIdempotentMethod: bool
    """A POST may then reach the service twice."""


class Timeouts(TypedDict, total=False):
    """How long the edge waits for the service; each is a duration."""

    dialTimeout: Duration
    """For a connection. Default: `"5s"`."""
    responseHeaderTimeout: Duration
    """Until the answer begins, then callers get 504. Default: for ever."""
    idleConnTimeout: Duration
    """How long an unused connection is kept. Default: `"90s"`."""


class Buffering(TypedDict, total=False):
    """Limits for bodies: 413 for a longer request, 500 for a longer answer; streams are held up."""

    maxRequestBodyBytes: int
    memRequestBodyBytes: int
    """What is longer than this goes to disk meanwhile."""
    maxResponseBodyBytes: int
    memResponseBodyBytes: int


class Compress(TypedDict, total=False):
    """Compress answers for callers that take it."""

    excludedContentTypes: Sequence[str]
    includedContentTypes: Sequence[str]
    minResponseBodyBytes: int
    """Default: 1024."""
    encodings: Sequence[Literal["gzip", "br", "zstd"]]
    defaultEncoding: Literal["gzip", "br", "zstd"]
    """For callers that do not say what they take."""


class Cors(TypedDict, total=False):
    """Which pages of other origins may call, and how."""

    accessControlAllowOriginList: Sequence[str]
    """Such as `["https://app.example.com"]`, or `["*"]`."""
    accessControlAllowOriginListRegex: Sequence[str]
    accessControlAllowMethods: Sequence[str]
    accessControlAllowHeaders: Sequence[str]
    accessControlExposeHeaders: Sequence[str]
    accessControlAllowCredentials: bool
    accessControlMaxAge: int
    """Seconds for which a browser remembers the answer."""
    addVaryHeader: bool


class Headers(TypedDict, total=False):
    """Headers to set, or with an empty value to remove, and the security headers of answers."""

    customRequestHeaders: Mapping[str, str]
    customResponseHeaders: Mapping[str, str]
    stsSeconds: int
    """`Strict-Transport-Security`, in seconds."""
    stsIncludeSubdomains: bool
    frameDeny: bool
    customFrameOptionsValue: str
    contentTypeNosniff: bool
    browserXssFilter: bool
    contentSecurityPolicy: str
    contentSecurityPolicyReportOnly: str
    referrerPolicy: str
    permissionsPolicy: str


class IpAllowList(TypedDict, total=False):
    """Answer 403 to every address that is not listed."""

    sourceRange: Required[Sequence[str]]
    """Addresses and ranges, such as `["10.0.0.0/8", "::1"]`."""
    ipStrategy: IpStrategy
    rejectStatusCode: int
    """Default: 403."""


class BasicAuth(TypedDict, total=False):
    """Ask for a user name and a password."""

    users: Required[Sequence[str]]
    """`name:hash`, as `htpasswd -nB name` prints it; never a password in clear."""
    realm: str
    removeHeader: bool
    """Keep the password from the service. Default: true."""


class Cookie(TypedDict, total=False):
    """The cookie that remembers the instance."""

    name: str
    secure: bool
    httpOnly: bool
    sameSite: Literal["none", "lax", "strict"]
    maxAge: int
    """Seconds; without it, until the browser closes."""


class Sticky(TypedDict, total=False):
    """Send a caller to the same instance each time."""

    cookie: Cookie


class HealthCheck(TypedDict, total=False):
    """What Traefik itself asks each instance, beside the gateway's own probes (`health`)."""

    path: str
    """Default: that of `health`."""
    interval: Duration
    """A duration. Default: `"10s"`."""
    unhealthyInterval: Duration
    """A duration: for instances that failed."""
    timeout: Duration
    """A duration. Default: `"2s"`."""
    status: int
    """Default: any from 200 to 399."""
    method: Literal["GET", "HEAD"]


class PassiveHealthCheck(TypedDict, total=False):
    """Leave an instance alone for a while after it failed requests."""

    failureWindow: Duration
    """A duration: in which failures count, and for which it is left alone. Default: `"10s"`."""
    maxFailedAttempts: int
    """Default: 1."""


class Mirror(TypedDict, total=False):
    """Send a copy of some requests to another service; its answers are thrown away."""

    service: Required[str]
    """A registered service of the same owner, or one that lists this one in `backup_for`."""
    percent: int
    """Default: 100."""
    mirrorBody: bool
    maxBodySize: int
    """In bytes: a request with a longer body is not mirrored."""


class Canary(TypedDict, total=False):
    """Send a share of the requests to the instances of one version."""

    version: Required[str]
    """What those instances give as `version`."""
    weight: Required[int]
    """Their share, in percent."""


class Failover(TypedDict, total=False):
    """Another service answers when this one is down, or answers with given status codes."""

    service: Required[str]
    """A registered service of the same owner, or one that lists this one in `backup_for`."""
    status: Sequence[str]
    """A status list, on which the request is run again there. Default: `["502-504"]`."""
    maxRequestBodyBytes: int
    """A longer body is answered with 413. Default: 1 MiB."""
    unsafe_methods: bool
    """Run a POST again too: it may then have its effect twice."""


class EnvelopeFields(TypedDict, total=False):
    """What the three fields of the envelope are called."""

    code: str
    message: str
    data: str


class Envelope(TypedDict, total=False):
    """Wrap JSON answers as `{"code": 0, "message": "ok", "data": ...}`."""

    fields: EnvelopeFields
    successCode: int | str | bool
    """Default: 0."""
    successMessage: str
    errors: Literal["wrap", "keep", "status200"]
    """Wrap errors with their status kept, leave them as they are, or wrap and answer 200."""
    maxBodyBytes: int
    """A longer answer is left as it is. Default: 1 MiB."""


class Policies(TypedDict, total=False):
    """Every policy, in no order: the order in which they work is fixed by the gateway."""

    keyauth: KeyAuth | None
    rateLimit: RateLimit | None
    inFlightReq: InFlightReq | None
    circuitBreaker: CircuitBreaker | None
    retry: Retry | None
    timeouts: Timeouts | None
    buffering: Buffering | None
    compress: Compress | None
    cors: Cors | None
    headers: Headers | None
    ipAllowList: IpAllowList | None
    basicAuth: BasicAuth | None
    sticky: Sticky | None
    healthCheck: HealthCheck | None
    passiveHealthCheck: PassiveHealthCheck | None
    strategy: Literal["wrr", "p2c", "hrw", "leasttime"] | None
    """How requests are shared among instances; weights count with `wrr` alone, the default."""
    mirror: Mirror | None
    canary: Canary | None
    failover: Failover | None
    envelope: Envelope | None
    plugin: Mapping[str, Mapping[str, Any]] | None
    """Third-party plugins, by their name in the gateway's allow-list, with their configuration."""
