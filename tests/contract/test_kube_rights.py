"""The rights that are asked for in docs/kubernetes/rbac.yml are those that the code names, with the same reasons."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest
import yaml

from ansible_collections.doppelganger.ops.plugins.plugin_utils import _kube_manifest as kube_manifest
from ansible_collections.doppelganger.ops.plugins.plugin_utils import _kube_rights as kube_rights
from ansible_collections.doppelganger.ops.plugins.plugin_utils import _kube_wait as kube_wait
from ansible_collections.doppelganger.ops.plugins.plugin_utils._kube_paths import KNOWN
from tests.contract.house import ROOT

RBAC = ROOT / "docs/kubernetes/rbac.yml"
TEXT = RBAC.read_text(encoding="utf-8")
OBJECTS: dict[str, dict[str, Any]] = {each["kind"]: each for each in yaml.safe_load_all(TEXT)}
NEEDED = [right for need in kube_rights.NEEDS for right in need.rights()]


def test_the_role_allows_what_is_needed_and_nothing_else() -> None:
    allowed = [
        kube_rights.Right(verb, group, resource)
        for rule in OBJECTS["Role"]["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    ]
    assert sorted(allowed) == sorted(NEEDED)


def test_each_rule_says_why() -> None:
    reasons = re.findall(r"# (.*)\n  - apiGroups:", TEXT)
    assert reasons == [need.why for need in kube_rights.NEEDS]


def test_no_right_is_named_twice() -> None:
    assert [right for right, times in Counter(NEEDED).items() if times > 1] == []


def test_all_is_in_one_namespace_and_bound_to_the_account() -> None:
    assert sorted(OBJECTS) == ["Role", "RoleBinding", "ServiceAccount"]
    assert len({each["metadata"]["namespace"] for each in OBJECTS.values()}) == 1
    binding, account = OBJECTS["RoleBinding"], OBJECTS["ServiceAccount"]["metadata"]
    assert binding["roleRef"]["name"] == OBJECTS["Role"]["metadata"]["name"]
    assert binding["subjects"] == [{"kind": "ServiceAccount", **account}]


@pytest.mark.parametrize("word", ["*", "deletecollection", "escalate", "bind", "impersonate"])
def test_nothing_is_allowed_wholesale(word: str) -> None:
    assert [right for right in NEEDED if word in right] == []


def test_only_what_is_applied_is_asked_for() -> None:
    asked = kube_rights.rights({("apps", "deployments"), ("batch", "jobs")})
    resources = {right.resource for right in asked}
    assert {"deployments", "jobs", "secrets", "leases", "pods/exec"} <= resources
    assert resources.isdisjoint({"statefulsets", "configmaps", "cronjobs"})
    assert "metrics.k8s.io" not in {right.group for right in asked}
    assert {right.verb for right in asked if right.resource == "services"} == {"list", "watch"}
    assert [right for right in asked if right.verb == "delete"] != []
    assert len(set(asked)) == len(asked)


def test_a_kind_that_nobody_knows_is_asked_for_like_any_object() -> None:
    asked = kube_rights.rights({("monitoring.example.com", "rules")})
    assert {right.verb for right in asked if right.resource == "rules"} == {"get", "list", "create", "patch", "delete"}


def test_what_is_watched_may_be_watched() -> None:
    workloads = [kube_manifest.Ref("", kind, "x") for kind in kube_manifest.WORKLOADS]
    for source in kube_wait.sources_for(workloads):
        group, plural = kube_manifest.group_of(source.api_version), KNOWN[source.api_version, source.kind].plural
        wanted = {kube_rights.Right(verb, group, plural) for verb in ("list", "watch")}
        assert wanted <= {*kube_rights.rights({(group, plural)})}


def test_a_right_reads_like_a_question_to_kubectl() -> None:
    assert str(kube_rights.Right("get", "", "pods/log")) == "get pods/log"
    assert str(kube_rights.Right("patch", "apps", "deployments", "web")) == "patch deployments.apps web"
