import base64
import json

import pytest

from sidecar.edge.client import ApiTraefikClient
from sidecar.edge.errors import TraefikAwayError
from tests.fakes.outbound import FakeOutbound

URL = "http://traefik:30091"
ROUTER = f"{URL}/api/http/routers/generation.abc@file"
DISABLED = f"{URL}/api/http/routers?status=disabled&per_page=1000"


@pytest.fixture
def outbound() -> FakeOutbound:
    return FakeOutbound()


@pytest.fixture
def client(outbound: FakeOutbound) -> ApiTraefikClient:
    return ApiTraefikClient(outbound, URL, "sidecar", "pass:word")


@pytest.mark.parametrize(("status", "known"), [(200, True), (404, False)])
async def test_a_router_is_there_or_not(
    client: ApiTraefikClient,
    outbound: FakeOutbound,
    status: int,
    known: bool,  # noqa: FBT001
) -> None:
    outbound.serve(ROUTER, status)

    found = await client.has_router("generation.abc")

    assert found is known
    credentials = base64.b64encode(b"sidecar:pass:word").decode()
    assert outbound.asked == [(ROUTER, {"Authorization": f"Basic {credentials}"})]


@pytest.mark.parametrize("status", [401, 500, 502])
async def test_another_answer_says_nothing_about_the_configuration(
    client: ApiTraefikClient, outbound: FakeOutbound, status: int
) -> None:
    outbound.serve(ROUTER, status)
    outbound.serve(DISABLED, status)

    with pytest.raises(TraefikAwayError, match=str(status)):
        await client.has_router("generation.abc")
    with pytest.raises(TraefikAwayError, match=str(status)):
        await client.disabled_routers()


async def test_no_answer_says_nothing_and_tells_no_password(client: ApiTraefikClient) -> None:
    with pytest.raises(TraefikAwayError) as caught:
        await client.has_router("generation.abc")

    assert "pass" not in str(caught.value)


async def test_disabled_routers_of_the_file_are_named_with_their_reasons(
    client: ApiTraefikClient, outbound: FakeOutbound
) -> None:
    routers = [
        {"name": "math@file", "provider": "file", "error": ["no such service", "no rule"]},
        {"name": "other.closed@file", "provider": "file"},
        {"name": "elsewhere@docker", "provider": "docker", "error": ["theirs"]},
    ]
    outbound.serve(DISABLED, body=json.dumps(routers).encode())

    found = await client.disabled_routers()

    assert found == {"math": "no such service; no rule", "other.closed": "disabled"}


async def test_an_answer_that_is_no_json_is_none_of_traefiks(
    client: ApiTraefikClient, outbound: FakeOutbound
) -> None:
    outbound.serve(DISABLED, body=b"<html>a portal</html>")

    with pytest.raises(TraefikAwayError, match="no JSON"):
        await client.disabled_routers()


@pytest.mark.parametrize(
    ("entry_points", "shown", "expected"),
    [
        (["edge"], "edge-cases@file", "edge-cases"),
        (["edge", "websecure"], "edge-math@file", "math"),
        (["edge", "websecure"], "websecure-edge-cases@file", "edge-cases"),
        (["edge", "websecure"], "gateway-dashboard@file", "gateway-dashboard"),
    ],
)
async def test_a_router_on_several_entry_points_is_told_by_its_own_name(
    outbound: FakeOutbound, entry_points: list[str], shown: str, expected: str
) -> None:
    client = ApiTraefikClient(outbound, URL, "sidecar", "pass:word", entry_points)
    router = {"name": shown, "provider": "file", "error": ["no such service"]}
    outbound.serve(DISABLED, 200, json.dumps([router]).encode())

    found = await client.disabled_routers()

    assert found == {expected: "no such service"}
