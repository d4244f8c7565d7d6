"""A whole gateway on free ports, in a folder of its own: for tests and benchmarks."""

import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sidecar.access.secrets import ensure_secret_file
from sidecar.settings import Settings
from stack.addresses import url
from stack.health import checks, starting_checks
from stack.layout import ROOT, Layout, layout_of
from stack.processes import Process, processes
from stack.render import render
from stack.waiting import wait_until

NAMES = ("valkey", "sidecar", "traefik")
_PORTS = ("edge", "admin", "sidecar", "valkey", "math", "sockets", "http", "https")
_START_SECONDS = 30.0
_STOP_SECONDS = 20.0


@dataclass
class Throwaway:
    """Valkey, sidecar and Traefik as plain child processes, each of which can be killed."""

    settings: Settings
    layout: Layout
    _programs: Mapping[str, Process]
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def edge(self) -> str:
        return url(self.settings.bind, self.settings.edge_port)

    @property
    def admin(self) -> str:
        return url(self.settings.admin_bind, self.settings.admin_port)

    def key(self, name: str = "admin") -> str:
        """Answer the admin or the join key."""
        return (self.layout.secrets / f"{name}.key").read_text().strip()

    def password(self) -> str:
        """Answer the password of the dashboard's user `admin`."""
        return (self.layout.secrets / "dashboard.password").read_text().strip()

    def pid(self, name: str) -> int:
        return self._running[name].pid

    def start(self, name: str, *, wait: bool = True) -> None:
        """Start one process; with `wait`, come back when it does its work."""
        program = self._programs[name]
        with self.layout.log(name).open("ab") as log:
            self._running[name] = subprocess.Popen(
                program.command,
                cwd=program.directory,
                env=self._environment(program),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        if wait:
            self.await_healthy(name)

    def await_healthy(self, name: str, *, ready: bool = False) -> None:
        """Wait until a process does its work; `ready` asks the sidecar for all of it."""
        known = (checks if ready else starting_checks)(self.settings, self.layout)
        problem = wait_until(known[name], _START_SECONDS)
        if problem:
            raise TimeoutError(f"{name}: {problem}\n{self.layout.log(name).read_text()[-2000:]}")

    def kill(self, name: str) -> None:
        """End one process as a power cut would."""
        self._end(name, signal.SIGKILL)

    def stop(self, name: str) -> None:
        """End one process as `down` would."""
        self._end(name, signal.SIGTERM)

    def close(self) -> None:
        for name in ("traefik", "sidecar", "valkey"):
            if name in self._running:
                self.kill(name)

    def _end(self, name: str, number: int) -> None:
        process = self._running.pop(name)
        process.send_signal(number)
        process.wait(_STOP_SECONDS)

    def _environment(self, program: Process) -> dict[str, str]:
        given = {
            f"GATEHOUSE_{field_name.upper()}": str(value)
            for field_name, value in self.settings.model_dump(exclude_none=True).items()
        }
        passed = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}  # noqa: TID251
        return {**passed, **given, **program.environment}


@contextlib.contextmanager
def throwaway(folder: Path, **changed: object) -> Iterator[Throwaway]:
    """Make a gateway in an empty folder; nothing is started yet. `changed` are settings."""
    ports = dict(zip((f"{name}_port" for name in _PORTS), free_ports(len(_PORTS)), strict=True))
    given = {
        # Nothing of the developer's own: what is thrown away must not be their database.
        "database_url": "",
        "domain": "",
        "acme_email": "",
        "var_dir": folder,
        "watched_dir": folder / "watched",
        "tls_bind": "127.0.0.1",
        **ports,
        **changed,
    }
    settings = Settings.model_validate(
        {"handwritten_dir": ROOT / "dynamic-config", "_env_file": None, **given}
    )
    layout = layout_of(settings)
    layout.make_directories()
    programs = {each.name: each for each in processes(settings, layout)}
    password = ensure_secret_file(layout.valkey_password_file, lambda: os.urandom(16).hex())
    for path, text in render(settings, layout, programs.values(), password).items():
        path.write_text(text)
    gateway = Throwaway(settings, layout, programs)
    try:
        yield gateway
    finally:
        gateway.close()


def free_ports(count: int) -> list[int]:
    """Answer ports of 127.0.0.1 that nobody listens on."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
