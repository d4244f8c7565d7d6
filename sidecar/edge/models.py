"""The part of Traefik's dynamic configuration that Gatehouse writes, and nothing else.

Field names are Traefik 3.7's own. What these models can express, Traefik loads: rules are built
from typed parts, no map and no list is ever empty, and no string of a caller's is a rule.
They are dataclasses, as a thousand services are rendered in one go.
"""

import re
from dataclasses import dataclass
from typing import Literal

# Above every prefix of a service and below the gateway's API: see dynamic-config/gateway.yaml.
_HOSTED = 1_500_000
_UNHOSTED = 1_000


@dataclass(frozen=True, slots=True)
class Rule:
    """Which requests a router takes: one host or any, and paths below a prefix.

    `operations` are (method, path) pairs with `{parameters}`; none of them means every path.
    """

    host: str | None
    prefix: str
    operations: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        paths = self._operations() if self.operations else self._prefix()
        if self.host is None:
            return paths
        host = f"Host(`{self.host}`)"
        return f"{host} && ({paths})" if paths else host

    @property
    def priority(self) -> int:
        """Longer prefixes win, and so does a host name; never left to Traefik's rule length."""
        return (_HOSTED if self.host else _UNHOSTED) + 2 * len(self.prefix) + bool(self.operations)

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
            f"({_methods(names)} && {_path(base + path)})" for path, names in methods.items()
        )


def _methods(names: list[str]) -> str:
    matchers = " || ".join(f"Method(`{name}`)" for name in names)
    return f"({matchers})" if len(names) > 1 else matchers


def _path(path: str) -> str:
    if "{" not in path:
        return f"Path(`{path}`)"
    literals = re.split(r"\{[^}]*\}", path)
    return f"PathRegexp(`^{'[^/]+'.join(map(_quote, literals))}$`)"


def _quote(literal: str) -> str:
    # Go's RE2 takes a backslash before any punctuation.
    return re.sub(r"([^A-Za-z0-9/_~-])", r"\\\1", literal)


@dataclass(frozen=True, slots=True)
class Router:
    rule: Rule
    priority: int
    service: str
    middlewares: tuple[str, ...] | None = None
    entryPoints: tuple[str, ...] = ("edge",)  # noqa: N815 - Traefik's name


@dataclass(frozen=True, slots=True)
class StripPrefix:
    prefixes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Retry:
    attempts: int


@dataclass(frozen=True, slots=True)
class IpAllowList:
    sourceRange: tuple[str, ...]  # noqa: N815 - Traefik's name
    rejectStatusCode: int  # noqa: N815 - Traefik's name


@dataclass(frozen=True, slots=True)
class Middleware:
    """Exactly one of its fields is set."""

    stripPrefix: StripPrefix | None = None  # noqa: N815 - Traefik's name
    retry: Retry | None = None
    ipAllowList: IpAllowList | None = None  # noqa: N815 - Traefik's name


@dataclass(frozen=True, slots=True)
class Server:
    url: str
    weight: int | None = None
    """`None` is 1; 0 takes no requests."""
    preservePath: Literal[True] | None = None  # noqa: N815 - Traefik's name


@dataclass(frozen=True, slots=True)
class HealthCheck:
    path: str
    interval: str
    timeout: str
    followRedirects: Literal[False] = False  # noqa: N815 - Traefik's name


@dataclass(frozen=True, slots=True)
class LoadBalancer:
    """At least one server: without any, Traefik answers 503 for a service that is registered."""

    servers: tuple[Server, ...]
    healthCheck: HealthCheck | None = None  # noqa: N815 - Traefik's name


@dataclass(frozen=True, slots=True)
class TraefikService:
    loadBalancer: LoadBalancer  # noqa: N815 - Traefik's name


Node = (
    Router
    | Middleware
    | TraefikService
    | StripPrefix
    | Retry
    | IpAllowList
    | LoadBalancer
    | Server
    | HealthCheck
)
