"""The published schemas hold for what the real functions make, and for nothing else."""

from __future__ import annotations

import copy
import hashlib
import json
import threading
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import jsonschema
import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.checks import _report
from ansible_collections.doppelganger.ops.plugins.module_utils.checks._judge import Result
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import (
    LeaseHeld,
    LeaseLost,
    OpsError,
    Refused,
)
from ansible_collections.doppelganger.ops.plugins.module_utils.core._log_reading import LogEnd
from ansible_collections.doppelganger.ops.plugins.module_utils.operations import _evidence, _lifecycle
from ansible_collections.doppelganger.ops.plugins.module_utils.state import _lease
from ansible_collections.doppelganger.ops.plugins.module_utils.text._redaction import Redactor
from ansible_collections.doppelganger.ops.plugins.plugin_utils.pages import _run_data
from ansible_collections.doppelganger.ops.plugins.plugin_utils.results import _result
from doppelganger_ops import schemas
from tests.unit.support.making import DB, WEB, backup
from tests.unit.support.results import ENDINGS, ended

NAMES = sorted(path.name.removesuffix(".schema.json") for path in files(schemas).iterdir() if "json" in path.name)


#: what a probe saw has fields of its own; a list of releases is shown even where a record in it is not as it should be
LOOSE = ("/check/properties/observed", "/known/properties/releases/items", "/known/properties/backups/items")


def problems(name: str, value: Any) -> list[str]:
    return schemas.problems(name, json.loads(json.dumps(value)))  # as it is written and read


def objects(node: Any, path: str = "") -> list[tuple[str, dict[str, Any]]]:
    found = [(path, node)] if isinstance(node, dict) and node.get("type") == "object" else []
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return found + [each for key, value in items for each in objects(value, f"{path}/{key}")]


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_sound_and_lets_nothing_unknown_in(name: str) -> None:
    found = schemas.schema(name)
    jsonschema.Draft202012Validator.check_schema(found)
    assert found["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    loose = [path for path, each in objects(found) if "additionalProperties" not in each]
    assert [path for path in loose if not path.endswith(LOOSE)] == []


CHECK = _report.as_data(Result("API", "http", "required", "pass", "answered 200", 3.1, 1, 0.01, {"status": 200}))
SOURCES = {
    "git": {"type": "git", "repository": "/repo", "commit": "c" * 40, "digests": {}},
    "images": {"type": "images", "repository": "", "commit": "", "digests": {"web": WEB}},
}


def pending(source: str = "git") -> dict[str, Any]:
    wanted = {"version": "v2", "source": SOURCES[source], "env": "e" * 64, "inputs": "f" * 64, "services": ["web"]}
    operation = {"operator": "ana@console", "reason": ""}
    return _lifecycle.new_record("0002-v2", operation, wanted, "0001-v1", 1795466465).as_data()


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

    never = threading.Event()
    collectors: dict[str, Any] = {
        "web.log": lambda: "x",
        "usage.txt": fails,
        "job.log": lambda: [LogEnd("the end of it", was_cut=True)],
        **{f"stuck.{number}": never.wait for number in range(8)},
        "late.log": lambda: "y",
    }
    _, found = _evidence.collect(collectors, Redactor(()), 0.2)
    assert {one["state"] for one in found.values()} == {"ok", "error", "truncated", "timed_out"}
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
    found = schemas.schema("result")
    assert tuple(found["properties"]["status"]["enum"]) == _result.STATUSES
    kinds = {error.kind for error in (OpsError, Refused, LeaseHeld, LeaseLost)} | {"unreachable"}
    assert set(found["$defs"]["failure"]["properties"]["kind"]["enum"]) == kinds


RECAP = {"ok": 9, "changed": 2, "failures": 0, "unreachable": 0, "skipped": 1, "rescued": 0, "ignored": 0}
LEASE = _lease.Lease("ana@console", "a new disk", _lease.MAINTENANCE, 7, 1795466465, 1795466465.5, None).as_dict()
#: what Ansible adds to the result of a module that was shipped
ADDED = {"changed": False, "failed": False, "kind": "ok", "ansible_facts": {"discovered_interpreter_python": "python3"}}
KNOWN = {
    "current": "0002-v2", "table": ["* 0002-v2"], "backups": [backup()],
    "lease": LEASE, "interrupted": ENDINGS["interrupted before"]["ops_start"]["interrupted"],
}  # fmt: skip


def report(published: dict[str, Any], failures: int = 0, check_mode: bool = False) -> dict[str, Any]:
    """The report of a run on one host."""
    failed = [{"host": "one", "task": "Copy", "message": "no"}] * failures
    recap = {"one": {**RECAP, "failures": failures}}
    return _run_data.document(_run_data.Run("site", 1795466465.1, check_mode, 1795466470.9, recap, failed), published)


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("how", ENDINGS)
def test_the_report_of_every_ending_is_as_its_schema_says(how: str, check_mode: bool) -> None:
    targets = {"one": ended(how, check_mode=check_mode), "two": _result.skipped("deploy", "Not touched.")}
    published = {_result.KEY: _result.fleet_result("deploy", targets)}
    assert problems("report", report(published, check_mode=check_mode)) == []


@pytest.mark.parametrize("failures", [0, 1])
@pytest.mark.parametrize("published", [{}, {"doppelganger_ops_lease": {"one": {"sentence": "Locked by ana."}}}])
def test_the_report_of_a_run_without_a_result_is_as_its_schema_says(published: dict[str, Any], failures: int) -> None:
    assert problems("report", report(published, failures)) == []


def listed() -> dict[str, Any]:
    """The report of a list of releases."""
    empty: dict[str, Any] = {"current": None, "releases": [], "backups": [{}], "lease": None, "interrupted": None}
    hosts = {"one": {**ADDED, **KNOWN, "releases": [good(), pending()]}, "two": {**KNOWN, **empty}}
    return report({_run_data.RELEASES_KEY: hosts})


def test_the_report_of_releases_is_as_its_schema_says() -> None:
    assert problems("report", listed()) == []


def result() -> dict[str, Any]:
    return copy.deepcopy(_result.fleet_result("deploy", {"one": ended("ok")}))


BREAKS: dict[str, tuple[str, Callable[[], dict[str, Any]], dict[str, Any], str]] = {
    "an unknown field": ("release", good, {"password": "x"}, "'password' was unexpected"),
    "an unknown status": ("release", good, {"status": "fine"}, "'fine' is not one of"),
    "a good release that was never activated": ("release", good, {"activated": None}, "activated: "),
    "a good release without images": ("release", good, {"images": {}}, "images: "),
    "a path in an id": ("release", good, {"id": "../1-v1"}, "id: "),
    "an empty dump": ("backup", backup, {"size": 0}, "size: "),
    "an unknown operation": ("result", result, {"operation": "reboot"}, "operation: "),
    "a fleet of nobody": ("result", result, {"targets": {}}, "targets: "),
    "another version of the report": ("report", listed, {"schema": 2}, "schema: 1 was expected"),
    "a report that was cancelled": ("report", listed, {"status": "cancelled"}, "status: "),
    "a report with more in it": ("report", listed, {"stdout": "x"}, "'stdout' was unexpected"),
    "a target of which little is known": ("report", listed, {"targets": {"one": {}}}, "targets/one: "),
    "a release that is no record": (
        "report",
        listed,
        {"releases": {"one": {**KNOWN, "releases": [{"id": "0001-v1"}]}}},
        "releases/one/releases/0: ",
    ),
    "half a backup": (
        "report",
        listed,
        {"releases": {"one": {**KNOWN, "releases": [], "backups": [{"id": "x"}]}}},
        "one/backups/0: ",
    ),
    "counts that Ansible does not have": ("report", listed, {"recap": {"one": {"ok": 1}}}, "recap/one: "),
    "a failure of nobody": ("report", listed, {"failures": [{"task": "T", "message": "m"}]}, "failures/0: "),
}


@pytest.mark.parametrize(("name", "make", "change", "problem"), BREAKS.values(), ids=BREAKS.keys())
def test_what_is_wrong_is_refused(
    name: str, make: Callable[[], dict[str, Any]], change: dict[str, Any], problem: str
) -> None:
    assert problem in " ".join(problems(name, {**make(), **change}))


@pytest.mark.parametrize("field", sorted(schemas.schema("release")["properties"]))
def test_no_field_of_a_release_may_be_missing(field: str) -> None:
    broken = {name: value for name, value in good().items() if name != field}
    assert f"'{field}' is a required property" in " ".join(problems("release", broken))
