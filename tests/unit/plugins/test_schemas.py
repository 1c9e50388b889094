"""The published schemas hold for what the real functions make, and for nothing else."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import jsonschema
import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils import _check_report, _evidence, _lifecycle
from ansible_collections.doppelganger.ops.plugins.module_utils._check_judge import Result
from ansible_collections.doppelganger.ops.plugins.module_utils._errors import LeaseHeld, LeaseLost, OpsError, Refused
from ansible_collections.doppelganger.ops.plugins.plugin_utils import _result
from tests.unit.plugins.making import DB, WEB, backup
from tests.unit.plugins.results import ENDINGS, ended

NAMES = ("backup", "dashboard", "evidence", "release", "result")


def schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((files("doppelganger_ops") / f"schemas/{name}.schema.json").read_text("utf-8"))
    return found


def problems(name: str, value: Any) -> list[str]:
    plain = json.loads(json.dumps(value))  # as it is written and read
    return [f"{e.json_path}: {e.message}" for e in jsonschema.Draft202012Validator(schema(name)).iter_errors(plain)]


def objects(node: Any, path: str = "") -> list[tuple[str, dict[str, Any]]]:
    found = [(path, node)] if isinstance(node, dict) and node.get("type") == "object" else []
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return found + [each for key, value in items for each in objects(value, f"{path}/{key}")]


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_sound_and_lets_nothing_unknown_in(name: str) -> None:
    found = schema(name)
    jsonschema.Draft202012Validator.check_schema(found)
    assert found["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    # what a probe saw is the only thing whose fields are its own
    loose = [path for path, each in objects(found) if "additionalProperties" not in each]
    assert [path for path in loose if not path.endswith("/check/properties/observed")] == []


CHECK = _check_report.as_data(Result("API", "http", "required", "pass", "answered 200", 3.1, 1, 0.01, {"status": 200}))
SOURCES = {
    "git": {"type": "git", "repository": "/repo", "commit": "c" * 40, "digests": {}},
    "images": {"type": "images", "repository": "", "commit": "", "digests": {"web": WEB}},
}


def pending(source: str = "git") -> dict[str, Any]:
    wanted = {"version": "v2", "source": SOURCES[source], "env": "e" * 64, "inputs": "f" * 64, "services": ["web"]}
    operation = {"operator": "ana@console", "reason": ""}
    return _lifecycle.new_record("0002-v2", operation, wanted, "0001-v1", 1795466465)


def good() -> dict[str, Any]:
    phase = {"name": "apply", "state": "ok", "started": "2026-11-23T20:00:00Z", "seconds": 1.5}
    return {
        **pending(),
        "status": "good",
        "images": {"web": {"id": WEB, "reference": "w", "build": "b"}, "db": {"id": DB, "reference": "d"}},
        "config": {"env": "e" * 64, "inputs": "f" * 64, "services": {"web": "x", "db": "y"}},
        "migration": {"before": None, "after": "2", "moved": True},
        "backup": "20261123T204105Z-0001-v1",
        "gates": [CHECK],
        "phases": [phase, {**phase, "state": "failed", "message": "no"}],
        "finished": "2026-11-23T20:00:00Z",
        "activated": "2026-11-23T20:00:00Z",
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("release", pending(), id="a pending release from git"),
        pytest.param("release", pending("images"), id="a pending release from a registry"),
        pytest.param("release", good(), id="a good release"),
        pytest.param(
            "release",
            {**pending(), "status": "bad", "message": "no", "evidence": "/e", "finished": "2026-11-23T20:00:00Z"},
            id="a bad release",
        ),
        pytest.param("backup", backup(), id="a first backup"),
        pytest.param("backup", backup(release="0001-v1", migration_head="7"), id="a later backup"),
    ],
)
def test_a_record_is_as_its_schema_says(name: str, value: dict[str, Any]) -> None:
    assert problems(name, value) == []


def test_a_manifest_is_as_its_schema_says() -> None:
    def fails() -> str:
        raise OpsError("no")

    _, found = _evidence.collect({"web.log": lambda: "x", "usage.txt": fails}, str)
    assert found["web.log"]["sha256"] == hashlib.sha256(b"x").hexdigest()
    manifest = {"schema": 1, "release": "0002-v2", "collected": "2026-11-23T20:00:00Z", "files": found}
    assert problems("evidence", manifest) == []


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("operation", ["deploy", "rollback", "verify", "backup", "restore"])
def test_every_ending_is_as_the_schema_says(operation: str, check_mode: bool) -> None:
    targets = {how: ended(how, operation, check_mode) for how in ENDINGS}
    targets["skipped"] = _result.skipped(operation, "Not touched.")
    assert problems("result", _result.fleet_result(operation, targets)) == []


def test_the_schema_knows_every_status_and_every_kind_of_error() -> None:
    found = schema("result")
    assert tuple(found["properties"]["status"]["enum"]) == _result.STATUSES
    kinds = {error.kind for error in (OpsError, Refused, LeaseHeld, LeaseLost)} | {"unreachable"}
    assert set(found["$defs"]["failure"]["properties"]["kind"]["enum"]) == kinds


def result() -> dict[str, Any]:
    return copy.deepcopy(_result.fleet_result("deploy", {"one": ended("ok")}))


BREAKS: dict[str, tuple[str, Callable[[], dict[str, Any]], dict[str, Any], str]] = {
    "an unknown field": ("release", good, {"password": "x"}, "'password' was unexpected"),
    "an unknown status": ("release", good, {"status": "fine"}, "'fine' is not one of"),
    "a good release that was never activated": ("release", good, {"activated": None}, "$.activated"),
    "a good release without images": ("release", good, {"images": {}}, "$.images"),
    "a path in an id": ("release", good, {"id": "../1-v1"}, "$.id"),
    "an empty dump": ("backup", backup, {"size": 0}, "$.size"),
    "an unknown operation": ("result", result, {"operation": "reboot"}, "$.operation"),
    "a fleet of nobody": ("result", result, {"targets": {}}, "$.targets"),
}


@pytest.mark.parametrize(("name", "make", "change", "problem"), BREAKS.values(), ids=BREAKS.keys())
def test_what_is_wrong_is_refused(
    name: str, make: Callable[[], dict[str, Any]], change: dict[str, Any], problem: str
) -> None:
    assert problem in " ".join(problems(name, {**make(), **change}))


@pytest.mark.parametrize("field", sorted(schema("release")["properties"]))
def test_no_field_of_a_release_may_be_missing(field: str) -> None:
    broken = {name: value for name, value in good().items() if name != field}
    assert f"'{field}' is a required property" in " ".join(problems("release", broken))
