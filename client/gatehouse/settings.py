"""Where the gateway is and which key opens it: all that the SDK reads from the environment."""

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

EDGE_URL = "http://127.0.0.1:30090"
OFF = "off"


class KeyNotFoundError(Exception):
    """There is no usable key; the text says where one was looked for, never what was found."""


@dataclass(frozen=True)
class Settings:
    """How a service reaches its gateway. The key is looked up at each use: it may come later."""

    url: str = EDGE_URL
    """The edge's URL; `off` registers nowhere."""
    token: str | None = field(default=None, repr=False)
    token_files: tuple[Path, ...] = ()
    """Where the key may lie, best first, when `token` is not given."""
    base_url: str | None = None
    """Where the gateway reaches this process, when the code does not say."""

    @property
    def is_off(self) -> bool:
        return self.url == OFF

    @property
    def token_place(self) -> str:
        """Say where the key is taken from, for whoever wonders which one was refused."""
        if self.token:
            return "GATEHOUSE_TOKEN"
        return next((str(path) for path in self.token_files if path.exists()), "nowhere")

    def get_token(self) -> str:
        """Read the key, again each time. Raises KeyNotFoundError, whose text names the places."""
        if self.token:
            return _usable(self.token, "GATEHOUSE_TOKEN")
        return read_first(self.token_files)


def read_settings(
    environ: Mapping[str, str] | None = None, cwd: Path | None = None, *, key: str = "join.key"
) -> Settings:
    """Read `GATEHOUSE_URL`, `_TOKEN`, `_TOKEN_FILE`, `_VAR_DIR` and `_BASE_URL`.

    `environ` and `cwd` are for tests; they default to the process's own environment and directory.
    `key` is the generated key that serves when none is named.
    """
    values = os.environ if environ is None else environ
    named = values.get("GATEHOUSE_TOKEN_FILE")
    return Settings(
        url=(values.get("GATEHOUSE_URL") or EDGE_URL).rstrip("/"),
        token=values.get("GATEHOUSE_TOKEN") or None,
        token_files=(Path(named),) if named else secret_files(key, values, cwd),
        base_url=values.get("GATEHOUSE_BASE_URL") or None,
    )


def secret_files(
    name: str, environ: Mapping[str, str] | None = None, cwd: Path | None = None
) -> tuple[Path, ...]:
    """List where a generated secret may lie: `<var>/secrets` here or in a folder above."""
    values = os.environ if environ is None else environ
    here = Path.cwd() if cwd is None else cwd
    secret = Path(values.get("GATEHOUSE_VAR_DIR") or "var", "secrets", name)
    return tuple(dict.fromkeys(folder / secret for folder in (here, *here.parents)))


def read_first(files: tuple[Path, ...]) -> str:
    """Read the first of these files that exists. Raises KeyNotFoundError."""
    for path in files:
        try:
            return _usable(path.read_text(encoding="utf-8"), str(path))
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise KeyNotFoundError(f"{path} cannot be read ({type(error).__name__}).") from error
    if not files:
        raise KeyNotFoundError("GATEHOUSE_TOKEN is not set.")
    above = ", nor one in a folder above" if len(files) > 1 else ""
    recipe = "token" if files[0].stem == "admin" else "token join"
    raise KeyNotFoundError(
        f"There is no {files[0]}{above}. The gateway makes it at its first start (./just up);"
        f" from elsewhere, `./just {recipe}` in the checkout prints it, for GATEHOUSE_TOKEN."
    )


def is_private_way(url: str) -> bool:
    """Tell whether a key may travel to this URL: encrypted, or without leaving machine or engine.

    A name without a dot is one that a container engine resolves on its own network.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "http" or host.endswith((".localhost", ".docker.internal")):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return "." not in host


def _usable(text: str, source: str) -> str:
    # An HTTP library that is handed a line break quotes the whole header in its complaint.
    token = text.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise KeyNotFoundError(f"{source} does not hold a key.")
    return token
