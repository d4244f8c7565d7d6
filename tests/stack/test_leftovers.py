import os
import secrets
import signal
import subprocess
from collections.abc import Callable, Iterator

import pytest

from stack import leftovers
from stack.render import MARK_VARIABLE
from stack.waiting import wait_until

MARK = secrets.token_hex(8)


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    started = []

    def start(mark: str, script: str = "exec sleep 60") -> subprocess.Popen[bytes]:
        command = ["env", f"{MARK_VARIABLE}={mark}", "sh", "-c", script]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        started.append(process)
        assert not wait_until(lambda: "" if process.pid in leftovers.find(mark) else "not yet", 5)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_only_processes_of_this_stack_are_ended(
    start: Callable[..., subprocess.Popen[bytes]],
) -> None:
    ours, others = start(MARK), start(f"{MARK}0")

    ended = leftovers.end(MARK)

    assert ended == (ours.pid,)
    assert ours.wait(5) == -signal.SIGTERM
    assert others.poll() is None


def test_a_process_that_does_not_listen_is_killed(
    start: Callable[..., subprocess.Popen[bytes]],
) -> None:
    deaf = start(MARK, "trap '' TERM; echo ready; while :; do sleep 60; done")
    assert deaf.stdout
    deaf.stdout.readline()

    leftovers.end(MARK, term_seconds=0.2)

    assert deaf.wait(5) == -signal.SIGKILL


def test_where_nothing_is_left_nothing_is_ended() -> None:
    assert leftovers.end(MARK) == ()
    assert os.getpid() not in leftovers.find(MARK)
