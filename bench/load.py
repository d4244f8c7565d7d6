"""How many requests a second somebody answers."""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass

from stack.layout import ROOT

_GRACE_SECONDS = 30.0
_IN_TURN = ROOT / "bench" / "in_turn.lua"


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

    def measure(
        self, port: int, path: str, *, seconds: int | None = None, sent: Sequence[str] = ()
    ) -> float:
        """Answer the requests a second that a port of loopback answers with 200.

        `sent` are values of the Authorization header, which the requests bring in turn. Raises
        `LoadError` where any came back otherwise.
        """
        allowed = self.seconds if seconds is None else seconds
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as lines:
            lines.write("\n".join(sent))
            lines.flush()
            if self.wrk:
                command = self._wrk_command(self.wrk, f"http://127.0.0.1:{port}{path}", allowed)
                return parse_wrk(_output([*command, *authorized(sent, lines.name)], allowed))
            command = [sys.executable, "-m", "bench.generator", str(port), path, str(allowed)]
            found = json.loads(_output([*command, str(self.connections), lines.name], allowed))
        if found["errors"] or not found["answers"]:
            raise LoadError(f"{path}: {found}")
        return float(found["answers"]) / allowed

    def _wrk_command(self, wrk: str, url: str, seconds: int) -> list[str]:
        return [wrk, "-t1", f"-c{self.connections}", f"-d{seconds}s", "--timeout=5s", url]


def authorized(sent: Sequence[str], lines: str) -> list[str]:
    """Answer what wrk is told so that it sends these values; several of them from a file."""
    if len(sent) > 1:
        return ["-s", str(_IN_TURN), "--", lines]
    return ["-H", f"Authorization: {sent[0]}"] if sent else []


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
