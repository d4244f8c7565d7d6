"""Databases for tests: SQLite in a folder, and PostgreSQL where one is given.

`GATEHOUSE_TEST_POSTGRES` is the URL of a server whose user may create databases.
"""

import os
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
import pytest

from sidecar.kit.database import Database, database_url, sqlite_url
from sidecar.migrations import FOLDER

KINDS = ("sqlite", "postgres")


@asynccontextmanager
async def an_empty_url(kind: str, folder: Path) -> AsyncIterator[str]:
    """Name a database that has no tables yet; it is gone afterwards."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'gatehouse.db'}"
        return
    server = os.environ.get("GATEHOUSE_TEST_POSTGRES")  # noqa: TID251 - where tests may go
    if not server:
        pytest.skip("GATEHOUSE_TEST_POSTGRES names no PostgreSQL.")
    name = f"gatehouse_{secrets.token_hex(6)}"
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(f"CREATE DATABASE {name}")
        yield database_url(server).set(database=name).render_as_string(hide_password=False)
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()


@asynccontextmanager
async def a_database(kind: str, folder: Path) -> AsyncIterator[Database]:
    """Open a database with all its tables."""
    async with an_empty_url(kind, folder) as url:
        database = Database(database_url(url))
        try:
            await database.upgrade(FOLDER)
            yield database
        finally:
            await database.close()


@asynccontextmanager
async def a_file(
    file: Path, pragmas: Mapping[str, str | int] | None = None
) -> AsyncIterator[Database]:
    """Open a SQLite database in a file, as it is."""
    database = Database(sqlite_url(file), pragmas=pragmas)
    try:
        yield database
    finally:
        await database.close()
