"""YAML that means what it says: no aliases, tags, dates or `yes`, and every key once.

Plain words are read by YAML 1.2's core schema (section 10.3.2) and not by 1.1's, in which `no` is
false and `12:30` is 750. The values are those of JSON, the keys are text as written.
"""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

MAX_DEPTH = 100

_NULL, _BOOL, _INT, _FLOAT, _TEXT, _LIST, _MAPPING = (
    f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "str", "seq", "map")
)
_PLAIN = {
    _NULL: (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    _BOOL: (r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    # A longer number would lose digits on the way; `007` is a number to nobody.
    _INT: (r"[-+]?(?:0|[1-9][0-9]{0,15})", list("-+0123456789")),
    _FLOAT: (
        r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+",
        list("-+.0123456789"),
    ),
}


class YamlError(Exception):
    """The text is not YAML of this kind; the message says where and why."""


def read_documents(text: str) -> list[Any]:
    """Read every document of a text. Raises YamlError."""
    try:
        return list(yaml.load_all(text, _Loader))
    except yaml.MarkedYAMLError as error:
        raise YamlError(_where(error)) from error
    except yaml.YAMLError as error:
        raise YamlError(" ".join(str(error).split())) from error
    except (ValueError, OverflowError) as error:
        raise YamlError(r"an escape such as \U00110000 names no character") from error


class _Loader(yaml.SafeLoader):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            # A few nested ones are enough to fill the memory.
            raise _refuse("aliases (*name) are not allowed here: write it out", event.start_mark)
        if self._depth == MAX_DEPTH:
            raise _refuse(f"nested more than {MAX_DEPTH} levels deep", event.start_mark)
        self._depth += 1
        node: Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node


def _mapping(loader: _Loader, node: Node) -> dict[str, Any]:
    if not isinstance(node, MappingNode):
        raise _refuse("there must be a mapping here", node.start_mark)
    mapping: dict[str, Any] = {}
    for key, value in node.value:
        if not isinstance(key, ScalarNode):
            raise _refuse("a key must be text", key.start_mark)
        if key.value in mapping:
            raise _refuse(f"{key.value!r} is there twice", key.start_mark)
        mapping[key.value] = loader.construct_object(value, deep=True)
    return mapping


def _list(loader: _Loader, node: Node) -> list[Any]:
    if not isinstance(node, SequenceNode):
        raise _refuse("there must be a list here", node.start_mark)
    return [loader.construct_object(value, deep=True) for value in node.value]


def _scalar(__: _Loader, node: Node) -> Any:
    if not isinstance(node, ScalarNode):
        raise _refuse("there must be a plain value here", node.start_mark)
    text = str(node.value)
    pattern, _ = _PLAIN.get(node.tag, ("(?s:.*)", []))
    if re.fullmatch(pattern, text) is None:
        raise _refuse(f"{text!r} is not what its tag says", node.start_mark)
    if node.tag == _FLOAT and not math.isfinite(float(text)):
        raise _refuse(f"{text} is too large a number", node.start_mark)
    return _READ[node.tag](text)


def _undefined(_: _Loader, node: Node) -> Any:
    raise _refuse(f"the tag {node.tag!r} is not allowed here", node.start_mark)


def _refuse(problem: str, mark: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=mark)


def _where(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    problem = error.problem or error.context or "it is not YAML"
    if r"'\t'" in problem:
        problem = "there is a tab: YAML is indented with spaces"
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}" if mark else problem


_READ: Mapping[str, Callable[[str], Any]] = {
    _NULL: lambda _: None,
    _BOOL: lambda text: text.lower() == "true",
    _INT: int,
    _FLOAT: float,
    _TEXT: str,
}
# None of YAML 1.1's own, which the class above it has.
_Loader.yaml_implicit_resolvers = {}
_Loader.yaml_constructors = {}
for _tag, (_pattern, _first) in _PLAIN.items():
    _Loader.add_implicit_resolver(_tag, re.compile(f"(?:{_pattern})\\Z"), _first)
for _tag in _READ:
    _Loader.add_constructor(_tag, _scalar)
_Loader.add_constructor(_LIST, _list)
_Loader.add_constructor(_MAPPING, _mapping)
_Loader.add_constructor(None, _undefined)
