"""Rules as an object of the Prometheus operator; the lab's cluster has no such kind, so a fake stands in for it."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils._errors import Refused
from ansible_collections.doppelganger.ops.plugins.plugin_utils._kube_errors import NoSuchKind
from ansible_collections.doppelganger.ops.plugins.plugin_utils._kube_observe import manifest, run
from ansible_collections.doppelganger.ops.plugins.plugin_utils._kube_rights import Right
from ansible_collections.doppelganger.ops.plugins.plugin_utils._kube_target import KubeTarget

GROUPS = [{"name": "doppelganger-ops-shop", "rules": [{"alert": "One", "expr": "up < 1"}]}]
PLAN = {"mode": "rules", "alerts": ["One"], "groups": GROUPS}
Object = dict[str, Any]


class FakeCluster:
    """Keeps what is applied, as the server does; without the kind it refuses as the server does."""

    namespace = "shop"

    def __init__(self, *, has_kind: bool = True, missing: Sequence[Right] = ()) -> None:
        self.kept: Object | None = None
        self.has_kind = has_kind
        self.missing = missing

    def missing_rights(self, rights: Sequence[Right]) -> list[Right]:
        return [one for one in self.missing if one in rights]

    def get(self, api_version: str, kind: str, name: str) -> Object | None:
        if not self.has_kind:
            raise NoSuchKind(f"no {kind} of {api_version}: {name}")
        return copy.deepcopy(self.kept)

    def apply(self, sent: Object, *, dry_run: bool = False, force: bool = False) -> Object:
        del force
        fields = [{"manager": "doppelganger-ops", "operation": "Apply", "fieldsV1": {"f:spec": {}}}]
        found = copy.deepcopy({**sent, "metadata": {**sent["metadata"], "uid": "u", "managedFields": fields}})
        if not dry_run:
            self.kept = found
        return copy.deepcopy(found)


def target(cluster: FakeCluster) -> KubeTarget:
    redactor = SimpleNamespace(text=lambda text: text)
    return cast(KubeTarget, SimpleNamespace(app=SimpleNamespace(name="shop"), cluster=cluster, redactor=redactor))


def test_a_check_foretells_a_run_applies_and_a_second_one_changes_nothing() -> None:
    cluster = FakeCluster()
    params = {"plan": PLAN, "labels": {"release": "monitoring"}}
    foretold = run(target(cluster), params, check_mode=True)
    assert (foretold["changed"], cluster.kept) == (True, None)
    assert "alert: One" in foretold["diff"][0]["prepared"]

    assert run(target(cluster), params, check_mode=False)["changed"] is True
    assert cluster.kept is not None
    assert cluster.kept["spec"] == {"groups": GROUPS}
    assert cluster.kept["metadata"]["labels"]["release"] == "monitoring"
    again = run(target(cluster), params, check_mode=False)
    assert (again["changed"], again["diff"]) == (False, [])

    other = {**PLAN, "groups": [{"name": "doppelganger-ops-shop", "rules": []}]}
    assert run(target(cluster), {**params, "plan": other}, check_mode=False)["changed"] is True


def test_a_right_that_is_missing_is_named_before_anything_is_asked() -> None:
    cluster = FakeCluster(missing=[Right("patch", "monitoring.coreos.com", "prometheusrules")])
    with pytest.raises(Refused, match="may not: patch prometheusrules") as refusal:
        run(target(cluster), {"plan": PLAN, "labels": {}}, check_mode=False)
    assert "docs/kubernetes/rbac-observe.yml" in refusal.value.hint
    assert cluster.kept is None


def test_no_deployment_takes_it_for_a_part_of_a_release() -> None:
    """What is pruned is selected by the application and by having no kind of ours (_kube_prune)."""
    made = manifest("my_shop", GROUPS, {"doppelganger.ops/kind": "mine"})
    assert made["metadata"]["name"] == "doppelganger-ops-my-shop"
    assert made["metadata"]["labels"]["doppelganger.ops/kind"] == "rules"


def test_a_cluster_without_the_operator_is_refused() -> None:
    with pytest.raises(Refused, match="no kind PrometheusRule") as refusal:
        run(target(FakeCluster(has_kind=False)), {"plan": PLAN, "labels": {}}, check_mode=False)
    assert "operator" in refusal.value.hint
