import anyio
import anyio.lowlevel
import pytest

from sidecar.kit.errors import ValkeyAwayError
from sidecar.registry.store import Change
from tests.factories import JOINER, NOW, a_registration, a_service, an_instance
from tests.registry.conftest import Sidecar

MATH = ("math", "one")
START = NOW.timestamp()


async def _register(sidecar: Sidecar, name: str = "math", ttl_seconds: int = 30) -> None:
    wanted = a_registration(name, instance_id="one", ttl_seconds=ttl_seconds)
    await sidecar.registry.register(wanted, JOINER)


async def test_a_lease_ends_one_term_after_its_last_heartbeat(sidecar: Sidecar) -> None:
    await _register(sidecar)
    await sidecar.ticks(20)
    await sidecar.registry.heartbeat(*MATH, JOINER)

    service = sidecar.ledger.services["math"]

    assert sidecar.ledger.lease_ends_at(service, "one") == START + 20 + 30


async def test_a_permanent_lease_never_ends(sidecar: Sidecar) -> None:
    service = a_service("math", an_instance("one", ttl_seconds=None))
    await sidecar.ledger.commit(Change(put=[service], leases={MATH: START}))

    await sidecar.ticks(100)

    assert sidecar.ledger.lease_ends_at(service, "one") is None
    assert "math" in sidecar.ledger.services


async def test_after_an_outage_every_lease_has_one_full_term(sidecar: Sidecar) -> None:
    await _register(sidecar)

    await sidecar.outage(100)
    await sidecar.ticks(29)
    before = list(sidecar.ledger.services)
    await sidecar.ticks(3)

    assert (before, list(sidecar.ledger.services)) == (["math"], [])


async def test_a_new_process_gives_every_lease_one_full_term(
    sidecar: Sidecar, second: Sidecar
) -> None:
    await _register(sidecar)
    sidecar.clock.advance(100)

    later = Sidecar(second.store, second.clock)
    await later.tick()
    await later.ticks(29)

    assert list(later.ledger.services) == ["math"]


async def test_a_machine_that_slept_longer_than_every_lease_expires_nobody(
    sidecar: Sidecar,
) -> None:
    await _register(sidecar)

    await sidecar.tick(8 * 3600)
    await sidecar.ticks(29)

    assert list(sidecar.ledger.services) == ["math"]


async def test_a_heartbeat_right_after_a_sleep_does_not_hide_it(sidecar: Sidecar) -> None:
    await _register(sidecar, "math")
    await _register(sidecar, "other")
    sidecar.clock.advance(8 * 3600)

    await sidecar.registry.heartbeat(*MATH, JOINER)
    await sidecar.tick()

    assert sorted(sidecar.ledger.services) == ["math", "other"]


async def test_an_answer_that_hung_for_long_counts_as_an_outage(sidecar: Sidecar) -> None:
    async def hang() -> None:
        sidecar.clock.advance(4)

    await _register(sidecar, ttl_seconds=5)
    await sidecar.ticks(2)
    sidecar.store.before["revision"] = hang

    await sidecar.tick()

    assert list(sidecar.ledger.services) == ["math"]


async def test_a_commit_during_a_read_is_not_overwritten_by_it(sidecar: Sidecar) -> None:
    # The read has its snapshot when the registration is committed.
    sidecar.store.after["snapshot"] = lambda: _register(sidecar)

    await sidecar.ledger.read()

    assert list(sidecar.ledger.services) == ["math"]


async def test_a_commit_on_its_way_is_not_taken_for_somebody_elses(sidecar: Sidecar) -> None:
    sidecar.store.calls.clear()

    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:

            async def refresh_before_it_is_answered() -> None:
                tasks.start_soon(sidecar.ledger.refresh)
                for _ in range(10):
                    await anyio.lowlevel.checkpoint()

            sidecar.store.after["commit"] = refresh_before_it_is_answered
            await _register(sidecar)

    assert sidecar.store.calls == ["commit", "revision"]


async def test_a_late_answer_to_a_commit_does_not_undo_what_was_read_after_it(
    sidecar: Sidecar, second: Sidecar
) -> None:
    async def others_go_on() -> None:
        await second.ledger.refresh()
        await second.registry.deregister("math", JOINER)
        await sidecar.ledger.refresh()

    sidecar.store.after["commit"] = others_go_on

    await sidecar.ledger.commit(Change(put=[a_service()], leases={MATH: START}))

    assert sidecar.ledger.services == {}
    assert sidecar.ledger.revision == second.ledger.revision


async def test_a_heartbeat_during_a_read_is_kept(sidecar: Sidecar) -> None:
    async def beat() -> None:
        sidecar.clock.advance(2)
        await sidecar.registry.heartbeat(*MATH, JOINER)

    await _register(sidecar)
    sidecar.store.after["snapshot"] = beat

    await sidecar.ledger.read()

    assert sidecar.ledger.leases[MATH] == START + 2


async def test_an_unchanged_service_stays_the_same_object(
    sidecar: Sidecar, second: Sidecar
) -> None:
    await _register(sidecar)
    before = sidecar.ledger.services["math"]

    await second.ledger.refresh()
    await _register(second, "other")
    await sidecar.ledger.refresh()

    assert sidecar.ledger.services["math"] is before
    assert "other" in sidecar.ledger.services


async def test_a_store_that_lost_everything_is_told_again(sidecar: Sidecar) -> None:
    await _register(sidecar)
    sidecar.store.lose()

    await sidecar.tick()
    snapshot = await sidecar.store.snapshot()

    assert snapshot.services == sidecar.ledger.services == {"math": a_service()}
    assert snapshot.leases == {MATH: START}


async def test_a_registration_that_meets_lost_data_first_empties_nothing(
    sidecar: Sidecar,
) -> None:
    await _register(sidecar, "math")
    sidecar.store.lose()

    await _register(sidecar, "new")

    assert sorted(sidecar.ledger.services) == ["math", "new"]
    assert sorted((await sidecar.store.snapshot()).services) == ["math", "new"]


async def test_a_renewal_that_meets_lost_data_first_empties_nothing(sidecar: Sidecar) -> None:
    await _register(sidecar, "math")
    await _register(sidecar, "other")
    sidecar.store.lose()

    await _register(sidecar, "math")

    assert sorted(sidecar.ledger.services) == ["math", "other"]


async def test_what_an_older_copy_of_the_store_has_besides_is_known_too(sidecar: Sidecar) -> None:
    for name in ("one", "two", "three"):
        await _register(sidecar, name)
    sidecar.store.lose()
    await sidecar.store.commit(
        Change(put=[a_service("older")], leases={("older", "one"): START}), expected=0
    )

    await sidecar.tick()

    assert sorted(sidecar.ledger.services) == ["older", "one", "three", "two"]


async def test_listeners_hear_of_changes_and_not_of_heartbeats(sidecar: Sidecar) -> None:
    await _register(sidecar)
    before = sidecar.changes

    await sidecar.registry.heartbeat(*MATH, JOINER)
    await sidecar.outage(2)
    await sidecar.tick()

    assert (before, sidecar.changes) == (2, 2)


async def test_a_store_that_goes_away_leaves_what_is_known(sidecar: Sidecar) -> None:
    await _register(sidecar)

    sidecar.store.is_away = True
    await sidecar.tick()

    assert sidecar.ledger.is_away
    assert list(sidecar.ledger.services) == ["math"]


async def test_while_the_store_is_away_a_write_does_not_wait_for_it(sidecar: Sidecar) -> None:
    await _register(sidecar)
    sidecar.store.is_away = True
    await sidecar.ledger.refresh()
    sidecar.store.calls.clear()

    with pytest.raises(ValkeyAwayError):
        await _register(sidecar, "other")
    with pytest.raises(ValkeyAwayError):
        await sidecar.registry.heartbeat(*MATH, JOINER)

    assert sidecar.store.calls == []
