"""The `gatehouse` command."""

import argparse
import io
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from types import FrameType
from typing import TextIO

from gatehouse.commands.console import CommandError, Console
from gatehouse.commands.keys import add_key_commands
from gatehouse.commands.services import add_service_commands
from gatehouse.commands.tokens import add_token_command
from gatehouse.manifest import ManifestError
from gatehouse.settings import KeyNotFoundError

INTERRUPTED = 130
WAKE_SECONDS = 0.5


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command as a process does, and give its exit status.

    0; 1 with a reason on standard error; 2 for a usage error; 130 after Ctrl-C. Nobody at a command
    line reads a traceback, so there never is one.
    """
    for stream in (sys.stdout, sys.stderr):
        # What the gateway says may have letters that this terminal's encoding has not.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    console = Console(sys.stdout, sys.stderr, wait=wait_for_the_end)
    try:
        return run(argv, console)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read it has seen enough.
        _let_go(sys.stdout)
    except Exception as error:  # noqa: BLE001 - see the docstring
        console.complain(CommandError(excuse(error)))
        _let_go(sys.stdout)
    return 1


def run(argv: Sequence[str] | None, console: Console) -> int:
    """Run the command and give its exit status; usage errors leave by SystemExit."""
    arguments, strange = _parser().parse_known_args(argv)
    if strange:
        # The usage that helps is that of the command, not the one of the whole.
        arguments.parser.error(f"unrecognized arguments: {' '.join(strange)}")
    try:
        arguments.run(arguments, console)
    except (CommandError, KeyNotFoundError, ManifestError) as error:
        console.complain(error)
        return 1
    return 0


def excuse(error: Exception) -> str:
    """Say in one line what nobody thought of; its words may hold a key, unless the system chose."""
    if isinstance(error, OSError):
        return str(error)
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"a bug in this command: {type(error).__name__} in {place.name}, line {place.lineno}"


def _let_go(stream: TextIO) -> None:
    """Keep the interpreter from failing on what could not be written again, at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def wait_for_the_end(ready: Callable[[], None]) -> None:
    """Wait for Ctrl-C, or for whoever ends the process politely; `ready` says that it does."""
    ended = threading.Event()

    def end(_: int, __: FrameType | None) -> None:
        ended.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        ready()
        # On Windows a wait without an end cannot be interrupted.
        while not ended.wait(WAKE_SECONDS):
            pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gatehouse",
        description="Work with a Gatehouse gateway from the command line.",
        epilog="Exit status: 0; 1 with a reason on standard error; 2 for a usage error.",
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    add_token_command(commands)
    add_key_commands(commands)
    add_service_commands(commands)
    return parser
