from pathlib import Path
from typing import Any

import pytest
import yaml

from sidecar.settings import Settings
from stack.errors import StackError
from stack.layout import ROOT
from stack.read import read_settings
from stack.tls import Places, add_tls, warning
from tests.certificates import DAY, NOW, Authority

AUTHORITY = Authority()
PLACES = Places(":8080", ":8443", "/srv/acme.json", Path("/srv/gatehouse"))
OWN_FILES = {"domain": "api.example.com", "tls_cert": "tls/own.crt", "tls_key": "tls/own.key"}
ACME = {"domain": "api.example.com", "acme_email": "me@example.com"}


def test_without_a_domain_the_configuration_stays_as_it_is() -> None:
    assert _added(acme_email="me@example.com") == _shipped()


def test_https_answers_as_the_edge_does() -> None:
    points = _added(**OWN_FILES)["entryPoints"]

    edge = _shipped()["entryPoints"]["edge"]
    assert points["edge"] == edge
    assert points["websecure"] == edge | {
        "address": ":8443",
        "http": edge["http"] | {"tls": {}},
    }


def test_plain_http_for_the_domain_sends_callers_to_the_port_that_they_see() -> None:
    points = _added(**OWN_FILES, https_port=4443)["entryPoints"]

    web = points["web"]
    assert "asDefault" not in web
    assert web["address"] == ":8080"
    assert web["http"]["sanitizePath"] is True
    assert web["http"]["redirections"] == {
        "entryPoint": {"to": ":4443", "scheme": "https", "permanent": True}
    }


def test_certificates_come_from_lets_encrypt_unless_told_otherwise() -> None:
    added = _added(**ACME)

    assert added["entryPoints"]["websecure"]["http"]["tls"] == {"certResolver": "acme"}
    assert added["certificatesResolvers"]["acme"]["acme"] == {
        "email": "me@example.com",
        "storage": "/srv/acme.json",
        "keyType": "EC256",
        "httpChallenge": {"entryPoint": "web"},
    }


def test_another_acme_server_and_its_authority_can_be_named() -> None:
    server = {"acme_server": "https://ca.example:9000/acme/directory", "acme_ca": "tls/ca.crt"}

    resolver = _added(**ACME, **server)["certificatesResolvers"]["acme"]["acme"]

    assert resolver["caServer"] == server["acme_server"]
    assert resolver["caCertificates"] == ["/srv/gatehouse/tls/ca.crt"]


def test_proxies_are_believed_where_they_are_named() -> None:
    points = _added(trusted_ips="10.0.0.5, 10.1.0.0/16")["entryPoints"]

    assert points["edge"]["forwardedHeaders"] == {"trustedIPs": ["10.0.0.5", "10.1.0.0/16"]}


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (
            "GATEHOUSE_DOMAIN=a.example",
            "is 'a.example': needs ACME_EMAIL, or GATEHOUSE_TLS_CERT and GATEHOUSE_TLS_KEY, and",
        ),
        ("GATEHOUSE_DOMAIN=a.example\nGATEHOUSE_TLS_CERT=a", "needs ACME_EMAIL, or"),
        (
            "GATEHOUSE_DOMAIN=a.example\nACME_EMAIL=a\nGATEHOUSE_TLS_CERT=a\nGATEHOUSE_TLS_KEY=b",
            "and not both",
        ),
        ("GATEHOUSE_TLS_KEY=a", "GATEHOUSE_DOMAIN is '': is needed with GATEHOUSE_TLS_CERT"),
        ("GATEHOUSE_DOMAIN=https://a.example\nACME_EMAIL=a", "not 'https://a.example'"),
        ("GATEHOUSE_DOMAIN=*.example\nACME_EMAIL=a", "not '*.example'"),
        ("GATEHOUSE_DOMAIN=10.0.0.5\nACME_EMAIL=a", "with ACME_EMAIL it must be a host name"),
        ("GATEHOUSE_TRUSTED_IPS=proxy", "GATEHOUSE_TRUSTED_IPS is 'proxy': accepts addresses"),
    ],
)
def test_settings_that_make_no_sense_together_are_named(
    tmp_path: Path, lines: str, said: str
) -> None:
    (tmp_path / ".env").write_text(lines)

    with pytest.raises(StackError) as refusal:
        read_settings(tmp_path / ".env")

    assert said in str(refusal.value)


@pytest.mark.parametrize(
    ("port", "url"),
    [("443", "https://a.example"), ("4443", "https://a.example:4443")],
)
def test_callers_are_told_the_first_domain(tmp_path: Path, port: str, url: str) -> None:
    lines = f"GATEHOUSE_DOMAIN=A.example, b.example\nACME_EMAIL=a\nGATEHOUSE_HTTPS_PORT={port}"
    (tmp_path / ".env").write_text(lines)

    settings = read_settings(tmp_path / ".env")

    assert settings.domains == ("a.example", "b.example")
    assert settings.edge_url == url


def test_a_certificate_that_can_not_be_served_is_an_error_before_the_start(tmp_path: Path) -> None:
    (tmp_path / "tls").mkdir()
    AUTHORITY.issue("other.example").write(tmp_path / "tls")

    with pytest.raises(StackError, match=r"is not for api\.example\.com: it is for other\.example"):
        warning(_settings(**OWN_FILES), tmp_path)


def test_an_expired_certificate_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "tls").mkdir()
    issued = AUTHORITY.issue("api.example.com", begins_at=NOW - 9 * DAY, ends_at=NOW - DAY)
    issued.write(tmp_path / "tls")

    assert "expired on" in (warning(_settings(**OWN_FILES), tmp_path) or "")


def _settings(**given: Any) -> Settings:
    return Settings.model_validate(given)


def _shipped() -> dict[str, Any]:
    shipped: dict[str, Any] = yaml.safe_load((ROOT / "traefik" / "traefik.yaml").read_text())
    return shipped


def _added(**given: Any) -> dict[str, Any]:
    configuration = _shipped()
    add_tls(configuration, _settings(**given), PLACES)
    return configuration
