"""Services in, Traefik's routing configuration out."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from sidecar.edge.backends import MAX_IDLE_CONNECTIONS, Backends, backends
from sidecar.edge.emit import emit
from sidecar.edge.middlewares import SharedLimits, middlewares
from sidecar.edge.models import Router, Rule, Tree
from sidecar.registry.models import Instance, Service

SENTINEL = "generation."
_INDENT = 4
_SECTIONS = ("routers", "middlewares", "services", "transports")
_TITLES = {"transports": "serversTransports"}
_CLOSED: Tree = {"ipAllowList": {"sourceRange": ["255.255.255.255/32"], "rejectStatusCode": 404}}
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
    transports: str = ""

    @property
    def unrouted(self) -> "Fragment":
        """What other services may end at, without a way in of its own."""
        return Fragment(services=self.services, transports=self.transports)

    def is_in(self, text: str) -> bool:
        """Tell whether a file has this part as it is."""
        return all(getattr(self, section) in text for section in _SECTIONS)


@dataclass(frozen=True)
class Ways:
    """How requests come to the edge, and what it has at hand for them."""

    entry_points: tuple[str, ...] = ("edge",)
    shared_limits: SharedLimits | None = None


_PLAIN = Ways()


def render(
    service: Service,
    left_out: Collection[str] = (),
    standing_in: Collection[str] = (),
    ways: Ways = _PLAIN,
) -> Fragment:
    """Answer one service's part of the configuration.

    `left_out` are the ids of instances that fail their probes. Where that leaves nobody to take a
    request and no other service stands in, all stay: the probe may be wrong, and no server at all
    is no better. `standing_in` are the names of the services that can take its requests now.
    """
    healthy = [item for item in service.instances.values() if item.instance_id not in left_out]
    is_down = not any(map(_weight, healthy))
    instances = list(service.instances.values()) if is_down else healthy
    behind = backends(service, instances, standing_in, is_down=is_down)
    parts = {"services": emit(behind.services, _INDENT), "transports": _transports(service)}
    if service.expose == "none" or not behind.ways:
        # It has no way in of its own, and may stand in for others.
        return Fragment(**parts)
    inner = middlewares(service, servers=len(instances), shared=ways.shared_limits)
    closed = {f"{service.name}.closed": _CLOSED} if service.expose == "routes" else {}
    return Fragment(
        routers=emit(_routers(service, behind, tuple(inner), ways.entry_points), _INDENT),
        middlewares=emit(inner | closed, _INDENT),
        **parts,
    )


def assemble(fragments: Mapping[str, Fragment], *, note: str = "") -> tuple[str, str]:
    """Answer the whole file and its generation: deterministic, in the order of the names.

    The generation is the first 12 hex digits of the SHA-256 of everything but the sentinel that
    carries it. `note` makes an otherwise equal file another generation.
    """
    ordered = [fragments[name] for name in sorted(fragments)]
    parts = {
        section: "".join(getattr(fragment, section) for fragment in ordered)
        for section in _SECTIONS
    }
    body = f"  routers:\n{parts.pop('routers')}"
    # Traefik refuses a file with an empty map; the sentinel keeps `routers` from being one.
    rest = "".join(f"  {_TITLES.get(name, name)}:\n{text}" for name, text in parts.items() if text)
    generation = hashlib.sha256(f"{note}\n{body}{rest}".encode()).hexdigest()[:12]
    return f"{_HEADER}http:\n{body}{_sentinel(generation)}{rest}", generation


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


def _routers(
    service: Service,
    behind: Backends,
    inner: tuple[str, ...],
    entry_points: tuple[str, ...],
) -> dict[str, Router]:
    everything = Rule(host=service.host, prefix=service.prefix)
    operations = tuple((method, route.path) for route in service.routes for method in route.methods)
    is_partial = service.expose == "routes"
    rule = replace(everything, operations=operations) if is_partial else everything
    routers = {}
    for way in behind.ways:
        narrowed = replace(rule, methods=way.methods)
        routers[f"{service.name}{way.suffix}"] = Router(
            rule=narrowed,
            priority=narrowed.priority,
            middlewares=inner or None,
            service=way.service,
            entryPoints=entry_points,
        )
    if is_partial:
        # What is not listed is 404 here, also where the prefix lies inside another service's.
        routers[f"{service.name}.closed"] = Router(
            rule=everything,
            priority=everything.priority,
            middlewares=(f"{service.name}.closed",),
            service="noop@internal",
            entryPoints=entry_points,
        )
    return routers


def _transports(service: Service) -> str:
    timeouts = service.policies.timeouts
    if timeouts is None:
        return ""
    transport: Tree = {
        "maxIdleConnsPerHost": MAX_IDLE_CONNECTIONS,
        "forwardingTimeouts": timeouts.model_dump(exclude_none=True),
    }
    return emit({service.name: transport}, _INDENT)


def _weight(instance: Instance) -> int:
    return instance.weight
