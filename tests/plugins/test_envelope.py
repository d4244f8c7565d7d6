"""`envelope` through a real Traefik: what a caller and a service see."""

import contextlib
import gzip
import http.client
import json
import socket as sockets
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect
from websockets.sync.server import ServerConnection, serve

from tests.plugins.rig import Rig, plugin

Answer = Any  # Bytes, or what speaks with a Speaker.

NOBODY_WAITS_LONGER = 10.0
WRAPPED = b'{"code":0,"message":"ok","data":%s}'


class Speaker(BaseHTTPRequestHandler):
    """Says what the test told its service to say, byte for byte."""

    protocol_version = "HTTP/1.1"
    server: "SpeakerServer"

    def do_GET(self) -> None:
        service = self.server.service
        service.asked.append({name.lower(): value for name, value in self.headers.items()})
        said = service.answer
        if callable(said):
            said(self)
        else:
            self.wfile.write(said)

    do_HEAD = do_PUT = do_GET  # noqa: N815 - http.server's names

    def log_message(self, *_: object) -> None: ...


class SpeakerServer(ThreadingHTTPServer):
    daemon_threads = True
    service: "Service"

    def handle_error(self, *_: object) -> None: ...


@dataclass
class Service:
    """A service, what it will say, and the headers of what it was asked."""

    url: str
    answer: Answer = b""
    asked: list[dict[str, str]] = field(default_factory=list)


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """Serve what each test sets."""
    server = SpeakerServer(("127.0.0.1", 0), Speaker)
    server.service = Service(f"http://127.0.0.1:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server.service
    server.shutdown()
    server.server_close()


SHAPES: dict[str, dict[str, Any]] = {
    "wrapped": {},
    "small": {"maxBodyBytes": 100_000},
    "named": {"fields": {"code": "status", "data": "kết quả"}, "successMessage": "thành công"},
    "kept": {"errors": "keep"},
    "as200": {"errors": "status200"},
    "code-number": {"successCode": 200},
    "code-fraction": {"successCode": "1.5"},
    "code-quoted": {"successCode": '"200"'},
    "code-text": {"successCode": "ok"},
    "code-digits": {"successCode": "00"},
    "code-boolean": {"successCode": True},
}
BAD_SHAPES: dict[str, dict[str, Any]] = {
    "fields: code": {"fields": {"code": ""}},
    "fields: code, message and data need different": {"fields": {"data": "code"}},
    "successCode: [1]": {"successCode": [1]},
    "successCode: map[a:1]": {"successCode": {"a": 1}},
    "errors": {"errors": "hide"},
    "maxBodyBytes: 0": {"maxBodyBytes": 0},
    "maxBodyBytes: -1": {"maxBodyBytes": -1},
    "maxBodyBytes: 1099511627776": {"maxBodyBytes": 1 << 40},
    "MaxBodyBytes": {"maxBodyBytes": "much"},
}


@pytest.fixture(scope="module")
def _routed(rig: Rig, service: Service, web_socket: str) -> None:
    """Put every shape before the service, under its name."""
    shapes = {**SHAPES, **{f"bad-{at}": bad for at, bad in enumerate(BAD_SHAPES.values())}}
    routers = {name: _router(name, [name]) for name in shapes}
    routers["packed"] = _router("packed", ["pack", "wrapped"])
    routers["socket"] = {**_router("socket", ["wrapped"]), "service": "socket"}
    services = {"it": service.url, "socket": web_socket}
    http: dict[str, Any] = {
        "routers": routers,
        "middlewares": {
            "pack": {"compress": {}},
            **{name: plugin("envelope", **settings) for name, settings in shapes.items()},
        },
        "services": {
            name: {"loadBalancer": {"servers": [{"url": url}]}} for name, url in services.items()
        },
    }
    rig.apply({"http": http})


def _router(prefix: str, middlewares: list[str]) -> dict[str, Any]:
    rule = f"PathPrefix(`/{prefix}`)"
    return {"rule": rule, "entryPoints": ["edge"], "service": "it", "middlewares": middlewares}


@pytest.fixture(scope="module")
def web_socket() -> Iterator[str]:
    """Serve a WebSocket that says what it hears."""

    def echo(heard: ServerConnection) -> None:
        for message in heard:
            heard.send(message)

    with serve(echo, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.socket.getsockname()[1]}"
        server.shutdown()


def says(
    body: bytes, *header: str, status: str = "200 OK", kind: str = "application/json"
) -> bytes:
    """Write an answer with a known length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *header]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def says_in_chunks(*pieces: bytes, kind: str = "application/json") -> bytes:
    """Write an answer without one."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head.encode() + b"".join(
        b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (*pieces, b"")
    )


@pytest.mark.usefixtures("_routed")
@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON;charset=UTF-8",
        "application/vnd.api+json",
    ],
)
@pytest.mark.parametrize("status", ["200 OK", "201 Created", "226 IM Used"])
@pytest.mark.parametrize(
    "body",
    [
        b'{"b": 1.50, "a": 12345678901234567890}',
        '"Việt <&>"'.encode(),
        b"null",
        b'{"code":1,"data":2}',
    ],
)
def test_a_document_is_wrapped_byte_for_byte(
    caller: httpx.Client, service: Service, kind: str, status: str, body: bytes
) -> None:
    for said in (
        says(body, status=status, kind=kind),
        says_in_chunks(body[:2], body[2:], kind=kind),
    ):
        service.answer = said

        answer = caller.get("/wrapped")

        assert answer.content == WRAPPED % body
        assert answer.headers["content-length"] == str(len(answer.content))
        assert answer.headers["content-type"].lower().startswith("application/json")


@pytest.mark.usefixtures("_routed")
def test_an_empty_document_is_no_data(caller: httpx.Client, service: Service) -> None:
    service.answer = says(b"")

    assert caller.get("/wrapped").json() == {"code": 0, "message": "ok", "data": None}


@pytest.mark.usefixtures("_routed")
@pytest.mark.parametrize("size", [31_000, 100_000, 900_000])
def test_a_long_document_is_wrapped(caller: httpx.Client, service: Service, size: int) -> None:
    body = b'"' + b"x" * size + b'"'
    for said in (says(body), says_in_chunks(body[:1000], body[1000:])):
        service.answer = said

        answer = caller.get("/wrapped")

        assert answer.content == WRAPPED % body
        assert answer.headers["content-length"] == str(len(answer.content))


@pytest.mark.usefixtures("_routed")
def test_names_and_messages_are_settings(caller: httpx.Client, service: Service) -> None:
    service.answer = says(b"1")

    assert caller.get("/named").json() == {"status": 0, "message": "thành công", "kết quả": 1}


@pytest.mark.usefixtures("_routed")
@pytest.mark.parametrize(
    ("shape", "written"),
    [
        ("code-number", "200"),
        ("code-fraction", "1.5"),
        ("code-quoted", '"200"'),
        ("code-text", '"ok"'),
        ("code-digits", '"00"'),
        ("code-boolean", "true"),
    ],
)
def test_a_success_code_is_what_its_text_says_as_json(
    caller: httpx.Client, service: Service, shape: str, written: str
) -> None:
    service.answer = says(b"1")

    assert caller.get(f"/{shape}").text == f'{{"code":{written},"message":"ok","data":1}}'


@pytest.mark.usefixtures("_routed")
@pytest.mark.parametrize(
    "said",
    [
        says(b"<p>", kind="text/html"),
        says(b"{}\n{}", kind="application/x-ndjson"),
        says(b'{"a":', kind="application/json"),
        says(b'1,"x":2'),
        says(b"\xef\xbb\xbf{}"),
        says(b"12", "Content-Range: bytes 0-1/10", status="206 Partial Content"),
        says(b"{}", "Location: /x", status="302 Found"),
        says(gzip.compress(b"{}"), "Content-Encoding: gzip"),
        says(b"Bad Gateway", status="502 Bad Gateway", kind="text/plain"),
        says_in_chunks(b'{"a"', b":"),
        says(b"x" * 10_000_000, kind="application/octet-stream"),
        says_in_chunks(b"x" * 5_000_000, b"y" * 5_000_000, kind="application/octet-stream"),
    ],
    ids=lambda said: said[:60].decode(errors="replace"),
)
def test_what_is_no_document_is_left_as_it_is(
    caller: httpx.Client, service: Service, said: bytes
) -> None:
    service.answer = said

    with caller.stream("GET", "/wrapped", headers={"Accept-Encoding": "identity"}) as answer:
        body = b"".join(answer.iter_raw())

    head, _, sent = said.partition(b"\r\n\r\n")
    if b"chunked" in head:
        sent = b"".join(sent.split(b"\r\n")[1:-3:2])
    else:
        assert answer.headers["content-length"] == str(len(sent))
    assert body == sent
    assert head.startswith(f"HTTP/1.1 {answer.status_code} ".encode())


@pytest.mark.usefixtures("_routed")
def test_a_body_over_the_limit_is_intact(caller: httpx.Client, service: Service) -> None:
    body = json.dumps(list(range(100_000))).encode()
    for said in (
        says(body),
        says_in_chunks(*(body[at : at + 7000] for at in range(0, len(body), 7000))),
    ):
        service.answer = said

        answer = caller.get("/small")

        assert len(body) > 100_000
        assert answer.content == body


@pytest.mark.usefixtures("_routed")
@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"type": "/x", "title": "No", "detail": "'x' is not here."}, "'x' is not here."),
        ({"title": "No"}, "No"),
        ({"detail": "Not Found"}, "Not Found"),
        (
            {
                "detail": [
                    {"loc": ["body", "items", 0], "msg": "field required"},
                    {"loc": ["query", "q"], "msg": "bad"},
                ]
            },
            "body.items.0: field required; query.q: bad",
        ),
        ({"message": 'a "b"\n'}, 'a "b"\n'),
        ({"error": {"message": "no"}}, "no"),
        ("no", "no"),
        (["a", "b"], "a; b"),
        ({"a": 1}, "Not Found"),
        (5, "Not Found"),
    ],
)
def test_an_error_is_wrapped_and_says_what_the_service_said(
    caller: httpx.Client, service: Service, body: Any, message: str
) -> None:
    service.answer = says(
        json.dumps(body).encode(), status="404 Not Found", kind="application/problem+json"
    )

    wrapped, as200, kept = (caller.get(path) for path in ("/wrapped", "/as200", "/kept"))

    envelope = {"code": 404, "message": message, "data": body}
    assert (wrapped.status_code, wrapped.json()) == (404, envelope)
    assert wrapped.headers["content-type"] == "application/json"
    assert wrapped.headers["content-length"] == str(len(wrapped.content))
    assert (as200.status_code, as200.json()) == (200, envelope)
    assert as200.headers["cache-control"] == "no-store"
    assert (kept.status_code, kept.json()) == (404, body)
    assert kept.headers["content-type"] == "application/problem+json"


@pytest.mark.usefixtures("_routed")
def test_no_content_stays_no_content(caller: httpx.Client, service: Service) -> None:
    service.answer = (
        b'HTTP/1.1 204 No Content\r\nContent-Type: application/json\r\nETag: "a"\r\n\r\n'
    )

    answer = caller.get("/wrapped")

    assert (answer.status_code, answer.content, answer.headers["etag"]) == (204, b"", '"a"')


@pytest.mark.usefixtures("_routed")
def test_head_has_no_length_of_another_body(caller: httpx.Client, service: Service) -> None:
    service.answer = says(b"", 'ETag: "a"').replace(b"Length: 0", b"Length: 500")
    of_json = caller.head("/wrapped")
    service.answer = says(b"", kind="text/html").replace(b"Length: 0", b"Length: 500")
    of_html = caller.head("/wrapped")

    assert of_json.status_code == 200
    assert "content-length" not in of_json.headers
    assert of_json.headers["etag"].startswith('"a-gh')
    assert of_html.headers["content-length"] == "500"


def _knows_its_tag(asked: Speaker) -> None:
    """Answer 304 and 412 as a service does that compares texts."""
    tag = '"v1"'
    if asked.headers.get("If-None-Match") == tag:
        asked.wfile.write(f"HTTP/1.1 304 Not Modified\r\nETag: {tag}\r\n\r\n".encode())
    elif asked.headers.get("If-Match", tag) != tag:
        asked.wfile.write(says(b"{}", status="412 Precondition Failed"))
    else:
        asked.wfile.write(says(b"{}", f"ETag: {tag}", "Accept-Ranges: bytes", "Digest: x"))


@pytest.mark.usefixtures("_routed")
def test_a_condition_reaches_the_service_with_the_tag_that_it_knows(
    caller: httpx.Client, service: Service
) -> None:
    service.answer = _knows_its_tag
    first = caller.get("/wrapped")
    tag = first.headers["etag"]

    again = caller.get("/wrapped", headers={"If-None-Match": tag})
    several = caller.get("/wrapped", headers={"If-None-Match": '"v1"'})
    written = caller.put("/wrapped", headers={"If-Match": tag})
    refused = caller.put("/wrapped", headers={"If-Match": '"v0"'})

    assert tag not in {'"v1"', 'W/"v1"'}
    assert {"accept-ranges", "digest"}.isdisjoint(first.headers)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert several.status_code == 304
    assert (written.status_code, refused.status_code) == (200, 412)


@pytest.mark.usefixtures("_routed")
@pytest.mark.parametrize("kind", ["text/event-stream", "application/x-ndjson"])
def test_each_event_arrives_before_the_next_is_sent(
    caller: httpx.Client, service: Service, kind: str
) -> None:
    arrived = threading.Semaphore(0)

    def stream(asked: Speaker) -> None:
        asked.wfile.write(says_in_chunks(kind=kind).removesuffix(b"0\r\n\r\n"))
        for number in range(3):
            if not arrived.acquire(timeout=NOBODY_WAITS_LONGER):
                return
            asked.wfile.write(b"9\r\ndata: %d\n\n\r\n" % number)
        asked.wfile.write(b"0\r\n\r\n")

    service.answer = stream
    with caller.stream("GET", "/wrapped") as answer:
        arrived.release()  # The header is here before any event.
        for number, event in enumerate(answer.iter_raw()):
            assert event == b"data: %d\n\n" % number
            arrived.release()


@pytest.mark.usefixtures("_routed")
def test_compress_packs_the_envelope_and_the_service_is_asked_for_plain(
    caller: httpx.Client, service: Service
) -> None:
    body = b'"' + b"x" * 5000 + b'"'
    for said in (says(body), says_in_chunks(body)):
        service.answer = said
        service.asked.clear()

        for encoding in ("gzip", "br", "zstd"):
            with caller.stream("GET", "/packed", headers={"Accept-Encoding": encoding}) as answer:
                packed = b"".join(answer.iter_raw())

            assert answer.headers["content-encoding"] == encoding
            assert len(packed) < 500
            assert encoding != "gzip" or gzip.decompress(packed) == WRAPPED % body
        assert {asked["accept-encoding"] for asked in service.asked} == {"identity"}


@pytest.mark.usefixtures("_routed")
def test_lengths_are_right_on_one_connection(rig: Rig, service: Service) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", rig.edge_port, timeout=10)
    bodies = [b"1", b'"' + b"x" * 5000 + b'"', b"[]", b'{"a":', b'"' + b"y" * 200_000 + b'"']
    with contextlib.closing(connection):
        for body in bodies * 3:
            service.answer = says(body)
            connection.request("GET", "/small")
            answer = connection.getresponse()
            whole = body.endswith(b":") or len(body) > 100_000

            assert answer.read() == (body if whole else WRAPPED % body)
            assert not answer.will_close


@pytest.mark.usefixtures("_routed")
@pytest.mark.parametrize(
    "head", [says(b"").replace(b"Length: 0", b"Length: 50"), says_in_chunks()[:-5]]
)
def test_half_a_document_is_never_an_answer(
    caller: httpx.Client, service: Service, head: bytes
) -> None:
    def die(asked: Speaker) -> None:
        asked.wfile.write(head + (b'7\r\n{"a": 1\r\n' if b"chunked" in head else b'{"a": 1'))
        asked.close_connection = True
        asked.connection.shutdown(sockets.SHUT_RDWR)

    service.answer = die

    with (
        contextlib.suppress(httpx.RemoteProtocolError),
        caller.stream("GET", "/wrapped") as answer,
    ):
        assert answer.status_code >= 500


@pytest.mark.usefixtures("_routed")
def test_a_web_socket_passes(rig: Rig) -> None:
    with connect(f"ws://127.0.0.1:{rig.edge_port}/socket", proxy=None) as socket:
        socket.send("hello")

        assert socket.recv(timeout=NOBODY_WAITS_LONGER) == "hello"


@pytest.mark.usefixtures("_routed")
@pytest.mark.parametrize(("place", "named"), list(enumerate(BAD_SHAPES)), ids=list(BAD_SHAPES))
def test_a_bad_setting_disables_the_route_and_is_named(rig: Rig, place: int, named: str) -> None:
    said = rig.router(f"bad-{place}")

    assert said["status"] == "disabled"
    assert named in said["error"][0]
