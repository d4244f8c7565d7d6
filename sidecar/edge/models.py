"""The part of Traefik's dynamic configuration that Gatehouse writes, and nothing else.

Field names are Traefik 3.7's own. What these models can express, Traefik loads: rules are built
from typed parts, no map and no list is ever empty, and no string of a caller's is a rule.
They are plain values, as a thousand services are rendered in one go.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, Union

from sidecar.kit.values import JsonObject

# Above every prefix of a service and below the gateway's API: see dynamic-config/gateway.yaml.
_HOSTED = 1_500_000
_UNHOSTED = 1_000


@dataclass(frozen=True, slots=True)
class Rule:
    """Which requests a router takes: one host or any, and paths below a prefix.

    `operations` are (method, path) pairs with `{parameters}`; none of them means every path.
    `methods` are those of a part of them; none means any.
    """

    host: str | None
    prefix: str
    operations: tuple[tuple[str, str], ...] = ()
    methods: tuple[str, ...] = ()

    def __str__(self) -> str:
        host = f"Host(`{self.host}`)" if self.host else ""
        paths = self._operations() if self.operations else self._prefix()
        parts = [part for part in (host, paths, _methods(self.methods)) if part]
        return " && ".join(_grouped(part) for part in parts) if len(parts) > 1 else parts[0]

    @property
    def priority(self) -> int:
        """Longer prefixes win, and so does a host name; never left to Traefik's rule length."""
        finer = 2 * bool(self.operations) + bool(self.methods)
        return (_HOSTED if self.host else _UNHOSTED) + 4 * len(self.prefix) + finer

    def _prefix(self) -> str:
        if self.prefix == "/":
            return ""
        # PathPrefix(`/bill`) alone would also match /billing.
        return f"Path(`{self.prefix}`) || PathPrefix(`{self.prefix}/`)"

    def _operations(self) -> str:
        methods: dict[str, list[str]] = {}
        for method, path in self.operations:
            methods.setdefault(path, []).append(method)
        base = self.prefix.rstrip("/")
        return " || ".join(
            f"({_grouped(_methods(names))} && {_path(base + path)})"
            for path, names in methods.items()
        )


def _methods(names: Sequence[str]) -> str:
    return " || ".join(f"Method(`{name}`)" for name in names)


def _grouped(matchers: str) -> str:
    return f"({matchers})" if " || " in matchers else matchers


def _path(path: str) -> str:
    if "{" not in path:
        return f"Path(`{path}`)"
    literals = re.split(r"\{[^}]*\}", path)
    return f"PathRegexp(`^{'[^/]+'.join(map(_quote, literals))}$`)"


def _quote(literal: str) -> str:
    # Go's RE2 takes a backslash before any punctuation.
    return re.sub(r"([^A-Za-z0-9/_~-])", r"\\\1", literal)


@dataclass(frozen=True)
class Flow:
    """What a third party's plugin is set to: any JSON, on one line."""

    value: JsonObject


Tree: TypeAlias = Mapping[
    str, Union["Tree", Sequence["Tree"], Sequence[str], Flow, str, bool, int, None]
]
"""A middleware, or a service that is no load balancer: Traefik's names and values as they are.

What comes from a caller in it was checked by the policy models, which know what Traefik takes.
"""


@dataclass(frozen=True, slots=True)
class Router:
    rule: Rule
    priority: int
    service: str
    middlewares: tuple[str, ...] | None = None
    entryPoints: tuple[str, ...] = ("edge",)  # noqa: N815 - Traefik's name


@dataclass(frozen=True, slots=True)
class Server:
    url: str
    weight: int | None = None
    """`None` is 1; 0 takes no requests."""
    preservePath: Literal[True] | None = None  # noqa: N815 - Traefik's name


@dataclass(frozen=True, slots=True)
class LoadBalancer:
    """At least one server: without any, Traefik answers 503 for a service that is registered."""

    servers: tuple[Server, ...]
    strategy: str | None = None
    sticky: Tree | None = None
    healthCheck: Tree | None = None  # noqa: N815 - Traefik's name
    passiveHealthCheck: Tree | None = None  # noqa: N815 - Traefik's name
    serversTransport: str | None = None  # noqa: N815 - Traefik's name


@dataclass(frozen=True, slots=True)
class TraefikService:
    """One of the three: servers, or other services behind it."""

    loadBalancer: LoadBalancer | None = None  # noqa: N815 - Traefik's name
    failover: Tree | None = None
    mirroring: Tree | None = None


Node: TypeAlias = Router | TraefikService | LoadBalancer | Server | Tree
