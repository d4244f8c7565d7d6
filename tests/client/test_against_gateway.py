"""The commands against a real gateway, from key to revocation."""

from collections.abc import Callable
from pathlib import Path

import pytest

from stack.throwaway import Throwaway
from tests.client.commands.conftest import Terminal
from tests.harness import Backend, Callers, eventually

pytestmark = pytest.mark.slow


@pytest.fixture
def terminal(gateway: Throwaway, tmp_path: Path) -> Terminal:
    key_file = gateway.layout.secrets / "admin.key"
    environ = {"GATEHOUSE_URL": gateway.edge, "GATEHOUSE_TOKEN_FILE": str(key_file)}
    return Terminal(tmp_path, environ)


def a_manifest(terminal: Terminal, echo: Backend, more: str = "") -> str:
    return terminal.file(f"name: orders\nbase_url: {echo.url}\n{more}")


def test_a_key_opens_what_a_manifest_protects_until_it_is_revoked(
    terminal: Terminal, callers: Callers, echo: Backend
) -> None:
    manifest = a_manifest(terminal, echo, "preset: public\npolicies: {keyauth: {}}\n")
    registered = terminal.run("service", "register", manifest)
    assert registered.status == 0, registered.err
    assert "stays until `gatehouse service remove orders`" in registered.out

    made = terminal.run(
        *("key", "create", "alice", "--scope", "edge:call", "--service", "orders"),
        *("--expires", "1d"),
    )
    assert made.status == 0, made.err
    first = made.out.strip()
    rotated = terminal.run("key", "rotate", first, "--overlap", "1h")
    second = rotated.out.strip()
    assert (rotated.status, first != second) == (0, True)

    def answers(token: str, status: int) -> Callable[[], str]:
        def check() -> str:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            got = callers.get("/orders/x", **headers).status_code
            return "" if got == status else f"{got}, not {status}"

        return check

    assert answers("", 401)() == ""
    eventually(answers(first, 200))
    eventually(answers(second, 200))
    assert "alice" in terminal.run("key", "list").out
    assert "  services         orders\n" in terminal.run("key", "show", second).out

    assert terminal.run("key", "revoke", second).status == 0
    eventually(answers(first, 401))
    eventually(answers(second, 401))
    assert "policy keyauth" in terminal.run("service", "show", "orders").out
    assert terminal.run("service", "remove", "orders").out == "Removed orders.\n"
    assert terminal.run("service", "show", "orders").status == 1


def test_a_join_key_keeps_what_it_may_not_register_for_ever(
    terminal: Terminal, callers: Callers, gateway: Throwaway, echo: Backend
) -> None:
    terminal.environ["GATEHOUSE_TOKEN"] = gateway.key("join")
    seen: list[int] = []

    def wait(ready: Callable[[], None]) -> None:
        ready()
        seen.append(callers.get("/orders/x").status_code)

    terminal.wait = wait
    manifest = a_manifest(terminal, echo)

    refused = terminal.run("service", "register", manifest)
    kept = terminal.run("service", "register", manifest, "--keep")

    assert refused.status == 1
    assert "Give ttl_seconds in it, or --keep, or that key." in refused.err
    assert (kept.status, seen) == (0, [200]), kept.err
    assert (
        terminal.run("service", "show", "orders").err == "gatehouse: 'orders' is not registered.\n"
    )


def test_every_field_that_is_wrong_is_named(
    terminal: Terminal, callers: Callers, echo: Backend
) -> None:
    policies = "policies: {rateLimit: {average: 0}, retry: {attempts: 3, status: [abc]}}\n"

    done = terminal.run("service", "register", a_manifest(terminal, echo, policies))

    assert done.status == 1
    assert "\n  policies.rateLimit.average: " in done.err
    assert "\n  policies.retry.status.0: " in done.err
    assert callers.routers() == []
