# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Queries through psql, inside of the database's container."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..running._project import ExecResult, Project


def psql(
    project: Project, options: Mapping[str, Any], commands: Sequence[str], seconds: float, stop_at_errors: bool = False
) -> ExecResult:
    """Run the client in the server's own container; only the environment carries the password."""
    service = options["service"]
    # what the inventory says need not be asked for
    container = {} if options["user"] and options["database"] else project.environment_of(service)
    user = options["user"] or container.get("POSTGRES_USER") or "postgres"
    database = options["database"] or container.get("POSTGRES_DB") or user
    environment = {
        "PGCONNECT_TIMEOUT": str(max(2, math.ceil(seconds))),
        "PGOPTIONS": f"-c statement_timeout={max(1, int(seconds * 1000))}",
    }
    argv = ["psql", "-X", "-w", "-A", "-t", "-v", f"ON_ERROR_STOP={int(stop_at_errors)}", "-U", user, "-d", database]
    argv += [part for command in commands for part in ("-c", command)]
    password = {"PGPASSWORD": "POSTGRES_PASSWORD"}
    return project.exec(service, argv, timeout=seconds, environment=environment, borrowed=password)
