"""The edge by https: with certificate files of one's own, and from a real ACME server (Pebble)."""

import json
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from websockets.sync.client import connect
from websockets.sync.server import ServerConnection, serve

from stack.throwaway import NAMES, Throwaway, free_ports, throwaway
from tests.certificates import DAY, NOW, Authority, Issued
from tests.harness import Backend, Callers, eventually

pytestmark = pytest.mark.slow

DOMAINS = ("gateway.test", "other.test")
PEBBLE = "github.com/letsencrypt/pebble/v2/cmd/{}@v2.10.1"


@dataclass
class Secured:
    """A gateway with domains, as callers who know its names see it from elsewhere."""

    gateway: Throwaway
    folder: Path
    trusted: ssl.SSLContext

    def ask(
        self, path: str, *, host: str = DOMAINS[0], method: str = "GET", **given: Any
    ) -> httpx.Response:
        """Ask by https; the certificate must be good, and for the host."""
        port = self.gateway.settings.https_port
        headers = {"Host": f"{host}:{port}", **given.pop("headers", {})}
        with httpx.Client(verify=self.trusted, trust_env=False, timeout=30) as client:
            return client.request(
                method,
                f"https://127.0.0.1:{port}{path}",
                headers=headers,
                extensions={"sni_hostname": host},
                **given,
            )

    @contextmanager
    def session(self, host: str = DOMAINS[0]) -> Iterator[ssl.SSLSocket]:
        """Shake hands, as somebody who speaks HTTP/2 as well."""
        self.trusted.set_alpn_protocols(["h2", "http/1.1"])
        address = ("127.0.0.1", self.gateway.settings.https_port)
        with (
            socket.create_connection(address, timeout=5) as plain,
            self.trusted.wrap_socket(plain, server_hostname=host) as secure,
        ):
            yield secure

    def serial(self, host: str = DOMAINS[0]) -> int:
        """Answer which certificate is shown."""
        with self.session(host) as secure:
            shown = secure.getpeercert(binary_form=True)
        assert shown
        return x509.load_der_x509_certificate(shown).serial_number

    def problem(self, host: str) -> str:
        """Answer what is wrong with the certificate for a host, or nothing."""
        try:
            self.serial(host)
        except OSError as error:
            return str(error)
        return ""


AUTHORITY = Authority()


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """Start one gateway with files of its own for all tests that leave it as it was."""
    with _secured(tmp_path_factory.mktemp("secured")) as running:
        yield running


@pytest.fixture(scope="module")
def callers(secured: Secured) -> Iterator[Callers]:
    """Make a client of the same gateway by plain HTTP, as services on this machine have one."""
    with _client(secured.gateway) as client:
        yield client


def test_a_service_learns_that_its_caller_came_by_https(
    secured: Secured, callers: Callers, echo: Backend
) -> None:
    callers.registered("seen", echo.url)

    by_https = secured.ask("/seen").json()["headers"]
    by_http = callers.get("/seen").json()["headers"]

    port = secured.gateway.settings.https_port
    assert by_https["x-forwarded-proto"] == "https"
    assert by_https["x-forwarded-host"] == f"gateway.test:{port}"
    assert by_http["x-forwarded-proto"] == "http"


@pytest.mark.parametrize("host", DOMAINS)
def test_every_domain_has_the_api_and_the_pages(secured: Secured, host: str) -> None:
    paths = ("/gateway/health/live", "/gateway/health/ready", "/docs", "/openapi.json")

    answers = {path: secured.ask(path, host=host).status_code for path in paths}

    assert answers == dict.fromkeys(paths, 200)


def test_a_service_registers_by_https_and_is_told_its_https_address(
    secured: Secured, echo: Backend
) -> None:
    body = {"name": "by-https", "base_url": echo.url}
    key = {"Authorization": f"Bearer {secured.gateway.key('join')}"}

    answer = secured.ask("/gateway/register", method="POST", json=body, headers=key)

    port = secured.gateway.settings.https_port
    assert answer.status_code == 201, answer.text
    assert answer.json()["live"] is True
    assert answer.json()["url"] == f"https://gateway.test:{port}/by-https"
    assert secured.ask("/by-https").status_code == 200


@pytest.mark.parametrize(("method", "status"), [("GET", 301), ("POST", 308)])
def test_plain_http_is_sent_to_https_for_good(secured: Secured, method: str, status: int) -> None:
    settings = secured.gateway.settings

    answer = httpx.request(
        method,
        f"http://127.0.0.1:{settings.http_port}/seen/a?b=c",
        headers={"Host": "gateway.test"},
        trust_env=False,
    )

    assert answer.status_code == status
    assert answer.headers["Location"] == f"https://gateway.test:{settings.https_port}/seen/a?b=c"


def test_a_websocket_goes_by_https(secured: Secured, callers: Callers) -> None:
    def talk(connection: ServerConnection) -> None:
        for message in connection:
            connection.send(message)

    with serve(talk, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        callers.registered("echoes", f"http://127.0.0.1:{server.socket.getsockname()[1]}")
        port = secured.gateway.settings.https_port
        there = socket.create_connection(("127.0.0.1", port))
        trusted = AUTHORITY.trusted()
        with connect(f"wss://gateway.test:{port}/echoes/x", sock=there, ssl=trusted) as talking:
            talking.send("hello")
            heard = talking.recv(timeout=5)

    assert heard == "hello"


def test_http_2_and_a_good_version_of_tls_are_spoken(secured: Secured) -> None:
    with secured.session() as secure:
        spoken = secure.selected_alpn_protocol(), secure.version()

    assert spoken == ("h2", "TLSv1.3")


def test_the_guards_of_the_edge_hold_by_https_too(
    secured: Secured, callers: Callers, echo: Backend
) -> None:
    callers.registered("guarded", echo.url)

    climbing = [
        secured.ask(path).status_code for path in ("/guarded/a%2fb", "/dashboard/", "/api/rawdata")
    ]
    sent = {"X_Forwarded_Prefix": "/evil", "X-Forwarded-For": "6.6.6.6"}
    headers = secured.ask("/guarded", headers=sent).json()["headers"]

    assert climbing == [400, 404, 404]
    assert "x_forwarded_prefix" not in headers
    assert headers["x-forwarded-for"] == "127.0.0.1"


@pytest.mark.parametrize("host", DOMAINS)
def test_no_service_may_take_a_domain_of_the_gateway(
    callers: Callers, echo: Backend, host: str
) -> None:
    answer = callers.register("thief", echo.url, host=host)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "host"


def test_a_renewed_certificate_is_served_without_a_restart(tmp_path: Path, echo: Backend) -> None:
    with _secured(tmp_path) as own:
        with _client(own.gateway) as client:
            client.registered("here", echo.url)
        before = own.serial()

        renewed = AUTHORITY.issue(*DOMAINS)
        (tmp_path / "own.crt").write_text(renewed.certificate)
        eventually(lambda: "" if "stays as it was" in _log(own) else "half of it was taken")
        half_way = own.serial()
        (tmp_path / "own.key").write_text(renewed.key)
        eventually(lambda: "" if own.serial() != before else "still the old one", 15)

        assert half_way == before
        assert own.serial() == _serial(renewed)
        assert own.ask("/here").status_code == 200


def test_an_expired_certificate_is_served_and_logged(tmp_path: Path) -> None:
    expired = AUTHORITY.issue(*DOMAINS, begins_at=NOW - 9 * DAY, ends_at=NOW - DAY)
    with _secured(tmp_path, expired) as own:
        with pytest.raises(httpx.ConnectError, match="certificate has expired"):
            own.ask("/gateway/health/live")

        assert "The certificate expired on" in _log(own)


def test_a_proxy_in_front_is_believed_where_it_is_named(tmp_path: Path, echo: Backend) -> None:
    sent = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}
    trusting = {"trusted_ips": "127.0.0.1", "public_url": "https://api.test"}
    with _running(tmp_path, **trusting) as gateway, _client(gateway) as client:
        registered = client.registered("behind", echo.url)
        headers = client.get("/behind", **sent).json()["headers"]

    assert registered["url"] == "https://api.test/behind"
    assert headers["x-forwarded-proto"] == "https"
    assert headers["x-forwarded-for"] == "203.0.113.7, 127.0.0.1"


@pytest.fixture(scope="session")
def pebble(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Find the programs of Pebble, Let's Encrypt's own test server, or build them."""
    built = tmp_path_factory.mktemp("pebble")

    def find(name: str) -> str:
        if found := shutil.which(name):
            return found
        if not shutil.which("go"):
            pytest.skip(f"needs {name} on PATH, or Go to build it")
        command = ["env", f"GOBIN={built}", "go", "install", PEBBLE.format(name)]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        if answer.returncode:
            pytest.skip(f"{name} could not be built: {answer.stderr[-300:]}")
        return str(built / name)

    return find


@pytest.fixture(scope="module")
def certified(
    tmp_path_factory: pytest.TempPathFactory, pebble: Callable[[str], str]
) -> Iterator[Secured]:
    """Start an ACME server and a gateway that gets its certificates there."""
    folder = tmp_path_factory.mktemp("certified")
    authority = Authority()
    certificate, key = authority.issue("127.0.0.1").write(folder, "acme")
    (folder / "ca.crt").write_text(authority.pem)
    names, http, https, listen, manage, dns = free_ports(6)
    (folder / "pebble.json").write_text(
        json.dumps(
            {
                "pebble": {
                    "listenAddress": f"127.0.0.1:{listen}",
                    "managementListenAddress": f"127.0.0.1:{manage}",
                    "certificate": str(certificate),
                    "privateKey": str(key),
                    "httpPort": http,
                    "tlsPort": https,
                }
            }
        )
    )
    off = [f"-{name}=" for name in ("http01", "https01", "tlsalpn01", "doh", "defaultIPv6")]
    resolver = [f"-dnsserver=127.0.0.1:{dns}", f"-management=127.0.0.1:{names}"]
    with ExitStack() as ends:
        for command in (
            [pebble("pebble-challtestsrv"), *resolver, *off, "-defaultIPv4=127.0.0.1"],
            [pebble("pebble"), f"-config={folder}/pebble.json", f"-dnsserver=127.0.0.1:{dns}"],
        ):
            log = ends.enter_context((folder / "pebble.log").open("ab"))
            quick = ["env", "PEBBLE_VA_NOSLEEP=1", *command]
            process = subprocess.Popen(quick, stdout=log, stderr=log)  # noqa: S603
            ends.callback(process.wait, 10)
            ends.callback(process.kill)
        manager = httpx.Client(verify=authority.trusted(), trust_env=False)
        ends.callback(manager.close)
        eventually(lambda: "" if _listens(names) and _listens(listen) else "no Pebble")
        root = manager.get(f"https://127.0.0.1:{manage}/roots/0").text
        gateway = ends.enter_context(
            _running(
                folder,
                domain=",".join(DOMAINS),
                acme_email="me@example.com",
                acme_server=f"https://127.0.0.1:{listen}/dir",
                acme_ca=str(folder / "ca.crt"),
                http_port=http,
                https_port=https,
            )
        )
        yield Secured(gateway, folder, ssl.create_default_context(cadata=root))


@pytest.mark.parametrize("host", DOMAINS)
def test_each_domain_gets_a_certificate_from_the_acme_server(certified: Secured, host: str) -> None:
    eventually(lambda: certified.problem(host), 60)

    assert certified.ask("/gateway/health/live", host=host).status_code == 200
    storage = certified.gateway.layout.acme / "acme.json"
    assert storage.stat().st_mode & 0o777 == 0o600


def test_a_service_with_a_host_of_its_own_gets_a_certificate_for_it(
    certified: Secured, echo: Backend
) -> None:
    with _client(certified.gateway) as client:
        client.registered("shop", echo.url, host="shop.test", prefix="/")

    eventually(lambda: certified.problem("shop.test"), 60)

    assert certified.ask("/", host="shop.test").json()["name"] == "echo"


def test_certificates_outlive_a_restart_of_traefik(certified: Secured) -> None:
    eventually(lambda: certified.problem(DOMAINS[0]), 60)
    before = certified.serial()
    # It is written after it is served.
    storage = certified.gateway.layout.acme / "acme.json"
    eventually(lambda: "" if DOMAINS[0] in storage.read_text() else "not stored")

    certified.gateway.kill("traefik")
    certified.gateway.start("traefik")

    eventually(lambda: certified.problem(DOMAINS[0]))
    assert certified.serial() == before


@contextmanager
def _secured(folder: Path, issued: Issued | None = None) -> Iterator[Secured]:
    certificate, key = (issued or AUTHORITY.issue(*DOMAINS)).write(folder)
    files = {"tls_cert": str(certificate), "tls_key": str(key)}
    with _running(folder, domain=",".join(DOMAINS), **files) as gateway:
        yield Secured(gateway, folder, AUTHORITY.trusted())


@contextmanager
def _running(folder: Path, **changed: object) -> Iterator[Throwaway]:
    with throwaway(folder / "gateway", **changed) as gateway:
        for name in NAMES:
            gateway.start(name)
        gateway.await_healthy("sidecar", ready=True)
        yield gateway


@contextmanager
def _client(gateway: Throwaway) -> Iterator[Callers]:
    client = Callers(gateway)
    try:
        yield client
    finally:
        client.http.close()


def _log(secured: Secured) -> str:
    return secured.gateway.layout.log("sidecar").read_text()


def _serial(issued: Issued) -> int:
    return x509.load_pem_x509_certificate(issued.certificate.encode()).serial_number


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
