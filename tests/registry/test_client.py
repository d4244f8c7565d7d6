import asyncio
from ipaddress import ip_address

import pytest

from sidecar.registry.address import parse_base_url
from sidecar.registry.client import SocketNetworkClient


@pytest.fixture
def network() -> SocketNetworkClient:
    return SocketNetworkClient()


async def test_a_literal_is_its_own_address(network: SocketNetworkClient) -> None:
    assert await network.addresses("10.0.0.5") == [ip_address("10.0.0.5")]
    assert await network.addresses("2001:db8::1") == [ip_address("2001:db8::1")]


async def test_a_name_leads_to_its_addresses(network: SocketNetworkClient) -> None:
    found = await network.addresses("localhost")

    assert found
    assert all(address.is_loopback for address in found)


@pytest.mark.parametrize("host", ["unknown.invalid", "a" * 64, ""])
async def test_a_name_that_nobody_knows_leads_nowhere(
    network: SocketNetworkClient, host: str
) -> None:
    found = await network.addresses(host)

    assert [address for address in found if not address.is_loopback] == []


async def test_who_listens_answers_and_who_does_not_does_not(network: SocketNetworkClient) -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        address = parse_base_url(f"http://127.0.0.1:{port}")

        listening = await network.answers(address)

    assert (listening, await network.answers(address)) == (True, False)


@pytest.mark.parametrize(
    ("address", "own"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("192.0.2.1", False)],
)
def test_an_address_is_this_machines_or_not(
    network: SocketNetworkClient,
    address: str,
    own: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert network.is_this_machine(ip_address(address)) is own
