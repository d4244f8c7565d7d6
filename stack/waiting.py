"""Waiting for a condition, never for a time."""

import time
from collections.abc import Callable
from threading import Event

POLL_SECONDS = 0.1

Check = Callable[[], str]
"""Answers what is wrong, or nothing when all is well."""


def _never() -> str:
    return ""


def wait_until(check: Check, seconds: float, stop: Check = _never) -> str:
    """Ask again until nothing is wrong, and answer what still is when the time is up.

    As soon as `stop` answers why there is no use in waiting, that is the answer.
    """
    ends_at = time.monotonic() + seconds
    while (problem := check()) and time.monotonic() < ends_at:
        if why := stop():
            return why
        Event().wait(POLL_SECONDS)
    return problem
