"""Whoever can stand between a caller and the upstream, each started as it would be used."""

import asyncio
import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import yaml

from bench.adding import session, until_answers
from bench.children import await_port, module
from bench.gateway import Gatehouse
from bench.load import Load
from sidecar.edge.models import Rule
from sidecar.edge.prepare import ensure_certificate, place_handwritten
from stack.throwaway import Throwaway, throwaway

SERVICE = "service-0"
_PATH = f"/{SERVICE}/hello"
_OTHERS = 9


@dataclass(frozen=True)
class Contender:
    """Something that answers, and the access log that it fills meanwhile."""

    name: str
    port: int
    access_log: Path | None = None
    path: str = _PATH
    sent: Sequence[str] = ()
    """Values of the Authorization header, which its requests bring in turn."""

    def measure(self, load: Load, *, seconds: int | None = None) -> float:
        """Answer its requests a second."""
        rate = load.measure(self.port, self.path, seconds=seconds, sent=self.sent)
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
def handwritten(place: Path, target: str, *, has_entry: bool = True) -> Iterator[Contender]:
    """Run a second Traefik: the same static configuration, and one route by hand.

    Without `has_entry` the middlewares of the entry point are taken out of the former.
    """
    with throwaway(place) as gateway:
        settings, staging = gateway.settings, gateway.layout.edge / "staging"
        ensure_certificate(gateway.layout.edge, staging)
        place_handwritten(settings.handwritten_dir, gateway.layout.watched, staging)
        (gateway.layout.watched / "route.yaml").write_text(by_hand(SERVICE, target))
        if not has_entry:
            static = gateway.layout.traefik_conf
            static.write_text(without_entry(static.read_text()))
        gateway.start("traefik", wait=False)
        await_port(settings.edge_port, gateway.layout.log("traefik"))
        asyncio.run(_live(gateway))
        log = gateway.layout.log("access")
        yield Contender("a hand-written route", settings.edge_port, log)


def by_hand(name: str, target: str, middlewares: Mapping[str, Mapping[str, Any]] = {}) -> str:
    """Answer what a person writes who wants what a registered service gets.

    A prefix, and it is taken off, behind whatever middlewares there are to be.
    """
    rule, strip = Rule(host=None, prefix=f"/{name}"), f"{name}-strip"
    inner = {**middlewares, strip: {"stripPrefix": {"prefixes": [f"/{name}"]}}}
    router = {
        "entryPoints": ["edge"],
        "rule": str(rule),
        "priority": rule.priority,
        "middlewares": [*inner],
        "service": name,
    }
    backend = {"loadBalancer": {"servers": [{"url": target}]}}
    http = {"routers": {name: router}, "middlewares": inner, "services": {name: backend}}
    text: str = yaml.safe_dump({"http": http}, sort_keys=False)
    return text


def without_entry(static: str) -> str:
    """Answer a static configuration without what its entry point does with every request."""
    configuration = yaml.safe_load(static)
    del configuration["entryPoints"]["edge"]["http"]["middlewares"]
    text: str = yaml.safe_dump(configuration, sort_keys=False)
    return text


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


async def _live(gateway: Throwaway) -> None:
    async with session() as client:
        await until_answers(client, f"{gateway.edge}{_PATH}", HTTPStatus.OK)
