from sidecar.edge.confirm import Confirmation, Verdict
from tests.fakes.clock import FakeClock
from tests.fakes.edge import FakeTraefikClient


def _confirmation(traefik: FakeTraefikClient, clock: FakeClock) -> Confirmation:
    return Confirmation(traefik, clock, seconds=5.0, pause=clock.pause)


THERE, MISSING, AWAY = (True,), (False,), (None,)


async def _verdict(
    script: tuple[bool | None, ...], *, seconds: float | None = None
) -> tuple[Verdict, float]:
    clock = FakeClock()
    confirmation = _confirmation(FakeTraefikClient(*script), clock)
    verdict = await confirmation.await_generation("0123456789ab", seconds=seconds)
    return verdict, clock.monotonic() - FakeClock().monotonic()


async def test_a_generation_that_is_there_is_live_at_once() -> None:
    verdict, took_seconds = await _verdict(THERE)

    assert verdict == Verdict("live")
    assert took_seconds == 0


async def test_the_sentinel_of_the_generation_is_what_is_looked_for() -> None:
    traefik = FakeTraefikClient(*THERE, disabled={"math": "unknown middleware"})

    verdict = await _confirmation(traefik, FakeClock()).await_generation("0123456789ab")

    assert traefik.asked == ["generation.0123456789ab"]
    assert verdict == Verdict("live", {"math": "unknown middleware"})


async def test_polls_begin_quickly_and_grow_slower() -> None:
    verdict, took_seconds = await _verdict(3 * MISSING + THERE)

    assert verdict.state == "live"
    assert 0.004 < took_seconds < 0.03


async def test_what_is_not_there_when_time_is_up_is_refused() -> None:
    verdict, took_seconds = await _verdict(MISSING)

    assert verdict.state == "refused"
    assert 5.0 <= took_seconds < 5.1


async def test_less_time_can_be_given() -> None:
    verdict, took_seconds = await _verdict(MISSING, seconds=1.0)

    assert verdict.state == "refused"
    assert 1.0 <= took_seconds < 1.1


async def test_who_does_not_answer_is_unreachable_and_refuses_nothing() -> None:
    verdict, took_seconds = await _verdict(AWAY)

    assert verdict.state == "unreachable"
    assert 2.0 <= took_seconds < 2.1


async def test_a_restart_in_the_middle_starts_the_time_again() -> None:
    # Polls are at most 50 ms apart: some 4 s, then away for some 1.5 s, then 4 s again.
    verdict, took_seconds = await _verdict(80 * MISSING + 30 * AWAY + 80 * MISSING + THERE)

    assert verdict.state == "live"
    assert took_seconds > 9


async def test_a_restart_before_the_first_answer_is_no_refusal_either() -> None:
    verdict, _ = await _verdict(30 * AWAY + 95 * MISSING + THERE)

    assert verdict.state == "live"


async def test_single_lost_answers_do_not_add_up_to_an_absence() -> None:
    # Away for 3 s in all, but never for 2 s in a row.
    verdict, _ = await _verdict(3 * (20 * AWAY + MISSING) + THERE)

    assert verdict.state == "live"
