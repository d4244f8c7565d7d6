"""Processes that outlived their supervisor, found by their mark, so that no other is ended."""

import os
import select
import signal
from collections.abc import Iterable
from pathlib import Path

from stack.render import MARK_VARIABLE

TERM_SECONDS = 15.0
KILL_SECONDS = 5.0


def find(mark: str) -> tuple[int, ...]:
    """Answer the pids of this stack. Where there is no /proc (macOS), none can be found."""
    return tuple(
        int(entry.name) for entry in Path("/proc").glob("[0-9]*") if _is_marked(entry, mark)
    )


def end(mark: str, term_seconds: float = TERM_SECONDS) -> tuple[int, ...]:
    """End every process of this stack, politely first, and answer the pids there were."""
    pids = find(mark)
    remaining = _signal(pids, mark, signal.SIGTERM, term_seconds)
    _signal(remaining, mark, signal.SIGKILL, KILL_SECONDS)
    return pids


def _is_marked(entry: Path, mark: str) -> bool:
    try:
        variables = (entry / "environ").read_bytes().split(b"\0")
    except OSError:
        return False
    return f"{MARK_VARIABLE}={mark}".encode() in variables


def _signal(pids: Iterable[int], mark: str, number: signal.Signals, seconds: float) -> list[int]:
    """Signal each of them and answer those that are still there after so many seconds."""
    handles = {pid: handle for pid in pids if (handle := _open(pid, mark)) is not None}
    for handle in handles.values():
        signal.pidfd_send_signal(handle, number)
    try:
        return [pid for pid, handle in handles.items() if not _has_ended(handle, seconds)]
    finally:
        for handle in handles.values():
            os.close(handle)


def _open(pid: int, mark: str) -> int | None:
    # The mark is read again after the handle is held: a pid may have been given to somebody else.
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return None
    if _is_marked(Path("/proc") / str(pid), mark):
        return handle
    os.close(handle)
    return None


def _has_ended(handle: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return bool(poll.poll(seconds * 1000))
