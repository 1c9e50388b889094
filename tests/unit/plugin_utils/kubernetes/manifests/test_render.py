"""What files become: plain objects, pinned and marked; and what is refused, by file, without a secret."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.doppelganger.ops.plugins.module_utils.core._digests import Digests
from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.manifests._files import Context
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.manifests._render import (
    carriers_of,
    images_of,
    render,
    workloads_of,
)

PASSWORD = "hunter2-canary"
PINNED = f"127.0.0.1:5000/tides/web@sha256:{'a' * 64}"
IMAGES = {"web": PINNED}
DEPLOYMENT = """
kind: Deployment
apiVersion: apps/v1
metadata: {name: web}
spec:
  template:
    spec:
      initContainers: [{name: first, image: "127.0.0.1:5000/tides/web"}]
      containers:
        - {name: app, image: "127.0.0.1:5000/tides/web:1", ports: [{containerPort: 80}]}
        - {name: side, image: "redis:7", envFrom: [{secretRef: {name: login}}]}
"""
SECRET = """
kind: Secret
apiVersion: v1
metadata: {name: login}
stringData: {PASSWORD: {{ env.PASSWORD | quote }}, OTHER: plain}
data: {OLD: b2xk}
"""
SERVICE = "{kind: Service, apiVersion: v1, metadata: {name: web}, spec: {ports: [{port: 80}]}}"


def context(**more: Any) -> Context:
    given = {"images": IMAGES, "environment": {}, "env": {"PASSWORD": PASSWORD}, **more}
    return Context("tides", "prod", "1.0", digests=Digests("00" * 32), **given)


def rendered(folder: Path, files: dict[str, str], **more: Any) -> list[dict[str, Any]]:
    for name, text in files.items():
        (folder / name).write_text(text)
    return render([folder], context(**more))


def test_a_release_in_the_order_of_applying(tmp_path: Path) -> None:
    files = {"1.yml": DEPLOYMENT, "2.yaml.j2": f"{SECRET}---\n---\n{SERVICE}", "3.json": '{"kind":"List","items":[]}'}
    files |= {"README.md": "not: [a manifest", ".hidden.yml": "nor: [this"}
    found = rendered(tmp_path, files)
    assert [one["kind"] for one in found] == ["Secret", "Service", "Deployment"]
    secret, service, deployment = found
    assert secret["data"] == {"PASSWORD": "aHVudGVyMi1jYW5hcnk=", "OTHER": "cGxhaW4=", "OLD": "b2xk"}
    assert "stringData" not in secret
    assert service["spec"]["ports"] == [{"port": 80, "protocol": "TCP"}]
    assert images_of(found) == {"Deployment/web": {"first": PINNED, "app": PINNED, "side": "redis:7"}}
    assert (
        [str(ref) for ref in workloads_of(found)]
        == [str(ref) for ref in carriers_of(found, IMAGES)]
        == ["Deployment/web"]
    )
    for one in found:
        assert one["metadata"]["namespace"] == "prod"
        labels = one["metadata"]["labels"]
        assert labels["app.kubernetes.io/managed-by"] == "doppelganger-ops"
        assert labels["doppelganger.ops/application"] == "tides"
    template = deployment["spec"]["template"]["metadata"]
    assert template["labels"] == {"doppelganger.ops/application": "tides"}
    assert found == rendered(tmp_path, {})


def test_pods_are_made_anew_by_a_change_of_their_configuration_alone(tmp_path: Path) -> None:
    def digest(**env: str) -> str:
        found = rendered(tmp_path, {"1.yml": DEPLOYMENT, "2.yml.j2": SECRET}, env=env)
        return str(found[-1]["spec"]["template"]["metadata"]["annotations"]["doppelganger.ops/config"])

    one, other = digest(PASSWORD="one"), digest(PASSWORD="other")
    assert one != other
    assert digest(PASSWORD="one", UNUSED="x") == one
    (tmp_path / "3.yml").write_text("{kind: ConfigMap, apiVersion: v1, metadata: {name: unused}, data: {a: b}}")
    assert digest(PASSWORD="one") == one


@pytest.mark.parametrize(
    "used",
    [
        "volumes: [{name: v, secret: {secretName: login}}]",
        "volumes: [{name: v, projected: {sources: [{secret: {name: login}}]}}]",
        "imagePullSecrets: [{name: login}]",
        "containers: [{name: b, image: x, env: [{name: A, valueFrom: {secretKeyRef: {name: login, key: a}}}]}]",
    ],
)
def test_every_way_to_refer_to_configuration_counts(tmp_path: Path, used: str) -> None:
    text = f"{{kind: Job, apiVersion: batch/v1, metadata: {{name: j}}, spec: {{template: {{spec: {{{used}}}}}}}}}"
    found = rendered(tmp_path, {"1.yml": text, "2.yml": SECRET.replace("{{ env.PASSWORD | quote }}", "x")}, images={})
    assert "doppelganger.ops/config" in found[-1]["spec"]["template"]["metadata"]["annotations"]


def test_what_an_export_brings_along_is_left_out(tmp_path: Path) -> None:
    text = """{kind: ConfigMap, apiVersion: v1,
      metadata: {name: a, uid: u, resourceVersion: "1", creationTimestamp: null,
      managedFields: []}, status: {}, data: {when: 2026-01-01, mode: "on"}}"""
    (found,) = rendered(tmp_path, {"1.yml": text}, images={})
    assert sorted(found["metadata"]) == ["labels", "name", "namespace"]
    assert found["data"] == {"when": "2026-01-01", "mode": "on"}
    assert "status" not in found


def test_each_value_may_be_repeated_and_replaced(tmp_path: Path) -> None:
    own = "x-common: &d {a: x, b: y}\nkind: ConfigMap\napiVersion: v1\nmetadata: {name: b}\ndata: {<<: *d, b: z}"
    (found,) = rendered(tmp_path, {"1.yml": own}, images={})
    assert found["data"] == {"a": "x", "b": "z"}


MAP = "{kind: ConfigMap, apiVersion: v1, metadata: {name: a}}"
MAPS = "{kind: ConfigMap, apiVersion: v1, metadata: {name: a}, data: %s}"
WEB = """kind: Deployment
apiVersion: apps/v1
metadata: {name: web}
spec:
  template: {spec: {containers: [
    %s]}}"""
REFUSED = [
    ({"1.yml": "a: [b"}, r"1\.yml, line 2: the YAML cannot be read"),
    ({"1.yml": "{kind: A,\nkind: B}"}, r"1\.yml, line 2: the YAML cannot be read: a key twice"),
    ({"1.yml": "- a"}, r"1\.yml, line 1: expected objects with apiVersion.*found a list"),
    ({"1.yml": f"{MAP}\n---\n---\na\n"}, r"1\.yml, document 3, line 4: expected objects with apiVersion.*found text"),
    ({"1.yml": "{kind: A, metadata: {name: a}}"}, "expected apiVersion .*found nothing"),
    ({"1.yml": "{kind: [A], apiVersion: v1, metadata: {name: a}}"}, "expected kind .*found a list"),
    ({"1.yml": '{kind: "A B", apiVersion: v1, metadata: {name: a}}'}, "expected kind .*found other text"),
    ({"1.yml": "{kind: A, apiVersion: v1, metadata: a}"}, "A: expected metadata as an object, found text"),
    ({"1.yml": "{kind: Job, apiVersion: batch/v1, metadata: {generateName: a-}}"}, "found generateName"),
    ({"1.yml": "{kind: Job, apiVersion: batch/v1, metadata: {name: 1}}"}, r"expected metadata\.name as text.*a number"),
    ({"1.yml": '{kind: Job, apiVersion: batch/v1, metadata: {name: "a\\eb"}}'}, r"expected metadata\.name as text"),
    ({"1.yml": "{kind: Namespace, apiVersion: v1, metadata: {name: a}}"}, "found a Namespace"),
    ({"1.yml": "{kind: ClusterRole, apiVersion: x/v1, metadata: {name: a}}"}, "found a ClusterRole"),
    ({"1.yml": "{kind: ConfigMap, apiVersion: v1, metadata: {name: a, namespace: other}}"}, "found another one"),
    ({"1.yml": "{kind: ConfigMap, apiVersion: v1, metadata: {name: a, namespace: [prod]}}"}, "found another one"),
    ({"1.yml": MAP, "2.yml": MAP}, r"2\.yml, line 1: expected each object once, found ConfigMap/a in .*1\.yml"),
    ({"1.yml": ""}, "at least one object"),
    ({"1.yml": "{kind: List, apiVersion: v1, items: [{kind: List, items: [7]}]}"}, "found a number"),
    ({"1.yml": "{kind: List, apiVersion: v1, items: {a: b}}"}, "List: expected metadata as an object"),
    ({"notes.txt": MAP}, r"expected \*\.yml"),
    ({"\x1b[2J.yml": MAP}, "expected names that can be shown"),
    ({"1.yml.j2": "a: {{ nothing }}"}, r"1\.yml\.j2, line 1: 'nothing' is undefined"),
    ({"1.yml.j2": "a: {{ env.NOTHING }}"}, "has no attribute 'NOTHING'"),
    ({"1.yml.j2": "a\nb: {{ x"}, r"1\.yml\.j2, line 2"),
    ({"1.yml.j2": "{{ env.__class__.__mro__ }}"}, r"1\.yml\.j2"),
    ({"1.yml.j2": "\n\na: [{{ env.PASSWORD }}"}, "line 4 once it is rendered: the YAML"),
    ({"1.yml.j2": "{{ env[env.PASSWORD] }}"}, r"no attribute '\*+'"),
    ({"1.yml.j2": "{{ env.PASSWORD | int / 0 }}"}, "fails with ZeroDivisionError"),
    ({"1.yml.j2": MAPS % "{ {{ env.PASSWORD }}: 7}"}, r"expected data\.\*+ as text, found a number"),
    ({"1.yml": MAPS % "{a: .nan}"}, "number that is not finite"),
    ({"1.yml": MAPS % "{[on]: a}"}, "a key that is not text"),
    ({"1.yml": MAPS % "{a: {{ name }}}"}, r"1\.yml, line 1: the YAML cannot be read"),
    ({"1.yml": f"{MAP}\n---\n{WEB % '{name: web, image: x, env: {A: b}}'}"},
     r"1\.yml, document 2, line 8: Deployment/web: expected spec\.template\.spec\.containers\[0\]\.env as a list"),
    ({"1.yml": WEB % "{name: web, image: x, ports: [80]}"}, r"1\.yml, line 6: .*ports\[0\] as an object"),
    ({"1.yml": f"kind: List\nitems:\n- {MAP}\n- {{kind: A}}"}, r"1\.yml, line 4: expected apiVersion"),
    ({"1.yml": MAPS % "[a]"}, "expected data as an object, found a list"),
    ({"1.yml": MAPS % "{a: !!binary aGk=}"}, "a tag"),
    ({"1.yml": MAPS % "{a: &a {b: *a}}"}, "an alias of an anchor that is not there"),
    ({"1.yml": "{kind: ConfigMap, apiVersion: v1, metadata: {name: a, labels: [b]}}"}, "expected metadata.labels as"),
    ({"1.yml": "{kind: A, apiVersion: v1, metadata: {name: a}, spec: [b]}"}, "expected spec as an object"),
    ({"1.yml": "{kind: Secret, apiVersion: v1, metadata: {name: a}, stringData: {port: 1}}"}, "stringData.port as"),
    ({"1.yml": "{kind: Service, apiVersion: v1, metadata: {name: a}, spec: {ports: {port: 1}}}"}, "ports as a list"),
    ({"1.yml": "{kind: Job, apiVersion: batch/v1, metadata: {name: a}}"}, "expected spec.template with a spec"),
    ({"1.yml": "{kind: Job, apiVersion: batch/v1, metadata: {name: a}, spec: {template: {spec: {containers: [a]}}}}"},
     r"expected spec\.template\.spec\.containers\[0\] as an object, found text"),
    ({"1.yml": "{kind: Pod, apiVersion: v1, metadata: {name: a}, spec: {containers: [null]}}"}, r"containers\[0\]"),
    ({"1.yml": "{kind: Pod, apiVersion: v1, metadata: {name: a}, spec: {containers: [{name: x}]}}"},
     "an image for each"),
    ({"1.yml": "{kind: Pod, apiVersion: v1, metadata: {name: a}, spec: {containers: [{name: x, image: A B}]}}"},
     r"1\.yml, line 1: Pod/a: Expected an image as"),
]  # fmt: skip


@pytest.mark.parametrize(("files", "words"), REFUSED)
def test_what_is_refused(tmp_path: Path, files: dict[str, str], words: str) -> None:
    with pytest.raises(Refused, match=words) as refused:
        rendered(tmp_path, files, images={})
    assert refused.value.hint
    assert PASSWORD not in str(refused.value.as_result())


def test_a_file_that_looks_like_a_template_is_said_to(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        rendered(tmp_path, {"1.yml": MAPS % "{a: {{ name }}}"}, images={})
    assert "1.yml.j2" in refused.value.hint


@pytest.mark.parametrize("kind", ["Deployment", "Job", "Secret", "ConfigMap", "Service", "Namespace", "StatefulSet"])
def test_a_kind_of_another_group_is_no_kind_of_kubernetes(tmp_path: Path, kind: str) -> None:
    spec = "{template: [1], ports: [1], tasks: [{template: {spec: {containers: [{image: x}]}}}]}"
    text = f"{{kind: {kind}, apiVersion: batch.volcano.sh/v1alpha1, metadata: {{name: a}}, data: [1], spec: {spec}}}"
    (found,) = rendered(tmp_path, {"1.yml": text}, images={})
    assert found["spec"] == yaml.safe_load(spec)
    assert found["data"] == [1]
    assert workloads_of([found]) == []


def test_a_release_without_its_image_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"127\.0\.0\.1:5000/tides/web \(app_images: web\).*found redis:7"):
        rendered(
            tmp_path,
            {
                "1.yml": DEPLOYMENT.replace("tides/web", "tides/web2")
                .replace("127.0.0.1:5000/tides/web2:1", "redis:7")
                .replace("127.0.0.1:5000/tides/web2", "redis:7")
            },
        )


def test_a_missing_path_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="found no"):
        render([tmp_path / "nowhere"], context())


def test_a_template_renders_the_same_file_as_yaml(tmp_path: Path) -> None:
    text = "{kind: ConfigMap, apiVersion: v1, metadata: {name: a}, data: {name: {{ name }}, v: '{{ version }}'}}"
    (found,) = rendered(tmp_path, {"1.yml.j2": text}, images={})
    assert yaml.safe_load(yaml.safe_dump(found))["data"] == {"name": "tides", "v": "1.0"}


def test_manifests_that_lead_out_of_the_checkout_are_refused_by_name(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "secret.yml").write_text("{kind: Secret, apiVersion: v1, metadata: {name: x}, stringData: {A: canary}}")
    tree = tmp_path / "tree"
    (tree / "deploy").mkdir(parents=True)
    (tree / "deploy/link.yml").symlink_to(theirs / "secret.yml")
    (tree / "folder").symlink_to(theirs)
    (tree / "inner").symlink_to("deploy")
    for given in ("deploy", "deploy/link.yml", "folder", "folder/secret.yml", "inner", "../theirs"):
        with pytest.raises(Refused) as error:
            render([tree / given], context(images={}), tree)
        assert str(theirs) in error.value.data["target"]
        assert "canary" not in str(error.value.as_result())
    assert render([theirs], context(images={}), tree)  # the inventory named it as a whole path
    (tree / "deploy/link.yml").unlink()
    (tree / "deploy/web.yml").write_text(SERVICE)
    (tree / "deploy/again.yml.j2").symlink_to("../other.j2")
    (tree / "other.j2").write_text("{kind: ConfigMap, apiVersion: v1, metadata: {name: a}}")
    assert len(render([tree / "inner"], context(images={}), tree)) == 2


@pytest.mark.parametrize("tag", ["include 'other.yml'", "import 'other.yml' as x", "extends 'other.yml'"])
def test_a_template_reads_no_other_file(tmp_path: Path, tag: str) -> None:
    (tmp_path / "other.yml").write_text(SERVICE)
    with pytest.raises(Refused):
        rendered(tmp_path, {"a.yml.j2": f"{{% {tag} %}}"}, images={})
