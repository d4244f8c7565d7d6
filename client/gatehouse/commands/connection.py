"""From options and environment to a gateway that can be asked."""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from gatehouse.answers import Away, Reply
from gatehouse.client import REGISTER_SECONDS, HttpGatewayClient
from gatehouse.commands.console import CommandError, Console
from gatehouse.settings import Settings, is_private_way, read_settings

_SIDECAR_AWAY = (HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)
_KEY_TROUBLE = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


class ProblemError(CommandError):
    """The gateway refused, with a problem report (RFC 9457); `slug` is the end of its type."""

    def __init__(self, detail: str, lines: Sequence[str], slug: str) -> None:
        super().__init__(detail, lines)
        self.slug = slug


def add_connection_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of every command that asks the gateway."""
    group = parser.add_argument_group("where the gateway is, and the key")
    group.add_argument(
        "--url", help="the edge's URL (default: GATEHOUSE_URL, or http://127.0.0.1:30090)"
    )
    group.add_argument(
        "--token-file",
        metavar="FILE",
        help="a file with the key (default: GATEHOUSE_TOKEN, GATEHOUSE_TOKEN_FILE, or"
        " var/secrets/admin.key here or in a folder above)",
    )
    group.add_argument(
        "--insecure",
        action="store_true",
        help="send the key over plain http also to another machine, where anybody on the way"
        " can read it",
    )
    parser.add_argument("--json", action="store_true", help="print the gateway's answer as JSON")


def read_connection(arguments: argparse.Namespace, console: Console) -> Settings:
    """Say which gateway and which key are meant. Raises CommandError where a key would leak."""
    found = read_settings(console.environ, console.cwd, key="admin.key")
    if arguments.token_file:
        found = replace(found, token=None, token_files=(Path(arguments.token_file),))
    settings = replace(found, url=(arguments.url or found.url).rstrip("/"))
    if settings.is_off:
        raise CommandError("GATEHOUSE_URL is off: say where the gateway is with --url.")
    _mind_the_way(settings.url, console, insecure=arguments.insecure)
    return settings


def _mind_the_way(url: str, console: Console, *, insecure: bool) -> None:
    try:
        is_private = is_private_way(url)
    except ValueError as error:
        raise CommandError(f"{url!r} is not a URL: say http://host:port.") from error
    if is_private:
        return
    what = f"{url} is another machine, and not encrypted: anybody on the way can read the key."
    if not insecure:
        raise CommandError(f"{what} Use https, or --insecure to send it all the same.")
    console.remark(f"gatehouse: {what}")


class Api:
    """The gateway's API; whatever goes wrong is a CommandError that says what to do."""

    def __init__(self, settings: Settings, *, needs_admin: bool = False) -> None:
        self.settings = settings
        self._needs_admin = needs_admin
        self._client = HttpGatewayClient(settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, *path: str, query: str = "") -> dict[str, Any]:
        """Read something."""
        return self._object(self._ask("GET", path, query=query))

    def post(self, *path: str, body: Mapping[str, Any], query: str = "") -> dict[str, Any]:
        """Send JSON, and read what came of it."""
        return self._object(self._ask("POST", path, json.dumps(body).encode(), query))

    def delete(self, *path: str) -> None:
        """Remove something."""
        reply = self._ask("DELETE", path)
        if reply.status != HTTPStatus.NO_CONTENT:
            raise self._stranger(reply)

    def _ask(
        self, method: str, path: Sequence[str], content: bytes = b"", query: str = ""
    ) -> Reply:
        if not set(path).isdisjoint(("", ".", "..")):
            raise CommandError("A name or an id must not be empty, '.' or '..'.")
        where = f"/gateway/{'/'.join(quote(part, safe='') for part in path)}{query}"
        reply = self._client.ask(method, where, REGISTER_SECONDS, content)
        if isinstance(reply, Away):
            raise CommandError(reply.detail, ["Does the gateway run? `./just status` tells."])
        if not isinstance(reply, Reply):
            raise CommandError(reply.detail)
        if reply.status >= HTTPStatus.MULTIPLE_CHOICES:
            raise self._failure(reply)
        return reply

    def _object(self, reply: Reply) -> dict[str, Any]:
        if not reply.body:
            raise self._stranger(reply)
        return reply.body

    def _failure(self, reply: Reply) -> CommandError:
        if reply.status < HTTPStatus.BAD_REQUEST:
            where = reply.headers.get("location", "nowhere")
            return CommandError(f"{self.settings.url} redirects to {where}: is that the --url?")
        if "json" not in reply.headers.get("content-type", "") or "status" not in reply.body:
            return self._stranger(reply)
        detail, lines = _read_problem(reply)
        if reply.status in _KEY_TROUBLE:
            lines += _about_key(self.settings, reply.status, needs_admin=self._needs_admin)
        slug = str(reply.body.get("type", "")).rpartition("/")[2]
        return ProblemError(detail, lines, slug)

    def _stranger(self, reply: Reply) -> CommandError:
        if reply.status in _SIDECAR_AWAY:
            return CommandError(
                f"{self.settings.url} answered {reply.status}: the edge is there, the gateway"
                " behind it is not. `./just status` says more."
            )
        kind = reply.headers.get("content-type", "no content type").partition(";")[0]
        return CommandError(
            f"{self.settings.url} answered {reply.status} with {kind},"
            " which is not what a Gatehouse gateway says. Is it the right --url?"
        )


def add_api_command(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    run: Callable[[argparse.Namespace, Console, Api], None],
    summary: str,
    *,
    needs_admin: bool = False,
) -> argparse.ArgumentParser:
    """Add a command that asks the gateway, with the options for it."""
    parser = actions.add_parser(
        name, help=summary, description=f"{summary.capitalize()}.", allow_abbrev=False
    )
    add_connection_options(parser)

    def start(arguments: argparse.Namespace, console: Console) -> None:
        with Api(read_connection(arguments, console), needs_admin=needs_admin) as api:
            run(arguments, console, api)

    parser.set_defaults(run=start, parser=parser)
    return parser


def _about_key(settings: Settings, status: int, *, needs_admin: bool) -> list[str]:
    place = settings.token_place
    file = next((path for path in settings.token_files if path.exists()), None)
    is_replaceable = settings.token and file and status == HTTPStatus.FORBIDDEN
    other = f'; with "unset GATEHOUSE_TOKEN" {file} is taken' if is_replaceable else ""
    return [
        f"The key is from {place}{other}.",
        *(["This takes the admin key: ./just token"] if needs_admin else []),
    ]


def _read_problem(reply: Reply) -> tuple[str, list[str]]:
    """Give the detail, and a line for each field; what the lines say is not said twice."""
    body = reply.body
    errors = body.get("errors")
    fields = [
        f"{each.get('field')}: {each.get('message')}"
        for each in (errors if isinstance(errors, list) else [])
        if isinstance(each, dict)
    ]
    title = str(body.get("title") or f"the gateway answered {reply.status}")
    detail = str(body.get("detail") or title)
    return (f"{title}:" if fields and all(line in detail for line in fields) else detail), fields
