"""From the values of a row to a key, and what is wrong with those that are none."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from sidecar.access.models import Key, Tenant, is_plain

COLUMNS = (
    "id",
    "name",
    "hash",
    "scopes",
    "created_at",
    "created_by",
    "services",
    "prefixes",
    "capabilities",
    "tenant",
    "expires_at",
    "revoked_at",
    "rotated_at",
    "overlap_ends_at",
    "previous_hash",
)


def why(error: Exception) -> str:
    """Say what is wrong without the values, which are nobody's to read in a log."""
    if isinstance(error, ValidationError):
        said = error.errors(include_input=False, include_url=False)
        return "; ".join(
            ".".join(("tenant", *map(str, each["loc"]))) + f": {each['type']}" for each in said
        )
    return type(error).__name__


def as_key(row: Sequence[Any]) -> Key:
    """Answer the key that a row is: its values in the order of `COLUMNS`, none of them checked."""
    values: tuple[Any, ...] = tuple(row)
    (id_, name, hash_, scopes, created_at, created_by, services, prefixes, capabilities, tenant,
     expires_at, revoked_at, rotated_at, overlap_ends_at, previous_hash) = values  # fmt: skip
    names = (name, *scopes, *(services or ()), *(prefixes or ()), *(capabilities or ()))
    if not all(is_plain(each) for each in (id_, hash_, previous_hash or "", *names)):
        raise ValueError("is not plain")
    return Key(
        id=id_,
        name=name,
        hash=hash_,
        scopes=_scopes(tuple(scopes)),
        created_at=created_at,
        created_by=created_by,
        services=_names(services),
        prefixes=_names(prefixes),
        capabilities=_names(capabilities),
        tenant=None if tenant is None else Tenant.model_validate(tenant),
        expires_at=expires_at,
        revoked_at=revoked_at,
        rotated_at=rotated_at,
        overlap_ends_at=overlap_ends_at,
        previous_hash=previous_hash,
    )


# Thousands of keys have the same: they share one object.
@lru_cache(maxsize=1024)
def _scopes(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(names)


@lru_cache(maxsize=1024)
def _shared(names: tuple[str, ...]) -> tuple[str, ...]:
    return names


def _names(listed: list[str] | None) -> tuple[str, ...] | None:
    return None if listed is None else _shared(tuple(listed))
