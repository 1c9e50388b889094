"""Manifests and templates, whatever is in them: read to objects that can be sent, or refused by their file."""

from __future__ import annotations

import copy
import json
import tempfile
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.doppelganger.ops.plugins.module_utils.core._errors import Refused
from ansible_collections.doppelganger.ops.plugins.plugin_utils.inputs import _yaml
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.manifests._files import Context
from ansible_collections.doppelganger.ops.plugins.plugin_utils.kubernetes.manifests._render import (
    carriers_of,
    images_of,
    render,
)

PIECES = st.sampled_from(
    [
        "a",
        "b: ",
        "- ",
        "? ",
        ": ",
        "\n",
        "\n  ",
        "---\n",
        "...",
        "{",
        "}",
        "[",
        "]",
        ",",
        "&a ",
        "*a",
        "<<: ",
        "!!int ",
        "!!binary ",
        "!x ",
        "'",
        '"',
        "|\n",
        ">\n",
        "#",
        "%",
        "\t",
        "1e9",
        ".nan",
        "0x",
        "~",
        "on",
        "2026-01-01",
        "\\x00",
        "\x00",
        "\ufeff",
        "\ud800",
        "é",
    ]
)


@given(st.lists(PIECES | st.text(max_size=3), max_size=40).map("".join))
def test_any_text_is_read_as_yaml_or_refused(text: str) -> None:
    try:
        documents = _yaml.read(text)
    except _yaml.Unreadable:
        return
    for document in documents:
        assert json.loads(json.dumps(document.data, allow_nan=False).encode()) == document.data


NAMES = [
    "metadata",
    "labels",
    "annotations",
    "spec",
    "template",
    "jobTemplate",
    "containers",
    "initContainers",
    "ports",
    "env",
    "envFrom",
    "valueFrom",
    "configMapRef",
    "secretKeyRef",
    "volumes",
    "configMap",
    "secret",
    "projected",
    "sources",
    "imagePullSecrets",
    "data",
    "stringData",
    "name",
    "image",
    "items",
    "type",
    "selector",
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["a", "x/y:1", "", "login"]),
    lambda below: st.lists(below, max_size=2) | st.dictionaries(st.sampled_from(NAMES), below, max_size=4),
    max_leaves=12,
)
KINDS = st.sampled_from(["Deployment", "Job", "CronJob", "Pod", "Secret", "ConfigMap", "Service", "List", "Role"])
POD = st.dictionaries(st.sampled_from(["containers", "volumes", "imagePullSecrets"]), VALUES, max_size=3)
SPEC = VALUES | st.fixed_dictionaries(
    {"template": VALUES | st.fixed_dictionaries({"spec": POD}, optional={"metadata": VALUES})}
)
OPTIONAL = {**dict.fromkeys(("data", "stringData", "items", "type", "status"), VALUES), "spec": SPEC}
NAMED = st.fixed_dictionaries(
    {
        "kind": KINDS,
        "apiVersion": st.just("v1"),
        "metadata": st.fixed_dictionaries({"name": st.just("a")}, optional={"labels": VALUES, "annotations": VALUES}),
    },
    optional=OPTIONAL,
)
OBJECTS = NAMED | st.fixed_dictionaries(
    {"kind": KINDS | VALUES, "apiVersion": st.just("v1") | VALUES, "metadata": VALUES}, optional=OPTIONAL
)


POD_SPEC = {
    "initContainers": [{"name": "first", "image": "x/first:1"}],
    "containers": [
        {
            "name": "web", "image": "x/web:1", "ports": [{"name": "http", "containerPort": 80}],
            "env": [{"name": "A", "value": "b"},
                    {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
                    {"name": "C", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": 1}}}],
            "envFrom": [{"configMapRef": {"name": "c"}}, {"secretRef": {"name": "s"}}],
            "resources": {"limits": {"cpu": 0.5, "memory": 134217728}, "requests": {"cpu": "100m"}},
            "readinessProbe": {"httpGet": {"path": "/", "port": "http"}},
            "volumeMounts": [{"name": "v", "mountPath": "/v"}],
        }
    ],
    "imagePullSecrets": [{"name": "s"}],
    "volumes": [{"name": "v", "projected": {"sources": [{"secret": {"name": "s"}}, {"configMap": {"name": "c"}}]}},
                {"name": "w", "emptyDir": {"sizeLimit": 5}}, {"name": "x", "secret": {"secretName": "s"}}],
}  # fmt: skip
TEMPLATE = {"metadata": {"labels": {"app": "web"}, "annotations": {"a": "b"}}, "spec": POD_SPEC}
CLAIM = {"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": 9}}}}
#: one of each that is looked into
KINDS_WITH: list[tuple[str, str, dict[str, Any]]] = [
    ("apps/v1", "Deployment", {"spec": {"replicas": 2, "selector": {"matchLabels": {}}, "template": TEMPLATE}}),
    ("apps/v1", "StatefulSet", {"spec": {"template": TEMPLATE, "volumeClaimTemplates": [CLAIM]}}),
    ("apps/v1", "ReplicaSet", {"spec": {"template": TEMPLATE}}),
    ("v1", "ReplicationController", {"spec": {"template": TEMPLATE}}),
    ("batch/v1", "Job", {"spec": {"ttlSecondsAfterFinished": 9, "template": TEMPLATE}}),
    ("batch/v1beta1", "CronJob", {"spec": {"jobTemplate": {"spec": {"template": TEMPLATE}}}}),
    ("v1", "Pod", {"spec": POD_SPEC}),
    ("v1", "Service", {"spec": {"ports": [{"port": 80, "targetPort": "http"}], "selector": {"app": "web"}}}),
    ("v1", "Secret", {"type": "Opaque", "stringData": {"k": "v"}, "data": {"l": "dg=="}}),
    ("v1", "ConfigMap", {"data": {"k": "v"}, "binaryData": {"l": "dg=="}}),
    ("v1", "PersistentVolumeClaim", CLAIM),
    ("v1", "ResourceQuota", {"spec": {"hard": {"pods": 10}}}),
    ("v1", "LimitRange", {"spec": {"limits": [{"type": "Pod", "max": {"cpu": 1}}]}}),
    ("autoscaling/v2beta2", "HorizontalPodAutoscaler",
     {"spec": {"metrics": [{"type": "Resource", "resource": {"target": {"averageValue": 3}}}]}}),
    ("batch.volcano.sh/v1alpha1", "Job", {"spec": {"tasks": [{"template": TEMPLATE}]}}),
    ("v1", "List", {"items": [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"}}]}),
]  # fmt: skip
SINK = [
    {"apiVersion": version, "kind": kind, "metadata": {"name": "a", "labels": {"a": "b"}}, **rest}
    for version, kind, rest in KINDS_WITH
]
ANYTHING = VALUES | st.floats() | st.text(max_size=3) | st.sampled_from(["{{ name }}", "1e3", "y", {}, [], [None], ""])


@st.composite
def misshapen(draw: st.DrawFn) -> object:
    """An object that is right but for one place, which has anything, or nothing."""
    thing: Any = copy.deepcopy(draw(st.sampled_from(SINK)))
    at = thing
    while True:
        key = draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
        below = at[key]
        if not isinstance(below, dict | list) or not below or draw(st.integers(0, 4)) == 0:
            break
        at = below
    if draw(st.booleans()) and isinstance(at, dict):
        del at[key]
    else:
        at[key] = draw(ANYTHING)
    return thing


def rendered(folder: str, name: str, content: bytes) -> None:
    (Path(folder) / name).write_bytes(content)
    found, refused = [], Refused("")
    try:
        found = render([Path(folder)], Context("tides", "prod", "1.0", {}, {}, {"PASSWORD": "hunter2-canary"}))
    except Refused as error:
        refused = error
    assert found or refused.hint
    assert found or name in refused.message or "at least one object" in refused.message
    assert len(refused.message) < 1000
    assert "hunter2" not in refused.message
    images_of(found)
    carriers_of(found, {})
    json.dumps(found, sort_keys=True, allow_nan=False)


@given(st.lists(OBJECTS, min_size=1, max_size=2))
def test_objects_of_any_shape_are_rendered_or_refused(objects: list[object]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        rendered(folder, "1.yml", "\n---\n".join(map(json.dumps, objects)).encode())


@given(misshapen(), st.booleans())
def test_one_wrong_place_is_rendered_or_refused_by_file_and_line(thing: object, as_json: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        text = json.dumps(thing, indent="\t") if as_json else yaml.safe_dump(thing, allow_unicode=True)
        rendered(folder, "1.yml", text.encode("utf-8", "surrogatepass"))


def test_what_is_right_is_rendered() -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "1.yml").write_text("\n---\n".join(map(json.dumps, SINK)))
        found = render([Path(folder)], Context("tides", "prod", "1.0"))
    assert len(found) == len(SINK)
    assert all(one["metadata"]["labels"]["doppelganger.ops/application"] == "tides" for one in found)


@given(st.binary(max_size=60))
def test_any_bytes_are_refused_as_a_manifest(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        rendered(folder, "1.json", content)


EXPRESSIONS = st.sampled_from(
    [
        "{{ ",
        " }}",
        "{% ",
        " %}",
        "for a in range(3)",
        "endfor",
        "if 1",
        "endif",
        "set a = 1",
        "macro m()",
        "endmacro",
        "m()",
        "env",
        "env.PASSWORD",
        ".x",
        "[0]",
        "|",
        "upper",
        "b64encode",
        "quote",
        "'x'",
        "1",
        "+",
        "*",
        "**",
        "(",
        ")",
        "~",
        "\n",
        "raw",
        "include 'x'",
        "{#",
        "#}",
        "é",
        "\x00",
        "\ud800",
    ]
)


# each has to begin a process
@settings(max_examples=max(10, settings().max_examples // 10))
@given(st.lists(EXPRESSIONS, max_size=12).map("".join))
def test_any_template_is_rendered_or_refused(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        rendered(folder, "1.yml.j2", text.encode("utf-8", "surrogatepass"))
