"""What Go's own tools say of the plugins, where there are any."""

import shutil
import subprocess
from pathlib import Path

import pytest

from stack.layout import ROOT

PLUGINS = ROOT / "traefik" / "plugins-local" / "src" / "gatehouse"
NAMES = ("entry", "envelope", "keyauth", "ratelimit")
GO = shutil.which("go")
TIMEOUT_SECONDS = 180

pytestmark = pytest.mark.skipif(GO is None, reason="no Go toolchain on PATH")


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_plugin_passes_its_go_tests(name: str) -> None:
    assert _go(PLUGINS / name, "test", "./...") == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_plugin_passes_vet(name: str) -> None:
    assert _go(PLUGINS / name, "vet", "./...") == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_plugin_needs_the_standard_library_alone(name: str) -> None:
    lines = (PLUGINS / name / "go.mod").read_text(encoding="utf-8").split("\n")

    assert not [line for line in lines if line.startswith(("require", "replace"))]


def _go(folder: Path, *arguments: str) -> int:
    assert GO is not None
    done = subprocess.run(  # noqa: S603 - a fixed command
        [GO, *arguments], cwd=folder, timeout=TIMEOUT_SECONDS, check=False
    )
    return done.returncode
