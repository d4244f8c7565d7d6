"""What Traefik's user in Valkey may do, asked of a real Valkey."""

from collections.abc import AsyncIterator, Iterator

import anyio
import pytest
from redis.exceptions import AuthenticationError, NoPermissionError, ResponseError

from sidecar.edge.limits import LimitsAccount
from sidecar.edge.middlewares import SharedLimits
from sidecar.kit.errors import ValkeyAwayError
from sidecar.kit.redis import RedisCommands, connect
from stack.throwaway import Throwaway, throwaway

SHARED = SharedLimits("", "gatehouse-limits", "of-the-limits")
COUNT = "redis.call('HSET', KEYS[1], 'n', ARGV[1]); redis.call('EXPIRE', KEYS[1], 5)"


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Throwaway]:
    with throwaway(tmp_path_factory.mktemp("valkey")) as running:
        running.start("valkey")
        yield running


def _url(valkey: Throwaway, user: str, password: str) -> str:
    return f"redis://{user}:{password}@127.0.0.1:{valkey.settings.valkey_port}/0"


@pytest.fixture
async def owner(valkey: Throwaway) -> AsyncIterator[RedisCommands]:
    client = connect(_url(valkey, "", valkey.layout.valkey_password_file.read_text().strip()))
    yield client
    await client.aclose()


@pytest.fixture
async def limited(valkey: Throwaway, owner: RedisCommands) -> AsyncIterator[RedisCommands]:
    await owner.execute_command("SET", "registry:services", "mine")
    await LimitsAccount(owner, SHARED).ensure()
    client = connect(_url(valkey, SHARED.username, SHARED.password))
    yield client
    await client.aclose()


async def test_it_counts(limited: RedisCommands) -> None:
    await limited.eval(COUNT, 1, "rate:math@file:alice", "7")

    assert await limited.hgetall("rate:math@file:alice") == {b"n": b"7"}


@pytest.mark.parametrize(
    "command",
    [
        ["GET", "registry:services"],
        ["HGETALL", "registry:services"],
        ["HSET", "registry:services", "a", "b"],
        ["DEL", "rate:a"],
        ["KEYS", "*"],
        ["SCAN", "0"],
        ["CONFIG", "GET", "*"],
        ["ACL", "LIST"],
        ["ACL", "SETUSER", "gatehouse-limits", "+@all"],
        ["FLUSHALL"],
        ["SHUTDOWN"],
        ["CLIENT", "KILL", "TYPE", "normal"],
        ["SCRIPT", "FLUSH"],
        ["PUBLISH", "a", "b"],
        ["SUBSCRIBE", "a"],
        ["MONITOR"],
        ["SELECT", "1"],
    ],
    ids=" ".join,
)
async def test_it_does_nothing_else(limited: RedisCommands, command: list[str]) -> None:
    with pytest.raises(NoPermissionError):
        await limited.execute_command(*command)


@pytest.mark.parametrize(
    "script",
    ["return redis.call('GET', 'registry:services')", "return redis.call('FLUSHALL')"],
)
async def test_a_script_of_its_own_does_no_more(
    limited: RedisCommands, owner: RedisCommands, script: str
) -> None:
    with pytest.raises(ResponseError):
        await limited.eval(script, 0)

    assert await owner.get("registry:services") == b"mine"


async def test_a_new_password_replaces_the_old(
    valkey: Throwaway, owner: RedisCommands, limited: RedisCommands
) -> None:
    connected = await limited.ping()

    await LimitsAccount(owner, SharedLimits("", SHARED.username, "another")).ensure()

    fresh = connect(_url(valkey, SHARED.username, SHARED.password))
    with pytest.raises(AuthenticationError):
        await fresh.ping()
    await fresh.aclose()
    # Who is connected goes on: making the user again every few seconds disturbs nobody.
    assert connected
    assert await limited.ping()


async def test_without_valkey_it_is_said_so() -> None:
    nobody = connect("redis://127.0.0.1:9/0")

    with pytest.raises(ValkeyAwayError):
        await LimitsAccount(nobody, SHARED).ensure()

    await nobody.aclose()


async def test_it_is_made_again_once_valkey_is_there(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with throwaway(tmp_path_factory.mktemp("late")) as late:
        password = late.layout.valkey_password_file.read_text().strip()
        owner = connect(_url(late, "", password))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(LimitsAccount(owner, SHARED).run)
            await anyio.to_thread.run_sync(late.start, "valkey")
            limited = connect(_url(late, SHARED.username, SHARED.password))
            with anyio.fail_after(10):
                while not await _answers(limited):
                    await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()
        await owner.aclose()
        await limited.aclose()


async def _answers(client: RedisCommands) -> bool:
    try:
        return await client.ping()
    except AuthenticationError:
        return False
