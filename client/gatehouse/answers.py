"""What the gateway's replies mean to a service."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

LEAST_TTL_SECONDS = 0.1
PASSING = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS)


@dataclass(frozen=True)
class Registered:
    """The gateway holds a lease for this instance; `ttl_seconds` is None when it has no end."""

    instance_id: str
    ttl_seconds: float | None
    url: str = ""
    is_live: bool = True
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Renewed:
    """A heartbeat was taken."""


@dataclass(frozen=True)
class Forgotten:
    """The gateway does not know this instance (any more)."""


@dataclass(frozen=True)
class Refused:
    """Somebody must change something: the key, the registration, or the URL of the gateway."""

    detail: str


@dataclass(frozen=True)
class Keyless:
    """There is no key to ask with."""

    detail: str


@dataclass(frozen=True)
class Away:
    """Nobody took the request; it may well be taken later."""

    detail: str
    retry_after_seconds: float = 0


Answer = Registered | Renewed | Forgotten | Refused | Keyless | Away


@dataclass(frozen=True)
class Reply:
    """An HTTP response, whole; header names are lower-case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""

    @property
    def body(self) -> dict[str, Any]:
        """The JSON object it carries; empty when it carries something else."""
        try:
            body = json.loads(self.content)
        except (ValueError, RecursionError):
            return {}
        return body if isinstance(body, dict) else {}


def read_registration(reply: Reply, *, now: datetime) -> Answer:
    """Say what the reply to a registration means."""
    if reply.status not in (HTTPStatus.OK, HTTPStatus.CREATED):
        return _read_trouble(reply, now=now)
    lease = reply.body.get("lease")
    instance_id = reply.body.get("instance_id")
    ttl_seconds = lease.get("ttl_seconds", 0) if isinstance(lease, dict) else 0
    if not isinstance(instance_id, str) or not _is_ttl(ttl_seconds):
        return Away(f"something that is not a gateway answered {reply.status}")
    return Registered(
        instance_id=instance_id,
        ttl_seconds=ttl_seconds,
        url=str(reply.body.get("url") or ""),
        is_live=reply.body.get("live") is not False,
        warnings=tuple(_sentence(warning) for warning in _list(reply.body.get("warnings"))),
    )


def read_heartbeat(reply: Reply, *, now: datetime) -> Answer:
    """Say what the reply to a heartbeat means."""
    if reply.status == HTTPStatus.NO_CONTENT:
        return Renewed()
    if reply.status == HTTPStatus.NOT_FOUND:
        return Forgotten()
    return _read_trouble(reply, now=now)


def _is_ttl(value: object) -> bool:
    # Heartbeats follow from it: a stranger's 0 or NaN must not make them a flood.
    return value is None or (
        isinstance(value, int | float) and LEAST_TTL_SECONDS <= value < math.inf
    )


def _read_trouble(reply: Reply, *, now: datetime) -> Refused | Away:
    said = _problem(reply)
    if 300 <= reply.status < 400:  # noqa: PLR2004 - the class of redirections, RFC 9110 section 15.4
        return Refused(f"{said}: it redirects to {reply.headers.get('location', 'nowhere')}")
    # Traefik answers 404 for /gateway/ until it has read its configuration.
    is_client_error = 400 <= reply.status < 500 and reply.status != HTTPStatus.NOT_FOUND  # noqa: PLR2004
    if is_client_error and reply.status not in PASSING:
        return Refused(said)
    return Away(said, _retry_after_seconds(reply.headers.get("retry-after", ""), now=now))


def _problem(reply: Reply) -> str:
    """Put RFC 9457's members, and our `errors`, into one line."""
    said = reply.body.get("detail") or reply.body.get("title")
    sentences = [_sentence(error) for error in _list(reply.body.get("errors"))]
    # The gateway's detail has them already, another server's may not.
    errors = [sentence for sentence in sentences if sentence not in str(said or "")]
    status = f"the gateway answered {reply.status}"
    return ": ".join(
        [status, *([str(said)] if said else []), *(["; ".join(errors)] if errors else [])]
    )


def _sentence(error: object) -> str:
    if not isinstance(error, dict):
        return str(error)
    place = error.get("field") or error.get("pointer") or ""
    reason = error.get("detail") or error.get("message") or json.dumps(error)
    return f"{place}: {reason}" if place else str(reason)


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _retry_after_seconds(value: str, *, now: datetime) -> float:
    """Read a number of seconds or a date, RFC 9110 section 10.2.3; 0 when it is neither."""
    if value.strip().isdecimal():
        return float(value)
    try:
        then = parsedate_to_datetime(value)
    except ValueError:
        return 0
    return max(0.0, (then.replace(tzinfo=then.tzinfo or UTC) - now).total_seconds())
