"""Keys, and who owns which service."""

import sqlalchemy as sa
from advanced_alchemy.types import DateTimeUTC
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    names = sa.JSON(none_as_null=True)
    time = DateTimeUTC(timezone=True)
    op.create_table(
        "access_keys",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("previous_hash", sa.String(64)),
        sa.Column("scopes", names, nullable=False),
        sa.Column("services", names),
        sa.Column("prefixes", names),
        sa.Column("capabilities", names),
        sa.Column("tenant", names),
        sa.Column("created_at", time, nullable=False),
        sa.Column("created_by", sa.String(32), nullable=False),
        sa.Column("expires_at", time),
        sa.Column("revoked_at", time),
        sa.Column("rotated_at", time),
        sa.Column("overlap_ends_at", time),
        sa.Column("last_used_at", time),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_keys")),
        sa.UniqueConstraint("hash", name=op.f("uq_access_keys_hash")),
        sa.UniqueConstraint("previous_hash", name=op.f("uq_access_keys_previous_hash")),
    )
    op.create_index(op.f("ix_access_keys_last_used_at"), "access_keys", ["last_used_at"])
    op.create_index(op.f("ix_access_keys_revision"), "access_keys", ["revision"])
    revisions = op.create_table(
        "access_revisions",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_access_revisions")),
    )
    op.bulk_insert(revisions, [{"name": "keys", "number": 0}])
    op.create_table(
        "access_owners",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("key_id", sa.String(32), nullable=False),
        sa.Column("since", time, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_access_owners")),
    )
    op.create_index(op.f("ix_access_owners_key_id"), "access_owners", ["key_id"])
