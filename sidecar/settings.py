"""What can be set, under which name, and what it is when it is not set."""

import re
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

from pydantic import AliasChoices, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST_NAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})*")
_HTTPS_PORT = 443
# Set by policies of their own: as `plugin`, one could read any file for keys.
_OUR_PLUGINS = frozenset({"entry", "envelope", "keyauth", "ratelimit"})
_DATABASE = re.compile(
    r"(postgres|postgresql)(\+[a-z0-9]+)?://[^/]*/[^/?]|sqlite(\+[a-z0-9]+)?:///."
)


class Settings(BaseSettings):
    """Every setting of the sidecar and of the local stack: `GATEHOUSE_<NAME>`, or in `.env`."""

    model_config = SettingsConfigDict(
        env_prefix="GATEHOUSE_",
        env_file=".env",
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        # Some hold passwords.
        hide_input_in_errors=True,
    )

    bind: str = "127.0.0.1"
    """The address the edge listens on. Only the edge."""
    admin_bind: str = "127.0.0.1"
    """The address the Traefik API and dashboard listen on."""
    edge_port: int = Field(30090, ge=1, le=65535)
    admin_port: int = Field(30091, ge=1, le=65535)
    sidecar_port: int = Field(30092, ge=1, le=65535)
    valkey_port: int = Field(30093, ge=1, le=65535)
    math_port: int = Field(30094, ge=1, le=65535)
    sockets_port: int = Field(30095, ge=1, le=65535)

    sidecar_bind: str = "127.0.0.1"
    """Where the sidecar listens; a container needs 0.0.0.0."""
    public_url: str = ""
    """How callers reach the edge; empty means the domain, or http://127.0.0.1:<edge_port>."""
    hosts: str = ""
    """Further host names of the gateway itself, comma-separated: no service may take them."""
    valkey_url: str = ""
    """redis:// or unix:// URL; empty means 127.0.0.1:<valkey_port> with the generated password."""
    database_url: str = Field(
        "", validation_alias=AliasChoices("GATEHOUSE_DATABASE_URL", "DATABASE_URL"), repr=False
    )
    """postgresql:// or sqlite:/// URL; empty means the file <var_dir>/gatehouse.db."""
    traefik_api_url: str = ""
    """Where the sidecar asks Traefik; empty means http://127.0.0.1:<admin_port>."""

    var_dir: Path = Path("var")
    """Everything generated: secrets, data, logs."""
    edge_dir: Path | None = None
    """Staging directory and users file; shared with Traefik. Default: <var_dir>/edge."""
    watched_dir: Path | None = None
    """The directory Traefik watches. Default: dynamic-config."""
    handwritten_dir: Path = Path("dynamic-config")
    """Where the hand-written configuration lies; copied to `watched_dir` if that is elsewhere."""
    access_log: Path | None = None
    """Traefik's access log, which the sidecar keeps short. Default: <var_dir>/log/access.log."""
    join_key_copy: Path | None = None
    """Where else the join key is put, for processes that must not see the admin key."""
    confirm_seconds: float = Field(5.0, gt=0)
    """How long Traefik may take to show a configuration before it counts as refused."""

    presets_dir: Path = Path("presets")
    """Named sets of policies, one YAML file each."""
    allowed_plugins: str = ""
    """Plugins of others, by their names in traefik.yaml, that registrations may use."""
    limits_valkey: str | None = None
    """host:port of Valkey as Traefik reaches it, for rate limits that several edges share; empty
    switches them off. Default: ours on this machine, and off with a `valkey_url`."""

    tls_bind: str = ""
    """Where the domain is served; empty means every address of this machine."""
    http_port: int = Field(80, ge=1, le=65535)
    """Where callers of the domain are sent to https, and an ACME server finds its answers."""
    https_port: int = Field(_HTTPS_PORT, ge=1, le=65535)
    acme_email: str = Field("", validation_alias=AliasChoices("GATEHOUSE_ACME_EMAIL", "ACME_EMAIL"))
    """Whom the ACME server writes to; given, certificates come from there."""
    acme_server: str = ""
    """The directory of an ACME server; empty means Let's Encrypt."""
    acme_ca: str = ""
    """A file with the certificate of the authority that the ACME server itself is signed by."""
    tls_cert: str = ""
    """A certificate file of one's own, with the chain: instead of ACME."""
    tls_key: str = ""
    trusted_ips: str = ""
    """Proxies whose X-Forwarded-* is believed: addresses and networks, comma-separated."""
    compose_file: str = Field("", validation_alias="COMPOSE_FILE")
    """Docker Compose's own: which files it reads, where that is not left to `just up`."""
    # After all that it needs.
    domain: str = Field("", validate_default=True)
    """The host names under which the edge is served by https, comma-separated."""

    @field_validator("database_url")
    @classmethod
    def _is_a_database(cls, value: str) -> str:
        # Whatever it is may hold a password, so that none of it is shown.
        if value and not _DATABASE.match(value):
            raise PydanticCustomError(
                "database", "accepts postgresql://user:password@host/name or sqlite:///path"
            )
        return value

    @field_validator("trusted_ips")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        for part in _parts(value):
            try:
                ip_network(part, strict=False)
            except ValueError as error:
                raise PydanticCustomError(
                    "network", "accepts addresses and networks such as 10.0.0.5 or 10.1.0.0/16"
                ) from error
        return value

    @field_validator("domain")
    @classmethod
    def _has_a_certificate(cls, value: str, info: ValidationInfo) -> str:
        if problem := _domain_problem(_parts(value), info.data):
            raise PydanticCustomError("domain", "{problem}", {"problem": problem})
        return value

    @property
    def limits_endpoint(self) -> str:
        """Where Traefik counts for shared rate limits; empty where nowhere."""
        if self.limits_valkey is not None:
            return self.limits_valkey
        return "" if self.valkey_url else f"127.0.0.1:{self.valkey_port}"

    @property
    def plugins(self) -> frozenset[str]:
        """The third-party plugins that registrations may use."""
        named = {part.strip() for part in self.allowed_plugins.split(",") if part.strip()}
        return frozenset(named - _OUR_PLUGINS)

    @property
    def domains(self) -> tuple[str, ...]:
        """The host names served by https; none of them: plain HTTP alone."""
        return tuple(dict.fromkeys(_parts(self.domain)))

    @property
    def trusted_networks(self) -> tuple[str, ...]:
        return tuple(_parts(self.trusted_ips))

    @property
    def tls_files(self) -> tuple[Path, Path] | None:
        """The certificate and the key of one's own; none of them: ACME."""
        return (Path(self.tls_cert), Path(self.tls_key)) if self.tls_cert else None

    @property
    def edge_path(self) -> Path:
        return self.edge_dir or self.var_dir / "edge"

    @property
    def watched_path(self) -> Path:
        return self.watched_dir or self.handwritten_dir

    @property
    def access_log_path(self) -> Path:
        return self.access_log or self.var_dir / "log" / "access.log"

    @property
    def secrets_path(self) -> Path:
        return self.var_dir / "secrets"

    @property
    def edge_url(self) -> str:
        return (self.public_url or self._domain_url or self.local_url).rstrip("/")

    @property
    def local_url(self) -> str:
        """The edge by plain HTTP, as this machine reaches it."""
        return f"http://127.0.0.1:{self.edge_port}"

    @property
    def _domain_url(self) -> str:
        if not self.domains:
            return ""
        port = "" if self.https_port == _HTTPS_PORT else f":{self.https_port}"
        return f"https://{self.domains[0]}{port}"

    @property
    def api_url(self) -> str:
        return (self.traefik_api_url or f"http://127.0.0.1:{self.admin_port}").rstrip("/")


def _parts(value: str) -> list[str]:
    return [part.strip().lower() for part in value.split(",") if part.strip()]


def _domain_problem(names: list[str], given: Mapping[str, Any]) -> str:
    acme, certificate, key = (bool(given.get(n)) for n in ("acme_email", "tls_cert", "tls_key"))
    if not names:
        if certificate or key:
            return "is needed with GATEHOUSE_TLS_CERT and GATEHOUSE_TLS_KEY"
        return ""
    if strange := [name for name in names if not _HOST_NAME.fullmatch(name)]:
        return f"accepts host names such as api.example.com, comma-separated, not {strange[0]!r}"
    if acme == (certificate and key) or certificate != key:
        return "needs ACME_EMAIL, or GATEHOUSE_TLS_CERT and GATEHOUSE_TLS_KEY, and not both"
    if acme and any(map(_is_address, names)):
        return "is an address: with ACME_EMAIL it must be a host name"
    return ""


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
