"""Starting processes one after the other, each when the one before it is healthy."""

import time
from collections.abc import Iterable

from sidecar.settings import Settings
from stack import health, show
from stack.errors import UnhealthyError
from stack.layout import Layout
from stack.processes import Process
from stack.supervisor import SupervisorClient
from stack.waiting import Check, wait_until

HEALTHY_SECONDS = 60.0
STARTS_MAX = 3
LOG_LINES = 25


def bring_up(
    client: SupervisorClient, settings: Settings, layout: Layout, processes: Iterable[Process]
) -> None:
    """Start what does not run and wait for each. Raises `UnhealthyError` after showing its log."""
    plan = tuple(processes)
    starting = health.starting_checks(settings, layout)
    standing = health.checks(settings, layout)
    for process in plan:
        _start(client, layout, process.name, starting[process.name])
    for process in plan:
        if problem := wait_until(standing[process.name], HEALTHY_SECONDS):
            raise UnhealthyError(process.name, problem)


def _start(client: SupervisorClient, layout: Layout, name: str, check: Check) -> None:
    log = layout.log(name)
    log_bytes = log.stat().st_size if log.exists() else 0
    started_at = time.monotonic()
    show.say(f"  {name:<8} ", end="")
    client.start(name)
    if problem := wait_until(check, HEALTHY_SECONDS, stop=_exits_again_and_again(client, name)):
        show.say("not healthy")
        show.say(f"\nThe end of {layout.shown(log)}:\n{show.tail(log, LOG_LINES, log_bytes)}")
        raise UnhealthyError(name, problem)
    show.say(f"healthy after {time.monotonic() - started_at:.1f} s")


def _exits_again_and_again(client: SupervisorClient, name: str) -> Check:
    starts: set[int] = set()

    def check() -> str:
        starts.add(client.states()[name].started_at)
        return "it exits again and again" if len(starts) > STARTS_MAX else ""

    return check
