"""Configuration values as YAML that a person can read and Traefik reads as meant."""

from collections.abc import Iterator, Mapping
from json.encoder import encode_basestring_ascii as quoted

from sidecar.edge.models import Node, Rule

Plain = str | bool | int | tuple[str, ...] | Rule


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
    for field in node.__slots__:
        value = getattr(node, field)
        if value is None:
            continue
        if isinstance(value, tuple) and not isinstance(value[0], str):
            yield f"{pad}{field}:"
            for item in value:
                first, *rest = _node(item, pad + "    ")
                yield f"{pad}  - {first.lstrip()}"
                yield from rest
        elif hasattr(value, "__slots__") and not isinstance(value, Rule):
            yield f"{pad}{field}:"
            yield from _node(value, pad + "  ")
        else:
            yield f"{pad}{field}: {_plain(value)}"


def _plain(value: Plain) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, tuple):
        return f"[{', '.join(map(_text, value))}]"
    return _text(str(value))


def _text(value: str) -> str:
    # As an escape a brace is the same character to a YAML reader, and none to the template engine.
    return quoted(value).replace("{{", "\\u007b\\u007b")
