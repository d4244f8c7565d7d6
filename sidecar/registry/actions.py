"""What callers may do with the registry."""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

from sidecar.access.models import Caller, Scope
from sidecar.kit.errors import UnavailableError, ValkeyAwayError
from sidecar.registry.admit import Standing, admit, check_owner
from sidecar.registry.errors import InstanceNotFoundError, ServiceNotFoundError
from sidecar.registry.holding import Holding, Owners
from sidecar.registry.ledger import Ledger
from sidecar.registry.models import Registration, Service
from sidecar.registry.store import Change, LeaseKey

Outcome = Literal["created", "changed", "renewed"]
_ATTEMPTS = 20


class Announcer(Protocol):
    """Where the registry says what happened: `service.registered`, `service.expired`, …."""

    def __call__(self, event: str, subject: str, **data: Any) -> None: ...


@dataclass(frozen=True)
class Registered:
    """What a registration led to."""

    service: Service
    instance_id: str
    outcome: Outcome


class Registry:
    """Services by name, each with its owner and its instances."""

    def __init__(self, ledger: Ledger, announce: Announcer, owners: Owners) -> None:
        self._ledger = ledger
        self._announce = announce
        self._owners = owners
        self._holding = Holding(lambda: self.services, owners)

    @property
    def services(self) -> Mapping[str, Service]:
        """Everything registered, by name; raises `UnavailableError` before it was first read."""
        if not self._ledger.is_loaded:
            raise UnavailableError("The registry is not read yet: Valkey has not answered.")
        return self._ledger.services

    def get(self, name: str) -> Service:
        """Answer the service, or raise `ServiceNotFoundError`."""
        service = self.services.get(name)
        if service is None:
            raise ServiceNotFoundError(f"{name!r} is not registered.")
        return service

    def visible_to(self, caller: Caller) -> list[Service]:
        """Answer the services a caller may see: all with `services:read`, else its own."""
        everything = caller.may(Scope.SERVICES_READ)
        return [
            service
            for _, service in sorted(self.services.items())
            if everything or caller.owns(service.owner)
        ]

    def show(self, name: str, caller: Caller) -> Service:
        """Answer one service, or raise `ServiceNotFoundError` or `NotOwnerError`."""
        service = self.get(name)
        if not caller.may(Scope.SERVICES_READ):
            check_owner(name, service.owner, caller)
        return service

    def expires_at(self, service: Service, instance_id: str) -> datetime | None:
        """Answer when an instance's lease ends, or `None` for one that never does."""
        ends_at = self._ledger.lease_ends_at(service, instance_id)
        return None if ends_at is None else datetime.fromtimestamp(ends_at, UTC)

    async def document(self, name: str) -> dict[str, Any] | None:
        """Answer the inline OpenAPI document of a service, or `None`."""
        raw = await self._ledger.store.document(name)
        return None if raw is None else dict(json.loads(raw))

    async def register(self, wanted: Registration, caller: Caller) -> Registered:
        """Add an instance or renew it; kept when this returns.

        Raises what `admit` raises, and `UnavailableError` when the store is away, or for a new name
        when it can not be told whose it is.
        """
        document = None if wanted.openapi is None else json.dumps(wanted.openapi).encode()
        await self._holding.check_room(wanted, caller)
        consents = await self._holding.consents(wanted)
        owner = await self._claim(wanted, caller, consents)
        standing = Standing(owner, consents)
        async with self._ledger.writing:
            for _ in range(_ATTEMPTS):
                registered = await self._try_register(wanted, caller, document, standing)
                if registered is not None:
                    return registered
        raise UnavailableError("The registry changes faster than it can be read.")

    async def heartbeat(self, name: str, instance_id: str, caller: Caller) -> None:
        """Renew a lease, or raise `InstanceNotFoundError`: the instance registers again."""
        service = self.services.get(name)
        if service is not None:
            _check_caller(service, caller)
        if (
            service is None
            or instance_id not in service.instances
            or not await self._ledger.renew((name, instance_id))
        ):
            raise InstanceNotFoundError(
                f"{instance_id!r} of {name!r} has no lease; register again."
            )

    async def deregister(
        self, name: str, caller: Caller, *, instance_id: str | None = None
    ) -> None:
        """End one instance's lease, or those of a whole service.

        Raises `ServiceNotFoundError`, `InstanceNotFoundError` or `NotOwnerError`.
        """
        async with self._ledger.writing:
            for _ in range(_ATTEMPTS):
                service = self.get(name)
                _check_caller(service, caller)
                if instance_id is not None and instance_id not in service.instances:
                    raise InstanceNotFoundError(f"{instance_id!r} of {name!r} is not registered.")
                whole = instance_id is None
                gone = service.instances if instance_id is None else [instance_id]
                keys = [(name, id_) for id_ in gone]
                change = _without(self.services, keys, removed={name} if whole else ())
                if await self._ledger.commit(change):
                    self._announce("service.deregistered", name, instances=list(gone))
                    return
        raise UnavailableError("The registry changes faster than it can be read.")

    async def remove(self, name: str, caller: Caller) -> None:
        """End all leases of a service, and let its name go; also where it only holds the name.

        Raises `ServiceNotFoundError` or `NotOwnerError`.
        """
        # Asked before anything is changed, so that nothing is where this can not be told.
        owner = await self._owners.find(name)
        if name in self.services:
            await self.deregister(name, caller)
        elif owner is None:
            raise ServiceNotFoundError(f"{name!r} is not registered.")
        else:
            check_owner(name, owner, caller)
        if owner is not None and caller.owns(owner):
            await self._owners.release(name, owner)

    async def expire(self) -> None:
        """Take out every instance whose lease has ended; called all the time."""
        if not self._ledger.is_in_step or not (self._ledger.ended() or self._holding.orphans()):
            return
        with suppress(UnavailableError):
            async with self._ledger.writing:
                await self._take_out_ended()

    async def _take_out_ended(self) -> None:
        # Another sidecar may have taken the heartbeat.
        await self._ledger.heed_renewals(self._ledger.ended())
        ended = self._ledger.ended()
        # The store may have been away while the lock was held.
        orphans = self._holding.orphans()
        if not (ended or orphans) or not self._ledger.is_in_step:
            return
        change = _without(self.services, ended, removed=orphans, unrenewed=ended)
        if await self._ledger.commit(change):
            for name in orphans:
                self._announce("service.expired", name, instances=[])
            for name, instance_id in ended:
                self._announce("service.expired", name, instances=[instance_id])

    async def _claim(
        self, wanted: Registration, caller: Caller, consents: Mapping[str, str]
    ) -> str | None:
        """Answer whose a new name is, which makes it the caller's if nobody's; `None` for others.

        Not done while the registry is held: a renewal never waits for who owns what.
        """
        if self._holding.service(wanted.name) is not None:
            return None
        # What is refused claims nothing.
        self._admit(wanted, caller, Standing(None, consents), digest=None)
        if self._ledger.is_away:
            raise ValkeyAwayError
        return await self._owners.claim(wanted.name, caller.key_id)

    def _admit(
        self, wanted: Registration, caller: Caller, standing: Standing, *, digest: str | None
    ) -> Service:
        held = self._holding.service(wanted.name)
        others = [item for item in self.services.values() if item.name != wanted.name]
        now = self._ledger.clock.now()
        services = others if held is None else [*others, held]
        return admit(
            wanted,
            caller,
            services,
            document_hash=digest,
            now=now,
            standing=standing,
        )

    async def _try_register(
        self,
        wanted: Registration,
        caller: Caller,
        document: bytes | None,
        standing: Standing,
    ) -> Registered | None:
        digest = None if document is None else hashlib.sha256(document).hexdigest()[:16]
        before = self._holding.service(wanted.name)
        if before is None and standing.owner is None:
            # It was live a moment ago.
            owner = await self._owners.claim(wanted.name, caller.key_id)
            standing = replace(standing, owner=owner)
        service = self._admit(wanted, caller, standing, digest=digest)
        key = (service.name, wanted.instance_id)
        if service == before:
            if await self._ledger.renew(key):
                return Registered(service, wanted.instance_id, "renewed")
            await self._ledger.read()
            return None
        replaced = self.services.get(wanted.name)
        gone = replaced.instances.keys() - service.instances.keys() if replaced else ()
        change = Change(
            put=[service],
            leases={key: self._ledger.now()},
            drop_leases=[(service.name, instance_id) for instance_id in sorted(gone)],
            documents={service.name: document} if document else {},
            drop_documents=() if document else [service.name],
        )
        if not await self._ledger.commit(change):
            return None
        known = before is not None and wanted.instance_id in before.instances
        self._announce("service.changed" if before else "service.registered", service.name)
        return Registered(service, wanted.instance_id, "changed" if known else "created")


def _check_caller(service: Service, caller: Caller) -> None:
    check_owner(service.name, service.owner, caller)
    caller.require_service(service.name, service.prefix, service.host)


def _without(
    services: Mapping[str, Service],
    gone: Iterable[LeaseKey],
    *,
    removed: Collection[str] = (),
    unrenewed: Mapping[LeaseKey, float] | None = None,
) -> Change:
    """Answer the change that takes instances out, and with its last one a service.

    One that another service can stand in for stays without instances, unless it is `removed`.
    """
    leaving = set(gone)
    put, delete = [], []
    for name in sorted({*removed, *(name for name, _ in leaving)}):
        service = services[name]
        rest = {id_: item for id_, item in service.instances.items() if (name, id_) not in leaving}
        if rest or (service.policies.failover and name not in removed):
            put.append(service.model_copy(update={"instances": rest}))
        else:
            delete.append(name)
    return Change(
        put=put,
        delete=delete,
        drop_leases=sorted(leaving),
        unrenewed=unrenewed or {},
        drop_documents=delete,
    )
