"""How publications are shared, skipped and taken back, without a Traefik."""

from collections.abc import AsyncIterator
from dataclasses import replace

import anyio
import pytest

from sidecar.edge.actions import Edge
from sidecar.edge.confirm import Confirmation
from sidecar.edge.render import Fragment, assemble, render
from sidecar.kit.errors import UnavailableError
from sidecar.registry.onboarding import Publication
from tests.factories import a_service
from tests.fakes.clock import FakeClock
from tests.fakes.edge import FakeTraefik


class Parts:
    """What is registered, as text; `surprise` is what the fake Traefik refuses."""

    def __init__(self) -> None:
        self.fragments: dict[str, Fragment] = {}
        self.failing_with: Exception | None = None

    def add(self, *names: str, **fields: str) -> None:
        self.fragments |= {name: render(a_service(name, **fields)) for name in names}

    def __call__(self) -> dict[str, Fragment]:
        if self.failing_with is not None:
            raise self.failing_with
        return dict(self.fragments)


@pytest.fixture
def traefik() -> FakeTraefik:
    return FakeTraefik(refuses=lambda text: "surprise" in text)


@pytest.fixture
def parts() -> Parts:
    return Parts()


@pytest.fixture
async def edge(parts: Parts, traefik: FakeTraefik) -> AsyncIterator[Edge]:
    clock = FakeClock()
    made = Edge(parts, traefik, Confirmation(traefik, clock, seconds=5.0, pause=clock.pause))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(made.run)
        yield made
        tasks.cancel_scope.cancel()


async def _publish(edge: Edge) -> Publication:
    with anyio.fail_after(5):
        return await edge.publish()


def _generation(*names: str) -> str:
    return assemble({name: render(a_service(name)) for name in names})[1]


async def test_who_asks_at_once_shares_a_publication(
    edge: Edge, parts: Parts, traefik: FakeTraefik
) -> None:
    said: list[Publication] = []

    async def register(name: str) -> None:
        parts.add(name)
        said.append(await _publish(edge))

    async with anyio.create_task_group() as callers:
        for number in range(50):
            callers.start_soon(register, f"service-{number}")

    assert len(traefik.writes) <= 2
    assert {each.generation for each in said} == {
        _generation(*(f"service-{number}" for number in range(50)))
    }


async def test_what_runs_already_is_neither_written_nor_asked_for(
    edge: Edge, parts: Parts, traefik: FakeTraefik
) -> None:
    parts.add("math")
    first = await _publish(edge)
    asked = traefik.asked

    again = await _publish(edge)

    assert first == again == Publication(live=True, generation=_generation("math"), rejected={})
    assert (len(traefik.writes), traefik.asked) == (1, asked)


async def test_a_caller_who_leaves_does_not_keep_the_others_waiting(
    edge: Edge, parts: Parts
) -> None:
    parts.add("math")
    with anyio.move_on_after(0):
        await edge.publish()

    said = await _publish(edge)

    assert said.live


async def test_a_refused_change_leaves_what_was_there_and_names_who_asked(
    edge: Edge, parts: Parts, traefik: FakeTraefik
) -> None:
    parts.add("first", "second")
    await _publish(edge)
    parts.add("new")
    bad = parts.fragments["second"]
    parts.fragments["second"] = replace(bad, services=bad.services + "    surprise: 1\n")

    said = await _publish(edge)

    assert (said.live, list(said.rejected)) == (True, ["second"])
    assert said.generation == _generation("first", "new", "second")
    assert traefik.text == traefik.running


async def test_a_change_that_traefik_can_not_build_leaves_the_service_as_it_was(
    edge: Edge, parts: Parts, traefik: FakeTraefik
) -> None:
    parts.add("first", "second")
    await _publish(edge)
    traefik.unbuildable = {"second 1": "no such middleware"}
    bad = parts.fragments["second"]
    parts.fragments["second"] = replace(bad, routers=bad.routers + "    # second 1\n")

    said = await _publish(edge)
    again = await _publish(edge)

    assert (
        said
        == again
        == Publication(
            live=True,
            generation=_generation("first", "second"),
            rejected={"second": "no such middleware"},
        )
    )


async def test_a_new_service_that_traefik_can_not_build_is_taken_out(
    edge: Edge, parts: Parts, traefik: FakeTraefik
) -> None:
    traefik.unbuildable = {"bad 1": "no such middleware"}
    parts.add("first")
    parts.fragments["bad"] = Fragment(routers="    # bad 1\n")

    said = await _publish(edge)

    assert said == Publication(
        live=True, generation=_generation("first"), rejected={"bad": "no such middleware"}
    )


async def test_a_rejected_service_is_forgiven_when_it_has_left(edge: Edge, parts: Parts) -> None:
    parts.add("first")
    parts.fragments["bad"] = Fragment(routers="    surprise: 1\n")
    before = await _publish(edge)

    del parts.fragments["bad"]
    after = await _publish(edge)

    assert list(before.rejected) == ["bad"]
    assert after == Publication(live=True, generation=_generation("first"), rejected={})


async def test_traefik_away_keeps_the_file_and_is_not_called_live(
    edge: Edge, parts: Parts, traefik: FakeTraefik
) -> None:
    traefik.is_away = True
    parts.add("math")

    said = await _publish(edge)

    assert (said.live, said.rejected) == (False, {})
    assert traefik.text == assemble(parts())[0]
    assert "does not answer" in str(edge.status.fault)


async def test_a_file_that_can_not_be_written_is_a_fault_and_heals(
    edge: Edge, parts: Parts, traefik: FakeTraefik
) -> None:
    traefik.is_read_only = True
    parts.add("math")

    said = await _publish(edge)
    fault = edge.status.fault
    traefik.is_read_only = False
    healed = await _publish(edge)

    assert (said.live, healed.live) == (False, True)
    assert "no space left" in str(fault)
    assert edge.status.fault is None


@pytest.mark.parametrize("error", [ValueError("a bug"), UnavailableError("not read yet")])
async def test_what_goes_wrong_in_one_publication_is_not_called_live(
    edge: Edge, parts: Parts, traefik: FakeTraefik, error: Exception
) -> None:
    parts.add("math")
    await _publish(edge)
    parts.failing_with = error

    said = await _publish(edge)
    parts.failing_with = None
    after = await _publish(edge)

    assert (said.live, after.live) == (False, True)
    assert traefik.running == assemble(parts())[0]


async def test_a_fault_of_a_handwritten_router_is_nobodys_rejection(
    edge: Edge, parts: Parts, traefik: FakeTraefik
) -> None:
    # A name that is in every file, and no service's.
    traefik.unbuildable = {"http:": "no such service"}
    parts.add("math")

    said = await _publish(edge)

    assert (said.live, said.rejected) == (True, {})
    assert "hand-written routers: http:" in str(edge.status.fault)
