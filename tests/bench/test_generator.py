import pytest

from bench.generator import all_requests, answer_bytes

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"


def test_an_answer_is_as_long_as_its_head_and_its_body() -> None:
    assert answer_bytes(HEAD + b"hello") == len(HEAD) + 5


def test_what_follows_an_answer_is_not_part_of_it() -> None:
    assert answer_bytes(HEAD + b"helloHTTP/1.1 200 OK") == len(HEAD) + 5


def test_a_head_that_is_not_whole_has_no_length_yet() -> None:
    assert answer_bytes(b"HTTP/1.1 200 OK\r\ncontent-le") is None


def test_an_answer_of_unknown_length_is_refused() -> None:
    with pytest.raises(ValueError, match="Content-Length"):
        answer_bytes(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")


def test_a_request_names_its_host_and_ends() -> None:
    (request,) = all_requests(8080, "/hello", [])

    assert request == b"GET /hello HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n"


def test_there_is_a_request_for_each_key() -> None:
    first, second = all_requests(8080, "/hello", ["Bearer one", "Bearer two"])

    assert first.endswith(b"\r\nAuthorization: Bearer one\r\n\r\n")
    assert second.endswith(b"\r\nAuthorization: Bearer two\r\n\r\n")
