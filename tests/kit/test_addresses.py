from ipaddress import ip_address

import pytest

from sidecar.kit.addresses import as_address, is_host_name, is_loopback, why_refused


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("10.0.0.5", "10.0.0.5"),
        ("2001:DB8::1", "2001:db8::1"),
        ("::ffff:169.254.169.254", "169.254.169.254"),
    ],
)
def test_a_literal_is_an_address(host: str, address: str) -> None:
    assert as_address(host) == ip_address(address)


@pytest.mark.parametrize("host", ["a", "", "1.2.3", "010.0.0.1", "0x7f000001", "2130706433"])
def test_what_is_no_plain_literal_is_none(host: str) -> None:
    assert as_address(host) is None


@pytest.mark.parametrize(
    "host", ["a", "a.example", "a_b", "xn--bcher-kva.example", "1.example", "a-1", "a" * 63]
)
def test_host_names(host: str) -> None:
    assert is_host_name(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "A",
        "-a",
        "a-",
        "a..b",
        "a.",
        "a b",
        "bücher",
        "a" * 64,
        ".".join(["a" * 60] * 5),
        "2852039166",
        "0xa9.254.1",
        "a.1",
        "a.0x",
    ],
)
def test_what_is_no_host_name(host: str) -> None:
    assert not is_host_name(host)


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("metadata.google.internal", "is a cloud metadata service"),
        ("100.100.100.200", "is a cloud metadata service"),
        ("fd00:ec2::254", "is a cloud metadata service"),
        ("169.254.169.254", "is link-local, where cloud metadata services live"),
        ("::ffff:169.254.0.1", "is link-local, where cloud metadata services live"),
        ("fe80::1", "is link-local, where cloud metadata services live"),
        ("64:ff9b::a9fe:a9fe", "is link-local, where cloud metadata services live"),
        ("2002:a9fe:a9fe::1", "is link-local, where cloud metadata services live"),
        ("::a9fe:a9fe", "is link-local, where cloud metadata services live"),
        ("64:ff9b::6464:64c8", "is a cloud metadata service"),
        ("::", "is an address to listen on, not one to call; use 127.0.0.1 or the machine's own"),
        ("239.1.1.1", "is not the address of one machine"),
        ("255.255.255.255", "is not the address of one machine"),
    ],
)
def test_where_nobody_may_go(host: str, reason: str) -> None:
    assert why_refused(host) == reason


@pytest.mark.parametrize(
    "host",
    ["10.0.0.5", "127.0.0.1", "192.168.1.1", "fd00::1", "::1", "64:ff9b::a00:5", "a.example"],
)
def test_private_places_are_places_to_go(host: str) -> None:
    assert why_refused(host) is None


@pytest.mark.parametrize(
    ("host", "is_here"),
    [
        ("localhost", True),
        ("api.localhost", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.5", False),
        ("localhost.example", False),
    ],
)
def test_what_is_this_machine_itself(host: str, is_here: bool) -> None:  # noqa: FBT001
    assert is_loopback(host) is is_here
