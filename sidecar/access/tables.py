"""The tables of keys and of who owns what."""

from datetime import datetime
from typing import Any

from advanced_alchemy.types import DateTimeUTC
from sqlalchemy import JSON, BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from sidecar.kit.database import Table

_NAMES = JSON(none_as_null=True)
_TIME = DateTimeUTC(timezone=True)


class KeyRow(Table):
    """One key: never its secret, only what that hashes to. Rows are ended, and not deleted.

    `revision` is that of the commit which changed the row last, so that others read only what is
    new to them.
    """

    __tablename__ = "access_keys"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    previous_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str]] = mapped_column(_NAMES)
    services: Mapped[list[str] | None] = mapped_column(_NAMES)
    prefixes: Mapped[list[str] | None] = mapped_column(_NAMES)
    capabilities: Mapped[list[str] | None] = mapped_column(_NAMES)
    tenant: Mapped[dict[str, Any] | None] = mapped_column(_NAMES)
    created_at: Mapped[datetime] = mapped_column(_TIME)
    created_by: Mapped[str] = mapped_column(String(32))
    expires_at: Mapped[datetime | None] = mapped_column(_TIME)
    revoked_at: Mapped[datetime | None] = mapped_column(_TIME)
    rotated_at: Mapped[datetime | None] = mapped_column(_TIME)
    overlap_ends_at: Mapped[datetime | None] = mapped_column(_TIME)
    last_used_at: Mapped[datetime | None] = mapped_column(_TIME, index=True)
    revision: Mapped[int] = mapped_column(BigInteger, index=True)


class RevisionRow(Table):
    """A number that every commit raises first, which also puts the commits in a row."""

    __tablename__ = "access_revisions"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger)


class OwnerRow(Table):
    """Which key a name belongs to: the one that registered it first."""

    __tablename__ = "access_owners"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    key_id: Mapped[str] = mapped_column(String(32), index=True)
    since: Mapped[datetime] = mapped_column(_TIME)
