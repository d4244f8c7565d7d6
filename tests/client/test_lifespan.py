import contextlib
import logging
import socket
import threading
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from gatehouse import ManifestError, Service, Settings
from litestar import Litestar
from litestar.types import ASGIApp

from tests.fakes.gateway import REGISTER, FakeGateway, Scripted

INSTANCE = "/gateway/services/math/instances/one"
HEARTBEAT = ("POST", f"{INSTANCE}/heartbeat")
DEREGISTER = ("DELETE", INSTANCE)
TOKEN = "gate_join_hush"  # noqa: S105 - the fake takes any


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    # Heartbeats ten times a second.
    with FakeGateway(ttl_seconds=0.3) as gateway:
        yield gateway


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Bind the application's own port; it listens when it is served, and no sooner."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        yield listener


@pytest.fixture
def service(gateway: FakeGateway, listener: socket.socket) -> Service:
    return Service("math", port=port_of(listener), settings=settings_of(gateway))


def settings_of(gateway: FakeGateway) -> Settings:
    return Settings(url=gateway.url, token=TOKEN)


def port_of(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])


@contextlib.contextmanager
def served(app: object, listener: socket.socket) -> Iterator[None]:
    """Serve an application as uvicorn does, until the block ends."""
    config = uvicorn.Config(app, log_config=None, ws="none", lifespan="on")  # type: ignore[arg-type]
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive()


def test_a_fastapi_application_is_registered_with_its_document_and_leaves_when_it_stops(
    gateway: FakeGateway, listener: socket.socket, service: Service
) -> None:
    app = FastAPI(lifespan=service.lifespan, openapi_url="/api/openapi.json")

    with served(app, listener):
        port = port_of(listener)
        gateway.wait_for(*HEARTBEAT, times=2)

    assert gateway.wait_for(*REGISTER)[0].body == {
        "name": "math",
        "base_url": f"http://127.0.0.1:{port}",
        "ttl_seconds": 30,
        "openapi_url": "api/openapi.json",
    }
    assert len(gateway.wait_for(*DEREGISTER)) == 1


def test_a_litestar_application_takes_the_same_lifespan(
    gateway: FakeGateway, listener: socket.socket, service: Service
) -> None:
    app: ASGIApp = Litestar(lifespan=[service.lifespan], logging_config=None)

    with served(app, listener):
        (asked,) = gateway.wait_for(*REGISTER)

    assert "openapi_url" not in asked.body


def test_a_lifespan_of_ones_own_starts_first_and_ends_last(
    gateway: FakeGateway, listener: socket.socket, service: Service
) -> None:
    heard: list[list[str]] = []

    @contextlib.asynccontextmanager
    async def own(_: FastAPI) -> AsyncGenerator[None]:
        heard.append([asked.method for asked in gateway.asked])
        yield
        heard.append([asked.method for asked in gateway.asked if asked.method == "DELETE"])

    with served(FastAPI(lifespan=service.around(own)), listener):
        gateway.wait_for(*HEARTBEAT)

    assert heard == [[], ["DELETE"]]


async def test_the_state_of_a_lifespan_of_ones_own_is_passed_on(service: Service) -> None:
    @contextlib.asynccontextmanager
    async def own(_: FastAPI) -> AsyncGenerator[dict[str, str]]:
        yield {"colour": "blue"}

    app = FastAPI(lifespan=service.around(own))

    async with app.router.lifespan_context(app) as state:
        assert state == {"colour": "blue"}


def test_a_worker_process_that_goes_leaves_the_lease_to_its_siblings(
    gateway: FakeGateway, service: Service
) -> None:
    with FakeGateway() as sibling:
        service.port = sibling.port
        with socket.socket() as own:
            own.bind(("127.0.0.1", 0))
            with served(FastAPI(lifespan=service.lifespan), own):
                gateway.wait_for(*HEARTBEAT)

    assert gateway.instances == {INSTANCE}


async def test_a_busy_event_loop_does_not_lose_the_lease(
    gateway: FakeGateway, listener: socket.socket, service: Service
) -> None:
    listener.listen()

    async with service:
        # This waits without giving the loop a chance to run anything.
        gateway.wait_for(*HEARTBEAT, times=3)

    assert len(gateway.wait_for(*DEREGISTER)) == 1


def test_a_service_without_a_loop_is_registered_too(
    gateway: FakeGateway, listener: socket.socket, service: Service
) -> None:
    listener.listen()

    with service:
        gateway.wait_for(*HEARTBEAT)

    assert len(gateway.wait_for(*DEREGISTER)) == 1


def test_a_service_can_be_started_again(
    gateway: FakeGateway, listener: socket.socket, service: Service
) -> None:
    listener.listen()

    for times in (1, 2):
        with service:
            gateway.wait_for(*REGISTER, times=times)

    assert len(gateway.wait_for(*DEREGISTER, times=2)) == 2


def test_a_gateway_that_has_forgotten_gets_a_new_registration(
    gateway: FakeGateway, listener: socket.socket, service: Service
) -> None:
    listener.listen()

    with service:
        gateway.wait_for(*HEARTBEAT)
        gateway.forget()
        gateway.wait_for(*REGISTER, times=2)

        assert gateway.instances == {INSTANCE}


def test_a_gateway_that_comes_later_or_back_empty_gets_a_registration(
    listener: socket.socket,
) -> None:
    listener.listen()
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = port_of(reserved)
    settings = Settings(url=f"http://127.0.0.1:{port}", token=TOKEN)

    with Service("math", port=port_of(listener), settings=settings):
        with FakeGateway(ttl_seconds=0.3, port=port) as first:
            first.wait_for(*HEARTBEAT)
        with FakeGateway(ttl_seconds=0.3, port=port) as second:
            second.wait_for(*REGISTER)
            second.wait_for(*HEARTBEAT, times=2)


def test_a_refusal_leaves_the_application_alone_and_names_the_fields(
    gateway: FakeGateway,
    listener: socket.socket,
    service: Service,
    caplog: pytest.LogCaptureFixture,
) -> None:
    problem = {"detail": "A field is wrong.", "errors": [{"field": "name", "detail": "no"}]}
    gateway.script(Scripted(400, problem))

    with served(FastAPI(lifespan=service.lifespan), listener):
        gateway.wait_for(*REGISTER)

    said = [record.getMessage() for record in caplog.records if record.name == "gatehouse"]
    refusal = "the gateway answered 400: A field is wrong.: name: no"
    assert said == [f"math: not registered, {refusal} (asking again every 30 s)"]


def test_the_key_is_never_logged(
    gateway: FakeGateway,
    listener: socket.socket,
    service: Service,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    gateway.script(Scripted(503), Scripted(401))
    listener.listen()

    with service:
        gateway.wait_for(*REGISTER, times=2)

    assert gateway.asked[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert caplog.messages
    assert TOKEN not in caplog.text


def test_the_address_comes_from_the_environment_when_the_code_gives_only_a_port(
    gateway: FakeGateway, listener: socket.socket
) -> None:
    listener.listen()
    settings = Settings(url=gateway.url, token=TOKEN, base_url="http://math:8000")

    with Service("math", port=port_of(listener), settings=settings):
        (asked,) = gateway.wait_for(*REGISTER)

    assert asked.body["base_url"] == "http://math:8000"


def test_the_address_in_the_code_comes_first(gateway: FakeGateway, listener: socket.socket) -> None:
    listener.listen()
    settings = Settings(url=gateway.url, token=TOKEN, base_url="http://math:8000")
    own = f"http://127.0.0.1:{port_of(listener)}/api"

    with Service("math", base_url=own, settings=settings):
        (asked,) = gateway.wait_for(*REGISTER)

    assert asked.body["base_url"] == own


def test_a_service_without_an_address_says_so_and_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with Service("math", settings=Settings()):
        assert caplog.messages == ["math: not registered: give it a port or a base_url"]


def test_settings_that_make_no_sense_do_not_stop_the_application(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with Service("math", port=1, settings=Settings(url="http://[edge")):
        assert caplog.messages == ["math: not registered"]


def test_a_service_that_is_switched_off_is_silent(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    with Service("math", settings=Settings(url="off")):
        assert caplog.messages == []


def test_a_key_in_the_clear_is_warned_of(
    listener: socket.socket, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    # There is no key, and nothing is sent.
    settings = Settings(url="http://api.example.com", token_files=(tmp_path / "join.key",))

    with Service("math", port=port_of(listener), settings=settings):
        assert caplog.messages == ["math: the key travels unencrypted to http://api.example.com"]


def test_a_manifest_says_what_is_the_services_and_the_code_what_is_the_processs(
    gateway: FakeGateway, listener: socket.socket, tmp_path: Path
) -> None:
    manifest = tmp_path / "gatehouse.yaml"
    manifest.write_text(
        "name: math\nbase_url: http://math:1\npreset: public\npolicies: {retry: null}\n"
        "---\nname: other\n"
    )
    listener.listen()
    base_url = f"http://127.0.0.1:{port_of(listener)}"

    service = Service.from_manifest(
        manifest,
        name="math",
        port=port_of(listener),
        base_url=base_url,
        instance_id="one",
        settings=settings_of(gateway),
    )
    with service:
        asked = gateway.wait_for(*REGISTER)

    assert asked[0].body == {
        "name": "math",
        "base_url": base_url,
        "instance_id": "one",
        "ttl_seconds": 30,
        "preset": "public",
        "policies": {"retry": None},
    }


def test_a_manifest_alone_can_be_enough(tmp_path: Path) -> None:
    manifest = tmp_path / "gatehouse.yaml"
    manifest.write_text("name: math\nbase_url: http://math:1\n")

    service = Service.from_manifest(str(manifest))

    assert (service.name, service.base_url, service.port) == ("math", "http://math:1", None)


def test_a_manifest_that_is_wrong_is_found_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="cannot be read"):
        Service.from_manifest(tmp_path / "gatehouse.yaml", port=1)
