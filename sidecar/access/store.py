"""Where keys are kept."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

from sidecar.access.models import (
    ADMIN_SCOPES,
    JOIN_SCOPES,
    Caller,
    Scope,
    make_token,
    token_hash,
    token_id,
)
from sidecar.access.secrets import ensure_secret_file


class KeyStore(Protocol):
    async def find(self, hashed: str) -> Caller | None:
        """Answer whose key has this SHA-256, or `None`."""
        ...


class FileKeyStore:
    """The admin key and the join key of the first start, hashed in memory."""

    def __init__(self, keys: Iterable[tuple[str, frozenset[Scope]]]) -> None:
        self._callers: Mapping[str, Caller] = {
            token_hash(token): Caller(key_id=token_id(token) or name_of(scopes), scopes=scopes)
            for token, scopes in keys
        }

    @classmethod
    def open(cls, folder: Path) -> "FileKeyStore":
        """Read both keys, making those that are missing (0600)."""
        return cls(
            (ensure_secret_file(folder / f"{name}.key", make_token), scopes)
            for name, scopes in (("admin", ADMIN_SCOPES), ("join", JOIN_SCOPES))
        )

    async def find(self, hashed: str) -> Caller | None:
        return self._callers.get(hashed)


def name_of(scopes: frozenset[Scope]) -> str:
    return "admin" if Scope.ADMIN in scopes else "join"
