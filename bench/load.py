"""How many requests a second somebody answers."""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass

from stack.layout import ROOT

_GRACE_SECONDS = 30.0


class LoadError(Exception):
    """Something but 200 came back, so that the figure would say nothing."""


@dataclass(frozen=True)
class Load:
    """A generator on this machine, in a process of its own, on the cores that it measures."""

    seconds: int
    connections: int
    wrk: str | None

    @property
    def name(self) -> str:
        kind = "wrk, 1 thread" if self.wrk else "our own generator (no wrk here)"
        return f"{kind}, {self.connections} connections, {self.seconds} s a round"

    def measure(self, port: int, path: str, *, seconds: int | None = None) -> float:
        """Answer the requests a second that a port of loopback answers with 200.

        Raises `LoadError` where any came back otherwise.
        """
        allowed = self.seconds if seconds is None else seconds
        if self.wrk:
            return parse_wrk(_output(self._wrk_command(self.wrk, port, path, allowed), allowed))
        command = [sys.executable, "-m", "bench.generator", str(port), path]
        found = json.loads(_output([*command, str(allowed), str(self.connections)], allowed))
        if found["errors"] or not found["answers"]:
            raise LoadError(f"{path}: {found}")
        return float(found["answers"]) / allowed

    def _wrk_command(self, wrk: str, port: int, path: str, seconds: int) -> list[str]:
        options = ["-t1", f"-c{self.connections}", f"-d{seconds}s", "--timeout=5s"]
        return [wrk, *options, f"http://127.0.0.1:{port}{path}"]


def find_load(seconds: int, connections: int) -> Load:
    """Choose `wrk` where it is installed."""
    return Load(seconds, connections, shutil.which("wrk"))


def parse_wrk(output: str) -> float:
    """Read wrk's answer; raises `LoadError` where something went wrong on the way."""
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    if rate is None or "Non-2xx" in output or "Socket errors" in output:
        raise LoadError(output)
    return float(rate[1])


def _output(command: list[str], seconds: float) -> str:
    done = subprocess.run(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=seconds + _GRACE_SECONDS,
    )
    return done.stdout
