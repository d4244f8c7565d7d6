"""What the registry asks the network: where a name leads, and who answers there."""

import asyncio
import contextlib
import ipaddress
import socket
from typing import Protocol

from sidecar.kit.addresses import Address, as_address
from sidecar.registry.address import BaseUrl

_RESOLVE_SECONDS = 1.0
_CONNECT_SECONDS = 0.3


class NetworkClient(Protocol):
    async def addresses(self, host: str) -> list[Address]:
        """Answer the addresses of a host; none where its name is unknown from here."""
        ...

    async def answers(self, address: BaseUrl) -> bool:
        """Tell whether something accepts connections there, soon."""
        ...

    def is_this_machine(self, address: Address) -> bool:
        """Tell whether an address is one of this machine's own."""
        ...


class SocketNetworkClient:
    """The machine's own resolver and sockets."""

    async def addresses(self, host: str) -> list[Address]:
        literal = as_address(host)
        if literal is not None:
            return [literal]
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError, UnicodeError):
            async with asyncio.timeout(_RESOLVE_SECONDS):
                found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
                texts = {str(entry[4][0]).partition("%")[0] for entry in found}
                return [address for text in sorted(texts) if (address := as_address(text))]
        return []

    async def answers(self, address: BaseUrl) -> bool:
        with contextlib.suppress(OSError, UnicodeError):
            async with asyncio.timeout(_CONNECT_SECONDS):
                _, writer = await asyncio.open_connection(address.host, address.port)
                writer.close()
                return True
        return False

    def is_this_machine(self, address: Address) -> bool:
        if address.is_loopback:
            return True
        # An address can be bound only where it belongs to an interface.
        family = socket.AF_INET if isinstance(address, ipaddress.IPv4Address) else socket.AF_INET6
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind((str(address), 0))
            except OSError:
                return False
        return True
