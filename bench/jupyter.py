"""The peer that also writes Traefik's file configuration: `jupyterhub-traefik-proxy`."""

import contextlib
import secrets
import sysconfig
from collections.abc import AsyncIterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import aiohttp

from bench.adding import Adding, until_answers
from bench.stats import percentile
from stack.throwaway import free_ports

NAME = "jupyterhub-traefik-proxy"
_PATIENCE_SECONDS = 60
_SAMPLES = 3


@dataclass(frozen=True)
class Peer:
    """The peer where it could be started, and otherwise why not."""

    adding: Adding | None
    why_not: str = ""

    async def half_ms(self) -> list[float]:
        """Answer the median of one round, or nothing."""
        if self.adding is None:
            return []
        return [percentile(await self.adding.first_answers_ms(_SAMPLES), 50)]


class Jupyter:
    """Its file provider as it is shipped, with a Traefik of its own of the same build."""

    def __init__(self, proxy: Any, url: str, target: str, client: aiohttp.ClientSession) -> None:
        self._proxy = proxy
        self._url = url
        self._target = target
        self._client = client

    async def add(self, name: str) -> None:
        """Add a route; comes back when Traefik's API shows it."""
        await self._proxy.add_route(f"/{name}/", self._target, {})

    async def remove(self, name: str) -> None:
        await self._proxy.delete_route(f"/{name}/")

    async def answers(self, name: str, status: int) -> None:
        await until_answers(self._client, f"{self._url}/{name}/", status)


@contextlib.asynccontextmanager
async def jupyter(
    place: Path, target: str, routes: int, client: aiohttp.ClientSession
) -> AsyncIterator[Jupyter]:
    """Run it with so many routes already there; raises `ImportError` without the `bench` group."""
    # Imported here: only this one row needs it.
    proxies = import_module("jupyterhub_traefik_proxy.fileprovider")
    edge, api = (f"http://127.0.0.1:{port}" for port in free_ports(2))
    proxy = proxies.TraefikFileProviderProxy(
        public_url=edge,
        traefik_api_url=api,
        traefik_api_username="bench",
        traefik_api_password=secrets.token_hex(),
        extra_dynamic_config=_present(routes, target),
        traefik_env={"PATH": sysconfig.get_path("scripts")},
        check_route_timeout=_PATIENCE_SECONDS,
        **_files(place),
    )
    await proxy.start()
    try:
        yield Jupyter(proxy, edge, target, client)
    finally:
        await proxy.stop()


def _files(place: Path) -> dict[str, Any]:
    place.mkdir(parents=True)
    return {
        "static_config_file": str(place / "traefik.toml"),
        "dynamic_config_file": str(place / "rules.toml"),
        "extra_static_config": {"log": {"filePath": str(place / "traefik.log")}},
    }


def _present(routes: int, target: str) -> dict[str, Any]:
    """Answer what it would have written for so many routes, without a second for each."""
    names = [f"present-{number}" for number in range(routes)]
    return {
        "http": {
            "routers": {
                f"router_{name}": {
                    "service": f"service_{name}",
                    "rule": f"( PathPrefix(`/{name}/`) || Path(`/{name}`) )",
                    "entryPoints": ["http"],
                }
                for name in names
            },
            "services": {
                f"service_{name}": {
                    "loadBalancer": {"servers": [{"url": target}], "passHostHeader": True}
                }
                for name in names
            },
        }
    }
