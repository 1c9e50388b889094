"""Bring the schema up to date: each file of migrations/ once, in the order of their names."""

import argparse
import sys
from pathlib import Path

import psycopg2
from psycopg2.extensions import connection as Connection

from src import database

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK = 0x57D10  # any number, as long as every copy of this program takes the same

CREATE_TABLE = """
create table if not exists schema_migrations (
    version text primary key,
    applied_at timestamptz not null default now()
)
"""


def apply(connection: Connection, migration: Path) -> None:
    """Apply one file and record it, both or neither."""
    with connection, connection.cursor() as cursor:
        cursor.execute(migration.read_text())
        cursor.execute("insert into schema_migrations (version) values (%s)", [migration.stem])


def recorded(connection: Connection) -> list[str]:
    with connection, connection.cursor() as cursor:
        cursor.execute("select to_regclass('schema_migrations') is not null")
        if not cursor.fetchone()[0]:
            return []
        cursor.execute("select version from schema_migrations order by version")
        return [version for (version,) in cursor]


def migrate(connection: Connection) -> None:
    with connection, connection.cursor() as cursor:
        # held until the connection closes: a second migration waits here, then finds nothing left to do
        cursor.execute("select pg_advisory_lock(%s)", [LOCK])
        cursor.execute(CREATE_TABLE)
    done = recorded(connection)
    pending = [path for path in sorted(MIGRATIONS.glob("*.sql")) if path.stem not in done]
    for migration in pending:
        try:
            apply(connection, migration)
        except psycopg2.Error as error:
            sys.exit(f"ERROR {migration.name} failed and left nothing behind: {str(error).strip()}")
        print(f"applied {migration.stem}")
    if not pending:
        print("nothing to apply")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.db.migrate", description=__doc__)
    parser.add_argument("--head", action="store_true", help="only print the last version that is recorded")
    only_head = parser.parse_args().head
    try:
        with database.connection() as connection:
            if only_head:
                print((recorded(connection) or ["none"])[-1])
            else:
                migrate(connection)
    except psycopg2.OperationalError as error:
        sys.exit(f"ERROR the database cannot be reached: {str(error).strip()}")


if __name__ == "__main__":
    main()
