"""A document made from the routes of a service that brought none."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sidecar.openapi.references import write
from sidecar.registry.models import Route

_PARAMETER = re.compile(r"\{([^{}]*)\}")
_BODYLESS = frozenset({"GET", "HEAD"})


def document_of(routes: Sequence[Route]) -> dict[str, Any]:
    """Describe routes as an OpenAPI 3.1 document; its paths are below the prefix."""
    paths: dict[str, dict[str, Any]] = {}
    schemas: dict[str, Any] = {}
    for route in routes:
        for method in route.methods:
            operation = _operation(route, method, schemas)
            paths.setdefault(route.path, {})[method.lower()] = operation
    return {"openapi": "3.1.0", "paths": paths, "components": {"schemas": schemas}}


def parameters_of(path: str) -> list[dict[str, Any]]:
    """Describe the parameters that a path names in braces."""
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in dict.fromkeys(_PARAMETER.findall(path))
    ]


def _operation(route: Route, method: str, schemas: dict[str, Any]) -> dict[str, Any]:
    name = f"{method} {route.path}"
    sides = {"response": (route.response_schema, route.response_example)}
    if method not in _BODYLESS:
        sides["request"] = (route.request_schema, route.request_example)
    content = {}
    for side, (schema, example) in sides.items():
        key = f"{name} {side}"
        # As a component a schema keeps a place that its references to itself can be read from.
        schemas |= {} if schema is None else {key: schema}
        content[side] = _content(key if schema is not None else None, example)
    operation = {
        "summary": route.summary or name,
        "description": route.description,
        "operationId": re.sub(r"[^A-Za-z0-9]+", "_", f"{method.lower()}{route.path}").strip("_"),
        "parameters": parameters_of(route.path),
        "requestBody": content.get("request") or None,
        "responses": {"200": {"description": "The answer.", **content["response"]}},
    }
    return {key: value for key, value in operation.items() if value}


def _content(key: str | None, example: Any) -> Mapping[str, Any]:
    media: dict[str, Any] = {}
    if key is not None:
        media["schema"] = {"$ref": "#" + write(("components", "schemas", key))}
    if example is not None:
        media["example"] = example
    return {"content": {"application/json": media}} if media else {}
