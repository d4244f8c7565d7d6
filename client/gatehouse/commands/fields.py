"""Take fields out of the gateway's answers, whatever a stranger on its port put there."""

from collections.abc import Mapping
from typing import Any

from gatehouse.commands.console import CommandError


def text_of(body: Mapping[str, Any], name: str) -> str:
    """Give a field as text; nothing when it is null or not there."""
    value = body.get(name)
    return "" if value is None else str(value)


def list_of(body: Mapping[str, Any], name: str) -> str:
    """Give a list of words in one line; nothing when it is no list."""
    return ", ".join(map(str, items_of(body, name)))


def items_of(body: Mapping[str, Any], name: str) -> list[Any]:
    """Give a list; an empty one when it is none."""
    value = body.get(name)
    return value if isinstance(value, list) else []


def object_of(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Give an object; an empty one when it is none."""
    value = body.get(name)
    return value if isinstance(value, dict) else {}


def entries(body: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Give a list of objects. Raises CommandError where there is none."""
    found = body.get(name)
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise CommandError(f"The answer is not a Gatehouse gateway's: it has no list of {name}.")
    return found
