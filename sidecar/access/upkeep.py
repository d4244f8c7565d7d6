"""What goes on beside the requests: following the database, the edge's file, times of use."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from sidecar.access.client import KeyUseClient
from sidecar.access.errors import KeyFileUnwritableError
from sidecar.access.held import HeldKey, HeldKeys
from sidecar.access.keyfile import KeyFile
from sidecar.access.keyring import Keyring
from sidecar.access.models import Key
from sidecar.kit.clock import Clock
from sidecar.kit.errors import UnavailableError

_log = logging.getLogger("gatehouse.access")

_FOLLOW_SECONDS = 1.0
_USES_SECONDS = 30.0
# A file of 100,000 keys takes half a second on an idle machine.
_PUBLISH_SECONDS = 3.0
_LACKING = (
    "the database is new or an older one, and {count} keys of the edge are not in it: restore the"
    " database, or delete the edge's keys.json to let them go."
)


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
    unwritten: str | None = "the edge's key file is not written yet."
    """Why the edge's file is not as the keys are, or `None`."""
    tried: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the database was read, or found to be away."""
    _due: asyncio.Event = field(default_factory=asyncio.Event)
    _changes_at: datetime | None = None
    _is_prepared: bool = False
    _are_held_kept: bool = False
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock)
    _ongoing: set[asyncio.Task[bool]] = field(default_factory=set)
    _compared: int = 0
    _orphans: list[Key] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.keyring.publication = self

    @property
    def fault(self) -> str | None:
        """Why the edge's file is not as it should be, or `None`."""
        if self.unwritten is not None:
            return self.unwritten
        count = len(self._missing())
        return _LACKING.format(count=count) if count else None

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
            await self._do_without()
        except Exception:
            await self._do_without()
            raise
        finally:
            self.tried.set()

    async def await_keys(self, seconds: float) -> None:
        """Wait until keys are known, and after that time do with those that are known without."""
        try:
            _ = await asyncio.wait_for(self.tried.wait(), seconds)
        except TimeoutError:
            await self._do_without()
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
        """Write the edge's file if anything in it may be otherwise by now, or somebody changed it.

        Answers whether it is as it should be. Without a database a file that is there is left
        alone: it knows more.
        """
        async with self._writing:
            return await self._write()

    async def now(self) -> None:
        """Return once the edge's file has the keys as they are, as `Publication`."""
        writing = asyncio.create_task(self.write())
        # Held here too: it goes on when nobody waits any longer.
        self._ongoing.add(writing)
        writing.add_done_callback(self._ongoing.discard)
        done, _ = await asyncio.wait({writing}, timeout=_PUBLISH_SECONDS)
        if not done or not writing.result():
            why = self.unwritten or "writing the edge's key file takes long."
            raise KeyFileUnwritableError(
                f"The change is kept in the database, and in force at the gateway; {why} The edge"
                " has it as soon as the file can be written."
            )

    async def check(self) -> None:
        """Raise where the edge's file can not be written, as `Publication`."""
        try:
            async with self._writing:
                await asyncio.to_thread(self.file.check)
        except OSError as error:
            raise KeyFileUnwritableError(f"Nothing was changed: {_unwritable(error)}") from error

    async def _write(self) -> bool:
        now = self.clock.now()
        is_loaded = self.keyring.is_loaded
        exists = await asyncio.to_thread(self.file.exists)
        await self._compare(exists=exists)
        is_left = await asyncio.to_thread(self.file.is_as_left) if is_loaded else exists
        is_old = self._changes_at is not None and self._changes_at <= now
        if is_left and not (is_loaded and (self._due.is_set() or is_old)):
            self.unwritten = None
            return is_loaded
        self._due.clear()
        keys = [*self.keyring.keys.values(), *self._missing()]
        try:
            self._changes_at = await asyncio.to_thread(self.file.write, keys, now)
        except OSError as error:
            self._due.set()
            if self.unwritten != _unwritable(error):
                _log.exception("The edge's key file can not be written; it is tried again.")
            self.unwritten = _unwritable(error)
            return False
        self.unwritten = None
        return True

    async def _compare(self, *, exists: bool) -> None:
        """Look for keys of the edge that the database lacks, where all of it was read anew.

        The database's rows end and are not deleted: it is new then, or an older one. Who deletes
        the file lets such keys go.
        """
        if self._compared != self.keyring.whole_readings:
            self._compared = self.keyring.whole_readings
            found = await asyncio.to_thread(self.file.read)
            self._orphans = found or []
            if count := len(self._missing()):
                _log.error(
                    "The database lacks %d keys that the edge has; they are left there.", count
                )
        if not exists:
            self._orphans = []

    def _missing(self) -> list[Key]:
        known = (self.keyring.keys, self.keyring.unreadable)
        return [key for key in self._orphans if not any(key.id in each for each in known)]

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

    async def _do_without(self) -> None:
        if self.tried.is_set() or self.keyring.is_loaded:
            return
        known = await asyncio.to_thread(self._known_without)
        if not self.keyring.is_loaded:
            self.keyring.seed(known)

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
        if held.key_id in self.keyring.unreadable:
            # It may have been revoked.
            _log.warning("The key in %s.key is left out; delete it for a new one.", held.name)
            return found
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


def _unwritable(error: OSError) -> str:
    return f"the edge's key file can not be written: {error.strerror}."
