"""Whose a name is, also while nothing is registered under it."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Protocol

from sidecar.access.models import Caller
from sidecar.kit.errors import UnavailableError
from sidecar.registry.errors import PrefixConflictError
from sidecar.registry.models import Registration, Service


class Owners(Protocol):
    """Which key a name belongs to, also while nothing is registered under it.

    What waits raises `UnavailableError` when that can not be told.
    """

    def is_live(self, key_id: str) -> bool:
        """Tell whether a key still holds what it held; one that was revoked does not."""
        ...

    async def find(self, name: str) -> str | None:
        """Answer the id of the key that holds a name, or `None`."""
        ...

    async def claim(self, name: str, key_id: str) -> str:
        """Give a name to a key where no other holds it; answers which does. Kept by then."""
        ...

    async def release(self, name: str, owner: str) -> None:
        """Let a name go, if that key holds it."""
        ...


class Holding:
    """Names and who holds them: by what is registered, and else by what is remembered."""

    def __init__(self, services: Callable[[], Mapping[str, Service]], owners: Owners) -> None:
        self._services = services
        self._owners = owners

    def service(self, name: str) -> Service | None:
        """Answer the service of a name, unless the key that owned it is no more."""
        service = self._services().get(name)
        return service if service and self._owners.is_live(service.owner) else None

    def orphans(self) -> list[str]:
        """Answer the services without instances whose key is no more: nobody could renew them."""
        return [
            name
            for name, service in self._services().items()
            if not service.instances and not self._owners.is_live(service.owner)
        ]

    async def check_room(self, wanted: Registration, caller: Caller) -> None:
        """Raise `PrefixConflictError` for the usual prefix of a name that another key holds.

        Otherwise whoever comes while a service is away could take its callers, though not its
        name. Raises `UnavailableError`.
        """
        held = self.service(wanted.name)
        kept = wanted.prefix.split("/")[1]
        if (
            wanted.expose == "none"
            or wanted.host is not None
            or kept == wanted.name
            or kept in self._services()
            or (held is not None and held.prefix == wanted.prefix)
            or caller.is_admin
        ):
            return
        owner = await self._owners.find(kept)
        if owner is not None and owner != (held.owner if held else caller.key_id):
            raise PrefixConflictError(
                f"prefix: /{kept} is kept for the service {kept!r}, which belongs to another key."
            )

    async def consents(self, wanted: Registration) -> dict[str, str]:
        """Answer the names in `backup_for`, each with the key that holds it.

        What was agreed to before stays agreed with the same key. A name that nobody holds, or of
        which that can not be told now, is left out.
        """
        before = self.service(wanted.name)
        found: dict[str, str] = dict(before.consents) if before else {}
        for name in wanted.backup_for:
            if name in found:
                continue
            live = self.service(name)
            owner = live.owner if live else None
            with suppress(UnavailableError):
                owner = owner or await self._owners.find(name)
            if owner:
                found[name] = owner
        return {name: found[name] for name in wanted.backup_for if name in found}
