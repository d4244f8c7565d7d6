"""A real Traefik without a sidecar, for what the edge part writes itself."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field

import anyio
import httpx
import pytest
from anyio.abc import TaskGroup

from sidecar.edge.actions import Edge
from sidecar.edge.client import ApiTraefikClient
from sidecar.edge.confirm import Confirmation
from sidecar.edge.prepare import ensure_certificate, place_handwritten, write_users
from sidecar.edge.render import Fragment, render
from sidecar.edge.store import FileConfigurationStore
from sidecar.kit.clock import SystemClock
from sidecar.kit.outbound import AiohttpOutbound
from sidecar.registry.models import Service
from stack.layout import ROOT
from stack.throwaway import Throwaway, throwaway
from tests.factories import a_service
from tests.harness import eventually

PASSWORD = "test-password"  # noqa: S105 - of a Traefik that lives as long as the test


@pytest.fixture
def traefik(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Throwaway]:
    """Start Traefik alone, with what the sidecar would have prepared."""
    with throwaway(tmp_path_factory.mktemp("traefik")) as running:
        edge, watched = running.layout.edge, running.layout.watched
        write_users(edge / "users", {"sidecar": PASSWORD}, edge / "staging")
        ensure_certificate(edge, edge / "staging")
        place_handwritten(ROOT / "dynamic-config", watched, edge / "staging")
        running.start("traefik", wait=False)
        eventually(lambda: _ping(running))
        yield running


def _ping(running: Throwaway) -> str:
    try:
        answer = httpx.get(f"{running.admin}/ping", trust_env=False)
    except httpx.HTTPError as error:
        return repr(error)
    return "" if answer.is_success else answer.text


@dataclass
class Registered:
    """What is registered, and a way to spoil what is rendered of it."""

    services: dict[str, Service] = field(default_factory=dict)
    spoil: Callable[[str, Fragment], Fragment] = lambda _, fragment: fragment

    def add(self, *names: str) -> None:
        for name in names:
            self.services[name] = a_service(name)

    def __call__(self) -> Mapping[str, Fragment]:
        return {name: self.spoil(name, render(service)) for name, service in self.services.items()}


@dataclass
class EdgeAtWork:
    """An edge whose loop runs, against a real Traefik."""

    edge: Edge
    registered: Registered
    client: ApiTraefikClient
    traefik: Throwaway
    tasks: TaskGroup

    @property
    def file(self) -> str:
        return (self.traefik.layout.watched / "services.yaml").read_text()

    async def serves(self, name: str) -> bool:
        return await self.client.has_router(name)


@pytest.fixture
async def at_work(traefik: Throwaway) -> AsyncIterator[EdgeAtWork]:
    """Run the edge's loop for the length of a test."""
    layout = traefik.layout
    async with AiohttpOutbound() as outbound, anyio.create_task_group() as tasks:
        client = ApiTraefikClient(outbound, traefik.admin, "sidecar", PASSWORD)
        registered = Registered()
        edge = Edge(
            registered,
            FileConfigurationStore(layout.watched, layout.edge / "staging"),
            Confirmation(client, SystemClock(), seconds=1.5),
        )
        tasks.start_soon(edge.run)
        yield EdgeAtWork(edge, registered, client, traefik, tasks)
        tasks.cancel_scope.cancel()
