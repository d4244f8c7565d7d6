import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from gatehouse.cli import excuse


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


@pytest.mark.parametrize(
    "arguments",
    [("key", "list"), ("key", "create", "a", "--scope", "admin"), ("service", "register", "x")],
)
def test_an_option_that_is_not_known_shows_the_usage_of_its_command(
    root: Path, arguments: tuple[str, ...]
) -> None:
    done = gatehouse(*arguments, "--nonsense", cwd=root)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"usage: gatehouse {' '.join(arguments[:2])} ")
    assert done.stderr.endswith("error: unrecognized arguments: --nonsense\n")


def test_a_manifest_that_is_missing_is_named_by_its_whole_path(root: Path) -> None:
    done = gatehouse("service", "register", "orders.yaml", cwd=root)

    said = f"gatehouse: {root}/orders.yaml cannot be read: No such file or directory.\n"
    assert (done.returncode, done.stderr) == (1, said)


def test_help_names_the_commands(root: Path) -> None:
    done = gatehouse("--help", cwd=root)

    assert done.returncode == 0
    assert "token" in done.stdout


def test_what_commands_there_are_is_asked_step_by_step(root: Path) -> None:
    for arguments, commands in (
        (("key",), ("create", "list", "show", "rotate", "revoke")),
        (("service",), ("list", "show", "register", "remove")),
    ):
        done = gatehouse(*arguments, "--help", cwd=root)

        assert done.returncode == 0
        assert all(f"\n    {command} " in done.stdout for command in commands)


def test_a_manifest_is_checked_without_a_gateway(tmp_path: Path) -> None:
    (tmp_path / "gatehouse.yaml").write_text("name: a\nbase_url: http://x\n", encoding="utf-8")

    done = gatehouse("service", "register", "gatehouse.yaml", "--dry-run", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {"name": "a", "base_url": "http://x", "ttl_seconds": None}


def test_a_reader_that_has_seen_enough_is_no_trouble(root: Path) -> None:
    read, write = os.pipe()
    os.close(read)

    done = subprocess.run(
        [sys.executable, "-m", "gatehouse", "token"],
        cwd=root,
        env={},
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        timeout=10,
        check=False,
    )

    os.close(write)
    assert (done.returncode, done.stderr) == (1, "")


def test_what_the_encoding_of_the_terminal_has_not_is_escaped(tmp_path: Path) -> None:
    (tmp_path / "gatehouse.yaml").write_text("name: Việt\n---\nx: 1\n", encoding="utf-8")

    done = gatehouse(*("service", "register", "Việt.yaml"), cwd=tmp_path, PYTHONIOENCODING="ascii")

    assert (done.returncode, done.stdout) == (1, "")
    assert r"Vi\u1ec7t.yaml cannot be read: No such file or directory." in done.stderr


def test_a_folder_that_is_gone_is_no_traceback(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    script = 'rmdir "$PWD" && exec "$1" -m gatehouse token'

    done = subprocess.run(  # noqa: S603 - our own command
        ["/bin/sh", "-c", script, "sh", sys.executable],
        cwd=gone,
        env={},
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "gatehouse: [Errno 2] No such file or directory\n"


def test_a_bug_is_told_without_its_words() -> None:
    try:
        raise ValueError("gate_admin_secret")  # noqa: TRY301 - it is the subject
    except ValueError as error:
        said = excuse(error)

    assert said.startswith("a bug in this command: ValueError in test_a_bug_is_told_without_its")
    assert "secret" not in said


@pytest.mark.slow
def test_ctrl_c_is_quiet(root: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        running = subprocess.Popen(
            [sys.executable, "-m", "gatehouse", "key", "list"],
            cwd=root,
            env={"GATEHOUSE_URL": f"http://127.0.0.1:{silent.getsockname()[1]}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        connection, _ = silent.accept()
        assert connection.recv(1) == b"G"

        # Python misses a signal that comes just before it waits in a system call; people press the
        # keys again.
        for _ in range(5):
            running.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.wait(2)
                break

        assert running.communicate(timeout=10) == ("", "")
        connection.close()
    assert running.returncode == 130
