"""What Alembic runs: on the connection that it is handed, in a transaction of the caller's."""

from alembic import context

import sidecar.access.tables  # noqa: F401 - its tables belong to the metadata
from sidecar.kit.database import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    version_table="schema_version",
    render_as_batch=True,
)
context.run_migrations()
