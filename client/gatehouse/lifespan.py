"""`Service`: an application that is registered while it runs."""

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Self, TypeVar

from gatehouse.client import HttpGatewayClient
from gatehouse.doorstep import find_doorstep
from gatehouse.lease import Lease
from gatehouse.manifest import find_manifest
from gatehouse.models import Registration
from gatehouse.settings import Settings, is_private_way, read_settings

logger = logging.getLogger("gatehouse")

App = TypeVar("App")
State = TypeVar("State")


@dataclass(kw_only=True, eq=False)
class Service(Registration):
    """A service that registers itself while its application runs.

    Give it `port`, or `base_url` where the gateway reaches it under another address, such as a
    container's name. `GATEHOUSE_BASE_URL` fills in for `base_url`; else it is
    `http://127.0.0.1:<port>`. Nothing here raises, or delays the application's start or requests:
    what goes wrong is logged under `gatehouse`, once, and tried again.

        app = FastAPI(lifespan=gatehouse.Service("math", port=8000).lifespan)
    """

    port: int | None = None
    """The TCP port this process listens on."""
    settings: Settings | None = None
    """Where the gateway is. Default: what the environment says when the application starts."""
    _leases: list[Lease | None] = field(init=False, repr=False, default_factory=list)

    @classmethod
    def from_manifest(
        cls,
        path: str | os.PathLike[str],
        *,
        name: str | None = None,
        port: int | None = None,
        base_url: str | None = None,
        instance_id: str | None = None,
        settings: Settings | None = None,
    ) -> Self:
        """Take the registration from a `gatehouse.yaml`, and from here what is this process's own.

        `name` is needed where the file describes several services. What is given here goes before
        the file. Raises ManifestError, at once: like a wrong argument it is found before anything
        runs.

            service = gatehouse.Service.from_manifest("gatehouse.yaml", port=8000)
        """
        own = {"base_url": base_url, "instance_id": instance_id}
        said = {key: value for key, value in own.items() if value is not None}
        fields = {**find_manifest(path, name).fields, **said}
        return cls(**fields, port=port, settings=settings)

    @contextlib.asynccontextmanager
    async def lifespan(self, app: object) -> AsyncGenerator[None]:
        """Be an ASGI application's whole lifespan (FastAPI, Starlette, Litestar)."""
        document = getattr(app, "openapi_url", None)
        lease = self._start(document if isinstance(document, str) else None)
        try:
            yield
        finally:
            # ASGI's lifespan specification: shutdown comes when the server has stopped accepting
            # connections. Whoever still answers is another worker process.
            await asyncio.to_thread(_stop, lease, has_neighbours=True)

    def around(
        self, own: Callable[[App], AbstractAsyncContextManager[State]]
    ) -> Callable[[App], AbstractAsyncContextManager[State]]:
        """Combine with your own lifespan, which starts first and ends last; its state is kept."""

        @contextlib.asynccontextmanager
        async def both(app: App) -> AsyncGenerator[State]:
            async with own(app) as state, self.lifespan(app):
                yield state

        return both

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(self, *exc_info: object) -> None:
        await asyncio.to_thread(self.__exit__, *exc_info)

    def __enter__(self) -> Self:
        self._leases.append(self._start(None))
        return self

    def __exit__(self, *exc_info: object) -> None:
        _stop(self._leases.pop())

    def _start(self, openapi_url: str | None) -> Lease | None:
        try:
            lease = self._make_lease(self.settings or read_settings(), openapi_url)
            if lease is not None:
                lease.start()
        except Exception:
            logger.exception("%s: not registered", self.name)
            return None
        return lease

    def _make_lease(self, settings: Settings, openapi_url: str | None) -> Lease | None:
        if settings.is_off:
            return None
        base_url = self.base_url or settings.base_url
        if base_url is None and self.port is None:
            logger.error("%s: not registered: give it a port or a base_url", self.name)
            return None
        base_url = base_url or f"http://127.0.0.1:{self.port}"
        if not is_private_way(settings.url):
            logger.warning("%s: the key travels unencrypted to %s", self.name, settings.url)
        return Lease(
            self.body(base_url=base_url, openapi_url=openapi_url),
            HttpGatewayClient(settings),
            find_doorstep(base_url, self.port),
        )


def _stop(lease: Lease | None, *, has_neighbours: bool = False) -> None:
    if lease is not None:
        lease.stop(has_neighbours=has_neighbours)
