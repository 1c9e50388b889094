"""Deploying and rolling back on the real cluster: only what differs is touched, and what is recorded comes back."""

from __future__ import annotations

import base64
import contextlib
import http.client
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.kube_application import KubeApplication, Object, apply
from tests.integration.observed import recreated

ROTATED = "rotated-2xVq8Lr0"
APP, SERVICE, CONFIG, SECRET = "doppelganger-app", "doppelganger-service", "doppelganger-config", "doppelganger-secret"
RELEASE = [APP, "doppelganger-dashboard"]
OTHERS = {
    "labels": {"team.example.com/cost": "17"},
    "annotations": {"notes.example.com/seen": "{\n  \"by\": \"Ünal\"\n}\n", "tool.example.com/hash": "d0c"},
}  # fmt: skip
THEIRS = [("apps/v1", "Deployment", APP), ("v1", "Service", SERVICE), ("v1", "ConfigMap", CONFIG)]


def config_map(name: str, labels: dict[str, str], **data: str) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": labels}, "data": data}


@pytest.fixture(scope="module")
def repository(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A link to the source that a test can remove."""
    link = tmp_path_factory.mktemp("link") / "studio.git"
    link.symlink_to(source)
    return link


@pytest.fixture(scope="module")
def studio(kube: KubeApplication, repository: Path) -> KubeApplication:
    """The studio with one object more, beside what belongs to others and looks like ours to different degrees."""
    more = kube.folder / "more"
    more.mkdir()
    (more / "extra.yml").write_text("{apiVersion: v1, kind: ConfigMap, metadata: {name: extra}, data: {COLOUR: blue}}")
    kube.variables["app_repository"] = str(repository)
    kube.variables["app_manifests"] = ["kubernetes", str(more)]
    kube.write()
    ours = {"doppelganger.ops/application": kube.name}
    marked = {"app.kubernetes.io/managed-by": "doppelganger-ops"}
    apply(kube, "neighbour", config_map("foreign", {}), config_map("labelled", {**ours, **marked}))
    apply(kube, "doppelganger-ops", config_map("others", {"doppelganger.ops/application": "others", **marked}))
    return kube


@contextlib.contextmanager
def gone(link: Path) -> Iterator[None]:
    """The source is away while the body runs."""
    target = link.readlink()
    link.unlink()
    yield
    link.symlink_to(target)


@contextlib.contextmanager
def gone_from_the_registry(reference: str, tag: str) -> Iterator[None]:
    """The registry does not have an image while the body runs."""
    name, _, digest = reference.partition("@")
    address, _, repository = name.partition("/")
    connection = http.client.HTTPConnection(address, timeout=10)
    connection.request("DELETE", f"/v2/{repository}/manifests/{digest}")
    assert connection.getresponse().status == 202
    connection.close()
    yield
    subprocess.run(["docker", "push", "--quiet", f"{name}:{tag}"], check=True, capture_output=True)


def configuration(app: KubeApplication) -> dict[str, Any]:
    """What ConfigMap and Secret hold, and what the pods were really given of it: image, and both values."""
    secret = {key: base64.b64decode(value).decode() for key, value in app.get("secret", SECRET)["data"].items()}
    pods = app.pods_of(APP)
    assert len(pods) == 2
    return {
        "config": app.get("configmap", CONFIG)["data"],
        "secret": secret,
        "images": {pod["spec"]["containers"][0]["image"] for pod in pods},
        "pods": {(pod["SECRET_KEY"], pod["STUDIO_FAULT_AFTER"]) for pod in app.environment(APP)},
    }


def others(app: KubeApplication) -> dict[str, Any]:
    """What is not ours to touch: objects whole, and others' marks on objects of ours."""
    return {
        "objects": [app.get("configmap", name) for name in ("foreign", "labelled", "others")],
        "marks": [
            {part: {name: found["metadata"][part].get(name) for name in marks} for part, marks in OTHERS.items()}
            for _, kind, name in THEIRS
            if (found := app.get(kind, name))
        ],
    }


def history(app: KubeApplication) -> list[str]:
    """The causes of change that ``kubectl rollout history`` shows, the oldest first."""
    lines = app.kubectl("rollout", "history", f"deployment/{APP}").splitlines()
    return [line.split(maxsplit=1)[1] for line in lines if re.match(r"\d+\s", line)]


def test_checking_the_first_deployment_makes_nothing(studio: KubeApplication) -> None:
    before = studio.snapshot()
    run = studio.deploy("v0.1.0", "--check", "--diff")
    assert run.rc == 0, run.output
    assert run.target()["changed"]
    assert run.target()["services"] == [*RELEASE, "postgres", "redis"]
    assert studio.snapshot() == before


def test_the_first_deployment_brings_everything_up(studio: KubeApplication) -> None:
    run = studio.deploy("v0.1.0")
    assert run.rc == 0, run.output
    assert run.target()["status"] == "ok"
    assert run.changed() > 0
    assert run.target()["backup"] is None
    assert studio.request("/api/version")["version"] == "v0.1.0"
    images = {pod["spec"]["containers"][0]["image"] for name in RELEASE for pod in studio.pods_of(name)}
    assert images == {studio.current()["images"]["app"]["reference"]}
    assert re.fullmatch(rf"127.0.0.1:5000/{studio.name}/app@sha256:[0-9a-f]{{64}}", images.pop())
    assert studio.objects("jobs") == [], "the migration's Job is still there"
    studio.assert_described(run)
    studio.add("survivor")
    studio.remembered["0001"] = configuration(studio)
    for version, kind, name in THEIRS:
        apply(studio, "neighbour", {"apiVersion": version, "kind": kind, "metadata": {"name": name, **OTHERS}})


@pytest.mark.parametrize("mode", [("--check", "--diff"), ()], ids=["check", "do"])
def test_deploying_what_runs_changes_nothing(studio: KubeApplication, mode: tuple[str, ...]) -> None:
    before = studio.snapshot()
    run = studio.deploy("v0.1.0", *mode)
    assert run.rc == 0, run.output
    assert (run.target()["status"], run.target()["changed"], run.changed()) == ("unchanged", False, 0)
    assert studio.snapshot() == before
    studio.assert_described(run)


def test_verify_and_releases_only_look(studio: KubeApplication) -> None:
    before = studio.snapshot()
    verified, listed = studio.play("verify"), studio.play("releases")
    assert (verified.rc, listed.rc) == (0, 0), verified.output + listed.output
    assert (verified.changed(), listed.changed()) == (0, 0)
    assert {check["state"] for check in verified.target()["checks"]} == {"pass"}
    assert len(verified.target()["checks"]) == len(studio.variables["app_checks"])
    assert re.search(r"\* +0001-v0\.1\.0 +good", listed.output)
    known = listed.stats["doppelganger_ops_releases"]["app"]
    assert (known["drift"], known["unseen"]) == ([], "")
    assert studio.snapshot() == before


def test_a_new_version_replaces_the_release_alone_as_predicted(studio: KubeApplication) -> None:
    studio.env["SECRET_KEY"] = ROTATED
    studio.variables["app_environment"]["STUDIO_FAULT_AFTER"] = 5
    studio.variables["app_manifests"] = ["kubernetes"]
    studio.write()
    before, mine = others(studio), studio.uids()

    run = studio.deploy("v0.2.0", reason="tags")

    assert run.rc == 0, run.output
    assert run.target()["services"] == RELEASE
    assert recreated(mine, studio.uids()) == ["app", "dashboard"]
    assert run.target()["schema_moved"] is True
    assert studio.request("/api/version")["version"] == "v0.2.0"
    assert studio.rows() == ["survivor"]
    assert configuration(studio)["pods"] == {(ROTATED, "5")}
    assert studio.kubectl("get", "configmap", "--ignore-not-found", "extra") == "", "it was not pruned"
    assert others(studio) == before
    studio.assert_described(run)


def test_the_backup_before_the_migration_is_recorded(studio: KubeApplication) -> None:
    record = studio.backup(studio.current()["backup"])
    dump = (studio.state / "backups" / record["id"] / "dump").read_bytes()
    assert dump.startswith(b"PGDMP")
    assert record["size"] == len(dump)
    assert record["release"] == "0001-v0.1.0"
    assert record["migration_head"] < studio.current()["migration"]["after"]


def test_the_log_of_the_migration_is_kept_with_its_release(studio: KubeApplication) -> None:
    kept = studio.kept("release")["0002-v0.2.0"]["migration.json"]
    assert b"0002_project_tags" in kept


def test_a_release_whose_image_is_gone_is_refused(studio: KubeApplication) -> None:
    reference = studio.record("0001-v0.1.0")["images"]["app"]["reference"]
    before = studio.snapshot()
    with gone_from_the_registry(reference, "v0.1.0"):
        run = studio.play("rollback", release="v0.1.0")
    assert run.rc != 0
    assert run.target()["status"] == "refused"
    assert f"cannot be restored; missing: the image {reference}" in run.target()["message"]
    assert "0002-v0.2.0" in run.target()["hint"]
    assert studio.snapshot() == before
    studio.assert_described(run)


def test_a_rollback_brings_everything_back_without_the_source_and_without_the_history(
    studio: KubeApplication, repository: Path
) -> None:
    assert history(studio) == ["release 0001-v0.1.0", "release 0002-v0.2.0: tags"]
    current = {pod["metadata"]["labels"]["pod-template-hash"] for pod in studio.pods().values() if pod["metadata"][
        "name"].startswith("doppelganger")}  # fmt: skip
    old = [one["metadata"]["name"] for one in studio.objects("replicasets") if not one["spec"]["replicas"]]
    assert len(old) == 2
    assert not any(name.endswith(tuple(current)) for name in old)
    studio.kubectl("delete", "replicasets", *old)
    assert history(studio) == ["release 0002-v0.2.0: tags"]
    before, mine = others(studio), studio.uids()
    with gone(repository):
        check = studio.play("rollback", "--check", "--diff", release="v0.1.0")
        run = studio.play("rollback", release="v0.1.0", reason="tags are wrong")
    assert check.rc == 0, check.output
    assert run.rc == 0, run.output
    assert check.target()["services"] == run.target()["services"] == RELEASE
    assert recreated(mine, studio.uids()) == ["app", "dashboard"]
    assert configuration(studio) == studio.remembered["0001"]
    assert studio.get("configmap", "extra")["data"] == {"COLOUR": "blue"}
    assert studio.current()["version"] == studio.request("/api/version")["version"] == "v0.1.0"
    assert studio.rows() == ["survivor"]
    assert others(studio) == before
    assert history(studio) == ["release 0002-v0.2.0: tags", "release 0001-v0.1.0"]
    studio.assert_described(check, run)


@pytest.mark.parametrize("release", ["0001-v0.1.0", "last good"])
def test_rolling_back_again_changes_nothing(studio: KubeApplication, release: str) -> None:
    before = studio.snapshot()
    run = studio.play("rollback", release=release)
    assert run.rc == 0, run.output
    assert (run.target()["status"], run.changed()) == ("unchanged", 0)
    assert studio.snapshot() == before


def test_the_release_that_was_left_can_be_chosen(studio: KubeApplication) -> None:
    before = studio.snapshot()
    run = studio.play("rollback", "--check", release="previous")
    assert run.rc == 0, run.output
    assert (run.target()["status"], run.target()["version"]) == ("ok", "v0.2.0")
    assert studio.snapshot() == before


def test_a_release_that_cannot_be_meant_is_refused_with_the_choices(studio: KubeApplication) -> None:
    before = studio.snapshot()
    run = studio.play("rollback", release="v7")
    assert run.rc != 0
    assert run.target()["status"] == "refused"
    assert "'v7'" in run.target()["message"]
    assert "0001-v0.1.0" in run.target()["hint"]
    assert studio.snapshot() == before
    studio.assert_described(run)


def test_what_somebody_deleted_comes_back_by_deploying_the_same_version(studio: KubeApplication) -> None:
    studio.env["SECRET_KEY"] = next(iter(studio.remembered["0001"]["pods"]))[0]
    studio.variables["app_environment"]["STUDIO_FAULT_AFTER"] = 1
    studio.variables["app_manifests"] = ["kubernetes", str(studio.folder / "more")]
    studio.write()
    mine = studio.uids()
    studio.kubectl("delete", "deployment", "doppelganger-dashboard", "--wait=false")

    run = studio.deploy("v0.1.0")

    assert run.rc == 0, run.output
    assert run.target()["reasons"] == ["Deployment/doppelganger-dashboard is missing"]
    assert run.target()["services"] == ["doppelganger-dashboard"]
    assert recreated(mine, studio.uids()) == ["dashboard"]


def test_a_field_that_another_manager_has_set_is_not_taken_from_it(studio: KubeApplication) -> None:
    apply(studio, "tuner", config_map(CONFIG, {}, STUDIO_FAULT_AFTER="99"), force=True)
    before = studio.snapshot()
    for playbook, inputs in (("deploy", {"version": "v0.2.1"}), ("rollback", {"release": "v0.1.0"})):
        run = studio.play(playbook, **inputs)
        assert run.rc != 0, run.output
        assert (run.target()["status"], run.target()["reason"]) == ("refused", "field_conflict")
        assert re.search(rf"ConfigMap/{CONFIG}: \.data\.STUDIO_FAULT_AFTER .* tuner", run.target()["message"])
        assert studio.snapshot() == before
        studio.assert_described(run)
    verified, listed = studio.play("verify"), studio.play("releases")
    assert verified.rc != 0, verified.output
    [failed] = [check for check in verified.target()["failure"]["checks"] if check["state"] == "fail"]
    assert (failed["kind"], listed.stats["doppelganger_ops_releases"]["app"]["drift"]) == (
        "release",
        [failed["reason"]],
    )
    assert all(word in failed["reason"] for word in (f"ConfigMap/{CONFIG} ", "data.STUDIO_FAULT_AFTER", "tuner"))
