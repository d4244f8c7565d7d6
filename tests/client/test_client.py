import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from gatehouse.answers import Away, Forgotten, Keyless, Refused, Registered, Renewed
from gatehouse.client import HttpGatewayClient
from gatehouse.settings import Settings

from tests.fakes.gateway import FakeGateway, Scripted

TOKEN = "gate_join_hush"  # noqa: S105 - the fake takes any


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    with FakeGateway() as gateway:
        yield gateway


@pytest.fixture
def client(gateway: FakeGateway) -> Iterator[HttpGatewayClient]:
    client = HttpGatewayClient(Settings(url=gateway.url, token=TOKEN))
    yield client
    client.close()


def a_client_whose_gateway(
    handle: Callable[[httpx.Request], httpx.Response], url: str = "http://edge"
) -> HttpGatewayClient:
    return HttpGatewayClient(Settings(url=url, token=TOKEN), httpx.MockTransport(handle))


def test_a_lease_is_taken_renewed_and_given_back(
    gateway: FakeGateway, client: HttpGatewayClient
) -> None:
    answers = [
        client.register({"name": "math", "base_url": "http://127.0.0.1:1"}),
        client.heartbeat("math", "one", timeout_seconds=5),
    ]
    client.deregister("math", "one", timeout_seconds=5)
    answers.append(client.heartbeat("math", "one", timeout_seconds=5))

    assert answers == [Registered("one", 30, f"{gateway.url}/math"), Renewed(), Forgotten()]


def test_every_request_carries_the_key(gateway: FakeGateway, client: HttpGatewayClient) -> None:
    client.register({"name": "math"})
    client.heartbeat("math", "one", timeout_seconds=5)
    client.deregister("math", "one", timeout_seconds=5)

    assert {asked.headers["authorization"] for asked in gateway.asked} == {f"Bearer {TOKEN}"}
    assert len(gateway.asked) == 3


def test_an_instance_id_cannot_leave_its_place_in_the_path(
    gateway: FakeGateway, client: HttpGatewayClient
) -> None:
    client.heartbeat("math", "../a?b", timeout_seconds=5)

    path = "/gateway/services/math/instances/..%2Fa%3Fb/heartbeat"
    assert [asked.path for asked in gateway.asked] == [path]


def test_a_gateway_that_does_not_listen_is_away() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        client = HttpGatewayClient(Settings(url=url, token=TOKEN))

        answer = client.register({"name": "math"})

    client.close()
    assert isinstance(answer, Away)
    assert answer.detail.startswith(f"{url}: ")


def test_a_gateway_that_does_not_answer_in_time_is_away() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        client = HttpGatewayClient(Settings(url=url, token=TOKEN))

        answer = client.heartbeat("math", "one", timeout_seconds=0.1)

    client.close()
    assert answer == Away(f"{url}: timed out")


def test_an_answer_that_cannot_be_unpacked_is_an_outage(
    gateway: FakeGateway, client: HttpGatewayClient
) -> None:
    gateway.script(Scripted(200, None, {"Content-Encoding": "gzip"}, b"no gzip"))

    answer = client.register({"name": "math"})

    assert isinstance(answer, Away)
    assert "decompressing" in answer.detail


def test_retry_after_reaches_the_answer(gateway: FakeGateway, client: HttpGatewayClient) -> None:
    gateway.script(Scripted(503, {"detail": "Valkey is away."}, {"Retry-After": "3"}))

    answer = client.register({"name": "math"})

    assert answer == Away("the gateway answered 503: Valkey is away.", 3)


def test_a_redirect_is_not_followed_with_the_key() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        assert request.url.host == "edge"
        return httpx.Response(307, headers={"Location": "http://elsewhere/"})

    answer = a_client_whose_gateway(handle).register({"name": "math"})

    assert answer == Refused("the gateway answered 307: it redirects to http://elsewhere/")


@pytest.mark.parametrize("url", ["127.0.0.1:30090", "ftp://edge", "http://edge:port", "edge"])
def test_a_url_that_is_none_is_refused_before_anything_is_sent(url: str) -> None:
    client = HttpGatewayClient(Settings(url=url, token=TOKEN))

    answer = client.register({"name": "math"})

    client.close()
    assert answer == Refused("the gateway's URL must be http://host:port or https://host:port")


def test_without_a_key_nothing_is_sent(gateway: FakeGateway, tmp_path: Path) -> None:
    key = tmp_path / "join.key"
    client = HttpGatewayClient(Settings(url=gateway.url, token_files=(key,)))

    before = client.register({"name": "math"})
    asked_before = list(gateway.asked)
    key.write_text(TOKEN, encoding="utf-8")
    after = client.register({"name": "math"})

    client.close()
    assert isinstance(before, Keyless)
    assert asked_before == []
    assert isinstance(after, Registered)


@pytest.mark.parametrize("metadata", [{1, 2}, float("nan")])
def test_a_registration_that_is_not_json_is_refused(
    gateway: FakeGateway, client: HttpGatewayClient, metadata: object
) -> None:
    answer = client.register({"name": "math", "metadata": metadata})

    assert isinstance(answer, Refused)
    assert gateway.asked == []
