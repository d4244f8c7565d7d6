"""Which of a service's operations are shown, and under which path the edge has them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sidecar.openapi.grammar import METHODS
from sidecar.openapi.references import Document, find, mapping
from sidecar.openapi.stub import parameters_of
from sidecar.registry.models import ServiceTerms

_PARAMETER = re.compile(r"\{[^{}]*\}")


@dataclass(frozen=True)
class ShownItem:
    """A path item as it came, the path it has at the edge, and the one in its document."""

    path: str
    source: str
    item: Any
    fields: Mapping[str, Any] = field(default_factory=dict)
    """What the gateway adds to the path item."""


def shape_of(path: str) -> str:
    """Answer a path without the names of its parameters: equal shapes are the same path."""
    return _PARAMETER.sub("{}", path)


def shown_paths(document: Document, stub: Document, terms: ServiceTerms) -> list[ShownItem]:
    """Answer what a service's document describes, and from its stub what only its routes name."""
    shown = {
        (path := _at_edge(source, terms)): ShownItem(path, source, _whole(document, item))
        for source, item in mapping(document.get("paths")).items()
        if str(source).startswith("/")
    }
    named = {terms.prefix.rstrip("/") + path: item for path, item in stub["paths"].items()}
    if terms.expose == "routes":
        shown = _routed(shown, named)
    _add_missing(shown, named)
    return list(shown.values())


def _at_edge(path: str, terms: ServiceTerms) -> str:
    prefix = terms.prefix.rstrip("/")
    if not terms.strip_prefix and f"{path}/".startswith(f"{prefix}/"):
        # The service sees the prefix, and so does its document.
        return path
    return prefix + path


def _whole(document: Document, item: Any) -> Any:
    """Copy a path item that is defined elsewhere in the document to where it is used."""
    if not isinstance(item, Mapping) or not isinstance(item.get("$ref"), str):
        return item
    target = find(document, item["$ref"])
    rest = {key: value for key, value in item.items() if key != "$ref"}
    return {**target, **rest} if isinstance(target, Mapping) else item


def _routed(shown: Mapping[str, ShownItem], named: Mapping[str, Any]) -> dict[str, ShownItem]:
    methods: dict[str, set[str]] = {}
    for path, operations in named.items():
        methods.setdefault(shape_of(path), set()).update(operations)
    kept = {}
    for path, here in shown.items():
        routed = methods.get(shape_of(path), set()) & set(mapping(here.item))
        if routed:
            fields = {k: v for k, v in here.item.items() if k not in METHODS or k in routed}
            kept[path] = replace(here, item=fields)
    return kept


def _add_missing(shown: dict[str, ShownItem], named: Mapping[str, Any]) -> None:
    known = {shape_of(path): path for path in shown}
    for named_path, operations in named.items():
        path = known.setdefault(shape_of(named_path), named_path)
        here = shown.get(path) or ShownItem(path, named_path, {})
        if not isinstance(here.item, Mapping):
            continue
        parameters = parameters_of(path)
        added = {
            method: {**operation, **({"parameters": parameters} if parameters else {})}
            for method, operation in operations.items()
        }
        shown[path] = replace(here, item={**added, **here.item})
