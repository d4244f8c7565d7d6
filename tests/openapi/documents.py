"""What the tests of this folder say about documents."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from openapi_spec_validator import OpenAPIV31SpecValidator

from sidecar.openapi.describe import describe
from sidecar.openapi.merge import merge
from sidecar.openapi.models import Part
from sidecar.registry.models import ServiceTerms

INFO = {"title": "Gatehouse", "version": "1"}


def a_document(
    paths: Mapping[str, Any] | None = None, *, version: str = "3.1.0", **fields: Any
) -> dict[str, Any]:
    info = {"title": "Math", "version": "1"}
    return {"openapi": version, "info": info, "paths": dict(paths or {}), **fields}


def an_operation(**fields: Any) -> dict[str, Any]:
    return {"responses": {"200": {"description": "Good."}}, **fields}


def answering(schema: Any) -> dict[str, Any]:
    content = {"application/json": {"schema": schema}}
    return an_operation(responses={"200": {"description": "Good.", "content": content}})


def described(document: Mapping[str, Any] | None, **terms: Any) -> Part:
    return describe(ServiceTerms(**{"name": "math", **terms}), document)


def merged(*parts: Part) -> dict[str, Any]:
    """Merge, and judge the result: it is valid, and no reference in it leads to nothing."""
    document: dict[str, Any] = json.loads(merge(parts, info=INFO).body)
    OpenAPIV31SpecValidator(document).validate()
    for reference in references(document):
        place: Any = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
    return document


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    if isinstance(node, list):
        for value in node:
            yield from references(value)
