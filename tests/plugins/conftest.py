"""Fixtures for the plugins: a real Traefik, a service behind it and a client before it."""

from collections.abc import Iterator

import httpx
import pytest

from tests.plugins.recorder import Recorder, recorder
from tests.plugins.rig import Rig, traefik_rig


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """Run one Traefik for all tests of a file, each of which applies its own configuration."""
    with traefik_rig(tmp_path_factory.mktemp("rig")) as running:
        yield running


@pytest.fixture
def fresh_rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """Run a Traefik of the test's own."""
    with traefik_rig(tmp_path_factory.mktemp("fresh-rig")) as running:
        yield running


@pytest.fixture
def caller(rig: Rig) -> Iterator[httpx.Client]:
    """Make a client of the shared Traefik's edge."""
    with httpx.Client(base_url=rig.edge, timeout=30.0, trust_env=False) as client:
        yield client


@pytest.fixture
def service() -> Iterator[Recorder]:
    """Serve what tells the headers that reached it."""
    with recorder() as running:
        yield running
