"""Policies on what happens when a service is slow, wrong or gone."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from sidecar.kit.values import Flag, Whole
from sidecar.registry.policies.access import SameSite
from sidecar.registry.policies.fields import (
    MEBIBYTE,
    TOKEN,
    BodyBytes,
    Duration,
    Interval,
    Policy,
    StatusRanges,
    seconds_of,
)

# Traefik sets as much memory aside for every request that it may have to send again.
_SMALL_BODY_BYTES = 16 * 1024
_USUAL_TIMEOUT_SECONDS = 2.0
_MAX_KEPT_BYTES = 64 * MEBIBYTE
_KeptBytes = Annotated[Whole, Field(ge=0, le=_MAX_KEPT_BYTES)]

# Go's numbers: 007 would be octal, and what has no point is no ratio. No line may end in between.
_COMPARED = r" *(?:==|!=|<=|>=|<|>) *"
_RATIO = r"[0-9]{1,9}\.[0-9]{1,9}"
_INTEGER = r"(?:0|[1-9][0-9]{0,8})"
_CODE = r"(?:0|[1-9][0-9]{0,2})"
_CONDITION = re.compile(
    rf"NetworkErrorRatio\(\){_COMPARED}{_RATIO}"
    rf"|ResponseCodeRatio\({_CODE}(?:, *{_CODE}){{3}}\){_COMPARED}{_RATIO}"
    rf"|LatencyAtQuantileMS\({_RATIO}\){_COMPARED}{_INTEGER}"
)
_JOINED = re.compile(r" *(?:&&|\|\|) *")
_EXPRESSION_HELP = (
    "must be made of NetworkErrorRatio() > 0.3, ResponseCodeRatio(500, 600, 0, 600) > 0.25 and"
    " LatencyAtQuantileMS(50.0) > 100, joined by && or ||; ratios and quantiles need a point"
)


def _expression(value: str) -> str:
    if not all(_CONDITION.fullmatch(part.strip(" ")) for part in _JOINED.split(value)):
        raise ValueError(_EXPRESSION_HELP)
    return value


def _cookie_name(value: str) -> str:
    if not TOKEN.fullmatch(value):
        raise ValueError("must be a cookie name")
    return value


def _timeout(given: dict[str, Any]) -> str:
    interval = given.get("interval", "2s")
    return "2s" if seconds_of(interval) >= _USUAL_TIMEOUT_SECONDS else interval


def _path(value: str) -> str:
    # An empty segment in front would be another host: `//elsewhere/health`.
    if not re.fullmatch(r"/|(?:/[A-Za-z0-9._~!$&'()*+,;=:@-]+)+/?", value) or (
        {".", ".."} & set(value.split("/"))
    ):
        raise ValueError("must be a path such as /health")
    return value


Expression = Annotated[str, Field(max_length=500), AfterValidator(_expression)]
CookieName = Annotated[str, AfterValidator(_cookie_name)]
Target = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
Strategy = Literal["wrr", "p2c", "hrw", "leasttime"]


class CircuitBreaker(Policy):
    """While the expression holds, callers are refused at once, and the service is left in peace."""

    expression: Expression
    check_period: Duration = "100ms"
    fallback_duration: Duration = "10s"
    recovery_duration: Duration = "10s"
    response_code: Whole = Field(503, ge=400, le=599)


class Retry(Policy):
    """A request that came to nothing is sent again, to another instance where there is one."""

    attempts: Whole = Field(ge=2, le=10, description="All tries, the first one included.")
    initial_interval: Duration | None = Field(None, description="The pause, which then doubles.")
    timeout: Duration | None = Field(None, description="After which no further try begins.")
    status: StatusRanges | None = Field(
        None, description="Answers to try again on; without it only where no answer came."
    )
    max_request_body_bytes: _KeptBytes = Field(
        _SMALL_BODY_BYTES, description="Requests with more than this are sent once."
    )
    disable_retry_on_network_error: Flag = False
    retry_non_idempotent_method: Flag = Field(
        default=False, description="Whether a POST or PATCH may run twice."
    )

    @model_validator(mode="after")
    def _some_reason(self) -> Self:
        if self.disable_retry_on_network_error and not self.status:
            raise ValueError("status: without network errors there must be some to retry on")
        return self


class Timeouts(Policy):
    """How long the edge waits for an instance (a Traefik serversTransport)."""

    dial_timeout: Duration = "5s"
    response_header_timeout: Duration | None = Field(
        None, description="Until the answer begins; then callers get 504. Without it, for ever."
    )
    idle_conn_timeout: Duration = "90s"


class HealthCheckPolicy(Policy):
    """Traefik's own check of each instance, instead of the one that `health` gives."""

    path: Annotated[str, Field(max_length=512), AfterValidator(_path)] | None = Field(
        None, description="By default that of `health`."
    )
    interval: Interval = "10s"
    unhealthy_interval: Interval | None = None
    timeout: Duration = Field(default_factory=_timeout, description="By default 2s, or `interval`.")
    status: Whole | None = Field(None, ge=200, le=599, description="By default 2xx and 3xx.")
    method: Literal["GET", "HEAD"] | None = None

    @model_validator(mode="after")
    def _in_time(self) -> Self:
        if seconds_of(self.timeout) > seconds_of(self.interval):
            raise ValueError("timeout: must not be longer than interval")
        return self


class PassiveHealthCheck(Policy):
    """An instance that fails real requests is left out for a while."""

    failure_window: Duration = "10s"
    max_failed_attempts: Whole = Field(1, ge=1, le=1000)


class Cookie(Policy):
    """The cookie that a caller is recognised by; it is bound to the service's prefix."""

    name: CookieName | None = None
    secure: Flag | None = None
    http_only: Flag = True
    same_site: SameSite = "lax"
    max_age: Whole | None = Field(None, ge=0, le=31536000, description="Seconds.")

    @model_validator(mode="after")
    def _sendable(self) -> Self:
        if self.same_site == "none" and not self.secure:
            raise ValueError("sameSite: browsers take 'none' with secure alone")
        return self


class Sticky(Policy):
    """A caller comes back to the same instance, while that one is well."""

    cookie: Cookie = Field(default_factory=lambda: Cookie.model_validate({}))


class Mirror(Policy):
    """A share of the requests goes to another service as well, whose answers nobody sees."""

    service: Target
    percent: Whole = Field(100, ge=1, le=100)
    mirror_body: Flag = True
    max_body_size: _KeptBytes = Field(
        256 * 1024, description="Bytes; requests with more are not mirrored."
    )


class Canary(Policy):
    """`weight` percent of the requests go to the instances of one version, the others to the rest.

    While there is no instance of the one or the other kind, all go where there are any.
    """

    version: str = Field(min_length=1, max_length=100)
    weight: Whole = Field(ge=0, le=100, description="Percent.")


class Failover(Policy):
    """Another service takes over when this one is down or answers with certain statuses.

    A request whose answer had such a status is run again there. That holds for GET, HEAD, OPTIONS,
    TRACE, PUT and DELETE; for POST and PATCH with `unsafe_methods` alone.
    """

    service: Target
    status: StatusRanges = Field(default=["502-504"])
    max_request_body_bytes: BodyBytes = Field(
        MEBIBYTE, le=_MAX_KEPT_BYTES, description="Larger requests are answered with 413."
    )
    unsafe_methods: Flag = Field(default=False, alias="unsafe_methods")
