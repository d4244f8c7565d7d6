"""Ports that somebody else has, named with the setting that moves ours."""

import errno
import socket
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sidecar.settings import Settings
from stack.errors import StackError

LISTENING = "0A"
PRIVILEGED_PORTS = 1024
PRIVILEGED = "`sudo sysctl -w net.ipv4.ip_unprivileged_port_start=80` changes that"


@dataclass(frozen=True)
class Port:
    """An address that one of our processes will listen on."""

    setting: str
    host: str
    number: int
    host_setting: str = ""


def wanted(settings: Settings) -> tuple[Port, ...]:
    """Answer the addresses that the local stack listens on."""
    ports = [
        Port("GATEHOUSE_EDGE_PORT", settings.bind, settings.edge_port, "GATEHOUSE_BIND"),
        Port(
            "GATEHOUSE_ADMIN_PORT", settings.admin_bind, settings.admin_port, "GATEHOUSE_ADMIN_BIND"
        ),
        Port(
            "GATEHOUSE_SIDECAR_PORT",
            settings.sidecar_bind,
            settings.sidecar_port,
            "GATEHOUSE_SIDECAR_BIND",
        ),
        Port("GATEHOUSE_MATH_PORT", "127.0.0.1", settings.math_port),
    ]
    if settings.domains:
        bind = settings.tls_bind
        ports.append(Port("GATEHOUSE_HTTP_PORT", bind, settings.http_port, "GATEHOUSE_TLS_BIND"))
        ports.append(Port("GATEHOUSE_HTTPS_PORT", bind, settings.https_port, "GATEHOUSE_TLS_BIND"))
    if not settings.valkey_url:
        ports.append(Port("GATEHOUSE_VALKEY_PORT", "127.0.0.1", settings.valkey_port))
    return tuple(ports)


def refuse_unusable(ports: Iterable[Port]) -> None:
    """Raise `StackError` that lists every port we cannot have, and the setting that moves it."""
    ports = tuple(ports)
    problems = [*_doubles(ports), *(line for each in ports if (line := _problem(each)))]
    if problems:
        lines = "\n".join(f"  {line}" for line in problems)
        raise StackError(f"These ports cannot be used (settings go into .env):\n{lines}")


def _doubles(ports: Iterable[Port]) -> list[str]:
    by_number: dict[int, list[str]] = defaultdict(list)
    for port in ports:
        by_number[port.number].append(port.setting)
    return [
        f"{number} is given twice: {' and '.join(settings)}"
        for number, settings in by_number.items()
        if len(settings) > 1
    ]


def _problem(port: Port) -> str:
    family = socket.AF_INET6 if ":" in port.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((port.host, port.number))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return f"{port.number} is taken{_holder(port.number)}; {port.setting} moves ours"
            if error.errno == errno.EACCES and port.number < PRIVILEGED_PORTS:
                return (
                    f"{port.number} is for root alone; {PRIVILEGED}, or {port.setting} moves ours"
                )
            settings = " and ".join(filter(None, (port.host_setting, port.setting)))
            return f"{port.number} on {port.host}: {error.strerror or error} (see {settings})"
    return ""


def _holder(number: int) -> str:
    """Answer ` by NAME (pid N)` where /proc tells, which it does for our own user's processes."""
    inodes = {f"socket:[{inode}]" for inode in _listening_inodes(number)}
    for entry in Path("/proc").glob("[0-9]*") if inodes else ():
        try:
            if any(str(file.readlink()) in inodes for file in (entry / "fd").iterdir()):
                return f" by {(entry / 'comm').read_text().strip()} (pid {entry.name})"
        except OSError:
            continue
    return ""


def _listening_inodes(number: int) -> set[str]:
    inodes = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        for line in table.read_text().splitlines()[1:] if table.exists() else ():
            fields = line.split()
            if fields[3] == LISTENING and int(fields[1].rpartition(":")[2], 16) == number:
                inodes.add(fields[9])
    return inodes
