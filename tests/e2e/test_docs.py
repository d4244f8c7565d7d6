"""One document and one page for everything that registers, read through the edge."""

from typing import Any

import httpx
import pytest
from openapi_spec_validator import validate

from tests.harness import Backend, Callers, eventually

DOCUMENT: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Pets", "version": "1"},
    "servers": [{"url": "https://elsewhere.example/api"}],
    "paths": {
        "/pets/{id}": {
            "get": {
                "operationId": "show",
                "parameters": [
                    {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
                ],
                "responses": {
                    "200": {
                        "description": "One pet",
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}
                        },
                    }
                },
            }
        }
    },
    "components": {"schemas": {"Pet": {"type": "object", "nullable": True}}},
}
ROUTES = [
    {
        "path": "/tasks/{id}",
        "methods": ["POST"],
        "summary": "Run a task",
        "request_schema": {"type": "object"},
        "request_example": {"a": 1},
        "response_example": {"done": True},
    }
]


def merged(callers: Callers) -> dict[str, Any]:
    document: dict[str, Any] = callers.get("/openapi.json").json()
    return document


def shows(callers: Callers, path: str) -> str:
    return "" if path in merged(callers)["paths"] else f"{path} is not shown"


def test_every_services_document_is_merged_under_its_prefix(
    callers: Callers, echo: Backend
) -> None:
    callers.registered("pets", echo.url, openapi=DOCUMENT)
    callers.registered("more", echo.url, openapi=DOCUMENT, prefix="/two/more")
    callers.registered("jobs", echo.url, routes=ROUTES)
    for path in ("/pets/pets/{id}", "/two/more/pets/{id}", "/jobs/tasks/{id}"):
        eventually(lambda path=path: shows(callers, path))  # type: ignore[misc]

    document = merged(callers)

    validate(document)
    operation = document["paths"]["/pets/pets/{id}"]["get"]
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert document["openapi"].startswith("3.1")
    assert document["servers"] == [{"url": "/"}]
    assert schema == {"$ref": "#/components/schemas/pets.Pet"}
    assert "elsewhere" not in str(document["paths"])
    assert document["paths"]["/jobs/tasks/{id}"]["post"]["summary"] == "Run a task"


def test_what_the_page_would_send_reaches_the_service(callers: Callers, echo: Backend) -> None:
    callers.registered("jobs", echo.url, routes=ROUTES)
    eventually(lambda: shows(callers, "/jobs/tasks/{id}"))
    document = merged(callers)
    server = document["servers"][0]["url"].rstrip("/")
    body = document["paths"]["/jobs/tasks/{id}"]["post"]["requestBody"]["content"]
    example = body["application/json"]["example"]

    answer = callers.http.post(f"{server}/jobs/tasks/7", json=example)

    assert (answer.status_code, answer.json()["path"]) == (200, "/tasks/7")


def test_a_broken_document_spoils_nobody_elses(callers: Callers, echo: Backend) -> None:
    broken = {"openapi": "3.1.0", "paths": {"/x": 7, "y": {"get": []}}, "components": "none"}
    callers.registered("broken", echo.url, openapi=broken)
    callers.registered("pets", echo.url, openapi=DOCUMENT)
    eventually(lambda: shows(callers, "/pets/pets/{id}"))

    validate(merged(callers))


def test_the_owner_of_a_broken_document_sees_why(callers: Callers, echo: Backend) -> None:
    callers.registered("broken", echo.url, openapi_url="openapi.json")

    def state() -> dict[str, str]:
        shown: dict[str, str] = callers.shown("/gateway/services/broken").json()["documentation"]
        return shown or {}

    eventually(lambda: "" if state().get("state") == "failed" else str(state()))

    assert "OpenAPI" in state()["reason"] or "openapi" in state()["reason"]


def test_a_service_that_leaves_leaves_the_document(callers: Callers, echo: Backend) -> None:
    callers.registered("pets", echo.url, openapi=DOCUMENT)
    eventually(lambda: shows(callers, "/pets/pets/{id}"))

    callers.delete("/gateway/services/pets")

    eventually(lambda: "" if shows(callers, "/pets/pets/{id}") else "still shown")


def test_the_document_is_sent_again_only_when_it_changed(callers: Callers) -> None:
    first = callers.get("/openapi.json")

    again = callers.get("/openapi.json", **{"If-None-Match": first.headers["etag"]})

    assert (again.status_code, again.content) == (304, b"")


def test_the_page_loads_nothing_from_elsewhere(callers: Callers) -> None:
    page = callers.get("/docs")

    policy = page.headers["content-security-policy"]
    assert page.status_code == 200
    assert "script-src 'self'" in policy
    assert "default-src 'none'" in policy
    assert "http://" not in page.text.replace("http://www.w3.org", "")
    assert "https://" not in page.text


def test_the_root_leads_to_the_page(callers: Callers) -> None:
    answer = callers.get("/")

    assert (answer.status_code, answer.headers["location"]) == (302, "/docs")


@pytest.mark.parametrize("path", ["/", "/docs", "/openapi.json"])
def test_a_page_can_be_asked_for_its_headers_alone(callers: Callers, path: str) -> None:
    assert callers.http.head(path, follow_redirects=True).status_code == 200


def test_each_problem_type_has_a_page(callers: Callers) -> None:
    refused: httpx.Response = callers.http.post("/gateway/register")

    page = callers.get(refused.json()["type"])

    assert page.status_code == 200
    assert refused.json()["title"] in page.text
