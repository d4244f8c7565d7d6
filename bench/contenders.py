"""Whoever can stand between a caller and the upstream, each started as it would be used."""

import asyncio
import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from bench.adding import session
from bench.children import await_port, module
from bench.gateway import Gatehouse
from bench.load import Load
from stack.throwaway import Throwaway, throwaway

SERVICE = "service-0"
_PATH = f"/{SERVICE}/hello"
_OTHERS = 9

# What a person writes who wants what a registered service gets: a prefix, and it is taken off.
_HANDWRITTEN = """\
http:
  routers:
    service-0:
      entryPoints: ["edge"]
      rule: "PathPrefix(`/service-0`)"
      middlewares: ["strip"]
      service: "service-0"
  middlewares:
    strip:
      stripPrefix:
        prefixes: ["/service-0"]
  services:
    service-0:
      loadBalancer:
        servers:
          - url: "{target}"
"""


@dataclass(frozen=True)
class Contender:
    """Something that answers, and the access log that it fills meanwhile."""

    name: str
    port: int
    access_log: Path | None = None

    def measure(self, load: Load, *, seconds: int | None = None) -> float:
        """Answer its requests a second."""
        rate = load.measure(self.port, _PATH, seconds=seconds)
        # Some 10 MB a second: it is written as it always is, and not kept.
        if self.access_log and self.access_log.exists():
            os.truncate(self.access_log, 0)
        return rate


def registered(gateway: Throwaway, target: str) -> Contender:
    """Register a service, with others beside it, at a gateway that runs."""
    asyncio.run(_register(gateway, target))
    log = gateway.layout.log("access")
    return Contender("a registered service", gateway.settings.edge_port, log)


@contextlib.contextmanager
def handwritten(place: Path, target: str) -> Iterator[Contender]:
    """Run a second Traefik: the same static configuration, and one route by hand."""
    with throwaway(place) as gateway:
        route = gateway.layout.watched / "route.yaml"
        route.write_text(_HANDWRITTEN.format(target=target))
        gateway.start("traefik", wait=False)
        await_port(gateway.settings.edge_port, gateway.layout.log("traefik"))
        log = gateway.layout.log("access")
        yield Contender("a hand-written route", gateway.settings.edge_port, log)


@contextlib.contextmanager
def python_proxy(place: Path, target: str) -> Iterator[Contender]:
    with module("bench.proxy_peer", SERVICE, target, log=place / "fastapi.log") as port:
        yield Contender("FastAPI + httpx", port)


async def _register(gateway: Throwaway, target: str) -> None:
    async with session() as client:
        gatehouse = Gatehouse(gateway, target, client)
        for name in (SERVICE, *(f"other-{number}" for number in range(_OTHERS))):
            await gatehouse.add(name)
            await gatehouse.answers(name, HTTPStatus.OK)
