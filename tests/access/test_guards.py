from collections.abc import Iterator

import pytest
from litestar import Litestar, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody
from litestar.plugins.problem_details import ProblemDetailsPlugin
from litestar.testing import TestClient

from sidecar.access.guards import provide_caller, requires
from sidecar.access.models import ADMIN_SCOPES, JOIN_SCOPES, Caller, Scope
from sidecar.access.store import FileKeyStore
from sidecar.kit.problems import PROBLEMS


@get("/either", guards=[requires(Scope.SERVICES_READ, Scope.SERVICES_REGISTER)])
async def either(caller: NamedDependency[Caller]) -> dict[str, str]:
    return {"caller": caller.key_id}


@post("/read", guards=[requires(Scope.SERVICES_READ)])
async def read(data: JSONBody[dict[str, int]]) -> dict[str, int]:
    return data


@pytest.fixture
def client() -> Iterator[TestClient[Litestar]]:
    app = Litestar(
        [either, read],
        logging_config=None,
        state=State({"key_store": FileKeyStore([("boss", ADMIN_SCOPES), ("ours", JOIN_SCOPES)])}),
        dependencies={"caller": Provide(provide_caller, sync_to_thread=False)},
        plugins=[ProblemDetailsPlugin(PROBLEMS)],
        openapi_config=None,
    )
    with TestClient(app) as made:
        yield made


@pytest.mark.parametrize(
    ("header", "caller"),
    [("Bearer boss", "admin"), ("Bearer ours", "join"), ("bearer  ours ", "join")],
)
def test_a_known_key_lets_its_caller_in(
    client: TestClient[Litestar], header: str, caller: str
) -> None:
    answer = client.get("/either", headers={"Authorization": header})

    assert (answer.status_code, answer.json()) == (200, {"caller": caller})


@pytest.mark.parametrize(
    ("header", "detail"),
    [
        ("Bearer", "This needs a key."),
        ("Bearer  ", "This needs a key."),
        ("Basic boss", "This needs a key."),
        ("boss", "This needs a key."),
        ("Bearer boss2", "The gateway does not know this key."),
        ("Bearer ours,boss", "The gateway does not know this key."),
    ],
)
def test_no_key_or_an_unknown_one_is_401(
    client: TestClient[Litestar], header: str, detail: str
) -> None:
    answer = client.get("/either", headers={"Authorization": header})

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="gatehouse"'
    assert answer.json()["detail"].startswith(detail)
    assert "boss2" not in answer.text


def test_a_key_in_the_query_is_none(client: TestClient[Litestar]) -> None:
    assert client.get("/either?token=boss&Authorization=Bearer%20boss").status_code == 401


def test_a_missing_scope_is_403_and_named(client: TestClient[Litestar]) -> None:
    answer = client.post("/read", json={}, headers={"Authorization": "Bearer ours"})

    assert answer.status_code == 403
    assert answer.json()["detail"] == "The key 'join' lacks the scope 'services:read'."


def test_the_key_is_looked_at_before_the_body(client: TestClient[Litestar]) -> None:
    statuses = [
        client.post("/read", content=b"{", headers=headers).status_code
        for headers in ({}, {"Authorization": "Bearer ours"}, {"Authorization": "Bearer boss"})
    ]

    assert statuses == [401, 403, 400]
