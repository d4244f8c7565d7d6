from typing import Any

import pytest
import yaml

from sidecar.settings import Settings
from stack.errors import StackError
from stack.layout import ROOT
from stack.static import container_conf

DOMAIN = {"domain": "api.example.com", "acme_email": "me@example.com"}


def test_containers_run_traefik_as_shipped() -> None:
    written = yaml.safe_load(container_conf(_settings(), ROOT, published=False))

    assert written == yaml.safe_load((ROOT / "traefik" / "traefik.yaml").read_text())


def test_a_domain_adds_the_entry_points_that_compose_publishes() -> None:
    written = yaml.safe_load(container_conf(_settings(**DOMAIN), ROOT, published=True))

    published = yaml.safe_load((ROOT / "compose.tls.yaml").read_text())["services"]["traefik"]
    points = written["entryPoints"]
    assert [points[name]["address"] for name in ("web", "websecure")] == [
        f":{port.rpartition(':')[2]}" for port in published["ports"]
    ]
    storage = written["certificatesResolvers"]["acme"]["acme"]["storage"]
    assert f"acme:{storage.rpartition('/')[0]}" in published["volumes"]


def test_a_domain_without_published_ports_says_what_is_missing() -> None:
    with pytest.raises(StackError, match=r"COMPOSE_FILE=compose\.yaml:compose\.tls\.yaml"):
        container_conf(_settings(**DOMAIN), ROOT, published=False)


def _settings(**given: Any) -> Settings:
    return Settings.model_validate(given)
