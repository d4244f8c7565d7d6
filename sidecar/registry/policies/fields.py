"""The kinds of values that policies are made of: what Traefik would refuse is refused here."""

import ipaddress
import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from sidecar.kit.values import Value, Whole

# Digits are written out: \d is any script's, and Traefik reads one.
_DURATION = re.compile(r"(?:[0-9]{1,9}(?:\.[0-9]{1,3})?(?:ms|s|m|h))+")
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_LONGEST_SECONDS = 24 * 3600.0
_NO_STATUS = 1000
_STATUS = re.compile(r"([1-5][0-9]{2})(?:-([1-5][0-9]{2}))?")
# Neither a scope (`fe80::1%eth0`) nor a mask (`10.0.0.0/255.0.0.0`), which Traefik does not read.
_NETWORK = re.compile(r"[0-9A-Fa-f.:]+(?:/[0-9]{1,3})?")
# RFC 9110 section 5.6.2.
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}")
_TEXT = re.compile(r"[\x20-\x7e]*")
_OURS = frozenset(
    {"x-consumer", "x-consumer-id", "x-site-id", "x-app-id", "x-user-id", "x-request-id"}
)
# RFC 9110 section 7.6.1, and what says where a message ends or whom it is for.
_FRAMING = frozenset(
    {
        "connection",
        "content-length",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_DURATION_HELP = 'must be a duration with its unit, such as "500ms", "10s" or "1m30s"'
_NETWORK_HELP = "must be an address or a network such as 192.168.0.0/16"
_SHORTEST_PAUSE_SECONDS = 1.0
MEBIBYTE = 1024 * 1024
MAX_BODY_BYTES = 1024 * MEBIBYTE


class Policy(Value):
    """One policy: its fields have Traefik's names, and are closed like every other input."""

    model_config = ConfigDict(alias_generator=to_camel, serialize_by_alias=True)


def seconds_of(duration: str) -> float:
    """Answer how long a duration of Go's form is: `1m30s` is 90."""
    return sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(duration))


def _with_unit(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError(_DURATION_HELP)  # noqa: TRY004 - pydantic reads ValueError
    return value


def _duration(value: str) -> str:
    if not _DURATION.fullmatch(value):
        raise ValueError(_DURATION_HELP)
    if not 0 < seconds_of(value) <= _LONGEST_SECONDS:
        raise ValueError("must be longer than 0 and at most 24h")
    return value


def _unhurried(value: str) -> str:
    # A machine of its own could be kept busy with one service's checks.
    if seconds_of(value) < _SHORTEST_PAUSE_SECONDS:
        raise ValueError("must be at least 1s")
    return value


def _status(value: Any) -> str:
    is_number = type(value) is int and 0 < value < _NO_STATUS
    text = str(value) if is_number else value
    found = _STATUS.fullmatch(text) if isinstance(text, str) else None
    if found is None or (found[2] and found[2] < found[1]):
        raise ValueError('must be a status such as 503 or a range such as "502-504"')
    return found[0]


def _statuses(value: Any) -> Any:
    if not isinstance(value, list):
        raise ValueError('must be a list such as ["502-504"]')  # noqa: TRY004 - pydantic reads ValueError
    return value


def _header_name(value: str) -> str:
    if not TOKEN.fullmatch(value):
        raise ValueError("must be a header name")
    return value


def _header_value(value: str) -> str:
    if not _TEXT.fullmatch(value):
        raise ValueError("must be printable ASCII")
    return value


def _settable(value: str) -> str:
    name = _header_name(value).lower().replace("_", "-")
    if name in _FRAMING:
        raise ValueError("is set by HTTP itself, and no header to change")
    if name in _OURS:
        raise ValueError("is set by the gateway, which vouches for it")
    return value


def _network(value: str) -> str:
    try:
        _ = ipaddress.ip_network(value, strict=False)
    except ValueError as error:
        raise ValueError(_NETWORK_HELP) from error
    if not _NETWORK.fullmatch(value):
        raise ValueError(_NETWORK_HELP)
    return value


Duration = Annotated[
    str, Field(max_length=40), BeforeValidator(_with_unit), AfterValidator(_duration)
]
Interval = Annotated[Duration, AfterValidator(_unhurried)]
StatusRange = Annotated[str, BeforeValidator(_status)]
StatusRanges = Annotated[
    list[StatusRange], Field(min_length=1, max_length=20), BeforeValidator(_statuses)
]
HeaderName = Annotated[str, AfterValidator(_header_name)]
SettableHeader = Annotated[str, AfterValidator(_settable)]
HeaderValue = Annotated[str, Field(max_length=4096), AfterValidator(_header_value)]
Network = Annotated[str, AfterValidator(_network)]
Networks = Annotated[list[Network], Field(min_length=1, max_length=500)]
BodyBytes = Annotated[Whole, Field(ge=0, le=MAX_BODY_BYTES)]


class IpStrategy(Policy):
    """Which address counts as the caller's; without it the connection's."""

    depth: Whole | None = Field(
        None, ge=1, le=16, description="The nth address from the right of X-Forwarded-For."
    )
    excluded_ips: Networks | None = Field(
        None, alias="excludedIPs", description="Addresses in X-Forwarded-For to pass over."
    )
    ipv6_subnet: Whole | None = Field(
        None, alias="ipv6Subnet", ge=1, le=128, description="How many bits of an IPv6 count."
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        # Traefik would heed one of them and say nothing.
        if self.excluded_ips and (self.depth is not None or self.ipv6_subnet is not None):
            raise ValueError("excludedIPs: goes neither with depth nor with ipv6Subnet")
        return self


class SourceCriterion(Policy):
    """What tells one caller from another; exactly one of the fields."""

    consumer: Literal[True] | None = Field(None, description="The key's; needs `keyauth`.")
    ip_strategy: IpStrategy | None = None
    request_header_name: HeaderName | None = None
    request_host: Literal[True] | None = None
