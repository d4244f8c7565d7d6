"""A registry without Valkey and without a network."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sidecar.kit.addresses import Address, as_address
from sidecar.kit.errors import UnavailableError
from sidecar.registry.address import BaseUrl
from sidecar.registry.models import Service
from sidecar.registry.onboarding import Publication
from sidecar.registry.policies.models import Policies
from sidecar.registry.store import Change, LeaseKey, Snapshot

Interruption = Callable[[], Awaitable[object]]


class MemoryServiceStore:
    """A store that goes away when it is told to.

    `before[call]` runs once before the next such call reaches the store, and `after[call]` once
    before its answer reaches the caller: what others do in between.
    """

    def __init__(self) -> None:
        self.is_away = False
        self.before: dict[str, Interruption] = {}
        self.after: dict[str, Interruption] = {}
        self.calls: list[str] = []
        self.lose()

    def lose(self) -> None:
        """Forget everything, the revision too."""
        self._revision = 0
        self._services: dict[str, Service] = {}
        self._leases: dict[LeaseKey, float] = {}
        self._documents: dict[str, bytes] = {}

    def lose_leases(self) -> None:
        self._leases.clear()

    async def snapshot(self) -> Snapshot:
        await self._reach("snapshot")
        # As read from JSON: equal, and never the same object.
        services = {name: service.model_copy() for name, service in self._services.items()}
        found = Snapshot(self._revision, services, dict(self._leases))
        await self._return("snapshot")
        return found

    async def revision(self) -> int:
        await self._reach("revision")
        found = self._revision
        await self._return("revision")
        return found

    async def commit(self, change: Change, *, expected: int) -> int | None:
        await self._reach("commit")
        committed = self._commit(change) if expected == self._revision else None
        await self._return("commit")
        return committed

    async def renew(self, key: LeaseKey, renewed_at: float) -> bool:
        await self._reach("renew")
        known = key in self._leases
        if known:
            self._leases[key] = renewed_at
        await self._return("renew")
        return known

    async def renewals(self, keys: Sequence[LeaseKey]) -> list[float | None]:
        await self._reach("renewals")
        found = [self._leases.get(key) for key in keys]
        await self._return("renewals")
        return found

    async def document(self, name: str) -> bytes | None:
        await self._reach("document")
        return self._documents.get(name)

    def _commit(self, change: Change) -> int | None:
        if any(self._leases.get(key, at) != at for key, at in change.unrenewed.items()):
            return None
        self._services |= {service.name: service for service in change.put}
        self._leases |= change.leases
        self._documents |= change.documents
        for name in change.delete:
            self._services.pop(name, None)
        for key in change.drop_leases:
            self._leases.pop(key, None)
        for name in change.drop_documents:
            self._documents.pop(name, None)
        self._revision += 1
        return self._revision

    async def _reach(self, call: str) -> None:
        self.calls.append(call)
        await asyncio.sleep(0)
        await self._interrupt(self.before, call)
        if self.is_away:
            raise UnavailableError("The store is away.")

    async def _return(self, call: str) -> None:
        await self._interrupt(self.after, call)
        await asyncio.sleep(0)

    async def _interrupt(self, where: dict[str, Interruption], call: str) -> None:
        interruption = where.pop(call, None)
        if interruption is not None:
            _ = await interruption()


@dataclass
class FakeAnnouncer:
    """Remembers what was announced."""

    events: list[tuple[str, str]] = field(default_factory=list)

    def __call__(self, event: str, subject: str, **_: Any) -> None:
        self.events.append((event, subject))


@dataclass
class FakeNetworkClient:
    """Knows names by a table; `answering` are the origins where something listens."""

    names: dict[str, list[str]] = field(default_factory=dict)
    answering: set[str] = field(default_factory=set)
    own: set[str] = field(default_factory=set)

    async def addresses(self, host: str) -> list[Address]:
        literal = as_address(host)
        texts = [host] if literal else self.names.get(host, [])
        return [address for text in texts if (address := as_address(text))]

    async def answers(self, address: BaseUrl) -> bool:
        return address.origin in self.answering

    def is_this_machine(self, address: Address) -> bool:
        return address.is_loopback or str(address) in self.own


@dataclass
class MemoryPresetStore:
    """Presets by name; those in `broken` can not be used, for this reason."""

    presets: dict[str, Policies] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)

    def find(self, name: str) -> Policies | None:
        if name in self.broken:
            raise ValueError(self.broken[name])
        return self.presets.get(name)

    def names(self) -> list[str]:
        return sorted({*self.presets, *self.broken})


@dataclass
class FakePublisher:
    """Says what it is told to say, and counts how often it was asked."""

    publication: Publication = field(
        default_factory=lambda: Publication(live=True, generation="0" * 12, rejected={})
    )
    asked: int = 0

    async def publish(self) -> Publication:
        self.asked += 1
        return self.publication
