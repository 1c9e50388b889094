# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A command in the container of a service."""

from __future__ import annotations

import time

from ...core._options import Option
from ...core._side_by_side import in_thread
from ...core._verdicts import ERROR, FAIL, PASS, Outcome
from ...running._project import ExecResult, Project
from ...running._scene import Scene
from ...text._characters import printable
from ...text._excerpt import excerpt
from ._kind import Attempt, Kind, Options

_EXCERPT = 300


def run_exec(project: Project, options: Options, seconds: float) -> Outcome:
    """Run the check's command in its container."""
    began = time.perf_counter()
    result = project.exec(options["service"], options["command"], timeout=seconds)
    return judged_exec(options, result, (time.perf_counter() - began) * 1000)


def judged_exec(options: Options, result: ExecResult, latency_ms: float) -> Outcome:
    """Hold a command's end against what the check expects."""
    said = excerpt(result.output, _EXCERPT)
    observed = {"code": result.code, "output": said}
    if result.code in (126, 127) and options["expect_code"] != result.code:
        reason = f"{options['command'][0]} cannot be run in {options['service']}: {said}"
        return Outcome(ERROR, reason, observed, final=True)
    if result.code != options["expect_code"]:
        reason = f"ended with code {result.code}, expected {options['expect_code']}" + (f": {said}" if said else "")
        return Outcome(FAIL, reason, observed, latency_ms=latency_ms)
    wanted = options["output_contains"]
    if wanted and wanted not in result.output and wanted not in printable(result.output):
        return Outcome(FAIL, f"the output has no {wanted!r}: {said}", observed, latency_ms=latency_ms)
    return Outcome(PASS, f"ended with code {result.code}", observed, latency_ms=latency_ms)


def _attempt(options: Options, scene: Scene) -> Attempt:
    return lambda seconds: in_thread(lambda: run_exec(scene.project, options, seconds))


KIND = Kind(
    name="exec",
    about="a command in the service's container ends as expected.",
    options={
        "service": Option("str", required=True, about="The service to check."),
        "command": Option("list", required=True, about="The command and its arguments. No shell is involved."),
        "expect_code": Option("int", 0, about="The exit code of the command."),
        "output_contains": Option("str", about="A string that the command's output has."),
    },
    attempt=_attempt,
    asks_platform=True,
    blocks=True,
)
