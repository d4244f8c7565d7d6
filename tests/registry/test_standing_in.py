"""What is kept of a service while another stands in for it."""

from typing import Any

import pytest

from sidecar.registry.actions import Registered
from sidecar.registry.errors import ServiceNotFoundError
from tests.factories import JOINER, a_registration
from tests.registry.conftest import Sidecar

FAILOVER = {"failover": {"service": "spare"}}


async def _register(sidecar: Sidecar, instance_id: str = "one", **fields: Any) -> Registered:
    wanted = a_registration(instance_id=instance_id, **{"policies": FAILOVER, **fields})
    return await sidecar.registry.register(wanted, JOINER)


async def test_a_service_that_gives_way_stays_when_its_last_lease_has_ended(
    sidecar: Sidecar,
) -> None:
    before = (await _register(sidecar, description="adds")).service

    await sidecar.ticks(31)

    assert sidecar.registry.services == {"math": before.model_copy(update={"instances": {}})}
    assert ("service.expired", "math") in sidecar.announced.events


async def test_a_service_that_gives_way_stays_when_its_last_instance_has_left(
    sidecar: Sidecar, second: Sidecar
) -> None:
    await _register(sidecar)

    await sidecar.registry.deregister("math", JOINER, instance_id="one")

    await second.tick()
    assert {name: list(item.instances) for name, item in second.registry.services.items()} == {
        "math": []
    }


async def test_who_comes_back_is_the_same_service_on_what_terms_it_likes(
    sidecar: Sidecar,
) -> None:
    before = (await _register(sidecar)).service
    await sidecar.ticks(31)

    after = await _register(sidecar, "two", prefix="/moved")

    assert (after.outcome, after.service.created_at) == ("created", before.created_at)
    assert (after.service.prefix, list(after.service.instances)) == ("/moved", ["two"])


async def test_who_comes_back_without_a_failover_leaves_with_its_last_lease(
    sidecar: Sidecar,
) -> None:
    await _register(sidecar)
    await sidecar.ticks(31)
    await _register(sidecar, policies={})

    await sidecar.ticks(31)

    assert sidecar.registry.services == {}


async def test_a_name_without_instances_can_be_let_go(sidecar: Sidecar) -> None:
    await _register(sidecar)
    await sidecar.ticks(31)

    await sidecar.registry.deregister("math", JOINER)

    assert sidecar.registry.services == {}
    with pytest.raises(ServiceNotFoundError):
        await sidecar.registry.deregister("math", JOINER)


async def test_a_whole_service_that_is_removed_does_not_stay(sidecar: Sidecar) -> None:
    await _register(sidecar, "one")
    await _register(sidecar, "two")

    await sidecar.registry.deregister("math", JOINER)

    assert sidecar.registry.services == {}


async def test_an_inline_document_stays_while_another_stands_in(sidecar: Sidecar) -> None:
    document = {"openapi": "3.1.0", "info": {"title": "math", "version": "1"}}
    await _register(sidecar, openapi=document)

    await sidecar.ticks(31)
    kept = await sidecar.registry.document("math")
    await sidecar.registry.deregister("math", JOINER)

    assert kept == document
    assert await sidecar.registry.document("math") is None
