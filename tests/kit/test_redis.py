import anyio
import pytest
from redis.exceptions import BusyLoadingError, ConnectionError, OutOfMemoryError, RedisError  # noqa: A004

from sidecar.kit.errors import ValkeyAwayError
from sidecar.kit.redis import connect, translated
from stack.throwaway import throwaway


@pytest.mark.parametrize(
    "fault",
    [
        ConnectionError("redis://:secret@valkey"),
        BusyLoadingError(),
        OutOfMemoryError(),
        OSError(),
        TimeoutError(),
    ],
)
async def test_every_fault_of_valkey_is_one_error_that_tells_no_address(
    fault: RedisError | OSError,
) -> None:
    @translated
    async def call() -> None:
        raise fault

    with pytest.raises(ValkeyAwayError) as caught:
        await call()

    assert "secret" not in str(caught.value)
    assert caught.value.headers == {"Retry-After": "2"}
    assert caught.value.__cause__ is fault


async def test_a_bug_stays_a_bug() -> None:
    @translated
    async def call() -> None:
        raise KeyError("name")

    with pytest.raises(KeyError):
        await call()


@pytest.mark.slow
async def test_the_first_command_after_a_restart_of_valkey_succeeds(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with throwaway(tmp_path_factory.mktemp("valkey")) as running:
        running.start("valkey")
        password = running.layout.valkey_password_file.read_text().strip()
        client = connect(f"redis://:{password}@127.0.0.1:{running.settings.valkey_port}/0")
        await client.eval("return redis.call('SET', 'kept', '1')", 0)
        # In a thread, so that the loop learns of the end of the connection.
        await anyio.to_thread.run_sync(running.kill, "valkey")
        await anyio.to_thread.run_sync(running.start, "valkey")

        answer = await client.get("kept")

        await client.aclose()
    assert answer == b"1"
