"""What becomes of a configuration that a real Traefik refuses."""

from dataclasses import replace

import anyio
import anyio.lowlevel
import pytest

from sidecar.edge.render import Fragment
from tests.edge.conftest import EdgeAtWork

pytestmark = pytest.mark.slow

UNKNOWN_FIELD = (
    '    "{name}":\n      surprise: 1\n      rule: "Path(`/{name}`)"\n      service: "{name}"\n'
)


def refused(bad: str, fragment: Fragment, name: str) -> Fragment:
    """Make a part that Traefik rejects with its whole directory."""
    return replace(fragment, routers=UNKNOWN_FIELD.format(name=name)) if name == bad else fragment


def disabled(bad: str, fragment: Fragment, name: str) -> Fragment:
    """Make a part that Traefik loads and can not build."""
    changed = fragment.routers.replace("Path(", "Pfad(")
    return replace(fragment, routers=changed) if name == bad else fragment


async def test_what_traefik_refuses_is_named_and_everybody_else_is_served(
    at_work: EdgeAtWork,
) -> None:
    at_work.registered.add("first")
    with anyio.fail_after(60):
        before = await at_work.edge.publish()
        at_work.registered.spoil = lambda name, item: refused("bad", item, name)
        at_work.registered.add("bad", "second")
        after = await at_work.edge.publish()

    assert before.live
    assert after.live
    assert list(after.rejected) == ["bad"]
    assert "does not load" in after.rejected["bad"]
    assert await at_work.serves("first")
    assert await at_work.serves("second")
    assert "surprise" not in at_work.file


async def test_one_bad_registration_in_fifty_leaves_the_others_live(at_work: EdgeAtWork) -> None:
    at_work.registered.spoil = lambda name, item: refused("service-17", item, name)
    at_work.registered.add(*(f"service-{number}" for number in range(50)))

    with anyio.fail_after(120):
        said = await at_work.edge.publish()

    served = [number for number in range(50) if await at_work.serves(f"service-{number}")]
    assert said.live
    assert list(said.rejected) == ["service-17"]
    assert served == [number for number in range(50) if number != 17]


async def test_who_ends_at_a_service_that_is_refused_itself_is_served(at_work: EdgeAtWork) -> None:
    """A backup whose own policies Traefik can not build took down the services it stood in for."""
    at_work.registered.add("good", "spare")
    ends_at = at_work.registered()["spare"].services
    at_work.registered.spoil = lambda name, item: (
        replace(item, routers=item.routers.replace('service: "good"', 'service: "spare"'))
        if name == "good"
        else disabled("spare", item, name)
    )

    with anyio.fail_after(60):
        said = await at_work.edge.publish()

    assert said.live
    assert list(said.rejected) == ["spare"]
    assert await at_work.serves("good")
    assert not await at_work.serves("spare")
    assert ends_at in at_work.file


async def test_a_router_that_traefik_disables_is_taken_out_with_its_reason(
    at_work: EdgeAtWork,
) -> None:
    at_work.registered.spoil = lambda name, item: disabled("bad", item, name)
    at_work.registered.add("good", "bad")

    with anyio.fail_after(60):
        said = await at_work.edge.publish()

    assert said.live
    assert "Pfad" in said.rejected["bad"]
    assert await at_work.serves("good")
    assert not await at_work.serves("bad")


async def test_a_rejected_change_leaves_the_service_as_it_was(at_work: EdgeAtWork) -> None:
    at_work.registered.add("math")
    with anyio.fail_after(60):
        await at_work.edge.publish()
        good = at_work.file
        at_work.registered.spoil = lambda name, item: refused("math", item, name)
        said = await at_work.edge.publish()
        again = await at_work.edge.publish()

    assert list(said.rejected) == list(again.rejected) == ["math"]
    assert await at_work.serves("math")
    assert _routers(at_work.file) == _routers(good)


async def test_a_service_that_asks_for_something_else_gets_another_chance(
    at_work: EdgeAtWork,
) -> None:
    at_work.registered.spoil = lambda name, item: refused("bad", item, name)
    at_work.registered.add("bad")
    with anyio.fail_after(60):
        first = await at_work.edge.publish()
        at_work.registered.spoil = lambda _, item: item
        second = await at_work.edge.publish()

    assert list(first.rejected) == ["bad"]
    assert (second.live, second.rejected) == (True, {})
    assert await at_work.serves("bad")


async def test_a_broken_handwritten_file_is_nobodys_fault(at_work: EdgeAtWork) -> None:
    at_work.registered.add("before")
    broken = at_work.traefik.layout.watched / "mine.yaml"
    with anyio.fail_after(60):
        await at_work.edge.publish()
        broken.write_text("http:\n  routers: {}\n")
        at_work.registered.add("after")
        said = await at_work.edge.publish()
        fault = at_work.edge.status.fault
        served = await at_work.serves("before")
        broken.unlink()
        await _until_live(at_work)

    assert (said.live, said.rejected) == (False, {})
    assert "hand-written" in str(fault)
    assert served
    assert await at_work.serves("after")


async def test_a_new_process_that_finds_a_bad_part_keeps_what_was_served(
    at_work: EdgeAtWork,
) -> None:
    at_work.registered.add("kept")
    with anyio.fail_after(60):
        await at_work.edge.publish()
        later = type(at_work.edge)(
            at_work.registered,
            at_work.edge._store,  # noqa: SLF001 - the same file, a new process
            at_work.edge._confirmation,  # noqa: SLF001
        )
        at_work.registered.spoil = lambda name, item: refused("bad", item, name)
        at_work.registered.add("bad")
        at_work.tasks.start_soon(later.run)
        said = await later.publish()

    assert list(said.rejected) == ["bad"]
    assert await at_work.serves("kept")


async def test_a_traefik_that_started_on_a_bad_file_is_brought_back(at_work: EdgeAtWork) -> None:
    traefik = at_work.traefik
    at_work.registered.add("kept")
    with anyio.fail_after(60):
        await at_work.edge.publish()
        traefik.kill("traefik")
        (traefik.layout.watched / "services.yaml").write_text("http:\n  surprise: {}\n")
        await anyio.to_thread.run_sync(lambda: traefik.start("traefik", wait=False))
        at_work.registered.add("more")
        await _until_live(at_work)

    assert await at_work.serves("kept")
    assert await at_work.serves("more")


async def test_a_generated_file_that_somebody_deleted_is_put_back(at_work: EdgeAtWork) -> None:
    at_work.registered.add("math")
    with anyio.fail_after(60):
        await at_work.edge.publish()
        (at_work.traefik.layout.watched / "services.yaml").unlink()
        while await at_work.serves("math"):
            pass
        while not await at_work.serves("math"):
            await anyio.lowlevel.checkpoint()

    assert at_work.edge.status.fault is None


async def _until_live(at_work: EdgeAtWork) -> None:
    while not (await at_work.edge.publish()).live:
        pass


def _routers(text: str) -> str:
    return text.partition('"generation.')[0]
