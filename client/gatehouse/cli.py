"""The `gatehouse` command."""

import argparse
import sys
from collections.abc import Sequence

from gatehouse.settings import KeyNotFoundError, read_first, secret_files

KEYS = ("admin", "join")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and give its exit status: 0, or 1 with a reason on standard error."""
    arguments = _parser().parse_args(argv)
    try:
        sys.stdout.write(f"{arguments.run(arguments)}\n")
    except KeyNotFoundError as error:
        sys.stderr.write(f"gatehouse: {error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gatehouse", description="Work with a Gatehouse gateway from the command line."
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
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
    token.set_defaults(run=_token)
    return parser


def _token(arguments: argparse.Namespace) -> str:
    return read_first(secret_files(f"{arguments.key}.key"))
