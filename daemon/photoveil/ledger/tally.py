"""How many jobs are queued and running, counted with every change: counting a long queue each time takes too long."""

from __future__ import annotations

import sqlite3

_BEGIN = (
    # An attempt that failed half-way, as on a full disk, leaves what it made: statements like these are no transaction.
    *(f"DROP TRIGGER IF EXISTS temp.tally_{name}" for name in ("new", "change", "gone")),
    "DROP TABLE IF EXISTS temp.tally",
    "CREATE TEMP TABLE tally (state TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID",
    "INSERT INTO temp.tally SELECT 'queued', count(*) FROM main.jobs WHERE state = 'queued'",
    "INSERT INTO temp.tally SELECT 'running', count(*) FROM main.jobs WHERE state = 'running'",
    """
    CREATE TEMP TRIGGER tally_new AFTER INSERT ON main.jobs WHEN NEW.state IN ('queued', 'running') BEGIN
        UPDATE tally SET count = count + 1 WHERE state = NEW.state;
    END
    """,
    """
    CREATE TEMP TRIGGER tally_change AFTER UPDATE OF state ON main.jobs WHEN NEW.state <> OLD.state BEGIN
        UPDATE tally SET count = count - 1 WHERE state = OLD.state;
        UPDATE tally SET count = count + 1 WHERE state = NEW.state;
    END
    """,
    """
    CREATE TEMP TRIGGER tally_gone AFTER DELETE ON main.jobs WHEN OLD.state IN ('queued', 'running') BEGIN
        UPDATE tally SET count = count - 1 WHERE state = OLD.state;
    END
    """,
)


def begin(connection: sqlite3.Connection) -> None:
    """Count once, and from now on with every change over this connection."""
    for statement in _BEGIN:
        connection.execute(statement)


def read(connection: sqlite3.Connection) -> dict[str, int]:
    """How many rows are queued and running."""
    return dict(connection.execute("SELECT state, count FROM temp.tally").fetchall())
