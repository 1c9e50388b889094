"""Rules as an object of the Prometheus operator, where a right is missing or nobody knows that kind of object."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import cast

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._errors import NoSuchKind
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.login._rights import Right
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.steps._monitoring import manifest, run
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.target._target import KubeTarget

GROUPS = [{"name": "doppelganger-ops-shop", "rules": [{"alert": "One", "expr": "up < 1"}]}]
PLAN = {"mode": "rules", "alerts": ["One"], "groups": GROUPS}


class FakeCluster:
    """Has no right that is missing, and knows the kind or refuses as the server does."""

    namespace = "shop"

    def __init__(self, *, has_kind: bool = True, missing: Sequence[Right] = ()) -> None:
        self.has_kind = has_kind
        self.missing = missing

    def missing_rights(self, rights: Sequence[Right]) -> list[Right]:
        return [one for one in self.missing if one in rights]

    def get(self, api_version: str, kind: str, name: str) -> None:
        assert not self.missing, "something was asked for"
        if not self.has_kind:
            raise NoSuchKind(f"no {kind} of {api_version}: {name}")


def target(cluster: FakeCluster) -> KubeTarget:
    redactor = SimpleNamespace(text=lambda text: text)
    return cast(KubeTarget, SimpleNamespace(app=SimpleNamespace(name="shop"), cluster=cluster, redactor=redactor))


def test_a_right_that_is_missing_is_named_before_anything_is_asked() -> None:
    cluster = FakeCluster(missing=[Right("patch", "monitoring.coreos.com", "prometheusrules")])
    with pytest.raises(Refused, match="cannot patch prometheusrules") as refusal:
        run(target(cluster), {"plan": PLAN, "labels": {}}, check_mode=False)
    assert "docs/kubernetes/rbac-observe.yml" in refusal.value.hint


def test_no_deployment_takes_it_for_a_part_of_a_release() -> None:
    """What is pruned is selected by the application and by having no kind of ours (changes/_prune.py)."""
    made = manifest("my_shop", GROUPS, {"doppelganger.ops/kind": "mine"})
    assert made["metadata"]["name"] == "doppelganger-ops-my-shop"
    assert made["metadata"]["labels"]["doppelganger.ops/kind"] == "rules"


def test_a_cluster_without_the_operator_is_refused() -> None:
    with pytest.raises(Refused, match="no kind PrometheusRule") as refusal:
        run(target(FakeCluster(has_kind=False)), {"plan": PLAN, "labels": {}}, check_mode=False)
    assert "operator" in refusal.value.hint
