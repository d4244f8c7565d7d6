"""From OpenAPI 3.0 to 3.1, as far as a 3.0 schema would mean something else or nothing in 3.1.

Left as they are, because 3.1 still takes them: `example`, `format: binary` and `format: base64`.
"""

from collections.abc import Mapping
from typing import Any

_BOUNDS = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}


def schema_to_31(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Answer a 3.0 schema in JSON Schema 2020-12; the schemas inside are not touched."""
    if "$ref" in schema:
        # In 3.0 what stands beside a reference is ignored (section 4.7.23), in 3.1 it counts.
        return {key: schema[key] for key in ("$ref", "description") if key in schema}
    new = dict(schema)
    for exclusive, bound in _BOUNDS.items():
        if isinstance(new.get(exclusive), bool) and new.pop(exclusive) and bound in new:
            new[exclusive] = new.pop(bound)
    if new.pop("nullable", False) is True and isinstance(new.get("type"), str):
        new["type"] = [new["type"], "null"]
        if isinstance(new.get("enum"), list) and None not in new["enum"]:
            new["enum"] = [*new["enum"], None]
    return new
