"""Values for the tests of the operations: whole by themselves, each test names only what it is about."""

from __future__ import annotations

from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.app._model import App
from ansible_collections.doppelganger.ops.plugins.module_utils.compose.target._target import ComposeTarget
from ansible_collections.doppelganger.ops.plugins.module_utils.running._containers import Container
from ansible_collections.doppelganger.ops.plugins.module_utils.state._record import Record

WEB, DB = f"sha256:{'a' * 64}", f"sha256:{'d' * 64}"


def model(**changes: Any) -> dict[str, Any]:
    """The application model as plain data."""
    plain = {
        "name": "shop",
        "platform": "compose",
        "state_dir": "/nowhere",
        "directory": "",
        "source": "git",
        "repository": "https://git.example/shop.git",
        "images": {},
        "registry_username": "",
        "cluster": {},
        "manifests": [],
        "build": {},
        "compose_files": ["compose.yml"],
        "compose_profiles": [],
        "environment": {},
        "env_files": [],
        "env_required_keys": [],
        "env_public_keys": [],
        "release_services": ["web"],
        "migration_service": "",
        "migration_command": [],
        "migration_head_query": "",
        "migration_timeout": 600,
        "database_service": "",
        "database_name": "",
        "database_user": "",
        "checks": [],
        "metric_sources": {},
        "metric_gates": [],
        "soak_seconds": 30,
        "start_timeout": 120,
        "evidence_timeout": 20,
        "fetch_timeout": 1800,
        "backup_timeout": 3600,
        "disk_free_mb": 1024,
        "lease_ttl": 60,
        "lease_wait": 0,
        "keep_good": 5,
        "keep_bad": 3,
        "keep_backups": 5,
        "adopt": False,
    }
    return {**plain, **changes}


def app(**changes: Any) -> App:
    """The application model."""
    return App.from_dict(model(**changes))


def target(state_dir: Any, **changes: Any) -> ComposeTarget:
    """A target whose state is kept in ``state_dir``."""
    return ComposeTarget(app(state_dir=str(state_dir), **changes))


def record(number: int = 1, version: str = "v1", status: str = "good", **changes: Any) -> Record:
    """The record of a release of the services web and db; changes are as in the file."""
    return Record.of(record_file(number, version, status, **changes))


def record_file(number: int = 1, version: str = "v1", status: str = "good", **changes: Any) -> dict[str, Any]:
    """The same as it is in the file."""
    release = f"{number:04d}-{version}"
    plain = {
        "schema": 1,
        "id": release,
        "version": version,
        "status": status,
        "message": None,
        "source": {"type": "git", "repository": "/repo", "commit": "c" * 40, "digests": {}},
        "images": {"web": {"id": WEB, "reference": "shop-web"}, "db": {"id": DB, "reference": "postgres:16"}},
        "config": {"env": "env", "inputs": "inputs", "services": {"web": "hash-web", "db": "hash-db"}},
        "migration": None,
        "backup": None,
        "gates": [],
        "phases": [],
        "evidence": None,
        "previous": None,
        "operator": "ana@console",
        "reason": "",
        "created": f"2026-11-23T20:{number % 60:02d}:00Z",
        "finished": None,
        "activated": f"2026-11-23T20:{number % 60:02d}:30Z" if status == "good" else None,
    }
    return {**plain, **changes}


def backup(**changes: Any) -> dict[str, Any]:
    """The record of a backup."""
    plain = {
        "schema": 1,
        "id": "20261123T204105Z-0000-none",
        "created": "2026-11-23T20:41:05Z",
        "database": "shop",
        "release": None,
        "migration_head": None,
        "size": 5,
        "sha256": "a" * 64,
        "entries": 3,
    }
    return {**plain, **changes}


def journal(**changes: Any) -> dict[str, Any]:
    """The journal of an operation that is under way."""
    plain = {
        "operation": "deploy",
        "release": "0001-v1",
        "token": 1,
        "status": "running",
        "started": "2026-11-23T20:41:05Z",
        "phases": [],
        "operator": "ana@console",
        "reason": "",
    }
    return {**plain, **changes}


def container(service: str = "web", **changes: Any) -> Container:
    """A container that runs as the record says."""
    plain: dict[str, Any] = {
        "id": f"id-{service}",
        "name": f"shop-{service}-1",
        "service": service,
        "number": 1,
        "oneoff": False,
        "state": "running",
        "health": "healthy",
        "exit_code": 0,
        "oom_killed": False,
        "restart_count": 0,
        "created_at": "2026-11-23T20:00:00Z",
        "started_at": "2026-11-23T20:00:01Z",
        "finished_at": "",
        "image_id": DB if service == "db" else WEB,
        "image": service,
        "config_hash": f"hash-{service}",
        "error": "",
        "health_output": "",
    }
    return Container(**{**plain, **changes})
