from functools import partial

import anyio
import pytest

from sidecar.registry.models import Service
from sidecar.registry.probes import Probes
from tests.factories import a_service, an_instance
from tests.fakes.clock import FakeClock
from tests.fakes.outbound import FakeOutbound

HEALTH = {"path": "/health", "interval_seconds": 10, "timeout_seconds": 2}
ONE = an_instance("one", base_url="http://10.0.0.1/v2")
TWO = an_instance("two", base_url="http://10.0.0.2")
URLS = ["http://10.0.0.1/v2/health", "http://10.0.0.2/health"]


class Prober:
    """Probes over services, answers and a time that the test sets."""

    def __init__(self, *services: Service) -> None:
        self.services = {service.name: service for service in services}
        self.outbound = FakeOutbound()
        self.clock = FakeClock()
        self.changes = 0
        self.probes = Probes(lambda: self.services, self.outbound, self.clock, self._note)

    def _note(self) -> None:
        self.changes += 1

    async def after(self, seconds: float) -> list[str]:
        """Let time pass, ask whoever is due, and answer who that was."""
        self.clock.advance(seconds)
        self.outbound.asked.clear()
        with anyio.fail_after(5):
            await self.probes.round()
        return sorted(self.outbound.urls)

    def failing(self) -> set[str]:
        return set(self.probes.failing(self.services["math"]))


@pytest.fixture
def prober() -> Prober:
    made = Prober(a_service("math", ONE, TWO, health=HEALTH))
    for url in URLS:
        made.outbound.serve(url)
    return made


async def test_everybody_is_asked_at_once_and_then_in_the_interval(prober: Prober) -> None:
    asked = [await prober.after(seconds) for seconds in (0, 9, 1, 1)]

    assert asked == [URLS, [], URLS, []]
    assert prober.changes == 0


async def test_nobody_is_asked_who_names_no_path() -> None:
    prober = Prober(a_service("math", ONE))

    assert await prober.after(0) == []
    assert prober.probes.healthy("math", "one") is None


async def test_who_was_not_asked_yet_is_neither_well_nor_failing(prober: Prober) -> None:
    assert prober.probes.healthy("math", "one") is None
    assert prober.failing() == set()


async def test_the_second_failure_in_a_row_leaves_an_instance_out(prober: Prober) -> None:
    prober.outbound.serve(URLS[1], status=503)

    first = await prober.after(0), prober.failing(), prober.changes
    second = await prober.after(1), prober.failing(), prober.changes

    assert first == (URLS, set(), 0)
    assert second == ([URLS[1]], {"two"}, 1)
    assert prober.probes.healthy("math", "one") is True


async def test_one_failure_between_good_answers_is_forgotten(prober: Prober) -> None:
    for status in (503, 200, 503):
        prober.outbound.serve(URLS[1], status=status)
        await prober.after(10)

    assert prober.failing() == set()


async def test_one_good_answer_brings_an_instance_back(prober: Prober) -> None:
    del prober.outbound.answers[URLS[1]]
    await prober.after(0)
    await prober.after(1)
    prober.outbound.serve(URLS[1])

    asked = await prober.after(10)

    assert URLS[1] in asked
    assert (prober.failing(), prober.changes) == (set(), 2)


@pytest.mark.parametrize(
    ("status", "well"), [(200, True), (204, True), (302, True), (400, False), (500, False)]
)
async def test_answers_up_to_a_redirect_mean_well(
    prober: Prober,
    status: int,
    well: bool,  # noqa: FBT001 - a column of the table
) -> None:
    prober.outbound.serve(URLS[0], status=status)

    await prober.after(0)
    await prober.after(1)

    assert prober.probes.healthy("math", "one") is well


async def test_one_that_hangs_delays_nobody_else(prober: Prober) -> None:
    prober.outbound.hanging.add(URLS[0])
    prober.outbound.serve(URLS[1], status=503)

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            for _ in range(2):
                group.start_soon(partial(prober.probes.round, due_only=False))
                await anyio.wait_all_tasks_blocked()
            failing_meanwhile = prober.failing()
            prober.outbound.released.set()

    assert failing_meanwhile == {"two"}


@pytest.mark.parametrize(
    "again",
    [
        a_service("math", an_instance("one", base_url="http://10.0.0.9"), health=HEALTH),
        a_service("math", ONE, health={**HEALTH, "path": "/ready"}),
    ],
    ids=["another address", "another path"],
)
async def test_an_instance_that_is_asked_elsewhere_begins_anew(
    prober: Prober, again: Service
) -> None:
    del prober.outbound.answers[URLS[0]]
    await prober.after(0)
    await prober.after(1)
    prober.services["math"] = again
    assert again.health
    url = next(iter(again.instances.values())).base_url + again.health.path
    prober.outbound.serve(url)

    asked = await prober.after(0)

    assert asked == [url]
    assert prober.failing() == set()


async def test_the_answer_for_an_instance_that_left_changes_nothing(prober: Prober) -> None:
    prober.outbound.serve(URLS[0], status=503)
    await prober.after(0)
    prober.outbound.hanging.add(URLS[0])

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            prober.clock.advance(1)
            group.start_soon(prober.probes.round)
            await anyio.wait_all_tasks_blocked()
            prober.services.clear()
            await prober.probes.round()
            prober.outbound.released.set()

    assert prober.changes == 0
    assert prober.probes.healthy("math", "one") is None


async def test_the_first_round_leaves_the_dead_out_at_once(prober: Prober) -> None:
    del prober.outbound.answers[URLS[1]]

    with anyio.fail_after(5):
        await prober.probes.first_round()

    assert prober.failing() == {"two"}


async def test_a_bug_in_one_round_leaves_nobody_unasked_in_the_next(prober: Prober) -> None:
    prober.outbound.failing_with = ValueError("a bug")
    with anyio.fail_after(5), pytest.raises(ExceptionGroup):
        await prober.probes.run()
    prober.outbound.failing_with = None

    asked = await prober.after(1)

    assert asked == URLS
