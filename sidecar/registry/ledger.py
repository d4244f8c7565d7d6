"""The registry in memory, as the store has it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

from sidecar.kit.clock import Clock
from sidecar.kit.errors import UnavailableError, ValkeyAwayError
from sidecar.registry.models import Service
from sidecar.registry.store import Change, LeaseKey, ServiceStore, Snapshot

_log = logging.getLogger("gatehouse.registry")

T = TypeVar("T")

# Below the shortest term, so that no lease ends in a silence that was not noticed as one.
_LONGEST_SILENCE_SECONDS = 3.0


@dataclass
class Ledger:
    """Services and leases, read once and kept in step.

    A lease ends one full term after its last heartbeat, and never sooner than one full term after
    this process or the store came back: a lease is data, not a key that expires.
    """

    store: ServiceStore
    clock: Clock
    changed: Callable[[], None]
    """Called after the services have become others."""
    loaded: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the store was read since this process began."""
    is_away: bool = True
    """Whether the store did not answer when it was last asked."""
    revision: int = 0
    services: dict[str, Service] = field(default_factory=dict)
    leases: dict[LeaseKey, float] = field(default_factory=dict)
    resumed_at: float = 0.0
    writing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held from reading the services to having committed what follows from them."""
    heard_at: float = 0.0
    """When the store last answered without a silence before (epoch seconds)."""

    @property
    def is_loaded(self) -> bool:
        return self.loaded.is_set()

    @property
    def is_in_step(self) -> bool:
        """Whether the store has answered all the time: only then may a lease be called ended.

        A machine that slept, or whose clock was set forward, is out of step like one whose store
        was away: nobody could send a heartbeat.
        """
        return not self.is_away and self.now() - self.heard_at <= _LONGEST_SILENCE_SECONDS

    def now(self) -> float:
        return self.clock.now().timestamp()

    def lease_ends_at(self, service: Service, instance_id: str) -> float | None:
        """Answer when a lease ends (epoch seconds), or `None` for one that never does."""
        ttl_seconds = service.instances[instance_id].ttl_seconds
        if ttl_seconds is None:
            return None
        renewed_at = self.leases.get((service.name, instance_id), 0.0)
        return max(renewed_at, self.resumed_at) + ttl_seconds

    def ended(self) -> dict[LeaseKey, float]:
        """Answer the leases that have ended as far as is known here."""
        now = self.now()
        return {
            (name, instance_id): self.leases.get((name, instance_id), 0.0)
            for name, service in self.services.items()
            for instance_id in service.instances
            if (ends_at := self.lease_ends_at(service, instance_id)) is not None and ends_at <= now
        }

    async def commit(self, change: Change) -> bool:
        """Write a change to the store, then here. False: somebody else was faster; all is read."""
        self._require_store()
        revision = await self._ask(self.store.commit(change, expected=self.revision))
        if revision is None:
            await self.read()
            return False
        self._apply(change, revision)
        return True

    async def renew(self, key: LeaseKey) -> bool:
        """Note a heartbeat. False: the store has no such lease."""
        self._require_store()
        now = self.now()
        known = await self._ask(self.store.renew(key, now))
        if known:
            self.leases[key] = now
        return known

    async def refresh(self) -> None:
        """Read again what others changed. Leaves what is known as it is when the store is away."""
        # Without the lock a commit of ours that is on its way would look like somebody else's, and
        # a burst of them would have everything read over and over.
        with suppress(UnavailableError):
            async with self.writing:
                revision = await self._ask(self.store.revision())
                if not self.is_in_step or revision != self.revision:
                    await self.read()

    async def read(self) -> None:
        """Read everything, and let every lease run one full term if the store had been away.

        What the store has lost, and this process still has, is written again first.
        """
        while (snapshot := await self._newest()) is None:
            pass
        same = self.is_loaded and snapshot.services == self.services
        if not self.is_in_step:
            self.resumed_at = self.now()
            _log.info("Valkey answers: %d services are registered.", len(snapshot.services))
        self._take(snapshot)
        self.loaded.set()
        self.is_away, self.heard_at = False, self.now()
        if not same:
            self.changed()

    async def heed_renewals(self, keys: Iterable[LeaseKey]) -> None:
        """Take note of heartbeats that other sidecars have accepted."""
        wanted = list(keys)
        renewals = await self._ask(self.store.renewals(wanted))
        for key, renewed_at in zip(wanted, renewals, strict=True):
            if renewed_at is not None:
                self.leases[key] = renewed_at

    def _require_store(self) -> None:
        # Whoever has waited for the lock meanwhile would wait out the same time-out again.
        if self.is_away:
            raise ValkeyAwayError

    async def _ask(self, answer: Awaitable[T]) -> T:
        try:
            given = await answer
        except UnavailableError:
            if not self.is_away:
                _log.warning("Valkey is away: the edge goes on, nothing new is taken.")
            self.is_away = True
            raise
        if self.is_in_step:
            self.heard_at = self.now()
        return given

    async def _newest(self) -> Snapshot | None:
        """Answer what the store has, or `None` where that is older than what is known here."""
        known = self.revision
        snapshot = await self._ask(self.store.snapshot())
        if self.revision != known:
            return None
        if self.is_loaded and snapshot.revision < known:
            await self._restore(snapshot.revision)
            return None
        return snapshot

    async def _restore(self, revision: int) -> None:
        # The store lost data that this process still has, as after a disk was exchanged.
        _log.warning("Valkey came back without what is registered; it is written again.")
        # Inline documents are lost: without its hash the same registration is a change again.
        services = [
            service.model_copy(update={"document_hash": None}) for service in self.services.values()
        ]
        change = Change(put=services, leases=dict(self.leases))
        written = await self._ask(self.store.commit(change, expected=revision))
        if written is not None:
            self.revision, self.is_away = written, True

    def _take(self, snapshot: Snapshot) -> None:
        # An unchanged service stays the same object: what is derived from it stays valid.
        known = self.services
        self.services = {
            name: known[name] if known.get(name) == service else service
            for name, service in snapshot.services.items()
        }
        # Heartbeats may have come while this was read.
        self.leases = {
            key: max(renewed_at, self.leases.get(key, 0.0))
            for key, renewed_at in snapshot.leases.items()
        }
        self.revision = snapshot.revision

    def _apply(self, change: Change, revision: int) -> None:
        if revision <= self.revision:
            # It was read while the answer was on its way, perhaps with what others did after it.
            return
        self.revision = revision
        for service in change.put:
            self.services[service.name] = service
        for name in change.delete:
            self.services.pop(name, None)
        self.leases.update(change.leases)
        for key in change.drop_leases:
            self.leases.pop(key, None)
        self.changed()
