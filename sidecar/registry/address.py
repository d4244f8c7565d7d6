"""Reading a `base_url`: typed parts, one spelling, no address that must not be routed to."""

import hashlib
import re
from functools import lru_cache
from urllib.parse import urljoin, urlsplit

from sidecar.kit.addresses import as_address, is_host_name, why_refused
from sidecar.kit.values import Value

SEGMENT = r"[A-Za-z0-9._~-]+"
_PATH = re.compile(rf"(/{SEGMENT})*")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_MAX_URL = 2048


class BaseUrl(Value):
    """Where an instance answers: scheme, host, port and a path without a slash at its end."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"

    def __str__(self) -> str:
        return self.origin + self.path

    @property
    def slug(self) -> str:
        """A name for the instance that answers here: readable, and one for each URL."""
        digest = hashlib.sha256(str(self).encode()).hexdigest()[:6]
        readable = re.sub(r"[^A-Za-z0-9.-]", "-", self.host)[:50]
        return f"{readable}-{self.port}-{digest}"


@lru_cache(maxsize=4096)
def parse_base_url(text: str) -> BaseUrl:
    """Read a base URL, or raise `ValueError` that says what would be accepted."""
    if len(text) > _MAX_URL or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError(f"must be a plain URL of at most {_MAX_URL} ASCII characters")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise ValueError("must be a URL such as http://192.168.1.20:8000") from error
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise ValueError("must begin with http:// or https:// and name a host")
    if "@" in parts.netloc:
        raise ValueError("must not carry credentials")
    if "?" in text or "#" in text:
        raise ValueError("must have neither a query nor a fragment")
    if port == 0:
        raise ValueError("must have a port from 1 to 65535")
    return BaseUrl(
        scheme=parts.scheme,
        host=_host(parts.hostname),
        port=port or _DEFAULT_PORTS[parts.scheme],
        path=clean_path(parts.path.rstrip("/")),
    )


def document_url(base: BaseUrl, openapi_url: str) -> str:
    """Answer where a service's document is; raises `ValueError` if not on the service's origin."""
    if not openapi_url.isprintable():
        raise ValueError("must be a plain URL")
    url = urljoin(f"{base}/", openapi_url)
    parts = urlsplit(url)
    port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    same_origin = (parts.scheme, parts.hostname, port) == (base.scheme, base.host, base.port)
    if not same_origin or "@" in parts.netloc:
        raise ValueError(f"must be on {base.origin}, where the service itself is")
    return url


def clean_path(path: str) -> str:
    """Answer a path made of plain segments as it is, or raise `ValueError`."""
    if not _PATH.fullmatch(path) or any(part in {".", ".."} for part in path.split("/")):
        # Litestar cuts a message at " - ".
        raise ValueError(
            "must be segments of letters, digits and any of .-_~ between single slashes:"
            " no '..', no slash at the end"
        )
    return path


def _host(host: str) -> str:
    host = host.lower().removesuffix(".")
    if "%" in host:
        raise ValueError("must name a host without an IPv6 zone")
    address = as_address(host)
    if address is None and not is_host_name(host):
        raise ValueError("must name a host by its DNS name or its IP address in the usual form")
    reason = why_refused(host)
    if reason:
        raise ValueError(f"{host} {reason}")
    return host if address is None else str(address)
