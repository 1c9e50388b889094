"""The one door between Ansible and the work, from both sides: as a module and in the controller's process."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

from ansible_collections.doppelganger.ops.plugins.module_utils.core import _progress
from ansible_collections.doppelganger.ops.plugins.module_utils.core._entry import Entry
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError, Refused
from ansible_collections.doppelganger.ops.plugins.plugin_utils.actions import _step
from ansible_collections.doppelganger.ops.plugins.plugin_utils.actions._step import TargetAction


@pytest.mark.parametrize(
    ("error", "result"),
    [
        pytest.param(
            OpsError("It broke.", hint="Fix it.", phase="apply"),
            {"failed": True, "msg": "It broke. Fix it.", "kind": "failed", "reason": "step_failed", "phase": "apply"},
            id="a failure",
        ),
        pytest.param(
            Refused("No."), {"failed": True, "kind": "refused", "reason": "invalid_input", "hint": ""}, id="a refusal"
        ),
        pytest.param(
            Refused("No.", reason="forbidden"), {"kind": "refused", "reason": "forbidden"}, id="a reason of its own"
        ),
        pytest.param(
            OpsError("No.", msg="other", failed=False), {"failed": True, "msg": "No."}, id="its data hides nothing"
        ),
    ],
)
def test_an_error_is_a_result(error: OpsError, result: dict[str, Any]) -> None:
    found = error.as_result()
    assert {name: found[name] for name in result} == result


def work(params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    if params["name"] == "bad":
        raise Refused("No.", hint="Do.")
    return {"changed": False, "said": f"{params['name']} {params['password']}", "check_mode": check_mode}


ENTRY = Entry(
    spec={"name": {"type": "str", "required": True}, "password": {"type": "str", "default": "", "no_log": True}},
    run=work,
)


class Action(TargetAction):
    def entry(self) -> Entry:
        return ENTRY


def action(transport: str = "local", become: bool = False, **arguments: Any) -> TargetAction:
    """An action as a worker makes it, for its decisions only."""
    made: TargetAction = object.__new__(Action)
    made._task = SimpleNamespace(args=arguments, check_mode=True)
    made._connection = SimpleNamespace(transport=transport, host="one")
    made._play_context = SimpleNamespace(become=become, remote_addr="10.0.0.7")
    made._used_interpreter = None
    made._get_remote_user = lambda: "deploy"
    return made


@pytest.mark.parametrize(
    ("transport", "become", "here"),
    [
        pytest.param("local", False, True, id="a local connection"),
        pytest.param("local", True, False, id="as another user"),
        pytest.param("ssh", False, False, id="over ssh"),
    ],
)
def test_work_is_done_in_process_only_where_the_target_is_this_machine(
    transport: str, become: bool, here: bool
) -> None:
    assert action(transport, become)._is_this_process() is here


def test_work_in_process_has_its_defaults_and_knows_check_mode() -> None:
    found = action(name="x")._run_here(ENTRY)
    assert (found["said"], found["check_mode"]) == ("x ", True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param({}, "missing required arguments: name", id="missing"),
        pytest.param({"name": "x", "nmae": "y"}, "nmae", id="unknown"),
        pytest.param({"name": "bad"}, "No. Do.", id="refused by the work"),
    ],
)
def test_work_in_process_refuses_as_a_module_does(arguments: dict[str, Any], words: str) -> None:
    found = action(**arguments)._run_here(ENTRY)
    assert (found["failed"], found["kind"]) == (True, "refused")
    assert words in found["msg"]


def test_what_is_not_to_be_logged_is_taken_out_of_the_result() -> None:
    found = action(name="x", password="canary-1234")._run_here(ENTRY)
    assert "canary-1234" not in json.dumps(found)


def test_an_unreachable_target_is_an_ordinary_failure() -> None:
    made = action("ssh")

    def execute_module(**_arguments: Any) -> dict[str, Any]:
        raise AnsibleConnectionFailure("Connection timed out")

    made._execute_module = execute_module
    with pytest.raises(OpsError) as caught:
        made._run_there({})
    found = caught.value.as_result()
    assert (found["failed"], found["kind"], "unreachable" in found) == (True, "unreachable", False)
    assert found["reason"] == "host_unreachable"
    assert "10.0.0.7 is up" in found["msg"]


@pytest.mark.parametrize(
    ("said", "kind"),
    [({"changed": True}, "ok"), ({"failed": True}, "failed"), ({"failed": True, "kind": "refused"}, "refused")],
)
def test_a_shipped_module_says_its_kind(said: dict[str, Any], kind: str) -> None:
    made = action("ssh")
    made._execute_module = lambda **_arguments: dict(said)
    assert made._run_there({})["kind"] == kind


def test_what_a_shipped_module_was_given_is_not_shown_and_what_it_says_may_be() -> None:
    made = action("ssh")
    made._execute_module = lambda **_arguments: {"invocation": {"module_args": {"app": "canary"}}, "msg": "a\x1b[2Jb"}
    assert made._run_there({}) == {"msg": "ab", "kind": "ok"}


def test_work_in_process_ends_with_ansible_and_tells_what_it_waits_for(monkeypatch: pytest.MonkeyPatch) -> None:
    did: list[Any] = []
    monkeypatch.setattr(ActionBase, "run", lambda *_: {})
    monkeypatch.setattr(_step, "end_with_parent", lambda: did.append("ends"))
    monkeypatch.setattr(_step, "listener", lambda variables: lambda words: did.append((variables, words)))

    def wait(_params: Mapping[str, Any], _check_mode: bool) -> dict[str, Any]:
        _progress.tell(lambda: "a lease")
        return {}

    made = action(name="x")
    monkeypatch.setattr(made, "entry", lambda: Entry(ENTRY.spec, wait))
    made.run(None, {"inventory_hostname": "one"})
    assert did == ["ends", ({"inventory_hostname": "one"}, "a lease")]
