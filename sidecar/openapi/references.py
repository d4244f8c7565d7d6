"""Reading `$ref`s within one document (RFC 6901, as a URI fragment)."""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote

Document = Mapping[str, Any]
Pointer = tuple[str, ...]

_SAYS_NOTHING = frozenset({"$ref", "summary", "description"})
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")


def parse(reference: str) -> Pointer | None:
    """Read a reference to a place in the same document, or answer `None` for any other."""
    if not reference.startswith("#/"):
        return None
    parts = unquote(reference[2:]).split("/")
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in parts)


def write(parts: Iterable[str]) -> str:
    """Write a pointer."""
    return "".join(f"/{part.replace('~', '~0').replace('/', '~1')}" for part in parts)


def find(document: Document, reference: str) -> Any:
    """Answer what a reference finally leads to, or `None`: nowhere, elsewhere, or in a circle.

    On the way to nowhere, the first schema that says something of its own is an answer.
    """
    seen: set[str] = set()
    found = None
    while reference not in seen:
        seen.add(reference)
        pointer = parse(reference)
        target = None if pointer is None else at(document, pointer)
        if target is None:
            return found
        further = target.get("$ref") if isinstance(target, Mapping) else None
        if not isinstance(further, str):
            return target
        if found is None and target.keys() - _SAYS_NOTHING:
            found = target
        reference = further
    return None


def at(document: Document, pointer: Iterable[str]) -> Any:
    """Answer what stands at a place, or `None`."""
    place: Any = document
    for part in pointer:
        if isinstance(place, Mapping):
            place = place.get(part)
        elif isinstance(place, list) and _INDEX.fullmatch(part) and int(part) < len(place):
            place = place[int(part)]
        else:
            return None
    return place


def mapping(value: Any) -> Mapping[str, Any]:
    """Answer the value if it is an object, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def listing(value: Any) -> list[Any]:
    """Answer the value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []
