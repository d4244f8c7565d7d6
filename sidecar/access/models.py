"""Keys: who a caller is and what it may do."""

import hashlib
import re
import secrets
from enum import StrEnum

from sidecar.access.errors import ForbiddenError
from sidecar.kit.values import Value


class Scope(StrEnum):
    """What a key can be allowed."""

    SERVICES_REGISTER = "services:register"
    SERVICES_READ = "services:read"
    WORKERS_CONNECT = "workers:connect"
    TOOLS_ENROLL = "tools:enroll"
    ADMIN = "admin"


JOIN_SCOPES = frozenset({Scope.SERVICES_REGISTER, Scope.WORKERS_CONNECT, Scope.TOOLS_ENROLL})
ADMIN_SCOPES = frozenset({Scope.ADMIN})

_TOKEN = re.compile(r"gate_([a-z0-9]{8,32})_[A-Za-z0-9]{43,}")


class Caller(Value):
    """Whoever sent a request, as its key says."""

    key_id: str
    scopes: frozenset[Scope]

    @property
    def is_admin(self) -> bool:
        return Scope.ADMIN in self.scopes

    def may(self, scope: Scope) -> bool:
        return self.is_admin or scope in self.scopes

    def require(self, scope: Scope) -> None:
        """Raise `ForbiddenError` unless the key has the scope; `admin` has them all."""
        if not self.may(scope):
            raise ForbiddenError(f"The key {self.key_id!r} lacks the scope {scope.value!r}.")

    def owns(self, owner: str) -> bool:
        return self.is_admin or self.key_id == owner


def make_token() -> str:
    """Make a key: `gate_<id>_<secret>`, the secret 256 bits in hexadecimal."""
    return f"gate_{secrets.token_hex(6)}_{secrets.token_hex(32)}"


def token_id(token: str) -> str | None:
    """Read the public part of a key, or answer `None` where it is not of the form."""
    match = _TOKEN.fullmatch(token)
    return match and match[1]


def token_hash(token: str) -> str:
    """Hash a key the way it is stored: its secret is random, so one round is enough."""
    return hashlib.sha256(token.encode()).hexdigest()
