"""The projects, in PostgreSQL."""

import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
from psycopg2.extensions import connection as Connection
from psycopg2.extras import RealDictCursor

from src import settings

# what a client may set
FIELDS = ("name", "tags")


@contextmanager
def connection() -> Iterator[Connection]:
    """A connection of its own for each use: what is down now may be up for the next one."""
    opened = psycopg2.connect(**settings.POSTGRES, connect_timeout=2, application_name="studio")
    try:
        yield opened
    finally:
        opened.close()


def query(sql: str, values: list[Any] | None = None) -> list[dict[str, Any]]:
    with connection() as opened, opened, opened.cursor(cursor_factory=RealDictCursor) as cursor:
        cursor.execute(sql, values)
        return list(cursor)


def ping() -> None:
    query("select 1")


def projects() -> list[dict[str, Any]]:
    return [_shared(row) for row in query(f"select id, {', '.join(FIELDS)}, created_at from projects order by id desc")]


def add_project(given: dict[str, Any]) -> dict[str, Any]:
    names = [name for name in FIELDS if name in given]
    marks = ", ".join(["%s"] * len(names))
    sql = f"insert into projects ({', '.join(names)}) values ({marks}) returning id, {', '.join(FIELDS)}, created_at"
    return _shared(query(sql, [given[name] for name in names])[0])


def _shared(row: dict[str, Any]) -> dict[str, Any]:
    """Add the code by which a project is shared: only who knows the secret key can make one."""
    code = hmac.new(settings.SECRET_KEY.encode(), str(row["id"]).encode(), hashlib.sha256).hexdigest()
    return {**row, "created_at": row["created_at"].isoformat(), "share": code[:16]}
