"""`gatehouse token`: print a key that the gateway generated."""

import argparse

from gatehouse.commands.console import Console
from gatehouse.settings import read_first, secret_files

KEYS = ("admin", "join")


def add_token_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `token`."""
    token = commands.add_parser(
        "token",
        help="print a key that the gateway generated",
        description="Print a key that the gateway generated at its first start, from "
        "var/secrets here or in a folder above (GATEHOUSE_VAR_DIR moves it).",
        epilog='Example: curl -H "Authorization: Bearer $(gatehouse token)" '
        "http://127.0.0.1:30090/gateway/services",
    )
    token.add_argument(
        "key",
        nargs="?",
        choices=KEYS,
        default="admin",
        help="admin may do everything; join is for services that register (default: %(default)s)",
    )
    token.set_defaults(run=_token, parser=token)


def _token(arguments: argparse.Namespace, console: Console) -> None:
    console.say(read_first(secret_files(f"{arguments.key}.key", console.environ, console.cwd)))
