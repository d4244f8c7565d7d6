"""What can be set, under which name, and what it is when it is not set."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Every setting of the sidecar and of the local stack: `GATEHOUSE_<NAME>`, or in `.env`."""

    model_config = SettingsConfigDict(
        env_prefix="GATEHOUSE_", env_file=".env", extra="ignore", frozen=True
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
    """How callers reach the edge; empty means http://127.0.0.1:<edge_port>."""
    hosts: str = ""
    """Further host names of the gateway itself, comma-separated: no service may take them."""
    valkey_url: str = ""
    """redis:// or unix:// URL; empty means 127.0.0.1:<valkey_port> with the generated password."""
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
        return (self.public_url or f"http://127.0.0.1:{self.edge_port}").rstrip("/")

    @property
    def api_url(self) -> str:
        return (self.traefik_api_url or f"http://127.0.0.1:{self.admin_port}").rstrip("/")
