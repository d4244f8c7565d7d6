import socket
import threading

import pytest
from gatehouse.doorstep import SocketDoorstep, find_doorstep

from tests.fakes.gateway import FakeGateway


def at(port: int) -> SocketDoorstep:
    return SocketDoorstep((("127.0.0.1", port),))


def test_a_server_accepts_and_answers_also_with_an_error() -> None:
    with FakeGateway() as server:
        doorstep = at(server.port)

        assert doorstep.accepts(timeout_seconds=5)
        assert doorstep.answers(timeout_seconds=5)


def test_a_socket_that_nobody_serves_accepts_but_does_not_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unserved:
        doorstep = at(unserved.getsockname()[1])

        assert doorstep.accepts(timeout_seconds=5)
        assert not doorstep.answers(timeout_seconds=0.05)


def test_a_closed_port_does_neither() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        doorstep = at(closed.getsockname()[1])

        assert not doorstep.accepts(timeout_seconds=5)
        assert not doorstep.answers(timeout_seconds=5)


def test_a_server_that_hangs_up_without_a_word_does_not_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1024)

        thread = threading.Thread(target=hang_up)
        thread.start()

        assert not at(server.getsockname()[1]).answers(timeout_seconds=5)
        thread.join(5)


@pytest.mark.parametrize(
    ("base_url", "port", "addresses"),
    [
        ("http://127.0.0.1:8000", 8000, [("127.0.0.1", 8000)]),
        ("http://math:8080", 8000, [("127.0.0.1", 8000)]),
        ("http://math:8080", None, [("127.0.0.1", 8080), ("math", 8080)]),
        ("http://127.0.0.1:8080/api", None, [("127.0.0.1", 8080)]),
        ("http://math", None, [("127.0.0.1", 80), ("math", 80)]),
        ("https://math", None, [("127.0.0.1", 443), ("math", 443)]),
    ],
)
def test_the_own_port_is_where_to_knock_or_else_the_url_names_it(
    base_url: str, port: int | None, addresses: list[tuple[str, int]]
) -> None:
    assert list(find_doorstep(base_url, port).addresses) == addresses
