"""A local stack of the tests' own: other ports, another var directory."""

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sidecar.settings import Settings
from stack.layout import ROOT, Layout, layout_of
from stack.throwaway import free_ports

PORTS = ("edge", "admin", "sidecar", "valkey", "math", "sockets")


@dataclass(frozen=True)
class LocalStack:
    """`python -m stack`, as somebody with these settings would type it."""

    variables: dict[str, str]
    layout: Layout

    def run(self, *arguments: str, **others: str) -> subprocess.CompletedProcess[str]:
        pairs = [f"{name}={value}" for name, value in (self.variables | others).items()]
        return subprocess.run(
            ["env", *pairs, sys.executable, "-m", "stack", *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
        )

    def get_port(self, name: str) -> int:
        return int(self.variables[f"GATEHOUSE_{name.upper()}_PORT"])


@pytest.fixture(scope="session")
def make_stack(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[], LocalStack]]:
    """Make stacks that are ended when the session ends, whatever became of the tests."""
    with contextlib.ExitStack() as ends:

        def make() -> LocalStack:
            stack = _stack(tmp_path_factory.mktemp("local stack") / "var")
            ends.callback(stack.run, "down")
            return stack

        yield make


def _stack(var: Path) -> LocalStack:
    watched = var / "watched"
    variables = {
        "GATEHOUSE_VAR_DIR": str(var),
        "GATEHOUSE_WATCHED_DIR": str(watched),
        # A Compose stack that the user has running is none of ours.
        "COMPOSE_PROJECT_NAME": "gatehouse-none",
    }
    for name, port in zip(PORTS, free_ports(len(PORTS)), strict=True):
        variables[f"GATEHOUSE_{name.upper()}_PORT"] = str(port)
    return LocalStack(
        variables, layout_of(Settings.model_construct(var_dir=var, watched_dir=watched))
    )
