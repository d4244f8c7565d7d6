"""Which addresses the gateway refuses to call or to route to."""

import ipaddress
import re

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_METADATA_HOSTS = frozenset({"metadata", "metadata.google.internal", "instance-data"})
# Metadata services outside the link-local range: AWS over IPv6, Alibaba.
_METADATA_ADDRESSES = frozenset(
    map(ipaddress.ip_address, ("fd00:ec2::254", "100.100.100.200", "192.0.0.192"))
)
# RFC 6052 section 2.1 and RFC 4291 section 2.5.5.1: the last 32 bits are an IPv4 address.
_CARRIERS = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("::/96"))
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMERIC = re.compile(r"(0x[0-9a-f]*|[0-9]+)")
_MAX_HOST = 253


def as_address(host: str) -> Address | None:
    """Read a host as an IP address literal, or answer `None`; IPv4-mapped IPv6 becomes IPv4."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address


def is_host_name(host: str) -> bool:
    """Tell whether this is a DNS name in lower case.

    A last label that is a number is refused: resolvers read `2852039166` and `0xa9.254.1` as
    addresses, which would slip past a check for literals.
    """
    labels = host.split(".")
    return (
        len(host) <= _MAX_HOST
        and all(_LABEL.fullmatch(label) for label in labels)
        and not _NUMERIC.fullmatch(labels[-1])
    )


def why_refused(host: str) -> str | None:
    """Say why a host name or address literal may not be called, or answer `None`."""
    if host in _METADATA_HOSTS:
        return "is a cloud metadata service"
    address = as_address(host)
    return None if address is None else why_address_refused(address)


def why_address_refused(address: Address) -> str | None:
    """Say why an address may not be called, or answer `None`. Private ones may: most are."""
    carried = _carried(address)
    return _why(address) or (None if carried is None else _why(carried))


def _carried(address: Address) -> ipaddress.IPv4Address | None:
    """Answer the IPv4 address that a translator or a tunnel makes of this one, if any."""
    if isinstance(address, ipaddress.IPv4Address) or address.is_loopback:
        return None
    if any(address in network for network in _CARRIERS):
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.sixtofour


def _why(address: Address) -> str | None:
    if address in _METADATA_ADDRESSES:
        return "is a cloud metadata service"
    if address.is_link_local:
        return "is link-local, where cloud metadata services live"
    if address.is_unspecified:
        return "is an address to listen on, not one to call; use 127.0.0.1 or the machine's own"
    if address.is_multicast or address == ipaddress.ip_address("255.255.255.255"):
        return "is not the address of one machine"
    return None


def is_loopback(host: str) -> bool:
    """Tell whether this host is the machine (or container) itself."""
    address = as_address(host)
    return (
        host == "localhost" or host.endswith(".localhost") or bool(address and address.is_loopback)
    )
