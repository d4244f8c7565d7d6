"""Which key a name belongs to: the one that registered it first, for as long as it lives."""

from collections.abc import Mapping

from sidecar.access.keyring import Keyring
from sidecar.access.store import OwnerStore
from sidecar.kit.clock import Clock


class KeyOwners:
    """Names and the keys that hold them; a key that was revoked or has expired holds none."""

    def __init__(self, store: OwnerStore, keyring: Keyring, clock: Clock) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock

    def is_live(self, key_id: str) -> bool:
        """Tell whether a key still holds what it held, as far as is known here."""
        return self._keyring.is_live(key_id)

    async def find(self, name: str) -> str | None:
        """Answer who holds a name, or `None`. Raises `UnavailableError`."""
        owner = await self._store.find(name)
        return owner if owner is not None and self.is_live(owner) else None

    async def claim(self, name: str, key_id: str) -> str:
        """Give a name to a key where nobody holds it, and answer who does then.

        Kept when this returns; of several that claim at once one gets it. Raises
        `UnavailableError`.
        """
        holder = await self._store.find(name)
        if holder is None:
            holder = await self._store.claim(name, key_id, self._clock.now())
        if not await self._holds(holder):
            now = self._clock.now()
            await self._store.hand_over(name, old=holder, new=key_id, now=now)
            holder = await self._store.find(name) or key_id
        return holder

    async def _holds(self, key_id: str) -> bool:
        if key_id not in self._keyring.keys:
            # Noted as asked for, and then looked up: others make keys too.
            _ = self.is_live(key_id)
            await self._keyring.refresh()
        return self.is_live(key_id)

    async def adopt(self, names: Mapping[str, str]) -> None:
        """Note who holds what was registered before this was kept; changes nothing that is."""
        await self._store.adopt(names, self._clock.now())

    async def release(self, name: str, owner: str) -> None:
        """Let a name go, if that key holds it. Raises `UnavailableError`."""
        await self._store.release(name, owner)
