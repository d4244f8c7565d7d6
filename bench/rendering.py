"""From the registry to a file on the disk, without a network: every service, nothing cached."""

import time
from datetime import UTC, datetime
from pathlib import Path

from sidecar.edge.fragments import FragmentCache
from sidecar.edge.render import Ways, assemble
from sidecar.edge.store import FileConfigurationStore
from sidecar.registry.models import Instance, Service


def render_and_write_ms(services: dict[str, Service], place: Path) -> float:
    """Render all of it, and write it as the sidecar does, fsync included."""
    fragments = FragmentCache(lambda: services, lambda _: frozenset(), Ways())
    store = FileConfigurationStore(place / "watched", place / "staging")
    began = time.perf_counter()
    text, _ = assemble(fragments())
    store.write(text)
    return (time.perf_counter() - began) * 1000


def services(count: int, target: str) -> dict[str, Service]:
    """Make services as a registration leaves them behind."""
    return {name: _service(name, target) for name in (f"many-{n}" for n in range(count))}


def _service(name: str, target: str) -> Service:
    now = datetime.now(UTC)
    instance = Instance(
        instance_id="one",
        base_url=target,
        weight=1,
        ttl_seconds=30,
        version="1.0.0",
        registered_at=now,
    )
    return Service(
        name=name,
        openapi_url="openapi.json",
        owner="join",
        created_at=now,
        instances={"one": instance},
    )
