# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Evidence: what was seen, kept before anything is undone. A collector that fails never fails the bundle."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils import _command
from ansible_collections.doppelganger.ops.plugins.module_utils._entry import Entry
from ansible_collections.doppelganger.ops.plugins.module_utils._errors import OpsError
from ansible_collections.doppelganger.ops.plugins.module_utils._lease import iso
from ansible_collections.doppelganger.ops.plugins.module_utils._store import make_private
from ansible_collections.doppelganger.ops.plugins.module_utils._target import PHASE_SPEC, Target

LOG_BYTES = 512 * 1024


def _collectors(target: Target, params: Mapping[str, Any]) -> dict[str, Callable[[], str]]:
    """File name → what writes it."""
    project = target.project
    services = sorted({container.service for container in project.containers(include_oneoff=True)})
    since = params["since"]
    collectors: dict[str, Callable[[], str]] = {
        "failure.json": lambda: _as_json(params["failure"]),
        "journal.json": lambda: _as_json(target.store.read("operation.json")),
        "containers.json": lambda: _as_json([asdict(c) for c in project.containers(include_oneoff=True)]),
        "usage.txt": lambda: _command.run(
            ["docker", "stats", "--no-stream", *[c.id for c in project.containers() if c.state == "running"]],
            doing="docker stats", timeout=10),
        "disk.json": lambda: _as_json(shutil.disk_usage(target.store.root)._asdict()),
        "build.log": lambda: (target.store.root / "releases" / params["release"] / "build.log").read_text("utf-8"),
    }  # fmt: skip

    def log(service: str) -> str:
        return "\n".join(project.logs(service, since=since, limit_bytes=LOG_BYTES))

    return {**collectors, **{f"{service}.log": functools.partial(log, service) for service in services}}


def collect(collectors: Mapping[str, Callable[[], str]], folder: Path, clean: Callable[[str], str]) -> dict[str, Any]:
    """Write each collector's text, without secrets; the manifest says of each what became of it."""
    manifest: dict[str, Any] = {}
    for name, collector in collectors.items():
        try:
            text = clean(collector())
        except FileNotFoundError:
            continue
        except (OpsError, OSError, ValueError) as error:
            manifest[name] = {"state": "error", "reason": clean(str(error))}
            continue
        with open(
            os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
        ) as stream:
            stream.write(text)
        manifest[name] = {
            "state": "ok",
            "size": len(text.encode()),
            "sha256": hashlib.sha256(text.encode()).hexdigest(),
        }
    return manifest


def _as_json(value: Any) -> str:
    return json.dumps(value, indent=1, sort_keys=True, default=str) + "\n"


def run(params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Bundle what can be seen of a release that failed."""
    target = Target.of(params)
    # an operation that is about no release keeps its evidence under its own number
    name = params["release"] or f"operation-{params['token']:04d}"
    folder = target.store.root / "evidence" / name
    if check_mode:
        return {"changed": True, "path": str(folder)}
    with target.phase("evidence", params["token"]) as operation:
        make_private(folder)
        manifest = collect(_collectors(target, params), folder, target.redactor.text)
        summary = {"schema": 1, "release": params["release"], "collected": iso(time.time()), "files": manifest}
        operation.store.write(f"evidence/{name}/manifest.json", summary, token=params["token"])
    return {"changed": True, "path": str(folder), "files": manifest}


ENTRY = Entry(
    spec={
        **PHASE_SPEC,
        "release": {"type": "str", "required": True},
        "since": {"type": "float", "default": 0},
        "failure": {"type": "dict", "default": {}},
    },
    run=run,
)
