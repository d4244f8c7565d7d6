import logging

import pytest
from gatehouse.answers import Away, Forgotten, Keyless, Refused, Registered, Renewed
from gatehouse.machine import Notice, Standing, Step, advance

LEASE = Registered(instance_id="one", ttl_seconds=30, url="http://edge/math")
HELD = Standing(lease=LEASE)
AWAY = Away("no route")
REFUSED = Refused("the gateway answered 409: taken")


def test_a_registration_is_renewed_after_a_third_of_its_term() -> None:
    assert advance(Standing(), LEASE, luck=1) == Step(
        HELD, 10, (Notice(logging.INFO, "registered at http://edge/math as one"),)
    )


def test_luck_only_makes_heartbeats_earlier() -> None:
    assert advance(HELD, Renewed(), luck=0) == Step(HELD, 8)


def test_a_permanent_registration_is_still_checked() -> None:
    lease = Registered(instance_id="one", ttl_seconds=None)

    step = advance(Standing(lease=lease), Renewed(), luck=1)

    assert step == Step(Standing(lease=lease), 60)


def test_warnings_are_passed_on_and_so_is_that_the_edge_is_late() -> None:
    lease = Registered("one", 30, "http://edge/math", is_live=False, warnings=("try another",))

    assert advance(Standing(), lease, luck=1).notices == (
        Notice(
            logging.INFO, "registered at http://edge/math as one; the edge does not have it yet"
        ),
        Notice(logging.WARNING, "try another"),
    )


def test_a_forgotten_instance_registers_again_at_once() -> None:
    step = advance(HELD, Forgotten(), luck=0)

    assert (step.standing, step.wait_seconds) == (Standing(), 0)


def test_forgotten_instances_do_not_all_come_back_in_the_same_moment() -> None:
    waits = {advance(HELD, Forgotten(), luck=luck).wait_seconds for luck in (0.0, 0.5, 1.0)}

    assert waits == {0, 0.25, 0.5}


def test_an_outage_keeps_the_lease_and_backs_off_up_to_ten_seconds() -> None:
    standing, waits = HELD, []
    for _ in range(2000):
        step = advance(standing, AWAY, luck=1)
        standing = step.standing
        waits.append(step.wait_seconds)

    assert waits[:7] == [0.5, 1, 2, 4, 8, 10, 10]
    assert waits[-1] == 10
    assert standing.lease == LEASE


def test_backoff_is_spread_over_half_of_itself() -> None:
    standing = Standing(failures=20, trouble=AWAY)

    assert advance(standing, AWAY, luck=0).wait_seconds == 5


def test_an_outage_is_told_once_and_its_end_once() -> None:
    notices: list[Notice] = []
    standing = HELD
    for answer in (AWAY, Away("another reason"), AWAY, Renewed(), Renewed()):
        step = advance(standing, answer, luck=1)
        standing = step.standing
        notices += step.notices

    assert notices == [
        Notice(logging.WARNING, "the gateway is away: no route (trying again until it works)"),
        Notice(logging.INFO, "the gateway is back"),
    ]


@pytest.mark.parametrize(("asked", "waited"), [(0, 0.25), (7, 7), (3600, 60)])
def test_retry_after_is_honoured_within_reason(asked: float, waited: float) -> None:
    step = advance(Standing(), Away("full", retry_after_seconds=asked), luck=0)

    assert step.wait_seconds == waited


def test_a_refusal_is_told_once_and_tried_again_slowly() -> None:
    first = advance(HELD, REFUSED, luck=0)
    second = advance(first.standing, REFUSED, luck=1)

    assert first.notices == (
        Notice(
            logging.ERROR,
            "not registered, the gateway answered 409: taken (asking again every 30 s)",
        ),
    )
    assert second.notices == ()
    assert (first.wait_seconds, second.wait_seconds) == (30, 45)


def test_a_refused_heartbeat_is_followed_by_a_registration() -> None:
    assert advance(HELD, REFUSED, luck=0).standing.lease is None


def test_another_refusal_is_news() -> None:
    step = advance(Standing(trouble=REFUSED), Refused("another"), luck=0)

    assert len(step.notices) == 1


def test_a_missing_key_is_looked_for_as_often_as_a_missing_gateway() -> None:
    step = advance(Standing(), Keyless("No x."), luck=1)

    assert step.wait_seconds == 0.5
    assert step.notices == (
        Notice(
            logging.WARNING,
            "no usable key in GATEHOUSE_TOKEN or a file: No x. (trying again until it works)",
        ),
    )


def test_a_key_that_comes_while_the_gateway_is_away_is_followed_by_that_news() -> None:
    step = advance(Standing(trouble=Keyless("No x.")), AWAY, luck=1)

    assert len(step.notices) == 1
