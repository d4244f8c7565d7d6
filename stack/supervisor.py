"""Talking to supervisord over its Unix socket, and starting it."""

import http.client
import socket
import subprocess
import sys
import xmlrpc.client
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stack.errors import StackError
from stack.layout import Layout
from stack.render import MARK_VARIABLE
from stack.waiting import wait_until

ANSWER_SECONDS = 10.0
START_SECONDS = 10.0
STOP_SECONDS = 60.0


@dataclass(frozen=True)
class ProcessState:
    """What supervisord knows of a process: that it runs, not that it works."""

    name: str
    state: str
    pid: int
    started_at: int
    """Unix time of the latest start."""
    uptime_seconds: int


class SupervisorClient:
    """One supervisord, whether it runs or not."""

    def __init__(self, path: Path) -> None:
        self._rpc: Any = xmlrpc.client.ServerProxy(
            "http://supervisor", transport=UnixTransport(path)
        ).supervisor

    def is_running(self) -> bool:
        try:
            self._rpc.getState()
        except (OSError, http.client.HTTPException):
            return False
        except xmlrpc.client.Fault:
            return True  # It is stopping.
        return True

    def states(self) -> dict[str, ProcessState]:
        """Answer all processes by name. Raises `StackError` while supervisord is stopping."""
        try:
            return {each["name"]: _state(each) for each in self._rpc.getAllProcessInfo()}
        except (OSError, http.client.HTTPException, xmlrpc.client.Fault) as error:
            raise StackError(f"supervisord is stopping or gone: {error}") from error

    def start(self, name: str) -> None:
        """Start a process that is not running; do nothing to one that is."""
        try:
            self._rpc.startProcess(name, False)  # noqa: FBT003
        except xmlrpc.client.Fault as fault:
            if not fault.faultString.startswith("ALREADY_STARTED"):
                raise StackError(f"{name} cannot be started: {fault.faultString}") from fault

    def shutdown(self) -> None:
        """Stop everything, last started first, and wait until supervisord answers no more."""
        with suppress(xmlrpc.client.Fault):  # It is stopping already.
            self._rpc.shutdown()
        wait_until(lambda: "it still answers" if self.is_running() else "", STOP_SECONDS)


def start_supervisord(layout: Layout) -> SupervisorClient:
    """Start supervisord in the background and wait until it answers."""
    client = SupervisorClient(layout.socket)
    command = (sys.executable, "-m", "supervisor.supervisord", "-c", str(layout.supervisord_conf))
    answer = subprocess.run(
        ["env", f"{MARK_VARIABLE}={layout.mark}", *command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    problem = wait_until(lambda: "" if client.is_running() else "no answer", START_SECONDS)
    if answer.returncode or problem:
        said = (answer.stderr or answer.stdout).strip() or problem
        raise StackError(f"supervisord did not start: {said}")
    return client


class UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: tuple[str, dict[str, str]] | str) -> http.client.HTTPConnection:
        connection = UnixConnection(self._path)
        self._connection = host, connection
        return connection

    def request(self, *arguments: Any, **named: Any) -> Any:
        try:
            return super().request(*arguments, **named)
        finally:
            self.close()


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=ANSWER_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def _state(info: dict[str, Any]) -> ProcessState:
    is_up = info["statename"] in ("STARTING", "RUNNING", "STOPPING")
    uptime_seconds = max(0, info["now"] - info["start"]) if is_up else 0
    return ProcessState(info["name"], info["statename"], info["pid"], info["start"], uptime_seconds)
