"""Keys and owners without a database."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sidecar.access.models import Key
from sidecar.access.store import Changes
from sidecar.kit.database import DatabaseAwayError

Interruption = Callable[[], Awaitable[object]]


class MemoryKeyStore:
    """A store that goes away when it is told to.

    `before[call]` runs once before the next such call reaches the store: what others do meanwhile.
    """

    def __init__(self) -> None:
        self.is_away = False
        self.before: dict[str, Interruption] = {}
        self.calls: list[str] = []
        self.lose()

    def lose(self) -> None:
        """Forget everything, the revision too."""
        self._revision = 0
        self._rows: dict[str, tuple[int, Key]] = {}
        self._uses: dict[str, datetime] = {}

    async def changes(self, since: int) -> Changes:
        await self._reach("changes")
        if self._revision == since:
            return Changes(self._revision)
        is_whole = self._revision < since or since == 0
        after = 0 if is_whole else since
        rows = [(key.created_at, key.id, key) for at, key in self._rows.values() if at > after]
        return Changes(self._revision, [row[2] for row in sorted(rows, key=_order)], is_whole)

    async def commit(self, keys: Sequence[Key], *, expected: int) -> int | None:
        await self._reach("commit")
        if expected != self._revision:
            return None
        self._revision += 1
        self._rows |= {key.id: (self._revision, key) for key in keys}
        return self._revision

    async def note_uses(self, uses: Mapping[str, datetime]) -> None:
        await self._reach("note_uses")
        for key_id in uses.keys() & self._rows.keys():
            self._uses[key_id] = max(uses[key_id], self._uses.get(key_id, uses[key_id]))

    async def uses(self, since: datetime) -> dict[str, datetime]:
        await self._reach("uses")
        return {key_id: at for key_id, at in self._uses.items() if at > since}

    async def _reach(self, call: str) -> None:
        self.calls.append(call)
        await asyncio.sleep(0)
        interruption = self.before.pop(call, None)
        if interruption is not None:
            _ = await interruption()
        if self.is_away:
            raise DatabaseAwayError("is away in this test")


def _order(row: tuple[datetime, str, Key]) -> tuple[datetime, str]:
    return row[:2]


class MemoryOwnerStore:
    """Names and their keys; `before` as in `MemoryKeyStore`."""

    def __init__(self) -> None:
        self.is_away = False
        self.before: dict[str, Interruption] = {}
        self.held: dict[str, str] = {}
        self.calls: list[str] = []

    async def find(self, name: str) -> str | None:
        await self._reach("find")
        return self.held.get(name)

    async def claim(self, name: str, key_id: str, now: datetime) -> str:
        assert now.tzinfo is not None
        await self._reach("claim")
        return self.held.setdefault(name, key_id)

    async def adopt(self, names: Mapping[str, str], now: datetime) -> None:
        assert now.tzinfo is not None
        await self._reach("adopt")
        self.held = {**names, **self.held}

    async def hand_over(self, name: str, *, old: str, new: str, now: datetime) -> None:
        assert now.tzinfo is not None
        await self._reach("hand_over")
        if self.held.get(name) == old:
            self.held[name] = new

    async def release(self, name: str, owner: str) -> None:
        await self._reach("release")
        if self.held.get(name) == owner:
            del self.held[name]

    async def _reach(self, call: str) -> None:
        self.calls.append(call)
        await asyncio.sleep(0)
        interruption = self.before.pop(call, None)
        if interruption is not None:
            _ = await interruption()
        if self.is_away:
            raise DatabaseAwayError("is away in this test")


@dataclass
class MemoryOwners:
    """What the registry asks of owners; `ended` are keys that hold nothing any more."""

    held: dict[str, str] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    is_away: bool = False
    calls: list[str] = field(default_factory=list)

    def is_live(self, key_id: str) -> bool:
        return key_id not in self.ended

    async def find(self, name: str) -> str | None:
        await self._reach("find")
        owner = self.held.get(name)
        return owner if owner is not None and self.is_live(owner) else None

    async def claim(self, name: str, key_id: str) -> str:
        await self._reach("claim")
        if not self.is_live(self.held.setdefault(name, key_id)):
            self.held[name] = key_id
        return self.held[name]

    async def release(self, name: str, owner: str) -> None:
        await self._reach("release")
        if self.held.get(name) == owner:
            del self.held[name]

    async def _reach(self, call: str) -> None:
        self.calls.append(call)
        await asyncio.sleep(0)
        if self.is_away:
            raise DatabaseAwayError("is away in this test")


@dataclass
class FakeKeyUses:
    """The edge, which says once which keys were used."""

    ids: list[str] = field(default_factory=list)

    async def used(self) -> Sequence[str]:
        ids, self.ids = self.ids, []
        return ids
