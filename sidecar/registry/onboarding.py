"""A registration from the door to the edge: checked, kept, published, confirmed."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from sidecar.access.models import Caller
from sidecar.kit.addresses import is_loopback, why_address_refused
from sidecar.kit.clock import Clock
from sidecar.kit.errors import InvalidInputError
from sidecar.registry.actions import Registered, Registry
from sidecar.registry.address import BaseUrl, parse_base_url
from sidecar.registry.client import NetworkClient
from sidecar.registry.errors import RegistrationRejectedError
from sidecar.registry.models import Registration
from sidecar.registry.policies.rules import dropped, warnings
from sidecar.registry.presets import PolicyBook

_NOT_HERE = (
    "base_url: nothing answers at {origin} where Traefik runs. Start the service, or correct the"
    " port; if Traefik is in a container and your service is not, register"
    " http://host.docker.internal:{port} and let the service listen on 0.0.0.0."
)


@dataclass(frozen=True)
class Publication:
    """What came of bringing the registry to the edge.

    `generation` is the one that holds the change; `live` says whether the edge was seen to route
    it; `rejected` gives a reason for each service that the edge refused.
    """

    live: bool
    generation: str
    rejected: Mapping[str, str]


class Publisher(Protocol):
    async def publish(self) -> Publication:
        """Bring everything registered to the edge, and wait until that is settled."""
        ...


@dataclass(frozen=True)
class OwnAddresses:
    """Where the gateway itself answers: no service may point there, or take its name."""

    hosts: frozenset[str]
    ports: frozenset[int]


@dataclass(frozen=True)
class Onboarded:
    """What a caller is told."""

    registered: Registered
    publication: Publication | None
    ready_ms: float
    warnings: list[str]


class Onboarding:
    """Registration as a caller means it: afterwards the service can be called."""

    def __init__(
        self,
        registry: Registry,
        publisher: Publisher,
        network: NetworkClient,
        own: OwnAddresses,
        book: PolicyBook,
        clock: Clock,
    ) -> None:
        self._registry = registry
        self._publisher = publisher
        self._network = network
        self._own = own
        self._book = book
        self._clock = clock

    async def register(self, wanted: Registration, caller: Caller, *, wait: bool) -> Onboarded:
        """Register an instance; with `wait`, answer when the edge routes to it.

        Raises `InvalidInputError` for an address that must not be routed to and for policies that
        are not offered, what `Registry.register` raises, and `RegistrationRejectedError` when the
        edge refuses.
        """
        began = self._clock.monotonic()
        wanted = self._book.settle(wanted)
        address = parse_base_url(wanted.base_url)
        await self._check_address(address)
        self._check_host(wanted.host)
        before = self._registry.services.get(wanted.name)
        registered = await self._registry.register(wanted, caller)
        reachable = asyncio.ensure_future(self._warnings(address))
        publication = await self._publisher.publish() if wait else None
        if publication and wanted.name in publication.rejected:
            reachable.cancel()
            raise RegistrationRejectedError(
                f"Traefik refuses what {wanted.name!r} asks for: "
                + publication.rejected[wanted.name]
            )
        ready_ms = (self._clock.monotonic() - began) * 1000
        found = [*await reachable, *warnings(registered.service, self._registry.services)]
        if before:
            found += dropped(before.policies, registered.service.policies)
        return Onboarded(registered, publication, ready_ms, found)

    async def _check_address(self, address: BaseUrl) -> None:
        found = await self._network.addresses(address.host)
        for item in found:
            reason = why_address_refused(item)
            if reason:
                raise InvalidInputError.of("base_url", f"{address.host} ({item}) {reason}")
        if address.port in self._own.ports and (
            address.host in self._own.hosts or any(map(self._network.is_this_machine, found))
        ):
            raise InvalidInputError.of("base_url", f"{address.origin} is the gateway itself")

    def _check_host(self, host: str | None) -> None:
        if host in self._own.hosts or (host and is_loopback(host)):
            raise InvalidInputError.of("host", f"{host} is the gateway's own name")

    async def _warnings(self, address: BaseUrl) -> list[str]:
        if await self._network.answers(address):
            return []
        if is_loopback(address.host):
            return [_NOT_HERE.format(origin=address.origin, port=address.port)]
        return [f"base_url: nothing answers at {address.origin} yet."]
