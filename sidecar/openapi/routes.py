"""`/openapi.json`, `/docs` and `/problems`: what anybody may read."""

from typing import Annotated

from litestar import Controller, Request, Response, route
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.enums import HttpMethod
from litestar.params import PathParameter
from litestar.response import Redirect

from sidecar.openapi.actions import Documentation
from sidecar.openapi.pages import Pages

AnyRequest = Request[None, None, State]
AssetName = Annotated[str, PathParameter()]
Slug = Annotated[str, PathParameter()]

# Swagger UI sets style attributes. Everything else is a file of ours; nothing is from elsewhere.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_READ = (HttpMethod.GET, HttpMethod.HEAD)
_FRESH = "no-cache"
_FOREVER = "public, max-age=31536000, immutable"


class DocumentationController(Controller):
    """Pages for people and one document for programs; neither needs a key."""

    include_in_schema = False
    response_headers = _HEADERS

    @route("/", http_method=_READ)
    async def home(self) -> Redirect:
        return Redirect("/docs")

    @route("/openapi.json", http_method=_READ)
    async def document(
        self, request: AnyRequest, documentation: NamedDependency[Documentation]
    ) -> Response[bytes]:
        published = await documentation.published()
        return _conditional(request, published.body, "application/json", published.etag, _FRESH)

    @route("/docs", http_method=_READ, media_type="text/html")
    async def docs(
        self, documentation: NamedDependency[Documentation], pages: NamedDependency[Pages]
    ) -> Response[str]:
        page = pages.docs(documentation.operations)
        return Response(page, headers={"Cache-Control": _FRESH})

    @route("/docs/{name:str}", http_method=_READ)
    async def asset(
        self, request: AnyRequest, name: AssetName, pages: NamedDependency[Pages]
    ) -> Response[bytes]:
        asset = pages.asset(name)
        return _conditional(request, asset.body, asset.media_type, f'"{asset.etag}"', _FOREVER)

    @route("/problems/{slug:str}", http_method=_READ, media_type="text/html")
    async def problem(self, slug: Slug, pages: NamedDependency[Pages]) -> str:
        return pages.problem(slug)


def _conditional(
    request: AnyRequest, body: bytes, media_type: str, etag: str, cached: str
) -> Response[bytes]:
    """Answer 304 without a body where the caller has it already (RFC 9110 section 13.1.2)."""
    wanted = request.headers.get("if-none-match", "")
    held = {tag.strip().removeprefix("W/") for tag in wanted.split(",")}
    headers = {"ETag": etag, "Cache-Control": cached}
    if held & {etag, "*"}:
        return Response(b"", status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)
