"""`gatehouse service register`: register what a manifest describes."""

import argparse
import contextlib
import json
import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from gatehouse.answers import Registered, Reply, read_registration
from gatehouse.client import HttpGatewayClient
from gatehouse.commands.connection import (
    Api,
    ProblemError,
    add_connection_options,
    read_connection,
)
from gatehouse.commands.console import CommandError, Console
from gatehouse.commands.fields import items_of, object_of, text_of
from gatehouse.commands.tables import pairs
from gatehouse.commands.times import exact
from gatehouse.doorstep import find_doorstep
from gatehouse.lease import Lease
from gatehouse.manifest import Manifest, read_manifests
from gatehouse.models import TTL_SECONDS

_HELP = """\
Register the services of a manifest, one YAML document for each, such as:

  name: orders
  base_url: http://127.0.0.1:8000
  health: /health
  policies:
    rateLimit: {average: 100, burst: 50}

A registration lasts as long as somebody sends heartbeats, which a file cannot do. So one of:

  without ttl_seconds      it stays until `gatehouse service remove NAME`; needs the admin key
  ttl_seconds: 3600        it ends by itself after so many seconds without a heartbeat
  --keep                   this command stays, sends the heartbeats, and on Ctrl-C takes it out
"""
_NEEDS_ADMIN = (
    "The manifest has no ttl_seconds, so it was to stay for ever, which takes the admin key.",
    "Give ttl_seconds in it, or --keep, or that key.",
)


def add_register_command(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]",
) -> None:
    """Add `register`."""
    parser = actions.add_parser(
        "register",
        help="register what a manifest describes",
        description=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("file", metavar="FILE", help="such as gatehouse.yaml")
    parser.add_argument(
        "--keep", action="store_true", help="stay and send heartbeats; Ctrl-C takes it out"
    )
    parser.add_argument(
        "--no-wait", action="store_true", help="do not wait until the edge routes to it"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="print the JSON that would be sent, and send nothing"
    )
    add_connection_options(parser)
    parser.set_defaults(run=_register, parser=parser)


def _register(arguments: argparse.Namespace, console: Console) -> None:
    manifests = read_manifests(arguments.file)
    bodies = [_body(arguments, manifest) for manifest in manifests]
    if arguments.dry_run:
        for body in bodies:
            console.say_json(body)
        return
    with Api(read_connection(arguments, console)) as api, contextlib.ExitStack() as held:
        if arguments.keep:
            held.enter_context(_logging_to(console))
        for manifest, body in zip(manifests, bodies, strict=True):
            answer = _send(api, manifest, body, query="?wait=false" if arguments.no_wait else "")
            registered = _understand(answer, now=console.now())
            if arguments.keep:
                held.enter_context(_kept(api, body, registered, console))
            _report(arguments, console, answer)
        if arguments.keep:
            console.wait(lambda: console.remark("Sending heartbeats. Ctrl-C takes it out again."))


def _body(arguments: argparse.Namespace, manifest: Manifest) -> dict[str, Any]:
    said = manifest.fields
    if "base_url" not in said:
        raise CommandError(
            f"{arguments.file}: {manifest.name}: base_url: is missing:"
            " say where the gateway reaches it, such as http://127.0.0.1:8000"
        )
    if arguments.keep and said.get("ttl_seconds", TTL_SECONDS) is None:
        raise CommandError(
            f"{arguments.file}: {manifest.name}: ttl_seconds: is null, so that there is nothing to"
            " keep: leave out --keep, or give a number of seconds"
        )
    registration = manifest.registration(ttl_seconds=TTL_SECONDS if arguments.keep else None)
    return registration.body(base_url=said["base_url"], openapi_url=None)


def _send(api: Api, manifest: Manifest, body: dict[str, Any], *, query: str) -> dict[str, Any]:
    try:
        return api.post("register", body=body, query=query)
    except ProblemError as error:
        lines = list(error.lines)
        if error.slug == "permanent-lease" and "ttl_seconds" not in manifest.fields:
            lines += _NEEDS_ADMIN
        raise CommandError(f"{manifest.name}: {error}", lines) from error


def _understand(answer: dict[str, Any], *, now: datetime) -> Registered:
    registered = read_registration(Reply(200, content=json.dumps(answer).encode()), now=now)
    if not isinstance(registered, Registered):
        raise CommandError("The answer is not a Gatehouse gateway's: it has no lease.")
    return registered


@contextlib.contextmanager
def _kept(
    api: Api, body: dict[str, Any], registered: Registered, console: Console
) -> Iterator[None]:
    """Send heartbeats until the block ends, then deregister."""
    doorstep = find_doorstep(body["base_url"], None)
    lease = Lease(body, HttpGatewayClient(api.settings), doorstep)
    lease.start(registered)
    try:
        yield
    finally:
        if lease.stop():
            console.remark(f"Removed {body['name']}.")


@contextlib.contextmanager
def _logging_to(console: Console) -> Iterator[None]:
    """Show what the heartbeats run into."""
    logger = logging.getLogger("gatehouse")
    handler = logging.StreamHandler(console.err)
    handler.setFormatter(logging.Formatter("gatehouse: %(message)s"))
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def _report(arguments: argparse.Namespace, console: Console, answer: dict[str, Any]) -> None:
    if arguments.json:
        console.say_json(answer)
        return
    name, lease = text_of(answer, "name"), object_of(answer, "lease")
    ends = exact(lease.get("expires_at"), now=console.now(), zone=console.zone, never="")
    rows = [
        ("url", text_of(answer, "url")),
        ("docs", text_of(answer, "docs_url")),
        ("instance", text_of(answer, "instance_id")),
        ("lease", _lease(arguments, name, ends)),
        *(("warning", str(each)) for each in items_of(answer, "warnings")),
    ]
    console.say(pairs(f"{name} is {_outcome(arguments, answer)}", rows))


def _outcome(arguments: argparse.Namespace, answer: dict[str, Any]) -> str:
    if answer.get("live") is True:
        return f"live after {answer.get('ready_ms')} ms"
    if answer.get("url") is None:
        return "registered; it is listed, not routed"
    if arguments.no_wait:
        return "registered; the edge follows"
    return "registered, and the edge does not have it yet"


def _lease(arguments: argparse.Namespace, name: str, ends: str) -> str:
    if not ends:
        return f"none: it stays until `gatehouse service remove {name}`"
    return "kept by this command" if arguments.keep else f"ends {ends} without a heartbeat"
