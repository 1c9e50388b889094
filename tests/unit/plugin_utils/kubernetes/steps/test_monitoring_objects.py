"""A monitoring on a cluster as objects: what they are called, what they may, and that nothing secret is in them."""

from __future__ import annotations

import json
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]  # it ships no types
import pytest
import yaml

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.steps._monitoring_objects import (
    objects,
    secret,
)
from tests.unit.plugin_utils.monitoring.test_plan import ALL_SECRETS, ROOT, read
from tests.unit.plugin_utils.monitoring.test_plan import plan as on_a_host

Object = dict[str, Any]
SELECTORS = {name: {"app": name} for name in ("app", "database", "cache")}
EVERYTHING: Object = {
    "exporters": ["host", "database", "cache"], "storage": "10Gi", "images": {"grafana": "grafana:1"},
}  # fmt: skip


def plan(app: Object | None = None, **changes: Any) -> Object:
    return on_a_host({"platform": "kubernetes", **(app or {})}, ALL_SECRETS, **{"exporters": [], **changes})


def made(planned: Object) -> dict[str, Object]:
    """The objects by kind and name, without what is the same in front of each name."""
    held = {
        name: secret("studio", name, "1f", dict.fromkeys(part["secrets"], "c2VjcmV0"))
        for name, part in planned["parts"].items()
        if part.get("secrets")
    }
    found = objects(planned, SELECTORS, held)
    return {f"{one['kind']} {one['metadata']['name'].removeprefix('monitoring-studio-')}": one for one in found}


def pods(found: dict[str, Object]) -> dict[str, Object]:
    return {key: one["spec"]["template"]["spec"] for key, one in found.items() if "template" in one.get("spec", {})}


@pytest.mark.parametrize("minor", [f"1.{minor}" for minor in range(30, 38)])
def test_the_objects_are_valid(minor: str) -> None:
    for one in made(plan(**EVERYTHING)).values():
        kubernetes_validate.validate(one, minor, strict=True)


def test_each_has_the_marks_by_which_it_is_found_and_that_no_deployment_takes_for_its_own() -> None:
    for one in made(plan(**EVERYTHING)).values():
        labels = one["metadata"]["labels"]
        assert labels["doppelganger.ops/application"] == "studio.monitoring"
        assert labels["app.kubernetes.io/managed-by"] == "doppelganger-ops"
        assert len(one["metadata"]["name"]) <= 63


def test_a_change_of_a_file_gives_new_pods_to_who_reads_it_and_to_nobody_else() -> None:
    before = made(plan())
    after = made(plan({"metrics": {"cpu": {"limits": {"warning": {"above": 77}}}}}))
    different = {key for key, one in after.items() if before.get(key) != one}
    assert {key.partition(" ")[0] for key in different} == {"ConfigMap", "Deployment"}
    assert {key for key in different if key.startswith("Deployment")} == {"Deployment prometheus"}


def test_files_lie_where_the_servers_look_for_them() -> None:
    found = made(plan())
    [volume] = [one for one in pods(found)["Deployment prometheus"]["volumes"] if "configMap" in one]
    paths = {one["path"]: one["key"] for one in volume["configMap"]["items"]}
    assert sorted(paths) == ["prometheus.yml", "rules/studio.yml"]
    data = found[f"ConfigMap {volume['configMap']['name'].removeprefix('monitoring-studio-')}"]["data"]
    assert "ServiceUpCritical" in data[paths["rules/studio.yml"]]


def test_what_there_may_be_several_of_is_looked_up_by_name() -> None:
    planned = plan(exporters=["host", "database"])
    jobs = {one["job_name"]: one for one in read(planned, "prometheus/prometheus.yml")["scrape_configs"]}
    for job, name, port in (("studio", "watched-app", 8000), ("node", "host", 9100)):
        [asked] = jobs[job]["dns_sd_configs"]
        assert (asked["names"], asked["port"]) == ([f"monitoring-studio-{name}"], port)
    assert jobs["postgres"]["static_configs"] == [{"targets": ["monitoring-studio-database:9187"]}]
    found = made(planned)
    for name, labels in (("watched-app", {"app": "app"}), ("watched-database", {"app": "database"})):
        spec = found[f"Service {name}"]["spec"]
        assert (spec["clusterIP"], spec["publishNotReadyAddresses"], spec["selector"]) == ("None", True, labels)


def test_an_application_that_is_reached_by_its_address_is_asked_there() -> None:
    planned = plan({"metric_sources": {"openmetrics": {"url": "https://studio.example.com:8443", "path": "/m"}}})
    job = read(planned, "prometheus/prometheus.yml")["scrape_configs"][0]
    assert (job["scheme"], job["metrics_path"]) == ("https", "/m")
    assert job["static_configs"] == [{"targets": ["studio.example.com:8443"]}]
    assert planned["watched"] == {}


def test_pods_may_do_nothing_but_the_node_s_exporter_sees_the_node() -> None:
    for key, pod in pods(made(plan(**EVERYTHING))).items():
        [container] = pod["containers"]
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert pod.get("hostNetwork", False) is pod.get("hostPID", False) is (key == "DaemonSet host")
        paths = [one for one in pod["volumes"] if "hostPath" in one]
        assert len(paths) == (key == "DaemonSet host")
        if paths:
            assert container["volumeMounts"] == [{"name": "root", "mountPath": "/host", "readOnly": True}]


def test_secrets_are_files_for_who_reads_them() -> None:
    found = made(plan(**EVERYTHING))
    readers = {
        key: [one["secret"]["secretName"] for one in pod["volumes"] if "secret" in one]
        for key, pod in pods(found).items()
    }
    assert {key: names for key, names in readers.items() if names} == {
        f"Deployment {name}": [f"monitoring-studio-{name}-1f"]
        for name in ("alertmanager", "database", "cache", "grafana")
    }
    held = found["Secret alertmanager-1f"]["data"]
    assert sorted(held) == ["pagerduty_key", "smtp_password", "webhook_token"]
    assert "c2VjcmV0" not in json.dumps([one for key, one in found.items() if not key.startswith("Secret ")])


def test_who_writes_to_a_claim_is_alone() -> None:
    for storage, strategy, volume in (("", "RollingUpdate", "emptyDir"), ("10Gi", "Recreate", "persistentVolumeClaim")):
        found = made(plan(storage=storage))
        spec = found["Deployment prometheus"]["spec"]
        assert spec["strategy"]["type"] == strategy
        assert volume in spec["template"]["spec"]["volumes"][-1]
        assert ("PersistentVolumeClaim prometheus" in found) is bool(storage)


def test_a_name_stands_for_one_kind_of_volume_whatever_was_chosen() -> None:
    """What is applied is merged by names: a volume of two kinds is refused."""
    kinds: dict[str, set[str]] = {}
    for storage in ("", "10Gi"):
        for pod in pods(made(plan(storage=storage))).values():
            for volume in pod["volumes"]:
                kinds.setdefault(volume["name"], set()).update(volume.keys() - {"name"})
    assert [name for name, found in kinds.items() if len(found) > 1] == []


def test_the_network_policy_of_the_documentation_is_for_these_pods_and_lets_them_alone_in() -> None:
    policy = yaml.safe_load((ROOT / "docs/kubernetes/network-observe.yml").read_text())["spec"]
    wanted = policy["podSelector"]["matchLabels"]
    templates = [
        one["spec"]["template"] for one in made(plan(**EVERYTHING)).values() if "template" in one.get("spec", {})
    ]
    assert len(templates) == 6
    for template in templates:
        assert wanted.items() <= template["metadata"]["labels"].items()
    [rule] = policy["ingress"]
    assert [one["podSelector"]["matchLabels"] for one in rule["from"] if "podSelector" in one] == [wanted]
    assert not any(wanted.items() <= selector.items() for selector in SELECTORS.values())


def test_the_documentation_says_of_each_part_who_reaches_it_and_which_no_policy_is_for() -> None:
    text = (
        (ROOT / "docs/observe.md")
        .read_text()
        .partition("- **Who reaches what**")[2]
        .partition("- **Who reaches it**")[0]
    )
    rows = {row.split("|")[1].strip(): row for row in text.splitlines() if row.startswith("  | ")}
    found = pods(made(plan(**EVERYTHING)))
    assert rows.keys() - {"part", "---"} == {name.partition(" ")[2] for name in found}
    in_the_nodes_network = {name.partition(" ")[2] for name, pod in found.items() if pod.get("hostNetwork")}
    assert {name for name, row in rows.items() if "no policy" in row} == in_the_nodes_network


def test_grafana_reads_its_own_password_and_lets_nobody_in_without_it() -> None:
    [container] = pods(made(plan(**EVERYTHING)))["Deployment grafana"]["containers"]
    told = {one["name"]: one["value"] for one in container["env"]}
    assert told["GF_SECURITY_ADMIN_PASSWORD__FILE"].startswith("/etc/")
    assert told["GF_AUTH_ANONYMOUS_ENABLED"] == "false"
    with pytest.raises(Refused):
        on_a_host({"platform": "kubernetes"}, set(), exporters=[], images={"grafana": "grafana:1"})


def test_nobody_can_end_prometheus_from_another_pod() -> None:
    assert "--web.enable-lifecycle" not in yaml.safe_dump(plan()["parts"])


@pytest.mark.parametrize(
    ("app", "changes", "said"),
    [
        ({}, {"exporters": ["containers"], "images": {"containers": "c:1"}}, "all of its nodes"),
        ({"name": "a" * 36}, {}, "expected at most 35"),
        ({"database_service": ""}, {"exporters": ["database"]}, "app_database_service"),
    ],
)
def test_what_cannot_work_is_refused(app: Object, changes: Object, said: str) -> None:
    with pytest.raises(Refused) as refusal:
        plan(app, **changes)
    assert said in f"{refusal.value.message} {refusal.value.hint}"
