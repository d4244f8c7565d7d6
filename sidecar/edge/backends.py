"""What a service's requests end at: its instances, and the services that stand in for it."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sidecar.edge.models import LoadBalancer, Server, TraefikService, Tree
from sidecar.registry.models import Instance, Service
from sidecar.registry.policies.resilience import Canary, Failover

# As in the static configuration, for services that have a transport of their own.
MAX_IDLE_CONNECTIONS = 200
# Traefik sets as much memory aside for every request; these methods hardly ever have a body.
_READING_BODY_BYTES = 16 * 1024
_READING = ("GET", "HEAD", "OPTIONS", "TRACE", "DELETE")
_WRITING = ("PUT",)
_UNSAFE = ("POST", "PATCH")


@dataclass(frozen=True)
class Way:
    """Which Traefik service takes the requests with these methods; none of them means all others.

    `suffix` tells the routers of one service apart.
    """

    service: str
    suffix: str = ""
    methods: tuple[str, ...] = ()


@dataclass(frozen=True)
class Backends:
    """Traefik services by name, and the ways into them; no way where nobody takes requests."""

    services: dict[str, TraefikService]
    ways: tuple[Way, ...]


def backends(
    service: Service,
    instances: Sequence[Instance],
    standing_in: Collection[str],
    *,
    is_down: bool = False,
) -> Backends:
    """Answer what takes a service's requests; `is_down` says that its instances can not.

    Other services are always reached at their own instances, never at what stands in for them:
    no configuration can go round in circles.
    """
    services: dict[str, TraefikService] = {}
    failover = service.policies.failover
    if failover and failover.service not in standing_in:
        failover = None
    if instances:
        services[service.name] = TraefikService(loadBalancer=_load_balancer(service, instances))
    if failover and (is_down or not instances):
        return Backends(services, (Way(failover.service),))
    if not instances:
        return Backends(services, ())
    inner = _mirrored(service, services, standing_in)
    if failover is None:
        return Backends(services, (Way(inner),))
    return Backends(services, _with_failover(service, failover, inner, services))


def _with_failover(
    service: Service, failover: Failover, inner: str, services: dict[str, TraefikService]
) -> tuple[Way, ...]:
    name, limit = service.name, failover.max_request_body_bytes

    def over(suffix: str, body_bytes: int | None) -> str:
        errors: Tree = {"status": failover.status, "maxRequestBodyBytes": body_bytes}
        tree: Tree = {
            "service": inner,
            "fallback": failover.service,
            "errors": None if body_bytes is None else errors,
        }
        services[f"{name}.{suffix}"] = TraefikService(failover=tree)
        return f"{name}.{suffix}"

    writing = _WRITING + (_UNSAFE if failover.unsafe_methods else ())
    # Without a check of the servers, Traefik has nothing but answers to go by.
    rest = over("failover-down", None) if _health_check(service) else inner
    return (
        Way(over("failover", min(limit, _READING_BODY_BYTES)), ".reading", _READING),
        Way(over("failover-body", limit), ".writing", writing),
        Way(rest),
    )


def _mirrored(
    service: Service, services: dict[str, TraefikService], standing_in: Collection[str]
) -> str:
    mirror = service.policies.mirror
    if mirror is None or mirror.service not in standing_in:
        return service.name
    tree: Tree = {
        "service": service.name,
        "mirrorBody": mirror.mirror_body,
        "maxBodySize": mirror.max_body_size,
        "mirrors": [{"name": mirror.service, "percent": mirror.percent}],
        # Passes on to a failover around it whether the service is up.
        "healthCheck": {} if _health_check(service) else None,
    }
    services[f"{service.name}.mirror"] = TraefikService(mirroring=tree)
    return f"{service.name}.mirror"


def _load_balancer(service: Service, instances: Sequence[Instance]) -> LoadBalancer:
    policies = service.policies
    passive = policies.passive_health_check
    return LoadBalancer(
        servers=_servers(instances, policies.canary),
        strategy=policies.strategy,
        sticky=_sticky(service),
        healthCheck=_health_check(service),
        passiveHealthCheck=passive.model_dump(exclude_none=True) if passive else None,
        serversTransport=service.name if policies.timeouts else None,
    )


def _servers(instances: Sequence[Instance], canary: Canary | None) -> tuple[Server, ...]:
    weights = [instance.weight for instance in instances]
    if canary:
        weights = shared_out(
            weights, [instance.version == canary.version for instance in instances], canary.weight
        )
    # Traefik answers 503 where all weights are 0, as when only drained instances have stayed.
    weighted = any(weights)
    return tuple(
        Server(
            url=instance.base_url,
            weight=weight if weighted and weight != 1 else None,
            preservePath=True if instance.address.path else None,
        )
        for instance, weight in zip(instances, weights, strict=True)
    )


def shared_out(weights: Sequence[int], chosen: Sequence[bool], percent: int) -> list[int]:
    """Answer whole weights by which the chosen have `percent` of all, and keep their proportions.

    Where there are only chosen ones, or none, the weights stay as they are.
    """
    ours = sum(weight for weight, is_ours in zip(weights, chosen, strict=True) if is_ours)
    theirs = sum(weights) - ours
    if not ours or not theirs:
        return list(weights)
    scaled = [
        weight * (percent * theirs if is_ours else (100 - percent) * ours)
        for weight, is_ours in zip(weights, chosen, strict=True)
    ]
    divisor = math.gcd(*scaled)
    return [weight // divisor for weight in scaled]


def _sticky(service: Service) -> Tree | None:
    sticky = service.policies.sticky
    if sticky is None:
        return None
    # All services share one origin: the cookie must not reach the others.
    return {"cookie": {**sticky.cookie.model_dump(exclude_none=True), "path": service.prefix}}


def _health_check(service: Service) -> Tree | None:
    # Traefik has one check path for all servers of a service and resolves it against the origin.
    bases = service.base_paths
    health, policy = service.health, service.policies.health_check
    path = policy.path if policy and policy.path else health.path if health else None
    if path is None or len(bases) > 1:
        return None
    times: dict[str, Any] = {}
    if policy:
        times = policy.model_dump(exclude_none=True)
    elif health:
        times = {"interval": f"{health.interval_seconds}s", "timeout": f"{health.timeout_seconds}s"}
    return {**times, "path": bases.pop() + path, "followRedirects": False}
