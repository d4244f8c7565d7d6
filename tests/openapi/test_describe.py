import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.openapi.describe import describe
from sidecar.registry.models import ServiceTerms
from tests.openapi.documents import a_document, an_operation, answering, described, merged

_ADD = {"path": "/add", "methods": ["POST"], "summary": "Add"}


def test_a_stripped_prefix_is_put_before_each_path() -> None:
    document = a_document({"/add": {"get": an_operation()}})

    assert list(merged(described(document, prefix="/calc"))["paths"]) == ["/calc/add"]


def test_a_prefix_that_the_service_sees_is_not_doubled() -> None:
    document = a_document({"/math/add": {"get": an_operation()}, "/other": {"get": an_operation()}})

    shown = merged(described(document, strip_prefix=False))["paths"]

    assert list(shown) == ["/math/add", "/math/other"]


def test_routes_alone_make_a_document_with_schemas_examples_and_parameters() -> None:
    route = {
        "path": "/tasks/{id}",
        "methods": ["PUT"],
        "summary": "Change a task",
        "request_schema": {"$ref": "#/$defs/Task", "$defs": {"Task": {"type": "object"}}},
        "request_example": {"done": True},
        "response_schema": {"type": "boolean"},
    }

    whole = merged(described(None, routes=[route]))

    operation = whole["paths"]["/math/tasks/{id}"]["put"]
    sent = operation["requestBody"]["content"]["application/json"]
    assert operation["operationId"] == "math.put_tasks_id"
    assert [item["name"] for item in operation["parameters"]] == ["id"]
    assert sent["example"] == {"done": True}
    request = whole["components"]["schemas"]["math.PUT__tasks__id__request"]
    assert sent["schema"] == {"$ref": "#/components/schemas/math.PUT__tasks__id__request"}
    assert request["$ref"] == "#/components/schemas/math.PUT__tasks__id__request._defs.Task"


def test_only_routed_operations_are_shown_and_only_what_they_use() -> None:
    document = a_document(
        {
            "/add": {
                "post": answering({"$ref": "#/components/schemas/Sum"}),
                "get": an_operation(),
            },
            "/secret": {"post": answering({"$ref": "#/components/schemas/Secret"})},
        },
        components={"schemas": {"Sum": {}, "Secret": {}}},
    )

    whole = merged(described(document, expose="routes", routes=[_ADD]))

    assert {path: [*item] for path, item in whole["paths"].items()} == {"/math/add": ["post"]}
    assert list(whole["components"]["schemas"]) == ["math.Sum"]


def test_a_route_that_the_document_lacks_is_added_under_the_documents_own_path() -> None:
    parameter = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    document = a_document({"/tasks/{id}": {"get": an_operation(parameters=[parameter])}})
    route = {"path": "/tasks/{task_id}", "methods": ["DELETE"]}

    item = merged(described(document, expose="all", routes=[route]))["paths"]["/math/tasks/{id}"]

    assert item.keys() == {"get", "delete"}
    assert item["delete"]["parameters"] == [parameter]


def test_what_is_not_exposed_is_not_shown() -> None:
    part = described(a_document({"/add": {"get": an_operation()}}), expose="none")

    assert merged(part)["paths"] == {}
    assert merged(part)["tags"] == []


def test_a_host_of_its_own_is_named_with_the_edges_scheme_and_port() -> None:
    terms = ServiceTerms(name="math", host="math.test")
    document = a_document({"/add": {"get": an_operation()}})

    part = describe(terms, document, public_url="https://edge.test:8443")

    assert merged(part)["paths"]["/add"]["servers"] == [{"url": "https://math.test:8443"}]


def test_a_path_item_defined_elsewhere_in_the_document_is_shown_where_it_is_used() -> None:
    document = a_document(
        {"/a": {"$ref": "#/components/pathItems/Add"}, "/b": {"$ref": "#/paths/~1a"}},
        components={"pathItems": {"Add": {"get": an_operation(operationId="add")}}},
    )

    shown = merged(described(document))["paths"]

    assert [item["get"]["operationId"] for item in shown.values()] == ["math.add", "math.add.2"]


def test_a_path_that_is_no_path_is_left_out_and_told() -> None:
    part = described(a_document({"add": {"get": an_operation()}, "/b": {"get": an_operation()}}))

    assert [shown.path for shown in part.paths] == ["/math/b"]
    assert [finding.pointer for finding in part.findings] == ["/paths/add"]


def _nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    for _ in range(depth):
        schema = {"items": schema}
    return schema


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ([], "no OpenAPI 3.x"),
        ({"swagger": "2.0", "paths": {}}, "no OpenAPI 3.x"),
        (a_document({"/add": "nothing"}), "/paths/~1add must be an object"),
        (a_document({"/add": {"get": {"parameters": {}}}}), "parameters must be a list"),
        (a_document({"/add": {"get": an_operation(responses={"200": []})}}), "/responses/200"),
        (a_document({"/add": {"get": answering(_nested(2000))}}), "nested too deeply"),
        (a_document({"/add": {"get": an_operation(summary="\ud800")}}), "surrogates"),
    ],
)
def test_routes_stand_in_for_a_document_that_can_not_be_read(document: Any, reason: str) -> None:
    part = described(document, routes=[_ADD], expose="all")

    assert list(merged(part)["paths"]) == ["/math/add"]
    assert part.failure is not None
    assert reason in part.failure


def test_the_name_stands_in_for_routes_that_can_not_be_read_either() -> None:
    part = described([], routes=[{**_ADD, "request_schema": {"properties": 5}}])  # type: ignore[arg-type]

    whole = merged(part)

    assert whole["paths"] == {}
    assert [tag["name"] for tag in whole["tags"]] == ["math"]


def test_references_that_multiply_a_document_are_an_end_to_it() -> None:
    x: dict[str, Any] = {"description": "x" * 1_000_000}
    for _ in range(40):
        x = {"properties": {"x": x}}
    path = "#/x-deep" + "/properties/x" * 40
    places = [{"$ref": path[: len("#/x-deep") + 13 * count]} for count in range(41)]
    document = a_document({"/a": {"get": answering({"anyOf": places})}})

    part = described({**document, "x-deep": x})

    assert "more than" in str(part.failure)


_WORDS = (
    "$ref /a get schema schemas properties responses 200 content security allOf discriminator"
    " mapping parameters operationId tags links callbacks x-y"
)
_keys = st.sampled_from(_WORDS.split()) | st.text(max_size=5)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=4),
    max_leaves=25,
)


@given(document=st.dictionaries(_keys, _json, max_size=4), paths=_json, components=_json)
def test_whatever_a_document_holds_it_spoils_nothing(
    document: dict[str, Any], paths: Any, components: Any
) -> None:
    whole = {**document, "openapi": "3.1.0", "paths": paths, "components": components}

    first, second = (
        described(whole, routes=[_ADD]),
        described(json.loads(json.dumps(whole)), routes=[_ADD]),
    )

    assert first == second
    assert json.loads(b"[%b]" % b",".join(shown.item for shown in first.paths))
