"""What the steps on a cluster decide by themselves: images, the migration's Job, what is secret."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import stat
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.app import _checkout
from ansible_collections.doppelganger.ops.plugins.module_utils.core._digests import Digests
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import OpsError, Refused
from ansible_collections.doppelganger.ops.plugins.module_utils.state._folder import Store
from ansible_collections.doppelganger.ops.plugins.module_utils.state._record import Image, Record
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.manifests import _secrets
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.rollout import _wait
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.rollout._scene import Readiness
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.steps import (
    _apply,
    _images,
    _migrate,
    _version,
)
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.target._target import MANIFESTS
from tests.unit.support.making import app, record, record_file

DIGEST = f"sha256:{'a' * 64}"


# images


@pytest.mark.parametrize(
    ("said", "digest"),
    [
        pytest.param(f"v1: digest: {DIGEST} size: 1234", DIGEST, id="the last line"),
        pytest.param(f"abc: Pushed\nv1: digest: {DIGEST} size: 1\n", DIGEST, id="after layers"),
        pytest.param("denied", None, id="none"),
    ],
)
def test_the_digest_is_what_the_push_says(said: str, digest: str | None) -> None:
    if digest is None:
        with pytest.raises(OpsError, match="named no digest: denied"):
            _images.pushed_digest(said)
    else:
        assert _images.pushed_digest(said) == digest


SOURCE = record_file()["source"]
BUILT = {"web": {"id": DIGEST, "reference": f"shop/web@{DIGEST}", "build": "b1"}}


@pytest.mark.parametrize(
    ("changes", "builds", "found"),
    [
        pytest.param({}, {"web": "b1"}, BUILT, id="the same commit and build"),
        pytest.param({}, {"web": "b2"}, {}, id="another build"),
        pytest.param({"status": "bad"}, {"web": "b1"}, {}, id="of a bad release"),
        pytest.param({"source": {**SOURCE, "commit": "other"}}, {"web": "b1"}, {}, id="of another commit"),
        pytest.param({"images": {}}, {"web": "b1"}, {}, id="a release without it"),
    ],
)
def test_what_a_good_release_built_is_not_built_again(
    changes: dict[str, Any], builds: dict[str, str], found: dict[str, Any]
) -> None:
    earlier = [record(1, **{"images": BUILT, **changes})]
    assert _images.built_before(earlier, "c" * 40, builds) == Record.of(record_file(images=found)).images


def test_a_login_is_a_file_of_its_owner_that_does_not_outlive_the_block() -> None:
    with _images.logged_in(["127.0.0.1:5001/shop/web"], "lab", "canary-1234") as env:
        path = Path(env["DOCKER_CONFIG"]) / "config.json"
        auths = json.loads(path.read_text())["auths"]
        assert base64.b64decode(auths["127.0.0.1:5001"]["auth"]) == b"lab:canary-1234"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not path.exists()
    with _images.logged_in(["shop/web"], "", "") as env:
        assert env == {}


@pytest.mark.parametrize(
    ("image", "key"),
    [
        ("registry.example.com:5000/shop/web", "registry.example.com:5000"),
        ("ana/web", "https://index.docker.io/v1/"),
        ("docker.io/ana/web", "https://index.docker.io/v1/"),
    ],
)
def test_a_login_has_the_name_under_which_docker_looks_for_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, image: str, key: str
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    with _images.logged_in([image], "lab", "canary-1234") as env:
        config = json.loads((Path(env["DOCKER_CONFIG"]) / "config.json").read_text())
    assert list(config["auths"]) == [key]


def test_the_users_own_logins_and_programs_stay_in_force(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "cli-plugins").mkdir()
    own = {"auths": {"base.example": {}, "r.example": {}}, "credsStore": "pass", "credHelpers": {"x.example": "ecr"}}
    (tmp_path / "config.json").write_text(json.dumps(own))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    with _images.logged_in(["r.example/web"], "lab", "canary-1234") as env:
        folder = Path(env["DOCKER_CONFIG"])
        assert (folder / "cli-plugins").is_dir()
        config = json.loads((folder / "config.json").read_text())
    assert config["credHelpers"] == {"base.example": "pass", "x.example": "ecr"}
    assert config["auths"]["base.example"] == {}
    assert "auth" in config["auths"]["r.example"]
    assert "credsStore" not in config


def test_a_release_keeps_its_manifests_and_the_key_of_its_digests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, saved = Store(str(tmp_path / "state")), list[Record]()
    token = store.acquire(holder="ana", purpose="deploy", ttl=60, wait=0).token
    pending = record(status="pending", source={**SOURCE, "digests": {"web": DIGEST}})
    objects = [deployment("web")]
    monkeypatch.setattr(_checkout, "kept", lambda *_: tmp_path)
    monkeypatch.setattr(_version, "render", lambda *_: objects)
    given = SimpleNamespace(
        app=app(images={"web": "shop/web"}), store=store, files=store, digests=Digests(), record=lambda _: pending,
        phase=lambda *_: contextlib.nullcontext(), save=lambda found, _: saved.append(found),
    )  # fmt: skip
    _images.run(cast(Any, given), {"token": token, "release": pending.id}, False)
    # digests of the next run can be compared with those of this one
    assert Digests.of_store(store).of({}) == saved[0].config.env
    assert list(saved[0].config.services) == ["web"]
    assert saved[0].images == {"web": Image(DIGEST, f"shop/web@{DIGEST}")}
    assert store.read(f"releases/{pending.id}/{MANIFESTS}") == {"objects": objects}


@pytest.mark.parametrize(
    ("version", "tag"), [("v0.2.0", "v0.2.0"), ("feature/a b", "feature-a-b"), ("x" * 200, "x" * 128)]
)
def test_a_version_becomes_a_tag(version: str, tag: str) -> None:
    assert _version.tag_of(version) == tag


def deployment(name: str, **container: Any) -> dict[str, Any]:
    main = {"name": "app", "image": f"shop/web@{DIGEST}", "ports": [{"containerPort": 80}], "env": [], **container}
    side = {"name": "side", "image": "proxy:1"}
    spec = {"template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [side, main]}}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def test_services_are_the_workloads_that_keep_running() -> None:
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "once"}, "spec": {}}
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}
    others = [
        {**job, "apiVersion": "batch.volcano.sh/v1", "metadata": {"name": "train"}},
        {"apiVersion": "apps.example/v1", "kind": "Deployment", "metadata": {"name": "other"}, "spec": {}},
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "done"}, "spec": {"restartPolicy": "Never"}},
    ]
    alone = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "alone"}, "spec": {}}
    assert list(_version.services([config, deployment("web"), job, alone, *others])) == ["web", "alone"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"release_services": ["web", "wbe"]}, "app_release_services names the workload 'wbe', the manifests have web"),
        ({"release_services": ["web"], "migration_service": "x"}, "app_migration_service names the workload 'x'"),
    ],
)
def test_workloads_that_the_manifests_do_not_have_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(Refused, match=words):
        _version.refuse_missing_workloads(cast("Any", SimpleNamespace(app=app(**changes))), [deployment("web")])


@pytest.mark.parametrize(
    ("check", "refused"),
    [
        ({"kind": "http", "service": "web", "url": "/"}, False),
        ({"kind": "http", "service": "front", "url": "/"}, False),
        ({"kind": "http", "service": "shared", "url": "/"}, False),
        ({"kind": "http", "service": "fornt", "url": "/"}, True),
        ({"kind": "exec", "service": "front", "command": ["x"]}, True),
        ({"kind": "logs", "services": ["wbe"]}, True),
    ],
)
def test_checks_name_workloads_or_by_http_a_service_of_the_namespace(check: dict[str, Any], refused: bool) -> None:
    front = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "front"}}
    cluster = SimpleNamespace(list=lambda *_, **__: ([{"metadata": {"name": "shared"}}], ""))
    model = app(release_services=["web"], checks=[{"name": "c", **check}])
    with pytest.raises(Refused) if refused else contextlib.nullcontext():
        _version.refuse_missing_workloads(
            cast("Any", SimpleNamespace(app=model, cluster=cluster)), [deployment("web"), front]
        )


def test_an_application_may_be_of_jobs_by_the_clock_alone() -> None:
    template = deployment("x")["spec"]["template"]
    nightly = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "nightly"},
               "spec": {"jobTemplate": {"spec": {"template": template}}}}  # fmt: skip
    target = cast("Any", SimpleNamespace(app=app(release_services=["nightly"])))
    _version.refuse_missing_workloads(target, [nightly])
    assert _version.services([nightly]) == {}


# stopping


@pytest.mark.parametrize(("found", "patches"), [(3, ["3"]), (0, []), (None, [])])
def test_what_is_stopped_says_how_many_pods_it_had(
    found: int | None, patches: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[dict[str, Any]] = []
    workload = deployment("web")
    workload["spec"]["replicas"] = found
    monkeypatch.setattr(_wait, "wait", lambda *_, **__: None)
    given = SimpleNamespace(
        app=app(), labels="", redactor=SimpleNamespace(text=str),
        phase=lambda *_: contextlib.nullcontext(SimpleNamespace(prove=lambda: None)),
        cluster=SimpleNamespace(
            now=lambda: 0.0,
            list=lambda _, kind, labels: ([workload] if kind == "Deployment" else [], "1"),
            patch=lambda version, kind, name, patch: sent.append(patch),
        ),
    )  # fmt: skip
    _apply.run(cast(Any, given), {"state": "stopped", "phase": "", "token": 1}, False)
    assert sent == [
        {"metadata": {"annotations": {"doppelganger.ops/replicas": one}}, "spec": {"replicas": 0}} for one in patches
    ]


# the migration


def test_the_migration_is_the_container_of_the_release_and_nothing_else() -> None:
    workload = deployment("web", readinessProbe={"httpGet": {}}, command=["serve"], args=["--port=80"])
    job = _migrate.job_of("shop", workload, [f"shop/web@{DIGEST}"], ["migrate", "--all"], 600)
    [container] = job["spec"]["template"]["spec"]["containers"]
    assert container == {
        "name": "app", "image": f"shop/web@{DIGEST}", "env": [], "command": ["migrate", "--all"], "args": [],
    }  # fmt: skip
    assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"
    assert (job["spec"]["backoffLimit"], job["spec"]["activeDeadlineSeconds"]) == (0, 600)
    assert "app" not in job["spec"]["template"]["metadata"]["labels"], "no Service must send anything here"
    assert workload["spec"]["template"]["spec"]["containers"][1]["command"] == ["serve"], "the workload is not touched"


FAILED, LATE = "BackoffLimitExceeded", "DeadlineExceeded"


@pytest.mark.parametrize(
    ("outcomes", "settles_for", "tried", "is_red"),
    [
        pytest.param([""], 60, 1, False, id="it works"),
        pytest.param([FAILED, FAILED, ""], 60, 3, False, id="its new database is not reached at first"),
        pytest.param([FAILED], 0, 1, True, id="its database was there before"),
        pytest.param([LATE], 60, 1, True, id="it failed otherwise"),
    ],
)
def test_a_migration_is_tried_again_only_while_its_new_database_settles(
    outcomes: list[str], settles_for: float, tried: int, is_red: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs: list[str] = []
    left = iter(outcomes)

    def wait(*_: Any, **__: Any) -> None:
        if reason := next(left):
            raise OpsError("it failed", readiness=[{"reason": reason}])

    monkeypatch.setattr(_wait, "wait", wait)
    given = SimpleNamespace(
        app=app(migration_service="web", migration_command=["migrate"]),
        cluster=SimpleNamespace(apply=lambda job: jobs.append(job["metadata"]["name"])),
        redactor=SimpleNamespace(text=str),
    )
    until = time.monotonic() + settles_for
    with pytest.raises(OpsError, match="it failed") if is_red else contextlib.nullcontext():
        _migrate._run_job(cast(Any, given), record(), [deployment("web")], until, [], lambda: None)
    assert jobs == [f"ops-shop-migration-{number + 1}" for number in range(tried)]


# secrets


def workload(env: list[dict[str, str]]) -> dict[str, Any]:
    return {"kind": "Deployment", "spec": {"template": {"spec": {"containers": [{"env": env}]}}}}


@pytest.mark.parametrize(
    ("thing", "values"),
    [
        ({"kind": "Secret", "stringData": {"a": "x1$x1$"}, "data": {"b": "eTEkeTEk"}}, ["x1$x1$", "y1$y1$"]),
        ({"kind": "Secret", "stringData": {"DATABASE": "postgres", "PASSWORD": "sunshine"}}, ["sunshine"]),
        ({"kind": "Secret", "stringData": {"KNOWN": "x1$x1$"}, "data": {"KNOWN": "eTEkeTEk"}}, []),
        ({"kind": "Secret", "data": {"b": "not base64", "c": "/w=="}}, ["not base64", "/w=="]),
        ({"kind": "ConfigMap", "data": {"a": "x", "DATABASE_URL": "db://u:canary@h"}}, ["canary"]),
        (workload([{"name": "API_TOKEN", "value": "canary"}, {"name": "LEVEL", "value": "warning"}]), ["canary"]),
        ({"kind": "Deployment", "spec": {}}, []),
    ],
)
def test_what_an_object_has_of_secrets(thing: dict[str, Any], values: list[str]) -> None:
    assert set(_secrets.of_object(thing, ["KNOWN"])) == set(values)


@pytest.mark.parametrize("pardoned", [True, False])
def test_what_crashed_until_another_was_ready_is_judged_from_then_on(
    pardoned: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = itertools.count(100.0, 50.0)
    verdict = Readiness("ready", "Deployment/web", note="it crashed" if pardoned else "", pardoned=pardoned)
    monkeypatch.setattr(_apply, "_changes_of", lambda *_: [])
    monkeypatch.setattr(_apply, "_bring_up", lambda *_: [verdict])
    given: Any = SimpleNamespace(
        cluster=SimpleNamespace(now=lambda: next(clock)), store=SimpleNamespace(folders=lambda _: ["0001-v1"]),
        phase=lambda *_: contextlib.nullcontext(SimpleNamespace(prove=lambda: None)),
    )  # fmt: skip
    params = {"state": "running", "release": "0001-v1", "phase": "", "token": 1, "predicted": [], "preview": []}
    found = _apply.run(given, params, False)
    assert found["started"] == (150.0 if pardoned else 100.0)
    assert found.get("warnings") == (["Deployment/web: it crashed"] if pardoned else None)
