"""Where services, leases and inline documents are kept."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pydantic import ValidationError

from sidecar.kit.redis import RedisCommands, translated
from sidecar.registry.models import Service

_log = logging.getLogger("gatehouse.registry")

LeaseKey = tuple[str, str]
"""A service's name and an instance's id."""


@dataclass(frozen=True)
class Snapshot:
    """Everything registered, at one revision; leases are when each was last renewed (epoch s)."""

    revision: int
    services: dict[str, Service]
    leases: dict[LeaseKey, float]


@dataclass(frozen=True)
class Change:
    """What one commit does: all of it, or nothing."""

    put: Sequence[Service] = ()
    delete: Sequence[str] = ()
    leases: Mapping[LeaseKey, float] = field(default_factory=dict)
    drop_leases: Sequence[LeaseKey] = ()
    unrenewed: Mapping[LeaseKey, float] = field(default_factory=dict)
    """Leases that nobody may have renewed since; one that is gone was not."""
    documents: Mapping[str, bytes] = field(default_factory=dict)
    drop_documents: Sequence[str] = ()


class ServiceStore(Protocol):
    """The record of the registry. Every method raises `UnavailableError` when it is away."""

    async def snapshot(self) -> Snapshot: ...

    async def revision(self) -> int: ...

    async def commit(self, change: Change, *, expected: int) -> int | None:
        """Apply a change if the revision is the expected one and its leases stand.

        Answers the new revision, or `None` where somebody else was faster: read and try again.
        """
        ...

    async def renew(self, key: LeaseKey, renewed_at: float) -> bool:
        """Note a heartbeat; answers whether there was a lease to renew."""
        ...

    async def renewals(self, keys: Sequence[LeaseKey]) -> list[float | None]: ...

    async def document(self, name: str) -> bytes | None: ...


_SERVICES, _LEASES = "registry:services", "registry:leases"
_DOCUMENTS, _REVISION = "registry:documents", "registry:revision"

# ARGV: the expected revision, then operations of four: verb, index of the key, field, value.
_COMMIT = """
if tonumber(redis.call('GET', KEYS[1]) or '0') ~= tonumber(ARGV[1]) then return false end
for i = 2, #ARGV, 4 do
  if ARGV[i] == 'IS' then
    local found = redis.call('HGET', KEYS[tonumber(ARGV[i+1])], ARGV[i+2])
    if found and found ~= ARGV[i+3] then return false end
  end
end
for i = 2, #ARGV, 4 do
  local key = KEYS[tonumber(ARGV[i+1])]
  if ARGV[i] == 'SET' then redis.call('HSET', key, ARGV[i+2], ARGV[i+3])
  elseif ARGV[i] == 'DEL' then redis.call('HDEL', key, ARGV[i+2]) end
end
return redis.call('INCR', KEYS[1])
"""

_RENEW = """
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
"""


class RedisServiceStore:
    """Three hashes and a revision that every commit raises.

    A heartbeat touches its own field alone, so it never conflicts with a registration.
    """

    def __init__(self, redis: RedisCommands) -> None:
        self._redis = redis
        self._known: dict[str, tuple[bytes, Service]] = {}
        """What was read before, and from what: with a thousand services, parsing is the cost."""

    @translated
    async def snapshot(self) -> Snapshot:
        # The revision is read first: a commit in between makes it look old, and it is read again.
        revision = int(await self._redis.get(_REVISION) or 0)
        services = await self._redis.hgetall(_SERVICES)
        leases = await self._redis.hgetall(_LEASES)
        self._known = {name: self._known[name] for name in self._known if name.encode() in services}
        return Snapshot(
            revision,
            {
                service.name: service
                for name, raw in services.items()
                if (service := self._read(name.decode(), raw))
            },
            {_parse(key.decode()): float(at) for key, at in leases.items()},
        )

    def _read(self, name: str, raw: bytes) -> Service | None:
        known = self._known.get(name)
        if known is None or known[0] != raw:
            try:
                known = self._known[name] = raw, Service.model_validate_json(raw)
            except ValidationError as error:
                # As another version may have left it. The others must not be lost with it.
                reason = error.errors(include_input=False, include_url=False)[0]["msg"]
                _log.error(
                    "What Valkey has of %r can not be read, so it is left out: %s", name, reason
                )
                return None
        return known[1]

    @translated
    async def revision(self) -> int:
        return int(await self._redis.get(_REVISION) or 0)

    @translated
    async def commit(self, change: Change, *, expected: int) -> int | None:
        answer = await self._redis.eval(
            _COMMIT,
            4,
            _REVISION,
            _SERVICES,
            _LEASES,
            _DOCUMENTS,
            str(expected),
            *_operations(change),
        )
        return None if answer is None else int(answer)

    @translated
    async def renew(self, key: LeaseKey, renewed_at: float) -> bool:
        return bool(await self._redis.eval(_RENEW, 1, _LEASES, _field(key), repr(renewed_at)))

    @translated
    async def renewals(self, keys: Sequence[LeaseKey]) -> list[float | None]:
        if not keys:
            return []
        found = await self._redis.hmget(_LEASES, [_field(key) for key in keys])
        return [None if raw is None else float(raw) for raw in found]

    @translated
    async def document(self, name: str) -> bytes | None:
        return await self._redis.hget(_DOCUMENTS, name)


def _operations(change: Change) -> list[str | bytes]:
    services, leases, documents = "2", "3", "4"
    operations: list[tuple[str, str, str, str | bytes]] = [
        *(("IS", leases, _field(key), repr(at)) for key, at in change.unrenewed.items()),
        *(("SET", services, item.name, item.model_dump_json()) for item in change.put),
        *(("SET", leases, _field(key), repr(at)) for key, at in change.leases.items()),
        *(("SET", documents, name, raw) for name, raw in change.documents.items()),
        *(("DEL", services, name, "") for name in change.delete),
        *(("DEL", leases, _field(key), "") for key in change.drop_leases),
        *(("DEL", documents, name, "") for name in change.drop_documents),
    ]
    return [part for operation in operations for part in operation]


def _field(key: LeaseKey) -> str:
    # Neither part can have a slash.
    return "/".join(key)


def _parse(field_name: str) -> LeaseKey:
    name, _, instance_id = field_name.partition("/")
    return name, instance_id
