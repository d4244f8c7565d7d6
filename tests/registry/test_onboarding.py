from typing import Any

import pytest

from sidecar.kit.errors import InvalidInputError
from sidecar.registry.errors import RegistrationRejectedError
from sidecar.registry.onboarding import Onboarded, Onboarding, OwnAddresses, Publication
from sidecar.registry.presets import PolicyBook
from tests.factories import JOINER, a_registration, policies
from tests.fakes.registry import FakeNetworkClient, FakePublisher, MemoryPresetStore
from tests.registry.conftest import Sidecar

OWN = OwnAddresses(frozenset({"gateway.example", "traefik"}), frozenset({30090, 30092}))


class Door:
    """Where registrations come in, with what lies behind it."""

    def __init__(self, sidecar: Sidecar) -> None:
        self.sidecar = sidecar
        self.publisher = FakePublisher()
        self.network = FakeNetworkClient(answering={"http://10.0.0.5:8000"}, own={"10.0.0.1"})
        self.presets = MemoryPresetStore({"safe": policies(keyauth={})})
        self.onboarding = Onboarding(
            sidecar.registry,
            self.publisher,
            self.network,
            OWN,
            PolicyBook(self.presets),
            sidecar.clock,
        )

    async def register(
        self, base_url: str = "http://10.0.0.5:8000", *, wait: bool = True, **fields: Any
    ) -> Onboarded:
        wanted = a_registration(base_url=base_url, **fields)
        return await self.onboarding.register(wanted, JOINER, wait=wait)


@pytest.fixture
def door(sidecar: Sidecar) -> Door:
    return Door(sidecar)


async def test_a_registration_is_kept_published_and_timed(door: Door) -> None:
    said = await door.register()

    assert said.publication == door.publisher.publication
    assert (said.registered.outcome, said.warnings, said.ready_ms) == ("created", [], 0.0)
    assert list(door.sidecar.registry.services) == ["math"]


async def test_without_waiting_nothing_is_published(door: Door) -> None:
    said = await door.register(wait=False)

    assert (said.publication, door.publisher.asked) == (None, 0)


async def test_what_the_edge_refuses_is_said_to_who_asked_for_it(door: Door) -> None:
    door.publisher.publication = Publication(
        live=True, generation="0" * 12, rejected={"math": "no such middleware"}
    )

    with pytest.raises(RegistrationRejectedError, match=r"'math' asks for: no such middleware"):
        await door.register()


async def test_what_the_edge_refuses_of_others_is_not(door: Door) -> None:
    door.publisher.publication = Publication(
        live=True, generation="0" * 12, rejected={"other": "no such middleware"}
    )

    assert (await door.register()).publication == door.publisher.publication


@pytest.mark.parametrize(
    "base_url",
    [
        "http://traefik:30090",
        "http://gateway.example:30092/x",
        "http://127.0.0.1:30090",
        "http://[::1]:30092",
        "http://10.0.0.1:30090",
        "http://alias.example:30090",
    ],
)
async def test_the_gateway_is_no_target_under_any_of_its_names(door: Door, base_url: str) -> None:
    door.network.names["alias.example"] = ["10.0.0.7", "10.0.0.1"]

    with pytest.raises(InvalidInputError, match="is the gateway itself"):
        await door.register(base_url)

    assert door.sidecar.registry.services == {}


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:30094", "http://10.0.0.5:30090"])
async def test_another_port_or_another_machine_is_a_target(door: Door, base_url: str) -> None:
    assert (await door.register(base_url)).registered.outcome == "created"


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1", "fd00:ec2::254", "0.0.0.0"])  # noqa: S104
async def test_a_name_that_leads_where_nobody_may_go_is_refused(door: Door, address: str) -> None:
    door.network.names["nice.example"] = ["10.0.0.7", address]

    with pytest.raises(InvalidInputError) as caught:
        await door.register("http://nice.example")

    assert caught.value.errors[0].field == "base_url"
    assert address in str(caught.value)


async def test_a_name_that_is_unknown_from_here_is_taken(door: Door) -> None:
    said = await door.register("http://only-traefik-knows")

    assert said.warnings == ["base_url: nothing answers at http://only-traefik-knows yet."]


@pytest.mark.parametrize("host", ["gateway.example", "GATEWAY.example", "a.localhost"])
async def test_the_gateways_own_names_are_no_services_host(door: Door, host: str) -> None:
    with pytest.raises(InvalidInputError, match="gateway's own name"):
        await door.register(host=host)


async def test_a_silent_loopback_address_is_explained(door: Door) -> None:
    said = await door.register("http://127.0.0.1:8000")

    assert "register http://host.docker.internal:8000" in said.warnings[0]


async def test_what_is_kept_has_the_policies_of_its_preset(door: Door) -> None:
    said = await door.register(preset="safe", policies={"rateLimit": {"average": 5}})

    kept = door.sidecar.registry.get("math")
    assert kept == said.registered.service
    assert kept.preset == "safe"
    assert kept.policies == policies(keyauth={}, rateLimit={"average": 5})


async def test_policies_that_are_not_offered_change_nothing(door: Door) -> None:
    with pytest.raises(InvalidInputError) as caught:
        await door.register(policies={"rateLimit": {"average": 5, "shared": True}})

    assert [each.field for each in caught.value.errors] == ["policies.rateLimit.shared"]
    assert door.sidecar.registry.services == {}


async def test_policies_that_do_nothing_yet_are_said_so(door: Door) -> None:
    said = await door.register(policies={"failover": {"service": "spare"}})

    assert said.warnings == [
        "policies.failover: 'spare' is not registered yet; until it is, this does nothing."
    ]


async def test_policies_that_a_registration_drops_are_said_so(door: Door) -> None:
    _ = await door.register(policies={"keyauth": {}, "compress": {}, "rateLimit": {"average": 1}})

    said = await door.register(policies={"compress": {}})

    assert said.warnings == [
        "policies: keyauth, rateLimit no longer hold: this registration has none."
    ]
