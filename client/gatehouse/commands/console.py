"""Where a command's words go: results to standard output, remarks and errors beside it."""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any, TextIO


class CommandError(Exception):
    """The command cannot be done; `lines` say more, such as which fields are at fault."""

    def __init__(self, detail: str, lines: Sequence[str] = ()) -> None:
        super().__init__(detail)
        self.lines = tuple(lines)


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _pause(seconds: float) -> None:
    threading.Event().wait(seconds)


@dataclass(frozen=True)
class Console:
    """What a command sees of the machine, and where it writes."""

    out: TextIO
    err: TextIO
    wait: Callable[[Callable[[], None]], None]
    """Calls what it is given once it listens, and comes back when somebody wants an end."""
    environ: Mapping[str, str] | None = None
    """Default: the process's own."""
    cwd: Path | None = None
    """Where to look for keys. Default: the process's own directory."""
    pause: Callable[[float], None] = _pause
    """Lets so many seconds pass."""
    now: Callable[[], datetime] = _utc_now
    zone: tzinfo | None = None
    """In which times are shown. Default: the machine's own."""

    def say(self, text: str) -> None:
        """Print a result."""
        _write(self.out, printable(text))

    def say_json(self, body: Any) -> None:
        """Print a result for a program; in ASCII, which every terminal and encoding has."""
        _write(self.out, json.dumps(body, indent=2))

    def remark(self, text: str) -> None:
        """Print something that is not the result."""
        _write(self.err, printable(text))

    def complain(self, error: Exception) -> None:
        """Print why the command cannot be done, each field on a line of its own."""
        lines = error.lines if isinstance(error, CommandError) else ()
        self.remark("\n".join((f"gatehouse: {error}", *(f"  {line}" for line in lines))))


def printable(text: str) -> str:
    """Replace what could steer a terminal: the gateway passes on what others have told it."""
    return "".join(each if each.isprintable() or each == "\n" else "?" for each in text)


def _write(stream: TextIO, text: str) -> None:
    stream.write(f"{text}\n")
    stream.flush()
