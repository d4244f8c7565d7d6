"""What an admin may do with keys."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import dropwhile, islice

from sidecar.access.errors import KeyEndedError, LastAdminKeyError
from sidecar.access.held import HeldKeys
from sidecar.access.keyring import Keyring
from sidecar.access.models import Caller, Key, make_id, make_token, token_hash, whole_seconds
from sidecar.access.terms import NewKey, Rotation
from sidecar.access.views import IssuedKey, KeyList, KeyView, shown
from sidecar.kit.clock import Clock
from sidecar.kit.errors import InvalidInputError, UnavailableError

_log = logging.getLogger("gatehouse.access")

_ATTEMPTS = 20


class Keys:
    """Keys are made, shown, rotated and revoked; kept, and in the edge's file, when that returns.

    Everything raises `KeysNotReadError` until the database was read, and what writes raises
    `UnavailableError` while the database is away. `KeyFileUnwritableError` says whether anything
    was changed: making and rotating look at the file first, a revocation is kept in any case.
    """

    def __init__(self, keyring: Keyring, held: HeldKeys, clock: Clock) -> None:
        self._keyring = keyring
        self._held = held
        self._clock = clock

    def show(self, key_id: str) -> KeyView:
        """Answer one key, or raise `KeyNotFoundError`."""
        return self._shown(self._keyring.get(key_id))

    def listed(self, *, after: str | None, limit: int) -> KeyList:
        """Answer up to `limit` keys in the order in which they were made, those after a key.

        Raises `InvalidInputError` where there is no such key.
        """
        self._keyring.require_loaded()
        known = self._keyring.keys
        if after is not None and after not in known:
            raise InvalidInputError.of("after", "must be the id of a key, as in 'next'")
        ids = iter(known)
        if after is not None:
            ids = islice(dropwhile(lambda id_: id_ != after, known), 1, None)
        found = list(islice(ids, limit + 1))
        page = found[:limit]
        return KeyList(
            keys=[self._shown(known[id_]) for id_ in page],
            next=page[-1] if len(found) > limit else None,
        )

    async def create(self, wanted: NewKey, caller: Caller) -> IssuedKey:
        """Make a key, or raise `InvalidInputError` for an end that has passed."""
        now = self._clock.now()
        expires_at = wanted.ends_at(now)
        if expires_at is not None and expires_at <= now:
            raise InvalidInputError.of("expires_at", "must be in the future")
        key_id = make_id()
        token = make_token(key_id)
        key = Key(
            id=key_id,
            name=wanted.name,
            hash=token_hash(token),
            scopes=frozenset(wanted.scopes),
            created_at=now,
            created_by=caller.key_id,
            services=_distinct(wanted.services),
            prefixes=_distinct(wanted.prefixes),
            capabilities=_distinct(wanted.capabilities),
            tenant=wanted.tenant,
            expires_at=expires_at,
        )
        await self._check_edge()
        async with self._keyring.writing:
            await self._commit(lambda: key)
        _log.info("Key %s was made by %s.", key_id, caller.key_id)
        await self._publish()
        return self._issued(key, token)

    async def revoke(self, key_id: str, caller: Caller) -> None:
        """End a key at once; one that was revoked before stays as it is.

        Raises `KeyNotFoundError` or `LastAdminKeyError`.
        """

        def revoked() -> Key:
            key = self._keyring.get(key_id)
            self._refuse_last_admin(key)
            return replace(key, revoked_at=key.revoked_at or self._clock.now())

        async with self._keyring.writing:
            await self._commit(revoked)
        _log.info("Key %s was revoked by %s.", key_id, caller.key_id)
        await self._publish()

    async def rotate(self, key_id: str, rotation: Rotation, caller: Caller) -> IssuedKey:
        """Give a key a new secret; the one before works until the overlap ends.

        A second rotation ends the overlap of the first. Raises `KeyNotFoundError`,
        `KeyEndedError`, or `SecretFileError` for a key in a file that can not be written.
        """
        token = make_token(key_id)

        def rotated() -> Key:
            return _rotated(
                self._usable(key_id), token, rotation.overlap_seconds, self._clock.now()
            )

        _ = self._usable(key_id)
        await self._check_edge()
        async with self._keyring.writing:
            _ = self._usable(key_id)
            file = await asyncio.to_thread(self._held.holding, key_id)
            if file is not None:
                # Should this end here or hereafter, the upkeep sees what the database has.
                await asyncio.to_thread(self._held.stage, file, token)
            key = await self._commit(rotated)
            if file is not None:
                with suppress(OSError):
                    await asyncio.to_thread(self._held.settle, file, taken=True)
        _log.info("Key %s was rotated by %s.", key_id, caller.key_id)
        await self._publish()
        return self._issued(key, token)

    async def _check_edge(self) -> None:
        # A secret is shown once: better no key than one that nobody was told.
        self._keyring.require_loaded()
        if self._keyring.publication is not None:
            await self._keyring.publication.check()

    async def _publish(self) -> None:
        if self._keyring.publication is not None:
            await self._keyring.publication.now()

    async def _commit(self, make: Callable[[], Key]) -> Key:
        self._keyring.require_loaded()
        for _ in range(_ATTEMPTS):
            key = make()
            if self._keyring.keys.get(key.id) == key or await self._keyring.commit([key]):
                return key
        raise UnavailableError("The keys change faster than they can be read.")

    def _usable(self, key_id: str) -> Key:
        key = self._keyring.get(key_id)
        if key.revoked_at is not None:
            raise KeyEndedError(f"The key {key_id!r} was revoked; make a new one.")
        if key.has_expired(self._clock.now()):
            raise KeyEndedError(f"The key {key_id!r} has expired; make a new one.")
        return key

    def _refuse_last_admin(self, key: Key) -> None:
        now = self._clock.now()
        if not key.is_admin or not key.is_usable(now):
            return
        others = [
            other
            for other in self._keyring.keys.values()
            if other.is_admin and other.id != key.id and other.is_usable(now)
        ]
        # One that ends by itself takes the place of none that does not.
        if not any(other.expires_at is None or key.expires_at is not None for other in others):
            raise LastAdminKeyError(
                f"{key.id!r} is the last key with the scope admin that does not expire; make"
                " another one first, or rotate this one."
            )

    def _shown(self, key: Key) -> KeyView:
        return shown(key, self._keyring.last_used_at(key.id))

    def _issued(self, key: Key, token: str) -> IssuedKey:
        return IssuedKey(**dict(self._shown(key)), token=token)


def _rotated(key: Key, token: str, overlap_seconds: int, now: datetime) -> Key:
    overlap = overlap_seconds > 0
    ends_at = whole_seconds(now + timedelta(seconds=overlap_seconds))
    return replace(
        key,
        hash=token_hash(token),
        previous_hash=key.hash if overlap else None,
        overlap_ends_at=ends_at if overlap else None,
        rotated_at=now,
    )


def _distinct(names: list[str] | None) -> tuple[str, ...] | None:
    return None if names is None else tuple(dict.fromkeys(names))
