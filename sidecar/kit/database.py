"""The database: SQLite in a file or PostgreSQL, its migrations, its faults translated."""

import asyncio
import contextlib
import logging
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg  # type: ignore[import-untyped]
from advanced_alchemy.base import DefaultBase
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from sidecar.kit.database_faults import LOCKED, reason_of
from sidecar.kit.errors import UnavailableError

_log = logging.getLogger("gatehouse.database")

DatabaseUrl = URL

FAULTS = (SQLAlchemyError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""What the blocks of a `Database` translate; whoever catches more lets these pass."""

_BUSY_SECONDS = 2.0
_CONNECT_SECONDS = 3.0
_ANSWER_SECONDS = 5.0
_POOL_SECONDS = 5.0
# How long those that migrate at once wait for each other, and how often they look.
_MIGRATION_SECONDS = 30.0
_LOOK_SECONDS = 0.05
# SQLite has one writer at a time; more connections would only wait for each other.
_SQLITE_CONNECTIONS = 3
_MIGRATION_LOCK = 6_417_384_011
_SCHEMES = re.compile(r"(postgres|postgresql|sqlite)(\+[a-z0-9]+)?://")
_ACCEPTED = "must be postgresql://user:password@host/name or sqlite:///path"


class Table(DefaultBase):
    """The base of every table, so that one set of migrations covers them all."""

    __abstract__ = True


class DatabaseAwayError(UnavailableError):
    """The database does not answer, or takes no writes: nothing was changed as far as is known.

    Keys that exist go on working, here and at the edge, and so does every service that is live.
    """

    slug = "database-away"
    title = "The database does not answer"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The database {reason}. What is live stays live, and keys go on working;"
            " try again in a moment."
        )
        self.reason = reason


def database_url(given: str) -> DatabaseUrl:
    """Read what was set as the database, with the driver in use.

    Raises `ValueError` that says what would be accepted and nothing of what was given, which may
    hold a password.
    """
    scheme = _SCHEMES.match(given)
    try:
        url = make_url(given) if scheme else None
    except (ArgumentError, ValueError):
        url = None
    if url is None or scheme is None or not url.database:
        raise ValueError(_ACCEPTED)
    if scheme[1] == "sqlite":
        if url.database == ":memory:":
            raise ValueError(_ACCEPTED)
        return sqlite_url(Path(url.database))
    return url.set(drivername="postgresql+asyncpg", query=_postgres_query(url.query))


def sqlite_url(file: Path) -> DatabaseUrl:
    """Answer the URL of a database in a file."""
    return URL.create("sqlite+aiosqlite", database=str(file))


def _postgres_query(given: Mapping[str, Any]) -> dict[str, Any]:
    """Keep what asyncpg knows; hosted databases hand out URLs in libpq's words."""
    known = {"sslmode": "ssl", "ssl": "ssl", "host": "host", "port": "port"}
    for name in given.keys() - known.keys():
        _log.warning("The database URL's parameter %r is not known here and left out.", name)
    return {known[name]: value for name, value in given.items() if name in known}


class Database:
    """One pool of connections. Whatever goes wrong in its blocks is a `DatabaseAwayError`.

    `fault` is why it did not answer when it was last read, or `None`.
    """

    def __init__(self, url: DatabaseUrl, *, pragmas: Mapping[str, str | int] | None = None) -> None:
        self.fault: str | None = "was not asked yet"
        is_sqlite = url.get_backend_name() == "sqlite"
        self._file = Path(url.database or "") if is_sqlite else None
        self._engine = _sqlite(url, pragmas or {}) if is_sqlite else _postgres(url)
        self._turn = _Turn() if is_sqlite else None

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Open a connection to read with."""
        try:
            async with self._engine.connect() as connection:
                yield connection
        except FAULTS as error:
            raise self._away(error) from error
        if self.fault is not None:
            _log.info("The database answers.")
        self.fault = None

    @contextlib.asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that is kept when the block ends, or not at all.

        Its first statement must be a write: SQLite gives up at once where a reader becomes one.
        """
        try:
            async with self._its_turn(), self._engine.begin() as connection:
                yield connection
        except FAULTS as error:
            reason = reason_of(error)
            _log.warning("A write was not taken: the database %s.", reason)
            raise DatabaseAwayError(reason) from error

    async def upgrade(self, migrations: Path) -> None:
        """Bring the tables to what this version knows; several processes may do so at once.

        While SQLite's file is locked this waits for up to 30 s, with a `fault` that says so.
        """
        try:
            if self._file is not None:
                _ensure_file(self._file)
                await self._patiently(self._use_wal)
            await self._patiently(lambda: self._migrate(migrations))
        except CommandError as error:
            self.fault = "was made by a newer version of Gatehouse"
            raise DatabaseAwayError(self.fault) from error
        except FAULTS as error:
            raise self._away(error) from error

    async def close(self) -> None:
        await self._engine.dispose()

    def _away(self, error: BaseException) -> DatabaseAwayError:
        reason = reason_of(error)
        if self.fault != reason:
            _log.warning("The database %s; what is live goes on.", reason)
        self.fault = reason
        return DatabaseAwayError(reason)

    def _its_turn(self) -> contextlib.AbstractAsyncContextManager[None]:
        return contextlib.nullcontext() if self._turn is None else self._turn.taken()

    async def _patiently(self, step: Callable[[], Awaitable[None]]) -> None:
        # SQLite's own waiting is shorter, and does not cover the change to another journal.
        ends_at = asyncio.get_running_loop().time() + _MIGRATION_SECONDS
        while True:
            try:
                return await step()
            except FAULTS as error:
                is_late = asyncio.get_running_loop().time() > ends_at
                if self._file is None or is_late or reason_of(error) != LOCKED:
                    raise
                _ = self._away(error)
            await asyncio.sleep(_LOOK_SECONDS)

    async def _migrate(self, migrations: Path) -> None:
        async with self._engine.begin() as connection:
            await self._lock_migrations(connection)
            await connection.run_sync(_upgrade, migrations)

    async def _use_wal(self) -> None:
        # Kept in the file from then on. Not possible within a transaction.
        async with self._engine.connect() as connection:
            await connection.exec_driver_sql("PRAGMA journal_mode=WAL")

    async def _lock_migrations(self, connection: AsyncConnection) -> None:
        # Until the end of the transaction.
        if self._file is None:
            await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
        else:
            await connection.exec_driver_sql("BEGIN IMMEDIATE")


class _Turn:
    """One writer at a time, in the order of coming.

    Where one found the file locked, those who waited behind it are refused with it: each waiting
    for the lock in its turn, the last would wait for them all.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._refused = 0

    @contextlib.asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        refused = self._refused
        async with self._lock:
            if self._refused != refused:
                raise DatabaseAwayError(LOCKED)
            try:
                yield
            except FAULTS as error:
                if reason_of(error) == LOCKED:
                    self._refused += 1
                raise


def _sqlite(url: DatabaseUrl, pragmas: Mapping[str, str | int]) -> AsyncEngine:
    file = Path(url.database or "")
    # mode=rw: a file that vanished is a fault to report, and not an empty database.
    engine = create_async_engine(
        URL.create(
            url.drivername,
            database=f"file:{quote(str(file))}",
            query={"mode": "rw", "uri": "true"},
        ),
        connect_args={"timeout": _BUSY_SECONDS},
        pool_size=_SQLITE_CONNECTIONS,
        max_overflow=0,
        pool_timeout=_POOL_SECONDS,
        hide_parameters=True,
    )

    @event.listens_for(engine.sync_engine, "do_connect")
    def look(*_: object) -> None:
        # aiosqlite leaves a thread behind that speaks to a closed loop, where it can not connect.
        file.stat()

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, record: Any) -> None:
        record.info["file"] = _identity(file)
        cursor = connection.cursor()
        # An answer is sent when the write survives the death of the machine.
        for name, value in {"synchronous": "FULL", **pragmas}.items():
            cursor.execute(f"PRAGMA {name}={value}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "checkout")
    def check(_: Any, record: Any, __: Any) -> None:
        # A connection to a file that was replaced or removed would go on writing to the old one.
        if record.info.get("file") != _identity(file):
            raise DisconnectionError

    return engine


def _postgres(url: URL) -> AsyncEngine:
    return create_async_engine(
        url,
        connect_args={"timeout": _CONNECT_SECONDS, "command_timeout": _ANSWER_SECONDS},
        pool_size=5,
        max_overflow=5,
        pool_timeout=_POOL_SECONDS,
        pool_pre_ping=True,
        hide_parameters=True,
    )


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _ensure_file(file: Path) -> None:
    # SQLite gives its other files the mode of this one.
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))


def _upgrade(connection: Connection, migrations: Path) -> None:
    # Two lines at every start that say nothing.
    logging.getLogger("alembic.runtime.migration").setLevel(logging.WARNING)
    config = Config(attributes={"connection": connection})
    # ConfigParser expands percent signs.
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    command.upgrade(config, "head")
