"""The file that the edge reads keys from: hashes, and what each opens."""

import errno
import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sidecar.access.models import Key, Tenant, is_plain
from sidecar.kit.files import replace_file

VERSION = 1
_EDGE_ALSO = 0o640
_BUCKET = 2
_NAMES = ("scopes", "services", "prefixes", "capabilities")


_Identity = tuple[int, int, int, int]


@dataclass(frozen=True)
class Rendered:
    """The text of the file, and when it next says something else by itself."""

    text: str
    changes_at: datetime | None


def render(keys: Iterable[Key], now: datetime) -> Rendered:
    """Answer every secret that opens, by its hash in order.

    Made in a thread beside the event loop, which waits for no single step of it: one sort of
    100,000 lines would hold it up for 100 ms, so they are sorted in parts.
    """
    buckets: defaultdict[str, list[str]] = defaultdict(list)
    changes_at: datetime | None = None
    for key in keys:
        for hashed, ends_at in key.secrets(now):
            buckets[hashed[:_BUCKET]].append(f'"{hashed}":{_entry(key, ends_at)}')
            if ends_at is not None and (changes_at is None or ends_at < changes_at):
                changes_at = ends_at
    lines = [line for name in sorted(buckets) for line in sorted(buckets[name])]
    body = ",\n".join(lines)
    return Rendered(f'{{"version":{VERSION},"keys":{{\n{body}\n}}}}\n', changes_at)


def parse(text: str) -> list[Key]:
    """Read back what was rendered, for a start without a database; raises `ValueError`."""
    entries: defaultdict[str, list[tuple[str, dict[str, Any]]]] = defaultdict(list)
    try:
        document = json.loads(text)
        if document["version"] != VERSION:
            raise ValueError("of another version")
        for hashed, entry in document["keys"].items():
            entries[entry["id"]].append((hashed, entry))
        return [_key(key_id, found) for key_id, found in entries.items()]
    except (KeyError, TypeError, AttributeError, OverflowError, OSError) as error:
        raise ValueError("is no key file") from error


class KeyFile:
    """One file, replaced whole, and left alone while it would stay the same."""

    def __init__(self, path: Path, staging: Path) -> None:
        self._path = path
        self._staged = staging / path.name
        self._written: bytes | None = None
        self._left: _Identity | None = None

    def read(self) -> list[Key] | None:
        """Answer the keys of the file, or `None` where it is not there or not of the form."""
        try:
            return parse(self._path.read_text())
        except (OSError, ValueError):
            return None

    def exists(self) -> bool:
        return self._path.exists()

    def is_as_left(self) -> bool:
        """Tell whether the file is the one that was last written here, untouched since."""
        return self._left is not None and self._identity() == self._left

    def write(self, keys: Iterable[Key], now: datetime) -> datetime | None:
        """Write the keys, and answer when to write again. Raises `OSError`."""
        rendered = render(keys, now)
        digest = hashlib.sha256(rendered.text.encode()).digest()
        found = self._identity()
        if found is None or found != self._left:
            self._written, self._left = self._digest_of_file(), found
        if digest != self._written:
            replace_file(self._path, rendered.text, staged=self._staged, mode=_EDGE_ALSO)
            self._written, self._left = digest, self._identity()
        return rendered.changes_at

    def check(self) -> None:
        """Raise `OSError` where the file can not be written, by writing another beside it."""
        if self._path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        beside = self._path.with_name(f".{self._path.name}.check")
        staged = self._staged.with_name(beside.name)
        replace_file(beside, "{}", staged=staged, mode=_EDGE_ALSO)
        beside.unlink()

    def _identity(self) -> _Identity | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns

    def _digest_of_file(self) -> bytes | None:
        try:
            return hashlib.sha256(self._path.read_bytes()).digest()
        except OSError:
            return None


def _entry(key: Key, ends_at: datetime | None) -> str:
    # Nothing here needs escaping but a tenant: the patterns of names leave nothing else.
    parts = [f'{{"id":"{key.id}","consumer":"{key.name}","scopes":{_list(sorted(key.scopes))}']
    for field, names in (
        ("services", key.services),
        ("prefixes", key.prefixes),
        ("capabilities", key.capabilities),
    ):
        if names is not None:
            parts.append(f'"{field}":{_list(names)}')
    if ends_at is not None:
        parts.append(f'"expires":{int(ends_at.timestamp())}')
    if key.tenant is not None:
        parts += [
            f'"{field.removesuffix("_id")}":{json.dumps(value)}'
            for field, value in key.tenant.model_dump(exclude_none=True).items()
        ]
    return ",".join(parts) + "}"


def _list(names: Iterable[str]) -> str:
    return "[" + ",".join(f'"{name}"' for name in names) + "]"


def _key(key_id: str, entries: list[tuple[str, dict[str, Any]]]) -> Key:
    # During an overlap the old secret ends no later than the new one, which is the key's own.
    entries.sort(key=lambda item: item[1].get("expires", float("inf")))
    hashed, entry = entries[-1]
    previous, overlap = entries[0] if len(entries) > 1 else (None, {})
    names = [
        *(name for field in _NAMES for name in entry.get(field, ())),
        *(hashed for hashed, _ in entries),
    ]
    # What is not would make the file that is written from it unreadable.
    if not all(is_plain(name) for name in (key_id, entry["consumer"], *names)):
        raise ValueError("has a name that no key has")
    tenant = {f"{name}_id": entry[name] for name in ("site", "app", "user") if name in entry}
    return Key(
        id=key_id,
        name=entry["consumer"],
        hash=hashed,
        scopes=frozenset(entry["scopes"]),
        created_at=datetime.fromtimestamp(0, UTC),
        created_by="",
        services=_tuple(entry.get("services")),
        prefixes=_tuple(entry.get("prefixes")),
        capabilities=_tuple(entry.get("capabilities")),
        tenant=Tenant.model_validate(tenant) if tenant else None,
        expires_at=_moment(entry.get("expires")),
        overlap_ends_at=_moment(overlap.get("expires")),
        previous_hash=previous,
    )


def _tuple(names: list[str] | None) -> tuple[str, ...] | None:
    return None if names is None else tuple(names)


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
