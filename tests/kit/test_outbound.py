import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from aiohttp import web

from sidecar.kit.outbound import AiohttpOutbound, OutboundError

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
Serve = Callable[[Handler], Awaitable[str]]


@pytest.fixture
async def outbound() -> AsyncIterator[AiohttpOutbound]:
    async with AiohttpOutbound() as opened:
        yield opened


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    async with AsyncExitStack() as stack:

        async def start(handler: Handler) -> str:
            return await stack.enter_async_context(_server(handler))

        yield start


@asynccontextmanager
async def _server(handler: Handler) -> AsyncIterator[str]:
    runner = web.ServerRunner(web.Server(handler, handler_cancellation=True))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    yield f"http://{host}:{port}"
    await runner.cleanup()


async def test_status_headers_and_body_come_back(outbound: AiohttpOutbound, serve: Serve) -> None:
    async def handler(request: web.BaseRequest) -> web.Response:
        return web.Response(
            status=418, headers={"X-Asked": request.headers["X-Ask"]}, body=b"short and stout"
        )

    url = await serve(handler)

    answer = await outbound.get(url, timeout_seconds=2, max_bytes=15, headers={"X-Ask": "tea"})

    assert (answer.status, answer.body) == (418, b"short and stout")
    assert answer.headers["x-asked"] == "tea"


async def test_the_body_is_left_alone_unless_asked_for(
    outbound: AiohttpOutbound, serve: Serve
) -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        endless = web.StreamResponse()
        await endless.prepare(request)
        await asyncio.Event().wait()
        return endless

    url = await serve(handler)

    answer = await outbound.get(url, timeout_seconds=2)

    assert (answer.status, answer.body) == (200, b"")


async def test_a_redirect_is_an_answer(outbound: AiohttpOutbound, serve: Serve) -> None:
    async def handler(_: web.BaseRequest) -> web.Response:
        return web.Response(status=302, headers={"Location": "http://169.254.169.254/"})

    url = await serve(handler)

    answer = await outbound.get(url, timeout_seconds=2)

    assert (answer.status, answer.headers["location"]) == (302, "http://169.254.169.254/")


async def test_a_cookie_is_not_brought_to_the_next_request(
    outbound: AiohttpOutbound, serve: Serve
) -> None:
    async def handler(request: web.BaseRequest) -> web.Response:
        return web.Response(headers={"Set-Cookie": "a=b"}, text=request.headers.get("Cookie", ""))

    url = (await serve(handler)).replace("127.0.0.1", "localhost")

    await outbound.get(url, timeout_seconds=2, max_bytes=10)
    answer = await outbound.get(url, timeout_seconds=2, max_bytes=10)

    assert answer.body == b""


async def test_more_bytes_than_allowed_are_an_error(
    outbound: AiohttpOutbound, serve: Serve
) -> None:
    async def handler(_: web.BaseRequest) -> web.Response:
        return web.Response(body=b"x" * 11)

    url = await serve(handler)

    with pytest.raises(OutboundError, match="more than 10 bytes"):
        await outbound.get(url, timeout_seconds=2, max_bytes=10)


async def test_compressed_bytes_count_as_what_they_unpack_to(
    outbound: AiohttpOutbound, serve: Serve
) -> None:
    async def handler(_: web.BaseRequest) -> web.Response:
        response = web.Response(body=b"x" * 1_000_000)
        response.enable_compression(web.ContentCoding.gzip)
        return response

    url = await serve(handler)

    with pytest.raises(OutboundError, match="more than 100000 bytes"):
        await outbound.get(url, timeout_seconds=2, max_bytes=100_000)


async def test_a_body_that_never_ends_is_bounded_by_time(
    outbound: AiohttpOutbound, serve: Serve
) -> None:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        endless = web.StreamResponse()
        await endless.prepare(request)
        await asyncio.Event().wait()
        return endless

    url = await serve(handler)

    with pytest.raises(OutboundError, match=r"did not answer within 0\.05 s"):
        await outbound.get(url, timeout_seconds=0.05, max_bytes=10)


async def test_nobody_listening_is_said_as_such(outbound: AiohttpOutbound) -> None:
    with pytest.raises(OutboundError, match=r"(?i)can not be reached: .*(refused|connect)"):
        await outbound.get("http://127.0.0.1:1/", timeout_seconds=2)


async def test_what_is_not_http_is_said_as_such(outbound: AiohttpOutbound) -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]

        with pytest.raises(OutboundError, match="gave no answer in HTTP"):
            await outbound.get(f"http://127.0.0.1:{port}/", timeout_seconds=2)


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "0xa9fea9fe",
        "[::ffff:169.254.169.254]",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "0.0.0.0",  # noqa: S104
        "[::]",
        "224.0.0.1",
    ],
)
async def test_a_refused_address_is_not_connected_to(outbound: AiohttpOutbound, host: str) -> None:
    with pytest.raises(OutboundError, match=r"is a cloud|is link-local|is an address|is not the"):
        await outbound.get(f"http://{host}:9/", timeout_seconds=2)


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://127.0.0.1/", "http://[", "nonsense", "http://0/", "http://1.2/"],
)
async def test_what_is_no_http_address_is_an_error(outbound: AiohttpOutbound, url: str) -> None:
    with pytest.raises(OutboundError):
        await outbound.get(url, timeout_seconds=2)
