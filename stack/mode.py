"""Compose or local processes: which one runs, and which one to start."""

from enum import StrEnum

from stack import compose, local
from stack.errors import StackError
from stack.layout import Layout


class Mode(StrEnum):
    LOCAL = "local"
    COMPOSE = "compose"


def running(layout: Layout) -> Mode | None:
    """Answer what runs now."""
    if local.is_running(layout):
        return Mode.LOCAL
    if not compose.missing() and compose.is_running():
        return Mode.COMPOSE
    return None


def choose(asked: str, layout: Layout) -> tuple[Mode, str]:
    """Answer what `up` starts, and why. Raises `StackError` when the other one is running."""
    now = running(layout)
    if asked == "auto":
        return _best(now)
    if asked not in set(Mode):
        raise StackError(f"There is no mode {asked!r}; there are auto, local and compose.")
    if now and now != asked:
        raise StackError(f"The {now} stack is running; ./just down stops it.")
    return Mode(asked), "as asked"


def _best(now: Mode | None) -> tuple[Mode, str]:
    if now:
        return now, "it is running already"
    if why := compose.missing():
        return Mode.LOCAL, why
    return Mode.COMPOSE, "a Docker engine answers; `./just up local` does without"
