"""The Valkey user with which Traefik counts for shared rate limits."""

import asyncio
import logging

from sidecar.edge.middlewares import SharedLimits
from sidecar.kit.errors import UnavailableError
from sidecar.kit.redis import RedisCommands, translated

_log = logging.getLogger("gatehouse.edge")

# Valkey forgets its users when it restarts.
_LOOK_SECONDS = 1.0
_RETRY_SECONDS = 1.0
# Traefik's bucket script, and what its client says when it connects.
_ALLOWED = (
    "~rate:*",
    "-@all",
    *("+hello", "+auth", "+ping", "+client|setname", "+client|setinfo"),
    *("+eval", "+evalsha", "+hgetall", "+hset", "+expire"),
)


class LimitsAccount:
    """Keeps a user in Valkey that can count requests and nothing else.

    Traefik shows its password to whoever may read its API or its configuration.
    """

    def __init__(self, redis: RedisCommands, shared: SharedLimits) -> None:
        self._redis = redis
        self._shared = shared

    async def run(self) -> None:
        """Make the user, and make it again whenever Valkey has forgotten it."""
        is_told = False
        while True:
            try:
                await self.ensure()
            except UnavailableError as error:
                if not is_told:
                    _log.warning("Shared rate limits have no user in Valkey: %s", error.__cause__)
                is_told = True
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                is_told = False
                await asyncio.sleep(_LOOK_SECONDS)

    @translated
    async def ensure(self) -> None:
        """Make the user as it should be; raises `ValkeyAwayError`."""
        _ = await self._redis.execute_command(
            "ACL",
            "SETUSER",
            self._shared.username,
            "on",
            "resetpass",
            f">{self._shared.password}",
            "resetkeys",
            "resetchannels",
            *_ALLOWED,
        )
