"""What somebody else has changed of a release's objects, as the server's own notes tell."""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._errors import NotFound
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._objects import Object
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.changes._ownership import taken_over
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.target import _drift
from tests.unit.support.making import container

CONTAINER: Object = {
    "name": "web", "image": "shop/web@sha256:1", "command": ["serve"], "ports": [{"containerPort": 80}],
    "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
}  # fmt: skip
WEB: Object = {
    "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "labels": {"a": "b"}},
    "spec": {"replicas": 3, "template": {"spec": {"containers": [CONTAINER]}}},
}  # fmt: skip
OURS = {
    "f:metadata": {"f:labels": {"f:a": {}}},
    "f:spec": {"f:replicas": {}, "f:template": {"f:spec": {"f:containers": {'k:{"name":"web"}': {
        ".": {}, "f:name": {}, "f:image": {}, "f:command": {},
        "f:ports": {'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:containerPort": {}}},
        "f:env": {'k:{"name":"A"}': {".": {}, "f:name": {}, "f:value": {}},
                  'k:{"name":"B"}': {".": {}, "f:name": {}, "f:value": {}}},
    }}}}},
}  # fmt: skip


def inside(fields: Any) -> Object:
    """Fields of the container."""
    return {"f:spec": {"f:template": {"f:spec": {"f:containers": {'k:{"name":"web"}': fields}}}}}


def without(*path: str) -> Object:
    """What is left of ours where the server has taken a field away."""
    found = copy.deepcopy(OURS)
    below: Any = found
    for key in path[:-1]:
        below = below[key]
    del below[path[-1]]
    return found


WITHIN = ("f:spec", "f:template", "f:spec", "f:containers", 'k:{"name":"web"}')


def live(ours: Object = OURS, theirs: Any = None, thing: Object = WEB, **spec: Any) -> Object:
    managed = [{"manager": "doppelganger-ops", "operation": "Apply", "fieldsV1": ours}]
    managed += [{"manager": "kubectl-edit", "operation": "Update", "fieldsV1": theirs}] if theirs is not None else []
    found = copy.deepcopy(thing)
    found["metadata"]["managedFields"] = managed
    found["spec"] = {**found["spec"], **spec}
    return found


def with_image(image: str) -> Object:
    return {"template": {"spec": {"containers": [{**CONTAINER, "image": image}]}}}


@pytest.mark.parametrize(
    ("there", "taken"),
    [
        pytest.param(live(), [], id="as it was applied"),
        pytest.param(live(theirs={"f:status": {"f:replicas": {}}}), [], id="its status"),
        pytest.param(
            live(theirs={"f:metadata": {"f:annotations": {".": {}, "f:deployment.kubernetes.io/revision": {}}}}),
            [], id="what its controller adds",
        ),
        pytest.param(live(theirs=inside({"f:env": {'k:{"name":"C"}': {".": {}, "f:value": {}}}})), [], id="one more"),
        pytest.param(live(theirs=inside({"f:image": {}})), [], id="the same value, said twice"),
        pytest.param(
            live(without(*WITHIN, "f:env", 'k:{"name":"A"}', "f:value"),
                 inside({"f:env": {'k:{"name":"A"}': {"f:value": {}}}})),
            ["spec.template.spec.containers.web.env.A.value"], id="another value",
        ),
        pytest.param(
            live(without(*WITHIN, "f:command"), inside({"f:command": {}})),
            ["spec.template.spec.containers.web.command"], id="another command",
        ),
        pytest.param(
            live(without(*WITHIN, "f:ports"),
                 inside({"f:ports": {'k:{"containerPort":80,"protocol":"TCP"}': {"f:containerPort": {}}}})),
            ["spec.template.spec.containers.web.ports.80,TCP.containerPort"], id="by a key that is a default",
        ),
        pytest.param(live({}, {"f:metadata": {"f:labels": {"f:a": {}}}}), ["metadata.labels.a"], id="made by another"),
        pytest.param(live(theirs={"f:spec": "x", "k:{": {}, "v:1": 3, "odd": []}), [], id="what is no field"),
    ],
)  # fmt: skip
def test_a_field_that_somebody_else_has_set_is_known_by_its_place(there: Object, taken: list[str]) -> None:
    assert taken_over(WEB, there) == ({"kubectl-edit": taken} if taken else {})


COMMAND = live(without(*WITHIN, "f:command"), inside({"f:command": {}}))


@pytest.mark.parametrize(
    ("there", "words"),
    [
        pytest.param(live(), [], id="as recorded"),
        pytest.param(None, ["is missing"], id="missing"),
        pytest.param(
            live(without(*WITHIN, "f:image"), inside({"f:image": {}}), **with_image("shop/web@sha256:2")),
            ["another image"], id="another image, said once",
        ),
        pytest.param(live(replicas=1), ["has 1 replicas"], id="scaled"),
        pytest.param(COMMAND, ["command, set by kubectl-edit"], id="another configuration"),
    ],
)  # fmt: skip
def test_what_differs_of_an_object_is_named(there: Object | None, words: list[str]) -> None:
    found = _drift.changes_of(WEB, there)
    assert len(found) == len(words)
    assert all(word in one and one.startswith("Deployment/web ") for one, word in zip(found, words, strict=True))


@pytest.mark.parametrize(("spec", "found"), [({"ttlSecondsAfterFinished": 60}, []), ({}, ["Job/seed is missing"])])
def test_a_job_goes_by_itself_where_it_says_so(spec: Object, found: list[str]) -> None:
    seed = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "seed"}, "spec": spec}
    assert _drift.changes_of(seed, None) == found


def test_each_kind_is_listed_once_and_of_a_secret_nothing_but_metadata_is_read() -> None:
    asked: list[tuple[str, bool, str]] = []

    def listed(version: str, kind: str, *, labels: str, only_metadata: bool) -> tuple[list[Object], str]:
        asked.append((kind, only_metadata, labels))
        return ([live()] if kind == "Deployment" else []), "1"

    secrets = [{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": {}} for name in "ab"]
    cluster: Any = SimpleNamespace(list=listed)
    assert _drift.altered(cluster, [WEB, *secrets], "x=shop") == ["Secret/a is missing", "Secret/b is missing"]
    labels = "x=shop,!doppelganger.ops/kind"
    assert asked == [("Secret", True, labels), ("Deployment", False, labels)]


@pytest.mark.parametrize(
    ("pods", "stated", "found"),
    [
        pytest.param(3, 3, [], id="three of three"),
        pytest.param(1, 3, ["web has 1 of 3 containers"], id="one of three"),
        pytest.param(0, 0, [], id="none is what was asked for"),
        pytest.param(1, None, [], id="an autoscaler decides"),
        pytest.param(0, None, ["web has no container"], id="an autoscaler decides, and there is none"),
    ],
)
def test_pods_are_counted_where_the_manifest_says_how_many(pods: int, stated: int | None, found: list[str]) -> None:
    there = [container("web", number=number, id=str(number)) for number in range(pods)]
    project: Any = SimpleNamespace(containers=lambda: there)
    spec = {"replicas": stated} if stated is not None else {}
    assert _drift.unsound(project, [{**WEB, "spec": spec}]) == found


def test_a_custom_resource_with_replicas_is_read_without_them_and_does_not_differ() -> None:
    version = "monitoring.coreos.com/v1"
    about = {"name": "x", "managedFields": []}
    thing: Object = {"apiVersion": version, "kind": "Prometheus", "metadata": {"name": "x"}, "spec": {"replicas": 2}}
    cluster: Any = SimpleNamespace(list=lambda *_, **__: ([{"metadata": about}], "1"))
    assert _drift.altered(cluster, [thing], "x=shop") == []


def test_a_version_that_the_cluster_no_longer_has_is_a_line_and_no_error() -> None:
    def listed(version: str, *_: str, **__: object) -> tuple[list[Object], str]:
        if version == "example.com/v1alpha1":
            raise NotFound("no kind Widget in example.com/v1alpha1")
        return [live()], "1"

    widget: Object = {"apiVersion": "example.com/v1alpha1", "kind": "Widget", "metadata": {"name": "w"}}
    cluster: Any = SimpleNamespace(list=listed)
    [line] = _drift.altered(cluster, [WEB, widget], "x=shop")
    assert line.startswith("Widget")
    assert "cannot be compared" in line
