"""Traefik's static configuration for the Compose stack, written as its containers start."""

import argparse
import sys
from pathlib import Path

import yaml

from sidecar.settings import Settings
from stack.errors import StackError
from stack.layout import ROOT
from stack.read import read_settings
from stack.tls import Places, add_tls

WEB, WEBSECURE = ":30080", ":30443"
ACME_STORAGE = "/acme/acme.json"
NOT_PUBLISHED = (
    "GATEHOUSE_DOMAIN is set and its ports are not published: put these lines into .env as well.\n"
    "COMPOSE_PATH_SEPARATOR=:\n"
    "COMPOSE_FILE=compose.yaml:compose.tls.yaml"
)


def main() -> int:
    """Write one file and answer the exit status."""
    parser = argparse.ArgumentParser(prog="python -m stack.static")
    parser.add_argument("target", type=Path, help="the file to write")
    parser.add_argument("--published", action="store_true", help="80 and 443 lead to Traefik")
    arguments = parser.parse_args()
    try:
        text = container_conf(read_settings(ROOT / ".env"), ROOT, published=arguments.published)
    except StackError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    arguments.target.write_text(text, encoding="utf-8")
    return 0


def container_conf(settings: Settings, root: Path, *, published: bool) -> str:
    """Answer the shipped configuration with what the settings add. Raises `StackError`."""
    if settings.domains and not published:
        raise StackError(NOT_PUBLISHED)
    text = (root / "traefik" / "traefik.yaml").read_text(encoding="utf-8")
    configuration = yaml.safe_load(text)
    add_tls(configuration, settings, Places(WEB, WEBSECURE, ACME_STORAGE, root))
    body: str = yaml.safe_dump(configuration, sort_keys=False, allow_unicode=True)
    return (
        f"# Written from traefik/traefik.yaml as the containers started; change that one.\n{body}"
    )


if __name__ == "__main__":
    sys.exit(main())
