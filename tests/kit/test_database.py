import asyncio
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import anyio
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

import sidecar.access.tables  # noqa: F401 - its tables belong to the metadata
from sidecar.kit.database import Database, DatabaseAwayError, Table, database_url
from sidecar.kit.database_faults import LOCKED
from sidecar.migrations import FOLDER
from tests.databases import KINDS, a_database, a_file, an_empty_url

PASSWORD = "s3cret-w0rd"  # noqa: S105 - not one


async def _write(database: Database, *statements: str) -> None:
    async with database.writing() as connection:
        for statement in statements:
            await connection.exec_driver_sql(statement)


async def _raise(database: Database) -> None:
    await _write(database, "UPDATE access_revisions SET number = number + 1")


async def _number(database: Database) -> int:
    async with database.reading() as connection:
        found = await connection.exec_driver_sql("SELECT number FROM access_revisions")
        return int(found.scalar_one())


@contextmanager
def _locked(file: Path, lock: str = "BEGIN IMMEDIATE") -> Iterator[sqlite3.Connection]:
    """Lock a file as another program does, until the block ends or the lock is let go."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute(lock)
        yield other


class _Heard(logging.Handler):
    """Tells when a warning was logged."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.event = asyncio.Event()

    def emit(self, _: logging.LogRecord) -> None:
        self.event.set()


@pytest.fixture
def warned() -> Iterator[asyncio.Event]:
    heard, log = _Heard(), logging.getLogger("gatehouse.database")
    log.addHandler(heard)
    yield heard.event
    log.removeHandler(heard)


@pytest.mark.parametrize("kind", KINDS)
async def test_models_and_migrations_agree(kind: str, tmp_path: Path) -> None:
    def differences(connection: Connection) -> object:
        options = {"version_table": "schema_version", "compare_type": True}
        return compare_metadata(
            MigrationContext.configure(connection, opts=options), Table.metadata
        )

    async with a_database(kind, tmp_path) as database, database.reading() as connection:
        assert await connection.run_sync(differences) == []


@pytest.mark.parametrize("kind", KINDS)
async def test_many_that_migrate_at_once_do_it_once(kind: str, tmp_path: Path) -> None:
    async with an_empty_url(kind, tmp_path) as url:
        databases = [Database(database_url(url)) for _ in range(4)]

        with anyio.fail_after(20):
            await asyncio.gather(*(each.upgrade(FOLDER) for each in databases))
            await asyncio.gather(*(_raise(each) for each in databases))

        assert [await _number(each) for each in databases] == [4] * 4
        for each in databases:
            await each.close()


@pytest.mark.parametrize("journal", ["DELETE", "WAL"])
async def test_a_migration_waits_for_a_lock_to_end(
    journal: str, tmp_path: Path, warned: asyncio.Event
) -> None:
    file = tmp_path / "gatehouse.db"
    with closing(sqlite3.connect(file)) as first:
        first.execute(f"PRAGMA journal_mode={journal}")
    async with a_file(file) as database:
        with anyio.fail_after(30), _locked(file, "BEGIN EXCLUSIVE") as other:
            upgrading = asyncio.create_task(database.upgrade(FOLDER))
            await asyncio.wait(
                [asyncio.create_task(warned.wait()), upgrading],
                return_when=asyncio.FIRST_COMPLETED,
            )
            fault = database.fault
            other.rollback()
            await upgrading

        assert fault == "is locked by another program"
        assert await _number(database) == 0
        assert database.fault is None


@pytest.mark.parametrize("kind", KINDS)
async def test_what_was_written_is_there_after_a_migration(kind: str, tmp_path: Path) -> None:
    async with a_database(kind, tmp_path) as database:
        await _raise(database)

        await database.upgrade(FOLDER)

        assert await _number(database) == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_a_block_that_fails_leaves_nothing_behind(kind: str, tmp_path: Path) -> None:
    async with a_database(kind, tmp_path) as database:
        with pytest.raises(DatabaseAwayError):
            await _write(
                database, "UPDATE access_revisions SET number = 7", "INSERT INTO nowhere VALUES (1)"
            )

        assert await _number(database) == 0


@pytest.mark.parametrize("kind", KINDS)
async def test_the_database_of_a_newer_version_is_left_alone(kind: str, tmp_path: Path) -> None:
    async with a_database(kind, tmp_path) as database:
        async with database.writing() as connection:
            await connection.exec_driver_sql("UPDATE schema_version SET version_num = '9999'")

        with pytest.raises(DatabaseAwayError, match="by a newer version of Gatehouse"):
            await database.upgrade(FOLDER)


async def test_the_file_is_its_owners_alone_and_survives_power_cuts(tmp_path: Path) -> None:
    async with a_database("sqlite", tmp_path / "var") as database:
        await _raise(database)

        async with database.reading() as connection:
            answers = [
                (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar_one()
                for name in ("journal_mode", "synchronous")
            ]
        modes = {file.stat().st_mode & 0o777 for file in (tmp_path / "var").iterdir()}

    assert answers == ["wal", 2]
    assert modes == {0o600}


async def test_a_database_that_another_program_locks_is_read_and_not_written(
    tmp_path: Path,
) -> None:
    async with a_database("sqlite", tmp_path) as database:
        with _locked(tmp_path / "gatehouse.db"):
            with anyio.fail_after(10), pytest.raises(DatabaseAwayError, match="is locked by"):
                await _raise(database)
            number = await _number(database)
        await _raise(database)

        assert (number, await _number(database)) == (0, 1)


async def test_many_that_write_to_a_locked_database_wait_together(tmp_path: Path) -> None:
    async with a_database("sqlite", tmp_path) as database:
        with _locked(tmp_path / "gatehouse.db"), anyio.fail_after(10):
            refused = await asyncio.gather(
                *(_raise(database) for _ in range(12)), return_exceptions=True
            )
        await asyncio.gather(*(_raise(database) for _ in range(12)))

        assert {type(each) for each in refused} == {DatabaseAwayError}
        assert {str(each) for each in refused} == {str(DatabaseAwayError(LOCKED))}
        assert await _number(database) == 12


async def test_a_write_that_fails_for_a_reason_of_its_own_fails_alone(tmp_path: Path) -> None:
    async with a_database("sqlite", tmp_path) as database:
        said = await asyncio.gather(
            _write(database, "INSERT INTO nowhere VALUES (1)"),
            _raise(database),
            return_exceptions=True,
        )

        assert [type(each) for each in said] == [DatabaseAwayError, type(None)]


async def test_a_full_disk_takes_no_writes_and_loses_nothing(tmp_path: Path) -> None:
    async with a_database("sqlite", tmp_path) as database:
        await _raise(database)
    async with a_file(tmp_path / "gatehouse.db", {"max_page_count": 1}) as full:
        with pytest.raises(DatabaseAwayError, match="has no space left"):
            await _write(
                full,
                *(
                    f"INSERT INTO access_owners VALUES ('{number:060}', 'key', '2026')"  # noqa: S608
                    for number in range(200)
                ),
            )

        assert await _number(full) == 1


async def test_a_read_only_database_takes_no_writes(tmp_path: Path) -> None:
    async with a_database("sqlite", tmp_path):
        pass
    async with a_file(tmp_path / "gatehouse.db", {"query_only": 1}) as read_only:
        with pytest.raises(DatabaseAwayError, match="is read-only"):
            await _raise(read_only)


async def test_a_file_replaced_by_garbage_is_noticed_and_so_is_its_return(tmp_path: Path) -> None:
    file, kept = tmp_path / "gatehouse.db", tmp_path / "kept"
    async with a_database("sqlite", tmp_path) as database:
        await _raise(database)
        async with database.reading() as connection:
            # Otherwise SQLite goes on from its log, which has all of so small a database.
            await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        file.rename(kept)
        file.write_bytes(b"garbage" * 1000)

        with pytest.raises(DatabaseAwayError, match="is damaged"):
            await _number(database)
        with pytest.raises(DatabaseAwayError, match="is damaged"):
            await _raise(database)
        assert database.fault == "is damaged: its file is no SQLite database"
        assert file.read_bytes() == b"garbage" * 1000
        kept.replace(file)

        assert await _number(database) == 1
        assert database.fault is None


async def test_a_file_that_vanished_is_not_made_anew(tmp_path: Path) -> None:
    async with a_database("sqlite", tmp_path) as database:
        (tmp_path / "gatehouse.db").unlink()

        with pytest.raises(DatabaseAwayError, match="can not be reached: No such file"):
            await _raise(database)

        assert not (tmp_path / "gatehouse.db").exists()


async def test_a_folder_that_can_not_be_made_is_a_fault_and_not_a_crash(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file")
    async with a_file(tmp_path / "var" / "gatehouse.db") as database:
        with pytest.raises(DatabaseAwayError, match="can not be reached: File exists"):
            await database.upgrade(FOLDER)


async def test_no_server_is_a_fault_without_the_password(caplog: pytest.LogCaptureFixture) -> None:
    database = Database(database_url(f"postgres://me:{PASSWORD}@127.0.0.1:1/gatehouse"))

    with anyio.fail_after(10), pytest.raises(DatabaseAwayError) as refused:
        await database.upgrade(FOLDER)
    with anyio.fail_after(10), pytest.raises(DatabaseAwayError):
        await _number(database)

    assert "can not be reached" in str(refused.value)
    assert database.fault is not None
    assert PASSWORD not in caplog.text + str(refused.value) + database.fault
    await database.close()


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("postgres://u:p@h:5/d", "postgresql+asyncpg://u:p@h:5/d"),
        ("postgresql://h/d", "postgresql+asyncpg://h/d"),
        ("postgresql+psycopg2://h/d", "postgresql+asyncpg://h/d"),
        ("postgresql://h/d?sslmode=require", "postgresql+asyncpg://h/d?ssl=require"),
        ("postgresql://u@/d?host=/run/pg", "postgresql+asyncpg://u@/d?host=%2Frun%2Fpg"),
        ("postgresql://h/d?channel_binding=require", "postgresql+asyncpg://h/d"),
        ("sqlite:///var/x.db", "sqlite+aiosqlite:///var/x.db"),
        ("sqlite:////var/x.db", "sqlite+aiosqlite:////var/x.db"),
    ],
)
def test_a_url_is_read_as_everybody_writes_them(given: str, read: str) -> None:
    assert database_url(given).render_as_string(hide_password=False) == read


@pytest.mark.parametrize(
    "given",
    [
        f"mysql://u:{PASSWORD}@h/d",
        f"postgres://u:{PASSWORD}@h",
        f"postgres://u:{PASSWORD}@h:port/d",
        f"{PASSWORD}",
        "sqlite://",
        "sqlite:///:memory:",
        "",
    ],
)
def test_another_url_is_refused_and_not_repeated(given: str) -> None:
    with pytest.raises(ValueError, match="must be postgresql://") as refused:
        database_url(given)

    assert PASSWORD not in str(refused.value)
