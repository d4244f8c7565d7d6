import json

from sidecar.openapi.describe import describe_gateway
from sidecar.openapi.merge import merge
from tests.openapi.documents import (
    INFO,
    a_document,
    an_operation,
    answering,
    described,
    merged,
)

_THING = {
    "schemas": {"Thing": {"type": "object"}},
    "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
}


def test_two_services_with_the_same_names_everywhere_stay_apart() -> None:
    operation = {
        **answering({"$ref": "#/components/schemas/Thing"}),
        "operationId": "list",
        "tags": ["things"],
        "security": [{"key": []}],
    }
    document = a_document({"/": {"get": operation}}, components=_THING)

    whole = merged(described(document, name="one"), described(document, name="two"))

    assert list(whole["paths"]) == ["/one/", "/two/"]
    assert list(whole["components"]["schemas"]) == ["one.Thing", "two.Thing"]
    assert list(whole["components"]["securitySchemes"]) == ["one.key", "two.key"]
    one, two = (item["get"] for item in whole["paths"].values())
    assert (one["operationId"], one["tags"], one["security"]) == (
        "one.list",
        ["one/things"],
        [{"one.key": []}],
    )
    assert (two["operationId"], two["tags"], two["security"]) == (
        "two.list",
        ["two/things"],
        [{"two.key": []}],
    )
    assert whole["x-tagGroups"] == [
        {"name": "one", "tags": ["one/things"]},
        {"name": "two", "tags": ["two/things"]},
    ]


def test_the_only_server_is_the_edge() -> None:
    elsewhere = [{"url": "https://internal.test/api"}]
    operation = an_operation(servers=elsewhere)
    document = a_document({"/add": {"servers": elsewhere, "get": operation}}, servers=elsewhere)

    whole = merged(described(document))

    assert whole["servers"] == [{"url": "/"}]
    assert whole["paths"]["/math/add"].keys() == {"get"}
    assert "servers" not in whole["paths"]["/math/add"]["get"]


def test_the_same_parts_give_the_same_bytes_in_any_order() -> None:
    parts = [described(a_document({"/x": {"get": an_operation()}}), name=name) for name in "abc"]

    assert merge(parts, info=INFO) == merge(reversed(parts), info=INFO)


def test_nothing_registered_is_a_valid_document() -> None:
    assert merged()["paths"] == {}


def test_the_gateway_comes_last_with_its_paths_as_they_are() -> None:
    own = a_document({"/gateway/services": {"get": an_operation(operationId="list")}})

    whole = merged(describe_gateway(own), described(a_document({"/x": {"get": an_operation()}})))

    assert list(whole["paths"]) == ["/math/x", "/gateway/services"]
    assert whole["paths"]["/gateway/services"]["get"]["operationId"] == "gateway.list"


def test_where_prefixes_nest_a_path_is_the_longer_ones() -> None:
    outer = described(a_document({"/b/c/{id}": {"get": an_operation()}}), name="outer", prefix="/a")
    inner = described(a_document({"/c/{x}": {"get": an_operation()}}), name="inner", prefix="/a/b")

    result = merge([outer, inner], info=INFO)

    assert list(json.loads(result.body)["paths"]) == ["/a/b/c/{x}"]
    assert [finding.pointer for finding in result.shadowed] == ["/paths/~1a~1b~1c~1{id}"]


def test_equal_paths_of_two_hosts_are_both_shown() -> None:
    document = a_document({"/users": {"get": an_operation()}})
    one = described(document, name="one", host="one.test")
    two = described(document, name="two", host="two.test")

    whole = merged(one, two)

    assert {path: item["servers"] for path, item in whole["paths"].items()} == {
        "/users": [{"url": "//one.test"}],
        "/users#two": [{"url": "//two.test"}],
    }


def test_webhooks_are_kept_under_the_services_name() -> None:
    document = a_document(webhooks={"paid": {"post": an_operation()}})

    assert list(merged(described(document))["webhooks"]) == ["math.paid"]
