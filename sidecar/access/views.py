"""What callers are shown of keys: never a secret, and nothing it could be found by."""

from datetime import datetime

from sidecar.access.models import Key, Tenant
from sidecar.kit.values import Value


class KeyView(Value):
    """A key; null narrows nothing, `expires_at` null never ends."""

    id: str
    name: str
    scopes: list[str]
    services: list[str] | None
    prefixes: list[str] | None
    capabilities: list[str] | None
    tenant: Tenant | None
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    rotated_at: datetime | None
    overlap_ends_at: datetime | None
    last_used_at: datetime | None


class IssuedKey(KeyView):
    """A key with its secret, which is shown this once."""

    token: str


class KeyList(Value):
    """Keys in the order in which they were made; `next` is where to go on, or null at the end."""

    keys: list[KeyView]
    next: str | None


def shown(key: Key, last_used_at: datetime | None) -> KeyView:
    """Answer what callers see of a key."""
    return KeyView(
        id=key.id,
        name=key.name,
        scopes=sorted(key.scopes),
        services=_listed(key.services),
        prefixes=_listed(key.prefixes),
        capabilities=_listed(key.capabilities),
        tenant=key.tenant,
        created_at=key.created_at,
        created_by=key.created_by,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
        rotated_at=key.rotated_at,
        overlap_ends_at=key.overlap_ends_at,
        last_used_at=last_used_at,
    )


def _listed(names: tuple[str, ...] | None) -> list[str] | None:
    return None if names is None else list(names)
