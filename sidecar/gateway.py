"""The gateway as a whole: what the handlers are given, and what runs beside them."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sidecar.access.actions import Keys
from sidecar.access.keyring import Keyring
from sidecar.access.owners import KeyOwners
from sidecar.access.upkeep import Upkeep
from sidecar.edge.accesslog import bound_access_log
from sidecar.edge.actions import Edge
from sidecar.edge.certificates import DomainCertificates
from sidecar.edge.limits import LimitsAccount
from sidecar.kit.errors import UnavailableError
from sidecar.kit.health import Readiness
from sidecar.openapi.ingest import Ingest
from sidecar.registry.actions import Registry
from sidecar.registry.ledger import Ledger
from sidecar.registry.onboarding import Onboarding
from sidecar.registry.presenter import Presenter
from sidecar.registry.probes import Probes

_log = logging.getLogger("gatehouse")

_TICK_SECONDS = 0.4
# How long the first requests wait for the keys to be read, and the last uses to be written.
_DATABASE_SECONDS = 3.0

Loop = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Gateway:
    """Every part that the application hands to its handlers, and what runs beside them."""

    keyring: Keyring
    keys: Keys
    owners: KeyOwners
    upkeep: Upkeep
    ledger: Ledger
    registry: Registry
    onboarding: Onboarding
    presenter: Presenter
    probes: Probes
    edge: Edge
    readiness: Readiness
    ingest: Ingest
    limits: LimitsAccount | None
    access_log: Path
    certificates: DomainCertificates

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep the background loops going; a loop that fails is logged and begun again."""
        tasks = [
            asyncio.create_task(_again(self._sweep), name="sweep"),
            asyncio.create_task(self._begin(), name="publish"),
            asyncio.create_task(_again(self.ingest.run), name="ingest"),
            asyncio.create_task(bound_access_log(self.access_log), name="access log"),
            asyncio.create_task(_again(self.upkeep.follow), name="keys"),
            asyncio.create_task(_again(self.upkeep.publish), name="key file"),
            asyncio.create_task(_again(self.upkeep.note_uses), name="key uses"),
            asyncio.create_task(self._adopt(), name="owners"),
        ]
        if self.limits:
            tasks.append(asyncio.create_task(_again(self.limits.run), name="limits"))
        if self.certificates.is_watched:
            tasks.append(asyncio.create_task(_again(self.certificates.run), name="certificates"))
        try:
            await self.upkeep.await_keys(_DATABASE_SECONDS)
            yield
        finally:
            for task in tasks:
                task.cancel()
            _ = await asyncio.gather(*tasks, return_exceptions=True)
            with suppress(TimeoutError):
                await asyncio.wait_for(self.upkeep.keep_uses(), _DATABASE_SECONDS)

    async def _begin(self) -> None:
        # Nothing is published before the registry is read and its instances were asked once: what
        # the edge runs from before is better than a part of it.
        _ = await self.ledger.loaded.wait()
        await self.probes.first_round()
        async with asyncio.TaskGroup() as group:
            _ = group.create_task(_again(self.probes.run))
            _ = group.create_task(_again(self.edge.run))

    async def _adopt(self) -> None:
        # What was registered before the database knew owners, or without it, is its key's too.
        _ = await self.ledger.loaded.wait()
        _ = await self.keyring.loaded.wait()
        while True:
            try:
                services = self.registry.services.values()
                held = {item.name: item.owner for item in services}
                await self.owners.adopt(
                    {name: owner for name, owner in held.items() if self.owners.is_live(owner)}
                )
            except UnavailableError:
                await asyncio.sleep(1)
            else:
                return

    async def _sweep(self) -> None:
        while True:
            await self.ledger.refresh()
            await self.registry.expire()
            await asyncio.sleep(_TICK_SECONDS)


async def _again(loop: Loop) -> None:
    while True:
        try:
            await loop()
        except Exception:  # noqa: BLE001 - the loop must outlive its bugs
            _log.exception("A background loop failed and begins again.")
        await asyncio.sleep(1)
