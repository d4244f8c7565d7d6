import subprocess
import sys
from pathlib import Path

import pytest


def gatehouse(*arguments: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "gatehouse", *arguments],
        cwd=cwd,
        env=environ,
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    secrets = tmp_path / "var" / "secrets"
    secrets.mkdir(parents=True)
    for key in ("admin", "join"):
        (secrets / f"{key}.key").write_text(f"gate_{key}_secret\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "key"), [((), "admin"), (("admin",), "admin"), (("join",), "join")]
)
def test_a_key_is_printed_alone_so_that_a_shell_can_use_it(
    root: Path, arguments: tuple[str, ...], key: str
) -> None:
    done = gatehouse("token", *arguments, cwd=root)

    assert (done.returncode, done.stdout, done.stderr) == (0, f"gate_{key}_secret\n", "")


def test_the_services_own_token_is_not_what_is_printed(root: Path) -> None:
    done = gatehouse("token", cwd=root, GATEHOUSE_TOKEN="other")  # noqa: S106

    assert done.stdout == "gate_admin_secret\n"


def test_the_var_directory_can_be_elsewhere(root: Path) -> None:
    done = gatehouse("token", cwd=Path("/"), GATEHOUSE_VAR_DIR=str(root / "var"))

    assert done.stdout == "gate_admin_secret\n"


def test_without_a_key_it_says_where_it_looked_and_what_makes_one(tmp_path: Path) -> None:
    done = gatehouse("token", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (1, "")
    assert f"There is no {tmp_path}/var/secrets/admin.key" in done.stderr
    assert "./just up" in done.stderr


@pytest.mark.parametrize("arguments", [(), ("token", "other"), ("tokens",)])
def test_what_it_does_not_know_is_a_usage_error(root: Path, arguments: tuple[str, ...]) -> None:
    done = gatehouse(*arguments, cwd=root)

    assert (done.returncode, done.stdout) == (2, "")
    assert "usage: gatehouse" in done.stderr


def test_help_names_the_commands(root: Path) -> None:
    done = gatehouse("--help", cwd=root)

    assert done.returncode == 0
    assert "token" in done.stdout
