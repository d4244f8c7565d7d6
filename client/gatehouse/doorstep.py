"""Whether anybody serves at the service's own address: what a visitor there would notice."""

import socket
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443}


class Doorstep(Protocol):
    """Where this process may be reached from where it runs."""

    def accepts(self, *, timeout_seconds: float) -> bool:
        """Tell whether a connection is taken, which also a server that is not ready yet may do."""

    def answers(self, *, timeout_seconds: float) -> bool:
        """Tell whether somebody says anything to a request; an error or a TLS alert counts."""


@dataclass(frozen=True)
class SocketDoorstep:
    """Knocks at addresses, until one opens."""

    addresses: tuple[tuple[str, int], ...]

    def accepts(self, *, timeout_seconds: float) -> bool:
        return any(_connects(address, timeout_seconds) for address in self.addresses)

    def answers(self, *, timeout_seconds: float) -> bool:
        return any(_replies(address, timeout_seconds) for address in self.addresses)


def find_doorstep(base_url: str, port: int | None) -> SocketDoorstep:
    """List where to knock: this machine's loopback first, as the base URL may be another's name."""
    parts = urlsplit(base_url)
    url_port = parts.port or DEFAULT_PORTS.get(parts.scheme, 80)
    if port is not None:
        return SocketDoorstep((("127.0.0.1", port),))
    hosts = dict.fromkeys(("127.0.0.1", parts.hostname or "127.0.0.1"))
    return SocketDoorstep(tuple((host, url_port) for host in hosts))


def _connects(address: tuple[str, int], timeout_seconds: float) -> bool:
    try:
        socket.create_connection(address, timeout_seconds).close()
    except OSError:
        return False
    return True


def _replies(address: tuple[str, int], timeout_seconds: float) -> bool:
    try:
        with socket.create_connection(address, timeout_seconds) as connection:
            connection.sendall(b"HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return connection.recv(1) != b""
    except OSError:
        return False
