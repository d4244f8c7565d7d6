"""The database: SQLite in a file or PostgreSQL, its migrations, its faults translated."""

import asyncio
import contextlib
import logging
import os
import re
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg  # type: ignore[import-untyped]
from advanced_alchemy.base import DefaultBase
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from sidecar.kit.errors import UnavailableError

_log = logging.getLogger("gatehouse.database")

DatabaseUrl = URL

_BUSY_SECONDS = 2.0
_CONNECT_SECONDS = 3.0
_ANSWER_SECONDS = 5.0
_POOL_SECONDS = 5.0
# SQLite has one writer at a time; more connections would only wait for each other.
_SQLITE_CONNECTIONS = 3
_MIGRATION_LOCK = 6_417_384_011
_FAULTS = (SQLAlchemyError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
# By SQLite's result code and PostgreSQL's SQLSTATE: what an operator can do something about.
_REASONS = {
    "SQLITE_BUSY": "is locked by another program",
    "SQLITE_LOCKED": "is locked by another program",
    "SQLITE_FULL": "has no space left",
    "SQLITE_READONLY": "is read-only",
    "SQLITE_CANTOPEN": "can not be opened",
    "SQLITE_NOTADB": "is damaged: its file is no SQLite database",
    "SQLITE_CORRUPT": "is damaged",
    "SQLITE_IOERR": "can not be read or written",
    "25006": "is read-only",
    "28": "refuses the user or the password",
    "3D000": "does not exist on its server",
    "42501": "does not allow this user so much",
    "53100": "has no space left",
    "53300": "has no connection left",
    "55P03": "is locked by another program",
}
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
        self._turn: contextlib.AbstractAsyncContextManager[object] = (
            asyncio.Lock() if is_sqlite else contextlib.nullcontext()
        )

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Open a connection to read with."""
        try:
            async with self._engine.connect() as connection:
                yield connection
        except _FAULTS as error:
            reason = _reason(error)
            if self.fault != reason:
                _log.warning("The database %s; what is live goes on.", reason)
            self.fault = reason
            raise DatabaseAwayError(reason) from error
        if self.fault is not None:
            _log.info("The database answers.")
        self.fault = None

    @contextlib.asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that is kept when the block ends, or not at all.

        Its first statement must be a write: SQLite gives up at once where a reader becomes one.
        """
        try:
            async with self._turn, self._engine.begin() as connection:
                yield connection
        except _FAULTS as error:
            reason = _reason(error)
            _log.warning("A write was not taken: the database %s.", reason)
            raise DatabaseAwayError(reason) from error

    async def upgrade(self, migrations: Path) -> None:
        """Bring the tables to what this version knows; several processes may do so at once."""
        try:
            if self._file is not None:
                _ensure_file(self._file)
                await self._use_wal()
            async with self._engine.begin() as connection:
                await self._lock_migrations(connection)
                await connection.run_sync(_upgrade, migrations)
        except CommandError as error:
            self.fault = "was made by a newer version of Gatehouse"
            raise DatabaseAwayError(self.fault) from error
        except _FAULTS as error:
            reason = _reason(error)
            if self.fault != reason:
                _log.warning("The database %s; it is tried again and again.", reason)
            self.fault = reason
            raise DatabaseAwayError(reason) from error

    async def close(self) -> None:
        await self._engine.dispose()

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


def _reason(error: BaseException) -> str:
    """Say what is wrong without the text of the error, which may quote what was written."""
    for each in _causes(error):
        # The extended codes of SQLite begin with the plain ones, SQLSTATE with its class.
        code = str(getattr(each, "sqlite_errorname", None) or getattr(each, "sqlstate", None) or "")
        for known, reason in _REASONS.items():
            if code.startswith(known):
                return reason
    if isinstance(error, OSError) and error.strerror:
        return f"can not be reached: {error.strerror}"
    return f"does not answer ({type(_causes(error)[-1]).__name__})"


def _causes(error: BaseException) -> list[BaseException]:
    found = [error]
    while (
        nearer := (found[-1].orig if isinstance(found[-1], DBAPIError) else None)
        or found[-1].__cause__
    ) and nearer not in found:
        found.append(nearer)
    return found
