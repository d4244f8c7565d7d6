from collections.abc import Mapping

import pytest

from sidecar.kit.outbound import Answer
from sidecar.openapi.client import HttpDocumentClient, parse_document
from sidecar.openapi.errors import UnreadableDocumentError
from sidecar.registry.address import document_url, parse_base_url


class MemoryOutbound:
    """Gives one answer to everything and remembers what it was asked."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[tuple[str, float, int]] = []

    async def get(
        self,
        url: str,
        *,
        timeout_seconds: float,
        max_bytes: int = 0,
        headers: Mapping[str, str] | None = None,  # noqa: ARG002 - the port's
    ) -> Answer:
        self.asked.append((url, timeout_seconds, max_bytes))
        return self.answer


async def test_a_document_is_asked_for_once_and_within_bounds() -> None:
    outbound = MemoryOutbound(Answer(200, {}, b"{}"))

    raw = await HttpDocumentClient(outbound).fetch(parse_base_url("http://a.test/v1"), "api.json")

    assert raw == b"{}"
    assert outbound.asked == [("http://a.test/v1/api.json", 5.0, 10 * 1024 * 1024)]


@pytest.mark.parametrize("status", [204, 302, 404, 500])
async def test_any_other_answer_is_no_document(status: int) -> None:
    client = HttpDocumentClient(MemoryOutbound(Answer(status, {}, b"{}")))

    with pytest.raises(UnreadableDocumentError, match=str(status)):
        await client.fetch(parse_base_url("http://a.test"), "openapi.json")


@pytest.mark.parametrize(
    ("openapi_url", "url"),
    [
        ("openapi.json", "http://a.test:8000/v1/openapi.json"),
        ("/openapi.json?x=1", "http://a.test:8000/openapi.json?x=1"),
        ("../up.json", "http://a.test:8000/up.json"),
        ("http://A.test:8000/whole.json", "http://A.test:8000/whole.json"),
    ],
)
def test_the_address_is_read_from_the_base(openapi_url: str, url: str) -> None:
    assert document_url(parse_base_url("http://a.test:8000/v1"), openapi_url) == url


@pytest.mark.parametrize(
    "openapi_url",
    [
        "http://a.test/other-port.json",
        "https://a.test:8000/other-scheme.json",
        "//169.254.169.254/latest",
        "http://user:secret@a.test:8000/",
        "file:///etc/passwd",
        "http://[",
        "http://a.test:99999/",
    ],
)
async def test_no_other_origin_is_asked(openapi_url: str) -> None:
    client = HttpDocumentClient(MemoryOutbound(Answer(200, {}, b"{}")))

    with pytest.raises(UnreadableDocumentError, match="openapi_url"):
        await client.fetch(parse_base_url("http://a.test:8000"), openapi_url)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"<html>", "no JSON"),
        (b"\xff\xfe\xfd", "no JSON"),
        (b'{"a": NaN}', "NaN is no JSON number"),
        (b"[1]", "no JSON object"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_document_is_refused(raw: bytes, reason: str) -> None:
    with pytest.raises(UnreadableDocumentError, match=reason):
        parse_document(raw)


def test_a_byte_order_mark_does_no_harm() -> None:
    assert parse_document(b'\xef\xbb\xbf{"openapi": "3.1.0"}') == {"openapi": "3.1.0"}
