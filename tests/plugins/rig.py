"""A real Traefik with a hand-written configuration, for the plugins that it interprets."""

import contextlib
import itertools
import json
import os
import re
import subprocess
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from stack.layout import ROOT
from stack.throwaway import free_ports
from stack.waiting import wait_until

START_SECONDS = 30.0
APPLY_SECONDS = 15.0
STOP_SECONDS = 15.0

Tree = dict[str, Any]


@dataclass
class Rig:
    """One running Traefik, the files that it reads and the figures that it gives."""

    folder: Path
    edge_port: int
    admin_port: int
    api_port: int
    _process: subprocess.Popen[bytes]
    _generations: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def edge(self) -> str:
        """Where callers ask."""
        return f"http://127.0.0.1:{self.edge_port}"

    @property
    def admin(self) -> str:
        """The admin entry point, on which nothing stands unless a test puts it there."""
        return f"http://127.0.0.1:{self.admin_port}"

    @property
    def edge_dir(self) -> Path:
        """What Traefik knows as GATEHOUSE_EDGE_DIR."""
        return self.folder / "edge"

    @property
    def pid(self) -> int:
        return self._process.pid

    def apply(self, dynamic: Tree) -> None:
        """Give Traefik this dynamic configuration, and come back when it routes by it.

        Raises `TimeoutError` with the end of Traefik's log where it refuses the whole of it. A
        router that Traefik only disables is no failure: see `router`.
        """
        name = f"rig-{next(self._generations)}"
        mark = {"rule": f"Path(`/{name}`)", "service": "noop@internal", "entryPoints": ["admin"]}
        http = dynamic.get("http", {})
        marked = {**dynamic, "http": {**http, "routers": {**http.get("routers", {}), name: mark}}}
        staged = self.folder / "staged.yaml"
        staged.write_text(yaml.safe_dump(marked, sort_keys=False), encoding="utf-8")
        staged.replace(self.folder / "watched" / "test.yaml")
        self._await(lambda: self._missing(name), APPLY_SECONDS)

    def router(self, name: str) -> Tree:
        """Answer what Traefik says of a router: `status`, `error` and all."""
        answer = self._ask(f"/api/http/routers/{name}@file")
        answer.raise_for_status()
        said: Tree = answer.json()
        return said

    def log(self) -> str:
        """Answer what Traefik has logged, what plugins print included (levels ERROR, DEBUG)."""
        return (self.folder / "traefik.log").read_text(encoding="utf-8")

    def access_log(self) -> list[Tree]:
        """Answer the access log, a mapping per request; it isn't buffered here."""
        text = (self.folder / "access.log").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]

    def goroutines(self) -> int:
        """Answer how many goroutines Traefik has."""
        first = self._ask("/debug/pprof/goroutine?debug=1").text.splitlines()[0]
        return int(first.rpartition(" ")[2])

    def stacks(self) -> str:
        """Answer the stacks of all goroutines, those alike as one."""
        return self._ask("/debug/pprof/goroutine?debug=1").text

    def heap_bytes(self) -> int:
        """Answer what is alive on Traefik's heap after a collection."""
        text = self._ask("/debug/pprof/heap?debug=1&gc=1").text
        found = re.search(r"^# HeapAlloc = (\d+)$", text, re.MULTILINE)
        assert found, text[-500:]
        return int(found[1])

    def rss_bytes(self) -> int:
        """Answer the memory that Traefik holds, after a collection (Linux alone tells)."""
        self.heap_bytes()
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
        found = re.search(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)
        assert found, status
        return int(found[1]) * 1024

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def await_ready(self) -> None:
        self._await(lambda: "" if self._answers("/api/version") else "no answer", START_SECONDS)

    def _missing(self, router: str) -> str:
        found = self._ask(f"/api/http/routers/{router}@file").is_success
        return "" if found else "the configuration isn't taken"

    def _answers(self, path: str) -> bool:
        try:
            return self._ask(path).is_success
        except httpx.TransportError:
            return False

    def _ask(self, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.api_port}{path}", timeout=30.0, trust_env=False)

    def _await(self, check: Any, seconds: float) -> None:
        problem = wait_until(
            check, seconds, lambda: "Traefik ended" if self._process.poll() is not None else ""
        )
        if problem:
            raise TimeoutError(f"{problem}\n{self.log()[-3000:]}")


@contextlib.contextmanager
def traefik_rig(
    folder: Path, *, entry: bool = False, level: str = "DEBUG", access_log: bool = True
) -> Iterator[Rig]:
    """Run Traefik with our static configuration and plugins, and no route yet.

    `entry` keeps the middlewares of the entry points, which a test then has to define.
    """
    edge, admin, api = free_ports(3)
    for name in ("watched", "edge"):
        (folder / name).mkdir(parents=True)
    configuration = _static(folder, {"edge": edge, "admin": admin, "traefik": api}, entry=entry)
    configuration["log"]["level"] = level
    if not access_log:
        del configuration["accessLog"]
    path = folder / "traefik.yaml"
    path.write_text(yaml.safe_dump(configuration, sort_keys=False), encoding="utf-8")
    with (folder / "traefik.log").open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 - a fixed command
            [str(Path(sysconfig.get_path("scripts")) / "traefik"), f"--configFile={path}"],
            # Traefik looks for plugins-local/ in its working directory.
            cwd=ROOT / "traefik",
            env={**_passed(), "GATEHOUSE_EDGE_DIR": str(folder / "edge")},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    rig = Rig(folder, edge, admin, api, process)
    try:
        rig.await_ready()
        yield rig
    finally:
        rig.stop()


def route(backend_url: str, *middlewares: Tree, prefix: str = "/") -> Tree:
    """Answer a dynamic configuration: the router `it` on edge, through middlewares in order."""
    named = {f"m{place}": each for place, each in enumerate(middlewares)}
    router: Tree = {"rule": f"PathPrefix(`{prefix}`)", "entryPoints": ["edge"], "service": "it"}
    http: Tree = {
        "routers": {"it": router},
        "services": {"it": {"loadBalancer": {"servers": [{"url": backend_url}]}}},
    }
    if named:
        router["middlewares"] = list(named)
        http["middlewares"] = named
    return {"http": http}


def plugin(name: str, /, **settings: Any) -> Tree:
    """Answer a middleware of one of our plugins."""
    return {"plugin": {name: settings}}


def _static(folder: Path, ports: dict[str, int], *, entry: bool) -> Tree:
    shipped = (ROOT / "traefik" / "traefik.yaml").read_text(encoding="utf-8")
    configuration: Tree = yaml.safe_load(shipped)
    points = configuration["entryPoints"]
    points["traefik"] = {}
    for name, port in ports.items():
        points[name]["address"] = f"127.0.0.1:{port}"
        if not entry:
            points[name].get("http", {}).pop("middlewares", None)
    configuration["api"] = {"insecure": True, "debug": True}
    configuration["accessLog"]["filePath"] = str(folder / "access.log")
    configuration["accessLog"]["bufferingSize"] = 0
    configuration["providers"]["file"]["directory"] = str(folder / "watched")
    return configuration


def _passed() -> dict[str, str]:
    return {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}  # noqa: TID251
