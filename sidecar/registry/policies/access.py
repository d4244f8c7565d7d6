"""Policies on who may ask, and what browsers are told."""

import re
from http import HTTPStatus
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from sidecar.kit.values import Flag, Whole
from sidecar.registry.policies.fields import (
    HeaderName,
    HeaderValue,
    IpStrategy,
    Networks,
    Policy,
    SettableHeader,
)

# htpasswd's forms that Traefik reads; a password in clear is none of them. Each step of bcrypt's
# cost doubles what every wrong password costs the edge: 10 is 60 ms, 14 a second, 31 a day.
_USER = re.compile(
    r"[^:\s]{1,64}:(?:"
    r"\$2[aby]\$(?:0[4-9]|10)\$[./A-Za-z0-9]{53}"
    r"|\$apr1\$[./A-Za-z0-9]{1,8}\$[./A-Za-z0-9]{22}"
    r"|\{SHA\}[A-Za-z0-9+/]{27}="
    r")"
)
_ORIGIN = re.compile(r"\*|null|[a-z][a-z0-9+.-]*://[A-Za-z0-9.\[\]:_-]+")
_SCOPE = re.compile(r"admin|[a-z][a-z0-9-]{0,30}:[a-z][a-z0-9._-]{0,62}")
# What Go's RE2 and Python's re read alike; the rest of either is not taken: no (?flags), and no
# second repetition after one, which is lazy here, possessive there and an error elsewhere.
_SIMPLE_PATTERN = re.compile(
    r"\^?(?:(?:[A-Za-z0-9:/_-]|\\[./-]|\[[A-Za-z0-9_.-]+\]|[.)])[?*+]?|\((?!\?)|\|)+\$?"
)
_WILD = re.compile(r"(?<!\\)\.(?![^\[]*\])")
_STATUSES = frozenset(int(status) for status in HTTPStatus)


def _user(value: str) -> str:
    if not _USER.fullmatch(value):
        # The value is not repeated: it may be a password in clear.
        raise ValueError("must be name:hash as `htpasswd -nB name` prints it (bcrypt, apr1 or SHA)")
    return value


def _origin(value: str) -> str:
    if not _ORIGIN.fullmatch(value):
        raise ValueError("must be '*' or an origin such as https://app.example.com")
    return value


def _origin_pattern(value: str) -> str:
    if not _SIMPLE_PATTERN.fullmatch(value):
        raise ValueError("must be a simple pattern such as ^https://[a-z0-9-]+\\.example\\.com$")
    try:
        _ = re.compile(value)
    except re.error as error:
        raise ValueError(f"must be a regular expression: {error}") from error
    if not (value.startswith("^") and value.endswith("$")) or "|" in _outside_groups(value):
        # Traefik looks for it anywhere: https://app.example.com.evil.io would do.
        raise ValueError("must begin with ^ and end with $, with any | in parentheses")
    return value


def _outside_groups(pattern: str) -> str:
    found, depth = "", 0
    for sign in pattern:
        depth += (sign == "(") - (sign == ")")
        found += sign if depth == 0 else ""
    return found


def _known_status(value: int | None) -> int | None:
    # Traefik writes the status's text, and refuses those without one.
    if value is not None and value not in _STATUSES:
        raise ValueError("must be a status that HTTP knows, such as 403 or 404")
    return value


def _scope(value: str) -> str:
    if not _SCOPE.fullmatch(value):
        raise ValueError("must be a scope such as edge:call or reports:read")
    return value


def _method(value: str) -> str:
    if not re.fullmatch(r"\*|[A-Z]{1,20}", value):
        raise ValueError("must be a method in capitals, or '*'")
    return value


Origin = Annotated[str, Field(max_length=255), AfterValidator(_origin)]
OriginPattern = Annotated[str, Field(max_length=255), AfterValidator(_origin_pattern)]
UserHash = Annotated[str, AfterValidator(_user)]
ScopeName = Annotated[str, AfterValidator(_scope)]
CorsMethod = Annotated[str, AfterValidator(_method)]


class KeyAuth(Policy):
    """Only callers with a key of this gateway get through; it is checked at the edge."""

    scopes: list[ScopeName] = Field(
        ["edge:call"], min_length=1, max_length=20, description="The key needs all of them."
    )
    forward_key: Flag = Field(default=False, description="Whether the service sees the key.")


class BasicAuth(Policy):
    """Only callers with one of these names and passwords get through."""

    users: list[UserHash] = Field(
        min_length=1, max_length=100, description="`name:hash` lines as of `htpasswd -nB name`."
    )
    realm: HeaderValue | None = None
    remove_header: Flag = Field(
        default=True, description="Whether the service does not see the password."
    )


class IpAllowList(Policy):
    """Only these addresses get through."""

    source_range: Networks
    ip_strategy: IpStrategy | None = None
    reject_status_code: Annotated[Whole | None, AfterValidator(_known_status)] = Field(
        None, ge=400, le=499
    )


class Cors(Policy):
    """What browsers let pages of other origins do; preflights are answered at the edge."""

    access_control_allow_origin_list: list[Origin] | None = Field(None, min_length=1, max_length=50)
    access_control_allow_origin_list_regex: list[OriginPattern] | None = Field(
        None, min_length=1, max_length=20
    )
    access_control_allow_methods: list[CorsMethod] | None = Field(None, min_length=1, max_length=20)
    access_control_allow_headers: list[HeaderName] | None = Field(None, min_length=1, max_length=50)
    access_control_expose_headers: list[HeaderName] | None = Field(
        None, min_length=1, max_length=50
    )
    access_control_allow_credentials: Flag | None = None
    access_control_max_age: Whole | None = Field(None, ge=0, le=86400, description="Seconds.")
    add_vary_header: Flag = True

    @model_validator(mode="after")
    def _some_origin(self) -> Self:
        origins = self.access_control_allow_origin_list or []
        if not origins and not self.access_control_allow_origin_list_regex:
            raise ValueError("accessControlAllowOriginList: say which origins, or '*'")
        if self.access_control_allow_credentials and "*" in origins:
            # Traefik would answer with the caller's own origin: every page may read everything.
            raise ValueError("accessControlAllowOriginList: '*' can not go with credentials")
        patterns = self.access_control_allow_origin_list_regex or []
        if self.access_control_allow_credentials and any(map(_WILD.search, patterns)):
            raise ValueError(
                "accessControlAllowOriginListRegex: with credentials a dot is written \\."
            )
        return self


class Headers(Policy):
    """Headers that the edge adds, changes or (with an empty value) takes away."""

    custom_request_headers: dict[SettableHeader, HeaderValue] | None = Field(
        None, min_length=1, max_length=50
    )
    custom_response_headers: dict[SettableHeader, HeaderValue] | None = Field(
        None, min_length=1, max_length=50
    )
    frame_deny: Flag | None = None
    custom_frame_options_value: HeaderValue | None = None
    content_type_nosniff: Flag | None = None
    browser_xss_filter: Flag | None = None
    content_security_policy: HeaderValue | None = None
    content_security_policy_report_only: HeaderValue | None = None
    referrer_policy: HeaderValue | None = None
    permissions_policy: HeaderValue | None = None
    sts_seconds: Whole | None = Field(
        None, ge=0, le=63072000, description="For a service with a `host` of its own."
    )
    sts_include_subdomains: Flag | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        # What is false or empty says nothing to Traefik, which refuses headers that say nothing.
        given = self.model_dump(exclude_none=True)
        if self.sts_seconds is None and not any(given.values()):
            raise ValueError("customRequestHeaders: give at least one header")
        return self


SameSite = Literal["none", "lax", "strict"]
