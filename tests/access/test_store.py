"""One suite for every store of keys and of owners."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import anyio
import pytest

from sidecar.access.models import Tenant
from sidecar.access.store import Changes, KeyStore, OwnerStore, SqlKeyStore, SqlOwnerStore
from sidecar.kit.errors import UnavailableError
from tests.access.conftest import a_key, an_admin
from tests.databases import KINDS, a_database, a_file
from tests.factories import NOW
from tests.fakes.access import MemoryKeyStore, MemoryOwnerStore


@dataclass
class Stores:
    keys: KeyStore
    owners: OwnerStore


@pytest.fixture(params=["memory", *KINDS])
async def stores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stores]:
    async with AsyncExitStack() as stack:
        if request.param == "memory":
            yield Stores(MemoryKeyStore(), MemoryOwnerStore())
        else:
            database = await stack.enter_async_context(a_database(request.param, tmp_path))
            yield Stores(SqlKeyStore(database), SqlOwnerStore(database))


async def test_a_key_comes_back_as_it_was(stores: Stores) -> None:
    plain = an_admin(created_at=NOW - timedelta(days=1))
    full = a_key(
        scopes=frozenset({"edge:call", "billing:read"}),
        services=("math", "other"),
        prefixes=("/math",),
        capabilities=("pdf.render",),
        tenant=Tenant(site_id='s"1', user_id="u1"),
        expires_at=NOW + timedelta(days=1),
        revoked_at=NOW + timedelta(microseconds=1),
        rotated_at=NOW,
        overlap_ends_at=NOW + timedelta(hours=1),
        previous_hash="0" * 64,
    )

    revision = await stores.keys.commit([full, plain], expected=0)

    assert revision == 1
    assert await stores.keys.changes(0) == Changes(1, [plain, full], is_whole=True)


async def test_only_what_changed_is_read_again(stores: Stores) -> None:
    await stores.keys.commit([a_key("first0000"), a_key("second000")], expected=0)
    changed = replace(a_key("second000"), revoked_at=NOW)

    await stores.keys.commit([changed], expected=1)

    assert await stores.keys.changes(1) == Changes(2, [changed])
    assert await stores.keys.changes(2) == Changes(2)


async def test_a_store_older_than_what_is_known_is_read_whole(stores: Stores) -> None:
    key = a_key()
    await stores.keys.commit([key], expected=0)

    assert await stores.keys.changes(7) == Changes(1, [key], is_whole=True)


async def test_of_two_commits_on_one_revision_one_is_taken(stores: Stores) -> None:
    with anyio.fail_after(10):
        said = await asyncio.gather(
            *(stores.keys.commit([a_key(f"key{number:06}")], expected=0) for number in range(5))
        )

    assert sorted(said, key=str) == [1, None, None, None, None]
    assert len((await stores.keys.changes(0)).keys) == 1


async def test_the_latest_use_counts(stores: Stores) -> None:
    await stores.keys.commit([a_key("first0000"), a_key("second000")], expected=0)
    later = NOW + timedelta(seconds=30)

    await stores.keys.note_uses({"first0000": later, "nobodys00": later})
    await stores.keys.note_uses({"first0000": NOW, "second000": NOW})
    await stores.keys.note_uses({})

    assert await stores.keys.uses(NOW - timedelta(1)) == {"first0000": later, "second000": NOW}
    assert await stores.keys.uses(NOW) == {"first0000": later}


async def test_a_use_is_no_change(stores: Stores) -> None:
    await stores.keys.commit([a_key()], expected=0)

    await stores.keys.note_uses({a_key().id: NOW})

    assert await stores.keys.changes(1) == Changes(1)


async def test_a_name_has_one_owner_whoever_claims_it(stores: Stores) -> None:
    with anyio.fail_after(10):
        said = await asyncio.gather(
            *(stores.owners.claim("math", f"key{number}", NOW) for number in range(5))
        )
    first = await stores.owners.find("math")

    await stores.owners.adopt({"math": "late", "other": "late"}, NOW)
    await stores.owners.adopt({}, NOW)

    assert said == [first] * 5
    assert await stores.owners.find("math") == first
    assert await stores.owners.find("other") == "late"
    assert await stores.owners.find("nobodys") is None


async def test_a_name_is_handed_over_by_its_owner_alone(stores: Stores) -> None:
    await stores.owners.claim("math", "first", NOW)

    await stores.owners.hand_over("math", old="other", new="thief", now=NOW)
    kept = await stores.owners.find("math")
    await stores.owners.hand_over("math", old="first", new="second", now=NOW)

    assert (kept, await stores.owners.find("math")) == ("first", "second")


async def test_a_name_is_released_by_its_owner_alone(stores: Stores) -> None:
    await stores.owners.claim("math", "first", NOW)

    await stores.owners.release("math", "other")
    kept = await stores.owners.find("math")
    await stores.owners.release("math", "first")

    assert (kept, await stores.owners.find("math")) == ("first", None)


async def test_a_full_disk_takes_no_key_and_shows_those_it_has(tmp_path: Path) -> None:
    kept = a_key("kept00000")
    async with a_database("sqlite", tmp_path) as database:
        await SqlKeyStore(database).commit([kept], expected=0)
    async with a_file(tmp_path / "gatehouse.db", {"max_page_count": 1}) as full:
        store = SqlKeyStore(full)

        with pytest.raises(UnavailableError, match="has no space left"):
            await store.commit([a_key(f"key{number:06}") for number in range(200)], expected=1)

        assert await store.changes(0) == Changes(1, [kept], is_whole=True)


async def test_nothing_of_a_key_is_said_of_a_write_that_failed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with a_database("sqlite", tmp_path) as database:
        store = SqlKeyStore(database)
        key = a_key("first0000")
        await store.commit([key], expected=0)

        with pytest.raises(UnavailableError) as refused:
            # Another key of the same secret: no caller can bring that about.
            await store.commit([replace(key, id="second000")], expected=1)

    assert key.hash not in caplog.text + str(refused.value)


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [
        ("tenant", '{"user_id":"s3cret w0rd"}', "tenant.user_id: plain_string_pattern_mismatch"),
        ("tenant", "{}", "tenant: value_error"),
        ("scopes", "s3cret", "JSONDecodeError"),
        ("scopes", "7", "TypeError"),
        ("expires_at", "s3cret", "ValueError"),
        ("name", 's3"cret', "ValueError"),
    ],
)
async def test_a_row_that_is_no_key_is_left_out_alone(
    column: str, value: str, why: str, tmp_path: Path
) -> None:
    keys = [a_key(f"key{number:06}") for number in range(7)]
    async with a_database("sqlite", tmp_path) as database:
        store = SqlKeyStore(database)
        await store.commit(keys, expected=0)
        async with database.writing() as connection:
            await connection.exec_driver_sql(
                f"UPDATE access_keys SET {column} = ? WHERE id = ?",  # noqa: S608
                (value, keys[3].id),
            )

        found = await store.changes(0)

    assert found == Changes(1, [*keys[:3], *keys[4:]], True, {keys[3].id: why})  # noqa: FBT003


async def test_a_time_of_use_that_is_none_keeps_no_key_from_being_read(tmp_path: Path) -> None:
    async with a_database("sqlite", tmp_path) as database:
        store = SqlKeyStore(database)
        await store.commit([a_key()], expected=0)
        async with database.writing() as connection:
            await connection.exec_driver_sql("UPDATE access_keys SET last_used_at = 'yesterday'")

        assert await store.uses(NOW - timedelta(1)) == {}
