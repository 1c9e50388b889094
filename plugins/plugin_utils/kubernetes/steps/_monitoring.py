# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Monitoring on a cluster: all of it in the application's namespace, or rules for the operator that is there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._specs import MONITORING_APPLY
from ansible_collections.doppelganger.ops.plugins.module_utils.operations._step import Step

from ..api._client import FIELD_MANAGER
from ..api._errors import NoSuchKind
from ..api._objects import APPLICATION_LABEL, KIND_LABEL, MANAGED_BY_LABEL, Object, group_of
from ..changes import _changes
from ..changes._changes import UNCHANGED, Release
from ..login._rights import OBSERVE_NEEDS, OBSERVE_PAGE, rights
from ..target._target import KubeTarget
from ._apply import shown
from ._preflight import refuse_missing

VERSION, KIND = "monitoring.coreos.com/v1", "PrometheusRule"


def manifest(app: str, groups: list[dict[str, Any]], labels: Mapping[str, str]) -> Object:
    """The object, marked so that no deployment takes it for a part of a release and prunes it."""
    # an inventory has numbers and truth values as well, a label is text
    given = {str(name): str(value) for name, value in labels.items()}
    ours = {MANAGED_BY_LABEL: FIELD_MANAGER, APPLICATION_LABEL: app, KIND_LABEL: "rules"}
    return {
        "apiVersion": VERSION,
        "kind": KIND,
        "metadata": {"name": f"doppelganger-ops-{app.replace('_', '-')}", "labels": {**given, **ours}},
        "spec": {"groups": groups},
    }


def run(target: KubeTarget, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Set monitoring up, or add the rules to what there is."""
    if params["plan"]["mode"] == "rules":
        return _add_rules(target, params, check_mode)
    # here, as only a stack needs it
    from ._monitoring_stack import set_up

    return set_up(target, params, check_mode)


def _add_rules(target: KubeTarget, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Apply the rules, and read back that they are there."""
    plan = params["plan"]
    refuse_missing(target, rights([(group_of(VERSION), "prometheusrules")], OBSERVE_NEEDS), OBSERVE_PAGE)
    wanted = manifest(target.app.name, plan["groups"], params["labels"])
    marks = Release(application=target.app.name, id="", cause="")
    try:
        changes = _changes.plan(target.cluster, [wanted], marks, redact=target.redactor.text)
        different = [change for change in changes if change.action != UNCHANGED]
        if not check_mode:
            _changes.send(target.cluster, different)
    except NoSuchKind as error:
        raise Refused(
            f"The cluster has no kind {KIND} of {VERSION}, so nothing there would load the rules.",
            reason="kind_not_found",
            hint="Install the Prometheus operator, or add the file of rules to a Prometheus by hand.",
        ) from error
    verb = "would be loaded by" if check_mode else "are there for"
    return {
        "changed": bool(different),
        "diff": shown(different),
        "summary": f"{len(plan['alerts'])} rules {verb} the operator, in {KIND}/{wanted['metadata']['name']}.",
    }


MONITORING = Step(spec=MONITORING_APPLY, run=run)
