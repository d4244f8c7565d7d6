"""A terminal whose commands go to a gateway on loopback."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from gatehouse.cli import run
from gatehouse.commands.console import Console

from tests.fakes.gateway import FakeGateway

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
HANOI = timezone(timedelta(hours=7))
TOKEN = "gate_admin_hush"  # noqa: S105 - the fake takes any


class Done(NamedTuple):
    """What a command left behind."""

    status: int
    out: str
    err: str


def _nobody_waits(_: Callable[[], None]) -> None:
    raise AssertionError("the command waits")


@dataclass
class Terminal:
    """Runs commands in this process, as if at `NOW` in Hanoi."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)
    wait: Callable[[Callable[[], None]], None] = _nobody_waits
    paused: list[float] = field(default_factory=list)
    """For how long commands have let time pass, which here takes none."""

    def run(self, *argv: str) -> Done:
        out, err = io.StringIO(), io.StringIO()
        console = Console(
            out,
            err,
            wait=self.wait,
            environ=self.environ,
            cwd=self.folder,
            pause=self.paused.append,
            now=lambda: NOW,
            zone=HANOI,
        )
        return Done(run(argv, console), out.getvalue(), err.getvalue())

    def file(self, text: str | bytes, name: str = "gatehouse.yaml") -> str:
        """Write a file and give its path."""
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    with FakeGateway() as gateway:
        yield gateway


@pytest.fixture
def terminal(gateway: FakeGateway, tmp_path: Path) -> Terminal:
    return Terminal(tmp_path, {"GATEHOUSE_URL": gateway.url, "GATEHOUSE_TOKEN": TOKEN})


def a_key(**changed: Any) -> dict[str, Any]:
    """Build what the gateway shows of a key."""
    return {
        "id": "a1b2c3d4e5f6",
        "name": "alice",
        "scopes": ["edge:call"],
        "services": None,
        "prefixes": None,
        "capabilities": None,
        "tenant": None,
        "created_at": "2026-06-01T00:00:00Z",
        "created_by": "admin",
        "expires_at": None,
        "revoked_at": None,
        "rotated_at": None,
        "overlap_ends_at": None,
        "last_used_at": None,
        **changed,
    }


def a_service(**changed: Any) -> dict[str, Any]:
    """Build what the gateway shows of a service with one instance."""
    return {
        "name": "orders",
        "prefix": "/orders",
        "host": None,
        "url": "http://edge/orders",
        "strip_prefix": True,
        "expose": "all",
        "owner": "join",
        "health": None,
        "openapi_url": None,
        "routes": [],
        "description": "",
        "tags": [],
        "metadata": {},
        "created_at": "2026-06-30T12:00:00Z",
        "rejected": None,
        "documentation": None,
        "instances": [an_instance()],
        **changed,
    }


def an_instance(**changed: Any) -> dict[str, Any]:
    """Build what the gateway shows of an instance."""
    return {
        "instance_id": "one",
        "base_url": "http://127.0.0.1:8000",
        "weight": 1,
        "version": "",
        "registered_at": "2026-06-30T12:00:00Z",
        "healthy": None,
        "lease": {
            "ttl_seconds": 30,
            "expires_at": "2026-07-01T12:00:21Z",
            "heartbeat_url": "http://edge/gateway/services/orders/instances/one/heartbeat",
        },
        **changed,
    }
