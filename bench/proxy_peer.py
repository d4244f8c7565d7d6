"""The peer: a gateway as one writes it with FastAPI and httpx, with care."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import uvicorn
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import StreamingResponse
from starlette.background import BackgroundTask

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_LIMITS = httpx.Limits(max_connections=200, max_keepalive_connections=200)
# RFC 9110 section 7.6.1: what belongs to one connection is not passed on.
_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


def create_app(routes: dict[str, str]) -> FastAPI:
    """Make a proxy that passes `/<name>/<path>` on to `<routes[name]>/<path>`."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with httpx.AsyncClient(limits=_LIMITS, timeout=30, trust_env=False) as client:
            app.state.client = client
            yield

    app = FastAPI(lifespan=lifespan, openapi_url=None)

    @app.api_route("/{name}/{path:path}", methods=_METHODS)
    async def forward(name: str, path: str, request: Request) -> StreamingResponse:
        base_url = routes.get(name)
        if base_url is None:
            raise HTTPException(404)
        url = httpx.URL(f"{base_url}/{path}", query=request.url.query.encode())
        return await _forward(request.app.state.client, request, url)

    return app


async def _forward(
    client: httpx.AsyncClient, request: Request, url: httpx.URL
) -> StreamingResponse:
    has_body = "content-length" in request.headers or "transfer-encoding" in request.headers
    outgoing = client.build_request(
        request.method,
        url,
        headers=[item for item in request.headers.raw if _passes(item[0]) and item[0] != b"host"],
        content=request.stream() if has_body else None,
    )
    answer = await client.send(outgoing, stream=True)
    response = StreamingResponse(
        answer.aiter_raw(), answer.status_code, background=BackgroundTask(answer.aclose)
    )
    response.raw_headers = [(k.lower(), v) for k, v in answer.headers.raw if _passes(k)]
    return response


def _passes(name: bytes) -> bool:
    return name.decode("latin-1").lower() not in _HOP_BY_HOP


def main() -> None:
    port, name, upstream = sys.argv[1:]
    uvicorn.run(
        create_app({name: upstream}),
        port=int(port),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
