"""A registry over a store in memory, at a time that stands still."""

from dataclasses import dataclass, field

import pytest

from sidecar.registry.actions import Registry
from sidecar.registry.ledger import Ledger
from tests.fakes.access import MemoryOwners
from tests.fakes.clock import FakeClock
from tests.fakes.registry import FakeAnnouncer, MemoryServiceStore


@dataclass
class Sidecar:
    """The registry part of one sidecar, and how often it found the services changed."""

    store: MemoryServiceStore
    clock: FakeClock
    changes: int = 0
    announced: FakeAnnouncer = field(default_factory=FakeAnnouncer)
    owners: MemoryOwners = field(default_factory=MemoryOwners)

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.store, self.clock, self._note)
        self.registry = Registry(self.ledger, self.announced, self.owners)

    def _note(self) -> None:
        self.changes += 1

    async def tick(self, seconds: float = 0.0) -> None:
        """Let time pass, then do what the sweep does."""
        self.clock.advance(seconds)
        await self.ledger.refresh()
        await self.registry.expire()

    async def ticks(self, seconds: float) -> None:
        """Let time pass second by second, with a sweep after each."""
        for _ in range(int(seconds)):
            await self.tick(1)

    async def outage(self, seconds: float) -> None:
        """Take the store away for a while that the sweep notices, and bring it back."""
        self.store.is_away = True
        await self.ticks(seconds)
        self.store.is_away = False


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store() -> MemoryServiceStore:
    return MemoryServiceStore()


@pytest.fixture
async def sidecar(store: MemoryServiceStore, clock: FakeClock) -> Sidecar:
    """Make a sidecar that has read its empty registry."""
    made = Sidecar(store, clock)
    await made.tick()
    return made


@pytest.fixture
async def second(store: MemoryServiceStore, clock: FakeClock, sidecar: Sidecar) -> Sidecar:
    """Make another sidecar over the same store."""
    made = Sidecar(store, clock, owners=sidecar.owners)
    await made.tick()
    return made
