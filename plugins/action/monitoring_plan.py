# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Works out on the controller what monitoring consists of, before anything is touched."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError, Refused
from ansible_collections.doppelganger.ops.plugins.plugin_utils.inputs import _given, _spec
from ansible_collections.doppelganger.ops.plugins.plugin_utils.monitoring._plan import planned

SPEC: dict[str, Any] = {
    "app": {"type": "dict", "required": True},
    "settings": {"type": "dict", "required": True},
    "secrets": {"type": "dict", "default": {}, "no_log": True},
}


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible-core has no types
    """The action ``monitoring_plan``."""

    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the plan, or a refusal. Of the secrets it only knows which there are."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        checked = ArgumentSpecValidator(SPEC).validate(self._task.args)
        if checked.error_messages:
            return {**result, **Refused("; ".join(checked.error_messages)).as_result()}
        params = checked.validated_parameters
        given = frozenset(str(name) for name, value in params["secrets"].items() if value)
        app, settings = _given.plain(params["app"]), _given.plain(params["settings"])
        try:
            for name, value in settings.items():
                _given.check(f"observe_{name}", value, _spec.of_role("observe").get(f"observe_{name}", {}))
            return {**result, "changed": False, **planned(app, settings, given)}
        except OpsError as error:
            return {**result, **error.as_result()}
