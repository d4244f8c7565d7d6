"""The keys in memory, as the store has them."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sidecar.access.errors import KeyNotFoundError, KeysNotReadError, UnauthorizedError
from sidecar.access.models import Caller, Key, token_hash
from sidecar.access.store import KeyStore
from sidecar.kit.clock import Clock

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
# How much later than the use itself another sidecar may have written it.
_USES_LAG = timedelta(minutes=5)


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
    loaded: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the store was read since this process began."""
    writing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held from reading the keys to having committed what follows from them."""
    revision: int = 0
    keys: dict[str, Key] = field(default_factory=dict)
    """By id, in the order in which they were made."""
    _hashes: dict[str, Key] = field(default_factory=dict)
    _last_used: dict[str, datetime] = field(default_factory=dict)
    _new_uses: dict[str, datetime] = field(default_factory=dict)

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
        """Tell whether a key may hold something: one that nothing is known of yet may."""
        key = self.keys.get(key_id)
        if key is None:
            return not self.is_loaded
        return key.is_usable(self.clock.now())

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
        changes = await self.store.changes(self.revision if self.is_loaded else 0)
        if not self.is_loaded:
            self._last_used = await self.store.uses(_LONG_AGO)
        self.revision = changes.revision
        if changes.is_whole or not self.is_loaded:
            self._replace(changes.keys)
        elif changes.keys:
            self._put(changes.keys)
        self.loaded.set()

    def _replace(self, keys: Iterable[Key]) -> None:
        self.keys, self._hashes = {}, {}
        self._put(keys)

    def _put(self, keys: Iterable[Key]) -> None:
        for key in keys:
            before = self.keys.get(key.id)
            if before is not None:
                for hashed in (before.hash, before.previous_hash):
                    self._hashes.pop(hashed or "", None)
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
