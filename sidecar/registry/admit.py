"""Whether a registration may join what is registered, and what the service is after it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sidecar.access.errors import ForbiddenError
from sidecar.access.models import Caller
from sidecar.kit.errors import InvalidInputError
from sidecar.registry.errors import (
    NotOwnerError,
    PermanentLeaseError,
    PrefixConflictError,
    ServiceConflictError,
)
from sidecar.registry.models import Instance, Registration, Service, overlaps
from sidecar.registry.policies.models import Policies
from sidecar.registry.policies.rules import check_shares, check_targets

_HELD = ("prefix", "host", "expose")
_PROTECTING = ("ip_allow_list", "basic_auth", "keyauth")


@dataclass(frozen=True)
class Standing:
    """What is remembered of a name.

    `owner` is the key that holds it where no live service does; `consents` are the names that its
    `backup_for` agrees with, each with the key that holds it.
    """

    owner: str | None
    consents: Mapping[str, str]


_NEW = Standing(owner=None, consents={})


def admit(
    registration: Registration,
    caller: Caller,
    services: Iterable[Service],
    *,
    document_hash: str | None,
    now: datetime,
    standing: Standing = _NEW,
) -> Service:
    """Answer the service as it is with this instance in it, or raise why it can not be.

    `services` are those that hold live leases. Raises `ForbiddenError`, `PermanentLeaseError`,
    `NotOwnerError`, `ServiceConflictError`, `PrefixConflictError`, `NotBackupError` or
    `InvalidInputError` (weights that are all zero or that the strategy does not heed, targets that
    see other paths).
    """
    caller.require_service(registration.name, registration.prefix, registration.host)
    if registration.policies.keyauth and registration.policies.keyauth.forward_key:
        check_may_see_keys(caller)
    others = {service.name: service for service in services}
    current = others.pop(registration.name, None)
    if registration.ttl_seconds is None and not caller.is_admin:
        raise PermanentLeaseError("ttl_seconds: null never ends; give 5 to 86400 seconds.")
    owner = current.owner if current else standing.owner or caller.key_id
    check_owner(registration.name, owner, caller)
    if current is not None:
        _check_terms(current, registration, caller)
    _check_prefix(registration, owner, others.values())
    instances = dict(current.instances) if current else {}
    instances[registration.instance_id] = _instance(registration, instances, now)
    _check_weights(instances.values())
    check_shares(registration.policies, instances.values())
    service = Service(
        **dict(registration.terms),
        owner=owner,
        created_at=current.created_at if current else now,
        instances=instances,
        document_hash=document_hash,
        consents=dict(standing.consents),
    )
    check_targets(service, others)
    return service


def check_may_see_keys(caller: Caller) -> None:
    """Raise `ForbiddenError` unless the caller is admin: with `forwardKey` a service sees keys."""
    if not caller.is_admin:
        raise ForbiddenError(
            "policies.keyauth.forwardKey: hands callers' keys to the service, so it takes the"
            " admin key."
        )


def check_owner(name: str, owner: str, caller: Caller) -> None:
    """Raise `NotOwnerError` unless the caller's key registered the name first, or is admin."""
    if not caller.owns(owner):
        raise NotOwnerError(f"{name!r} was registered with another key.")


def _check_terms(current: Service, wanted: Registration, caller: Caller) -> None:
    # The only instance may come back on other terms: that is a restart with a changed setting.
    if set(current.instances) <= {wanted.instance_id}:
        return
    for field in _HELD:
        held, asked = getattr(current, field), getattr(wanted, field)
        if held != asked:
            raise ServiceConflictError(
                f"{field}: live instances of {wanted.name!r} hold {held!r}, this one asks for"
                f" {asked!r}. Deregister them first, or use another name."
            )
    if not caller.is_admin:
        _check_protection(current, wanted)


def _check_protection(current: Service, wanted: Registration) -> None:
    # One instance that is started without its settings must not open all the others.
    for field in _PROTECTING:
        if getattr(current.policies, field) and not getattr(wanted.policies, field):
            name = Policies.model_fields[field].alias
            raise ServiceConflictError(
                f"policies.{name}: live instances of {wanted.name!r} are protected by it, and this"
                " registration would switch it off for all of them. Say it here too, deregister"
                " them first, or use the admin key."
            )


def _check_prefix(wanted: Registration, owner: str, others: Iterable[Service]) -> None:
    if wanted.expose == "none":
        return
    for other in others:
        if other.expose == "none" or other.host != wanted.host:
            continue
        if other.prefix == wanted.prefix:
            raise PrefixConflictError(f"prefix: {wanted.prefix} is held by {other.name!r}.")
        if other.owner != owner and overlaps(other.prefix, wanted.prefix):
            raise PrefixConflictError(
                f"prefix: {wanted.prefix} overlaps {other.prefix} of {other.name!r},"
                " which belongs to another key."
            )


def _instance(registration: Registration, known: dict[str, Instance], now: datetime) -> Instance:
    before = known.get(registration.instance_id)
    return Instance(
        instance_id=registration.instance_id,
        base_url=registration.base_url,
        weight=registration.weight,
        ttl_seconds=registration.ttl_seconds,
        version=registration.version,
        registered_at=before.registered_at if before else now,
    )


def _check_weights(instances: Collection[Instance]) -> None:
    if all(instance.weight == 0 for instance in instances):
        raise InvalidInputError.of("weight", "at least one instance needs a weight above 0")
