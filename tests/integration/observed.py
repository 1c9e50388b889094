"""What can be seen of an application from outside: its part of the engine, its part of the disk, its records."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import docker
import jsonschema

from tests.integration.application import ROOT, Application, Run

SCHEMAS = ROOT / "src/doppelganger_ops/schemas"
#: state file -> the schema of what it holds
RECORDS = {
    "releases/*/record.json": "release",
    "backups/*/backup.json": "backup",
    "evidence/*/manifest.json": "evidence",
}


def engine_of(app: Application) -> dict[str, Any]:
    """Everything of the application on the engine; other applications on it may do as they like."""
    label: dict[str, str | list[str] | bool] = {"label": f"com.docker.compose.project={app.name}"}
    with contextlib.closing(docker.from_env()) as client:
        containers = client.containers.list(all=True, filters=label)
        kept = f"doppelganger-ops/{app.name}"
        return {
            "containers": {
                c.id: (c.name, c.status, c.attrs["State"]["StartedAt"], c.attrs["Image"]) for c in containers
            },
            "images": sorted(str(image.id) for image in client.images.list(all=True, filters=label)),
            "tags": sorted(tag for one in client.images.list(kept) for tag in one.tags if tag.startswith(f"{kept}:")),
            "volumes": sorted(volume.name for volume in client.volumes.list(filters=label)),
            "networks": sorted(network.id for network in client.networks.list(filters=label)),
        }


def disk_below(folder: Path) -> dict[str, tuple[int, int, int, str]]:
    """Each path below a folder with its mode, size, modification time and content."""
    found = {}
    for path in sorted([folder, *folder.rglob("*")]) if folder.exists() else []:
        status = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() and not path.is_symlink() else ""
        size = 0 if path.is_dir() else status.st_size
        found[str(path.relative_to(folder))] = (status.st_mode, size, status.st_mtime_ns, content)
    return found


def everything(app: Application) -> dict[str, Any]:
    """The engine and the disk, to be compared with what they are later."""
    return {**engine_of(app), "disk": disk_below(app.state)}


def recreated(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    """The services whose container is another one, or was started again."""
    return sorted(service for service in {*before, *after} if before.get(service) != after.get(service))


def validate(name: str, data: Any) -> None:
    """Refuse data that its schema does not describe."""
    jsonschema.validate(data, json.loads((SCHEMAS / f"{name}.schema.json").read_text()))


def assert_described(app: Application, *runs: Run) -> None:
    """Every record on the disk and every published result is as its schema says."""
    for pattern, name in RECORDS.items():
        for path in app.state.glob(pattern):
            validate(name, json.loads(path.read_text()))
    for run in runs:
        validate("result", run.result)
