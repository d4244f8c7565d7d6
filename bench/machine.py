"""What it was measured on, in one line."""

import os
import platform
import re
import subprocess
from pathlib import Path

from stack.processes import traefik
from stack.throwaway import Throwaway


def describe(gateway: Throwaway) -> str:
    """Answer cores, processor, Python and Traefik, and how busy the machine was already."""
    load = f"load average {os.getloadavg()[0]:.1f} at the start"
    parts = (
        f"{os.cpu_count()} cores",
        _processor(),
        f"{platform.system()} {platform.release()}",
        f"Python {platform.python_version()}",
        f"Traefik {_traefik_version(gateway)}",
        load,
    )
    return ", ".join(part for part in parts if part)


def _processor() -> str:
    try:
        found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    except OSError:
        found = None
    return " ".join(found[1].split()) if found else platform.processor()


def _traefik_version(gateway: Throwaway) -> str:
    answer = subprocess.run(
        [traefik(gateway.settings, gateway.layout).command[0], "version"],
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"Version:\s+(\S+)", answer.stdout)
    return found[1] if found else "of unknown version"
