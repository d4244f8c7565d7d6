import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import anyio
import anyio.lowlevel

from sidecar.openapi.ingest import Ingest
from tests.factories import NOW, a_service, an_instance
from tests.fakes.openapi import MemoryDocumentClient, MemoryServices, Pauses
from tests.openapi.documents import a_document, an_operation

_ROUTE = {"path": "/sub", "methods": ["POST"]}
_URL = "http://127.0.0.1:8000/openapi.json"


def _raw(*paths: str) -> bytes:
    return json.dumps(a_document({path: {"get": an_operation()} for path in paths})).encode()


def _documented(*instances: Any, **terms: Any) -> Any:
    return a_service("math", *instances, **{"openapi_url": "openapi.json", **terms})


class World:
    """An ingest that runs, and everything around it."""

    def __init__(self, *services: Any, documents: dict[str, bytes] | None = None) -> None:
        self.services = MemoryServices(*services)
        self.client = MemoryDocumentClient(documents)
        self.pauses = Pauses()
        self.ingest = Ingest(self.services, self.client, pause=self.pauses)

    def paths(self, name: str = "math") -> list[str]:
        return [shown.path for shown in self.ingest.shown[name].part.paths]

    def state(self, name: str = "math") -> str | None:
        shown = self.ingest.shown.get(name)
        return None if shown is None else shown.state

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.ingest.run)
            yield
            tasks.cancel_scope.cancel()


async def _until(holds: Callable[[], bool]) -> None:
    with anyio.fail_after(5):
        while not holds():
            await anyio.lowlevel.checkpoint()


async def test_a_services_document_is_fetched_and_shown() -> None:
    world = World(_documented(), documents={_URL: _raw("/add")})

    async with world.running():
        await _until(lambda: world.state() == "ready")

    assert world.paths() == ["/math/add"]
    assert world.client.asked == [_URL]


async def test_an_inline_document_is_shown_without_asking_anybody() -> None:
    service = a_service().model_copy(update={"document_hash": "abc"})
    world = World(service)
    world.services.documents["math"] = json.loads(_raw("/add"))

    async with world.running():
        await _until(lambda: world.state() == "ready")

    assert world.paths() == ["/math/add"]
    assert world.client.asked == []


async def test_a_service_that_does_not_listen_yet_is_asked_again() -> None:
    world = World(_documented(routes=[_ROUTE], expose="all"))

    async with world.running():
        await _until(lambda: len(world.pauses.lengths) == 1)
        assert (world.state(), world.paths()) == ("failed", ["/math/sub"])

        world.client.documents[_URL] = _raw("/add")
        world.pauses.end()
        await _until(lambda: world.state() == "ready")

    assert world.paths() == ["/math/add", "/math/sub"]


async def test_the_pauses_grow_to_two_minutes() -> None:
    world = World(_documented())

    async with world.running():
        for count in range(1, 13):
            await _until(lambda count=count: len(world.pauses.lengths) == count)  # type: ignore[misc]
            world.pauses.end()

    assert world.pauses.lengths[:3] == [0.25, 0.5, 1.0]
    assert world.pauses.lengths[10:12] == [120.0, 120.0]


async def test_one_service_that_never_answers_delays_no_other() -> None:
    other = a_service("other", routes=[_ROUTE])
    world = World(_documented(), other)

    async with world.running():
        await _until(lambda: world.state("other") == "ready")

    assert world.paths("other") == ["/other/sub"]


async def test_changed_terms_are_shown_without_fetching_again() -> None:
    world = World(_documented(), documents={_URL: _raw("/add")})

    async with world.running():
        await _until(lambda: world.state() == "ready")
        world.services.put(_documented(prefix="/calc"))
        world.ingest.changed()
        await _until(lambda: world.paths() == ["/calc/add"])

    assert world.client.asked == [_URL]


async def test_an_instance_of_a_new_version_is_asked_for_its_document() -> None:
    old = an_instance("old", version="1")
    new = an_instance(
        "new",
        version="2",
        base_url="http://new.test:8000",
        registered_at=NOW + timedelta(seconds=1),
    )
    world = World(_documented(old), documents={_URL: _raw("/add")})
    world.client.documents["http://new.test:8000/openapi.json"] = _raw("/add", "/sub")

    async with world.running():
        await _until(lambda: world.state() == "ready")
        world.services.put(_documented(old, new))
        world.ingest.changed()
        await _until(lambda: world.paths() == ["/math/add", "/math/sub"])


async def test_another_instance_of_the_same_version_changes_nothing() -> None:
    world = World(_documented(an_instance(version="1")), documents={_URL: _raw("/add")})

    async with world.running():
        await _until(lambda: world.state() == "ready")
        revision = world.ingest.revision
        world.services.put(_documented(an_instance(version="1"), an_instance("two", version="1")))
        world.services.put(a_service("other"))
        world.ingest.changed()
        await _until(lambda: world.state("other") == "ready")

    assert world.client.asked == [_URL]
    assert world.ingest.revision == revision + 1


async def test_a_service_keeps_its_last_good_document_when_the_next_is_bad() -> None:
    newer = an_instance(version="2")
    world = World(_documented(an_instance(version="1")), documents={_URL: _raw("/add")})

    async with world.running():
        await _until(lambda: world.state() == "ready")
        world.client.documents[_URL] = b"<html>"
        world.services.put(_documented(newer))
        world.ingest.changed()
        await _until(lambda: world.state() == "failed")

    assert world.paths() == ["/math/add"]
    assert "no JSON" in world.ingest.shown["math"].reason


async def test_what_leaves_is_dropped_and_no_longer_asked() -> None:
    world = World(_documented())

    async with world.running():
        await _until(lambda: world.state() == "failed")
        world.services.drop("math")
        world.services.put(a_service("other"))
        world.ingest.changed()
        await _until(lambda: world.state("other") == "ready")
        world.pauses.end()

    assert world.ingest.shown.keys() == {"other"}
    assert len(world.client.asked) == 1


async def test_nothing_is_known_before_the_registry_is_read() -> None:
    world = World()
    world.services.held = None

    async with world.running():
        await anyio.lowlevel.checkpoint()
        world.services.put(a_service())
        world.ingest.changed()
        await _until(lambda: world.state() == "ready")


async def test_a_bug_that_one_document_brings_to_light_leaves_the_others_alone() -> None:
    world = World(_documented(), a_service("other"), documents={_URL: _raw("/add")})
    world.client.documents[_URL] = None  # type: ignore[assignment]

    async with world.running():
        await _until(lambda: world.state("other") == "ready" and world.state() == "failed")

    assert world.ingest.shown["math"].reason == "The gateway failed on it; its log says more."


async def test_an_inline_document_that_can_not_be_read_is_not_asked_for_again() -> None:
    service = a_service().model_copy(update={"document_hash": "abc"})
    world = World(service)
    world.services.documents["math"] = {"openapi": "3.1.0", "paths": {"/add": 5}}

    async with world.running():
        await _until(lambda: world.state() == "failed")
        world.services.put(a_service("other"))
        world.ingest.changed()
        await _until(lambda: world.state("other") == "ready")

    assert world.pauses.lengths == []


async def test_while_another_service_stands_in_the_last_document_goes_on() -> None:
    world = World(_documented(), documents={_URL: _raw("/add")})

    async with world.running():
        await _until(lambda: world.state() == "ready")
        world.services.put(_documented().model_copy(update={"instances": {}}))
        world.services.put(a_service("other"))
        world.ingest.changed()
        await _until(lambda: "other" in world.ingest.shown)

    assert (world.state(), world.paths()) == ("ready", ["/math/add"])
    assert world.client.asked == [_URL]
