"""What is applied and pruned, decided over a server that merges as little as a test needs."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError, Refused
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._errors import (
    Conflict,
    Immutable,
    NotFound,
)
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._objects import order_of
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.changes import _changes
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.changes._changes import (
    Release,
    explained,
    plan,
    prepared,
    send,
)
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.changes._diff import diff
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.changes._prune import (
    kinds_of,
    plan_prune,
    prune,
)
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.steps._apply import workloads_in

OURS = [{"manager": "doppelganger-ops", "operation": "Apply", "fieldsV1": {"f:spec": {"f:replicas": {}}}}]
LABELS = {"app.kubernetes.io/managed-by": "doppelganger-ops", "doppelganger.ops/application": "tides"}
MADE = {"doppelganger.ops/origin": "created"}
RELEASE = Release("tides", "0002-v1", "deploy v1", ["former"])


def thing(kind: str = "ConfigMap", name: str = "a", version: str = "v1", **more: Any) -> dict[str, Any]:
    metadata = {"name": name, "labels": dict(LABELS), **more.pop("metadata", {})}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **more}


def live(kind: str = "ConfigMap", name: str = "a", version: str = "v1", **more: Any) -> dict[str, Any]:
    metadata = {"uid": f"uid-{kind}-{name}", "managedFields": OURS, "annotations": dict(MADE), "resourceVersion": "7"}
    return thing(kind, name, version, **{**more, "metadata": {**metadata, **more.get("metadata", {})}})


class Server:
    """Keeps objects; applying one replaces all but its uid and its managers."""

    def __init__(self, *things: dict[str, Any]) -> None:
        self.things = {(one["kind"], one["metadata"]["name"]): copy.deepcopy(one) for one in things}
        self.sent: list[str] = []
        self.conflicts: list[dict[str, str]] = []
        self.refusal = ""
        #: what each look at the pods finds
        self.pods: list[list[dict[str, Any]]] = []

    def get(self, api_version: str, kind: str, name: str) -> dict[str, Any] | None:
        return copy.deepcopy(self.things.get((kind, name)))

    def apply(self, manifest: Mapping[str, Any], *, dry_run: bool = False, force: bool = False) -> dict[str, Any]:
        if self.conflicts and not force:
            raise Conflict("conflict", causes=self.conflicts)
        kind, name = manifest["kind"], manifest["metadata"]["name"]
        if self.refusal and (kind, name) in self.things:
            raise Immutable(self.refusal)
        there = self.things.get((kind, name), {"metadata": {"uid": "new", "managedFields": OURS}})
        kept = {key: there["metadata"][key] for key in ("uid", "managedFields") if key in there["metadata"]}
        found = {**copy.deepcopy(dict(manifest)), "metadata": {**manifest["metadata"], **kept}}
        if not dry_run:
            self.things[kind, name] = found
            self.sent.append(f"{kind}/{name}")
        return found

    def list(
        self, api_version: str, kind: str, *, labels: str = "", fields: str = ""
    ) -> tuple[list[dict[str, Any]], str]:
        if kind == "Pod":
            return self.pods.pop(0) if self.pods else [], "1"
        assert labels == "doppelganger.ops/application=tides,!doppelganger.ops/kind"
        if kind == "Gone":
            raise NotFound("no such kind")
        return [one for (found, _), one in self.things.items() if found == kind], "1"

    def delete(
        self, api_version: str, kind: str, name: str, *, uid: str | None = None, propagation: str = "Background"
    ) -> bool:
        if uid is not None and self.things[kind, name]["metadata"]["uid"] != uid:
            raise Conflict("another one")
        del self.things[kind, name]
        return True


def planned(server: Server, *things: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one.manifest["metadata"]["name"], one.action) for one in plan(server, things, RELEASE, redact=str)]


def test_only_what_differs_is_sent() -> None:
    server = Server(live(name="same", data={"a": "1"}), live(name="other", data={"a": "1"}))
    things = [thing(name="same", data={"a": "1"}), thing(name="other", data={"a": "2"}), thing(name="new")]
    assert planned(server, *things) == [("new", "created"), ("other", "configured"), ("same", "unchanged")]
    assert server.sent == []
    changes = plan(server, things, RELEASE, redact=str)
    assert [one.manifest["metadata"]["name"] for one in send(server, changes)] == ["new", "other"]
    assert {action for _, action in planned(server, *things)} == {"unchanged"}
    assert send(server, plan(server, things, RELEASE, redact=str)) == []


def test_configuration_comes_before_what_uses_it() -> None:
    kinds = ["Ingress", "Deployment", "Widget", "Service", "Secret", "ServiceAccount", "StatefulSet", "ConfigMap"]
    ordered = [one["kind"] for one in sorted([thing(kind) for kind in kinds], key=order_of)]
    assert ordered == [
        "ServiceAccount", "Secret", "ConfigMap", "Service", "Widget", "Deployment", "StatefulSet", "Ingress"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("metadata", "spec", "names"),
    [({}, {"x": 1}, []), ({"labels": {**LABELS, "team": "t"}}, {"x": 1}, []), ({}, {"x": 2}, ["a"])],
    ids=["our marks", "its labels", "its content"],
)
def test_a_workload_that_only_gets_other_marks_is_no_service_that_changes(
    metadata: dict[str, Any], spec: dict[str, int], names: list[str]
) -> None:
    server = Server(live("Deployment", version="apps/v1", spec={"x": 1}))
    changes = plan(server, [thing("Deployment", version="apps/v1", spec=spec, metadata=metadata)], RELEASE, redact=str)
    assert [change.action for change in changes] == ["configured"]
    assert workloads_in(changes) == names


def test_workloads_say_their_release_and_nothing_else_does() -> None:
    web = prepared(thing("Deployment", spec={}), None, RELEASE)
    assert web["metadata"]["annotations"] == {
        **MADE, "doppelganger.ops/release": "0002-v1", "kubernetes.io/change-cause": "deploy v1"
    }  # fmt: skip
    assert prepared(thing(), None, RELEASE)["metadata"]["annotations"] == MADE


REPLICAS = [
    ({}, {"replicas": 5}, OURS, 5),
    ({"replicas": 2}, {"replicas": 5}, OURS, 2),
    ({}, {"replicas": 5}, [], None),
    ({}, None, OURS, None),
]


@pytest.mark.parametrize(("wanted", "found", "managed", "sent"), REPLICAS)
def test_replicas(wanted: Any, found: Any, managed: Any, sent: int | None) -> None:
    there = live("Deployment", spec=found, metadata={"managedFields": managed}) if found else None
    assert prepared(thing("Deployment", spec=wanted), there, RELEASE)["spec"].get("replicas") == sent


STOPPED_BY_US = [{**OURS[0], "fieldsV1": {"f:spec": {"f:selector": {}}}}, {**OURS[0], "operation": "Update"}]
SCALED_BY_ANOTHER = [STOPPED_BY_US[0], {"manager": "kubectl", "operation": "Update", "fieldsV1": OURS[0]["fieldsV1"]}]
STOPPED = [
    pytest.param({}, 0, STOPPED_BY_US, "3", 3, id="stopped by us"),
    pytest.param({"replicas": 2}, 0, STOPPED_BY_US, "3", 2, id="stopped by us, and the manifest says a number"),
    pytest.param({}, 5, STOPPED_BY_US, "3", None, id="scaled up since"),
    pytest.param({}, 0, SCALED_BY_ANOTHER, "3", None, id="somebody else has scaled it to nothing"),
    pytest.param({}, 0, OURS, "3", 0, id="scaled to nothing where the server does not say by whom"),
    pytest.param({}, 0, STOPPED_BY_US, "many", None, id="a number that is none"),
]


@pytest.mark.parametrize(("wanted", "found", "managed", "noted", "sent"), STOPPED)
def test_what_we_have_stopped_gets_the_pods_back_that_it_had(
    wanted: Any, found: int, managed: Any, noted: str, sent: int | None
) -> None:
    about = {"managedFields": managed, "annotations": {**MADE, "doppelganger.ops/replicas": noted}}
    there = live("Deployment", spec={"replicas": found}, metadata=about)
    manifest = prepared(thing("Deployment", spec=wanted), there, RELEASE)
    assert manifest["spec"].get("replicas") == sent
    assert "doppelganger.ops/replicas" not in manifest["metadata"]["annotations"], "it is none of the release's"


def test_what_was_there_before_is_adopted_and_never_called_ours() -> None:
    server = Server(live(metadata={"managedFields": [], "annotations": {}}))
    (change,) = plan(server, [thing(data={"a": "1"})], RELEASE, redact=str)
    assert (change.action, "not made by us" in change.note) == ("configured", True)
    assert change.manifest["metadata"]["annotations"] == {"doppelganger.ops/origin": "adopted"}


def test_what_belongs_to_another_application_is_refused() -> None:
    server = Server(live(metadata={"labels": {"doppelganger.ops/application": "other"}}))
    with pytest.raises(Refused, match="found other") as refused:
        plan(server, [thing()], RELEASE, redact=str)
    assert refused.value.reason == "object_of_another"


def cause(manager: str, field: str = ".spec.replicas") -> dict[str, str]:
    words = f'conflict with "{manager}" using apps/v1'
    return {"reason": "FieldManagerConflict", "field": field, "message": words}


def test_a_conflict_names_who_and_what() -> None:
    found = explained(Conflict("x", causes=[cause("hpa"), cause("kubectl", ".data.a")]), thing())
    assert found.reason == "field_conflict"
    assert found.data == {"managers": ["hpa", "kubectl"], "fields": [".data.a", ".spec.replicas"]}
    plain = Conflict("being deleted")
    assert explained(plain, thing()) is plain


@pytest.mark.parametrize(("managers", "forced"), [(["former"], True), (["kubectl"], False), (["former", "x"], False)])
def test_only_what_we_were_once_is_taken_over(managers: list[str], forced: bool) -> None:
    server = Server(live(data={"a": "1"}))
    server.conflicts = [cause(manager) for manager in managers]
    if not forced:
        with pytest.raises(Refused, match=managers[-1]):
            plan(server, [thing()], RELEASE, redact=str)
        return
    changes = plan(server, [thing()], RELEASE, redact=str)
    assert changes[0].force
    assert len(send(server, changes)) == 1


def pod(owner: str, phase: str) -> dict[str, Any]:
    metadata = {"name": "p", "ownerReferences": [{"uid": owner}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "status": {"phase": phase}}


@pytest.mark.parametrize(
    ("looks", "left"),
    [
        pytest.param([[]], 0, id="none"),
        pytest.param([[pod("uid-Job-a", "Failed"), pod("uid-Job-a", "Succeeded")]], 0, id="they have ended"),
        pytest.param([[pod("other", "Running")]], 0, id="of another"),
        pytest.param([[pod("uid-Job-a", "Running")], [pod("uid-Job-a", "Failed")]], 0, id="one runs still"),
        pytest.param([[pod("uid-Job-a", "Running")]] * 3 + [[]], 1, id="the time is over before it ends"),
    ],
)
def test_a_deleted_job_is_gone_once_nothing_of_it_runs(
    monkeypatch: pytest.MonkeyPatch, looks: list[list[dict[str, Any]]], left: int
) -> None:
    monkeypatch.setattr(_changes, "_LOOK_EVERY", 0.0)
    monkeypatch.setattr(_changes, "_GONE_WITHIN", 0.0 if left else 60.0)
    server = Server(live("Job", "a", "batch/v1"))
    server.pods = list(looks)
    if left:
        with pytest.raises(OpsError, match="Pod/p was still there"):
            _changes.delete(server, "batch/v1", "Job", "a", "uid-Job-a")
    else:
        _changes.delete(server, "batch/v1", "Job", "a", "uid-Job-a")
        assert server.pods == []
    assert ("Job", "a") not in server.things


def test_a_job_is_replaced_where_it_is_ours() -> None:
    server = Server(live("Job", version="batch/v1", spec={"x": 1}))
    server.refusal = "spec.template: field is immutable"
    job = thing("Job", version="batch/v1", spec={"x": 2})
    assert planned(server, job) == [("a", "replaced")]
    changes = plan(server, [job], RELEASE, redact=str)
    assert "-  x: 1\n+  x: 2" in changes[0].diff
    assert send(server, changes) == changes
    server.things["Job", "a"]["metadata"]["managedFields"] = []
    with pytest.raises(Refused, match="immutable"):
        planned(server, job)


@pytest.mark.parametrize(
    ("kind", "status", "managed", "action"),
    [
        pytest.param("Failed", "True", OURS, "replaced", id="failed"),
        pytest.param("Failed", "False", OURS, "configured", id="not failed"),
        pytest.param("Complete", "True", OURS, "configured", id="done"),
        pytest.param("Failed", "True", [], "configured", id="failed, of somebody else"),
    ],
)
def test_a_job_of_ours_that_has_failed_is_made_anew(kind: str, status: str, managed: Any, action: str) -> None:
    conditions = [{"type": kind, "status": status}]
    about = {"managedFields": managed}
    server = Server(live("Job", version="batch/v1", spec={"x": 1}, status={"conditions": conditions}, metadata=about))
    [change] = plan(server, [thing("Job", version="batch/v1", spec={"x": 1})], RELEASE, redact=str)
    assert (change.action, "it has failed" in change.note) == (action, action == "replaced")
    send(server, [change])
    assert (server.things["Job", "a"]["metadata"]["uid"] == "new") == (action == "replaced")


def test_a_diff_blanks_what_is_in_a_secret() -> None:
    before = live("Secret", data={"same": "czNjcmV0", "other": "b25l", "gone": "Z29uZQ=="})
    before["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"] = '{"data":"czNjcmV0"}'
    after = {**copy.deepcopy(before), "data": {"same": "czNjcmV0", "other": "dHdv", "new": "bmV3"}}
    shown = diff(before, after, str)
    assert "-  other: '******** (before)'" in shown
    assert "+  other: '******** (after)'" in shown
    assert "   same: '********'" in shown
    for value in ("czNjcmV0", "b25l", "dHdv", "Z29uZQ==", "bmV3"):
        assert value not in shown
        assert value not in diff(None, after, str) + diff(before, None, str)
    assert diff(before, before, str) == ""
    assert "***" in diff(None, thing(data={"a": "word"}), lambda text: text.replace("word", "***"))


PRUNED = [
    ("ours", {}, "pruned", ""),
    ("still wanted", {"name": "wanted"}, None, ""),
    ("going already", {"metadata": {"deletionTimestamp": "x"}}, None, ""),
    (
        "labels copied",
        {"metadata": {"managedFields": [{**OURS[0], "operation": "Update"}]}},
        "kept",
        "labels were copied",
    ),
    ("nobody's labels", {"metadata": {"labels": {"doppelganger.ops/application": "tides"}}}, "kept", "no label"),
    ("another's", {"metadata": {"labels": {**LABELS, "doppelganger.ops/application": "other"}}}, "kept", "no label"),
    ("a record", {"metadata": {"labels": {**LABELS, "doppelganger.ops/kind": "release"}}}, "kept", "record"),
    ("adopted", {"metadata": {"annotations": {"doppelganger.ops/origin": "adopted"}}}, "kept", "was there before"),
    ("controlled", {"metadata": {"ownerReferences": [{"uid": "x", "controller": True}]}}, "kept", "controls it"),
    (
        "made by a Deployment",
        {"kind": "ReplicaSet", "metadata": {"ownerReferences": [{"uid": "x", "controller": True}]}},
        None,
        "",
    ),
    ("a ReplicaSet of its own", {"kind": "ReplicaSet"}, "pruned", ""),
    ("a claim", {"kind": "PersistentVolumeClaim"}, "kept", "holds data"),
    ("a claim of another group", {"kind": "PersistentVolumeClaim", "version": "x.example/v1"}, "pruned", ""),
    ("endpoints", {"kind": "Endpoints"}, None, ""),
]


@pytest.mark.parametrize(("more", "action", "note"), [one[1:] for one in PRUNED], ids=[one[0] for one in PRUNED])
def test_what_is_pruned(more: dict[str, Any], action: str | None, note: str) -> None:
    one = live(**more)
    found = plan_prune(Server(one), "tides", [thing(name="wanted")], [*kinds_of([one]), ("x/v1", "Gone")], redact=str)
    assert [change.action for change in found] == ([action] if action else [])
    assert not found or note in found[0].note


def test_pruning_goes_backwards_and_by_uid() -> None:
    server = Server(live(), live("Deployment", "web", "apps/v1"), live("Secret", "login"))
    found = plan_prune(server, "tides", [], kinds_of(server.things.values()), redact=str)
    assert [one.manifest["kind"] for one in found] == ["Deployment", "ConfigMap", "Secret"]
    server.things["ConfigMap", "a"]["metadata"]["uid"] = "made anew"
    assert [one.manifest["kind"] for one in prune(server, found)] == ["Deployment", "Secret"]
    assert list(server.things) == [("ConfigMap", "a")]
