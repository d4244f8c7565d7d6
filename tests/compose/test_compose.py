"""The Compose stack as a user gets it."""

import json
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from stack.waiting import wait_until
from tests.compose.conftest import PROJECT, ComposeStack

pytestmark = [pytest.mark.compose, pytest.mark.slow]

SUM = {"a": 1, "b": 2}


@pytest.fixture(scope="session")
def edge(compose: ComposeStack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=compose.edge, timeout=10) as client:
        yield client


@pytest.fixture(scope="session")
def admin(compose: ComposeStack) -> dict[str, str]:
    return {"Authorization": f"Bearer {compose.inside('sidecar', 'gatehouse', 'token').strip()}"}


def test_the_demo_has_registered_itself_and_answers(edge: httpx.Client) -> None:
    assert not wait_until(lambda: "" if edge.get("/math/health").is_success else "not yet", 30)

    assert edge.post("/math/add", json=SUM).json() == {"result": 3}


def test_a_service_registers_from_inside_and_is_called_through_the_edge(
    compose: ComposeStack, edge: httpx.Client
) -> None:
    script = """
import json, os, pathlib, urllib.request as r
key = pathlib.Path(os.environ["GATEHOUSE_TOKEN_FILE"]).read_text().strip()
body = {"name": "inside", "base_url": "http://math:30094", "ttl_seconds": 600}
print(r.urlopen(r.Request(
    os.environ["GATEHOUSE_URL"] + "/gateway/register",
    data=json.dumps(body).encode(),
    headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
)).read().decode())
"""

    registered = json.loads(compose.inside("math", "python", "-", script=script))

    assert registered["live"] is True
    assert registered["url"] == f"{compose.edge}/inside"
    assert edge.post("/inside/add", json=SUM).json() == {"result": 3}


def test_a_service_on_the_host_is_reached_by_the_name_that_containers_have_for_it(
    edge: httpx.Client, admin: dict[str, str]
) -> None:
    with _service_on_the_host() as port:
        body = {"name": "host", "base_url": f"http://host.docker.internal:{port}"}
        registered = edge.post("/gateway/register", json=body, headers=admin)
        answer = edge.get("/host/anything")

    assert registered.status_code == 201, registered.text
    assert answer.text == "from the host"


def test_a_restart_of_the_sidecar_loses_no_request_and_no_route(
    compose: ComposeStack, edge: httpx.Client, admin: dict[str, str]
) -> None:
    done = threading.Event()
    with ThreadPoolExecutor() as threads:
        caller = threads.submit(_call_until, done, compose.edge)
        restarted = compose.run("restart", "sidecar")
        problem = wait_until(lambda: _not_ready(edge), 60)
        done.set()
        failures, calls = caller.result(timeout=30)

    assert restarted.returncode == 0, restarted.stderr
    assert not problem
    assert calls > 100
    assert failures == []
    names = {
        each["name"] for each in edge.get("/gateway/services", headers=admin).json()["services"]
    }
    assert {"math", "inside"} <= names


def test_the_dashboard_wants_the_password(compose: ComposeStack) -> None:
    password = compose.inside("sidecar", "cat", "/var/gatehouse/secrets/dashboard.password").strip()
    url = f"{compose.admin}/dashboard/"

    statuses = [
        httpx.get(url, auth=auth).status_code
        for auth in (None, ("admin", "x"), ("admin", password))
    ]

    assert statuses == [401, 401, 200]


def test_the_demo_sees_the_join_key_and_nothing_else_of_the_state(compose: ComposeStack) -> None:
    seen = compose.inside("math", "find", "/join", "/var/gatehouse", "-type", "f")

    assert seen.split() == ["/join/join.key"]


def test_only_the_edge_is_published_and_only_on_this_machine(compose: ComposeStack) -> None:
    form = "{{range .NetworkSettings.Ports}}{{range .}}{{.HostIp}}:{{.HostPort}} {{end}}{{end}}"
    label = f"label=com.docker.compose.project={PROJECT}"
    identifiers = _docker("ps", "-q", "--filter", label).split()

    published = _docker("inspect", "-f", form, *identifiers).split()

    ports = {compose.edge_port, compose.admin_port}
    assert set(published) == {f"127.0.0.1:{port}" for port in ports}


def test_no_container_of_ours_runs_as_root(compose: ComposeStack) -> None:
    # In Traefik's image there is no shell.
    assert [compose.inside(each, "id", "-u").strip() for each in ("sidecar", "math")] == [
        "10001"
    ] * 2
    assert _docker("inspect", "-f", "{{.Config.User}}", _container(compose, "traefik")).strip() == (
        "10001:10001"
    )


def test_what_was_registered_outlives_down_and_up(
    compose: ComposeStack, edge: httpx.Client, admin: dict[str, str]
) -> None:
    down = compose.run("down")
    left = _docker("ps", "-aq", "--filter", f"label=com.docker.compose.project={PROJECT}")
    up = compose.run("up", "-d", "--wait")

    assert (down.returncode, left, up.returncode) == (0, "", 0)
    assert not wait_until(lambda: _not_ready(edge), 60)
    assert edge.get("/gateway/services/inside", headers=admin).is_success
    assert edge.post("/inside/add", json=SUM).json() == {"result": 3}


def _call_until(done: threading.Event, url: str) -> tuple[list[str], int]:
    failures, calls = [], 0
    with httpx.Client(base_url=url, timeout=5) as client:
        while not done.is_set():
            calls += 1
            try:
                answer = client.post("/math/add", json=SUM)
            except httpx.HTTPError as error:
                failures.append(repr(error))
            else:
                if answer.json() != {"result": 3}:
                    failures.append(answer.text)
    return failures, calls


def _not_ready(edge: httpx.Client) -> str:
    try:
        answer = edge.get("/gateway/health/ready")
    except httpx.HTTPError as error:
        return repr(error)
    return "" if answer.is_success else answer.text


@contextmanager
def _service_on_the_host() -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"from the host")

        def log_message(self, *_: object) -> None:
            pass

    # On every address: the containers come in through the bridge's.
    with ThreadingHTTPServer(("0.0.0.0", 0), Handler) as server:  # noqa: S104
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def _container(compose: ComposeStack, service: str) -> str:
    return compose.run("ps", "-q", service).stdout.strip()


def _docker(*arguments: str) -> str:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=True).stdout
