"""What goes on beside the requests: following the database, the edge's file, times of use."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from sidecar.access.client import KeyUseClient
from sidecar.access.held import HeldKey, HeldKeys
from sidecar.access.keyfile import KeyFile
from sidecar.access.keyring import Keyring
from sidecar.access.models import Key
from sidecar.kit.clock import Clock
from sidecar.kit.errors import UnavailableError

_log = logging.getLogger("gatehouse.access")

_FOLLOW_SECONDS = 1.0
_USES_SECONDS = 30.0


@dataclass
class Upkeep:
    """Keeps the keys here, in the database, in the files and at the edge the same."""

    keyring: Keyring
    held: HeldKeys
    file: KeyFile
    prepare: Callable[[], Awaitable[None]]
    """Brings the tables into being; called until it succeeds once."""
    edge: KeyUseClient
    clock: Clock
    fault: str | None = "the edge's key file is not written yet."
    """Why the edge's file is not as it should be, or `None`."""
    tried: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the database was read, or found to be away."""
    _due: asyncio.Event = field(default_factory=asyncio.Event)
    _changes_at: datetime | None = None
    _is_prepared: bool = False
    _are_held_kept: bool = False

    def changed(self) -> None:
        """Take note that the keys have become others."""
        self._due.set()

    async def follow(self) -> None:
        """Stay in step with the database."""
        while True:
            await self.step()
            await asyncio.sleep(_FOLLOW_SECONDS)

    async def step(self) -> None:
        """Read what others changed, and see to it that the keys in files are kept."""
        try:
            if not self._is_prepared:
                await self.prepare()
                self._is_prepared = True
            await self.keyring.refresh()
            await self._keep_held()
        except UnavailableError:
            # The database says itself that it is away.
            if not self.tried.is_set():
                self.keyring.seed(await asyncio.to_thread(self._known_without))
        finally:
            self.tried.set()

    async def publish(self) -> None:
        """Keep the edge's file as the keys are."""
        _ = await self.tried.wait()
        while True:
            if not await self.write():
                await asyncio.sleep(_FOLLOW_SECONDS)
                continue
            with suppress(TimeoutError):
                await asyncio.wait_for(self._due.wait(), self._seconds_left())

    async def write(self) -> bool:
        """Write the edge's file if anything in it may be otherwise by now.

        Answers whether it is as it should be. Without a database a file that is there is left
        alone: it knows more.
        """
        now = self.clock.now()
        exists = await asyncio.to_thread(self.file.exists)
        is_old = self._changes_at is not None and self._changes_at <= now
        if exists and not (self.keyring.is_loaded and (self._due.is_set() or is_old)):
            self.fault = None
            return self.keyring.is_loaded
        self._due.clear()
        keys = list(self.keyring.keys.values())
        try:
            self._changes_at = await asyncio.to_thread(self.file.write, keys, now)
        except OSError as error:
            self._due.set()
            fault = f"the edge's key file can not be written: {error.strerror}."
            if self.fault != fault:
                _log.exception("The edge's key file can not be written; it is tried again.")
            self.fault = fault
            return False
        self.fault = None
        return True

    async def note_uses(self) -> None:
        """Ask the edge which keys were used, and write down all that were."""
        while True:
            await asyncio.sleep(_USES_SECONDS)
            await self.keep_uses()

    async def keep_uses(self) -> None:
        self.keyring.note_used(await self.edge.used())
        if self.keyring.is_loaded:
            with suppress(UnavailableError):
                await self.keyring.keep_uses()

    def _known_without(self) -> list[Key]:
        """Answer what is known without the database: the edge's keys, and those in files.

        A key in a file that the edge's file lacks has ended, unless it is new there.
        """
        edges = self.file.read()
        opening = {hashed for key in edges or () for hashed in (key.hash, key.previous_hash)}
        held = [
            each.as_key(self.clock)
            for each in self.held.read()
            if edges is None
            or (each.hash not in opening and self.held.issued(each.name) != each.key_id)
        ]
        return [*(edges or ()), *held]

    def _seconds_left(self) -> float:
        if self._changes_at is None:
            return _FOLLOW_SECONDS
        left = (self._changes_at - self.clock.now()).total_seconds()
        return min(max(left, 0.05), _FOLLOW_SECONDS)

    async def _keep_held(self) -> None:
        """Put the keys in files into the database, and settle what a rotation left behind."""
        async with self.keyring.writing:
            await asyncio.to_thread(self._settle)
            if self._are_held_kept:
                return
            held = await asyncio.to_thread(self.held.read)
            wanted = [key for each in held for key in self._wanted(each)]
            if wanted and not await self.keyring.commit(wanted):
                return
            for each in held:
                with suppress(OSError):
                    await asyncio.to_thread(self.held.note_issued, each.name, each.key_id)
            self._are_held_kept = True

    def _settle(self) -> None:
        for staged in self.held.staged():
            known = self.keyring.keys.get(staged.key_id)
            with suppress(OSError):
                self.held.settle(staged.name, taken=known is not None and known.hash == staged.hash)

    def _wanted(self, held: HeldKey) -> list[Key]:
        now = self.clock.now()
        found: list[Key] = []
        known = self.keyring.keys.get(held.key_id)
        if known is None or (held.own_words and held.hash not in {known.hash, known.previous_hash}):
            found.append(held.as_key(self.clock))
        elif known.revoked_at is not None:
            _log.warning("The key in %s.key was revoked; delete the file for a new one.", held.name)
        # Whoever replaced the file wants the key that was in it to end.
        before = self.keyring.keys.get(self.held.issued(held.name) or "")
        if before is not None and before.id != held.key_id and before.revoked_at is None:
            found.append(replace(before, revoked_at=now))
        return found
