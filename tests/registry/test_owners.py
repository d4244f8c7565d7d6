from typing import Any

import pytest

from sidecar.access.errors import ForbiddenError
from sidecar.access.models import JOIN_SCOPES, Caller
from sidecar.kit.database import DatabaseAwayError
from sidecar.kit.errors import UnavailableError
from sidecar.registry.errors import NotOwnerError, PrefixConflictError, ServiceNotFoundError
from tests.factories import ADMIN, JOINER, OTHER, a_registration
from tests.registry.conftest import Sidecar

NARROWED = Caller(
    key_id="narrow", scopes=JOIN_SCOPES, services=("math", "maths"), prefixes=("/math", "/a")
)


async def _register(sidecar: Sidecar, caller: Caller = JOINER, **fields: Any) -> str:
    wanted = a_registration(**{"instance_id": "one", "ttl_seconds": 10, **fields})
    return (await sidecar.registry.register(wanted, caller)).service.owner


async def test_a_name_stays_its_keys_after_the_last_lease(sidecar: Sidecar) -> None:
    await _register(sidecar)
    await sidecar.ticks(10)
    assert sidecar.registry.services == {}

    with pytest.raises(NotOwnerError, match=r"'math' was registered with another key"):
        await _register(sidecar, OTHER)
    assert sidecar.registry.services == {}
    assert await _register(sidecar, JOINER) == JOINER.key_id


async def test_an_admin_who_registers_a_name_of_another_leaves_it_to_that_one(
    sidecar: Sidecar,
) -> None:
    await _register(sidecar)
    await sidecar.ticks(10)

    assert await _register(sidecar, ADMIN) == JOINER.key_id


async def test_an_admin_may_take_a_name_of_nobodys(sidecar: Sidecar) -> None:
    assert await _register(sidecar, ADMIN) == ADMIN.key_id


async def test_what_is_refused_claims_no_name(sidecar: Sidecar) -> None:
    await _register(sidecar)

    with pytest.raises(PrefixConflictError):
        await _register(sidecar, OTHER, name="thief", prefix="/math")

    assert sidecar.owners.held == {"math": JOINER.key_id}


async def test_a_name_is_not_claimed_while_valkey_is_away(sidecar: Sidecar) -> None:
    sidecar.store.is_away = True
    await sidecar.tick()

    with pytest.raises(UnavailableError):
        await _register(sidecar)

    assert sidecar.owners.held == {}


async def test_without_a_database_only_new_names_wait(sidecar: Sidecar) -> None:
    await _register(sidecar)
    sidecar.owners.is_away = True
    sidecar.owners.calls.clear()

    await _register(sidecar)
    await _register(sidecar, weight=2)
    await _register(sidecar, instance_id="two")
    await sidecar.registry.heartbeat("math", "one", JOINER)
    await sidecar.registry.deregister("math", JOINER, instance_id="two")

    assert sidecar.owners.calls == []
    with pytest.raises(DatabaseAwayError):
        await _register(sidecar, name="new")
    assert list(sidecar.registry.services) == ["math"]


async def test_without_a_database_a_service_is_not_half_removed(sidecar: Sidecar) -> None:
    await _register(sidecar)
    sidecar.owners.is_away = True

    with pytest.raises(DatabaseAwayError):
        await sidecar.registry.remove("math", JOINER)

    assert list(sidecar.registry.services) == ["math"]


async def test_a_removed_service_gives_its_name_up(sidecar: Sidecar) -> None:
    await _register(sidecar)

    await sidecar.registry.remove("math", JOINER)

    assert sidecar.registry.services == {}
    assert await _register(sidecar, OTHER) == OTHER.key_id


@pytest.mark.parametrize("caller", [JOINER, ADMIN])
async def test_a_name_that_is_only_held_can_be_given_up(sidecar: Sidecar, caller: Caller) -> None:
    await _register(sidecar)
    await sidecar.ticks(10)

    await sidecar.registry.remove("math", caller)

    assert sidecar.owners.held == {}
    with pytest.raises(ServiceNotFoundError):
        await sidecar.registry.remove("math", caller)


async def test_nobody_gives_up_anothers_name(sidecar: Sidecar) -> None:
    await _register(sidecar)
    for _ in range(2):
        with pytest.raises(NotOwnerError):
            await sidecar.registry.remove("math", OTHER)
        await sidecar.ticks(10)

    assert sidecar.owners.held == {"math": JOINER.key_id}


async def test_a_key_that_was_revoked_holds_nothing(sidecar: Sidecar) -> None:
    await _register(sidecar, ttl_seconds=60)
    await _register(sidecar, ttl_seconds=60, instance_id="two")
    sidecar.owners.ended = {JOINER.key_id}

    owner = await _register(sidecar, OTHER, instance_id="two", prefix="/new")

    # Nothing of the former owner's is left in the service that the name means now.
    service = sidecar.registry.get("math")
    assert (owner, list(service.instances), service.prefix) == (OTHER.key_id, ["two"], "/new")
    assert list((await sidecar.store.snapshot()).leases) == [("math", "two")]
    assert sidecar.owners.held == {"math": OTHER.key_id}


async def test_a_name_that_was_lost_on_the_way_is_claimed_again(
    sidecar: Sidecar, second: Sidecar
) -> None:
    await _register(sidecar)
    await second.tick()
    # It is live when it is looked at, and gone when the registry is held.
    sidecar.store.before["commit"] = lambda: second.registry.remove("math", JOINER)

    owner = await _register(sidecar, weight=2)

    assert (owner, sidecar.owners.held) == (JOINER.key_id, {"math": JOINER.key_id})


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": "other", "prefix": "/math/x"}, "name: 'other' is not for the key 'narrow'"),
        ({"prefix": "/mathematics"}, "prefix: /mathematics is not for the key 'narrow', which is"),
        ({"name": "maths"}, r"narrowed to the prefixes /math, /a\."),
    ],
)
async def test_a_narrowed_key_registers_only_what_it_is_for(
    sidecar: Sidecar, fields: dict[str, str], said: str
) -> None:
    with pytest.raises(ForbiddenError, match=said):
        await _register(sidecar, NARROWED, **fields)

    assert sidecar.owners.held == {}
    assert await _register(sidecar, NARROWED, prefix="/a/math") == "narrow"


async def test_a_narrowed_key_renews_and_removes_what_is_its_own(sidecar: Sidecar) -> None:
    await _register(sidecar, NARROWED)

    await sidecar.registry.heartbeat("math", "one", NARROWED)
    await sidecar.registry.deregister("math", NARROWED, instance_id="one")
    await sidecar.registry.remove("math", NARROWED)

    assert sidecar.owners.held == {}


@pytest.mark.parametrize("prefix", ["/math", "/math/add"])
async def test_the_usual_prefix_of_a_name_that_is_away_is_kept_for_it(
    sidecar: Sidecar, prefix: str
) -> None:
    """Whoever came while a service was away got its callers, though not its name."""
    await _register(sidecar)
    await sidecar.ticks(10)

    with pytest.raises(PrefixConflictError, match="/math is kept for the service 'math'"):
        await _register(sidecar, OTHER, name="thief", prefix=prefix)
    assert sidecar.owners.held == {"math": JOINER.key_id}
    sidecar.owners.ended.add(JOINER.key_id)
    assert await _register(sidecar, OTHER, name="heir", prefix=prefix) == OTHER.key_id


async def test_a_prefix_that_is_kept_is_the_owners_own(sidecar: Sidecar) -> None:
    await _register(sidecar)
    await sidecar.ticks(10)

    assert await _register(sidecar, JOINER, name="sums", prefix="/math") == JOINER.key_id


async def test_a_name_that_lies_elsewhere_keeps_no_prefix(sidecar: Sidecar) -> None:
    await _register(sidecar, prefix="/sums")

    assert await _register(sidecar, OTHER, name="other", prefix="/math") == OTHER.key_id


async def test_an_agreement_is_with_the_key_that_holds_the_name(sidecar: Sidecar) -> None:
    """Consent to a free name was consent to whoever took it."""
    await _register(sidecar, name="bank", backup_for=["free", "away", "live"])
    assert sidecar.registry.get("bank").consents == {}

    sidecar.owners.held["away"] = OTHER.key_id
    await _register(sidecar, OTHER, name="live")
    await _register(sidecar, name="bank", backup_for=["free", "away", "live"])

    agreed = {"away": OTHER.key_id, "live": OTHER.key_id}
    assert sidecar.registry.get("bank").consents == agreed
    sidecar.owners.held |= {"away": "somebody", "free": "somebody"}
    sidecar.owners.calls.clear()
    await _register(sidecar, name="bank", backup_for=["away", "live"])
    assert sidecar.registry.get("bank").consents == agreed
    assert sidecar.owners.calls == []


async def test_an_agreement_that_can_not_be_told_now_is_none(sidecar: Sidecar) -> None:
    await _register(sidecar, name="bank")
    sidecar.owners.held["away"] = OTHER.key_id
    sidecar.owners.is_away = True

    await _register(sidecar, name="bank", backup_for=["away"])

    assert sidecar.registry.get("bank").consents == {}


async def test_a_service_without_instances_leaves_with_its_key(sidecar: Sidecar) -> None:
    policies = {"failover": {"service": "spare"}}
    await _register(sidecar, policies=policies)
    await sidecar.ticks(10)
    assert list(sidecar.registry.services) == ["math"]

    sidecar.owners.ended.add(JOINER.key_id)
    await sidecar.tick()

    assert sidecar.registry.services == {}


async def test_a_path_says_nothing_on_a_host_of_its_own(sidecar: Sidecar) -> None:
    with pytest.raises(ForbiddenError, match=r"host: shop\.example\.com"):
        await _register(sidecar, NARROWED, prefix="/math", host="shop.example.com")


async def test_only_an_admin_has_keys_handed_on(sidecar: Sidecar) -> None:
    policies = {"keyauth": {"forwardKey": True}}

    with pytest.raises(ForbiddenError, match="forwardKey"):
        await _register(sidecar, policies=policies)
    assert await _register(sidecar, ADMIN, policies=policies) == ADMIN.key_id
