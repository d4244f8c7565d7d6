"""The few Valkey commands in use, typed, with its faults translated."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, ParamSpec, Protocol, TypeVar, cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from sidecar.kit.errors import ValkeyAwayError

P = ParamSpec("P")
T = TypeVar("T")


class RedisCommands(Protocol):
    """What redis-py does once its sync-or-async annotations are out of the way."""

    async def get(self, name: str) -> bytes | None: ...
    async def hget(self, name: str, key: str) -> bytes | None: ...
    async def hgetall(self, name: str) -> dict[bytes, bytes]: ...
    async def hmget(self, name: str, keys: Sequence[str]) -> list[bytes | None]: ...
    async def eval(self, script: str, numkeys: int, *keys_and_args: str | bytes) -> Any: ...
    async def execute_command(self, *args: str | bytes) -> Any: ...
    async def ping(self) -> bool: ...
    async def aclose(self) -> None: ...


def connect(url: str, *, timeout_seconds: float = 2.0) -> RedisCommands:
    """Make a client for a redis:// or unix:// URL. Nothing is opened before the first command.

    A pooled connection that went stale while Valkey restarted is opened again, with one retry,
    before it is used. No command is sent twice: the first may have been carried out.
    """
    client = Redis.from_url(
        url,
        socket_timeout=timeout_seconds,
        socket_connect_timeout=timeout_seconds,
        retry=Retry(NoBackoff(), 1),
    )
    return cast("RedisCommands", client)


def translated(call: Callable[P, Awaitable[T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Turn every fault of Valkey into `ValkeyAwayError`, so that none crosses a port."""

    async def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await call(*args, **kwargs)
        except (RedisError, OSError) as error:
            raise ValkeyAwayError from error

    return wrapper
