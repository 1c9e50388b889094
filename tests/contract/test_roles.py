"""Roles and playbooks keep the rules of the house (docs/architecture.md)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ansible_collections.doppelganger.ops.plugins.plugin_utils.actions import _table
from ansible_collections.doppelganger.ops.plugins.plugin_utils.screen import _words
from tests.contract.house import (
    ALL_TASKS,
    OPERATIONS,
    PLAYBOOKS,
    ROLES,
    ROOT,
    TASK_FILES,
    Task,
    expressions,
    filters,
    load,
    named,
    specs,
    tasks,
)


def entry_points(role: str) -> set[str]:
    return {path.stem for path in (ROOT / "roles" / role / "tasks").glob("*.yml")}


def called(role: str) -> set[str]:
    """The entry points of a role that others ask for."""
    found = set()
    for task in ALL_TASKS:
        for verb in ("include_role", "import_role"):
            asked = task.keys.get(f"ansible.builtin.{verb}") or {}
            if asked.get("name") == f"doppelganger.ops.{role}":
                found.add(asked.get("tasks_from", "main"))
        for each in task.keys.get("roles") or []:
            if each["role"] == f"doppelganger.ops.{role}":
                found.add("main")
    return found


@pytest.mark.parametrize("role", ROLES)
def test_every_entry_point_that_is_called_has_a_spec(role: str) -> None:
    assert called(role) <= set(specs(role))
    assert set(specs(role)) <= entry_points(role)


def test_the_screen_has_a_word_for_every_step_that_is_a_phase() -> None:
    silent = {"release_resolve", "target_info", "target_lock"}  # their tasks show lines of their own, or none
    assert set(_words.PHASES) == set(_table.STEPS) - silent
    assert set(_words._NOTES) <= set(_words.PHASES)


def test_the_callbacks_are_switched_on() -> None:
    settings = (ROOT / "ansible.cfg").read_text()
    named = dict(re.findall(r"^(stdout_callback|callbacks_enabled) = (.*)$", settings, re.MULTILINE))
    enabled = "doppelganger.ops.report, doppelganger.ops.preload"
    assert named == {"stdout_callback": "doppelganger.ops.runbook", "callbacks_enabled": enabled}
    assert sorted(path.stem for path in (ROOT / "plugins/callback").glob("*.py")) == ["preload", "report", "runbook"]


@pytest.mark.parametrize("role", ROLES)
def test_every_spec_says_what_it_is(role: str) -> None:
    silent = [
        f"{entry} {option}"
        for entry, spec in specs(role).items()
        for option, about in {"": spec, **spec["options"]}.items()
        if not about.get("description") or not (option or spec.get("short_description"))
    ]
    assert silent == []


@pytest.mark.parametrize("role", OPERATIONS)
def test_every_option_of_an_operation_is_used(role: str) -> None:
    used = "\n".join(path.read_text() for path in (ROOT / "roles" / role / "tasks").glob("*.yml"))
    options = {option for spec in specs(role).values() for option in spec["options"]}
    assert [option for option in options if not re.search(rf"\b{option}\b", used)] == []


@pytest.mark.parametrize("role", ROLES)
def test_defaults_and_specs_are_equal_by_key_and_value(role: str) -> None:
    path = ROOT / "roles" / role / "defaults/main.yml"
    defaults = (load(path) or {}) if path.exists() else {}
    specified = {
        option: about["default"]
        for spec in specs(role).values()
        for option, about in spec["options"].items()
        if "default" in about
    }
    assert specified == defaults


@pytest.mark.parametrize("role", ROLES)
def test_what_is_required_has_no_default_in_its_spec(role: str) -> None:
    both = [
        option
        for spec in specs(role).values()
        for option, about in spec["options"].items()
        if about.get("required") and "default" in about
    ]
    assert both == []


# the platforms and the steps


def test_every_platform_of_the_model_has_its_row() -> None:
    choices = specs("app")["main"]["options"]["app_platform"]["choices"]
    assert sorted(choices) == sorted(_table.PLATFORMS)


def test_steps_are_redirected_and_grouped() -> None:
    routing = load(ROOT / "meta/runtime.yml")
    assert routing["action_groups"]["step"] == _table.STEPS
    wanted = {**dict.fromkeys(_table.STEPS, "step"), **dict.fromkeys(_table.TOOLS, "tool")}
    assert routing["plugin_routing"]["action"] == {
        name: {"redirect": f"doppelganger.ops.{action}"} for name, action in wanted.items()
    }


#: what a step registers, wherever it is called: the result is made from these
REGISTERED = {
    "database_backup": "ops_backup",
    "database_check": "ops_integrity",
    "database_migrate": "ops_migrate",
    "database_restore": "ops_restore",
    "evidence_collect": "ops_evidence",
    "metrics_measure": "ops_metrics",
    "monitoring_apply": "ops_observe",
    "operation_finish": "ops_finish",
    "operation_start": "ops_start",
    "release_apply": "ops_apply",
    "release_images": "ops_images",
    "release_resolve": "ops_resolve",
    "release_verify": "ops_verify",
    "target_info": "ops_info",
    "target_lock": "ops_lease",
    "target_preflight": "ops_preflight",
    "target_requirements": "ops_prepare",
}


def step_of(task: Task) -> str:
    """The step that a task is, empty for any other."""
    names = (name.removeprefix("doppelganger.ops.") for name in task.keys if name.startswith("doppelganger.ops."))
    return next((name for name in names if name in _table.STEPS), "")


def test_a_step_registers_the_same_name_everywhere() -> None:
    found = {(step_of(task), task.keys.get("register")) for task in ALL_TASKS if step_of(task)}
    assert found == set(REGISTERED.items())


def test_a_step_is_given_what_it_takes_and_what_it_needs() -> None:
    by_group = {"app", "cluster_token"}
    for task in filter(step_of, ALL_TASKS):
        spec = _table.entry_of(step_of(task), "compose").spec
        given = set(task.keys[f"doppelganger.ops.{step_of(task)}"] or {})
        needed = {name for name, option in spec.items() if option.get("required")} - by_group
        assert needed <= given <= set(spec), str(task)


def test_other_registered_names_have_the_prefix_of_their_role() -> None:
    foreign = [
        str(task)
        for task in ALL_TASKS
        if (name := task.keys.get("register")) and not step_of(task)
        if name != "app_model" and not name.startswith(f"{task.path.parts[-3]}_")
    ]
    assert foreign == []


def test_the_platform_is_chosen_by_name_and_never_by_a_condition() -> None:
    asked = [
        str(task)
        for task in ALL_TASKS
        for condition in [task.keys.get("when", "")]
        if re.search(r"app_platform|app_model\.platform", str(condition))
    ]
    assert asked == []


@pytest.mark.parametrize(
    "path",
    [path for role in OPERATIONS for path in sorted((ROOT / "roles" / role).rglob("*.yml"))] + PLAYBOOKS,
    ids=named,
)
def test_an_operation_names_no_platform(path: Path) -> None:
    assert re.findall(r"(?i)docker|compose|kubernetes|kubectl|\bk8s\b", path.read_text()) == []


def test_a_fleet_is_changed_in_the_batches_of_the_application_model() -> None:
    wanted = specs("app")["main"]["options"]["app_batches"]["default"]
    serials = {task.keys["serial"] for path in PLAYBOOKS for task in tasks(path) if "serial" in task.keys}
    written = [
        re.fullmatch(r"{{ app_batches \| default\((.*)\) \| doppelganger\.ops\.batches }}", serial)
        for serial in serials
    ]
    assert serials
    assert [match and load_text(match[1]) for match in written] == [wanted] * len(serials)


def load_text(text: str) -> object:
    import yaml

    return yaml.safe_load(text.replace("'", '"'))


# what YAML may do


def test_nothing_runs_a_shell() -> None:
    words = {"ansible.builtin.shell", "shell", "ansible.builtin.raw", "raw", "ansible.builtin.script"}
    assert [str(task) for task in ALL_TASKS if words & set(task.keys)] == []


@pytest.mark.parametrize("path", [*TASK_FILES, *PLAYBOOKS], ids=named)
def test_a_command_has_a_reason(path: Path) -> None:
    lines = path.read_text().splitlines()
    bare = [
        line
        for before, line in zip(["", *lines], lines, strict=False)
        if re.match(r"\s*(ansible\.builtin\.)?command:", line) and "#" not in before + line
    ]
    assert bare == []


def test_no_failure_is_tolerated() -> None:
    tolerated = [
        str(task)
        for task in ALL_TASKS
        if "ignore_errors" in task.keys or "ignore_unreachable" in task.keys or task.keys.get("failed_when") is False
    ]
    assert tolerated == []


@pytest.mark.parametrize("path", [*TASK_FILES, *PLAYBOOKS], ids=named)
def test_jinja_statements_stay_in_templates(path: Path) -> None:
    assert "{%" not in path.read_text()


def test_no_expression_is_a_program() -> None:
    long = [
        f"{task}: {expression}"
        for task in ALL_TASKS
        for expression in expressions(task.keys)
        if filters(expression) > 2
    ]
    assert long == []


@pytest.mark.parametrize("role", ROLES)
def test_facts_are_set_at_most_once_in_a_role(role: str) -> None:
    found = [
        str(task)
        for task in ALL_TASKS
        if f"/roles/{role}/" in str(task.path) and "ansible.builtin.set_fact" in task.keys
    ]
    assert len(found) <= 1


def test_nothing_waits_in_a_loop_of_tasks() -> None:
    assert [str(task) for task in ALL_TASKS if "until" in task.keys or "retries" in task.keys] == []


def test_every_play_block_and_task_has_a_name() -> None:
    assert [str(task) for task in ALL_TASKS if "name" not in task.keys] == []


@pytest.mark.parametrize("path", TASK_FILES, ids=named)
def test_a_task_file_is_a_page(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= (60 if path.stem == "main" else 120)


@pytest.mark.parametrize("path", PLAYBOOKS, ids=named)
def test_a_playbook_is_a_page_that_says_how_it_is_called(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert len(lines) <= 60
    assert lines[1].startswith(f"# ansible-playbook playbooks/{path.name}")


#: what AWX looks for in a line to call a file a playbook (awx/main/utils/ansible.py)
AWX = re.compile(r"^\s*?-?\s*?(?:hosts|(ansible\.builtin\.)?include|(ansible\.builtin\.)?import_playbook):")


@pytest.mark.parametrize("path", PLAYBOOKS, ids=named)
def test_awx_finds_the_playbook(path: Path) -> None:
    assert any(AWX.match(line) for line in path.read_text().splitlines())
    skipped = {"roles", "tasks", "group_vars", "host_vars"}
    assert not [part for part in path.relative_to(ROOT).parts if part in skipped or part.startswith(".")]
