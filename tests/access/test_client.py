import json

import pytest

from sidecar.access.client import EdgeKeyUseClient
from tests.fakes.outbound import FakeOutbound

URL = "http://traefik:30091/gateway-keys/used"


def _client(outbound: FakeOutbound) -> EdgeKeyUseClient:
    return EdgeKeyUseClient(outbound, "http://traefik:30091", "sidecar", "secret")


async def test_the_edge_is_asked_with_the_sidecars_password() -> None:
    outbound = FakeOutbound()
    outbound.serve(URL, body=json.dumps({"used": ["a", "b"]}).encode())

    assert await _client(outbound).used() == ["a", "b"]
    assert outbound.asked == [(URL, {"Authorization": "Basic c2lkZWNhcjpzZWNyZXQ="})]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, b"404 page not found"),
        (401, b'{"used":["a"]}'),
        (200, b""),
        (200, b"<html>"),
        (200, b"[]"),
        (200, b'{"used":null}'),
        (200, b'{"used":[1,null]}'),
    ],
)
async def test_what_is_no_report_reports_nothing(status: int, body: bytes) -> None:
    outbound = FakeOutbound()
    outbound.serve(URL, status, body)

    assert list(await _client(outbound).used()) == []


async def test_an_edge_that_is_away_reports_nothing() -> None:
    assert list(await _client(FakeOutbound()).used()) == []
