"""A keyring over a store in memory, at a time that stands still."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sidecar.access.actions import Keys
from sidecar.access.held import HeldKeys
from sidecar.access.keyfile import KeyFile
from sidecar.access.keyring import Keyring
from sidecar.access.models import ADMIN_SCOPES, Key, Scope, make_token, token_hash
from sidecar.access.upkeep import Upkeep
from tests.factories import NOW
from tests.fakes.access import FakeKeyUses, MemoryKeyStore
from tests.fakes.clock import FakeClock


def a_key(key_id: str = "alice0000001", token: str | None = None, **fields: Any) -> Key:
    """Make a key as it is kept."""
    given: dict[str, Any] = {
        "id": key_id,
        "name": "alice",
        "hash": token_hash(token or make_token(key_id)),
        "scopes": frozenset({str(Scope.EDGE_CALL)}),
        "created_at": NOW,
        "created_by": "admin",
    }
    return Key(**(given | fields))


def an_admin(key_id: str = "admin0000001", token: str | None = None, **fields: Any) -> Key:
    return a_key(key_id, token, **{"name": "admin", "scopes": ADMIN_SCOPES, **fields})


@dataclass
class Access:
    """The access part of one sidecar: its files in a folder, its store in memory."""

    folder: Path
    store: MemoryKeyStore
    clock: FakeClock
    edge: FakeKeyUses = field(default_factory=FakeKeyUses)

    def __post_init__(self) -> None:
        self.held = HeldKeys(self.folder / "secrets", {"join": self.folder / "join" / "join.key"})
        self.held.make()
        self.keyring = Keyring(self.store, self.clock, self._changed)
        self.keys = Keys(self.keyring, self.held, self.clock)
        self.upkeep = Upkeep(
            self.keyring,
            self.held,
            KeyFile(self.folder / "edge" / "keys.json", self.folder / "staging"),
            self._prepare,
            self.edge,
            self.clock,
        )

    def _changed(self) -> None:
        self.upkeep.changed()

    async def _prepare(self) -> None:
        await self.store.changes(0)

    @property
    def key_file(self) -> Path:
        return self.folder / "edge" / "keys.json"

    def token(self, name: str) -> str:
        return (self.folder / "secrets" / f"{name}.key").read_text().strip()

    async def tick(self) -> None:
        """Do what the loops do, once."""
        await self.upkeep.step()
        await self.upkeep.write()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store() -> MemoryKeyStore:
    return MemoryKeyStore()


@pytest.fixture
def starting(tmp_path: Path, store: MemoryKeyStore, clock: FakeClock) -> Access:
    """Make a sidecar that has not looked at its database yet."""
    return Access(tmp_path, store, clock)


@pytest.fixture
async def access(starting: Access) -> Access:
    """Make a sidecar that has read its database."""
    await starting.tick()
    return starting


@pytest.fixture
async def second(tmp_path: Path, store: MemoryKeyStore, clock: FakeClock, access: Access) -> Access:
    """Make another sidecar over the same store, with files of its own."""
    made = Access(tmp_path / "second", store, clock)
    await made.tick()
    await access.upkeep.step()
    return made
