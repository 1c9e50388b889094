# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Evidence: what was seen, kept before anything is undone.

A collector that fails never fails the bundle, and one that hangs or reads for too long does not delay the way back:
after ``app_evidence_timeout`` seconds the return begins, and the manifest says what is missing.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..core._errors import OpsError, TimedOut
from ..core._files import safe_name
from ..core._log_reading import LogEnd
from ..core._side_by_side import NOT_BEGUN, TIMED_OUT, Ended, side_by_side
from ..core._times import iso
from ..text._document import readable
from ..text._redaction import Redactor
from ._step import Step
from ._target import PHASE_SPEC, Target

if TYPE_CHECKING:
    #: reads a piece of evidence: a text as a whole, or the ends of logs
    Collector = Callable[[], str | Sequence[LogEnd]]
Files = dict[str, str]
#: of a text that is no log only so much is kept, in characters
LARGEST = 512 * 1024
#: one that hangs leaves time for others
_SHARE_OF_EACH = 0.5
#: what is left of the time is for looking for secrets in what was read
_SHARE_OF_READING = 0.75
_LONGEST_REASON = 1000


def collect(collectors: Mapping[str, Collector], shown: Redactor, seconds: float) -> tuple[Files, dict[str, Any]]:
    """Read each collector's text, without secrets; the manifest beside it says of each what became of it."""
    # services, pods and containers are named by others
    work = {safe_name(name): one for name, one in collectors.items()}
    files: Files = {}
    manifest: dict[str, Any] = {}
    deadline = time.monotonic() + seconds
    for name, ended in side_by_side(work, seconds * _SHARE_OF_READING, seconds * _SHARE_OF_EACH).items():
        # looking for secrets keeps a processor busy: side by side, all of it would be late at once
        if ended.value is not None and time.monotonic() < deadline:
            text, was_cut = _shown(ended.value, shown)
            files[name] = text
            manifest[name] = _facts(text, was_cut)
        elif not isinstance(ended.error, FileNotFoundError):
            manifest[name] = _why_not(ended, shown, seconds)
    return files, manifest


def _shown(found: str | Sequence[LogEnd], shown: Redactor) -> tuple[str, bool]:
    if isinstance(found, str):
        return shown.head(found, LARGEST), len(found) > LARGEST
    # what was cut off before was not seen, so the beginning of each may be a part of a secret
    texts = [shown.tail(end.text, len(end.text) or 1, end.was_cut).rstrip("\n") for end in found]
    return "\n".join(filter(None, texts)), any(end.was_cut for end in found)


def _facts(text: str, was_cut: bool) -> dict[str, Any]:
    content = text.encode("utf-8", "replace")
    return {
        "state": "truncated" if was_cut else "ok",
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def _why_not(ended: Ended[Any], shown: Redactor, seconds: float) -> dict[str, Any]:
    if ended.state == TIMED_OUT:
        return {"state": "timed_out", "reason": f"it was not read within {seconds * _SHARE_OF_EACH:.1f} s"}
    if ended.state == NOT_BEGUN or ended.value is not None:
        return {"state": "skipped", "reason": "the time of app_evidence_timeout was over"}
    return {"state": "error", "reason": shown.head(str(ended.error), _LONGEST_REASON)}


def _prepared(target: Target, params: Mapping[str, Any], seconds: float) -> tuple[Mapping[str, Collector], Redactor]:
    """What the platform has to show, and what must not be shown; where that is not known, neither is anything else."""
    [ended] = side_by_side({"": lambda: (target.collectors(params), target.redactor)}, seconds, seconds).values()
    if ended.value is not None:
        return ended.value

    def missing() -> str:
        raise ended.error or TimedOut(f"The platform did not list the containers within {seconds:g} s.")

    return {"platform": missing}, Redactor(())


def run(target: Target, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Bundle what can be seen of a release that failed."""
    # an operation that is about no release keeps its evidence under its own number
    name = params["release"] or f"operation-{params['token']:04d}"
    path = target.evidence_path(name)
    if check_mode:
        return {"changed": True, "path": path}
    with target.phase("evidence", params["token"]) as operation:
        began, seconds = time.monotonic(), float(target.app.evidence_timeout)
        found, shown = _prepared(target, params, seconds * _SHARE_OF_EACH)
        collectors = {
            "failure.json": lambda: readable(params["failure"]),
            "journal.json": lambda: readable(operation.journal()),
            **found,
        }
        files, manifest = collect(collectors, shown, seconds - (time.monotonic() - began))
        summary = {"schema": 1, "release": params["release"], "collected": iso(time.time()), "files": manifest}
        try:
            target.keep_evidence(name, files, summary, params["token"])
        except (OpsError, OSError) as error:
            if isinstance(error, OpsError) and error.ends_the_operation:
                raise
            # a full disk must not keep the last good release from coming back
            return {"changed": False, "path": "", "files": {}, "msg": f"It could not be kept: {error}"}
    return {"changed": True, "path": path, "files": manifest}


EVIDENCE = Step(
    spec={
        **PHASE_SPEC,
        "release": {"type": "str", "required": True},
        "since": {"type": "float", "default": 0},
        "failure": {"type": "dict", "default": {}},
    },
    run=run,
)
