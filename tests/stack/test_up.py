"""The local stack as a whole, with real processes."""

import os
import signal
import socket
import urllib.request
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

import pytest

from stack import leftovers
from stack.supervisor import SupervisorClient
from stack.waiting import wait_until
from tests.stack.conftest import LocalStack

pytestmark = pytest.mark.slow

PROCESSES = ["valkey", "sidecar", "traefik", "math"]


@pytest.fixture(scope="module")
def running(make_stack: Callable[[], LocalStack]) -> LocalStack:
    stack = make_stack()
    answer = stack.run("up", "local")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return stack


def test_the_demo_answers_through_the_edge_as_soon_as_up_returns(running: LocalStack) -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{running.get_port('edge')}/math/add",
        data=b'{"a": 1, "b": 2}',
        headers={"Content-Type": "application/json"},
    )

    with urllib.request.urlopen(request, timeout=5) as response:  # noqa: S310 - our own server
        body = response.read()

    assert (response.status, body) == (HTTPStatus.OK, b'{"result":3}')


def test_starting_twice_says_that_it_is_running_and_where(running: LocalStack) -> None:
    answer = running.run("up")

    assert answer.returncode == 0
    assert "already running" in answer.stdout
    assert f"http://127.0.0.1:{running.get_port('edge')}/docs" in answer.stdout


def test_starting_again_with_other_settings_says_how_to_apply_them(running: LocalStack) -> None:
    answer = running.run("up", GATEHOUSE_MATH_PORT="1")

    assert answer.returncode == 1
    assert "other settings" in answer.stderr


def test_a_process_that_dies_is_started_again(running: LocalStack) -> None:
    client = SupervisorClient(running.layout.socket)
    before = client.states()["traefik"].pid

    os.kill(before, signal.SIGKILL)

    assert not wait_until(lambda: "the same" if _pid(client, "traefik") == before else "", 10)
    assert not wait_until(lambda: running.run("status").stdout if _fails(running) else "", 30)
    assert client.states()["traefik"].pid not in (0, before)


def test_status_fails_and_names_a_process_that_does_not_answer(running: LocalStack) -> None:
    pid = SupervisorClient(running.layout.socket).states()["math"].pid

    os.kill(pid, signal.SIGSTOP)
    try:
        answer = running.run("status")
    finally:
        os.kill(pid, signal.SIGCONT)

    assert answer.returncode == 1
    (line,) = (line for line in answer.stdout.splitlines() if line.split()[0] == "math")
    assert "healthy" not in line


def test_each_key_is_printed_alone(running: LocalStack) -> None:
    keys = [running.run("token", *which).stdout for which in ((), ("admin",), ("join",))]

    admin, same, join = keys
    assert admin == same != join
    assert all(key.startswith("gate_") and key.count("\n") == 1 for key in keys)


def test_no_secret_stands_in_arguments_environments_or_logs(running: LocalStack) -> None:
    secrets = [path.read_text().strip().encode() for path in running.layout.secrets.iterdir()]
    pids = leftovers.find(running.layout.mark)

    shown = [Path(f"/proc/{pid}/{what}").read_bytes() for pid in pids for what in SEEN_BY_OTHERS]
    logs = [path.read_bytes() for path in running.layout.logs.iterdir()]

    assert len(pids) == len(PROCESSES) + 1
    assert len(secrets) >= 3
    assert not [secret for secret in secrets for text in (*shown, *logs) if secret in text]


SEEN_BY_OTHERS = ("cmdline", "environ")


def test_generated_files_are_for_their_owner_alone(running: LocalStack) -> None:
    layout = running.layout
    files = [*layout.secrets.iterdir(), layout.valkey_conf, layout.supervisord_conf]

    assert {oct(path.stat().st_mode & 0o777) for path in files} == {"0o600"}


def test_logs_prints_the_end_of_one_log_or_of_all(running: LocalStack) -> None:
    assert "Ready to accept connections" in running.run("logs", "valkey").stdout
    assert "traefik.log <==" in running.run("logs").stdout
    assert "there are valkey, sidecar" in running.run("logs", "nonsense").stderr


def test_settings_that_are_wrong_by_now_stop_nobody_from_looking_and_ending(
    running: LocalStack,
) -> None:
    wrong = {"GATEHOUSE_HTTPS_PORT": "abc"}

    answers = [running.run(*what, **wrong) for what in (["status"], ["logs"], ["token"], ["down"])]
    refused = running.run("up", "local", **wrong)

    assert [answer.returncode for answer in answers] == [0, 0, 0, 0]
    assert answers[2].stdout.count("\n") == 1
    assert answers[3].stdout == "Gatehouse has stopped.\n"
    assert refused.returncode == 1
    for answer in (*answers, refused):
        assert "HTTPS_PORT is 'abc': must be a port number, such as 443" in answer.stderr
    assert running.run("up", "local").returncode == 0


def test_down_leaves_no_process_behind_and_then_says_that_nothing_runs(
    running: LocalStack,
) -> None:
    answers = [running.run("down") for _ in range(2)]

    assert [answer.returncode for answer in answers] == [0, 0]
    assert [answer.stdout for answer in answers] == [
        "Gatehouse has stopped.\n",
        "Nothing is running.\n",
    ]
    assert leftovers.find(running.layout.mark) == ()
    assert running.run("status").returncode == 1


def test_down_ends_what_a_killed_supervisor_left_behind(
    make_stack: Callable[[], LocalStack],
) -> None:
    stack = make_stack()
    assert stack.run("up", "local").returncode == 0
    supervisor = int((stack.layout.run / "supervisord.pid").read_text())

    os.kill(supervisor, signal.SIGKILL)
    wait_until(lambda: "it is there" if Path(f"/proc/{supervisor}").exists() else "", 5)
    orphans = leftovers.find(stack.layout.mark)
    answer = stack.run("down")

    assert len(orphans) == len(PROCESSES)
    assert (answer.returncode, answer.stdout) == (0, "Gatehouse has stopped.\n")
    assert leftovers.find(stack.layout.mark) == ()


def test_a_process_that_cannot_start_shows_its_log_and_leaves_nothing_behind(
    make_stack: Callable[[], LocalStack],
) -> None:
    stack = make_stack()
    stack.layout.secrets.mkdir(parents=True)
    (stack.layout.secrets / "dashboard.password").touch()

    answer = stack.run("up", "local")

    assert answer.returncode == 1
    assert "dashboard.password is empty; delete it" in answer.stdout
    assert "sidecar did not become healthy" in answer.stderr
    assert leftovers.find(stack.layout.mark) == ()


def test_every_taken_port_is_named_with_the_setting_that_moves_it(
    make_stack: Callable[[], LocalStack],
) -> None:
    stack = make_stack()
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("", 0)) as two:
        taken = {
            "GATEHOUSE_EDGE_PORT": str(one.getsockname()[1]),
            "GATEHOUSE_VALKEY_PORT": str(two.getsockname()[1]),
        }

        answer = stack.run("up", "local", **taken)

    assert answer.returncode == 1
    for setting, number in taken.items():
        assert f"{number} is taken by" in answer.stderr
        assert f"(pid {os.getpid()}); {setting} moves ours" in answer.stderr


def _pid(client: SupervisorClient, name: str) -> int:
    return client.states()[name].pid


def _fails(stack: LocalStack) -> bool:
    return stack.run("status").returncode != 0
