"""Roles and playbooks keep the rules of the house (docs/architecture.md)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ansible_collections.doppelganger.ops.plugins.plugin_utils.screen import _words
from tests.contract.house import (
    ALL_TASKS,
    OPERATIONS,
    PLATFORMS,
    PLAYBOOKS,
    ROLES,
    ROOT,
    TASK_FILES,
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


@pytest.mark.parametrize("role", PLATFORMS)
def test_the_screen_has_a_word_for_every_entry_point(role: str) -> None:
    assert set(specs(role)) - set(_words.PHASES) == set()
    assert set(_words._NOTES) <= set(_words.PHASES)


def test_the_screen_and_the_report_are_switched_on() -> None:
    settings = (ROOT / "ansible.cfg").read_text()
    named = dict(re.findall(r"^(stdout_callback|callbacks_enabled) = (.*)$", settings, re.MULTILINE))
    assert named == {"stdout_callback": "doppelganger.ops.runbook", "callbacks_enabled": "doppelganger.ops.report"}
    assert sorted(path.stem for path in (ROOT / "plugins/callback").glob("*.py")) == ["report", "runbook"]


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


# the platforms


@pytest.mark.parametrize("platform", PLATFORMS)
def test_platforms_have_the_same_entry_points_and_specs(platform: str) -> None:
    assert specs(platform) == specs(PLATFORMS[0])
    assert entry_points(platform) == entry_points(PLATFORMS[0])


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_file_of_a_platform_is_an_entry_point(platform: str) -> None:
    assert set(specs(platform)) == entry_points(platform)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_entry_point_registers_its_own_name(platform: str) -> None:
    registered = {
        path.stem: {task.keys["register"] for task in tasks(path) if "register" in task.keys}
        for path in (ROOT / "roles" / platform / "tasks").glob("*.yml")
    }
    alone = entry_points(platform) - {"change"}
    assert registered == {"change": set()} | {entry: {f"ops_{entry}"} for entry in alone}


def test_a_release_goes_through_the_same_phases_on_each_platform() -> None:
    told = {(ROOT / "roles" / platform / "tasks/change.yml").read_text() for platform in PLATFORMS}
    assert len(told) == 1


def test_there_is_a_role_for_each_platform_that_can_be_chosen() -> None:
    choices = specs("app")["main"]["options"]["app_platform"]["choices"]
    assert [f"platform_{choice}" for choice in sorted(choices)] == PLATFORMS


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
