from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide
from litestar.plugins.problem_details import ProblemDetailsPlugin

from sidecar.access.guards import provide_caller
from sidecar.access.routes import KeyController
from sidecar.kit.problems import PROBLEMS
from tests.access.conftest import Access

ALICE = {"name": "alice", "scopes": ["edge:call"]}


def hand(value: object) -> Provide:
    return Provide(lambda: value, sync_to_thread=False)


@pytest.fixture
def app(access: Access) -> Litestar:
    return Litestar(
        [KeyController],
        logging_config=None,
        state=State({"keyring": access.keyring}),
        dependencies={
            "keys": hand(access.keys),
            "caller": Provide(provide_caller, sync_to_thread=False),
        },
        plugins=[ProblemDetailsPlugin(PROBLEMS)],
    )


@pytest.fixture
async def client(app: Litestar, access: Access) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type]
    headers = {"Authorization": f"Bearer {access.token('admin')}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://edge.test/gateway", headers=headers
    ) as opened:
        yield opened


async def _made(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await client.post("/keys", json=ALICE | fields)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def _with(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_a_key_is_made_and_its_secret_shown_once(
    client: httpx.AsyncClient, access: Access
) -> None:
    answer = await client.post("/keys", json=ALICE | {"tenant": {"site_id": "s1"}})
    made = answer.json()
    token = made.pop("token")

    shown = await client.get(f"/keys/{made['id']}")
    listed = await client.get("/keys")

    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    assert token.startswith(f"gate_{made['id']}_")
    assert shown.json() == made
    assert made in listed.json()["keys"]
    for hidden in (token, access.keyring.get(made["id"]).hash):
        assert hidden not in shown.text + listed.text
    assert made == {
        "id": made["id"],
        "name": "alice",
        "scopes": ["edge:call"],
        "services": None,
        "prefixes": None,
        "capabilities": None,
        "tenant": {"site_id": "s1", "app_id": None, "user_id": None},
        "created_at": "2026-01-02T03:04:05Z",
        "created_by": access.token("admin").split("_")[1],
        "expires_at": None,
        "revoked_at": None,
        "rotated_at": None,
        "overlap_ends_at": None,
        "last_used_at": None,
    }


async def test_a_new_key_works_at_once_and_a_revoked_one_no_more(
    client: httpx.AsyncClient,
) -> None:
    made = await _made(client, scopes=["admin"])
    before = await client.get("/keys", headers=_with(made["token"]))

    revoked = await client.delete(f"/keys/{made['id']}")
    again = await client.delete(f"/keys/{made['id']}")

    after = await client.get("/keys", headers=_with(made["token"]))
    assert [answer.status_code for answer in (before, revoked, again, after)] == [
        200,
        204,
        204,
        401,
    ]
    assert "was revoked" in after.json()["detail"]
    assert (await client.get(f"/keys/{made['id']}")).json()["revoked_at"] is not None


async def test_a_rotated_key_has_two_secrets_until_the_overlap_ends(
    client: httpx.AsyncClient, access: Access
) -> None:
    old = await _made(client, scopes=["admin"])

    answer = await client.post(f"/keys/{old['id']}/rotate", json={"overlap_seconds": 60})
    new = answer.json()

    async def statuses() -> list[int]:
        asked = [await client.get("/keys", headers=_with(each["token"])) for each in (old, new)]
        return [each.status_code for each in asked]

    assert (answer.status_code, new["id"]) == (200, old["id"])
    assert (new["rotated_at"], new["overlap_ends_at"]) == (
        "2026-01-02T03:04:05Z",
        "2026-01-02T03:05:05Z",
    )
    assert await statuses() == [200, 200]
    access.clock.advance(60)
    assert await statuses() == [401, 200]


async def test_a_rotation_without_a_body_overlaps_by_an_hour(client: httpx.AsyncClient) -> None:
    made = await _made(client)

    answer = await client.post(f"/keys/{made['id']}/rotate")

    assert (answer.status_code, answer.json()["overlap_ends_at"]) == (200, "2026-01-02T04:04:05Z")


async def test_a_rotation_without_an_overlap_ends_every_old_secret(
    client: httpx.AsyncClient,
) -> None:
    first = await _made(client, scopes=["admin"])
    second = (await client.post(f"/keys/{first['id']}/rotate", json={})).json()

    third = await client.post(f"/keys/{first['id']}/rotate", json={"overlap_seconds": 0})

    tokens = [first["token"], second["token"], third.json()["token"]]
    statuses = [(await client.get("/keys", headers=_with(token))).status_code for token in tokens]
    assert statuses == [401, 401, 200]
    assert third.json()["overlap_ends_at"] is None


@pytest.mark.parametrize("end", ["revoked", "expired"])
async def test_a_key_that_has_ended_is_not_rotated(
    client: httpx.AsyncClient, access: Access, end: str
) -> None:
    made = await _made(client, expires_in_seconds=60)
    if end == "revoked":
        await client.delete(f"/keys/{made['id']}")
    else:
        access.clock.advance(60)

    answer = await client.post(f"/keys/{made['id']}/rotate", json={})

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/key-ended")


async def test_the_last_admin_key_stays(client: httpx.AsyncClient, access: Access) -> None:
    own = access.token("admin").split("_")[1]
    passing = await _made(client, scopes=["admin"], expires_in_seconds=60)

    refused = await client.delete(f"/keys/{own}")
    second = await _made(client, scopes=["admin"])
    allowed = await client.delete(f"/keys/{own}")
    last = await client.delete(f"/keys/{second['id']}", headers=_with(second["token"]))
    ending = await client.delete(f"/keys/{passing['id']}", headers=_with(second["token"]))

    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/last-admin-key")
    assert [answer.status_code for answer in (allowed, last, ending)] == [204, 409, 204]


async def test_two_admins_that_revoke_each_other_at_once_leave_one(
    client: httpx.AsyncClient, access: Access, second: Access
) -> None:
    mine, theirs = (each.token("admin").split("_")[1] for each in (access, second))
    admin = second.keyring.identify(second.token("admin"))

    async def overtake() -> None:
        await second.keys.revoke(mine, admin)

    access.store.before["commit"] = overtake
    answer = await client.delete(f"/keys/{theirs}")

    assert answer.status_code == 409
    assert access.keyring.get(mine).revoked_at is not None
    assert access.keyring.get(theirs).revoked_at is None


@pytest.mark.parametrize("call", [
    lambda client: client.get("/keys/nobodys"),
    lambda client: client.delete("/keys/nobodys"),
    lambda client: client.post("/keys/nobodys/rotate", json={}),
])  # fmt: skip
async def test_a_key_that_is_not_there_is_404(
    client: httpx.AsyncClient, call: Callable[[httpx.AsyncClient], Any]
) -> None:
    answer = await call(client)

    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/key-not-found")


async def test_only_an_admin_sees_or_makes_keys(client: httpx.AsyncClient, access: Access) -> None:
    join = _with(access.token("join"))

    answers = [
        await client.get("/keys", headers=join),
        await client.post("/keys", headers=join, json=ALICE),
        await client.delete("/keys/x", headers=join),
        await client.post("/keys/x/rotate", headers=join, json={}),
    ]

    assert [answer.status_code for answer in answers] == [403] * 4
    assert "lacks the scope 'admin'" in answers[0].json()["detail"]


async def test_what_is_wrong_is_said_of_each_field(client: httpx.AsyncClient) -> None:
    wrong = {"name": "a b", "scopes": ["edge:read"], "prefixes": ["math"], "color": "red"}

    answer = await client.post("/keys", json=wrong)

    errors = {item["field"]: item["message"] for item in answer.json()["errors"]}
    assert answer.status_code == 400
    assert set(errors) == {"name", "scopes.0", "prefixes.0", "color"}
    assert "edge:call, admin, or one of your own such as billing:read" in errors["scopes.0"]


async def test_an_end_that_has_passed_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/keys", json=ALICE | {"expires_at": "2026-01-02T03:04:05Z"})

    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"field": "expires_at", "message": "must be in the future"}]


async def test_keys_are_listed_page_by_page(client: httpx.AsyncClient) -> None:
    made = [(await _made(client, name=f"n{number}"))["name"] for number in range(3)]

    pages: list[dict[str, Any]] = [{"keys": [], "next": None}]
    for _ in range(3):
        after = {"after": pages[-1]["next"]} if pages[-1]["next"] else {}
        pages.append((await client.get("/keys", params={"limit": 2, **after})).json())
    names = [key["name"] for page in pages for key in page["keys"]]
    astray = await client.get("/keys", params={"after": "nobodys"})

    assert names == ["admin", "join", *made]
    assert pages[-1]["next"] is None
    assert (astray.status_code, astray.json()["errors"][0]["field"]) == (400, "after")


async def test_without_a_database_keys_are_checked_and_shown_and_not_changed(
    client: httpx.AsyncClient, access: Access
) -> None:
    made = await _made(client)
    access.store.is_away = True

    reads = [await client.get("/keys"), await client.get(f"/keys/{made['id']}")]
    writes = [
        await client.post("/keys", json=ALICE),
        await client.post(f"/keys/{made['id']}/rotate", json={}),
        await client.delete(f"/keys/{made['id']}"),
    ]

    assert [answer.status_code for answer in reads + writes] == [200, 200, 503, 503, 503]
    assert {answer.json()["type"] for answer in writes} == {"/problems/database-away"}
    assert {answer.headers["retry-after"] for answer in writes} == {"2"}
    assert reads[1].json()["revoked_at"] is None


async def test_nothing_of_a_key_is_logged(
    client: httpx.AsyncClient, access: Access, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    made = await _made(client)
    rotated = (await client.post(f"/keys/{made['id']}/rotate", json={})).json()
    await client.get("/keys", headers=_with("x" + made["token"]))
    await client.delete(f"/keys/{made['id']}")

    for token in (made["token"], rotated["token"], access.token("admin")):
        assert token.rpartition("_")[2] not in caplog.text
    assert f"Key {made['id']} was revoked by" in caplog.text


async def test_the_documentation_names_the_scopes_and_no_key(app: Litestar) -> None:
    document = app.openapi_schema.to_schema()

    operation = document["paths"]["/gateway/keys"]["post"]
    assert operation["security"] == [{"key": []}]
    assert "`edge:call`" in str(document["components"]["schemas"])
    assert set(document["paths"]) == {
        "/gateway/keys",
        "/gateway/keys/{key_id}",
        "/gateway/keys/{key_id}/rotate",
    }
