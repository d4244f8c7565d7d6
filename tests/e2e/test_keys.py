"""Keys and who owns what, through the edge and across restarts."""

import json
import sqlite3
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from sidecar.access.models import token_hash
from stack.throwaway import Throwaway
from tests.harness import Backend, Callers, eventually

# At the edge the plugin looks once a second, so that the file must be there in half of one.
IN_FILE_SECONDS = 0.5


def _hashes(gateway: Throwaway) -> dict[str, dict[str, Any]]:
    document = json.loads((gateway.layout.edge / "keys.json").read_text())
    found: dict[str, dict[str, Any]] = document["keys"]
    return found


def _in_file(gateway: Throwaway, token: str, *, there: bool) -> None:
    wanted = token_hash(token)
    eventually(
        lambda: "" if (wanted in _hashes(gateway)) == there else "the key file is as before",
        IN_FILE_SECONDS,
    )


def _make(callers: Callers, **fields: Any) -> dict[str, Any]:
    body = {"name": "alice", "scopes": ["services:register"], **fields}
    answer = callers.post("/gateway/keys", body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def _send(callers: Callers, token: str, name: str, target: str, **fields: Any) -> httpx.Response:
    return callers.http.post(
        "/gateway/register",
        json={"name": name, "base_url": target, **fields},
        headers={"Authorization": f"Bearer {token}"},
    )


def _list(callers: Callers, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return callers.http.get("/gateway/services", headers=headers).status_code


def test_a_key_is_made_rotated_and_revoked_and_the_edges_file_follows(callers: Callers) -> None:
    gateway = callers.gateway
    made = _make(callers, tenant={"site_id": "s1"}, prefixes=["/math"])
    _in_file(gateway, made["token"], there=True)
    entry = _hashes(gateway)[token_hash(made["token"])]

    rotated = callers.post(f"/gateway/keys/{made['id']}/rotate", {"overlap_seconds": 0}).json()
    _in_file(gateway, rotated["token"], there=True)
    _in_file(gateway, made["token"], there=False)
    before = [_list(callers, each["token"]) for each in (made, rotated)]
    callers.delete(f"/gateway/keys/{made['id']}")
    _in_file(gateway, rotated["token"], there=False)

    assert entry == {
        "id": made["id"],
        "consumer": "alice",
        "scopes": ["services:register"],
        "prefixes": ["/math"],
        "site": "s1",
    }
    assert (before, _list(callers, rotated["token"])) == ([401, 200], 401)


def test_a_key_and_its_overlap_leave_the_file_when_they_end(callers: Callers) -> None:
    gateway = callers.gateway
    made = _make(callers, expires_in_seconds=2)
    kept = _make(callers)
    callers.post(f"/gateway/keys/{kept['id']}/rotate", {"overlap_seconds": 2})
    for each in (made, kept):
        _in_file(gateway, each["token"], there=True)

    def left() -> str:
        found = {token_hash(each["token"]) for each in (made, kept)} & _hashes(gateway).keys()
        return f"{len(found)} are there" if found else ""

    eventually(left, 5.0)
    assert [_list(callers, each["token"]) for each in (made, kept)] == [401, 401]


def test_a_narrowed_key_is_told_what_it_may_register(callers: Callers, echo: Backend) -> None:
    made = _make(callers, services=["math"], prefixes=["/math"])

    said = _send(callers, made["token"], "other", echo.url)

    assert said.status_code == 403
    assert "narrowed to the services math" in said.json()["detail"]
    assert _send(callers, made["token"], "math", echo.url).status_code == 201


def test_a_name_outlives_its_service_valkeys_data_and_a_restart(
    fresh_callers: Callers, echo: Backend
) -> None:
    fresh, callers = fresh_callers.gateway, fresh_callers
    mine, theirs = _make(callers)["token"], _make(callers)["token"]
    _send(callers, mine, "math", echo.url, instance_id="one")
    fresh.stop("sidecar")
    fresh.stop("valkey")
    for file in sorted(fresh.layout.valkey.rglob("*"), reverse=True):
        if file.is_file() and file.suffix != ".conf":
            file.unlink()
    fresh.start("valkey")
    fresh.start("sidecar")
    fresh.await_healthy("sidecar", ready=True)

    taken = _send(callers, theirs, "math", echo.url)
    released = callers.http.delete(
        "/gateway/services/math", headers={"Authorization": f"Bearer {mine}"}
    )
    free = _send(callers, theirs, "math", echo.url)

    assert (taken.status_code, taken.json()["type"]) == (403, "/problems/not-owner")
    assert (released.status_code, free.status_code) == (204, 201)


def test_what_is_registered_without_an_owner_on_record_gets_one(
    fresh_callers: Callers, echo: Backend
) -> None:
    fresh, callers = fresh_callers.gateway, fresh_callers
    callers.register("math", echo.url, ttl_seconds=300)
    fresh.stop("sidecar")
    records = sqlite3.connect(fresh.settings.var_dir / "gatehouse.db", isolation_level=None)
    records.execute("DELETE FROM access_owners")

    fresh.start("sidecar")

    def owners() -> list[tuple[str, str]]:
        return list(records.execute("SELECT name, key_id FROM access_owners"))

    eventually(lambda: "" if owners() else "nobody is noted")
    assert owners() == [("math", fresh.key("join").split("_")[1])]
    records.close()


def test_a_revoked_keys_name_is_free(callers: Callers, echo: Backend) -> None:
    mine, theirs = _make(callers), _make(callers)
    _send(callers, mine["token"], "math", echo.url, instance_id="one")
    callers.delete(f"/gateway/keys/{mine['id']}")

    said = _send(callers, theirs["token"], "math", echo.url, instance_id="two")

    shown = callers.shown("/gateway/services/math").json()
    assert said.status_code == 201
    assert shown["owner"] == theirs["id"]
    assert [each["instance_id"] for each in shown["instances"]] == ["two"]


def test_a_rotated_admin_key_is_found_where_the_old_one_lay(fresh_callers: Callers) -> None:
    fresh, callers = fresh_callers.gateway, fresh_callers
    old = fresh.key()

    callers.post(f"/gateway/keys/{old.split('_')[1]}/rotate", {"overlap_seconds": 0})

    assert fresh.key() != old
    assert _list(callers, old) == 401
    assert _list(callers, fresh.key()) == 200


def test_a_locked_database_stops_writes_and_nothing_else(
    fresh_callers: Callers, echo: Backend
) -> None:
    fresh, callers = fresh_callers.gateway, fresh_callers
    made = _make(callers)
    _send(callers, made["token"], "math", echo.url, instance_id="one")
    _in_file(fresh, made["token"], there=True)
    other = sqlite3.connect(fresh.settings.var_dir / "gatehouse.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    began = time.monotonic()
    refused = [
        callers.post("/gateway/keys", {"name": "bob", "scopes": ["edge:call"]}),
        callers.delete(f"/gateway/keys/{made['id']}"),
        _send(callers, made["token"], "new", echo.url),
    ]
    waited = time.monotonic() - began
    again = _send(callers, made["token"], "math", echo.url, instance_id="two")
    beat = callers.post("/gateway/services/math/instances/one/heartbeat")
    other.rollback()
    other.close()

    assert [answer.status_code for answer in refused] == [503] * 3
    assert {answer.json()["type"] for answer in refused} == {"/problems/database-away"}
    assert "is locked" in refused[0].json()["detail"]
    assert waited < 15
    assert (again.status_code, beat.status_code, callers.get("/math").status_code) == (
        201,
        204,
        200,
    )
    assert callers.post("/gateway/keys", {"name": "bob", "scopes": ["x:y"]}).status_code == 201


def test_with_the_database_gone_the_sidecar_starts_and_serves(
    fresh_callers: Callers, echo: Backend
) -> None:
    fresh, callers = fresh_callers.gateway, fresh_callers
    made = _make(callers)
    _send(callers, made["token"], "math", echo.url, instance_id="one", ttl_seconds=300)
    _in_file(fresh, made["token"], there=True)
    before = (fresh.layout.edge / "keys.json").read_bytes()
    fresh.stop("sidecar")
    database = Path(fresh.settings.var_dir) / "gatehouse.db"
    database.rename(database.with_suffix(".kept"))
    database.write_bytes(b"garbage" * 1000)

    fresh.start("sidecar")
    ready = callers.get("/gateway/health/ready")
    beat = callers.http.post(
        "/gateway/services/math/instances/one/heartbeat",
        headers={"Authorization": f"Bearer {made['token']}"},
    )
    admin = callers.shown("/gateway/services")
    unknown = _list(callers, "gate_nobodys")
    unchanged = (fresh.layout.edge / "keys.json").read_bytes() == before
    database.with_suffix(".kept").replace(database)
    fresh.await_healthy("sidecar", ready=True)

    assert ready.status_code == 503
    assert {error["field"] for error in ready.json()["errors"]} == {"database"}
    assert (beat.status_code, admin.status_code, unknown, unchanged) == (204, 200, 503, True)
    assert _list(callers, made["token"]) == 200
    assert _list(callers, "gate_nobodys") == 401


@pytest.mark.parametrize("path", ["secrets/admin.key", "gatehouse.db", "secrets/admin.id"])
def test_what_is_secret_is_its_owners_alone(gateway: Throwaway, path: str) -> None:
    assert (Path(gateway.settings.var_dir) / path).stat().st_mode & 0o777 == 0o600


def test_no_key_is_in_any_log(callers: Callers) -> None:
    made = _make(callers)
    rotated = callers.post(f"/gateway/keys/{made['id']}/rotate", {}).json()
    _list(callers, rotated["token"][:-1])
    callers.http.post("/gateway/keys", content=rotated["token"], headers=callers.auth())

    logged = "".join(
        file.read_text(errors="replace") for file in callers.gateway.layout.logs.iterdir()
    )

    assert made["id"] in logged
    for token in (made["token"], rotated["token"], callers.gateway.key()):
        assert token.rpartition("_")[2][:32] not in logged
        assert token_hash(token) not in logged


def test_an_overwritten_key_file_is_right_again_within_seconds(callers: Callers) -> None:
    file = callers.gateway.layout.edge / "keys.json"
    made = _make(callers)
    before = file.read_text()

    file.write_text('{"version":1,"keys":{}}')

    eventually(lambda: "" if file.read_text() == before else "it is as it was left", 5.0)
    assert token_hash(made["token"]) in before


def test_a_revocation_says_when_the_edge_can_not_be_told(fresh_callers: Callers) -> None:
    edge = fresh_callers.gateway.layout.edge
    made = _make(fresh_callers)
    kept = edge / "keys.json.kept"
    (edge / "keys.json").rename(kept)
    (edge / "keys.json").mkdir()

    said = fresh_callers.delete(f"/gateway/keys/{made['id']}")
    refused = fresh_callers.post("/gateway/keys", {"name": "bob", "scopes": ["edge:call"]})
    (edge / "keys.json").rmdir()
    kept.rename(edge / "keys.json")

    assert [each.status_code for each in (said, refused)] == [503, 503]
    assert {each.json()["type"] for each in (said, refused)} == {"/problems/key-file-unwritable"}
    assert "kept in the database" in said.json()["detail"]
    assert "Nothing was changed" in refused.json()["detail"]
    assert _list(fresh_callers, made["token"]) == 401
    eventually(
        lambda: "the key is there" if token_hash(made["token"]) in _hashes(fresh_callers.gateway)
        else "",
        5.0,
    )  # fmt: skip


def test_a_lost_database_takes_no_keys_from_the_edge(fresh_callers: Callers) -> None:
    fresh, callers = fresh_callers.gateway, fresh_callers
    old = _make(callers)
    fresh.stop("sidecar")
    for file in Path(fresh.settings.var_dir).glob("gatehouse.db*"):
        file.unlink()

    fresh.start("sidecar")
    new = _make(callers)
    ready = callers.get("/gateway/health/ready")
    found = _hashes(fresh)
    (fresh.layout.edge / "keys.json").unlink()
    fresh.await_healthy("sidecar", ready=True)

    assert {token_hash(each["token"]) for each in (old, new)} <= found.keys()
    assert (ready.status_code, [each["field"] for each in ready.json()["errors"]]) == (
        503,
        ["keys"],
    )
    assert "1 keys of the edge are not in it" in ready.json()["detail"]
    left = _hashes(fresh)
    assert token_hash(old["token"]) not in left
    assert token_hash(new["token"]) in left
