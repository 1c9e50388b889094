"""Manifests of the examples and of the documentation are valid for the last eight minors of Kubernetes."""

from __future__ import annotations

import base64
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]  # it ships no types
import pytest
import yaml

from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._objects import CONFIG_ANNOTATION
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.manifests._files import Context
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.manifests._render import render
from examples import images
from tests.contract.house import ROOT, load

MINORS = [f"1.{minor}" for minor in range(30, 38)]
STUDIO = ROOT / "examples/studio/app/kubernetes"
TIDES = ROOT / "examples/tides/kubernetes"
DIGEST = f"sha256:{'0' * 64}"
IMAGES = {
    STUDIO: {"app": f"127.0.0.1:5000/doppelganger-studio/app@{DIGEST}"},
    TIDES: {"tides": f"127.0.0.1:5000/{images.REPOSITORIES['tides']}@{DIGEST}"},
}
# what YAML could take for something else
SECRETS = {"POSTGRES_PASSWORD": "no: \"'{{ x }} # \\", "SECRET_KEY": "1.0e+3"}
EVERYTHING = {
    "POSTGRES_IMAGE": "registry.example.com/postgres:15",
    "REDIS_IMAGE": "registry.example.com/redis:7",
    "MONGO_IMAGE": "registry.example.com/mongo:7",
    "STORAGE": "50Gi",
    "STUDIO_FAULT": "none",
    "STUDIO_FAULT_AFTER": 30,
    "STUDIO_MEMORY": "512Mi",
    "STUDIO_REPLICAS": 5,
}
SETS: dict[str, tuple[Path, dict[str, Any]]] = {
    "studio": (STUDIO, {}),
    "studio with everything": (STUDIO, EVERYTHING),
    "tides": (TIDES, {}),
}


@functools.cache
def rendered(name: str) -> list[dict[str, Any]]:
    """The objects of a set, as a release has them."""
    folder, environment = SETS[name]
    return render([folder], Context(name, "here", "v0.2.0", IMAGES[folder], environment, SECRETS))


def named(name: str) -> dict[tuple[str, str], dict[str, Any]]:
    """The objects of a set by kind and name."""
    return {(each["kind"], each["metadata"]["name"]): each for each in rendered(name)}


def templates(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The pod templates of a set, with the names of their workloads."""
    for (_, workload), each in named(name).items():
        if "template" in each.get("spec", {}):
            yield workload, each["spec"]["template"]


@pytest.mark.parametrize("minor", MINORS)
@pytest.mark.parametrize("name", SETS)
def test_a_release_is_valid(name: str, minor: str) -> None:
    for each in rendered(name):
        kubernetes_validate.validate(each, minor, strict=True)


@pytest.mark.parametrize("minor", MINORS)
@pytest.mark.parametrize("file", ["rbac.yml", "rbac-observe.yml", "network-observe.yml"])
def test_what_the_documentation_gives_is_valid(file: str, minor: str) -> None:
    for each in yaml.safe_load_all((ROOT / "docs/kubernetes" / file).read_text()):
        kubernetes_validate.validate(each, minor, strict=True)


def test_the_minors_are_the_last_eight_that_can_be_checked() -> None:
    newest = kubernetes_validate.latest_version().rpartition(".")[0]
    assert MINORS[-1] == newest, "kubernetes-validate knows a newer Kubernetes: move MINORS on"
    assert len(MINORS) == 8


@pytest.mark.parametrize("name", SETS)
def test_each_service_has_a_workload_behind_it(name: str) -> None:
    labels = [template["metadata"]["labels"] for _, template in templates(name)]
    selectors = [each["spec"]["selector"] for each in rendered(name) if each["kind"] == "Service"]
    assert selectors
    for selector in selectors:
        assert len([found for found in labels if selector.items() <= found.items()]) == 1


def test_the_studio_has_the_names_that_the_runbook_has() -> None:
    objects = named("studio")
    app = objects["Deployment", "doppelganger-app"]
    assert app["spec"]["replicas"] == 3
    assert app["spec"]["template"]["metadata"]["labels"]["app"] == "doppelganger"
    containers = app["spec"]["template"]["spec"]["containers"]
    assert [(each["name"], each["image"]) for each in containers] == [("app", IMAGES[STUDIO]["app"])]
    assert objects["Service", "doppelganger-service"]["spec"]["ports"][0]["port"] == 80
    assert {("StatefulSet", "postgres"), ("Deployment", "redis")} <= objects.keys()
    assert ("Deployment", "mongo") not in objects
    assert ("Deployment", "mongo") in named("studio with everything")


def test_secrets_arrive_as_they_are_and_nowhere_else() -> None:
    found = {
        key: base64.b64decode(value).decode()
        for each in rendered("studio")
        if each["kind"] == "Secret"
        for key, value in each["data"].items()
    }
    assert found == SECRETS
    others = repr([each for each in rendered("studio") if each["kind"] != "Secret"])
    assert [value for value in SECRETS.values() if value in others or repr(value) in others] == []


def test_the_database_has_a_claim_where_storage_is_asked_for() -> None:
    plain = named("studio")["StatefulSet", "postgres"]["spec"]
    assert "volumeClaimTemplates" not in plain
    assert plain["template"]["spec"]["volumes"] == [{"name": "data", "emptyDir": {}}]
    claiming = named("studio with everything")["StatefulSet", "postgres"]["spec"]
    assert claiming["volumeClaimTemplates"][0]["spec"]["resources"] == {"requests": {"storage": "50Gi"}}
    assert "volumes" not in claiming["template"]["spec"]


def test_tides_is_two_deployments_a_stateful_set_and_a_config_map_of_one_image() -> None:
    kinds = sorted(kind for kind, _ in named("tides") if kind != "Service")
    assert kinds == ["ConfigMap", "Deployment", "Deployment", "StatefulSet"]
    found = {container["image"] for _, template in templates("tides") for container in template["spec"]["containers"]}
    assert found == {IMAGES[TIDES]["tides"]}
    inventory = load(ROOT / "examples/tides/inventory.yml")["targets"]["vars"]
    assert {f"{name}@{DIGEST}" for name in inventory["app_images"].values()} == found
    assert sorted(inventory["app_release_services"]) == sorted(workload for workload, _ in templates("tides"))


def test_a_change_of_configuration_restarts_who_reads_it() -> None:
    def readers(name: str) -> set[str]:
        found = templates(name)
        return {workload for workload, each in found if CONFIG_ANNOTATION in each["metadata"].get("annotations", {})}

    assert readers("tides") == {"collector", "web"}
    assert readers("studio") == {"doppelganger-app", "postgres"}


@pytest.mark.parametrize("inventory", ["kubernetes_local", "kubernetes_production"])
def test_the_inventories_of_the_studio_name_what_its_manifests_have(inventory: str) -> None:
    folder = ROOT / "inventories" / inventory / "group_vars/targets"
    model = {name: value for path in folder.iterdir() for name, value in load(path).items()}
    workloads = {workload for workload, _ in templates("studio")}
    services = {name for kind, name in named("studio") if kind == "Service"}
    assert {*model["app_release_services"], model["app_migration_service"], model["app_database_service"]} <= workloads
    for check in model["app_checks"]:
        assert {*check.get("services", ()), *filter(None, [check.get("service")])} <= workloads | services
    assert model["app_environment"].keys() <= EVERYTHING.keys()
