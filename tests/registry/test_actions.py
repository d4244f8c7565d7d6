import anyio
import pytest

from sidecar.access.models import Caller, Scope
from sidecar.kit.errors import UnavailableError
from sidecar.registry.actions import Outcome
from sidecar.registry.errors import InstanceNotFoundError, NotOwnerError, ServiceNotFoundError
from sidecar.registry.store import Change
from tests.factories import ADMIN, JOINER, NOW, OTHER, a_registration, a_service
from tests.fakes.clock import FakeClock
from tests.fakes.registry import MemoryServiceStore
from tests.registry.conftest import Sidecar

MATH = ("math", "one")


async def _register(sidecar: Sidecar, name: str = "math", **fields: object) -> Outcome:
    wanted = a_registration(name, **{"instance_id": "one", **fields})
    return (await sidecar.registry.register(wanted, JOINER)).outcome


async def test_new_changed_and_renewed_are_told_apart(sidecar: Sidecar) -> None:
    outcomes = [
        await _register(sidecar),
        await _register(sidecar),
        await _register(sidecar, weight=2),
        await _register(sidecar, instance_id="two"),
    ]

    assert outcomes == ["created", "renewed", "changed", "created"]
    assert sidecar.announced.events == [
        ("service.registered", "math"),
        ("service.changed", "math"),
        ("service.changed", "math"),
    ]


async def test_a_renewal_moves_the_end_of_the_lease(sidecar: Sidecar) -> None:
    await _register(sidecar)
    await sidecar.ticks(10)

    await _register(sidecar)

    ends_at = sidecar.registry.expires_at(sidecar.registry.get("math"), "one")
    assert ends_at is not None
    assert (ends_at - NOW).total_seconds() == 40


async def test_an_ended_lease_takes_one_instance_out_and_the_last_one_the_service(
    sidecar: Sidecar,
) -> None:
    await _register(sidecar, instance_id="one", ttl_seconds=10)
    await _register(sidecar, instance_id="two", ttl_seconds=20)

    await sidecar.ticks(10)
    left = list(sidecar.registry.get("math").instances)
    await sidecar.ticks(10)

    assert left == ["two"]
    assert sidecar.registry.services == {}
    assert (await sidecar.store.snapshot()).leases == {}
    assert sidecar.announced.events[-2:] == [("service.expired", "math")] * 2


async def test_a_heartbeat_that_another_sidecar_took_keeps_the_lease(
    sidecar: Sidecar, second: Sidecar
) -> None:
    await _register(sidecar)
    await second.tick()
    await sidecar.ticks(29)

    await second.registry.heartbeat(*MATH, JOINER)
    await sidecar.ticks(5)

    assert list(sidecar.registry.services) == ["math"]


async def test_a_heartbeat_at_the_last_moment_keeps_the_lease(
    sidecar: Sidecar, second: Sidecar
) -> None:
    await _register(sidecar)
    await second.tick()
    await sidecar.ticks(29)
    # Between the look at the renewals and the commit.
    sidecar.store.before["commit"] = lambda: second.registry.heartbeat(*MATH, JOINER)

    await sidecar.tick(1)

    assert list(sidecar.registry.services) == ["math"]
    assert ("service.expired", "math") not in sidecar.announced.events


async def test_an_answer_that_hangs_during_expiry_ends_no_lease(sidecar: Sidecar) -> None:
    async def hang() -> None:
        sidecar.clock.advance(60)

    await _register(sidecar)
    await sidecar.ticks(29)
    sidecar.clock.advance(1)
    sidecar.store.before["renewals"] = hang

    await sidecar.registry.expire()
    await sidecar.ticks(29)

    assert list(sidecar.registry.services) == ["math"]


async def test_a_store_that_fails_in_the_middle_of_expiry_ends_no_lease(sidecar: Sidecar) -> None:
    async def go_away() -> None:
        sidecar.store.is_away = True

    await _register(sidecar)
    await sidecar.ticks(29)
    sidecar.store.before["renewals"] = go_away

    await sidecar.tick(1)
    sidecar.store.is_away = False
    await sidecar.ticks(29)

    assert list(sidecar.registry.services) == ["math"]


async def test_an_instance_whose_lease_was_lost_is_taken_out_in_the_end(sidecar: Sidecar) -> None:
    await _register(sidecar)
    sidecar.store.lose_leases()

    await sidecar.ticks(31)

    assert sidecar.registry.services == {}


async def test_registrations_at_once_are_all_kept(sidecar: Sidecar, second: Sidecar) -> None:
    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            for number in range(10):
                group.start_soon(_register, sidecar, f"a-{number}")
                group.start_soon(_register, second, f"b-{number}")
    await sidecar.tick()
    await second.tick()

    assert len(sidecar.registry.services) == 20
    assert sidecar.registry.services == second.registry.services


async def test_a_registration_that_lost_a_race_is_judged_by_what_won(
    sidecar: Sidecar, second: Sidecar
) -> None:
    async def overtake() -> None:
        await second.registry.register(a_registration(instance_id="theirs"), OTHER)

    sidecar.store.before["commit"] = overtake

    with pytest.raises(NotOwnerError, match="another key"):
        await _register(sidecar)


async def test_a_heartbeat_of_a_lost_lease_asks_to_register_again(sidecar: Sidecar) -> None:
    await _register(sidecar)
    sidecar.store.lose_leases()

    with pytest.raises(InstanceNotFoundError, match="register again"):
        await sidecar.registry.heartbeat(*MATH, JOINER)
    outcome = await _register(sidecar, weight=3)

    assert outcome == "changed"
    await sidecar.registry.heartbeat(*MATH, JOINER)


async def test_only_the_owner_and_an_admin_renew_and_remove(sidecar: Sidecar) -> None:
    await _register(sidecar)

    with pytest.raises(NotOwnerError):
        await sidecar.registry.heartbeat(*MATH, OTHER)
    with pytest.raises(NotOwnerError):
        await sidecar.registry.deregister("math", OTHER)
    await sidecar.registry.deregister("math", ADMIN)

    assert sidecar.registry.services == {}


async def test_who_leaves_leaves_the_others(sidecar: Sidecar) -> None:
    await _register(sidecar, instance_id="one")
    await _register(sidecar, instance_id="two")

    await sidecar.registry.deregister("math", JOINER, instance_id="one")

    assert list(sidecar.registry.get("math").instances) == ["two"]
    with pytest.raises(InstanceNotFoundError):
        await sidecar.registry.deregister("math", JOINER, instance_id="one")
    with pytest.raises(ServiceNotFoundError):
        await sidecar.registry.deregister("ghost", JOINER)


async def test_an_inline_document_stays_until_a_registration_without_one(
    sidecar: Sidecar,
) -> None:
    document = {"openapi": "3.1.0", "info": {"title": "é"}}
    await _register(sidecar, openapi=document)
    kept = await sidecar.registry.document("math")

    await _register(sidecar)

    assert kept == document
    assert await sidecar.registry.document("math") is None


async def test_readers_see_everything_and_joiners_their_own(sidecar: Sidecar) -> None:
    reader = Caller(key_id="reader", scopes=frozenset({Scope.SERVICES_READ}))
    change = Change(put=[a_service("theirs", owner=OTHER.key_id)])
    await sidecar.ledger.commit(change)
    await _register(sidecar, "mine")

    seen = {
        caller.key_id: [each.name for each in sidecar.registry.visible_to(caller)]
        for caller in (reader, ADMIN, JOINER)
    }

    assert seen == {
        "reader": ["mine", "theirs"],
        "admin": ["mine", "theirs"],
        "joiner": ["mine"],
    }
    assert sidecar.registry.show("theirs", reader).owner == OTHER.key_id
    with pytest.raises(NotOwnerError):
        sidecar.registry.show("theirs", JOINER)


async def test_before_the_registry_is_read_nothing_is_answered(
    store: MemoryServiceStore, clock: FakeClock
) -> None:
    store.is_away = True
    blind = Sidecar(store, clock)
    await blind.tick()

    with pytest.raises(UnavailableError, match="not read yet"):
        blind.registry.get("math")
    with pytest.raises(UnavailableError, match="not read yet"):
        await _register(blind)
