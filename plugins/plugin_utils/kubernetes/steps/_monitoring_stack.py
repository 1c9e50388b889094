# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Setting a monitoring up in a namespace: what differs is sent, then it is watched, then Prometheus is asked.

Files that a server refuses leave the old pods at work; then what was there before is applied again, and what came new
is removed.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError, Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.monitoring._health import refuse_wrong, wait_for, wrong
from ansible_collections.doppelganger.ops.plugins.module_utils.monitoring._server import (
    ANSWER_LIMIT,
    ANSWER_WITHIN,
    answer_of,
)
from ansible_collections.doppelganger.ops.plugins.module_utils.text._excerpt import gist
from ansible_collections.doppelganger.ops.plugins.module_utils.text._redaction import Redactor

from ...monitoring._stack_kubernetes import PORTS, prefix
from ..api._errors import Unreachable
from ..api._namespace import Cluster
from ..api._objects import (
    APPLICATION_LABEL,
    CHANGE_CAUSE_ANNOTATION,
    ORIGIN_ANNOTATION,
    RELEASE_ANNOTATION,
    Object,
    Ref,
    is_workload,
    ref_of,
)
from ..changes import _changes, _prune
from ..changes._changes import UNCHANGED, Change, Release
from ..changes._diff import normalized
from ..login._rights import OBSERVE_NEEDS, OBSERVE_PAGE, Right, rights
from ..rollout import _wait as _kube_wait
from ..rollout._pods import Patience
from ..target._target import KubeTarget
from ._apply import shown, workloads_in
from ._monitoring_objects import PART_LABEL, name_of, objects, owner, secret
from ._preflight import refuse_missing

_ALWAYS = (
    *(("", name) for name in ("configmaps", "services", "pods", "endpoints", "events", "pods/log", "services/proxy")),
    ("apps", "deployments"), ("apps", "replicasets"),
)  # fmt: skip
_ON_NODES = (("apps", "daemonsets"), ("apps", "controllerrevisions"))
_CLAIMS = (("", "persistentvolumeclaims"),)
_KINDS = (("v1", "ConfigMap"), ("v1", "Secret"), ("v1", "Service"), ("apps/v1", "Deployment"))
#: nothing depends on when an old server has gone
_PATIENCE = Patience(until_gone=False)
#: annotations that we set ourselves
_OURS = (ORIGIN_ANNOTATION, RELEASE_ANNOTATION, CHANGE_CAUSE_ANNOTATION)


class BehindService:
    """Prometheus, asked through the API server."""

    def __init__(self, cluster: Cluster, service: str, port: int) -> None:
        self._cluster, self._service, self._port = cluster, service, port

    def read(self, path: str) -> Any:
        """Its answer as data."""
        place = f"Prometheus behind the Service {self._service}"
        answer = self._cluster.service_get(self._service, self._port, path, timeout=ANSWER_WITHIN, limit=ANSWER_LIMIT)
        if answer.status != 200:
            raise OpsError(f"{place} answered {answer.status}: {gist(answer.body, 300)}", reason="monitoring_failed")
        return answer_of(place, answer.body)


class Setup:
    """The monitoring of one application in its namespace."""

    def __init__(self, target: KubeTarget, params: Mapping[str, Any]) -> None:
        self.target, self.cluster, self.params = target, target.cluster, params
        self.plan: Mapping[str, Any] = params["plan"]
        self.owner = owner(target.app.name)
        self.release = Release(self.owner, "monitoring", "observe.yml")
        own = Redactor(str(value) for value in params["secrets"].values())
        self.redact: Callable[[str], str] = lambda text: own.text(target.redactor.text(text))
        self.refuse_missing_rights()
        kinds = {*_KINDS, *([("apps/v1", "DaemonSet")] if self._may_be_on_nodes() else [])}
        found = _prune.plan_prune(self.cluster, self.owner, [], kinds, redact=self.redact)
        #: what there is of ours, as a change that takes it away
        self.there = [change for change in found if change.action == _prune.PRUNED]
        self.wanted = objects(self.plan, self._selectors(), self._secrets())

    def refuse_missing_rights(self) -> None:
        """Before anything is read."""
        parts = self.plan["parts"].values()
        asked = [*_ALWAYS, *(_ON_NODES if "host" in self.plan["parts"] else ())]
        asked += _CLAIMS if any(part.get("storage") for part in parts) else ()
        refuse_missing(self.target, rights(asked, OBSERVE_NEEDS), OBSERVE_PAGE)

    def _may_be_on_nodes(self) -> bool:
        """Who may not list and delete them cannot have made any."""
        return not self.cluster.missing_rights([Right(verb, "apps", "daemonsets") for verb in ("list", "delete")])

    def _selectors(self) -> dict[str, dict[str, str]]:
        current = self.target.current() if self.plan["watched"] else None
        release = self.target.manifests(current) if current else []
        workloads = {name_of(one): one for one in release if is_workload(one)}
        lost = [name for name, _ in self.plan["watched"].values() if name not in workloads]
        if lost:
            raise Refused(
                f"Expected {', '.join(lost)} among the workloads of the release that runs, found "
                f"{', '.join(sorted(workloads)) or 'no release'}.",
                reason="not_found",
                hint="Deploy the application first, and see app_metric_sources and app_database_service.",
            )
        return {name: _selector(workloads[called]) for name, (called, _) in self.plan["watched"].items()}

    def _secrets(self) -> dict[str, Object]:
        """The Secret of each part: the one that is there, where it holds the same."""
        found = {}
        for name, part in self.plan["parts"].items():
            data = {}
            for one in part.get("secrets") or []:
                value = str(self.params["secrets"][one])
                if one == "cache_password":
                    one, value = f"{one}.json", json.dumps({part["environment"]["REDIS_ADDR"]: value})
                data[one] = base64.b64encode(value.encode()).decode()
            if data:
                found[name] = secret(self.target.app.name, name, self._suffix(name, data), data)
        return found

    def _suffix(self, part: str, data: Mapping[str, str]) -> str:
        for change in self.there:
            one = change.manifest
            if one["kind"] == "Secret" and one["metadata"]["labels"].get(PART_LABEL) == part and one["data"] == data:
                return name_of(one).rpartition("-")[2]
        return secrets.token_hex(4)

    def changes(self) -> list[Change]:
        """What is different from what is wanted."""
        planned = _changes.plan(self.cluster, self.wanted, self.release, redact=self.redact)
        wanted = {ref_of(one) for one in self.wanted}
        stale = [change for change in self.there if ref_of(change.manifest) not in wanted]
        return [*(change for change in planned if change.action != UNCHANGED), *stale]

    def bring_up(self, changes: Sequence[Change]) -> None:
        """Send what differs and see it work; else bring back what was there."""
        try:
            _changes.send(self.cluster, [change for change in changes if change.action != _prune.PRUNED])
            self._wait([ref_of(one) for one in self.wanted if is_workload(one)])
        except Unreachable:
            raise
        except OpsError as error:
            was = self.put_back(changes)
            error.hint = f"{was} Fix what it names and re-run; docs/playbooks/observe.md has the reasons."
            raise
        _prune.prune(self.cluster, changes)

    def put_back(self, changes: Sequence[Change]) -> str:
        """Apply what was there before, and remove what is new; says what was done."""
        before: dict[Ref, Object] = {ref_of(change.manifest): change.manifest for change in self.there}
        sent = [change.manifest for change in changes if change.action != _prune.PRUNED]
        if not sent:
            return "This run had nothing to change."
        if not any(ref.is_workload for ref in before):
            return "Nothing was there before, so what was set up is left in place for inspection."
        old = [before[ref_of(one)] for one in sent if ref_of(one) in before]
        new = [one for one in sent if ref_of(one) not in before and one["kind"] not in _prune.DATA]
        try:
            for one in old:
                self.cluster.apply(_as_it_was(one))
            for one in reversed(new):
                self.cluster.delete(one["apiVersion"], one["kind"], name_of(one))
            self._wait([ref_of(one) for one in old if is_workload(one)])
        except OpsError as error:
            return f"What was there before is not at work again: {error.message}"
        return "The monitoring is as it was before."

    def _wait(self, workloads: Sequence[Ref]) -> None:
        timeout = self.params["timeout"]
        _kube_wait.wait(self.cluster, workloads, timeout, redact=self.redact, patience=_PATIENCE, called="monitoring")

    def wrong(self) -> list[str]:
        """What is wrong with it once it has had the time to get there."""
        prometheus = BehindService(self.cluster, f"{prefix(self.target.app.name)}-prometheus", PORTS["prometheus"])
        asked = (self.plan["alerts"], self.plan["jobs"], self.plan["app"], True)
        return wait_for(lambda: wrong(prometheus, *asked), self.params["timeout"], lambda: None)


def set_up(target: KubeTarget, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Set monitoring up, and say whether it works."""
    setup = Setup(target, params)
    changes = setup.changes()
    result = {"changed": bool(changes), "diff": shown(changes), "services": workloads_in(changes)}
    if check_mode:
        foretold = f"Would change {len(changes)} objects" if changes else "Nothing would change"
        return {**result, "summary": f"{foretold} of {APPLICATION_LABEL}={setup.owner}."}
    setup.bring_up(changes)
    refuse_wrong(setup.wrong(), result)
    up = f"{len(params['plan']['alerts'])} rules are loaded, the targets of {', '.join(params['plan']['jobs'])} are up"
    return {**result, "summary": f"{up}."}


def _selector(workload: Mapping[str, Any]) -> dict[str, str]:
    """By which labels the pods of a workload are found."""
    spec = workload["spec"]
    labels = (spec.get("selector") or {}).get("matchLabels") or spec["template"]["metadata"]["labels"]
    return dict(labels)


def _as_it_was(thing: Object) -> Object:
    """An object that was read, as it is applied: without what others have written into it."""
    found = normalized(thing)
    about = found["metadata"]
    annotations = {key: value for key, value in (about.get("annotations") or {}).items() if key in _OURS}
    kept = {"name": about["name"], "labels": about["labels"], "annotations": annotations}
    return {**found, "metadata": kept}
