import json
from collections.abc import AsyncIterator

import httpx
import pytest
from litestar import Litestar
from litestar.di import Provide
from litestar.plugins.problem_details import ProblemDetailsPlugin

from sidecar.kit.problems import PROBLEMS
from sidecar.openapi.actions import Documentation
from sidecar.openapi.describe import describe
from sidecar.openapi.ingest import Ingest
from sidecar.openapi.models import Shown
from sidecar.openapi.pages import Pages
from sidecar.openapi.problems import problems
from sidecar.openapi.routes import DocumentationController
from tests.factories import a_service
from tests.fakes.openapi import MemoryDocumentClient, MemoryServices
from tests.openapi.documents import a_document, an_operation

_OWN = a_document({"/gateway/services": {"get": an_operation()}})


@pytest.fixture
def ingest() -> Ingest:
    return Ingest(MemoryServices(), MemoryDocumentClient())


@pytest.fixture
async def client(ingest: Ingest) -> AsyncIterator[httpx.AsyncClient]:
    documentation, pages = Documentation(ingest, lambda: _OWN), Pages()
    app = Litestar(
        [DocumentationController],
        logging_config=None,
        dependencies={
            "documentation": Provide(lambda: documentation, sync_to_thread=False),
            "pages": Provide(lambda: pages, sync_to_thread=False),
        },
        plugins=[ProblemDetailsPlugin(PROBLEMS)],
    )
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://edge.test") as opened:
        yield opened


def _show(ingest: Ingest, name: str, count: int = 1) -> None:
    routes = [{"path": f"/{number}"} for number in range(count)]
    part = describe(a_service(name, routes=routes), None)
    ingest.shown[name] = Shown(part, "ready")
    ingest.revision += 1


async def test_the_document_has_the_gateway_and_every_service(
    client: httpx.AsyncClient, ingest: Ingest
) -> None:
    _show(ingest, "math")

    response = await client.get("/openapi.json")

    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-cache"
    assert list(response.json()["paths"]) == ["/math/0", "/gateway/services"]


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
async def test_who_has_the_document_is_not_sent_it_again(
    client: httpx.AsyncClient, form: str
) -> None:
    etag = (await client.get("/openapi.json")).headers["etag"]

    response = await client.get("/openapi.json", headers={"If-None-Match": form.format(etag)})

    assert (response.status_code, response.content) == (304, b"")
    assert response.headers["etag"] == etag


async def test_a_change_gives_the_document_another_tag(
    client: httpx.AsyncClient, ingest: Ingest
) -> None:
    etag = (await client.get("/openapi.json")).headers["etag"]
    _show(ingest, "math")

    response = await client.get("/openapi.json", headers={"If-None-Match": etag})

    assert response.status_code == 200
    assert response.headers["etag"] != etag


async def test_what_is_not_shown_is_named_and_why_is_not(
    client: httpx.AsyncClient, ingest: Ingest
) -> None:
    part = describe(a_service("late"), None)
    ingest.shown["late"] = Shown(part, "failed", "http://10.0.0.7/openapi.json can not be reached.")

    description = json.loads((await client.get("/openapi.json")).content)["info"]["description"]

    assert "No description could be read of `late`." in description
    assert "10.0.0.7" not in description


async def test_everything_the_page_names_is_served_from_here(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")
    addresses = [part.split('"')[0] for part in page.text.replace("href=", "src=").split('src="')]

    assert "script-src 'self';" in page.headers["content-security-policy"]
    assert all(address.startswith("/") for address in addresses[1:])
    for address in addresses[1:]:
        response = await client.get(address)
        assert response.status_code == 200
        assert response.headers["x-content-type-options"] == "nosniff"


async def test_files_of_the_page_are_kept_by_browsers(client: httpx.AsyncClient) -> None:
    first = await client.get("/docs/docs.js")
    again = await client.get("/docs/docs.js", headers={"If-None-Match": first.headers["etag"]})

    assert "immutable" in first.headers["cache-control"]
    assert again.status_code == 304


@pytest.mark.parametrize(("count", "expansion"), [(150, "list"), (151, "none")])
async def test_many_operations_begin_folded(
    client: httpx.AsyncClient, ingest: Ingest, count: int, expansion: str
) -> None:
    _show(ingest, "math", count)

    assert f'data-expansion="{expansion}"' in (await client.get("/docs")).text


@pytest.mark.parametrize("name", ["index.html", "swagger-ui.js.map", "..%2Fdocs.html"])
async def test_no_other_file_is_served(client: httpx.AsyncClient, name: str) -> None:
    response = await client.get(f"/docs/{name}")

    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


async def test_the_root_leads_to_the_documentation(client: httpx.AsyncClient) -> None:
    response = await client.get("/")

    assert (response.status_code, response.headers["location"]) == (302, "/docs")


@pytest.mark.parametrize("slug", sorted(problems()))
async def test_every_type_of_problem_has_its_page(client: httpx.AsyncClient, slug: str) -> None:
    response = await client.get(f"/problems/{slug}")

    assert response.status_code == 200
    assert f"/problems/{slug}" in response.text


async def test_a_problem_that_there_is_not_is_itself_one(client: httpx.AsyncClient) -> None:
    response = await client.get("/problems/ghost")

    assert response.status_code == 404
    assert response.json()["type"] == "/problems/page-not-found"
