"""Services in, Traefik's routing configuration out."""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from sidecar.edge.emit import emit
from sidecar.edge.models import (
    HealthCheck,
    IpAllowList,
    LoadBalancer,
    Middleware,
    Retry,
    Router,
    Rule,
    Server,
    StripPrefix,
    TraefikService,
)
from sidecar.registry.models import Instance, Service

SENTINEL = "generation."
_INDENT = 4
# With several callers at once the next server in turn may be the dead one again.
_RETRY_ATTEMPTS = 5
_CLOSED = Middleware(
    ipAllowList=IpAllowList(sourceRange=("255.255.255.255/32",), rejectStatusCode=404)
)
_HEADER = (
    "# Written by Gatehouse from what is registered: changes made here are lost.\n"
    "# Routes of your own go into a file beside this one.\n"
)


@dataclass(frozen=True, slots=True)
class Fragment:
    """One service's part of the file, as text; empty where the service is not routed."""

    routers: str = ""
    middlewares: str = ""
    services: str = ""

    def is_in(self, text: str) -> bool:
        """Tell whether a file has this part as it is."""
        return all(part in text for part in (self.routers, self.middlewares, self.services))


def render(service: Service, left_out: Collection[str] = ()) -> Fragment:
    """Answer one service's part of the configuration.

    `left_out` are the ids of instances that fail their probes. Where that leaves nobody to take a
    request, all stay: the probe may be wrong, and no server at all is no better.
    """
    if service.expose == "none":
        return Fragment()
    healthy = [item for item in service.instances.values() if item.instance_id not in left_out]
    instances = healthy if any(map(_weight, healthy)) else list(service.instances.values())
    middlewares = _middlewares(service, len(instances))
    closed = {f"{service.name}.closed": _CLOSED} if service.expose == "routes" else {}
    return Fragment(
        routers=emit(_routers(service, tuple(middlewares)), _INDENT),
        middlewares=emit(middlewares | closed, _INDENT),
        services=emit({service.name: _traefik_service(service, instances)}, _INDENT),
    )


def assemble(fragments: Mapping[str, Fragment], *, note: str = "") -> tuple[str, str]:
    """Answer the whole file and its generation: deterministic, in the order of the names.

    The generation is the first 12 hex digits of the SHA-256 of everything but the sentinel that
    carries it. `note` makes an otherwise equal file another generation.
    """
    ordered = [fragments[name] for name in sorted(fragments)]
    sections = [
        f"  {section}:\n{text}"
        for section in ("routers", "middlewares", "services")
        # Traefik refuses a file with an empty map; the sentinel keeps `routers` from being one.
        if (text := "".join(getattr(fragment, section) for fragment in ordered))
    ]
    routers = sections.pop(0) if sections else "  routers:\n"
    rest = "".join(sections)
    generation = hashlib.sha256(f"{note}\n{routers}{rest}".encode()).hexdigest()[:12]
    return f"{_HEADER}http:\n{routers}{_sentinel(generation)}{rest}", generation


def owner_of(router: str) -> str:
    """Answer the service that a router of ours belongs to."""
    return router.partition("@")[0].partition(".")[0]


def _sentinel(generation: str) -> str:
    router = Router(
        entryPoints=("admin",),
        rule=Rule(host=None, prefix=f"/generation/{generation}"),
        priority=1,
        service="noop@internal",
    )
    return emit({f"{SENTINEL}{generation}": router}, _INDENT)


def _routers(service: Service, middlewares: tuple[str, ...]) -> dict[str, Router]:
    operations = tuple((method, route.path) for route in service.routes for method in route.methods)
    everything = Rule(host=service.host, prefix=service.prefix)
    rule = everything
    if service.expose == "routes":
        rule = replace(everything, operations=operations)
    main = Router(
        rule=rule, priority=rule.priority, middlewares=middlewares or None, service=service.name
    )
    if rule is everything:
        return {service.name: main}
    # What is not listed is 404 here, also where the prefix lies inside another service's.
    closed = Router(
        rule=everything,
        priority=everything.priority,
        middlewares=(f"{service.name}.closed",),
        service="noop@internal",
    )
    return {service.name: main, f"{service.name}.closed": closed}


def _middlewares(service: Service, servers: int) -> dict[str, Middleware]:
    found: dict[str, Middleware] = {}
    if service.strip_prefix and service.prefix != "/":
        strip = StripPrefix(prefixes=(service.prefix,))
        found[f"{service.name}.strip"] = Middleware(stripPrefix=strip)
    if servers > 1:
        found[f"{service.name}.retry"] = Middleware(retry=Retry(attempts=_RETRY_ATTEMPTS))
    return found


def _traefik_service(service: Service, instances: Iterable[Instance]) -> TraefikService:
    known = list(instances)
    # Traefik answers 503 where all weights are 0, as when only drained instances have stayed.
    weighted = any(map(_weight, known))
    servers = tuple(_server(instance, weighted=weighted) for instance in known)
    return TraefikService(
        loadBalancer=LoadBalancer(servers=servers, healthCheck=_health_check(service))
    )


def _weight(instance: Instance) -> int:
    return instance.weight


def _server(instance: Instance, *, weighted: bool) -> Server:
    return Server(
        url=instance.base_url,
        weight=instance.weight if weighted and instance.weight != 1 else None,
        preservePath=True if instance.address.path else None,
    )


def _health_check(service: Service) -> HealthCheck | None:
    # Traefik has one check path for all servers of a service and resolves it against the origin.
    paths = {instance.address.path for instance in service.instances.values()}
    if service.health is None or len(paths) > 1:
        return None
    return HealthCheck(
        path=paths.pop() + service.health.path,
        interval=f"{service.health.interval_seconds}s",
        timeout=f"{service.health.timeout_seconds}s",
    )
