"""What every store of services does, in memory and on a real Valkey."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import anyio
import pytest

from sidecar.kit.errors import ValkeyAwayError
from sidecar.kit.redis import RedisCommands, connect
from sidecar.registry.store import Change, RedisServiceStore, ServiceStore, Snapshot
from stack.throwaway import Throwaway, throwaway
from tests.factories import a_service, an_instance
from tests.fakes.registry import MemoryServiceStore

MATH = ("math", "one")
OTHER = ("other", "one")


@dataclass
class Stores:
    """Two ways to one record, as two sidecars have them."""

    one: ServiceStore
    two: ServiceStore


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Throwaway]:
    with throwaway(tmp_path_factory.mktemp("valkey")) as running:
        running.start("valkey")
        yield running


@pytest.fixture
async def redis(valkey: Throwaway) -> AsyncIterator[RedisCommands]:
    password = valkey.layout.valkey_password_file.read_text().strip()
    client = connect(f"redis://:{password}@127.0.0.1:{valkey.settings.valkey_port}/0")
    await client.eval("return redis.call('FLUSHALL')", 0)
    yield client
    await client.aclose()


@pytest.fixture(params=["memory", "valkey"])
def stores(request: pytest.FixtureRequest) -> Stores:
    if request.param == "memory":
        store = MemoryServiceStore()
        return Stores(store, store)
    redis: RedisCommands = request.getfixturevalue("redis")
    return Stores(RedisServiceStore(redis), RedisServiceStore(redis))


async def test_an_empty_store_is_at_revision_zero(stores: Stores) -> None:
    assert await stores.one.revision() == 0
    assert await stores.one.snapshot() == Snapshot(0, {}, {})


async def test_a_commit_is_there_whole(stores: Stores) -> None:
    service = a_service("math", metadata={"é": ["🚪", 1.5, None]})
    change = Change(put=[service], leases={MATH: 1_767_323_045.123456}, documents={"math": b"{}"})

    revision = await stores.one.commit(change, expected=0)

    assert revision == await stores.two.revision() == 1
    expected = Snapshot(1, {"math": service}, {MATH: 1_767_323_045.123456})
    assert await stores.two.snapshot() == expected
    assert await stores.two.document("math") == b"{}"


async def test_what_is_deleted_is_gone_and_the_rest_stays(stores: Stores) -> None:
    both = [a_service("math"), a_service("other")]
    change = Change(put=both, leases={MATH: 1.0, OTHER: 2.0}, documents={"math": b"{}"})
    await stores.one.commit(change, expected=0)

    gone = Change(delete=["math"], drop_leases=[MATH], drop_documents=["math"])
    await stores.one.commit(gone, expected=1)

    assert await stores.one.snapshot() == Snapshot(2, {"other": both[1]}, {OTHER: 2.0})
    assert await stores.one.document("math") is None


async def test_a_commit_on_an_old_revision_changes_nothing(stores: Stores) -> None:
    await stores.one.commit(Change(put=[a_service("math")], leases={MATH: 1.0}), expected=0)
    before = await stores.one.snapshot()

    late = Change(
        put=[a_service("other")],
        delete=["math"],
        leases={OTHER: 1.0},
        drop_leases=[MATH],
        documents={"other": b"{}"},
    )
    revision = await stores.two.commit(late, expected=0)

    assert revision is None
    assert await stores.one.snapshot() == before
    assert await stores.one.document("other") is None


async def test_of_two_that_race_for_a_revision_one_wins(stores: Stores) -> None:
    won: list[str] = []

    async def commit(store: ServiceStore, name: str) -> None:
        if await store.commit(Change(put=[a_service(name)]), expected=0):
            won.append(name)

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            group.start_soon(commit, stores.one, "math")
            group.start_soon(commit, stores.two, "other")

    assert len(won) == 1
    assert list((await stores.one.snapshot()).services) == won


async def test_a_heartbeat_does_not_raise_the_revision(stores: Stores) -> None:
    await stores.one.commit(Change(put=[a_service()], leases={MATH: 1.0}), expected=0)

    known = await stores.two.renew(MATH, 2.5)

    assert known
    assert await stores.one.renewals([MATH]) == [2.5]
    assert await stores.one.commit(Change(put=[a_service("other")]), expected=1) == 2


async def test_a_heartbeat_without_a_lease_leaves_none(stores: Stores) -> None:
    known = await stores.one.renew(("ghost", "one"), 1.0)

    assert not known
    assert await stores.one.snapshot() == Snapshot(0, {}, {})


async def test_a_lease_that_was_renewed_meanwhile_stops_the_commit(stores: Stores) -> None:
    await stores.one.commit(Change(put=[a_service()], leases={MATH: 1.1}), expected=0)
    await stores.two.renew(MATH, 2.2)

    ended = Change(delete=["math"], drop_leases=[MATH], unrenewed={MATH: 1.1})
    revision = await stores.one.commit(ended, expected=1)

    assert revision is None
    assert list((await stores.one.snapshot()).services) == ["math"]


async def test_a_lease_that_stands_or_is_gone_stops_nothing(stores: Stores) -> None:
    both = [a_service("math"), a_service("other")]
    await stores.one.commit(Change(put=both, leases={MATH: 1.1}), expected=0)

    ended = Change(
        delete=["math", "other"], drop_leases=[MATH, OTHER], unrenewed={MATH: 1.1, OTHER: 0.0}
    )
    revision = await stores.one.commit(ended, expected=1)

    assert revision == 2
    assert await stores.one.snapshot() == Snapshot(2, {}, {})


async def test_renewals_come_in_the_order_they_were_asked_for(stores: Stores) -> None:
    leases = {("math", "a.b"): 1.0, ("math-2", "_"): 2.0}
    instances = [an_instance("a.b"), an_instance("_")]
    await stores.one.commit(Change(put=[a_service("math", *instances)], leases=leases), expected=0)

    found = await stores.one.renewals([("math-2", "_"), ("ghost", "one"), ("math", "a.b")])

    assert found == [2.0, None, 1.0]
    assert await stores.one.renewals([]) == []


async def test_one_record_that_can_not_be_read_does_not_hide_the_others(
    redis: RedisCommands,
) -> None:
    store = RedisServiceStore(redis)
    await store.commit(Change(put=[a_service("math"), a_service("bad")]), expected=0)
    script = "return redis.call('HSET', 'registry:services', 'bad', ARGV[1])"
    await redis.eval(script, 0, '{"name": "bad", "surprise": 1}')

    snapshot = await store.snapshot()

    assert list(snapshot.services) == ["math"]


async def test_a_store_that_does_not_answer_says_so_as_unavailable() -> None:
    store = RedisServiceStore(connect("redis://127.0.0.1:1/0"))

    with pytest.raises(ValkeyAwayError, match="does not answer"):
        await store.snapshot()
