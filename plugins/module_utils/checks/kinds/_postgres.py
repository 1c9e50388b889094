# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A query to PostgreSQL, asked with the client in its own container."""

from __future__ import annotations

import time

from ...core._options import Option
from ...core._side_by_side import in_thread
from ...core._verdicts import ERROR, FAIL, PASS, Outcome
from ...databases._psql import psql
from ...running._project import ExecResult, Project
from ...running._scene import Scene
from ...text._excerpt import excerpt
from ._kind import Attempt, Kind, Options

_EXCERPT = 300


def run_postgres(project: Project, options: Options, seconds: float) -> Outcome:
    """Ask PostgreSQL one query."""
    began = time.perf_counter()
    result = psql(project, options, [options["query"]], seconds, stop_at_errors=True)
    return judged_postgres(options, result, (time.perf_counter() - began) * 1000)


def judged_postgres(options: Options, result: ExecResult, latency_ms: float) -> Outcome:
    """Judge what psql said."""
    said = excerpt(result.output, _EXCERPT)
    observed = {"code": result.code}
    if result.code in (126, 127):
        return Outcome(ERROR, f"psql cannot be run in {options['service']}: {said}", observed, final=True)
    if result.code != 0:
        return Outcome(FAIL, f"psql ended with code {result.code}: {said}", observed, latency_ms=latency_ms)
    answer = result.output.strip()
    if options["expect"] is not None and answer != options["expect"]:
        reason = f"the query answered {excerpt(answer, _EXCERPT)!r}, expected {options['expect']!r}"
        return Outcome(FAIL, reason, observed, latency_ms=latency_ms)
    return Outcome(PASS, "the query was answered", observed, latency_ms=latency_ms)


def _attempt(options: Options, scene: Scene) -> Attempt:
    return lambda seconds: in_thread(lambda: run_postgres(scene.project, options, seconds))


KIND = Kind(
    name="postgres",
    about="a query is answered, asked with C(psql) in the service's container.",
    options={
        "service": Option("str", "postgres", about="The service to check."),
        "user": Option("str", about="The database user. The container's own unless given."),
        "database": Option("str", about="The database. The container's own unless given."),
        "query": Option("str", "SELECT 1", about="The query."),
        "expect": Option("str", about="What the query answers."),
    },
    attempt=_attempt,
    asks_platform=True,
    blocks=True,
)
