"""The admin key and the join key, which the gateway makes itself and keeps in files."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sidecar.access.errors import SecretFileError
from sidecar.access.models import (
    ADMIN_SCOPES,
    JOIN_SCOPES,
    Key,
    make_token,
    token_hash,
    token_id,
)
from sidecar.access.secrets import ensure_secret_file
from sidecar.kit.clock import Clock
from sidecar.kit.files import replace_file

NAMES = {"admin": ADMIN_SCOPES, "join": JOIN_SCOPES}
_OURS_ALONE = 0o600


@dataclass(frozen=True)
class HeldKey:
    """What a file holds: `own_words` where somebody wrote a secret of their own into it."""

    name: str
    key_id: str
    hash: str
    own_words: bool

    def as_key(self, clock: Clock) -> Key:
        return Key(
            id=self.key_id,
            name=self.name,
            hash=self.hash,
            scopes=frozenset(str(scope) for scope in NAMES[self.name]),
            created_at=clock.now(),
            created_by=self.key_id,
        )


class HeldKeys:
    """`admin.key` and `join.key`, readable for their owner alone.

    A new secret of such a key is staged beside the file, and takes its place once the database
    has it: whatever happens in between, the file holds a secret that opens.
    """

    def __init__(self, folder: Path, copies: Mapping[str, Path] | None = None) -> None:
        self._folder = folder
        self._copies = dict(copies or {})

    def make(self) -> None:
        """Make the files that are missing, and the copies anew."""
        for name in NAMES:
            self._copy(name, ensure_secret_file(self._file(name), make_token))

    def read(self) -> list[HeldKey]:
        """Answer what the files hold; one that can not be read is left out."""
        return [held for name in NAMES if (held := self._read(name, self._file(name)))]

    def holding(self, key_id: str) -> str | None:
        """Answer the name of the file that holds a key, or `None`."""
        return next((held.name for held in self.read() if held.key_id == key_id), None)

    def stage(self, name: str, token: str) -> None:
        """Put a new secret beside the file; raises `SecretFileError`."""
        try:
            self._replace(self._staged(name), token)
        except OSError as error:
            raise SecretFileError(f"{name}.key can not be written: {error.strerror}.") from error

    def staged(self) -> list[HeldKey]:
        return [held for name in NAMES if (held := self._read(name, self._staged(name)))]

    def settle(self, name: str, *, taken: bool) -> None:
        """Let the staged secret take the file's place, or drop it. Raises `OSError`."""
        staged = self._staged(name)
        if not taken:
            staged.unlink(missing_ok=True)
            return
        self._copy(name, staged.read_text().strip())
        staged.replace(self._file(name))

    def issued(self, name: str) -> str | None:
        """Answer which key the file held when it was last noted in the database."""
        with contextlib.suppress(OSError):
            return self._noted(name).read_text().strip() or None
        return None

    def note_issued(self, name: str, key_id: str) -> None:
        """Note which key the file holds, now that the database has it. Raises `OSError`."""
        self._replace(self._noted(name), key_id)

    def _read(self, name: str, file: Path) -> HeldKey | None:
        try:
            token = file.read_text().strip()
        except (OSError, UnicodeDecodeError):
            return None
        key_id = token_id(token)
        return HeldKey(name, key_id or name, token_hash(token), own_words=key_id is None)

    def _copy(self, name: str, token: str) -> None:
        if name in self._copies:
            self._replace(self._copies[name], token)

    def _replace(self, file: Path, text: str) -> None:
        staged = file.with_name(f".{file.name}.new")
        replace_file(file, f"{text}\n", staged=staged, mode=_OURS_ALONE)

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.key"

    def _staged(self, name: str) -> Path:
        return self._folder / f"{name}.key.next"

    def _noted(self, name: str) -> Path:
        return self._folder / f"{name}.id"
