from typing import Any

import pytest

from tests.openapi.documents import (
    a_document,
    an_operation,
    answering,
    described,
    merged,
    references,
)


def _with_schemas(**schemas: Any) -> dict[str, Any]:
    return a_document(components={"schemas": schemas})


def _schema(whole: dict[str, Any], key: str) -> Any:
    return whole["components"]["schemas"][f"math.{key}"]


def test_both_forms_of_a_discriminators_mapping_lead_to_the_renamed_schemas() -> None:
    mapping = {"cat": "#/components/schemas/Cat", "dog": "Dog"}
    pet = {"discriminator": {"propertyName": "kind", "mapping": mapping}}

    whole = merged(described(_with_schemas(Pet=pet, Cat={}, Dog={})))

    assert _schema(whole, "Pet")["discriminator"]["mapping"] == {
        "cat": "#/components/schemas/math.Cat",
        "dog": "#/components/schemas/math.Dog",
    }


def test_values_that_no_mapping_names_keep_standing_for_their_schemas() -> None:
    choice = {
        "oneOf": [{"$ref": "#/components/schemas/Cat"}],
        "discriminator": {"propertyName": "kind"},
    }
    parent = {"discriminator": {"propertyName": "kind"}}
    child = {"allOf": [{"$ref": "#/components/schemas/Parent"}]}
    grandchild = {"allOf": [{"$ref": "#/components/schemas/Child"}]}

    whole = merged(
        described(
            _with_schemas(Choice=choice, Cat={}, Parent=parent, Child=child, Grandchild=grandchild)
        )
    )

    assert _schema(whole, "Choice")["discriminator"]["mapping"] == {
        "Cat": "#/components/schemas/math.Cat"
    }
    assert _schema(whole, "Parent")["discriminator"]["mapping"] == {
        "Child": "#/components/schemas/math.Child",
        "Grandchild": "#/components/schemas/math.Grandchild",
    }


def test_keys_that_are_not_legal_become_so_and_stay_apart() -> None:
    reference = {"$ref": "#/components/schemas/A%20b~1c"}
    document = _with_schemas(**{"A b/c": {}, "A_b_c": {}, "Ä": {}, "Use": reference})

    whole = merged(described(document))

    assert set(whole["components"]["schemas"]) == {
        "math.A_b_c",
        "math.A_b_c.2",
        "math._",
        "math.Use",
    }
    assert _schema(whole, "Use") == {"$ref": "#/components/schemas/math.A_b_c.2"}


def test_a_reference_into_something_makes_a_component_of_it() -> None:
    document = a_document(
        {"/a": {"get": answering({"type": "string"})}},
        components={
            "schemas": {
                "Inner": {"$ref": "#/components/schemas/Outer/properties/inner"},
                "Outer": {"properties": {"inner": {"type": "integer"}}},
                "Answer": {
                    "$ref": "#/paths/~1a/get/responses/200/content/application~1json/schema"
                },
            }
        },
    )

    whole = merged(described(document))

    assert _schema(whole, "Outer.properties.inner") == {"type": "integer"}
    assert _schema(whole, "paths._a.get.responses.200.content.application_json.schema") == {
        "type": "string"
    }


def test_what_is_data_is_left_as_it_is() -> None:
    data = {"$ref": "#/components/schemas/Thing", "security": [{"none": []}]}
    thing = {
        "properties": {"$ref": {"type": "string"}, "discriminator": {"type": "string"}},
        "default": data,
        "examples": [data],
        "enum": [data],
    }
    document = _with_schemas(Thing=thing)

    part = described(document)

    assert b'"default":{"$ref":"#/components/schemas/Thing"' in part.components["schemas"]
    assert part.findings == ()


def test_an_extension_keeps_up_with_the_components_it_refers_to() -> None:
    thing = {"x-also": [{"$ref": "#/components/schemas/Other"}, {"$ref": "#/x-else"}, 1]}

    part = described(_with_schemas(Thing=thing, Other={}))

    assert (
        b'[{"$ref":"#/components/schemas/math.Other"},{"$ref":"#/x-else"},1]'
        in (part.components["schemas"])
    )


@pytest.mark.parametrize(
    "reference",
    [
        "#/components/schemas/Missing",
        "other.json#/Thing",
        "https://elsewhere.test/thing.json",
        "file:///etc/passwd",
        "#",
        "#anchor",
        "#/components/schemas/Round",
        "#/paths/99999999999999999999",
        "",
    ],
)
def test_a_reference_that_leads_to_nothing_is_taken_out_and_told(reference: str) -> None:
    lost = {"$ref": reference}
    operation = {
        **answering({"$ref": reference, "description": "Kept."}),
        "parameters": [lost],
        "requestBody": lost,
    }
    operation["responses"]["404"] = lost
    around = {"Round": {"$ref": "#/components/schemas/Round"}}
    document = a_document({"/a": {"post": operation}}, components={"schemas": around})

    part = described(document)

    post = merged(part)["paths"]["/math/a"]["post"]
    assert list(references(post)) == []
    assert post["parameters"] == []
    assert post["responses"]["200"]["content"]["application/json"]["schema"] == {
        "description": "Kept."
    }
    assert {finding.pointer.rpartition("/paths/~1a/post")[2] for finding in part.findings} >= {
        "/parameters/0",
        "/requestBody",
        "/responses/404",
        "/responses/200/content/application~1json/schema",
    }


def test_schemas_may_refer_to_each_other_in_a_circle() -> None:
    node = {"properties": {"next": {"$ref": "#/components/schemas/Node"}}}

    whole = merged(described(_with_schemas(Node=node)))

    assert _schema(whole, "Node")["properties"]["next"] == {
        "$ref": "#/components/schemas/math.Node"
    }


def test_a_schema_pasted_in_with_its_own_definitions_still_finds_them() -> None:
    schema = {"$ref": "#/$defs/N", "$defs": {"N": {"type": "number"}}}

    whole = merged(described(a_document({"/a": {"get": answering(schema)}})))

    assert "number" in [held.get("type") for held in whole["components"]["schemas"].values()]


def test_a_requirement_of_the_whole_document_is_put_on_each_of_its_operations() -> None:
    document = a_document(
        {
            "/a": {"get": an_operation()},
            "/open": {"get": an_operation(security=[])},
            "/odd": {"get": an_operation(security=[{"gone": []}, {"key": []}])},
        },
        security=[{"key": []}],
        components={"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
    )

    whole = merged(described(document))

    assert [item["get"]["security"] for item in whole["paths"].values()] == [
        [{"math.key": []}],
        [],
        [{"math.key": []}],
    ]
    assert "security" not in whole


def test_links_lead_to_the_renamed_operations() -> None:
    links = {
        "by_name": {"operationId": "show", "server": {"url": "https://elsewhere.test"}},
        "by_place": {"operationRef": "#/paths/~1things~1{id}/get"},
        "lost": {"operationId": "gone"},
    }
    shown = an_operation(
        operationId="show",
        parameters=[{"name": "id", "in": "path", "required": True, "schema": {}}],
    )
    made = an_operation(responses={"201": {"description": "Made.", "links": links}})
    document = a_document({"/things": {"post": made}, "/things/{id}": {"get": shown}})

    part = described(document)

    answer = merged(part)["paths"]["/math/things"]["post"]["responses"]["201"]
    assert answer["links"] == {
        "by_name": {"operationId": "math.show"},
        "by_place": {"operationId": "math.show"},
    }
    assert len(part.findings) == 1


def test_a_3_0_schema_says_the_same_in_3_1() -> None:
    thing = {
        "properties": {
            "maybe": {"type": "string", "nullable": True, "enum": ["a"]},
            "above": {"type": "number", "minimum": 1, "exclusiveMinimum": True},
            "up_to": {"type": "number", "maximum": 9, "exclusiveMaximum": False},
            "other": {"$ref": "#/components/schemas/Other", "type": "string"},
        }
    }
    components = {"schemas": {"Thing": thing, "Other": {}}}

    whole = merged(described(a_document(version="3.0.3", components=components)))

    assert _schema(whole, "Thing")["properties"] == {
        "maybe": {"type": ["string", "null"], "enum": ["a", None]},
        "above": {"type": "number", "exclusiveMinimum": 1},
        "up_to": {"type": "number", "maximum": 9},
        "other": {"$ref": "#/components/schemas/math.Other"},
    }


def test_a_null_where_an_object_belongs_is_as_good_as_nothing() -> None:
    document = a_document({"/a": {"get": an_operation(requestBody=None, callbacks=None)}})

    assert merged(described(document))["paths"]["/math/a"]["get"].keys() == {"responses", "tags"}


def test_what_moves_the_base_of_references_is_taken_out_and_told() -> None:
    part = described(_with_schemas(Thing={"$id": "https://elsewhere.test/thing"}))

    assert _schema(merged(part), "Thing") == {}
    assert [finding.pointer for finding in part.findings] == ["/components/schemas/Thing"]


def test_a_mapping_to_a_schema_that_is_not_there_is_taken_out_and_told() -> None:
    pet = {"discriminator": {"propertyName": "kind", "mapping": {"cat": "Cat", "dog": 5}}}

    part = described(_with_schemas(Pet=pet))

    assert _schema(merged(part), "Pet")["discriminator"] == {"propertyName": "kind", "mapping": {}}
    assert len(part.findings) == 2


def test_a_component_that_only_refers_elsewhere_is_left_out() -> None:
    header = {"$ref": "other.json#/Header"}
    answer = an_operation(
        responses={"200": {"description": "", "headers": {"X": {"$ref": "#/components/headers/X"}}}}
    )
    document = a_document({"/a": {"get": answer}}, components={"headers": {"X": header}})

    whole = merged(described(document))

    assert "headers" not in whole["components"]
    assert whole["paths"]["/math/a"]["get"]["responses"]["200"]["headers"] == {}


def test_a_reference_where_there_can_be_none_makes_the_document_unreadable() -> None:
    content = {"application/json": {"$ref": "#/components/schemas/Thing"}}
    operation = an_operation(responses={"200": {"description": "", "content": content}})

    part = described(a_document({"/a": {"get": operation}}))

    assert "can not be a reference" in str(part.failure)


def test_a_boolean_is_a_schema() -> None:
    thing = {"properties": {"any": True}, "additionalProperties": False}

    assert _schema(merged(described(_with_schemas(Thing=thing))), "Thing") == thing


def test_parameters_and_answers_kept_as_components_are_found_again() -> None:
    limit = {"name": "limit", "in": "query", "schema": {"type": "integer"}}
    operation = an_operation(
        parameters=[{"$ref": "#/components/parameters/limit", "ignored": True}],
        responses={"200": {"$ref": "#/components/responses/good", "description": "Well."}},
    )
    components = {
        "parameters": {"limit": limit},
        "responses": {"good": {"description": "Good."}},
    }
    document = a_document({"/a": {"get": operation}}, components=components)

    whole = merged(described(document))

    assert whole["paths"]["/math/a"]["get"]["parameters"] == [
        {"$ref": "#/components/parameters/math.limit"}
    ]
    assert whole["paths"]["/math/a"]["get"]["responses"]["200"] == {
        "$ref": "#/components/responses/math.good",
        "description": "Well.",
    }
    assert whole["components"]["parameters"] == {"math.limit": limit}


def test_tags_keep_their_order_and_what_they_say() -> None:
    tags = [{"name": "b", "description": "The second letter."}, {"name": "a"}]
    document = a_document(
        {"/x": {"get": an_operation(tags=["a", "c"]), "put": an_operation()}}, tags=tags
    )

    whole = merged(described(document, description="Adds."))

    assert whole["tags"] == [
        {"description": "The second letter.", "name": "math/b", "x-displayName": "b"},
        {"name": "math/a", "x-displayName": "a"},
        {"description": "Adds.", "name": "math/c", "x-displayName": "c"},
        {"description": "Adds.", "name": "math", "x-displayName": "math"},
    ]
