"""Configuration values as YAML that a person can read and Traefik reads as meant."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

from sidecar.edge.models import Flow, LoadBalancer, Node, Server

_NESTED = (dict, LoadBalancer, Server)
_PAIR = re.compile(r"\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})")


def emit(nodes: Mapping[str, Node], indent: int) -> str:
    """Answer named nodes as indented YAML; lists of plain values stay on one line.

    Every name and string is quoted (a service may be called `no` or `null`), and no `{{` is left:
    Traefik expands Go templates in its files, with the environment inside.
    """
    pad = " " * indent
    lines: list[str] = []
    for name, node in nodes.items():
        lines.append(f"{pad}{_text(name)}:")
        lines.extend(_node(node, pad + "  "))
    return "\n".join([*lines, ""]) if lines else ""


def _node(node: Node, pad: str) -> Iterator[str]:
    for field, value in _fields(node):
        if value is None:
            continue
        if isinstance(value, list | tuple):
            yield from _list(field, value, pad)
        elif isinstance(value, _NESTED):
            lines = list(_node(value, pad + "  "))
            yield f"{pad}{field}:" if lines else f"{pad}{field}: {{}}"
            yield from lines
        else:
            yield f"{pad}{field}: {_plain(value)}"


def _list(field: str, items: Sequence[Any], pad: str) -> Iterator[str]:
    if not isinstance(items[0], _NESTED):
        yield f"{pad}{field}: [{', '.join(map(_plain, items))}]"
        return
    yield f"{pad}{field}:"
    for item in items:
        first, *rest = _node(item, pad + "    ")
        yield f"{pad}  - {first.lstrip()}"
        yield from rest


def _fields(node: Node) -> Iterable[tuple[str, Any]]:
    if isinstance(node, Mapping):
        return ((_text(name), value) for name, value in node.items())
    return ((name, getattr(node, name)) for name in node.__slots__)


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Flow):
        # JSON is YAML, and nowhere but in its strings do two braces meet.
        return _for_traefik(json.dumps(value.value, allow_nan=False))
    return _text(str(value))


def _text(value: str) -> str:
    return _for_traefik(quoted(value))


def _for_traefik(text: str) -> str:
    # YAML has no pairs of escapes for what lies beyond the basic plane: one escape is a character.
    text = _PAIR.sub(_as_one, text) if "\\ud" in text else text
    # As an escape a brace is the same character to a YAML reader, and none to the template engine.
    return text.replace("{{", "\\u007b\\u007b")


def _as_one(pair: re.Match[str]) -> str:
    high, low = (int(half, 16) for half in pair.groups())
    return f"\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08x}"
