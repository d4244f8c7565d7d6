from collections.abc import Iterator
from datetime import timedelta

import pytest
from litestar import Litestar, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody
from litestar.plugins.problem_details import ProblemDetailsPlugin
from litestar.testing import TestClient

from sidecar.access.guards import provide_caller, requires
from sidecar.access.keyring import Keyring
from sidecar.access.models import ADMIN_SCOPES, JOIN_SCOPES, Caller, Scope, make_token, token_hash
from sidecar.kit.problems import PROBLEMS
from tests.access.conftest import Access, a_key
from tests.factories import NOW

OLD, ENDED, REVOKED = (make_token() for _ in range(3))


@get("/either", guards=[requires(Scope.SERVICES_READ, Scope.SERVICES_REGISTER)])
async def either(caller: NamedDependency[Caller]) -> dict[str, str]:
    return {"caller": caller.key_id}


@post("/read", guards=[requires(Scope.SERVICES_READ)])
async def read(data: JSONBody[dict[str, int]]) -> dict[str, int]:
    return data


@pytest.fixture
def keyring(starting: Access) -> Keyring:
    starting.keyring.seed(
        [
            a_key("admin", "boss", scopes=ADMIN_SCOPES),
            a_key(
                "join",
                "ours",
                scopes=JOIN_SCOPES,
                previous_hash=token_hash(OLD),
                overlap_ends_at=NOW + timedelta(seconds=60),
            ),
            a_key("ended", ENDED, expires_at=NOW + timedelta(seconds=60)),
            a_key("revoked", REVOKED, revoked_at=NOW),
        ]
    )
    starting.keyring.loaded.set()
    return starting.keyring


@pytest.fixture
def client(keyring: Keyring) -> Iterator[TestClient[Litestar]]:
    app = Litestar(
        [either, read],
        logging_config=None,
        state=State({"keyring": keyring}),
        dependencies={"caller": Provide(provide_caller, sync_to_thread=False)},
        plugins=[ProblemDetailsPlugin(PROBLEMS)],
        openapi_config=None,
    )
    with TestClient(app) as made:
        yield made


@pytest.mark.parametrize(
    ("header", "caller"),
    [
        ("Bearer boss", "admin"),
        ("Bearer ours", "join"),
        ("bearer  ours ", "join"),
        (f"Bearer {OLD}", "join"),
    ],
)
def test_a_known_key_lets_its_caller_in(
    client: TestClient[Litestar], header: str, caller: str
) -> None:
    answer = client.get("/either", headers={"Authorization": header})

    assert (answer.status_code, answer.json()) == (200, {"caller": caller})


@pytest.mark.parametrize(
    ("header", "detail"),
    [
        (b"Bearer", "This needs a key."),
        (b"Bearer  ", "This needs a key."),
        (b"Basic boss", "This needs a key."),
        (b"boss", "This needs a key."),
        (b"Bearer boss2", "The gateway does not know this key."),
        (b"Bearer ours,boss", "The gateway does not know this key."),
        (b"Bearer " + b"a" * 8192, "The gateway does not know this key."),
        (b"Bearer \xff\xfe\x01\x00gate_", "The gateway does not know this key."),
        ("Bearer khóa".encode(), "The gateway does not know this key."),
        (b"Bearer " + REVOKED.encode(), "The key 'revoked' was revoked."),
    ],
)
def test_no_key_or_an_unknown_one_is_401(
    client: TestClient[Litestar], header: bytes, detail: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = client.get("/either", headers={b"Authorization": header})

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="gatehouse"'
    assert answer.json()["detail"].startswith(detail)
    for said in ("boss2", "aaaaaa", REVOKED[-20:], token_hash(REVOKED)):
        assert said not in answer.text + caplog.text


def test_before_the_keys_are_read_an_unknown_one_is_told_to_wait(
    client: TestClient[Litestar], keyring: Keyring
) -> None:
    keyring.loaded.clear()

    answers = [
        client.get("/either", headers={"Authorization": f"Bearer {token}"})
        for token in ("boss2", "boss")
    ]

    assert [answer.status_code for answer in answers] == [503, 200]
    assert answers[0].json()["type"] == "/problems/keys-not-ready"
    assert answers[0].headers["retry-after"] == "2"


def test_a_key_and_an_overlap_end_when_they_should(
    client: TestClient[Litestar], starting: Access
) -> None:
    starting.clock.advance(60)

    answers = [
        client.get("/either", headers={"Authorization": f"Bearer {token}"})
        for token in (OLD, ENDED, "ours")
    ]

    assert [answer.status_code for answer in answers] == [401, 401, 200]
    assert "The key 'join' has a new secret" in answers[0].text
    assert "The key 'ended' has expired" in answers[1].text


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
