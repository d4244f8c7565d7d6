"""Keys of a gateway: made and revoked one at a time over its API, or very many at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus

import aiohttp

from bench.gateway import bearer
from sidecar.access.models import Key, Scope, make_token, token_hash, token_id
from sidecar.access.store import SqlKeyStore
from sidecar.kit.database import Database, sqlite_url
from stack.throwaway import Throwaway


@dataclass(frozen=True)
class Issued:
    """A key as its maker sees it, this once."""

    id: str
    token: str


class Keys:
    """Makes and revokes keys as an admin does: over the edge."""

    def __init__(self, gateway: Throwaway, client: aiohttp.ClientSession) -> None:
        self._url = f"{gateway.edge}/gateway/keys"
        self._client = client
        self._headers = bearer(gateway.key("admin"))

    async def make(self, *scopes: Scope) -> Issued:
        body = {"name": "bench", "scopes": list(scopes)}
        async with self._client.post(self._url, json=body, headers=self._headers) as answer:
            if answer.status != HTTPStatus.CREATED:
                raise RuntimeError(f"a key: {answer.status} {await answer.text()}")
            issued = await answer.json()
            return Issued(issued["id"], issued["token"])

    async def revoke(self, key_id: str) -> None:
        async with self._client.delete(f"{self._url}/{key_id}", headers=self._headers) as answer:
            answer.raise_for_status()


async def put_keys(gateway: Throwaway, count: int) -> list[str]:
    """Write so many keys into the database, as another sidecar would; answers their tokens.

    The one that runs notices within a second and writes the edge's file: nothing is left out of
    the way of a key but one request for each.
    """
    tokens = [make_token() for _ in range(count)]
    database = Database(sqlite_url(gateway.layout.var / "gatehouse.db"))
    try:
        store = SqlKeyStore(database)
        keys = _keys(tokens)
        while await store.commit(keys, expected=(await store.changes(0)).revision) is None:
            pass
    finally:
        await database.close()
    return tokens


def _keys(tokens: Sequence[str]) -> list[Key]:
    now = datetime.now(UTC)
    return [
        Key(
            id=token_id(token) or "",
            name=f"consumer-{number}",
            hash=token_hash(token),
            scopes=frozenset({str(Scope.EDGE_CALL)}),
            created_at=now,
            created_by="bench",
        )
        for number, token in enumerate(tokens)
    ]
