"""The actions that work on the controller alone: the model, the fleet, what failed, what is published."""

from __future__ import annotations

import getpass
import json
import re
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible.plugins.action import ActionBase

from ansible_collections.doppelganger.ops.plugins.action import (
    app_model,
    fleet_gate,
    monitoring_plan,
    note_failure,
    publish_result,
    target_result,
)
from ansible_collections.doppelganger.ops.plugins.plugin_utils.inputs import _catalogue_file
from tests.contract.house import ROOT
from tests.unit.support.results import ENDINGS, ended


def run(
    module: Any, arguments: dict[str, Any], variables: Mapping[str, Any], check_mode: bool = False
) -> dict[str, Any]:
    """Run an action as a worker does, without a connection."""
    made = object.__new__(module.ActionModule)
    made._task = SimpleNamespace(args=arguments, check_mode=check_mode)
    made._templar = SimpleNamespace(template=lambda raw: raw)
    found: dict[str, Any] = made.run(task_vars=variables)
    return found


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ActionBase, "run", lambda *_arguments, **_named: {})


# the application model

GIVEN = {
    "app_name": "shop",
    "app_platform": "compose",
    "app_source": "git",
    "app_repository": "/repo",
    "app_release_services": ["web"],
    "version": "v1",
}


def read(**changes: Any) -> dict[str, Any]:
    variables = {name: value for name, value in {**GIVEN, **changes}.items() if value is not None}
    return run(app_model, {"inputs": ["version!"]}, variables)


OPEN_METRICS = {"openmetrics": {"service": "web", "port": 8000}}
GATE = {"metric": "error_rate", "count": 3}


def test_a_model_without_metrics_does_not_read_the_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_catalogue_file, "ours", lambda: pytest.fail("it was read"))
    found = read()
    assert (found["metric_gates"], found["metric_sources"]) == ([], {})
    assert "catalogue" not in found


def test_gates_carry_the_metric_they_are_about() -> None:
    limits = {"error_rate": {"limits": {"warning": {"above": 2}}}}
    words = {"requests": "shop_requests_total"}
    found = read(app_metric_gates=[GATE], app_metric_sources=OPEN_METRICS, app_metrics=limits, app_metric_words=words)
    [gate] = found["metric_gates"]
    assert (gate["metric"], gate["count"]) == ("error_rate", 3)
    assert gate["entry"]["limits"]["warning"]["above"] == 2
    assert gate["entry"]["sources"]["openmetrics"]["family"] == "shop_requests_total"
    assert "metric_token" not in found


def test_the_database_of_the_model_is_a_source_unless_it_is_taken_out() -> None:
    database = {"app_database_service": "db", "app_database_name": "shop", "app_database_user": "shop"}
    assert read(**database)["metric_sources"]["postgres"] == {"service": "db", "database": "shop", "user": "shop"}
    assert read(**database, app_metric_sources={"postgres": None})["metric_sources"]["postgres"] is None


def test_the_whole_catalogue_is_there_for_who_asks() -> None:
    found = run(app_model, {"inputs": [], "metrics": True}, {**GIVEN, "app_metric_sources": OPEN_METRICS})
    names = [entry["name"] for entry in found["catalogue"]]
    assert names[:3] == ["service_up", "error_rate", "latency_p95"]


def test_a_model_is_plain_data_with_defaults_and_inputs() -> None:
    found = read()
    assert found["state_dir"] == "/var/lib/doppelganger-ops/shop"
    assert (found["name"], found["inputs"], found["keep_good"]) == ("shop", {"version": "v1"}, 5)
    assert "registry_password" not in found


INVENTORIES = {
    f"{path.parent.name} {name}": variables
    for path in sorted((ROOT / "tests/recorded").glob("*/surface.json"))
    for name, variables in json.loads(path.read_text(encoding="utf-8"))["inventories"].items()
}


@pytest.mark.parametrize("variables", INVENTORIES.values(), ids=INVENTORIES)
def test_the_inventories_of_earlier_versions_are_read(variables: dict[str, Any]) -> None:
    variables = json.loads(re.sub(r"\{\{.*?\}\}", "/templated", json.dumps(variables)))
    found = run(app_model, {"inputs": [], "metrics": True}, variables)
    assert found.get("failed") is None, found["msg"]
    assert found["name"] == variables["app_name"]
    assert found["checks"] == variables["app_checks"]


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"network": ["web"]}, "observe_network"),
        ({"images": [1]}, "observe_images"),
        ({"interval": {}}, "observe_interval"),
    ],
)
def test_a_setting_of_monitoring_of_another_type_is_refused(settings: dict[str, Any], named: str) -> None:
    found = run(monitoring_plan, {"app": {"name": "shop"}, "settings": settings}, {})
    assert (found["failed"], found["kind"], found["reason"]) == (True, "refused", "invalid_input")
    assert found["error"].startswith(f"{named}: expected ")


PAGE = (ROOT / "docs/ten-minutes.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=["on this machine", "over ssh", "in a namespace"])
def test_the_inventories_of_the_first_page_are_read(block: str) -> None:
    assert block.count("\n") <= 15
    [(name, group)] = yaml.safe_load(block).items()
    assert name == "targets"
    assert len(group["hosts"]) == 1
    variables = json.loads(json.dumps(group["vars"]).replace("{{ inventory_dir }}", "/folder"))
    assert "{{" not in json.dumps(variables)
    found = run(app_model, {"inputs": ["version!"]}, {**variables, "version": "v1"})
    assert found.get("failed") is None, found["msg"]


def test_a_renamed_variable_says_its_new_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app_model.RENAMED, "app_upstream", "app_repository")
    found = read(app_upstream="/repo")
    assert (found["failed"], found["kind"]) == (True, "refused")
    assert "app_repository" in found["msg"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"app_name": None}, ["missing required arguments: app_name"], id="a variable is missing"),
        pytest.param(
            {"app_databse_name": "shop"},
            ["app_databse_name is not a variable of the application model", "Did you mean app_database_name?"],
            id="a variable is mistyped",
        ),
        pytest.param({"app_zzz": 1}, ["docs/application.md lists the variables"], id="a variable of nobody"),
        pytest.param({"app_soak_seconds": "long"}, ["app_soak_seconds", "docs/application.md"], id="of the wrong type"),
        pytest.param({"app_database_user": ["shop"]}, ["app_database_user: expected text, found a list"], id="a list"),
        pytest.param({"app_name": {"a": 1}}, ["app_name: expected text, found a dictionary"], id="a dictionary"),
        pytest.param({"app_platform": "nomad"}, ["value of app_platform must be one of"], id="an unknown platform"),
        pytest.param({"app_repository": ""}, ["app_repository must name the repository"], id="it contradicts itself"),
        pytest.param({"app_checks": [{"name": "x", "kind": "httpp"}]}, ["httpp"], id="a check of an unknown kind"),
        pytest.param({"app_metrics": {"cpu": 3}}, ["metric 'cpu': expected a dictionary"], id="a metric that is none"),
        pytest.param({"app_metric_words": {"a": 3}}, ["the word 'a'"], id="a word that is none"),
        pytest.param({"app_metric_sources": {"x": {}}}, ["unknown source 'x'"], id="a source of an unknown kind"),
        pytest.param({"app_metric_gates": [{"metric": "x"}]}, ["there is no metric 'x'"], id="a gate of no metric"),
        pytest.param(
            {"app_metric_gates": [GATE], "app_metric_sources": OPEN_METRICS, "app_soak_seconds": 0},
            ["app_metric_gates are judged while a release is watched"],
            id="gates without a soak",
        ),
        pytest.param({"version": None}, ["version is required and nothing was given"], id="no version"),
        pytest.param({"version": "{{ x }}"}, ["given was '{{ x }}'"], id="a version with jinja in it"),
    ],
)
def test_a_model_that_does_not_fit_is_refused_before_anything_is_touched(
    changes: dict[str, Any], words: list[str]
) -> None:
    found = read(**changes)
    assert (found["failed"], found["kind"], found["phase"]) == (True, "refused", "preflight")
    assert [word for word in words if word not in found["msg"]] == []


@pytest.mark.parametrize(
    ("variables", "user"),
    [({"awx_user_name": "ana"}, "ana"), ({"tower_user_name": "bo"}, "bo"), ({}, getpass.getuser())],
)
def test_the_operator_is_the_one_who_started_it(variables: dict[str, Any], user: str) -> None:
    assert read(**variables)["operator"].startswith(f"{user}@")


@pytest.mark.parametrize("name", ["awx_user_name", "tower_schedule_name"])
def test_an_operator_who_cannot_be_seen_is_refused(name: str) -> None:
    found = read(**{name: "ana\x1b]0;\u202e"})
    assert (found["failed"], found["kind"]) == (True, "refused")
    assert name in found["msg"]


# the fleet


class HostVars(dict[str, dict[str, Any]]):
    """What Ansible calls hostvars."""

    def raw_get(self, host: str) -> dict[str, Any]:
        return self[host]


def fleet(here: str, **endings: str | None) -> dict[str, Any]:
    """The variables of a host of a play; None is a host that has not said anything yet."""
    results = {
        host: {"result_target": {"target": ended(how)}} if how and how in ENDINGS else {}
        for host, how in endings.items()
    }
    alive = [host for host, how in endings.items() if how != "lost"]
    return {
        "inventory_hostname": here,
        "hostvars": HostVars(results),
        "ansible_play_hosts_all": list(endings),
        "ansible_play_hosts": alive,
        **ENDINGS.get(endings[here] or "", {}),
    }


@pytest.mark.parametrize(
    ("others", "proceed", "reason"),
    [
        pytest.param({}, True, "", id="alone"),
        pytest.param({"two": "ok"}, True, "", id="after one that went well"),
        pytest.param({"two": "unchanged", "three": None}, True, "", id="beside those that did not begin"),
        pytest.param({"two": "lost"}, False, "two could not deploy the release", id="beside one that Ansible gave up"),
        pytest.param({"two": "unreachable"}, False, "two could not deploy the release", id="after an unreachable one"),
        pytest.param(
            {"three": "rolled back", "two": "refused"},
            False,
            "three, two could not deploy the release",
            id="after two that failed",
        ),
    ],
)
def test_a_host_is_left_alone_once_another_one_failed(
    others: dict[str, str | None], proceed: bool, reason: str
) -> None:
    found = run(fleet_gate, {"question": "proceed"}, fleet("one", one=None, **others))
    assert (found["proceed"], found["reason"]) == (proceed, reason)


@pytest.mark.parametrize(
    ("mine", "other", "back"),
    [
        pytest.param("ok", "rolled back", True, id="it has the new release and another one has not"),
        pytest.param("ok", "unreachable", True, id="another one cannot be reached"),
        pytest.param("ok", "ok", False, id="all have it"),
        pytest.param("unchanged", "rolled back", False, id="it had the release before"),
        pytest.param("rolled back", "ok", False, id="it went back by itself"),
        pytest.param(None, "rolled back", False, id="it was not reached"),
    ],
)
def test_a_host_goes_back_where_another_one_could_not_get_the_release(mine: str | None, other: str, back: bool) -> None:
    found = run(fleet_gate, {"question": "return"}, fleet("one", one=mine, two=other))
    assert found["proceed"] is back
    if back:
        assert found["release"] == "0001-v1"


def test_a_host_that_was_only_checked_has_nothing_to_go_back_from() -> None:
    variables = fleet("one", one="ok", two="refused")
    variables["hostvars"]["one"]["result_target"] = {"target": ended("ok", check_mode=True)}
    assert run(fleet_gate, {"question": "return"}, variables)["proceed"] is False


# what failed


@pytest.mark.parametrize(
    ("started", "result", "undo", "bad", "phase"),
    [
        pytest.param(None, {"msg": "no"}, False, "", "preflight", id="before the lease"),
        pytest.param({"failed": True}, {"kind": "lease_held"}, False, "", "preflight", id="without the lease"),
        pytest.param(
            {"token": 7, "release": "0002-v2", "makes_release": True},
            {"msg": "no"},
            True,
            "0002-v2",
            "change",
            id="while a release is made",
        ),
        pytest.param(
            {"token": 7, "release": "0001-v1", "makes_release": False},
            {"msg": "no", "phase": "apply"},
            True,
            "",
            "apply",
            id="while an old release comes back",
        ),
        pytest.param(
            {"token": 7, "release": "r"}, {"kind": "lease_lost"}, False, "", "change", id="the lease was lost"
        ),
        pytest.param({"token": 7, "release": "r"}, {"kind": "unreachable"}, False, "", "change", id="out of reach"),
    ],
)
def test_only_a_holder_of_the_lease_undoes_anything(
    started: dict[str, Any] | None, result: dict[str, Any], undo: bool, bad: str, phase: str
) -> None:
    found = run(note_failure, {"result": result}, {"ops_start": started})
    assert (found["undo"], found["bad"], found["failure"]["phase"]) == (undo, bad, phase)


def test_check_mode_undoes_nothing() -> None:
    found = run(note_failure, {"result": {}}, {"ops_start": {"token": 7, "release": "r"}}, check_mode=True)
    assert not found["undo"]


@pytest.mark.parametrize(
    ("restore", "put_back"),
    [
        pytest.param({"changed": True}, "20261123T204105Z-0002", id="the data was replaced"),
        pytest.param({"changed": True, "failed": True}, "20261123T204105Z-0002", id="replaced by what is not right"),
        pytest.param({"changed": False, "failed": True}, "", id="the restore failed before"),
        pytest.param({"skipped": True, "changed": False}, "", id="none was asked for"),
        pytest.param(None, "", id="none was thought of"),
    ],
)
def test_the_data_that_a_restore_replaced_is_to_be_put_back(restore: dict[str, Any] | None, put_back: str) -> None:
    taken = {"backup": {"id": "20261123T204105Z-0002"}}
    found = run(note_failure, {"result": {}}, {"ops_start": {"token": 7}, "ops_backup": taken, "ops_restore": restore})
    assert found["put_back"] == put_back


# the result of a target, and of all


@pytest.mark.parametrize("how", ENDINGS)
def test_a_target_has_its_result(how: str) -> None:
    assert run(target_result, {"operation": "deploy"}, ENDINGS[how])["target"] == ended(how)


def test_a_target_that_the_fleet_held_back_is_skipped() -> None:
    gate = {"result_gate": {"proceed": False, "reason": "two could not deploy the release"}}
    found = run(target_result, {"operation": "deploy"}, gate)["target"]
    assert (found["status"], found["reason"]) == ("skipped", "")


def test_a_host_that_went_back_for_its_fleet_says_why() -> None:
    variables = {
        **ENDINGS["ok"],
        "ops_finish": {"phases": [], "current": "0001-v1"},
        "rollback_fleet": {"reason": "two could not deploy the release"},
    }
    found = run(target_result, {"operation": "return"}, variables)["target"]
    assert (found["status"], found["reason"], found["release_after"]) == ("rolled_back", "fleet_failed", "0001-v1")
    assert "not reverted" in found["message"]


def test_the_first_host_publishes_for_all_and_each_shows_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    variables = fleet("one", one="ok", two="rolled back", three="lost")
    found = run(publish_result, {"operation": "deploy"}, variables)
    published = found["ansible_stats"]["data"]["doppelganger_ops"]
    assert published["status"] == "failed"
    assert {host: target["status"] for host, target in published["targets"].items()} == {
        "one": "ok",
        "two": "rolled_back",
        "three": "failed",
    }
    assert capsys.readouterr().out.split("\n")[1] == "  one: OK"
    assert not found["is_red"]
    second = run(publish_result, {"operation": "deploy"}, {**variables, "inventory_hostname": "two"})
    assert "ansible_stats" not in second
    assert second["is_red"]


def test_a_host_that_ended_without_a_result_is_not_forgotten() -> None:
    found = run(publish_result, {"operation": "deploy"}, fleet("one", one="ok", two="lost"))
    lost = found["ansible_stats"]["data"]["doppelganger_ops"]["targets"]["two"]
    assert (lost["status"], lost["reason"]) == ("failed", "no_result")
