"""TLS at the edge: the entry points that a domain adds, and the look at its certificate."""

from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sidecar.kit.certificates import CertificateError, read_pair
from sidecar.settings import Settings
from stack.errors import StackError

RESOLVER = "acme"

Configuration = dict[str, Any]


@dataclass(frozen=True)
class Places:
    """Where Traefik listens for the domain, and keeps the certificates that it is given."""

    web: str
    websecure: str
    acme_storage: str
    root: Path
    """What relative paths in the settings count from."""


def add_tls(configuration: Configuration, settings: Settings, places: Places) -> None:
    """Add to a static configuration what the domain and the trusted proxies need."""
    points = configuration["entryPoints"]
    if settings.trusted_networks:
        points["edge"]["forwardedHeaders"] = {"trustedIPs": list(settings.trusted_networks)}
    if not settings.domains:
        return
    points["web"] = _web(points["edge"], settings, places)
    points["websecure"] = _websecure(points["edge"], settings, places)
    if settings.tls_files is None:
        configuration["certificatesResolvers"] = {RESOLVER: {"acme": _acme(settings, places)}}


def warning(settings: Settings, root: Path) -> str | None:
    """Answer what callers will say of the certificate files. Raises `StackError` for useless ones.

    Relative paths count from `root`.
    """
    if settings.tls_files is None:
        return None
    certificate, key = (root / path for path in settings.tls_files)
    try:
        pair = read_pair(certificate, key, settings.domains)
    except CertificateError as error:
        raise StackError(
            f"{error}\nGATEHOUSE_TLS_CERT and GATEHOUSE_TLS_KEY name the certificate of"
            f" {', '.join(settings.domains)} and its key, both in PEM."
        ) from error
    return pair.warning(datetime.now(UTC))


def _web(edge: Configuration, settings: Settings, places: Places) -> Configuration:
    point = deepcopy(edge) | {"address": places.web}
    point.pop("asDefault", None)
    # What is answered here comes from Traefik itself, also while no middleware could be loaded.
    point["http"].pop("middlewares", None)
    # The port, not the entry point: in a container that listens on another than is published.
    target = {"to": f":{settings.https_port}", "scheme": "https", "permanent": True}
    point["http"]["redirections"] = {"entryPoint": target}
    return point


def _websecure(edge: Configuration, settings: Settings, places: Places) -> Configuration:
    point = deepcopy(edge) | {"address": places.websecure}
    point["http"]["tls"] = {} if settings.tls_files else {"certResolver": RESOLVER}
    return point


def _acme(settings: Settings, places: Places) -> Configuration:
    # HTTP-01 and not TLS-ALPN-01: it also works behind a proxy that ends TLS, and `web` is there.
    found: Configuration = {
        "email": settings.acme_email,
        "storage": places.acme_storage,
        "keyType": "EC256",
        "httpChallenge": {"entryPoint": "web"},
    }
    if settings.acme_server:
        found["caServer"] = settings.acme_server
    if settings.acme_ca:
        found["caCertificates"] = [str(places.root / settings.acme_ca)]
    return found
