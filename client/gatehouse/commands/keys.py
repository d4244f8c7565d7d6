"""`gatehouse key`: make, list, look at, renew and end keys."""

import argparse
import contextlib
import re
from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from urllib.parse import quote

from gatehouse.commands.connection import Api, ProblemError, add_api_command
from gatehouse.commands.console import CommandError, Console
from gatehouse.commands.fields import entries, list_of, object_of, text_of
from gatehouse.commands.scopes import SCOPES, read_scope
from gatehouse.commands.tables import pairs, table
from gatehouse.commands.times import duration_seconds, exact, expiry, read_moment, relative

OVERLAP = "1h"
EDGE_SECONDS = 1.5
"""Within this time the edge heeds what has become of a key."""

Value = TypeVar("Value")

_TOKEN = re.compile(r"gate_([a-z0-9]+)_.*", re.DOTALL)
_TENANT = ("site", "app", "user")


def add_key_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `key` and what comes after it."""
    key = commands.add_parser(
        "key",
        help="make, list, show, rotate and revoke keys",
        description="Work with the keys of a gateway. All of it needs a key with the scope admin.",
    )
    actions = key.add_subparsers(title="commands", required=True, metavar="COMMAND")
    create = _add_create(actions)
    _add(actions, "list", _list, "list all keys")
    show = _add(actions, "show", _show, "show one key")
    rotate = _add(actions, "rotate", _rotate, "give a key a new token")
    rotate.add_argument(
        "--overlap",
        type=_or_usage(duration_seconds),
        default=OVERLAP,
        metavar="TIME",
        help="how long the old token still works: 30m; 0 ends it now (default: %(default)s)",
    )
    revoke = _add(actions, "revoke", _revoke, "end a key, for ever")
    for parser in (show, rotate, revoke):
        parser.add_argument("id", metavar="ID", type=_key_id, help="the key's id, not its token")
    for parser in (create, rotate, revoke):
        parser.add_argument(
            "--no-wait",
            action="store_true",
            help=f"do not wait until the edge heeds it, which takes {EDGE_SECONDS:g} s at most",
        )


def _add(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    run: Callable[[argparse.Namespace, Console, Api], None],
    summary: str,
) -> argparse.ArgumentParser:
    return add_api_command(actions, name, run, summary, needs_admin=True)


def _add_create(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]",
) -> argparse.ArgumentParser:
    create = _add(actions, "create", _create, "make a key and print its token, this once")
    create.epilog = "Example: token=$(gatehouse key create alice --scope edge:call --service math)"
    create.add_argument("name", metavar="NAME", help="what services see as X-Consumer")
    create.add_argument(
        "--scope",
        type=_or_usage(read_scope),
        action="append",
        required=True,
        help=f"what it may do; give it again for more: {', '.join(SCOPES)}, or one of your own,"
        " such as billing:read, that a service asks for",
    )
    for option, plural in (("service", "services"), ("prefix", "prefixes")):
        create.add_argument(
            f"--{option}", action="append", help=f"hold it to these {plural}; may be given again"
        )
    create.add_argument(
        "--capability", action="append", help="hold it to these capabilities; may be given again"
    )
    for option in _TENANT:
        create.add_argument(f"--{option}", help=f"bind it to a tenant's {option} id")
    create.add_argument(
        "--expires",
        type=_or_usage(expiry),
        metavar="WHEN",
        help="30d, 12h, or 2026-12-31T00:00:00Z (default: never)",
    )
    return create


def _create(arguments: argparse.Namespace, console: Console, api: Api) -> None:
    said = {
        "name": arguments.name,
        "scopes": arguments.scope,
        "services": arguments.service,
        "prefixes": arguments.prefix,
        "capabilities": arguments.capability,
        "tenant": {
            f"{part}_id": getattr(arguments, part)
            for part in _TENANT
            if getattr(arguments, part) is not None
        }
        or None,
        **(arguments.expires or {}),
    }
    # Not what is merely empty: a limit that is dropped would be a key that may do more.
    body = {name: value for name, value in said.items() if value is not None}
    key = api.post("keys", body=body)
    _hand_over(arguments, console, key, "Made")


def _list(arguments: argparse.Namespace, console: Console, api: Api) -> None:
    keys = list(_pages(api))
    if arguments.json:
        console.say_json({"keys": keys})
        return
    now = console.now()
    headers = ("ID", "NAME", "STATE", "EXPIRES", "LAST USED", "ONLY", "SCOPES")
    rows = [
        (
            text_of(key, "id"),
            text_of(key, "name"),
            _state(key, console),
            relative(key.get("expires_at"), now=now),
            relative(key.get("last_used_at"), now=now),
            _limits(key),
            list_of(key, "scopes"),
        )
        for key in keys
    ]
    console.say(table(headers, rows))


def _pages(api: Api) -> Iterator[dict[str, Any]]:
    """Ask for more keys for as long as there are any."""
    query = ""
    while True:
        body = api.get("keys", query=query)
        keys = entries(body, "keys")
        yield from keys
        following = body.get("next")
        if not keys or not isinstance(following, str):
            return
        query = f"?after={quote(following, safe='')}"


def _show(arguments: argparse.Namespace, console: Console, api: Api) -> None:
    with _by_id(arguments.id, api):
        key = api.get("keys", arguments.id)
    if arguments.json:
        console.say_json(key)
        return

    def when(name: str, *, never: str = "") -> str:
        return exact(key.get(name), now=console.now(), zone=console.zone, never=never)

    rows = (
        ("name", text_of(key, "name")),
        ("state", _state(key, console)),
        ("scopes", list_of(key, "scopes")),
        ("services", list_of(key, "services")),
        ("prefixes", list_of(key, "prefixes")),
        ("capabilities", list_of(key, "capabilities")),
        ("tenant", _tenant(key)),
        ("created", when("created_at")),
        ("created by", text_of(key, "created_by")),
        ("expires", when("expires_at", never="never")),
        ("last used", when("last_used_at", never="never")),
        ("rotated", when("rotated_at")),
        ("old token until", when("overlap_ends_at")),
        ("revoked", when("revoked_at")),
    )
    console.say(pairs(text_of(key, "id"), rows))


def _rotate(arguments: argparse.Namespace, console: Console, api: Api) -> None:
    body = {"overlap_seconds": arguments.overlap}
    with _by_id(arguments.id, api):
        key = api.post("keys", arguments.id, "rotate", body=body)
    ends = exact(key.get("overlap_ends_at"), now=console.now(), zone=console.zone, never="")
    old = f"The old token works until {ends}." if ends else "The old token has ended."
    _hand_over(arguments, console, key, "Rotated", old)


def _revoke(arguments: argparse.Namespace, console: Console, api: Api) -> None:
    with _by_id(arguments.id, api):
        api.delete("keys", arguments.id)
    _settle(arguments, console)
    if arguments.json:
        console.say_json({"revoked": arguments.id})
    else:
        console.say(f"Revoked {arguments.id}.")


@contextlib.contextmanager
def _by_id(given: str, api: Api) -> Iterator[None]:
    """Tell whoever gives a key's name in place of its id what the id is."""
    try:
        yield
    except ProblemError as error:
        if error.slug != "key-not-found":
            raise
        named = [key for key in _pages(api) if key.get("name") == given]
        if not named:
            raise
        live = [key for key in named if key.get("revoked_at") is None]
        ids = ", ".join(text_of(key, "id") for key in live or named)
        raise CommandError(f"This takes an id; {given!r} is {ids}.") from error


def _settle(arguments: argparse.Namespace, console: Console) -> None:
    """Let the edge read the keys again, so that what is done next finds it so."""
    if arguments.no_wait:
        console.remark(f"The edge heeds this within {EDGE_SECONDS:g} seconds.")
    else:
        console.pause(EDGE_SECONDS)


def _hand_over(
    arguments: argparse.Namespace, console: Console, key: dict[str, Any], *done: str
) -> None:
    """Print a token alone, so that a shell can take it, with its explanation beside it."""
    token = key.get("token")
    if not isinstance(token, str) or not token:
        raise CommandError("The answer is not a Gatehouse gateway's: it has no token.")
    if not arguments.json:
        _explain(console, key, *done)
    try:
        _settle(arguments, console)
    finally:
        # Also after Ctrl-C: nobody can print it a second time.
        if arguments.json:
            console.say_json(key)
        else:
            console.say(token)


def _explain(console: Console, key: dict[str, Any], done: str, *more: str) -> None:
    expires = exact(key.get("expires_at"), now=console.now(), zone=console.zone)
    limits = _limits(key)
    made = (
        f"{done} the key {text_of(key, 'id')} for {text_of(key, 'name')}: {list_of(key, 'scopes')}"
        f"{f'; only {limits}' if limits else ''}; expires: {expires}."
    )
    lines = (
        made,
        "Its token is printed this once: the gateway keeps nothing but a hash of it.",
        *more,
    )
    console.remark("\n".join(lines))


def _state(key: dict[str, Any], console: Console) -> str:
    if key.get("revoked_at") is not None:
        return "revoked"
    ends, overlaps = (read_moment(key.get(name)) for name in ("expires_at", "overlap_ends_at"))
    now = console.now()
    if ends is not None and ends <= now:
        return "expired"
    return "rotating" if overlaps is not None and overlaps > now else "live"


def _limits(key: dict[str, Any]) -> str:
    parts = (list_of(key, name) for name in ("services", "prefixes", "capabilities"))
    return ", ".join(part for part in (*parts, _tenant(key)) if part)


def _tenant(key: dict[str, Any]) -> str:
    tenant = object_of(key, "tenant")
    parts = ((part, text_of(tenant, f"{part}_id")) for part in _TENANT)
    return ", ".join(f"{part} {value}" for part, value in parts if value)


def _key_id(text: str) -> str:
    # Whoever gives the whole token means its key; a token has no place in an address.
    token = _TOKEN.fullmatch(text)
    return token[1] if token else text


def _or_usage(read: Callable[[str], Value]) -> Callable[[str], Value]:
    """Let argparse show what was wrong, which it does for this error alone."""

    def checked(text: str) -> Value:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return checked
