"""The action of the steps: which platform, in which process."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible.plugins.action import ActionBase
from ansible.template import trust_as_template

from ansible_collections.doppelganger.ops.plugins.action import step
from ansible_collections.doppelganger.ops.plugins.module_utils.core._entry import Entry
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused
from ansible_collections.doppelganger.ops.plugins.plugin_utils.actions import _table


def action(platform: object, transport: str = "local", become: bool = False, name: str = "target_info") -> Any:
    """The action as a worker makes it, for its decisions only."""
    made: Any = object.__new__(step.ActionModule)
    made._task = SimpleNamespace(action=f"doppelganger.ops.{name}", args={"app": {"platform": platform}})
    made._connection = SimpleNamespace(transport=transport)
    made._play_context = SimpleNamespace(become=become)
    return made


@pytest.mark.parametrize(
    ("platform", "transport", "become", "here"),
    [
        pytest.param("compose", "local", False, True, id="a compose host that is this machine"),
        pytest.param("compose", "local", True, False, id="as another user"),
        pytest.param("compose", "ssh", False, False, id="a compose host behind ssh"),
        pytest.param("kubernetes", "local", False, True, id="a cluster"),
        pytest.param("kubernetes", "ssh", True, True, id="a cluster, whatever the host is"),
    ],
)
def test_where_a_step_is_done(platform: str, transport: str, become: bool, here: bool) -> None:
    assert action(platform, transport, become)._is_this_process() is here


@pytest.mark.parametrize("platform", sorted(_table.PLATFORMS))
@pytest.mark.parametrize("name", _table.STEPS)
def test_every_step_is_there_on_every_platform_with_the_same_parameters(platform: str, name: str) -> None:
    assert action(platform, name=name).entry().spec == _table.entry_of(name, "compose").spec


@pytest.mark.parametrize("platform", ["nomad", "", None, 3])
def test_an_unknown_platform_is_refused(platform: object) -> None:
    with pytest.raises(Refused):
        action(platform).entry()


def test_what_is_no_model_is_refused() -> None:
    with pytest.raises(Refused):
        _table.platform_of({"app": "shop"})


def test_a_library_that_ansibles_own_python_lacks_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ActionBase, "run", lambda *_arguments, **_named: {})
    made = action("kubernetes")

    def entry() -> Entry:
        raise ModuleNotFoundError("No module named 'urllib3'", name="urllib3")

    made.entry = entry
    found = made.run()
    assert (found["failed"], found["kind"], found["reason"]) == (True, "refused", "program_missing")
    assert f"{sys.executable} -m pip install urllib3" in found["hint"]


def test_a_step_in_this_process_is_given_plain_data() -> None:
    marked = trust_as_template("shop")
    assert type(marked) is not str
    given: dict[str, Any] = {"name": marked, marked: [marked, 1, True, None, 0.5, {"x": marked}]}
    made = action("compose")
    made._task.args, made._task.check_mode = {"app": given}, False
    entry = Entry({"app": {"type": "dict", "required": True}}, lambda params, _: {"text": yaml.safe_dump(params)})
    assert yaml.safe_load(made._run_here(entry)["text"]) == {"app": given}
