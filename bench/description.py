"""What the upstream says of itself: an OpenAPI document of a small service's usual size."""

from typing import Any

_NUMBER = {"type": "number", "examples": [2.5]}
_OPERATIONS = ("add", "multiply", "power", "divide")


def _operation(name: str) -> dict[str, Any]:
    return {
        "post": {
            "operationId": name,
            "summary": f"{name.capitalize()} two numbers",
            "description": "Takes two numbers, and answers one with how it was found.",
            "requestBody": {"required": True, "content": _content("Operands")},
            "responses": {
                "200": {"description": "The result", "content": _content("Result")},
                "422": {"description": "Not two numbers", "content": _content("Problem")},
            },
        }
    }


def _content(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": sorted(properties)}


DESCRIPTION: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Upstream", "version": "1.0.0", "description": "Four operations."},
    "paths": {f"/{name}": _operation(name) for name in _OPERATIONS},
    "components": {
        "schemas": {
            "Operands": _object(a=_NUMBER, b=_NUMBER),
            "Result": _object(result=_NUMBER, operation={"type": "string", "enum": [*_OPERATIONS]}),
            "Problem": _object(title={"type": "string"}, detail={"type": "string"}),
        }
    },
}
