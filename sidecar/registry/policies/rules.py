"""What policies ask of the rest of a registration, and of other services."""

from collections.abc import Collection, Iterable, Mapping

from sidecar.kit.errors import InvalidInputError
from sidecar.registry.errors import NotBackupError
from sidecar.registry.models import Instance, Service, ServiceTerms
from sidecar.registry.policies.models import Policies


def check_terms(terms: ServiceTerms) -> None:
    """Raise `InvalidInputError` where the policies do not fit what the service is."""
    policies = terms.policies
    headers, check = policies.headers, policies.health_check
    if headers and headers.sts_seconds is not None and terms.host is None:
        raise _invalid(
            "headers.stsSeconds", "holds for a whole host name: it needs a `host` of the service's"
        )
    if check and check.path is None and terms.health is None:
        raise _invalid("healthCheck.path", "is needed where the service gives no `health`")
    if terms.name in policies.targets:
        raise _invalid(f"{_policy_of(policies, terms.name)}.service", "must be another service")


def check_shares(policies: Policies, instances: Iterable[Instance]) -> None:
    """Raise `InvalidInputError` for weights that the strategy would not heed."""
    if policies.strategy in {None, "wrr"}:
        return
    if any(instance.weight != 1 for instance in instances):
        raise _invalid("strategy", f"{policies.strategy} knows no weights; only wrr does")


def check_plugins(policies: Policies, allowed: Collection[str]) -> None:
    """Raise `InvalidInputError` for a plugin that is not on the list of the gateway's owner."""
    for name in policies.plugin or ():
        if name not in allowed:
            known = ", ".join(sorted(allowed)) or "none"
            raise _invalid(
                f"plugin.{name}", f"is not allowed here (GATEHOUSE_ALLOWED_PLUGINS: {known})"
            )


def check_targets(service: Service, others: Mapping[str, Service]) -> None:
    """Raise for a target that is registered and can not stand in; one that is not yet may come.

    Raises `NotBackupError` where its owner has not agreed, else `InvalidInputError`.
    """
    for name in service.policies.targets:
        target = others.get(name)
        if target is None:
            continue
        field = f"policies.{_policy_of(service.policies, name)}.service"
        if not _agreed(service, target):
            raise NotBackupError(
                f"{field}: {name!r} was registered with another key ({target.owner}) than"
                f" {service.name!r} ({service.owner}). Register both with one key; or register"
                f" {service.name!r} without it, then {name!r} with {service.name!r} in its"
                f" backup_for, then {service.name!r} with it."
            )
        if not _same_paths(service, target):
            raise InvalidInputError.of(
                field, f"{name!r} sees other paths: of both, strip_prefix must be on"
            )


def standing_in(service: Service, others: Mapping[str, Service]) -> frozenset[str]:
    """Answer which of a service's targets can take its requests now."""
    return frozenset(
        name
        for name in service.policies.targets
        if (target := others.get(name)) is not None
        and target.instances
        and _agreed(service, target)
        and _same_paths(service, target)
    )


def dropped(before: Policies, after: Policies) -> list[str]:
    """Answer what a service's owner should know: policies that held before and no longer do."""
    gone = [
        str(info.alias)
        for field, info in Policies.model_fields.items()
        if getattr(before, field) is not None and getattr(after, field) is None
    ]
    return (
        [f"policies: {', '.join(gone)} no longer hold: this registration has none."] if gone else []
    )


def warnings(service: Service, others: Mapping[str, Service]) -> list[str]:
    """Answer what the owner should know: policies that do nothing for now."""
    found = [
        f"policies.{_policy_of(service.policies, name)}: {name!r} is not registered yet;"
        " until it is, this does nothing."
        for name in service.policies.targets
        if name not in others
    ]
    found += [
        f"backup_for: nobody has registered {name!r} yet; register again once somebody has."
        for name in service.backup_for
        if name not in service.consents
    ]
    failover, canary = service.policies.failover, service.policies.canary
    if not service.instances and failover:
        found.append(f"No instance is registered; {failover.service!r} stands in where it can.")
    if service.policies.health_check and len(service.base_paths) > 1:
        found.append(
            "policies.healthCheck: does nothing while the paths in the instances' base_url differ."
        )
    versions = {instance.version for instance in service.instances.values()}
    if canary and canary.version not in versions:
        found.append(f"policies.canary: no instance has the version {canary.version!r} yet.")
    return found


def _agreed(service: Service, target: Service) -> bool:
    # On this way the target's own router, and with it its key check, is passed by.
    return target.owner == service.owner or (
        service.name in target.backup_for and target.consents.get(service.name) == service.owner
    )


def _same_paths(service: Service, target: Service) -> bool:
    return _sees_bare_paths(service) and _sees_bare_paths(target)


def _sees_bare_paths(service: Service) -> bool:
    return service.strip_prefix or service.prefix == "/"


def _policy_of(policies: Policies, target: str) -> str:
    return "failover" if policies.failover and policies.failover.service == target else "mirror"


def _invalid(field: str, message: str) -> InvalidInputError:
    return InvalidInputError.of(f"policies.{field}", message)
