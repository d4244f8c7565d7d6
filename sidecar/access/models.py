"""Keys: who a caller is and what it may do."""

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Self

from pydantic import StringConstraints, model_validator

from sidecar.access.errors import ForbiddenError
from sidecar.kit.values import Value


class Scope(StrEnum):
    """What a key can be allowed by the gateway itself."""

    SERVICES_REGISTER = "services:register"
    SERVICES_READ = "services:read"
    WORKERS_CONNECT = "workers:connect"
    TOOLS_ENROLL = "tools:enroll"
    TOOLS_CALL = "tools:call"
    JOBS_SUBMIT = "jobs:submit"
    JOBS_READ = "jobs:read"
    EVENTS_PUBLISH = "events:publish"
    EVENTS_READ = "events:read"
    WEBHOOKS_MANAGE = "webhooks:manage"
    EDGE_CALL = "edge:call"
    ADMIN = "admin"


JOIN_SCOPES = frozenset({Scope.SERVICES_REGISTER, Scope.WORKERS_CONNECT, Scope.TOOLS_ENROLL})
ADMIN_SCOPES = frozenset({Scope.ADMIN})

_TOKEN = re.compile(r"gate_([a-z0-9]{4,32})_[A-Za-z0-9]{43,}")
_PLAIN = re.compile(r"[ !#-\[\]-~]*")
# What Traefik puts into a header: printable ASCII without spaces.
TenantId = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,128}$")]


class Tenant(Value):
    """On whose behalf a key acts: set by the edge on each request, and not taken from callers."""

    site_id: TenantId | None = None
    app_id: TenantId | None = None
    user_id: TenantId | None = None

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if self.site_id is None and self.app_id is None and self.user_id is None:
            raise ValueError("must have a site_id, an app_id or a user_id, or be left out")
        return self


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is kept: what its secret hashes to, and never the secret.

    After a rotation the `previous_hash` opens the same until `overlap_ends_at`.
    """

    id: str
    name: str
    hash: str
    scopes: frozenset[str]
    created_at: datetime
    created_by: str
    services: tuple[str, ...] | None = None
    prefixes: tuple[str, ...] | None = None
    capabilities: tuple[str, ...] | None = None
    tenant: Tenant | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    rotated_at: datetime | None = None
    overlap_ends_at: datetime | None = None
    previous_hash: str | None = None

    @property
    def is_admin(self) -> bool:
        return Scope.ADMIN in self.scopes

    def has_expired(self, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now

    def is_usable(self, now: datetime) -> bool:
        return self.revoked_at is None and not self.has_expired(now)

    def secrets(self, now: datetime) -> list[tuple[str, datetime | None]]:
        """Answer the hashes that open now, each with when it ends, or `None` for never."""
        if not self.is_usable(now):
            return []
        found = [(self.hash, self.expires_at)]
        overlap = self.overlap_ends_at
        if self.previous_hash is not None and overlap is not None and overlap > now:
            ends_at = overlap if self.expires_at is None else min(overlap, self.expires_at)
            found.append((self.previous_hash, ends_at))
        return found


class Caller(Value):
    """Whoever sent a request, as its key says."""

    key_id: str
    scopes: frozenset[str]
    name: str = ""
    services: tuple[str, ...] | None = None
    prefixes: tuple[str, ...] | None = None
    capabilities: tuple[str, ...] | None = None
    tenant: Tenant | None = None

    @property
    def is_admin(self) -> bool:
        return Scope.ADMIN in self.scopes

    def may(self, scope: str) -> bool:
        return self.is_admin or scope in self.scopes

    def require(self, scope: str) -> None:
        """Raise `ForbiddenError` unless the key has the scope; `admin` has them all."""
        if not self.may(scope):
            raise ForbiddenError(f"The key {self.key_id!r} lacks the scope {str(scope)!r}.")

    def require_service(
        self, name: str, prefix: str | None = None, host: str | None = None
    ) -> None:
        """Raise `ForbiddenError` where the key is narrowed to other services or prefixes.

        Without a `prefix` only the name is looked at. Prefixes are paths on the gateway's own host
        names: on a `host` of its own a path says nothing.
        """
        if self.is_admin:
            return
        if self.services is not None and name not in self.services:
            raise self._narrowed(f"name: {name!r}", "services", self.services)
        if self.prefixes is not None and host is not None:
            raise self._narrowed(f"host: {host}", "prefixes", self.prefixes)
        if (
            self.prefixes is not None
            and prefix is not None
            and not any(covers(allowed, prefix) for allowed in self.prefixes)
        ):
            raise self._narrowed(f"prefix: {prefix}", "prefixes", self.prefixes)

    def owns(self, owner: str) -> bool:
        return self.is_admin or self.key_id == owner

    def _narrowed(self, asked: str, what: str, allowed: Sequence[str]) -> ForbiddenError:
        return ForbiddenError(
            f"{asked} is not for the key {self.key_id!r}, which is narrowed to the {what}"
            f" {', '.join(allowed)}."
        )


def covers(allowed: str, prefix: str) -> bool:
    """Tell whether a path is the allowed one or lies below it, segment by segment."""
    return f"{prefix.rstrip('/')}/".startswith(f"{allowed.rstrip('/')}/")


def is_plain(text: str) -> bool:
    """Tell whether this is as every name, path and hash of a key is: JSON has nothing to escape."""
    return _PLAIN.fullmatch(text) is not None


def whole_seconds(moment: datetime) -> datetime:
    """Round up to a second: the edge knows no smaller unit."""
    return (moment + timedelta(seconds=1, microseconds=-1)).replace(microsecond=0)


def make_id() -> str:
    return secrets.token_hex(6)


def make_token(key_id: str | None = None) -> str:
    """Make a secret for a key: `gate_<id>_<secret>`, the secret 256 bits in hexadecimal."""
    return f"gate_{key_id or make_id()}_{secrets.token_hex(32)}"


def token_id(token: str) -> str | None:
    """Read the public part of a key, or answer `None` where it is not of the form."""
    match = _TOKEN.fullmatch(token)
    return match and match[1]


def token_hash(token: str) -> str:
    """Hash a key the way it is stored: its secret is random, so one round is enough."""
    return hashlib.sha256(token.encode()).hexdigest()
