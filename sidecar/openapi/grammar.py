"""Where an OpenAPI 3.x document can hold a reference or a name (OAS 3.1 section 4.8).

Everything that is not in the table is data (an example, a default, an extension) or text, and is
left alone: a property named `$ref` or `security` is no reference and no requirement.
"""

from collections.abc import Mapping

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")

SECTIONS: Mapping[str, str] = {
    "Schema": "schemas",
    "Response": "responses",
    "Parameter": "parameters",
    "Example": "examples",
    "RequestBody": "requestBodies",
    "Header": "headers",
    "SecurityScheme": "securitySchemes",
    "Link": "links",
    "Callback": "callbacks",
    "PathItem": "pathItems",
}
"""The kinds that can be referred to, and the section of `components` that holds each."""

_CONTENT = {"schema": "Schema", "content": "{MediaType}", "examples": "{Example}"}

# `Kind` is one, `[Kind]` a list and `{Kind}` a map of them; the field `*` stands for any other.
FIELDS: Mapping[str, Mapping[str, str]] = {
    "PathItem": {"parameters": "[Parameter]", **dict.fromkeys(METHODS, "Operation")},
    "Operation": {
        "parameters": "[Parameter]",
        "requestBody": "RequestBody",
        "responses": "Responses",
        "callbacks": "{Callback}",
    },
    "Parameter": _CONTENT,
    "Header": _CONTENT,
    "RequestBody": {"content": "{MediaType}"},
    "MediaType": {"schema": "Schema", "examples": "{Example}", "encoding": "{Encoding}"},
    "Encoding": {"headers": "{Header}"},
    "Responses": {"*": "Response"},
    "Response": {"headers": "{Header}", "content": "{MediaType}", "links": "{Link}"},
    "Callback": {"*": "PathItem"},
    "Example": {},
    "Link": {},
    "SecurityScheme": {},
    "Schema": {
        **dict.fromkeys(
            ("properties", "patternProperties", "dependentSchemas", "$defs", "definitions"),
            "{Schema}",
        ),
        **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), "[Schema]"),
        **dict.fromkeys(
            (
                "items",
                "additionalProperties",
                "not",
                "if",
                "then",
                "else",
                "contains",
                "propertyNames",
                "contentSchema",
                "unevaluatedItems",
                "unevaluatedProperties",
            ),
            "Schema",
        ),
    },
}
