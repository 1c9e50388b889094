# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The attempts of a check, and what one that could not be finished tells."""

from __future__ import annotations

from ..core._deadline import Late
from ..core._errors import UNREACHABLE, BrokenOff, Garbled, NotThere, OpsError, Refused, TimedOut
from ..core._side_by_side import in_thread
from ..core._verdicts import ERROR, FAIL, SKIPPED, Outcome
from ..http import _sockets
from ..running._scene import Scene
from ._checklist import Check
from ._kinds import KINDS
from .kinds._kind import Attempt

_GRACE = 1.0


def attempt_of(check: Check, scene: Scene) -> Attempt:
    """Make the probe of a check."""
    attempt = KINDS[check.kind].attempt(check.options, scene)
    if not check.when_present:
        return attempt

    async def when_present(seconds: float) -> Outcome:
        service = check.options["service"]
        services = scene.services or await in_thread(lambda: [one.service for one in scene.project.containers()])
        if service not in services:
            return Outcome(SKIPPED, f"{service} is not part of the application")
        return await attempt(seconds)

    return when_present


def explained(error: Exception, check: Check, seconds: float) -> Outcome:
    """Say what an attempt that could not be finished tells about the check."""
    where = check.options.get("url") or f"{check.options.get('service') or check.options.get('host')}"
    if isinstance(error, (NotThere, TimedOut, Garbled)):
        return Outcome(FAIL, error.message)
    if isinstance(error, OpsError):
        is_out_of_reach = error.kind == UNREACHABLE or isinstance(error, BrokenOff)
        said = f"{error.message} {error.hint}".strip()
        return Outcome(ERROR, said, final=isinstance(error, Refused), out_of_reach=is_out_of_reach)
    if isinstance(error, Late):
        if _blocks(check):
            return Outcome(ERROR, f"the platform did not answer within {round(seconds, 2):g} s")
        return Outcome(FAIL, f"no answer within {round(seconds, 2):g} s")
    return _sockets.refusal(error, where)


def patience(check: Check, seconds: float) -> float:
    """Say when an attempt is cut off: those that mind the time themselves get the chance to say what happened."""
    return seconds + _GRACE if _blocks(check) else seconds


def _blocks(check: Check) -> bool:
    return check.kind in KINDS and KINDS[check.kind].blocks
