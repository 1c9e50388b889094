# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads the application model and the caller's inputs, on the controller, before anything is touched."""

from __future__ import annotations

import difflib
import platform
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase

from ansible_collections.doppelganger.ops.plugins.module_utils.app import _model
from ansible_collections.doppelganger.ops.plugins.module_utils.checks import _checklist
from ansible_collections.doppelganger.ops.plugins.module_utils.core import _options
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError, Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.core._user import user_name
from ansible_collections.doppelganger.ops.plugins.module_utils.text._visible import hidden
from ansible_collections.doppelganger.ops.plugins.plugin_utils.inputs import _given, _inputs, _sources, _spec
from ansible_collections.doppelganger.ops.plugins.plugin_utils.results import _about

#: variables of the role that do not describe the application
NOT_MODEL = {
    "app_inputs", "app_with_catalogue", "app_batches", "app_registry_password", "app_cluster_token", "app_metric_token",
    "app_stage",
}  # fmt: skip

#: what a variable was called in an earlier version, and is called now
RENAMED: dict[str, str] = {}
_HINT = "docs/application.md describes each variable."


def spec() -> dict[str, Any]:
    """The variables of the role ``app``."""
    return _spec.of_role("app")


class ActionModule(ActionBase):  # type: ignore[misc]  # ansible-core has no types
    """The action ``app_model``."""

    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the model with ``inputs``, ``operator`` and ``about``, or a refusal."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        about = {"application": _as_typed(variables.get("app_name")), "environment": self._environment(variables)}
        try:
            operator = about["operator"] = _operator(variables)
            if sources := variables.get("ansible_inventory_sources"):
                _sources.refuse_mixed(self._loader, sources, str(variables["inventory_hostname"]))
            model = self._model(variables)
            inputs = _inputs.read(self._task.args.get("inputs", []), variables, model["name"])
            # what is said for one run counts before the inventory
            model["adopt"] = inputs["adopt"] == "yes" if inputs.get("adopt") else model["adopt"]
        except OpsError as error:
            return {**result, **error.as_result(), "phase": "preflight", "about": _about.of(about)}
        about = _about.of({**about, "application": model["name"], "reason": inputs.get("reason")})
        return {**result, **model, "inputs": inputs, "operator": operator, "about": about, "title": _about.line(about)}

    def _environment(self, variables: Mapping[str, Any]) -> str:
        """What people call the environment, as far as it can be said before the model has been read."""
        try:
            stage = self._value("app_stage", variables["app_stage"]) if "app_stage" in variables else ""
        except OpsError:  # which the model refuses by name
            stage = ""
        return _as_typed(_about.environment(stage, variables))

    def _model(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        _refuse_unknown(variables)
        given = {name: self._value(name, variables[name]) for name in spec() if name in variables}
        checked = ArgumentSpecValidator(spec()).validate(given)
        if checked.error_messages:
            raise Refused(f"The application model is not valid: {_options.listed(checked.error_messages)}.",
                          hint=_HINT)  # fmt: skip
        for name, value in checked.validated_parameters.items():
            _given.check_plain(name, value)  # Ansible has made some of it, of text
        fields = {name[4:]: value for name, value in checked.validated_parameters.items() if name not in NOT_MODEL}
        fields["state_dir"] = fields["state_dir"] or f"/var/lib/doppelganger-ops/{fields['name']}"
        app = _model.App.from_dict(fields)
        found = _model.problems(app)
        if found:
            raise Refused(f"The application model is not valid: {_options.listed(found, ' ')}", hint=_HINT)
        _checklist.parse_checks(app.checks)
        fields.update(metrics_of(fields, with_catalogue=bool(self._task.args.get("metrics"))))
        return {name: _given.plain(value) for name, value in {**fields, "env_paths": app.env_paths}.items()}

    def _value(self, name: str, raw: Any) -> Any:
        _given.check_plain(name, raw)
        try:
            value = self._templar.template(raw)
        except AnsibleError as error:
            raise Refused(f"{name} cannot be evaluated: {error.message}", hint="Fix it in the inventory.") from error
        _given.check(name, value, spec()[name])
        return value


def metrics_of(fields: Mapping[str, Any], with_catalogue: bool) -> dict[str, Any]:
    """What the model says of metrics: gates with the entries they are about, and with ``with_catalogue`` all entries.

    The catalogue is only read where somebody has a use for it: a deployment without gates has none.
    """
    database = {name: fields[f"database_{name}"] for name in ("service", "name", "user")}
    known = {"postgres": {"service": database["service"], "database": database["name"], "user": database["user"]}}
    sources = {**(known if database["service"] else {}), **fields["metric_sources"]}
    found: dict[str, Any] = {"metric_sources": sources}
    needs_catalogue = with_catalogue or fields["metrics"] or fields["metric_words"] or fields["metric_gates"]
    if not (needs_catalogue or fields["metric_sources"]):
        return found
    # here, so that a model without metrics loads nothing of them
    from ansible_collections.doppelganger.ops.plugins.module_utils.metrics import _places

    parsed = _places.parse_sources(sources)
    if not needs_catalogue:
        return found
    from ansible_collections.doppelganger.ops.plugins.module_utils.metrics import _catalogue, _watches
    from ansible_collections.doppelganger.ops.plugins.plugin_utils.inputs import _catalogue_file

    read = _catalogue.catalogue(_catalogue_file.ours(), fields["name"], fields["metrics"], fields["metric_words"])
    _watches.parse_gates(fields["metric_gates"], read.metrics, parsed)
    found["metric_gates"] = _watches.gates_as_data(fields["metric_gates"], read.metrics)
    return {**found, "catalogue": read.as_data()} if with_catalogue else found


def _refuse_unknown(variables: Mapping[str, Any]) -> None:
    known = [*spec(), "app_model"]
    for name in sorted(variables):
        if name.startswith("app_") and name not in known:
            if name in RENAMED:
                raise Refused(f"{name} is called {RENAMED[name]} now.", hint="Rename it in the inventory.")
            similar = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {similar[0]}?" if similar else "docs/application.md lists the variables."
            raise Refused(f"{name} is not a variable of the application model.", hint=hint)


def _as_typed(text: Any) -> str:
    """A text that can be shown before anybody has checked it; nothing in the place of another, or of a template."""
    return str(text) if isinstance(text, str) and not hidden(text) and "{" not in text else ""


def _operator(variables: Mapping[str, Any]) -> str:
    """Who runs this: AWX says so itself, otherwise it is the user of the controller."""
    names = ("awx_user_name", "tower_user_name", "awx_schedule_name", "tower_schedule_name")
    name = next((name for name in names if variables.get(name)), None)
    user = user_name() if name is None else str(variables[name])
    if hidden(user):
        raise Refused(f"{name} must be printable text, found {user!a}.")
    return f"{user}@{platform.node()}"
