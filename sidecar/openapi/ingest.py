"""Following the registry: each service's document, read when there is reason to."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sidecar.kit.errors import GatewayError, UnavailableError
from sidecar.openapi.client import DocumentClient, parse_document
from sidecar.openapi.describe import describe
from sidecar.openapi.errors import UnreadableDocumentError
from sidecar.openapi.models import Part, Shown
from sidecar.registry.models import Instance, Service

_log = logging.getLogger("gatehouse.openapi")

_AT_ONCE = 16
_LONGEST_PAUSE_SECONDS = 120.0

Document = dict[str, Any]


class ServiceSource(Protocol):
    """The registry, as far as the documentation needs it."""

    @property
    def services(self) -> Mapping[str, Service]:
        """Everything registered; raises `UnavailableError` before it was first read."""
        ...

    async def document(self, name: str) -> Document | None:
        """Answer the inline document of a service, or `None`."""
        ...


@dataclass(frozen=True)
class _Followed:
    service: Service
    task: asyncio.Task[None]


class Ingest:
    """What is shown of each service, made anew only when its terms or its document change.

    A service whose document fails keeps the last one that was fetched and understood, else its
    routes are shown. It is asked again, less and less often.
    """

    def __init__(
        self,
        services: ServiceSource,
        client: DocumentClient,
        *,
        public_url: str = "",
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.shown: dict[str, Shown] = {}
        self.revision = 0
        """Another whenever anything in `shown` is."""
        self._services = services
        self._client = client
        self._public_url = public_url
        self._pause = pause
        self._wake = asyncio.Event()
        self._slots = asyncio.Semaphore(_AT_ONCE)
        # One thread works at a time: several would keep the event loop from its turn.
        self._thread = asyncio.Lock()
        self._followed: dict[str, _Followed] = {}

    def changed(self) -> None:
        """Take note that the registry has changed; nothing is waited for."""
        self._wake.set()

    async def run(self) -> None:
        """Follow the registry until cancelled."""
        self._followed.clear()
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._wake.clear()
                self._follow_all(tasks)
                _ = await self._wake.wait()

    def _follow_all(self, tasks: asyncio.TaskGroup) -> None:
        try:
            services = self._services.services
        except UnavailableError:
            # It says so when it has been read.
            return
        for name in (self._followed.keys() | self.shown.keys()) - services.keys():
            self._forget(name)
        for name, service in services.items():
            followed = self._followed.get(name)
            if followed is None or not _is_same(followed.service, service):
                if followed is not None:
                    followed.task.cancel()
                task = tasks.create_task(self._follow(name), name=f"describe {name}")
                self._followed[name] = _Followed(service, task)

    def _forget(self, name: str) -> None:
        followed = self._followed.pop(name, None)
        if followed is not None:
            followed.task.cancel()
        if self.shown.pop(name, None) is not None:
            self.revision += 1

    async def _follow(self, name: str) -> None:
        try:
            for pause_seconds in _pauses():
                service = self._services.services.get(name)
                if service is None or await self._is_settled(service):
                    return
                await self._pause(pause_seconds)
        except Exception:  # noqa: BLE001 - what one document brings to light must not stop the others
            _log.exception("Describing %s failed on a bug.", name)
            self._show(Shown(Part(name), "failed", "The gateway failed on it; its log says more."))

    async def _is_settled(self, service: Service) -> bool:
        """Show a service as it is now; answers whether asking again could not change that."""
        known = self.shown.get(service.name)
        if known is None and (service.openapi_url or service.document_hash):
            self._show(known := Shown(await self._describe(service, None), "pending"))
        try:
            async with self._slots:
                self._show(await self._read(service, known))
        except GatewayError as error:
            await self._show_without(service, known, str(error))
            return service.openapi_url is None and isinstance(error, UnreadableDocumentError)
        return True

    async def _read(self, service: Service, known: Shown | None) -> Shown:
        raw, source = None, _source(service)
        if service.openapi_url is None:
            document = await self._services.document(service.name)
        else:
            if known and known.raw and known.source == source:
                raw = known.raw
            else:
                newest = _newest(service)
                if newest is None:
                    raise UnreadableDocumentError("None of its instances is registered.")
                raw = await self._client.fetch(newest.address, service.openapi_url)
            document = await self._parse(raw)
        part = await self._describe(service, document)
        if part.failure is not None:
            raise UnreadableDocumentError(part.failure)
        return Shown(part, "ready", raw=raw, source=source)

    async def _show_without(self, service: Service, known: Shown | None, reason: str) -> None:
        raw = known.raw if known else None
        part = await self._describe(service, await self._parse(raw) if raw else None)
        if known is None or known.state != "failed":
            _log.warning("The description of %s can not be shown: %s", service.name, reason)
        self._show(Shown(part, "failed", reason, raw=raw))

    def _show(self, shown: Shown) -> None:
        known = self.shown.get(shown.part.service)
        self.shown[shown.part.service] = shown
        if known is None or (known.part, known.state) != (shown.part, shown.state):
            self.revision += 1

    async def _describe(self, service: Service, document: Document | None) -> Part:
        async with self._thread:
            return await asyncio.to_thread(describe, service, document, public_url=self._public_url)

    async def _parse(self, raw: bytes) -> Document:
        async with self._thread:
            return await asyncio.to_thread(parse_document, raw)


def _pauses() -> Iterator[float]:
    pause_seconds = 0.25
    while True:
        yield pause_seconds
        pause_seconds = min(pause_seconds * 2, _LONGEST_PAUSE_SECONDS)


def _newest(service: Service) -> Instance | None:
    known = service.instances.values()
    return max(known, key=lambda item: (item.registered_at, item.instance_id), default=None)


def _source(service: Service) -> object:
    """Answer what a document depends on: a new version, known by its time if it has no name."""
    newest = _newest(service)
    return service.openapi_url, newest and (newest.version or newest.registered_at)


def _is_same(before: Service, service: Service) -> bool:
    if before is service or not service.instances:
        # While another service stands in for it, its last document goes on.
        return True
    aside: dict[str, Any] = {"instances": {}, "created_at": None}
    alike = before.model_copy(update=aside) == service.model_copy(update=aside)
    return alike and _source(before) == _source(service)
