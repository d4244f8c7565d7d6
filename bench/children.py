"""Processes that a benchmark starts, and ends again whatever happens."""

import contextlib
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from stack.layout import ROOT
from stack.throwaway import free_ports
from stack.waiting import wait_until

_START_SECONDS = 20.0
_STOP_SECONDS = 10.0


@contextlib.contextmanager
def module(name: str, *arguments: str, log: Path) -> Iterator[int]:
    """Run `python -m <name> <port> …` until the block ends; gives the port it listens on."""
    (port,) = free_ports(1)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", name, str(port), *arguments],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        await_port(port, log)
        yield port
    finally:
        end(process)


def await_port(port: int, log: Path) -> None:
    """Wait until somebody listens on a port of loopback."""
    problem = wait_until(lambda: _problem(port), _START_SECONDS)
    if problem:
        raise TimeoutError(f"{problem}\n{log.read_text()[-2000:]}")


def end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _problem(port: int) -> str:
    try:
        socket.create_connection(("127.0.0.1", port), 1.0).close()
    except OSError as error:
        return f"nothing listens on port {port}: {error}"
    return ""
