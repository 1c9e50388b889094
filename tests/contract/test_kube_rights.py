"""The rights that are asked for in docs/kubernetes/rbac.yml are those that the code names, with the same reasons."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest
import yaml

from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api import _objects as kube_manifest
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._paths import KNOWN
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.login import _rights as kube_rights
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.rollout import _wait as kube_wait
from tests.contract.house import ROOT

TABLES = {"rbac.yml": kube_rights.NEEDS, "rbac-observe.yml": kube_rights.OBSERVE_NEEDS}
every_file = pytest.mark.parametrize(("file", "needs"), TABLES.items(), ids=TABLES.keys())
Needs = tuple[kube_rights.Need, ...]


def text_of(file: str) -> str:
    return (ROOT / "docs/kubernetes" / file).read_text(encoding="utf-8")


def objects_of(file: str) -> dict[str, dict[str, Any]]:
    return {each["kind"]: each for each in yaml.safe_load_all(text_of(file))}


def needed(needs: Needs) -> list[kube_rights.Right]:
    return [right for need in needs for right in need.rights()]


@every_file
def test_the_role_allows_what_is_needed_and_nothing_else(file: str, needs: Needs) -> None:
    allowed = [
        kube_rights.Right(verb, group, resource)
        for rule in objects_of(file)["Role"]["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    ]
    assert sorted(allowed) == sorted(needed(needs))


@every_file
def test_each_rule_says_why(file: str, needs: Needs) -> None:
    reasons = re.findall(r"# (.*)\n  - apiGroups:", text_of(file))
    assert reasons == [need.why for need in needs]


@every_file
def test_no_right_is_named_twice(file: str, needs: Needs) -> None:
    assert [right for right, times in Counter(needed(needs)).items() if times > 1] == []


@every_file
def test_all_is_in_one_namespace_and_bound_to_the_account(file: str, needs: Needs) -> None:
    objects = objects_of(file)
    assert sorted(objects) == ["Role", "RoleBinding", "ServiceAccount"]
    assert len({each["metadata"]["namespace"] for each in objects.values()}) == 1
    binding, account = objects["RoleBinding"], objects["ServiceAccount"]["metadata"]
    assert binding["roleRef"]["name"] == objects["Role"]["metadata"]["name"]
    assert binding["subjects"] == [{"kind": "ServiceAccount", **account}]


@pytest.mark.parametrize("word", ["*", "deletecollection", "escalate", "bind", "impersonate"])
def test_nothing_is_allowed_wholesale(word: str) -> None:
    assert [right for needs in TABLES.values() for right in needed(needs) if word in right] == []


def test_who_may_deploy_may_set_monitoring_up() -> None:
    more = set(needed(kube_rights.OBSERVE_NEEDS)) - set(needed(kube_rights.NEEDS))
    assert {right.resource for right in more} == {"prometheusrules"}


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


@pytest.mark.parametrize("kind", [("", "pods"), ("apps", "replicasets"), ("", "replicationcontrollers")])
def test_a_workload_that_few_have_is_asked_for_as_a_whole(kind: tuple[str, str]) -> None:
    asked = {right.verb for right in kube_rights.rights({kind}) if (right.group, right.resource) == kind}
    assert asked == {"get", "list", "watch", "create", "patch", "delete"}


def test_what_is_watched_may_be_watched() -> None:
    workloads = [kube_manifest.Ref("", kind, "x") for kind in kube_manifest.WORKLOADS]
    for source in kube_wait.sources_for(workloads):
        group, plural = kube_manifest.group_of(source.api_version), KNOWN[source.api_version, source.kind].plural
        wanted = {kube_rights.Right(verb, group, plural) for verb in ("list", "watch")}
        assert wanted <= {*kube_rights.rights({(group, plural)})}


def test_a_right_reads_like_a_question_to_kubectl() -> None:
    assert str(kube_rights.Right("get", "", "pods/log")) == "get pods/log"
    assert str(kube_rights.Right("patch", "apps", "deployments", "web")) == "patch deployments.apps web"
