"""The keys in memory, as the store has them."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from sidecar.access.errors import KeyNotFoundError, KeysNotReadError, UnauthorizedError
from sidecar.access.models import Caller, Key, token_hash
from sidecar.access.store import Changes, KeyStore
from sidecar.kit.clock import Clock

_log = logging.getLogger("gatehouse.access")

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
# How much later than the use itself another sidecar may have written it.
_USES_LAG = timedelta(minutes=5)


class Publication(Protocol):
    """What puts the keys into force at the edge. Raises `KeyFileUnwritableError`."""

    async def check(self) -> None:
        """Raise where keys can not be put into force there; changes nothing."""
        ...

    async def now(self) -> None:
        """Return once the edge's file has the keys as they are."""
        ...


@dataclass
class Keyring:
    """All keys, read once and kept in step, so that no request waits for the database.

    Before the first reading it knows what it was given: the keys in files, and those that the edge
    has. A key it does not know by then may still exist.
    """

    store: KeyStore
    clock: Clock
    changed: Callable[[], None]
    """Called after the keys have become others."""
    publication: Publication | None = None
    """Where there is an edge to publish to."""
    loaded: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the store was read since this process began."""
    writing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held from reading the keys to having committed what follows from them."""
    revision: int = 0
    whole_readings: int = 0
    """How often all was read anew, and not only what had changed."""
    keys: dict[str, Key] = field(default_factory=dict)
    """By id, in the order in which they were made."""
    unreadable: dict[str, str] = field(default_factory=dict)
    """The ids of keys that are left out, as their rows can not be read, and why."""
    _hashes: dict[str, Key] = field(default_factory=dict)
    _last_used: dict[str, datetime] = field(default_factory=dict)
    _new_uses: dict[str, datetime] = field(default_factory=dict)
    _asked: set[str] = field(default_factory=set)
    _nobodys: set[str] = field(default_factory=set)

    @property
    def is_loaded(self) -> bool:
        return self.loaded.is_set()

    def seed(self, keys: Iterable[Key]) -> None:
        """Take keys from elsewhere until the store was read."""
        self._replace(keys)

    def get(self, key_id: str) -> Key:
        """Answer a key, or raise `KeyNotFoundError` or `KeysNotReadError`."""
        self.require_loaded()
        key = self.keys.get(key_id)
        if key is None:
            raise KeyNotFoundError(f"There is no key {key_id!r}.")
        return key

    def require_loaded(self) -> None:
        if not self.is_loaded:
            raise KeysNotReadError("The database has not answered since the gateway started.")

    def is_live(self, key_id: str) -> bool:
        """Tell whether a key may hold something.

        One that is not known may: another sidecar may have made it just now. Only once the store
        was read after this was first asked, and has no such key, it is known to be nobody's.
        """
        key = self.keys.get(key_id)
        if key is not None:
            return key.is_usable(self.clock.now())
        if key_id not in self._nobodys:
            self._asked.add(key_id)
        return key_id not in self._nobodys

    def identify(self, token: str) -> Caller:
        """Answer whose secret this is, and note that it was used.

        Raises `UnauthorizedError`, or `KeysNotReadError` where that can not be told yet. Whatever
        was sent, it is one hash and one look at a table of hashes.
        """
        hashed = token_hash(token)
        key = self._hashes.get(hashed)
        if key is None:
            if not self.is_loaded:
                raise KeysNotReadError("The gateway has not read its keys yet; try again.")
            raise UnauthorizedError("The gateway does not know this key.")
        now = self.clock.now()
        if key.revoked_at is not None:
            raise UnauthorizedError(f"The key {key.id!r} was revoked.")
        if key.has_expired(now):
            raise UnauthorizedError(f"The key {key.id!r} has expired.")
        if hashed != key.hash and (key.overlap_ends_at is None or key.overlap_ends_at <= now):
            raise UnauthorizedError(f"The key {key.id!r} has a new secret; this one has ended.")
        self._new_uses[key.id] = now
        return _caller(key)

    def last_used_at(self, key_id: str) -> datetime | None:
        known = (self._new_uses.get(key_id), self._last_used.get(key_id))
        return max((at for at in known if at is not None), default=None)

    def note_used(self, key_ids: Iterable[str]) -> None:
        """Note that others saw these keys used just now; ids that are none are left out."""
        now = self.clock.now()
        self._new_uses |= {key_id: now for key_id in key_ids if key_id in self.keys}

    async def keep_uses(self) -> None:
        """Write what was used since the last time, and read what others wrote."""
        uses, self._new_uses = self._new_uses, {}
        self._last_used |= uses
        try:
            await self.store.note_uses(uses)
        except BaseException:
            self._new_uses = uses | self._new_uses
            raise
        since = self.clock.now() - _USES_LAG
        self._last_used |= await self.store.uses(since)

    async def refresh(self) -> None:
        """Read what others changed."""
        async with self.writing:
            await self._read()

    async def commit(self, keys: Sequence[Key]) -> bool:
        """Write keys to the store, then here; `writing` is held. False: all is read, try again."""
        revision = await self.store.commit(keys, expected=self.revision)
        if revision is None:
            await self._read()
            return False
        self.revision = revision
        self._put(keys)
        return True

    async def _read(self) -> None:
        asked = frozenset(self._asked)
        changes = await self.store.changes(self.revision if self.is_loaded else 0)
        if not self.is_loaded:
            self._last_used = await self.store.uses(_LONG_AGO)
        self.revision = changes.revision
        if changes.is_whole or not self.is_loaded:
            self.whole_readings += 1
            self._replace(changes.keys)
        elif changes.keys:
            self._put(changes.keys)
        self._leave_out(changes)
        self._asked -= asked
        self._nobodys |= asked - self.unreadable.keys()
        self._nobodys -= self.keys.keys()
        self.loaded.set()

    def _leave_out(self, changes: Changes) -> None:
        for key_id, why in changes.unreadable.items():
            if self.unreadable.get(key_id) != why:
                _log.error("The key %s can not be read and is left out: %s.", key_id, why)
            if (before := self.keys.pop(key_id, None)) is not None:
                self._forget(before)
                self.changed()
        readable = self.unreadable if changes.is_whole else {key.id: "" for key in changes.keys}
        kept = {id_: why for id_, why in self.unreadable.items() if id_ not in readable}
        self.unreadable = kept | dict(changes.unreadable)

    def _forget(self, key: Key) -> None:
        for hashed in (key.hash, key.previous_hash):
            self._hashes.pop(hashed or "", None)

    def _replace(self, keys: Iterable[Key]) -> None:
        self.keys, self._hashes = {}, {}
        self._put(keys)

    def _put(self, keys: Iterable[Key]) -> None:
        for key in keys:
            before = self.keys.get(key.id)
            if before is not None:
                self._forget(before)
            self.keys[key.id] = key
            self._hashes[key.hash] = key
            if key.previous_hash is not None:
                self._hashes[key.previous_hash] = key
        self.changed()


def _caller(key: Key) -> Caller:
    return Caller(
        key_id=key.id,
        scopes=key.scopes,
        name=key.name,
        services=key.services,
        prefixes=key.prefixes,
        capabilities=key.capabilities,
        tenant=key.tenant,
    )
