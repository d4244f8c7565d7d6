"""Where keys are kept, and who owns what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import ColumnElement, bindparam, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.access.models import Key
from sidecar.access.rows import COLUMNS, as_key, why
from sidecar.access.tables import KeyRow, OwnerRow, RevisionRow
from sidecar.kit.database import FAULTS, Database

_NAME = "keys"
_AT_ONCE = 500
_KEY = tuple(getattr(KeyRow, name) for name in COLUMNS)


@dataclass(frozen=True)
class Changes:
    """The keys that changed since a revision; all of them where `is_whole`.

    `unreadable` are the ids of rows that are no keys, each with what is wrong, without values.
    """

    revision: int
    keys: Sequence[Key] = ()
    is_whole: bool = False
    unreadable: Mapping[str, str] = field(default_factory=dict)


class KeyStore(Protocol):
    """The record of keys. Every method raises `UnavailableError` when it is away."""

    async def changes(self, since: int) -> Changes:
        """Answer what changed after a revision, 0 being before everything.

        All of it where the store is older than that, as after a backup was put back.
        """
        ...

    async def commit(self, keys: Sequence[Key], *, expected: int) -> int | None:
        """Keep these keys as they are now, if the revision is the expected one.

        Answers the new revision, or `None` where somebody else was faster: read and try again.
        """
        ...

    async def note_uses(self, uses: Mapping[str, datetime]) -> None:
        """Note when keys were last used, by their ids; an earlier time changes nothing."""
        ...

    async def uses(self, since: datetime) -> dict[str, datetime]:
        """Answer the keys used after a time, by their ids."""
        ...


class OwnerStore(Protocol):
    """Which key holds which name. Every method raises `UnavailableError` when it is away."""

    async def find(self, name: str) -> str | None:
        """Answer the id of the key that holds a name, or `None`."""
        ...

    async def claim(self, name: str, key_id: str, now: datetime) -> str:
        """Give a name to a key if nobody holds it, and answer who does then."""
        ...

    async def adopt(self, names: Mapping[str, str], now: datetime) -> None:
        """Give names to keys, by their ids; those that anybody holds stay as they are."""
        ...

    async def hand_over(self, name: str, *, old: str, new: str, now: datetime) -> None:
        """Give a name to another key, unless it has left the old one by then."""
        ...

    async def release(self, name: str, owner: str) -> None:
        """Let a name go, if it is that key's."""
        ...


class SqlKeyStore:
    """A table of keys, and a revision that every commit raises."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def changes(self, since: int) -> Changes:
        async with self._database.reading() as connection:
            # The revision is read first: a commit in between makes it look old, and it is read
            # again.
            number = select(RevisionRow.number).where(RevisionRow.name == _NAME)
            revision = (await connection.execute(number)).scalar_one()
            if revision == since:
                return Changes(revision)
            is_whole = revision < since
            wanted = KeyRow.revision > (0 if is_whole else since)
            keys, unreadable = await _read(connection, wanted)
        return Changes(revision, keys, is_whole or since == 0, unreadable)

    async def commit(self, keys: Sequence[Key], *, expected: int) -> int | None:
        async with self._database.writing() as connection:
            raised = await connection.execute(
                update(RevisionRow)
                .where(RevisionRow.name == _NAME, RevisionRow.number == expected)
                .values(number=expected + 1)
            )
            if not raised.rowcount:
                return None
            for start in range(0, len(keys), _AT_ONCE):
                part = [_fields(key, expected + 1) for key in keys[start : start + _AT_ONCE]]
                await _put(connection, part)
        return expected + 1

    async def note_uses(self, uses: Mapping[str, datetime]) -> None:
        at = bindparam("at", type_=KeyRow.last_used_at.type)
        note = (
            update(KeyRow.__table__)  # type: ignore[arg-type]
            .where(
                KeyRow.id == bindparam("key_id"),
                or_(KeyRow.last_used_at.is_(None), KeyRow.last_used_at < at),
            )
            .values(last_used_at=at)
        )
        items = sorted(uses.items())
        for start in range(0, len(items), _AT_ONCE):
            part = items[start : start + _AT_ONCE]
            async with self._database.writing() as connection:
                await connection.execute(note, [{"key_id": id_, "at": at} for id_, at in part])

    async def uses(self, since: datetime) -> dict[str, datetime]:
        used = select(KeyRow.id, KeyRow.last_used_at).where(KeyRow.last_used_at > since)
        async with self._database.reading() as connection:
            try:
                return {id_: at for id_, at in await connection.execute(used) if at is not None}
            except ValueError:
                # A time that is none. Keys are more than when they were used.
                return {}


class SqlOwnerStore:
    """A table whose primary key makes the first claim of a name the only one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, name: str) -> str | None:
        async with self._database.reading() as connection:
            held = select(OwnerRow.key_id).where(OwnerRow.name == name)
            return (await connection.execute(held)).scalar_one_or_none()

    async def claim(self, name: str, key_id: str, now: datetime) -> str:
        async with self._database.writing() as connection:
            insert = _insert(connection)(OwnerRow).values(name=name, key_id=key_id, since=now)
            made = await connection.execute(insert.on_conflict_do_nothing())
            if made.rowcount:
                return key_id
            held = select(OwnerRow.key_id).where(OwnerRow.name == name)
            return str((await connection.execute(held)).scalar_one())

    async def adopt(self, names: Mapping[str, str], now: datetime) -> None:
        rows = [{"name": name, "key_id": key, "since": now} for name, key in sorted(names.items())]
        if not rows:
            return
        async with self._database.writing() as connection:
            for start in range(0, len(rows), _AT_ONCE):
                insert = _insert(connection)(OwnerRow).on_conflict_do_nothing()
                await connection.execute(insert, rows[start : start + _AT_ONCE])

    async def hand_over(self, name: str, *, old: str, new: str, now: datetime) -> None:
        async with self._database.writing() as connection:
            await connection.execute(
                update(OwnerRow)
                .where(OwnerRow.name == name, OwnerRow.key_id == old)
                .values(key_id=new, since=now)
            )

    async def release(self, name: str, owner: str) -> None:
        async with self._database.writing() as connection:
            table = OwnerRow.__table__
            await connection.execute(
                table.delete().where(OwnerRow.name == name, OwnerRow.key_id == owner)  # type: ignore[attr-defined]
            )


async def _read(
    connection: AsyncConnection, wanted: ColumnElement[bool]
) -> tuple[list[Key], dict[str, str]]:
    """Answer the keys in the order in which they were made, and what is wrong with the others."""
    keys: list[Key] = []
    unreadable: dict[str, str] = {}
    query = select(*_KEY).where(wanted).order_by(KeyRow.created_at, KeyRow.id)
    try:
        async with connection.stream(query) as rows:
            async for part in rows.partitions(_AT_ONCE):
                keys += map(as_key, part)
    except FAULTS:
        raise
    except Exception:  # noqa: BLE001 - whatever is wrong with one value, the others are to be read
        keys = await _read_each(connection, wanted, unreadable)
    return keys, unreadable


async def _read_each(
    connection: AsyncConnection, wanted: ColumnElement[bool], unreadable: dict[str, str]
) -> list[Key]:
    """Read in parts, and one by one what is beside a row that can not be read."""
    # Ordered as text: a time that is none keeps nothing from being in order.
    ids = select(KeyRow.id).where(wanted).order_by(KeyRow.created_at, KeyRow.id)
    left = [str(id_) for (id_,) in await connection.execute(ids)]
    parts = [left[start : start + _AT_ONCE] for start in range(0, len(left), _AT_ONCE)]
    keys: dict[str, Key] = {}
    while parts:
        part = parts.pop()
        try:
            found = await connection.execute(select(*_KEY).where(KeyRow.id.in_(part)))
            keys |= {key.id: key for key in map(as_key, found)}
        except FAULTS:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            if len(part) == 1:
                unreadable[part[0]] = why(error)
            else:
                middle = len(part) // 2
                parts += [part[:middle], part[middle:]]
    return [keys[id_] for id_ in left if id_ in keys]


async def _put(connection: AsyncConnection, rows: list[dict[str, Any]]) -> None:
    insert = _insert(connection)(KeyRow)
    changed = {name: insert.excluded[name] for name in rows[0] if name != "id"}
    await connection.execute(
        insert.on_conflict_do_update(index_elements=["id"], set_=changed), rows
    )


def _insert(connection: AsyncConnection) -> Any:
    # Both say ON CONFLICT in the same words; SQLAlchemy has no one name for it.
    is_sqlite = connection.dialect.name == "sqlite"
    return sqlite.insert if is_sqlite else postgresql.insert


def _fields(key: Key, revision: int) -> dict[str, Any]:
    return {
        **{name: getattr(key, name) for name in COLUMNS},
        "scopes": sorted(key.scopes),
        "tenant": key.tenant and key.tenant.model_dump(exclude_none=True),
        "revision": revision,
    }
