"""Planted secrets on the real cluster: after every kind of run, at -vvv, they are where they belong and nowhere else.

They belong into the env file, which is not ours, the Secrets of the application, and manifests.json of a release.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import secrets
from collections.abc import Iterator
from typing import Any

import docker
import pytest

from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.api._objects import (
    CONFIG_ANNOTATION,
    template_of,
)
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.manifests._render import references_of
from tests.integration.kube_application import KubeApplication, tides
from tests.integration.speaking import COMMANDS, PROGRAM, spelled
from tests.integration.test_studio_secrets import Told, holding, left_over, say_it_in_a_header, watched
from tests.lab import images, registry
from tests.lab.kubernetes.cluster import Cluster

BLANK = "********"
TALKATIVE = ["sh", "-c", 'echo "ERROR $POSTGRES_PASSWORD $SECRET_KEY" >&2; env >&2; python -c "$0" SECRET_KEY; exit 3',
             PROGRAM]  # fmt: skip
SAYS = {"name": "It keeps them", "kind": "exec", "service": "doppelganger-app",
        "command": ["sh", "-c", 'echo "says $POSTGRES_PASSWORD $SECRET_KEY"; python -c "$0" SECRET_KEY; exit 1',
                    PROGRAM]}  # fmt: skip


@pytest.fixture(scope="module")
def told(kube: KubeApplication) -> Told:
    """Good runs and bad ones, with a secret that changes on the way."""
    password, key, rotated = (secrets.token_hex(8) for _ in range(3))
    kube.env = {"POSTGRES_PASSWORD": password, "SECRET_KEY": key}
    kube.variables["app_environment"]["STUDIO_REPLICAS"] = 1
    say_it_in_a_header(kube.variables["app_checks"])
    kube.write()
    with watched([password, key, rotated, *spelled(password, key, rotated)]) as told:
        told.runs["deploy"] = kube.deploy("v0.1.0", "-vvvvv", "--diff")
        kube.env["SECRET_KEY"] = rotated
        kube.write()
        told.runs["check"] = kube.deploy("v0.1.0", "-vvvvv", "--check", "--diff")
        kube.write(app_migration_command=TALKATIVE)
        told.runs["migration"] = kube.deploy("v0.2.0", "-vvvvv", "--diff")
        kube.write(app_checks=[SAYS])
        told.runs["verify"] = kube.play("verify", "-vvvvv")
        kube.write()
        told.runs["backup"] = kube.play("backup", "-vvvvv")
        told.runs["releases"] = kube.play("releases", "-vvvvv")
    return told


def test_the_runs_did_what_they_were_to_do(kube: KubeApplication, told: Told) -> None:
    bad = {name: run.target()["status"] for name, run in told.runs.items() if run.rc != 0}
    assert bad == {"migration": "rolled_back", "verify": "failed"}, [told.runs[name].output for name in bad]
    kube.assert_described(*(run for name, run in told.runs.items() if name != "releases"))
    assert kube.environment("doppelganger-app")[0]["SECRET_KEY"] == told.canaries[1], "the first release has come back"


def test_output_and_results_show_none(told: Told) -> None:
    shown = {name: told.leaks(run.output + json.dumps(run.stats, indent=0)) for name, run in told.runs.items()}
    assert shown == {name: [] for name in told.runs}
    assert BLANK in told.runs["verify"].output
    assert BLANK in told.runs["migration"].output


def test_no_command_of_an_application_reaches_a_terminal_or_a_record(kube: KubeApplication, told: Told) -> None:
    for name, run in told.runs.items():
        text = run.output + json.dumps(run.stats, ensure_ascii=False)
        assert [char for char in COMMANDS if char in text] == [], name
    for kind in ("release", "evidence", "state", "audit"):
        for files in kube.kept(kind).values():
            for file, content in files.items():
                assert not any(char.encode() in content for char in (*COMMANDS, "\\u001b", "\\u009b")), (kind, file)


def digests_of(kube: KubeApplication) -> list[tuple[str, list[dict[str, Any]]]]:
    """The digest that each pod template has of its configuration, and that configuration."""
    objects = {(one["kind"], one["metadata"]["name"]): one for one in kube.objects()}
    found = []
    for one in objects.values():
        template = template_of(one)
        noted = ((template or {}).get("metadata") or {}).get("annotations") or {}
        if template is not None and CONFIG_ANNOTATION in noted:
            used = [objects[name] for name in dict.fromkeys(references_of(template)) if name in objects]
            found.append((noted[CONFIG_ANNOTATION], used))
    return found


def test_no_secret_can_be_tried_out_on_what_others_may_read(kube: KubeApplication, told: Told) -> None:
    assert told.runs
    found = digests_of(kube)
    assert found
    for digest, used in found:
        tried = [
            {key: one.get(key) for key in ("kind", "type", "data", "binaryData")} | {"name": one["metadata"]["name"]}
            for one in used
        ]
        plain = json.dumps(tried, sort_keys=True, separators=(",", ":")).encode()
        assert hashlib.sha256(plain).hexdigest() not in digest
        assert digest.startswith("hmac:")


def test_no_argument_list_ever_showed_one(told: Told) -> None:
    assert told.arguments == set()


def test_what_is_kept_in_the_cluster_has_blanks_in_their_place(kube: KubeApplication, told: Told) -> None:
    canaries = [canary.encode() for canary in told.canaries]
    found = {
        (kind, file)
        for kind in ("release", "evidence", "backup", "state", "audit")
        for files in kube.kept(kind).values()
        for file, content in files.items()
        if any(canary in content for canary in canaries)
    }
    assert found == {("release", "manifests.json")}
    texts = b"".join(content for files in kube.kept("evidence").values() for content in files.values())
    assert f"ERROR {BLANK} {BLANK}".encode() in texts


def test_no_object_but_secrets_has_one(kube: KubeApplication, told: Told) -> None:
    for one in kube.objects():
        text = json.dumps({**one, "data": {}, "stringData": {}} if one["kind"] == "Secret" else one)
        assert told.leaks(text) == [], f"{one['kind']}/{one['metadata']['name']}"


def test_no_file_is_left_that_has_one(kube: KubeApplication, told: Told) -> None:
    assert list(holding(told, kube.state)) == []
    assert left_over(told, kube.folder) == []


# a registry with a login


@pytest.fixture(scope="module")
def shop(
    base_images: images.Images, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[KubeApplication]:
    """The page of Tides, from behind a login."""
    folder = tmp_path_factory.mktemp("shop")
    found = registry.ensure(login=True)
    application = tides(folder, base_images, cluster)
    repository = f"{found.address}/{application.name}/page"
    with contextlib.closing(docker.from_env()) as client:
        login = {"username": found.user, "password": found.password}
        client.images.get(f"{registry.ensure().address}/tides/tides:1.0").tag(repository, "1.0")
        client.images.push(repository, "1.0", auth_config=login)
        client.images.remove(f"{repository}:1.0")
    auth = base64.b64encode(f"{found.user}:{found.password}".encode()).decode()
    application.env["PULLING"] = json.dumps({"auths": {found.address: {"auth": auth}}})
    (folder / "page.yml.j2").write_text(MANIFESTS.replace("REPOSITORY", repository))
    application.variables.update({
        "app_images": {"page": repository}, "app_manifests": [str(folder / "page.yml.j2")],
        "app_release_services": ["page"], "app_checks": [{"name": "It runs", "kind": "containers"}],
        "app_env_files": [str(folder / ".env")], "app_registry_username": found.user,
        "app_registry_password": found.password,
    })  # fmt: skip
    application.write()
    yield application
    application.remove()


MANIFESTS = """---
apiVersion: v1
kind: Secret
metadata: {name: pulling}
type: kubernetes.io/dockerconfigjson
stringData: {.dockerconfigjson: {{ env.PULLING | tojson }}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: page}
spec:
  selector: {matchLabels: {app: page}}
  template:
    metadata: {labels: {app: page}}
    spec:
      imagePullSecrets: [{name: pulling}]
      terminationGracePeriodSeconds: 1
      containers: [{name: page, image: REPOSITORY, command: [gauge]}]
"""


def test_a_login_is_used_and_shown_nowhere(shop: KubeApplication) -> None:
    wrong = secrets.token_hex(8)
    password = shop.variables["app_registry_password"]
    with watched([password, wrong, *spelled(password, wrong, f"lab:{password}")]) as told:
        shop.write(app_registry_password=wrong)
        told.runs["wrong password"] = shop.deploy("1.0", "-vvvvv")
        shop.write()
        told.runs["check"] = shop.deploy("1.0", "-vvvvv", "--check", "--diff")
        told.runs["deploy"] = shop.deploy("1.0", "-vvvvv", "--diff")
    statuses = {name: run.target()["status"] for name, run in told.runs.items()}
    assert (statuses["wrong password"], statuses["deploy"]) == ("refused", "ok"), told.runs["deploy"].output
    assert told.runs["check"].rc == 0, told.runs["check"].output
    shown = {name: told.leaks(run.output + json.dumps(run.stats, indent=0)) for name, run in told.runs.items()}
    assert shown == {name: [] for name in told.runs}
    assert told.arguments == set()
    assert list(holding(told, shop.state)) == []
    assert left_over(told, shop.folder) == []
    assert told.leaks(shop.kept("release")["0001-1.0"]["record.json"].decode()) == []
