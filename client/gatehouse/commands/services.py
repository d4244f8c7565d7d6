"""`gatehouse service`: list, look at and remove what is registered."""

import argparse
import json
from datetime import datetime
from typing import Any

from gatehouse.commands.connection import Api, add_api_command
from gatehouse.commands.console import Console
from gatehouse.commands.fields import entries, items_of, list_of, object_of, text_of
from gatehouse.commands.register import add_register_command
from gatehouse.commands.tables import pairs, table
from gatehouse.commands.times import exact, read_moment, relative


def add_service_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `service` and what comes after it."""
    service = commands.add_parser(
        "service",
        help="list, show, register and remove services",
        description="Work with what is registered at a gateway.",
    )
    actions = service.add_subparsers(title="commands", required=True, metavar="COMMAND")
    add_api_command(actions, "list", _list, "list what is registered")
    show = add_api_command(actions, "show", _show, "show one service and its instances")
    add_register_command(actions)
    remove = add_api_command(
        actions, "remove", _remove, "take a service out, with all its instances"
    )
    for parser in (show, remove):
        parser.add_argument("name", metavar="NAME")


def _list(arguments: argparse.Namespace, console: Console, api: Api) -> None:
    body = api.get("services")
    services = entries(body, "services")
    if arguments.json:
        console.say_json(body)
    elif services:
        headers = ("NAME", "URL", "INSTANCES", "HEALTH", "LEASE ENDS", "OWNER")
        console.say(table(headers, (_row(service, console.now()) for service in services)))
    else:
        console.remark("Nothing is registered.")


def _row(service: dict[str, Any], now: datetime) -> tuple[str, ...]:
    instances = entries(service, "instances")
    return (
        text_of(service, "name"),
        text_of(service, "url"),
        str(len(instances)),
        _health(service, instances),
        _ends(instances, now),
        text_of(service, "owner"),
    )


def _health(service: dict[str, Any], instances: list[dict[str, Any]]) -> str:
    if service.get("rejected") is not None:
        return "rejected"
    failing = sum(instance.get("healthy") is False for instance in instances)
    if failing:
        return f"{failing} of {len(instances)} down"
    is_known = any(instance.get("healthy") is True for instance in instances)
    return "up" if is_known else ""


def _ends(instances: list[dict[str, Any]], now: datetime) -> str:
    ends = [object_of(instance, "lease").get("expires_at") for instance in instances]
    if not ends:
        return ""
    if None in ends:
        return "never"
    # As long as one instance is there, the service is.
    moments = [moment for moment in map(read_moment, ends) if moment is not None]
    return relative(max(moments).isoformat(), now=now) if moments else str(ends[0])


def _show(arguments: argparse.Namespace, console: Console, api: Api) -> None:
    service = api.get("services", arguments.name)
    if arguments.json:
        console.say_json(service)
        return
    instances = entries(service, "instances")
    console.say(pairs(text_of(service, "name"), _facts(service, console)))
    headers = ("INSTANCE", "ADDRESS", "HEALTH", "WEIGHT", "VERSION", "LEASE ENDS")
    rows = [
        (
            text_of(instance, "instance_id"),
            text_of(instance, "base_url"),
            _health({}, [instance]).removeprefix("1 of 1 "),
            text_of(instance, "weight"),
            text_of(instance, "version"),
            _ends([instance], console.now()),
        )
        for instance in instances
    ]
    console.say(f"\n{table(headers, rows)}")


def _facts(service: dict[str, Any], console: Console) -> list[tuple[str, str]]:
    health, documentation = object_of(service, "health"), object_of(service, "documentation")
    stripped = "" if service.get("strip_prefix") is not False else " (kept)"
    docs = ": ".join(text_of(documentation, name) for name in ("state", "reason")).rstrip(": ")
    return [
        ("rejected", text_of(service, "rejected")),
        ("url", text_of(service, "url")),
        ("host", text_of(service, "host")),
        ("prefix", f"{text_of(service, 'prefix')}{stripped}"),
        ("expose", text_of(service, "expose")),
        ("owner", text_of(service, "owner")),
        ("since", exact(service.get("created_at"), now=console.now(), zone=console.zone, never="")),
        ("about", text_of(service, "description")),
        ("tags", list_of(service, "tags")),
        ("docs", docs),
        ("health", text_of(health, "path")),
        ("preset", text_of(service, "preset")),
        ("backup for", list_of(service, "backup_for")),
        *(
            (f"policy {name}", json.dumps(policy))
            for name, policy in object_of(service, "policies").items()
        ),
        *(("warning", str(each)) for each in items_of(service, "warnings")),
    ]


def _remove(arguments: argparse.Namespace, console: Console, api: Api) -> None:
    api.delete("services", arguments.name)
    if arguments.json:
        console.say_json({"removed": arguments.name})
    else:
        console.say(f"Removed {arguments.name}.")
