"""The order of the steps in the roles that change, recover and undo, with what each depends on.

What is in which order here is what keeps data: evidence before anything is undone, a backup before a migration, the
application stopped before a restore. A change of a role is a change of this table.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.house import ROOT, load

OURS = "doppelganger.ops."
#: the parameters on which it depends what becomes of a release
SHOWN = ("state", "phase", "outcome", "good", "bad", "left", "activate")
ALSO_SHOWN = {
    "ansible.builtin.set_fact": ("ops_start", "ops_finish"),
    "doppelganger.ops.operation_start": ("expected_current",),
    "doppelganger.ops.release_verify": ("services", "soak", "gates"),
}


def called(task: dict[str, Any]) -> str:
    """What a task does: a step with what it is given, or the file that it goes on with."""
    for verb in ("include_role", "import_role"):
        if asked := task.get(f"ansible.builtin.{verb}"):
            return f"{asked['name'].removeprefix(OURS)}/{asked.get('tasks_from', 'main')}"
    for verb in ("include_tasks", "import_tasks"):
        if file := task.get(f"ansible.builtin.{verb}"):
            return str(file)
    name = next(name for name in task if "." in name)
    given = task[name] or {}
    shown = {key: given[key] for key in (*SHOWN, *ALSO_SHOWN.get(name, ())) if key in given}
    return " ".join([name.removeprefix(OURS), *(f"{key}={value}" for key, value in shown.items())])


def lines(tasks: list[dict[str, Any]], depth: int = 0) -> Iterator[str]:
    """The tasks of a file, a line each, with their conditions; blocks are indented."""
    for task in tasks:
        when = f" when {task['when']}" if "when" in task else ""
        if "block" not in task:
            yield f"{'  ' * depth}{called(task)}{when}"
            continue
        for part in ("block", "rescue", "always"):
            if part in task:
                yield f"{'  ' * depth}{part}{when if part == 'block' else ''}"
                yield from lines(task[part], depth + 1)


ORDER = {
    "deploy/main": """
        result/gate
        block when result_gate.proceed
          app/main
          target_preflight
          change.yml when ops_preflight.needed
          verify.yml when not ops_preflight.needed
        rescue
          rollback/undo
        result/target
    """,
    "deploy/verify": """
        release_verify services={{ ops_preflight.services }}
    """,
    "deploy/change": """
        operation_start expected_current={{ ops_preflight.current | default('', true) }}
        rollback/recover when ops_start.interrupted is not none
        release_images
        database_backup
        database_migrate
        release_apply
        release_verify services={{ ops_preflight.services }} soak={{ app_model.soak_seconds }} gates={{ app_model.metric_gates }} when not ansible_check_mode
        operation_finish good={{ ops_start.release }} activate={{ ops_start.release }}
    """,  # noqa: E501 a task is a line
    "rollback/main": """
        result/gate
        block when result_gate.proceed
          operation.yml
        rescue
          undo.yml
        result/target
    """,
    "rollback/operation": """
        app/main
        target_preflight
        release_resolve
        change.yml when ops_resolve.needed or app_model.inputs.backup | length > 0
        verify.yml when not ops_resolve.needed and app_model.inputs.backup | length == 0
    """,
    "rollback/verify": """
        release_verify services={{ ops_resolve.services }}
    """,
    "rollback/change": """
        operation_start expected_current={{ ops_resolve.current | default('', true) }}
        interrupted.yml when ops_start.interrupted is not none
        database/swap when rollback_backup | length > 0
        release_apply state={{ 'running' if ops_resolve.release else 'stopped' }}
        gates.yml when not ansible_check_mode and ops_resolve.release | length > 0
        operation_finish good={{ ops_resolve.release }} left={{ ops_resolve.leaves }} activate={{ ops_resolve.release }}
    """,
    "rollback/gates": """
        release_verify services={{ ops_resolve.services }}
        database_check
    """,
    "rollback/interrupted": """
        evidence_collect
    """,
    "rollback/recover": """
        interrupted.yml
        release_apply state={{ 'running' if ops_start.previous else 'stopped' }} phase=recover when ops_start.previous is not none or ops_start.interrupted.release is not none
    """,  # noqa: E501 a task is a line
    "rollback/undo": """
        result/failure
        block when result_failure.undo
          evidence_collect
          put_back.yml when result_failure.put_back | length > 0
          previous.yml when ops_start.previous is not none
          stop.yml when ops_start.previous is none and ops_start.makes_release
          operation_finish outcome=failed bad={{ result_failure.bad }}
        rescue
          result/undo_failure
          block when result_undo_failure.undo
            operation_finish outcome=failed bad={{ result_failure.bad }}
          rescue
            show_lines
    """,
    "rollback/previous": """
        release_apply phase=return
        release_verify phase=verify return services={{ ops_start.previous_services }} soak={{ app_model.soak_seconds }}
    """,
    "rollback/stop": """
        release_apply state=stopped phase=return
    """,
    "rollback/put_back": """
        block
          database_backup
        rescue
          show_lines
        database/replace
    """,
    "rollback/fleet": """
        fleet_gate
        return.yml when rollback_fleet.proceed
    """,
    "rollback/return": """
        block
          ansible.builtin.set_fact ops_start={} ops_finish={}
          release_resolve
          change.yml
        rescue
          undo.yml
        result/target
    """,
    "database/backup": """
        block
          app/main
          target_preflight
          operation_start expected_current={{ ops_preflight.current | default('', true) }}
          rollback/recover when ops_start.interrupted is not none
          database_backup
          operation_finish
        rescue
          rollback/undo
        result/target
    """,
    "database/restore": """
        block
          app/main
          target_preflight
          release_resolve
          rollback/change
        rescue
          rollback/undo
        result/target
    """,
    "database/swap": """
        database_backup
        replace.yml
    """,
    "database/replace": """
        release_apply state=stopped phase=stop
        database_restore
    """,
}


@pytest.mark.parametrize("file", ORDER)
def test_the_steps_are_in_this_order_and_depend_on_this(file: str) -> None:
    role, _, name = file.partition("/")
    wanted = textwrap.dedent(ORDER[file]).strip().splitlines()
    assert list(lines(load(ROOT / f"roles/{role}/tasks/{name}.yml"))) == wanted


def test_no_file_of_these_roles_is_left_out() -> None:
    there = {f"{role}/{path.stem}" for role in ("deploy", "rollback", "database")
             for path in (ROOT / f"roles/{role}/tasks").glob("*.yml")}  # fmt: skip
    assert there == set(ORDER)
