"""The command line behind `just up`, `down`, `status`, `logs` and `token`."""

import argparse
import sys
from collections.abc import Callable
from contextlib import suppress

from sidecar.settings import Settings
from stack import compose, local
from stack.errors import StackError
from stack.layout import ROOT, Layout, layout_of
from stack.mode import Mode, choose, running
from stack.read import read_settings, read_usable

INTERRUPTED = 130


def main() -> int:
    """Run one command and answer its exit status."""
    arguments = _parser().parse_args()
    try:
        settings = _settings(arguments.command)
        return COMMANDS[arguments.command](arguments, settings, layout_of(settings))
    except StackError as error:
        sys.stderr.write(f"\n{error}\n")
        return 1
    except PermissionError as error:
        sys.stderr.write(f"\n{error.filename}: {error.strerror}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrupted. ./just status shows what runs, ./just down stops it.\n")
        return INTERRUPTED


def _settings(command: str) -> Settings:
    env_file = ROOT / ".env"
    if command in STARTING:
        return read_settings(env_file)
    settings, wrong = read_usable(env_file)
    if wrong:
        sys.stderr.write(f"{wrong}\nHere that is left out.\n\n")
    return settings


def _choose(arguments: argparse.Namespace, _: Settings, layout: Layout) -> int:
    mode, why = choose(arguments.mode, layout)
    sys.stderr.write(f"Gatehouse as {NAMES[mode]}: {why}.\n")
    sys.stdout.write(f"{mode}\n")
    return 0


def _up(arguments: argparse.Namespace, settings: Settings, layout: Layout) -> int:
    mode, _ = choose(arguments.mode, layout)
    if mode is Mode.LOCAL:
        local.up(settings, layout)
    else:
        compose.up(settings, layout)
    return 0


def _down(_: argparse.Namespace, __: Settings, layout: Layout) -> int:
    if running(layout) is Mode.COMPOSE:
        compose.down()
    else:
        local.down(layout)
    return 0


def _status(_: argparse.Namespace, settings: Settings, layout: Layout) -> int:
    match running(layout):
        case Mode.LOCAL:
            return 0 if local.status(settings, layout) else 1
        case Mode.COMPOSE:
            return 0 if compose.status() else 1
    raise StackError("Nothing is running; ./just up starts it.")


def _logs(arguments: argparse.Namespace, _: Settings, layout: Layout) -> int:
    with suppress(KeyboardInterrupt):  # The way to end `logs -f`.
        if running(layout) is Mode.COMPOSE:
            compose.logs(arguments.process, follow=arguments.follow)
        else:
            local.logs(layout, arguments.process, follow=arguments.follow)
    return 0


def _token(arguments: argparse.Namespace, _: Settings, layout: Layout) -> int:
    if running(layout) is Mode.COMPOSE:
        return compose.token(arguments.key)
    local.token(layout, arguments.key)
    return 0


NAMES = {Mode.LOCAL: "local processes", Mode.COMPOSE: "Docker Compose"}
STARTING = ("choose", "up")
"""What must not begin with settings that are wrong; all else works on what runs already."""
COMMANDS: dict[str, Callable[[argparse.Namespace, Settings, Layout], int]] = {
    "choose": _choose,
    "up": _up,
    "down": _down,
    "status": _status,
    "logs": _logs,
    "token": _token,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m stack")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("choose", "print which mode `up` would take, and why"),
        ("up", "start everything and wait until it is healthy"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("mode", nargs="?", default="auto", help="auto, local or compose")
    commands.add_parser("down", help="stop everything")
    commands.add_parser("status", help="show health and uptime of each process")
    logs = commands.add_parser("logs", help="print the end of the logs")
    logs.add_argument("process", nargs="?", help="one process; all without it")
    logs.add_argument("-f", "--follow", action="store_true", help="go on printing")
    token = commands.add_parser("token", help="print a key")
    token.add_argument("key", nargs="?", default="admin", choices=("admin", "join"))
    return parser


if __name__ == "__main__":
    sys.exit(main())
