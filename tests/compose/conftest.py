"""A Compose project of the tests' own: another name, other ports, volumes that go at the end."""

import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from stack.layout import ROOT

PROJECT = "gatehouse-test"


@dataclass(frozen=True)
class ComposeStack:
    """`docker compose`, as somebody with these ports in `.env` would type it."""

    file: Path
    edge_port: int
    admin_port: int

    def run(self, *arguments: str, script: str | None = None) -> subprocess.CompletedProcess[str]:
        ports = {"GATEHOUSE_EDGE_PORT": self.edge_port, "GATEHOUSE_ADMIN_PORT": self.admin_port}
        pairs = [f"{name}={port}" for name, port in ports.items()]
        return subprocess.run(
            ["env", *pairs, "docker", "compose", "-f", str(self.file), *arguments],
            input=script,
            stdin=None if script is not None else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )

    def inside(self, service: str, *command: str, script: str | None = None) -> str:
        """Run a command in a container and answer what it prints. Raises when it fails."""
        answer = self.run("exec", "-T", service, *command, script=script)
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return answer.stdout

    @property
    def edge(self) -> str:
        return f"http://127.0.0.1:{self.edge_port}"

    @property
    def admin(self) -> str:
        return f"http://127.0.0.1:{self.admin_port}"


@pytest.fixture(scope="session")
def compose(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComposeStack]:
    """Bring the stack up as a user does, and remove all of it afterwards."""
    file = tmp_path_factory.mktemp("compose") / "compose.yaml"
    file.write_text(yaml.safe_dump(_project()))
    stack = ComposeStack(file, _free_port(), _free_port())
    try:
        answer = stack.run("up", "-d", "--build", "--wait")
        assert answer.returncode == 0, answer.stdout + answer.stderr + stack.run("logs").stdout
        yield stack
    finally:
        stack.run("down", "--volumes", "--remove-orphans")


def _project() -> dict[str, object]:
    """Answer the shipped file under another name; its relative paths must lead to the checkout."""
    project: dict[str, object] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    services = project["services"]
    assert isinstance(services, dict)
    for service in services.values():
        service["image"] = service["image"].replace("gatehouse-gateway", PROJECT)
        if "build" in service:
            service["build"] = str(ROOT)
        service["volumes"] = [volume.replace("./", f"{ROOT}/") for volume in service["volumes"]]
    return project | {"name": PROJECT}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
