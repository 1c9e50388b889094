"""Manifests and templates, whatever is in them: read to objects that can be sent, or refused by their file."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

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


def rendered(folder: str, name: str, content: bytes) -> None:
    (Path(folder) / name).write_bytes(content)
    found, refused = [], Refused("")
    try:
        found = render([Path(folder)], Context("tides", "prod", "1.0", {}, {}, {"PASSWORD": "hunter2-canary"}))
    except Refused as error:
        refused = error
    assert found or refused.hint
    assert len(refused.message) < 1000
    assert "hunter2" not in refused.message
    images_of(found)
    carriers_of(found, {})
    json.dumps(found, sort_keys=True, allow_nan=False)


@given(st.lists(OBJECTS, min_size=1, max_size=2))
def test_objects_of_any_shape_are_rendered_or_refused(objects: list[object]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        rendered(folder, "1.yml", "\n---\n".join(map(json.dumps, objects)).encode())


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
