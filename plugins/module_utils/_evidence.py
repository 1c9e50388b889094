# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Evidence: what was seen, kept before anything is undone. A collector that fails never fails the bundle."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils._entry import Step
from ansible_collections.doppelganger.ops.plugins.module_utils._errors import OpsError
from ansible_collections.doppelganger.ops.plugins.module_utils._files import safe_name
from ansible_collections.doppelganger.ops.plugins.module_utils._lease import iso
from ansible_collections.doppelganger.ops.plugins.module_utils._target import PHASE_SPEC, Target


def collect(
    collectors: Mapping[str, Callable[[], str]], clean: Callable[[str], str]
) -> tuple[dict[str, str], dict[str, Any]]:
    """Read each collector's text, without secrets; the manifest beside it says of each what became of it."""
    files: dict[str, str] = {}
    manifest: dict[str, Any] = {}
    for given, collector in collectors.items():
        name = safe_name(given)  # services, pods and containers are named by others
        try:
            text = clean(collector())
        except FileNotFoundError:
            continue
        except (OpsError, OSError, ValueError) as error:
            manifest[name] = {"state": "error", "reason": clean(str(error))}
            continue
        files[name] = text
        manifest[name] = {
            "state": "ok",
            "size": len(text.encode()),
            "sha256": hashlib.sha256(text.encode()).hexdigest(),
        }
    return files, manifest


def _as_json(value: Any) -> str:
    return json.dumps(value, indent=1, sort_keys=True, default=str) + "\n"


def run(target: Target, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Bundle what can be seen of a release that failed."""
    # an operation that is about no release keeps its evidence under its own number
    name = params["release"] or f"operation-{params['token']:04d}"
    path = target.evidence_path(name)
    if check_mode:
        return {"changed": True, "path": path}
    with target.phase("evidence", params["token"]) as operation:
        collectors = {
            "failure.json": lambda: _as_json(params["failure"]),
            "journal.json": lambda: _as_json(operation.journal()),
            **target.collectors(params),
        }
        files, manifest = collect(collectors, target.redactor.text)
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
