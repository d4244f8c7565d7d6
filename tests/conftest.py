"""Fixtures for all: a real Valkey, a real Traefik, a whole gateway."""

from collections.abc import Iterator

import pytest

from stack.throwaway import NAMES, Throwaway, throwaway
from tests.harness import Backend, Callers, backend


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run every asynchronous test on asyncio, as the gateway does."""
    return "asyncio"


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Throwaway]:
    """Start one gateway for every test that leaves it as it was."""
    with throwaway(tmp_path_factory.mktemp("gateway")) as running:
        for name in NAMES:
            running.start(name)
        running.await_healthy("sidecar", ready=True)
        yield running


@pytest.fixture
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Throwaway]:
    """Start a gateway of the test's own, to break."""
    with throwaway(tmp_path_factory.mktemp("fresh")) as running:
        for name in NAMES:
            running.start(name)
        running.await_healthy("sidecar", ready=True)
        yield running


@pytest.fixture
def fresh_callers(fresh: Throwaway) -> Iterator[Callers]:
    """Make a client of the test's own gateway."""
    client = Callers(fresh)
    yield client
    client.http.close()


@pytest.fixture
def callers(gateway: Throwaway) -> Iterator[Callers]:
    """Make a client of the shared gateway, which is emptied before and after."""
    client = Callers(gateway)
    client.clear()
    yield client
    client.clear()
    client.http.close()


@pytest.fixture(scope="session")
def echo() -> Iterator[Backend]:
    """Serve what says what it was asked."""
    with backend("echo") as running:
        yield running
